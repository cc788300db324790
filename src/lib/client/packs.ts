// The ontologies that are served beside the app. They are files that stay as they are, so that they are asked for once.
import type { PackState } from '../workers/ontology-wire.ts';
import { session } from './session.svelte.ts';

let asked: Promise<PackState[]> | null = null;

/** None where they cannot be told; then the next one asks again. */
export function servedPacks(): Promise<PackState[]> {
  asked ??= session.engine.ontologyPacks().catch(() => {
    asked = null;
    return [];
  });
  return asked;
}
