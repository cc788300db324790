// Undo and redo: the inverse of an act's records, newest first, as a new act of the same chain. Rows and cells that
// somebody touched since, or that are used from outside the act, stay and are listed. Redo is the undo of the undo, so
// rows come back with the same uids and ids. Rules: write-path.md §3.
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { timeText } from '../time.ts';
import { all, one, run, type Steps } from '../statement.ts';
import { refusalOf } from './attempt.ts';
import { childrenOf, reinsert, remove, update, type Birth, type Values } from './apply.ts';
import { idsByKey, missingRows, tableOf, type Journal } from './journal.ts';
import { consequence, idsOf, type LocalPart, type Operation, type RowKey } from './operation.ts';
import { actOfRecord, readRecord, type LogRecord } from './packs.ts';
import { columnsOf, recordsTouching, touchedSince, type TouchingAct } from './touch.ts';
import type { Author, Transaction } from './transaction.ts';

export interface Skipped {
  table: string;
  row: string;
  column: string | null;
  reason: string;
  by: string | null;
  at: string | null;
}

export interface UndoState {
  restored: number;
  skipped: Skipped[];
  skippedCount: number;
}

export interface UndoTarget {
  /** The act whose records are inverted: the root itself, or its last undo or redo. */
  act: number;
  root: number;
  title: string;
  sign: 1 | -1;
  rootUid: string;
}

const listLimit = 200;

/** Interned rows are shared by feature and hash; an undo removes links to them, not the value (`cameAlong` tells when). */
const interned = new Set(['lamindb_jsonvalue']);

/**
 * A purge took bytes with it; without the row of this device nothing could be stored; a branch out of a file is closed; what
 * followed from others' acts (`settle`) follows from them again.
 */
const final = "'purge', 'device', 'bundle', 'settle'";

type Who = Pick<Author, 'userId' | 'branchId'>;

/** What Ctrl Z would undo: the newest act on this branch that stands and is not final. */
export function* undoTarget({ userId, branchId }: Who): Steps<UndoTarget | null> {
  const row = yield* one(
    `SELECT coalesce(last, id), id, title, uid FROM loam_act
     WHERE root = id AND status = 'done' AND kind NOT IN (${final}) AND undone IS NULL AND user_id = ? AND branch_id = ? ORDER BY id DESC LIMIT 1`,
    [userId, branchId],
  );
  return row ? target(row, -1) : null;
}

/** What redo would bring back: the act undone last, unless something new was done since. */
export function* redoTarget({ userId, branchId }: Who): Steps<UndoTarget | null> {
  const row = yield* one(
    `SELECT a.undone, a.id, a.title, a.uid FROM loam_act a
     WHERE a.root = a.id AND a.status = 'done' AND a.undone IS NOT NULL AND a.user_id = ?1 AND a.branch_id = ?2
       AND a.undone > coalesce((SELECT max(id) FROM loam_act WHERE root = id AND user_id = ?1 AND branch_id = ?2), 0)
     ORDER BY a.undone DESC LIMIT 1`,
    [userId, branchId],
  );
  return row ? target(row, 1) : null;
}

export function* undoTargetOf(uid: string, { branchId }: Pick<Author, 'branchId'>): Steps<UndoTarget | null> {
  yield* refuseElsewhere(uid, branchId);
  const row = yield* one(
    `SELECT coalesce(last, id), id, title, uid FROM loam_act WHERE uid = ? AND root = id AND status = 'done' AND kind NOT IN (${final}) AND undone IS NULL`,
    [uid],
  );
  return row ? target(row, -1) : null;
}

/** An act is taken back on the branch that it was done on: elsewhere its rows are others. */
function* refuseElsewhere(uid: string, branch: number): Steps<void> {
  const row = yield* one(
    `SELECT b.name FROM loam_act a LEFT JOIN lamindb_branch b ON b.id = a.branch_id WHERE a.uid = ? AND a.branch_id <> ?`,
    [uid, branch],
  );
  if (!row) return;
  throw new LoamError(
    'UndoConflict',
    `This was done on the branch "${String(row[0] ?? 'unknown')}". Switch to it to undo it there.`,
    { act: uid },
  );
}

function target(row: SqlValue[], sign: 1 | -1): UndoTarget {
  return { act: Number(row[0]), root: Number(row[1]), title: String(row[2]), rootUid: String(row[3]), sign };
}

/** After the last slice: the root knows whether it stands and which act a next undo or redo has to invert. */
export function* markUndone(goal: UndoTarget, by: number): Steps<void> {
  yield* run('UPDATE loam_act SET undone = ?, last = ? WHERE id = ?', [
    goal.sign < 0 ? by : null,
    by,
    goal.root,
  ]);
}

export function createUndoState(): UndoState {
  return { restored: 0, skipped: [], skippedCount: 0 };
}

/** Inverts one record inside the running transaction. `root` names the chain whose own touches do not count. */
export function* invertRecord(
  tx: Transaction,
  recordId: number,
  root: number,
  state: UndoState,
): Steps<void> {
  const record = yield* readRecord(tx.journal, recordId);
  for (let index = record.body.o.length - 1; index >= 0; index--) {
    const operation = record.body.o[index] as Operation;
    const local = record.locals[index] as LocalPart;
    if (operation.k === 'i') yield* undoInsert(tx, record, index, operation, local, root, state);
    else if (operation.k === 'u') yield* undoUpdate(tx, record, operation, local, root, state);
    else yield* undoDelete(tx, record, operation, local, state);
  }
}

function* undoInsert(
  tx: Transaction,
  record: LogRecord,
  index: number,
  operation: Operation,
  local: LocalPart,
  root: number,
  state: UndoState,
): Steps<void> {
  const name = operation.t;
  const ids = interned.has(name) ? yield* cameAlong(tx.journal, idsOf(local), root) : idsOf(local);
  if (ids.length === 0) return;
  const touched = yield* touchedSince(tx.journal, name, ids, record.id, root, tx.author.branchId);
  for (const [id, acts] of touched) skip(state, name, id, null, 'changed since', acts[0]);
  let gone = ids.filter((id) => !touched.has(id));
  const used = new Set<number>();
  for (const child of tx.journal.model.incoming.get(name) ?? []) {
    if (gone.length === 0) break;
    for (const row of yield* childrenOf(tx, child.table, child.column, gone)) {
      if (child.table === name && gone.includes(row.id)) continue;
      if (!used.has(row.parent)) skip(state, name, row.parent, null, `used by ${child.table}`, undefined);
      used.add(row.parent);
    }
    if (used.size > 0) gone = gone.filter((id) => !used.has(id));
  }
  if (name === 'lamindb_branch')
    for (const id of [...gone]) {
      if (!(yield* hasChanges(id)) && id !== tx.author.branchId) continue;
      skip(state, name, id, null, 'has changes of its own', undefined);
      gone = gone.filter((one) => one !== id);
    }
  if (gone.length === 0) return;
  const birth: Birth = operation.w
    ? { record: operation.w[0], operation: operation.w[1] }
    : { record: record.id, operation: index };
  // What followed from others' records is no birth that anybody else knows: such rows are named by their keys.
  if (record.client === consequence) yield* remove(tx, name, gone);
  else yield* remove(tx, name, gone, birth);
  state.restored += gone.length;
}

/** Whether something is kept for a branch beside the tables; rows that it made refer to it. */
function* hasChanges(branch: number): Steps<boolean> {
  const row = yield* one(
    'SELECT EXISTS (SELECT 1 FROM loam_cell WHERE branch = ?1) OR EXISTS (SELECT 1 FROM loam_row WHERE branch = ?1)',
    [branch],
  );
  return row?.[0] === 1;
}

/** Values of a feature that came in the same act (a transfer): without the feature they are nothing, so they go with it. */
function* cameAlong(journal: Journal, ids: readonly number[], root: number): Steps<number[]> {
  const rows = yield* all(
    'SELECT id, feature_id FROM lamindb_jsonvalue WHERE id IN (SELECT value FROM json_each(?)) AND feature_id IS NOT NULL',
    [JSON.stringify(ids)],
  );
  const along = new Map<number, boolean>();
  for (const feature of new Set(rows.map((row) => Number(row[1])))) {
    const [first] = yield* recordsTouching(journal, 'lamindb_feature', [feature], 0);
    const act = first === undefined ? null : yield* actOfRecord(journal, first);
    const own = act === null ? undefined : yield* one('SELECT root FROM loam_act WHERE id = ?', [act]);
    along.set(feature, Number(own?.[0]) === root);
  }
  return rows.filter((row) => along.get(Number(row[1]))).map(([id]) => Number(id));
}

function* undoUpdate(
  tx: Transaction,
  record: LogRecord,
  operation: Operation,
  local: LocalPart,
  root: number,
  state: UndoState,
): Steps<void> {
  const name = operation.t;
  const ids = idsOf(local);
  const touched = yield* touchedSince(tx.journal, name, ids, record.id, root, tx.author.branchId);
  const present = new Set(
    (yield* all(`SELECT id FROM "${name}" WHERE id IN (SELECT value FROM json_each(?))`, [
      JSON.stringify(ids),
    ])).map((r) => Number(r[0])),
  );
  const gone = new Map<string, Set<number>>();
  for (const column of columnsOf(operation)) {
    const target = tableOf(tx.journal.model, name).column.get(column)?.references?.table;
    if (target) gone.set(column, yield* missingRows(target, [...new Set(local.pre?.[column] ?? [])]));
  }
  // Rows that keep the same set of columns are written together.
  const groups = new Map<string, { columns: string[]; at: number[] }>();
  for (const [i, id] of ids.entries()) {
    if (!present.has(id)) {
      skip(state, name, id, null, 'deleted since', undefined);
      continue;
    }
    const acts = touched.get(id) ?? [];
    const free: string[] = [];
    for (const column of columnsOf(operation)) {
      const blocker = acts.find((a) => a.columns?.has(column) ?? false);
      const old = local.pre?.[column]?.[i] ?? null;
      if (blocker) skip(state, name, id, column, 'changed since', blocker);
      else if (old !== null && gone.get(column)?.has(Number(old)))
        skip(state, name, id, column, 'refers to a row that is gone', undefined);
      else free.push(column);
    }
    if (free.length === 0) continue;
    const key = free.join();
    const group = groups.get(key);
    if (group) group.at.push(i);
    else groups.set(key, { columns: free, at: [i] });
  }
  for (const { columns, at } of groups.values()) {
    const values: Values = {};
    for (const column of columns) values[column] = at.map((i) => local.pre?.[column]?.[i] ?? null);
    const rows = at.map((i) => ids[i] ?? 0);
    state.restored += yield* attempt(tx, name, rows, state, (part, pick) =>
      update(tx, name, part, pickValues(values, pick)),
    );
  }
}

function* undoDelete(
  tx: Transaction,
  record: LogRecord,
  operation: Operation,
  local: LocalPart,
  state: UndoState,
): Steps<void> {
  const name = operation.t;
  const rows = idsOf(local);
  const birth: Birth | undefined = operation.w && { record: operation.w[0], operation: operation.w[1] };
  const born = birth ? yield* bornValues(tx, birth, rows) : ((local.pre ?? {}) as Values);
  const lost = yield* lostReferences(tx, name, rows, born);
  for (const i of lost) skip(state, name, rows[i] ?? 0, null, 'refers to a row that is gone', undefined);
  const kept = rows.flatMap((_, i) => (lost.has(i) ? [] : [i]));
  if (kept.length === 0) return;
  const ids = kept.map((i) => rows[i] ?? 0);
  const values = lost.size > 0 ? pickValues(born, kept) : born;
  state.restored += yield* attempt(tx, name, ids, state, function* (part, pick) {
    yield* reinsert(tx, name, part, pickValues(values, pick), birth);
    return part.length;
  });
}

/** Positions of rows that refer to a row deleted for good since; rows brought back together may refer to each other. */
function* lostReferences(
  tx: Transaction,
  name: string,
  ids: readonly number[],
  values: Values,
): Steps<Set<number>> {
  const lost = new Set<number>();
  const together = new Set(ids);
  for (const column of tableOf(tx.journal.model, name).columns) {
    const target = column.references?.table;
    const given = values[column.name];
    if (target === undefined || given === undefined || given === null) continue;
    const at = (i: number): SqlValue => (Array.isArray(given) ? (given[i] ?? null) : (given as SqlValue));
    const asked = new Set(Array.isArray(given) ? (given as SqlValue[]) : [given as SqlValue]);
    const missing = yield* missingRows(target, [...asked]);
    if (missing.size === 0) continue;
    for (const i of ids.keys()) {
      const value = at(i);
      if (!missing.has(Number(value)) || value === null) continue;
      if (target !== name || !together.has(Number(value))) lost.add(i);
    }
  }
  return lost;
}

/** Values of rows as their insert wrote them. */
export function* bornValues(tx: Transaction, birth: Birth, ids: readonly number[]): Steps<Values> {
  const record = yield* readRecord(tx.journal, birth.record);
  const operation = record.body.o[birth.operation] as Operation;
  const table = tableOf(tx.journal.model, operation.t);
  const position = new Map(idsOf(record.locals[birth.operation] as LocalPart).map((id, i) => [id, i]));
  const at = ids.map((id) => position.get(id) ?? -1);
  const bornAt = timeText(record.at);
  const values: Values = {};
  for (const column of table.columns) {
    if (column.name === 'id' || column.derived || column.foreign) continue;
    const list = operation.v?.[column.name];
    const constant = operation.c?.[column.name];
    let cells: RowKey[] | RowKey;
    if (list) cells = at.map((i) => list[i] ?? null);
    else if (constant !== undefined) cells = constant;
    else cells = column.type === 'datetime' && !column.nullable ? bornAt : null;
    if (column.references) {
      const found = yield* idsByKey(
        tx.journal,
        column.references.table,
        list ? (cells as RowKey[]) : [cells as RowKey],
      );
      values[column.name] = list ? found : (found[0] ?? null);
    } else values[column.name] = cells as SqlValue | SqlValue[];
  }
  return values;
}

/** All rows at once; where a unique value has been taken since, one by one, and the refused ones are listed. */
function* attempt(
  tx: Transaction,
  table: string,
  ids: number[],
  state: UndoState,
  act: (part: number[], pick: number[]) => Steps<number>,
): Steps<number> {
  const everything = ids.map((_, i) => i);
  let done = 0;
  const some = (part: number[], pick: number[]) =>
    refusalOf(tx, function* () {
      done += yield* act(part, pick);
    });
  if ((yield* some(ids, everything)) === null) return done;
  for (const [i, id] of ids.entries())
    if (yield* some([id], [i]))
      skip(state, table, id, null, 'a unique value has been taken since', undefined);
  return done;
}

function pickValues(values: Values, pick: number[]): Values {
  const out: Values = {};
  for (const [name, value] of Object.entries(values))
    out[name] = Array.isArray(value) ? pick.map((i) => value[i] as SqlValue) : value;
  return out;
}

function skip(
  state: UndoState,
  table: string,
  id: number,
  column: string | null,
  reason: string,
  by: TouchingAct | undefined,
): void {
  state.skippedCount++;
  if (state.skipped.length >= listLimit) return;
  const at = by ? new Date(by.at / 1000).toISOString() : null;
  state.skipped.push({ table, row: String(id), column, reason, by: by?.by ?? null, at });
}
