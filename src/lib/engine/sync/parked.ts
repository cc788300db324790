// Words of records that did something else here than they say, and those that this version does not understand yet.
import { all, run, type Steps } from '../statement.ts';
import { indexRecord } from '../write/commit.ts';
import { encode, localIds } from '../write/operation.ts';
import type { LoggedOperation, Transaction } from '../write/transaction.ts';
import { clearFacts, shadowOf, type Shadow } from './facts.ts';
import { columnsOf, isKnown, type Done } from './incoming.ts';
import { rowsNamed } from './names.ts';
import type { PlacedRecord } from './record.ts';
import { enqueue, type Settling } from './settling.ts';

export function* keepShadow(tx: Transaction, rec: number, { record }: PlacedRecord, done: Done): Steps<void> {
  const shadow: Shadow = { o: record.operations, ids: done.ids };
  yield* run('INSERT INTO loam_shadow(rec, body) VALUES (?, ?)', [rec, encode(shadow)]);
  const entries: LoggedOperation[] = record.operations.flatMap(({ k, t }, i) => {
    const ids = done.ids[i] ?? [];
    if (ids.length === 0) return [];
    return [{ operation: { k, t, n: ids.length }, local: localIds(ids) }];
  });
  yield* indexRecord(tx, rec, entries);
  for (const { operation, reason } of done.parked)
    yield* run('INSERT INTO loam_parked(rec, op, reason) VALUES (?, ?, ?)', [rec, operation, reason]);
}

/** Operations that named what this version did not have, once it has it. */
export function* unpark(settling: Settling): Steps<void> {
  const { tx } = settling;
  const { model } = tx.journal;
  for (const [record, op] of yield* all('SELECT rec, op FROM loam_parked ORDER BY rec, op')) {
    const [rec, index] = [Number(record), Number(op)];
    const shadow = yield* shadowOf(rec);
    const operation = shadow?.o[index];
    const table = operation && model.tables.get(operation.t);
    if (!operation || !table || !columnsOf(operation).every((name) => isKnown(table.column.get(name))))
      continue;
    if ((shadow.ids[index] ?? []).length === 0) {
      const cell = (name: string, i: number) => operation.v?.[name]?.[i] ?? operation.c?.[name] ?? null;
      const { columns } = table.rowKey;
      const keys =
        operation.r ??
        Array.from({ length: operation.n }, (_, i) =>
          columns.length === 1 ? cell(columns[0] ?? '', i) : columns.map((name) => cell(name, i)),
        );
      const ids = (yield* rowsNamed(tx.journal, table, keys, true)).map((row) => row?.id ?? 0);
      shadow.ids[index] = ids;
      yield* run('UPDATE loam_shadow SET body = ? WHERE rec = ?', [encode(shadow), rec]);
      yield* indexRecord(tx, rec, [
        { operation: { k: operation.k, t: operation.t, n: ids.length }, local: localIds(ids) },
      ]);
    }
    clearFacts(settling.reader.cache);
    for (const id of shadow.ids[index] ?? []) enqueue(settling, table, id);
    yield* run('DELETE FROM loam_parked WHERE rec = ? AND op = ?', [rec, index]);
  }
}
