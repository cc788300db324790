// Values looked up in the public ontologies that are served beside the app, without importing them: those that a term is
// called exactly like, or that are a synonym of one, and the taking of these with all that is above them.
/* eslint-disable svelte/prefer-svelte-reactivity -- sets of a moment, no state of any screen */
import type { FoundTerm } from '../workers/ontology-wire.ts';
import { asWireError } from './notices.svelte.ts';
import { newAct } from './ontologies.svelte.ts';
import { session } from './session.svelte.ts';
import { plural } from './words.ts';

export interface PublicHit {
  text: string;
  /** As the ontology calls it. */
  name: string;
  pack: string;
  id: string;
}

/** Values looked up at once. */
const most = 200;

/** Registries of which there are packs; asked for once. */
let packs: Promise<ReadonlySet<string>> | null = null;

/** Must be called while a component is being created. */
export function createPublicLook() {
  let offered = $state(false);
  let looking = $state(false);
  let found = $state.raw<readonly PublicHit[]>([]);
  let words = $state('');
  packs ??= session.engine
    .ontologyPacks()
    .then((all) => new Set(all.map(({ entity }) => entity?.split('.').pop() ?? '')))
    .catch(() => new Set<string>());
  void packs.then((all) => (offered = all.size > 0));

  return {
    /** There are ontologies to look into. */
    get offered() {
      return offered;
    },
    get looking() {
      return looking;
    },
    get found() {
      return found;
    },
    get words() {
      return words;
    },
    async find(registry: string, texts: readonly string[], organism: string | null): Promise<void> {
      looking = true;
      words = '';
      found = [];
      try {
        const hits: PublicHit[] = [];
        const problems = new Set<string>();
        for (const text of texts.slice(0, most)) {
          const answer = await session.engine.findTerms(text, {
            registry,
            exact: true,
            wait: true,
            most: 3,
            ...(organism === null ? {} : { organism }),
          });
          for (const problem of answer.problems) problems.add(problem);
          const hit = answer.terms.find((term: FoundTerm) => !term.deprecated);
          if (hit) hits.push({ text, name: hit.here?.name ?? hit.name, pack: hit.pack, id: hit.id });
        }
        found = hits;
        words = [
          hits.length === texts.length
            ? ''
            : hits.length === 0
              ? `None of them is in a public ontology of ${registry}`
              : `${plural(texts.length - hits.length, 'value is', 'values are')} in none`,
          ...problems,
        ]
          .filter((text) => text !== '')
          .join('. ');
      } catch (error) {
        words = asWireError(error).message;
      } finally {
        looking = false;
      }
    },
    /** Imports the terms with what is above them, ontology by ontology. */
    async take(hits: readonly PublicHit[]): Promise<void> {
      for (const pack of new Set(hits.map((hit) => hit.pack))) {
        const ids = [...new Set(hits.filter((hit) => hit.pack === pack).map(({ id }) => id))];
        await session.engine.importOntology({ pack }, { ids, act: newAct() });
      }
    },
    clear(): void {
      found = [];
      words = '';
    },
  };
}
