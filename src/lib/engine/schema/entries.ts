// The rows that SQLite's schema table has after the statements of the model and of our own tables: what each table's
// text implies (the indexes SQLite makes by itself) is worked out here.
import type { Table } from '../model/types.ts';
import { createIndexes, createTable } from './sqlite.ts';

export interface Entry {
  type: 'table' | 'index';
  name: string;
  table: string;
  sql: string | null;
  /** WITHOUT ROWID: stored as an index is. */
  rowless?: boolean;
}

/** Tables of the model in insert order, with their indexes, then what the statements `own` make. */
export function schemaEntries(tables: readonly Table[], own: readonly string[]): Entry[] {
  const sequence = { type: 'table', name: 'sqlite_sequence', table: 'sqlite_sequence' } as const;
  return [
    { ...sequence, sql: 'CREATE TABLE sqlite_sequence(name,seq)' },
    ...tables.flatMap(entriesOf),
    ...own.flatMap(ownEntries),
  ];
}

/** SQLite makes and numbers an index for each UNIQUE in the table's text, in the order in which they stand there. */
function entriesOf(table: Table): Entry[] {
  const automatic =
    table.columns.filter((column) => column.unique).length + table.uniques.filter((u) => u.constraint).length;
  return [
    { type: 'table', name: table.name, table: table.name, sql: createTable(table) },
    ...automaticIndexes(table.name, automatic),
    ...createIndexes(table).map(({ name, sql }): Entry => ({ type: 'index', name, table: table.name, sql })),
  ];
}

function automaticIndexes(table: string, n: number): Entry[] {
  return Array.from({ length: n }, (_, i) => ({
    type: 'index',
    name: `sqlite_autoindex_${table}_${i + 1}`,
    table,
    sql: null,
  }));
}

/**
 * Our own statements are of a few forms only: tables with an integer key and UNIQUE columns, or with a PRIMARY KEY and
 * WITHOUT ROWID; indexes. A test compares with what SQLite makes of them.
 */
function ownEntries(statement: string): Entry[] {
  const [, kind, name = '', rest = ''] =
    /^CREATE (TABLE|INDEX|UNIQUE INDEX) IF NOT EXISTS (\w+)(.*)$/s.exec(statement) ?? [];
  if (kind === 'INDEX' || kind === 'UNIQUE INDEX') {
    const table = /^ ON (\w+)/.exec(rest)?.[1] ?? '';
    return [{ type: 'index', name, table, sql: `CREATE ${kind} ${name}${rest}` }];
  }
  if (kind !== 'TABLE') throw new Error(`This statement cannot be composed: ${statement.slice(0, 80)}`);
  const rowless = /\)\s*WITHOUT ROWID\s*$/.test(rest);
  const uniques = rowless ? 0 : (rest.match(/ UNIQUE\b/g)?.length ?? 0);
  return [
    { type: 'table', name, table: name, sql: `CREATE TABLE ${name}${rest}`, rowless },
    ...automaticIndexes(name, uniques),
  ];
}
