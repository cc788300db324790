// A view of a file that may take long: asked for by somebody, with how far it is, and cancelled by them or by another question.
import type { FileView, ViewAsk } from '../workers/wire.ts';
import { session } from './session.svelte.ts';
import { watchedCall, type WatchedCall } from './watched-call.svelte.ts';

export type Viewing = WatchedCall<[uid: string, ask: ViewAsk], FileView>;

/** Must be called while a component is being created. */
export const viewing = (): Viewing =>
  watchedCall({
    work: (token, uid, ask) => session.engine.view(uid, ask, token),
    end: (token) => session.engine.cancelView(token),
  });
