// Looking into a file for its columns: how far it is, what it found, and an end to it.
import type { SchemaProposal, UnsavedFile } from '../workers/wire.ts';
import { session } from './session.svelte.ts';
import { watchedCall, type WatchedCall } from './watched-call.svelte.ts';

export type Source = { uid: string } | UnsavedFile;
export type Proposing = WatchedCall<[source: Source], SchemaProposal>;

/** Must be called while a component is being created. */
export const proposing = (): Proposing =>
  watchedCall({
    work: (token, source) =>
      'uid' in source
        ? session.engine.proposeSchema(source.uid, token)
        : session.engine.proposeFileSchema(source, token),
    end: (token) => session.engine.cancelValidation(token),
    forgets: true,
  });
