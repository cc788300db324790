// What others (Python, SQL) did in LaminDB's tables becomes an act in the replica, through the one write path: so it has a
// place in the log, a history, an undo, and conflicts with what peers did at the same time.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Engine } from '../../src/lib/engine/index.ts';
import type { Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import type { Steps } from '../../src/lib/engine/statement.ts';
import { insert, remove, update } from '../../src/lib/engine/write/apply.ts';
import { idsByKey, tableOf } from '../../src/lib/engine/write/journal.ts';
import type { Operation, RowKey } from '../../src/lib/engine/write/operation.ts';
import type { Transaction } from '../../src/lib/engine/write/transaction.ts';
import type { CapturedOperation, CapturedTransaction } from '../inbox.ts';
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
  const table = tableOf(tx.journal.model, operation.t);
  if (operation.k === 'i') return yield* takeInsert(tx, ids, table, operation, theirs);
  const here = yield* idsByKey(tx.journal, table.name, operation.r ?? []);
  const at = here.flatMap((id, i) => (id === null ? [] : [i]));
  const rows = at.map((i) => here[i] as number);
  if (rows.length === 0) return 0;
  if (operation.k === 'd') {
    yield* remove(tx, table.name, rows);
    return rows.length;
  }
  return yield* update(tx, table.name, rows, yield* valuesOf(tx, table, operation, at));
}

function* takeInsert(
  tx: Transaction,
  ids: RowIds,
  table: Table,
  operation: Operation,
  theirs: readonly number[],
): Steps<number> {
  const here = yield* idsByKey(tx.journal, table.name, keysOfNew(table, operation));
  const known = here.flatMap((id, i) => (id === null ? [] : [i]));
  const fresh = here.flatMap((id, i) => (id === null ? [i] : []));
  let rows = 0;
  if (known.length > 0) {
    const own = known.map((i) => here[i] as number);
    ids.note(
      table.name,
      known.map((i, n) => [own[n] as number, theirs[i] as number] as const),
    );
    rows += yield* update(tx, table.name, own, yield* valuesOf(tx, table, operation, known));
  }
  if (fresh.length > 0) {
    // Every column is told: what is absent was NULL there, and is not to get a default here.
    const given = yield* valuesOf(tx, table, operation, fresh);
    const values = Object.fromEntries(
      table.columns
        .filter(({ name, foreign }) => name !== 'id' && !foreign)
        .map(({ name }): [string, SqlValue[] | SqlValue] => [name, given[name] ?? null]),
    );
    const first = yield* insert(tx, table.name, fresh.length, values);
    ids.note(
      table.name,
      fresh.map((i, n) => [first + n, theirs[i] as number] as const),
    );
    rows += fresh.length;
  }
  return rows;
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

/** Values of the rows at these positions as the tables have them: references are ids here. */
function* valuesOf(
  tx: Transaction,
  table: Table,
  operation: Operation,
  at: readonly number[],
): Steps<Record<string, SqlValue[]>> {
  const out: Record<string, SqlValue[]> = {};
  for (const name of new Set([...Object.keys(operation.c ?? {}), ...Object.keys(operation.v ?? {})])) {
    const column = table.column.get(name);
    if (!column) continue;
    const values = at.map((i) => valueAt(operation, name, i));
    if (!column.references) {
      out[name] = values as SqlValue[];
      continue;
    }
    const found = yield* idsByKey(tx.journal, column.references.table, values);
    const lost = values.findIndex((value, i) => value !== null && found[i] === null);
    if (lost >= 0 && !column.nullable)
      throw new LoamError(
        'DoesNotExist',
        `A row of ${table.name} that was written in PostgreSQL refers to ${JSON.stringify(values[lost])} of ${column.references.table}, which is not here.`,
        { table: table.name, column: name },
      );
    out[name] = found;
  }
  return out;
}
