// Does what a record of somebody else says. Rows that nobody else has touched meanwhile take it as it is, in blocks, like
// any other edit; the rest (several wrote at once, something it refers to is not there, a name is taken) is given back to
// be settled row by row from all facts.
import { timeText } from '../time.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { childrenOf, removeWalked, update, type Values } from '../write/apply.ts';
import { refusalOf } from '../write/attempt.ts';
import { tableNumber, tableOf } from '../write/journal.ts';
import { recordRows } from '../write/journal-tables.ts';
import { keepsStamp, stampsOf } from '../write/stamp.ts';
import { conflictsAmong, settleConflictsElsewhere } from './conflicts.ts';
import { readFact, type FactOperation } from './facts.ts';
import { placeAt } from './known.ts';
import { namesOf, rememberNames, rowsNamed } from './names.ts';
import { namingOf, pick, putIn, type Incoming } from './new-rows.ts';
import type { SyncOperation } from './record.ts';
import { enqueue } from './settling.ts';
import { waitingAmong, wake } from './waits.ts';

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
  const rows = clean.map((i) => ids[i] ?? 0);
  if (keepsStamp(record.act.kind, columnsOf(operation))) Object.assign(some, yield* stampsOf(table, rows));
  else if (table.column.has('updated_at')) some['updated_at'] = timeText(record.at);
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
