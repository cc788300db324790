// What others (Python, SQL) did in LaminDB's tables becomes an act in the replica, through the one write path: so it has a
// place in the log, a history, an undo, and conflicts with what peers did at the same time.
import type { Engine } from '../../src/lib/engine/index.ts';
import type { Column, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import type { Steps } from '../../src/lib/engine/statement.ts';
import { insert, remove, update } from '../../src/lib/engine/write/apply.ts';
import { refusalOf } from '../../src/lib/engine/write/attempt.ts';
import { idsByKey, reserveIds, tableOf } from '../../src/lib/engine/write/journal.ts';
import type { Operation, RowKey } from '../../src/lib/engine/write/operation.ts';
import type { Transaction } from '../../src/lib/engine/write/transaction.ts';
import type { CapturedOperation, CapturedTransaction } from '../inbox.ts';
import { touchRow } from './changed.ts';
import { createRowIds, type RowIds } from './row-ids.ts';

export interface TakeEdits {
  engine: Engine;
  driver: SqlDriver;
}

/**
 * Does one transaction of others in the replica, as one act of the engine's author. What is here already (the same row made by
 * a peer) is brought to their values; what is gone here stays gone. Answers with how many rows it changed.
 */
export async function takeEdits(
  { engine, driver }: TakeEdits,
  transaction: CapturedTransaction,
  pieces: AsyncIterable<CapturedOperation[]>,
): Promise<number> {
  const operations: CapturedOperation[] = [];
  for await (const piece of pieces) operations.push(...piece);
  if (operations.length === 0) return 0;
  const ids = createRowIds(driver);
  const title = `${transaction.rows.toLocaleString('en')} ${transaction.rows === 1 ? 'row' : 'rows'} changed in PostgreSQL by ${transaction.who}`;
  const changed = engine.writer.act({ kind: 'database', title }, function* (tx) {
    let rows = 0;
    for (const one of operations) rows += yield* take(tx, ids, one);
    return rows;
  });
  return changed ?? 0;
}

function* take(tx: Transaction, ids: RowIds, { operation, ids: theirs }: CapturedOperation): Steps<number> {
  const { model } = tx.journal;
  const table = tableOf(model, operation.t);
  if (operation.k === 'i') return yield* takeInsert(tx, ids, table, operation, theirs);
  const here = yield* idsByKey(tx.journal, table.name, operation.r ?? []);
  const at = here.flatMap((id, i) => (id === null ? [] : [i]));
  if (at.length === 0) return 0;
  if (operation.k === 'u') return yield* takeUpdate(tx, table, operation, at, here);
  const rows = at.map((i) => here[i] as number);
  if (!(yield* refusalOf(tx, () => remove(tx, table.name, rows), true))) return rows.length;
  // Somebody here uses some of them in a way that LaminDB protects: those stay, and the next flush puts them back there.
  let gone = 0;
  for (const id of rows)
    if (yield* refusalOf(tx, () => remove(tx, table.name, [id]), true))
      yield* touchRow(model, table.name, id);
    else gone++;
  return gone;
}

/** Brings rows that are here to their values. */
function* takeUpdate(
  tx: Transaction,
  table: Table,
  operation: Operation,
  at: readonly number[],
  here: readonly (number | null)[],
): Steps<number> {
  const lost = yield* lostRows(tx, table, operation, at);
  // The row that it is to refer to is gone here: it stays as it is, and the next flush says so there.
  for (const i of lost) yield* touchRow(tx.journal.model, table.name, here[i] as number);
  const kept = at.filter((i) => !lost.has(i));
  if (kept.length === 0) return 0;
  const values = yield* valuesOf(tx, table, operation, kept);
  return yield* update(
    tx,
    table.name,
    kept.map((i) => here[i] as number),
    values,
  );
}

function* takeInsert(
  tx: Transaction,
  ids: RowIds,
  table: Table,
  operation: Operation,
  theirs: readonly number[],
): Steps<number> {
  const { name } = table;
  const here = yield* idsByKey(tx.journal, name, keysOfNew(table, operation));
  const known = here.flatMap((id, i) => (id === null ? [] : [i]));
  let rows = 0;
  if (known.length > 0) {
    ids.note(
      name,
      known.map((i) => [here[i] as number, theirs[i] as number] as const),
    );
    rows += yield* takeUpdate(tx, table, operation, known, here);
  }
  const absent = here.flatMap((id, i) => (id === null ? [i] : []));
  const lost = yield* lostRows(tx, table, operation, absent);
  // What hangs on a row that is gone here goes with it, as LaminDB's cascade would have done it: the next flush deletes it there.
  for (const i of lost) {
    const id = yield* reserveIds(tx.journal, name, 1);
    ids.note(name, [[id, theirs[i] as number]]);
    yield* touchRow(tx.journal.model, name, id);
  }
  const fresh = absent.filter((i) => !lost.has(i));
  if (fresh.length === 0) return rows;
  // Every column is told: what is absent was NULL there, and is not to get a default here.
  const given = yield* valuesOf(tx, table, operation, fresh);
  const values = Object.fromEntries(
    table.columns
      .filter(({ name: column, foreign, derived }) => column !== 'id' && !foreign && !derived)
      .map(({ name: column }): [string, SqlValue[] | SqlValue] => [column, given[column] ?? null]),
  );
  const first = yield* insert(tx, name, fresh.length, values);
  ids.note(
    name,
    fresh.map((i, n) => [first + n, theirs[i] as number] as const),
  );
  return rows + fresh.length;
}

/** Row keys that new rows will have; a part that names no row here makes a key that nothing has. */
function keysOfNew(table: Table, operation: Operation): RowKey[] {
  const { columns } = table.rowKey;
  return Array.from({ length: operation.n }, (_, i) => {
    const parts = columns.map((name) => valueAt(operation, name, i));
    return columns.length === 1 ? (parts[0] ?? null) : parts;
  });
}

const valueAt = ({ c, v }: Operation, name: string, i: number): RowKey => v?.[name]?.[i] ?? c?.[name] ?? null;

const told = (table: Table, { c, v }: Operation): Column[] =>
  [...new Set([...Object.keys(c ?? {}), ...Object.keys(v ?? {})])].flatMap(
    (name) => table.column.get(name) ?? [],
  );

/** Those of the rows at these positions that have to refer to a row which is not here. */
function* lostRows(
  tx: Transaction,
  table: Table,
  operation: Operation,
  at: readonly number[],
): Steps<Set<number>> {
  const out = new Set<number>();
  for (const { name, references, nullable } of told(table, operation)) {
    if (!references || nullable || at.length === 0) continue;
    const values = at.map((i) => valueAt(operation, name, i));
    const found = yield* idsByKey(tx.journal, references.table, values);
    for (const [n, i] of at.entries()) if (found[n] === null) out.add(i);
  }
  return out;
}

/** Values of the rows at these positions as the tables have them: references are ids here, of rows that are not here none. */
function* valuesOf(
  tx: Transaction,
  table: Table,
  operation: Operation,
  at: readonly number[],
): Steps<Record<string, SqlValue[]>> {
  const out: Record<string, SqlValue[]> = {};
  for (const { name, references } of told(table, operation)) {
    const values = at.map((i) => valueAt(operation, name, i));
    out[name] = references ? yield* idsByKey(tx.journal, references.table, values) : (values as SqlValue[]);
  }
  return out;
}
