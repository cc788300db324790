// Rows that a record of somebody else makes: those that nobody here spoke of are put in as a block, the rest is given back.
import { timeText } from '../time.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { reinsert, type Values } from '../write/apply.ts';
import { refusalOf } from '../write/attempt.ts';
import { isBranched } from '../write/branch-log.ts';
import { rememberKeys, reserveIds, tableNumber, tableOf } from '../write/journal.ts';
import { readKept } from '../write/kept-rows.ts';
import type { RowKey } from '../write/operation.ts';
import { reachOf } from '../write/reach.ts';
import type { Place } from './known.ts';
import { hasNames, nameOf, noteBirths, type Birth } from './made-once.ts';
import { goneKey, nameColumn, rememberNames, rowsNamed, type Named } from './names.ts';
import type { SyncOperation, SyncRecord } from './record.ts';
import type { Settling } from './settling.ts';
import {
  addTwin,
  allBirths,
  beginFamily,
  familyOf,
  meant,
  sameAmong,
  sees,
  type Made,
  type Naming,
} from './twins.ts';

export interface Incoming {
  settling: Settling;
  place: Place;
  record: SyncRecord;
  /** Records here from this one on may be unknown to the author. */
  since: number;
}

/** Names are meant as the record's author knew them. */
export const namingOf = ({ settling, place }: Incoming): Naming => ({
  twins: settling.reader.twins,
  known: settling.reader.known,
  by: place,
});

export function* putIn(
  incoming: Incoming,
  table: Table,
  operation: SyncOperation,
  whole: boolean,
  leave: (ids: readonly number[]) => void,
): Steps<number[]> {
  const { settling, record } = incoming;
  const { tx } = settling;
  const { n } = operation;
  const cellAt = (name: string, i: number): RowKey => operation.v?.[name]?.[i] ?? operation.c?.[name] ?? null;
  const single = nameColumn(table);
  const composed = single === null;
  const keys = Array.from({ length: n }, (_, i) =>
    single !== null ? cellAt(single, i) : table.rowKey.columns.map((name) => cellAt(name, i)),
  );
  const rows = (yield* rowsNamed(
    tx.journal,
    table,
    keys,
    false,
    composed ? namingOf(incoming) : undefined,
  )) as Named[];
  const ids = rows.map(({ id }) => id);
  const time = timeText(record.at);
  const values: Values = {};
  const lost = new Set<number>();
  for (const column of table.columns) {
    const { name, references } = column;
    if (name === 'id' || column.derived || column.foreign) continue;
    const list = operation.v?.[name];
    const constant = operation.c?.[name];
    if (!list && constant === undefined) {
      values[name] = column.type === 'datetime' && !column.nullable ? time : null;
      continue;
    }
    if (!references) {
      values[name] = (list ?? constant) as SqlValue | SqlValue[];
      continue;
    }
    const target = yield* rowsNamed(
      tx.journal,
      tableOf(tx.journal.model, references.table),
      list ?? [constant as RowKey],
      true,
      namingOf(incoming),
    );
    values[name] = list ? target.map((row) => row?.id ?? null) : (target[0]?.id ?? null);
    for (const [i, row] of target.entries())
      if (row && !row.here) for (const at of list ? [i] : ids.keys()) lost.add(at);
  }
  yield* otherThanTaken(incoming, table, rows, values);
  const clashing = yield* separateTwins(incoming, table, rows, keys, values);
  for (const [i, row] of rows.entries()) ids[i] = row.id;
  const births: Birth[] = [];
  if (hasNames(table))
    for (const [i, row] of rows.entries()) {
      const name = row.fresh ? nameOf(table, record.branch, (column) => valueAt(values[column], i)) : null;
      if (name !== null) births.push({ name, uid: String(keys[i]), id: row.id });
    }
  const twins = yield* noteBirths(settling, table, incoming.place, births);
  const fresh: number[] = [];
  const rest: number[] = [];
  for (const [i, row] of rows.entries()) {
    const twin = twins.get(String(keys[i]));
    if (twin !== undefined) ids[i] = twin;
    if (whole && row.fresh && twin === undefined && !lost.has(i) && !clashing.has(i)) fresh.push(i);
    else rest.push(i);
  }
  // They are found by their names while they are not in the table.
  const absent = rest.filter((i) => rows[i]?.fresh && ids[i] === rows[i].id);
  if (absent.length > 0)
    yield* rememberNames(tx.journal, table, ...textsOf(incoming, table, values, keys, ids, absent));
  leave(rest.map((i) => ids[i] ?? 0));
  if (fresh.length === 0) return ids;
  const some = fresh.length < n ? pick(values, fresh) : values;
  const put = fresh.map((i) => ids[i] ?? 0);
  const refused = yield* refusalOf(tx, () => reinsert(tx, table.name, put, some));
  if (refused) {
    yield* rememberNames(tx.journal, table, ...textsOf(incoming, table, values, keys, ids, fresh));
    leave(put);
  } else if (single === 'uid' && put.length === n && put.every((id, i) => id === (put[0] ?? 0) + i))
    rememberKeys(tx.journal, table.name, put[0] ?? 0, keys);
  return ids;
}

/** Of versions whose uid somebody else minted for something else: they are rows of their own. Gives their positions. */
function* separateTwins(
  { settling, place, record }: Incoming,
  table: Table,
  rows: Named[],
  keys: readonly RowKey[],
  values: Values,
): Steps<Set<number>> {
  const found = new Set<number>();
  if (!table.versioned) return found;
  const { known, twins } = settling.reader;
  for (const [i, row] of rows.entries()) {
    const uid = String(keys[i]);
    const made: Made = {
      uid,
      hash: valueAt(values['hash'], i),
      created: valueAt(values['created_at'], i),
      branch: record.branch,
    };
    let family = familyOf(twins, table, uid);
    if (!family) {
      if (row.fresh) continue;
      const births = yield* allBirths(settling, table, row.id, uid);
      if (births.length === 0 || sameAmong(known, place, made, births) !== undefined) continue;
      yield* beginFamily(settling, table, uid);
      family = familyOf(twins, table, uid) ?? [];
    }
    // Of those that its author knew, the one that the uid meant there.
    const back = meant({ twins, known, by: place }, table, uid);
    const same = sameAmong(
      known,
      place,
      made,
      family.filter((birth) => !sees(known, place, birth) || birth.id === back),
    );
    const id = same ?? (row.fresh ? row.id : yield* reserveIds(settling.tx.journal, table.name, 1));
    rows[i] = { id, here: false, fresh: same === undefined };
    yield* addTwin(settling, table, { ...place, ...made, id });
    if (same === undefined) found.add(i);
  }
  return found;
}

/**
 * On a branch that took out its parent's row, one of the same key with other values is another row: under the old id it would
 * be the parent's again.
 */
function* otherThanTaken({ settling }: Incoming, table: Table, rows: Named[], values: Values): Steps<void> {
  const { tx } = settling;
  if (!isBranched(tx, table) || reachOf(table) !== 'loose') return;
  const gone = rows.flatMap((row) => (row.fresh || row.here ? [] : [row.id]));
  if (gone.length === 0) return;
  const kept = readKept(
    yield* all(
      'SELECT id, vals FROM loam_row WHERE branch = ? AND tab = ? AND kind = -1 AND id IN (SELECT value FROM json_each(?))',
      [tx.author.branchId, yield* tableNumber(tx.journal, table.name), JSON.stringify(gone)],
    ),
  );
  for (const [i, row] of rows.entries()) {
    const at = row.fresh || row.here ? -1 : kept.ids.indexOf(row.id);
    if (at < 0) continue;
    const same = kept.columns.every((name, c) => kept.values[c]?.[at] === valueAt(values[name], i));
    if (!same) rows[i] = { id: yield* reserveIds(tx.journal, table.name, 1), here: false, fresh: true };
  }
}

function textsOf(
  _: Incoming,
  table: Table,
  values: Values,
  keys: readonly RowKey[],
  ids: readonly number[],
  at: readonly number[],
): [number[], string[]] {
  const single = nameColumn(table) !== null;
  return [
    at.map((i) => ids[i] ?? 0),
    at.map((i) =>
      single ? String(keys[i]) : goneKey(table.rowKey.columns.map((name) => valueAt(values[name], i))),
    ),
  ];
}

function valueAt(value: Values[string] | undefined, i: number): SqlValue {
  return Array.isArray(value)
    ? ((value as SqlValue[])[i] ?? null)
    : ((value as SqlValue | undefined) ?? null);
}

export function pick(values: Values, at: readonly number[]): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      Array.isArray(value) ? at.map((i) => (value as SqlValue[])[i] ?? null) : value,
    ]),
  );
}
