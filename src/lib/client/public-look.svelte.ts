// Values looked up in the public ontologies that are served beside the app, without importing them: those that a term is
// called exactly like, or that are a synonym of one, and the taking of these with all that is above them.
/* eslint-disable svelte/prefer-svelte-reactivity -- sets of a moment, no state of any screen */
import type { FoundTerm } from '../workers/ontology-wire.ts';
import { asWireError } from './notices.svelte.ts';
import { newAct } from './ontologies.svelte.ts';
import { servedPacks } from './packs.ts';
import { session } from './session.svelte.ts';
import { plural } from './words.ts';

export interface PublicHit {
  text: string;
  /** As the ontology calls it. */
  name: string;
  pack: string;
  id: string;
  /** It is a row already, under that name. */
  here: boolean;
}

/** Values looked up at once. */
const most = 200;

/** Ontologies that something is to be imported of. */
export const packsOf = (hits: readonly PublicHit[]): string[] => [
  ...new Set(hits.filter(({ here }) => !here).map(({ pack }) => pack)),
];

/** The one term that is called so in any case, its name before its synonyms; of several none is taken. */
function theOne(text: string, terms: readonly FoundTerm[]): FoundTerm | 'none' | 'several' | 'obsolete' {
  const current = terms.filter(({ deprecated }) => !deprecated);
  const wanted = text.trim().toLowerCase();
  const named = current.filter(({ name }) => name.toLowerCase() === wanted);
  const [first, ...others] = named.length > 0 ? named : current;
  if (!first) return terms.length > 0 ? 'obsolete' : 'none';
  return others.every(({ id }) => id === first.id) ? first : 'several';
}

/** Must be called while a component is being created. */
export function createPublicLook() {
  let offered = $state(false);
  let looking = $state(false);
  let found = $state.raw<readonly PublicHit[]>([]);
  let words = $state('');
  void servedPacks().then((all) => (offered = all.length > 0));

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
        const left = { none: 0, several: 0, obsolete: 0 };
        const problems = new Set<string>();
        const asked = texts.slice(0, most);
        for (const text of asked) {
          const answer = await session.engine.findTerms(text, {
            registry,
            exact: true,
            wait: true,
            most: 10,
            ...(organism === null ? {} : { organism }),
          });
          for (const problem of answer.problems) problems.add(problem);
          const hit = theOne(text, answer.terms);
          if (typeof hit === 'string') left[hit] += 1;
          else
            hits.push({
              text,
              name: hit.here?.name ?? hit.name,
              pack: hit.pack,
              id: hit.id,
              here: hit.here !== null,
            });
        }
        found = hits;
        words = [
          left.none === 0
            ? ''
            : left.none === texts.length
              ? `None of them is in a public ontology of ${registry}`
              : `${plural(left.none, 'value is', 'values are')} in none`,
          left.several === 0
            ? ''
            : `${plural(left.several, 'value is what several terms are called', 'values are what several terms are called')} and left to you`,
          left.obsolete === 0
            ? ''
            : `${plural(left.obsolete, 'value is an obsolete term', 'values are obsolete terms')}`,
          texts.length > asked.length ? `Only the first ${asked.length} were looked up` : '',
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
    /** Imports the terms that are no rows yet with what is above them, an act for each ontology. */
    async take(hits: readonly PublicHit[]): Promise<void> {
      for (const pack of packsOf(hits)) {
        const ids = [...new Set(hits.filter((hit) => hit.pack === pack).map(({ id }) => id))];
        // What is wrong elsewhere in the ontology is no matter of these terms.
        await session.engine.importOntology({ pack }, { ids, accept: true, act: newAct() });
      }
    },
    clear(): void {
      found = [];
      words = '';
    },
  };
}
