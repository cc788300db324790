// What was meant, where SQLite knows no such table or column: the nearest name that it does know.
import type { SqlTable } from '../workers/wire.ts';
import { tablesIn } from './sql-statements.ts';

/** Insertions, deletions, changes and swaps of neighbours that lead from one word to the other. */
export function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(at(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(i - 1, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, at(i - 2, j - 2) + 1);
      row[j] = least;
    }
  }
  return at(a.length, b.length);
}

function nearest(wanted: string, names: Iterable<string>): string | null {
  const word = wanted.toLowerCase();
  let best: string | null = null;
  // A third of the letters may be wrong; more is another word.
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const lower = name.toLowerCase();
    // "artifact" for "lamindb_artifact": the part behind the module counts as well.
    const far = Math.min(distance(word, lower), distance(word, lower.replace(/^[a-z]+_/, '')));
    if (far < least) [best, least] = [name, far];
  }
  return best;
}

/** The name to suggest for SQLite's message; null where nothing is near. */
export function suggestionFor(message: string, sql: string, tables: readonly SqlTable[]): string | null {
  const table = /^no such table: (?:\w+\.)?(\S+)/.exec(message)?.[1];
  if (table)
    return nearest(
      table,
      tables.map(({ name }) => name),
    );
  const [, owner, column] = /^no such column: (?:([^.\s]+)\.)?(\S+)/.exec(message) ?? [];
  if (!column) return null;
  const uses = tablesIn(sql).filter(({ as }) => !owner || as.toLowerCase() === owner.toLowerCase());
  const read = new Set(uses.map((use) => use.table.toLowerCase()));
  const known = tables.filter(({ name }) => read.has(name.toLowerCase()));
  const best = nearest(
    column,
    known.flatMap(({ columns }) => columns.map(({ name }) => name)),
  );
  return best && owner ? `${owner}.${best}` : best;
}
