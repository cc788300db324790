// Hundreds of text files as one table. The engine in the page (0.9.2) holds 10 MB for each text file that a table names until
// the statement ends, outside of its memory limit: with 200 files it broke. So many are read a few at a time into tables of
// the engine's memory, which it does count.
import { tableOf } from './sources.ts';
import type { Asks } from './tokens.ts';
import type { StatementSource } from './types.ts';
import type { WrittenUse } from './uses.ts';

/** So many text files may be read where they lie. */
const placedMost = 24;

/** The table in place of their readers; null where there are few. `made` is told of each table before it is filled; what `tell` throws ends the statement. */
export async function holdTexts(
  db: Pick<Asks, 'texts'>,
  use: WrittenUse,
  sources: readonly StatementSource[],
  id: string,
  { made, tell }: { made(table: string): void; tell(done: number, total: number): Promise<void> },
): Promise<string | null> {
  const files = sources
    .filter(({ format }) => format === 'csv')
    .flatMap((source) => source.files.map((file) => ({ ...source, files: [file] })));
  if (files.length <= placedMost) return null;
  const batches: StatementSource[][] = [];
  for (let i = 0; i < files.length; i += placedMost) batches.push(files.slice(i, i + placedMost));
  const total = batches.length * 2;
  const columns: Map<string, string>[] = [];
  for (const [i, batch] of batches.entries()) {
    const rows = await db.texts(`DESCRIBE SELECT * FROM ${tableOf(batch, use, { filename: true })}`);
    columns.push(new Map(rows.map(([name = '', type = '']) => [name, type])));
    await tell(i + 1, total);
  }
  const types = sharedTypes(columns);
  const tables: string[] = [];
  for (const [i, batch] of batches.entries()) {
    const own = [...types].filter(([name]) => columns[i]?.has(name));
    const typed = { ...use, types: new Map([...own, ...use.types]) };
    const table = `"loam_texts_${id}_${i}"`;
    made(table);
    await db.texts(
      `CREATE OR REPLACE TABLE ${table} AS SELECT * FROM ${tableOf(batch, typed, { filename: true })}`,
    );
    tables.push(table);
    await tell(batches.length + i + 1, total);
  }
  return `(${tables.map((table) => `SELECT * FROM ${table}`).join(' UNION ALL BY NAME ')})`;
}

/** What columns of several types are read as, as the engine decides it within one reader. */
function sharedTypes(batches: readonly ReadonlyMap<string, string>[]): Map<string, string> {
  const all = new Map<string, Set<string>>();
  for (const batch of batches)
    for (const [name, type] of batch) all.set(name, (all.get(name) ?? new Set()).add(type));
  return new Map(
    [...all].flatMap(([name, types]) => (types.size > 1 ? [[name, sharedType(types)] as const] : [])),
  );
}

function sharedType(types: ReadonlySet<string>): string {
  const only = (...some: string[]) => [...types].every((type) => some.includes(type));
  if (only('BIGINT', 'DOUBLE')) return 'DOUBLE';
  if (only('DATE', 'TIMESTAMP')) return 'TIMESTAMP';
  return 'VARCHAR';
}

export const dropHeld = (table: string): string => `DROP TABLE IF EXISTS ${table}`;
