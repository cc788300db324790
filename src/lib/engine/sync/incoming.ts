// Does what a record of somebody else says. Rows that nobody else has touched meanwhile take it as it is, in blocks, like
// any other edit; the rest (several wrote at once, something it refers to is not there, a name is taken) is given back to
// be settled row by row from all facts.
import { timeText } from '../time.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { childrenOf, reinsert, removeWalked, update, type Values } from '../write/apply.ts';
import { refusalOf } from '../write/attempt.ts';
import { isBranched } from '../write/branch-log.ts';
import { rememberKeys, reserveIds, tableNumber, tableOf } from '../write/journal.ts';
import { recordRows } from '../write/journal-tables.ts';
import { readKept } from '../write/kept-rows.ts';
import type { RowKey } from '../write/operation.ts';
import { reachOf } from '../write/reach.ts';
import { hasNames, nameOf, noteBirths, type Birth } from './made-once.ts';
import { conflictsAmong, settleConflictsElsewhere } from './conflicts.ts';
import { readFact, type FactOperation } from './facts.ts';
import { placeAt, type Place } from './known.ts';
import { goneKey, nameColumn, namesOf, rememberNames, rowsNamed, type Named } from './names.ts';
import type { SyncOperation, SyncRecord } from './record.ts';
import { waitingAmong, wake } from './waits.ts';
import { enqueue, type Settling } from './settling.ts';
import { addTwin, clash, familyOf, meant, sees, type Naming } from './twins.ts';

export interface Incoming {
  settling: Settling;
  place: Place;
  record: SyncRecord;
  /** Records here from this one on may be unknown to the author. */
  since: number;
}

export interface Done {
  /** Ids here of the rows of each operation; none where its table is unknown. */
  ids: number[][];
  /** Rows that could not take it as it is. */
  open: { table: Table; id: number }[];
  /** Operations with tables or columns that this version does not have. */
  parked: { operation: number; reason: string }[];
}

export function* applyOperations(incoming: Incoming): Steps<Done> {
  const done: Done = { ids: [], open: [], parked: [] };
  const { model } = incoming.settling.tx.journal;
  for (const [index, operation] of incoming.record.operations.entries()) {
    const table = model.tables.get(operation.t);
    if (!table || table.family === 'django') {
      done.parked.push({ operation: index, reason: `table ${operation.t.slice(0, 60)}` });
      done.ids.push([]);
      continue;
    }
    const unknown = columnsOf(operation).filter((name) => !isKnown(table.column.get(name)));
    if (unknown.length > 0)
      done.parked.push({ operation: index, reason: `column ${unknown.join(', ').slice(0, 200)}` });
    const ids = yield* oneOperation(incoming, table, operation, unknown.length === 0, done);
    done.ids.push(ids);
  }
  return done;
}

const namingOf = ({ settling, place }: Incoming): Naming => ({
  twins: settling.reader.twins,
  known: settling.reader.known,
  by: place,
});

export const columnsOf = ({ c, v }: SyncOperation): string[] => [
  ...Object.keys(c ?? {}),
  ...Object.keys(v ?? {}),
];

/** A column that records may name. */
export const isKnown = (column: Column | undefined): boolean =>
  column !== undefined && column.name !== 'id' && !column.derived && !column.foreign;

function* oneOperation(
  incoming: Incoming,
  table: Table,
  operation: SyncOperation,
  whole: boolean,
  done: Done,
): Steps<number[]> {
  const leave = (ids: readonly number[]): void => {
    for (const id of ids) done.open.push({ table, id });
  };
  if (operation.w) {
    const ids = yield* bornRows(incoming, operation);
    if (operation.k === 'd') yield* takeAway(incoming, table, ids, leave);
    else leave(ids);
    return ids;
  }
  if (operation.k === 'i') return yield* putIn(incoming, table, operation, whole, leave);
  const rows = yield* rowsNamed(
    incoming.settling.tx.journal,
    table,
    operation.r ?? [],
    true,
    namingOf(incoming),
  );
  const ids = rows.map((row) => row?.id ?? 0);
  const here = new Set(rows.flatMap((row) => (row?.here ? [row.id] : [])));
  if (operation.k === 'd') yield* takeAway(incoming, table, ids, leave, here);
  else if (whole) yield* change(incoming, table, operation, ids, here, leave);
  else leave(ids);
  return ids;
}

/** Ids of the rows that an insert made, which the operation takes back or brings back. */
function* bornRows({ settling }: Incoming, { w, p }: SyncOperation): Steps<number[]> {
  const birth = w && (yield* placeAt(settling.reader.known, w[0], w[1]));
  const fact = birth && (yield* readFact(settling.reader, birth.rec));
  const made: FactOperation | undefined = fact?.operations[w?.[2] ?? -1];
  const ids = made?.ids ?? [];
  return p ? p.flatMap((i) => (ids[i] === undefined ? [] : [ids[i]])) : [...ids];
}

/* ---------- which rows somebody else has touched ---------- */

/** Up to here rows are looked up one by one. */
const few = 4;

/** Those of the rows that records have touched which the author had not seen, or that wait or are in conflict. */
function* touched({ settling, since }: Incoming, table: Table, ids: readonly number[]): Steps<Set<number>> {
  const open = yield* waitingAmong(settling, table, ids);
  for (const id of yield* conflictsAmong(settling, table, ids)) open.add(id);
  if (since === Infinity || ids.length === 0) return open;
  const tab = yield* tableNumber(settling.tx.journal, table.name);
  const json = JSON.stringify(ids);
  for (const [id] of yield* all(
    'SELECT DISTINCT t.id FROM json_each(?) j CROSS JOIN loam_touch t ON t.tab = ? AND t.id = j.value AND t.rec >= ?',
    [json, tab, since],
  ))
    open.add(Number(id));
  const spans =
    ids.length <= few
      ? yield* all(
          `SELECT s.id_from, s.id_to FROM json_each(?) j CROSS JOIN loam_span s
           ON s.tab = ? AND s.id_from BETWEEN j.value - ${recordRows} AND j.value AND s.id_to >= j.value AND s.rec >= ?`,
          [json, tab, since],
        )
      : yield* all('SELECT id_from, id_to FROM loam_span WHERE tab = ? AND rec >= ?', [tab, since]);
  if (spans.length > 0)
    for (const id of ids)
      if (spans.some(([from, to]) => id >= Number(from) && id <= Number(to))) open.add(id);
  return open;
}

/* ---------- new rows ---------- */

function* putIn(
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
  { settling, place }: Incoming,
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
    const hash = valueAt(values['hash'], i);
    const family = familyOf(twins, table, uid);
    if (!family && row.fresh) continue;
    // Who had seen a row of that name brings it back.
    const back = meant({ twins, known, by: place }, table, uid);
    const against = family?.some(
      (birth) => birth.id === back && !sees(known, place, birth) && (hash === null || birth.hash !== hash),
    );
    if (back !== undefined && !against) {
      rows[i] = { id: back, here: false, fresh: false };
      yield* addTwin(settling, table, { ...place, uid, id: back, hash });
      continue;
    }
    const same = family?.find(
      (birth) => birth.uid === uid && hash !== null && birth.hash === hash && !sees(known, place, birth),
    );
    if (same) {
      rows[i] = { id: same.id, here: false, fresh: false };
      continue;
    }
    if (!(yield* clash(settling, table, place, row.id, uid, hash))) continue;
    const id = row.fresh ? row.id : yield* reserveIds(settling.tx.journal, table.name, 1);
    rows[i] = { id, here: false, fresh: true };
    yield* addTwin(settling, table, { ...place, uid, id, hash });
    found.add(i);
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

function pick(values: Values, at: readonly number[]): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      Array.isArray(value) ? at.map((i) => (value as SqlValue[])[i] ?? null) : value,
    ]),
  );
}

/* ---------- changed rows ---------- */

function* change(
  incoming: Incoming,
  table: Table,
  operation: SyncOperation,
  ids: readonly number[],
  here: ReadonlySet<number>,
  leave: (ids: readonly number[]) => void,
): Steps<void> {
  const { settling, record } = incoming;
  const { tx } = settling;
  const open = yield* touched(incoming, table, ids);
  const values: Values = {};
  for (const name of columnsOf(operation)) {
    const list = operation.v?.[name];
    const constant = operation.c?.[name] ?? null;
    const target = table.column.get(name)?.references?.table;
    if (target === undefined) values[name] = (list ?? constant) as SqlValue | SqlValue[];
    else {
      const rows = yield* rowsNamed(
        tx.journal,
        tableOf(tx.journal.model, target),
        list ?? [constant],
        true,
        namingOf(incoming),
      );
      values[name] = list ? rows.map((row) => row?.id ?? null) : (rows[0]?.id ?? null);
      for (const [i, row] of rows.entries())
        if (row && !row.here) for (const id of list ? [ids[i] ?? 0] : ids) open.add(id);
    }
  }
  const clean = ids.flatMap((id, i) => (here.has(id) && !open.has(id) ? [i] : []));
  leave(ids.filter((id) => !here.has(id) || open.has(id)));
  if (clean.length === 0 || Object.keys(values).length === 0) return;
  const some = clean.length < ids.length ? pick(values, clean) : values;
  if (table.column.has('updated_at')) some['updated_at'] = timeText(record.at);
  const rows = clean.map((i) => ids[i] ?? 0);
  const refused = yield* refusalOf(tx, () => update(tx, table.name, rows, some));
  if (refused) leave(rows);
  else for (const id of settling.waits ? rows : []) yield* wake(settling, table, id);
}

/* ---------- rows that go ---------- */

function* takeAway(
  incoming: Incoming,
  table: Table,
  ids: readonly number[],
  leave: (ids: readonly number[]) => void,
  known?: ReadonlySet<number>,
): Steps<void> {
  const { settling } = incoming;
  const { tx } = settling;
  const names = yield* namesOf(table, ids);
  const here = known ?? new Set(names.ids);
  const open = yield* touched(incoming, table, ids);
  const clean = ids.filter((id) => here.has(id) && !open.has(id));
  leave(ids.filter((id) => !here.has(id) || open.has(id)));
  if (clean.length === 0) return;
  yield* rememberNames(tx.journal, table, names.ids, names.texts);
  // Its author took along what hung on it there; what came meanwhile is settled after it.
  for (const child of tx.journal.model.incoming.get(table.name) ?? [])
    for (const row of yield* childrenOf(tx, child.table, child.column, clean))
      enqueue(settling, tableOf(tx.journal.model, child.table), row.id);
  // A branch may not take its parent's rows; what is the branch's own is told by all facts of the row.
  if (yield* refusalOf(tx, () => removeWalked(tx, table.name, clean), true)) return leave(clean);
  yield* settleConflictsElsewhere(settling, table, clean);
  for (const id of settling.waits ? clean : []) yield* wake(settling, table, id);
}
