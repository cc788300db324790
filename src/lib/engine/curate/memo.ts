// What registries were asked before, value by value, so that a table with many values is judged again by asking for the few
// that changed. It holds as long as nothing is written; whoever holds it forgets it then.
import type { LookedUp, LookUp } from './look-up.ts';
import type { Organism } from './organism.ts';

export interface KnownTerms {
  asked: Set<string>;
  /** Synonyms that were looked for; null where a value is none. */
  standards: Map<string, string | null>;
  add(asked: readonly string[], found: LookedUp): void;
  of(values: readonly string[], organism: Organism | null): LookedUp;
}

export interface TermMemo {
  terms(ask: LookUp, organism: Organism | null): KnownTerms;
}

export function createMemo(): TermMemo {
  const known = new Map<string, KnownTerms>();
  return {
    terms(ask, organism) {
      const { table, field, where, typeId, preferred } = ask;
      const key = JSON.stringify([
        table.name,
        field,
        where,
        typeId,
        preferred ? [...preferred] : null,
        organism?.id,
      ]);
      let own = known.get(key);
      if (own === undefined) known.set(key, (own = createTerms()));
      return own;
    },
  };
}

function createTerms(): KnownTerms {
  const all: Pick<LookedUp, 'found' | 'ambiguous'> = { found: new Map(), ambiguous: new Map() };
  const asked = new Set<string>();
  return {
    asked,
    standards: new Map(),
    add(values, { found, ambiguous }) {
      for (const value of values) asked.add(value);
      for (const [value, row] of found) all.found.set(value, row);
      for (const [value, why] of ambiguous) all.ambiguous.set(value, why);
    },
    of(values, organism) {
      const told: LookedUp = { found: new Map(), ambiguous: new Map(), organism };
      for (const value of values) {
        const row = all.found.get(value);
        if (row !== undefined) told.found.set(value, row);
        const why = all.ambiguous.get(value);
        if (why !== undefined) told.ambiguous.set(value, why);
      }
      return told;
    },
  };
}
