// The one applier: every change of a registry table is an insert, update or remove made here.
// It assigns ids in blocks, makes defaults explicit, checks values, walks Django's on_delete rules (they are not in
// the DDL) and logs what it did with the values it replaced. Derived columns are never logged (derived.ts).
import { LoamError } from '../errors.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, one, run, type Steps } from '../statement.ts';
import {
  cellsToFollow,
  isBranched,
  noteAdded,
  noteEdits,
  noteTaken,
  refuseFreed,
  type Edit,
} from './branch-log.ts';
import { reachOf } from './reach.ts';
import { checkValue } from './check.ts';
import { rememberCuts } from './cuts.ts';
import { beforeInsert, beforeRemove, beforeUpdate } from './facet-counters.ts';
import { dropKeys, keysOf, nullableKeys, rememberKeys, reserveIds, tableNumber, tableOf } from './journal.ts';
import { recordRows, updateRows } from './journal-tables.ts';
import { localIds, type Operation, type RowKey } from './operation.ts';
import { widenZones } from './zones.ts';
import { noteChange, noteFamily, type Transaction } from './transaction.ts';

/** A scalar holds for all rows, an array gives one value per row. */
export type Values = Record<string, SqlValue | readonly SqlValue[]>;

/** Where re-inserted rows come from: the insert that first wrote them. */
export interface Birth {
  record: number;
  operation: number;
}

/**
 * Inserts n rows and returns the first of their consecutive ids. Omitted columns get the transaction's author,
 * branch, space, run and time, else the model's default.
 */
export function* insert(tx: Transaction, name: string, n: number, values: Values): Steps<number> {
  const from = yield* reserveIds(tx.journal, name, n);
  for (let start = 0; start < n; start += recordRows) {
    const count = Math.min(recordRows, n - start);
    yield* insertBlock(tx, name, { first: from + start, count }, cut(values, start, count));
  }
  return from;
}

export function* insertOne(tx: Transaction, name: string, values: Record<string, SqlValue>): Steps<number> {
  return yield* insert(tx, name, 1, values);
}

/** Puts rows back under ids they had before (undo of a delete, redo of an insert). */
export function* reinsert(
  tx: Transaction,
  name: string,
  ids: number[],
  values: Values,
  birth?: Birth,
): Steps<void> {
  for (let start = 0; start < ids.length; start += recordRows) {
    const count = Math.min(recordRows, ids.length - start);
    yield* insertBlock(
      tx,
      name,
      { ids: ids.slice(start, start + count), count },
      cut(values, start, count),
      birth,
    );
  }
}

interface Block {
  count: number;
  first?: number;
  ids?: number[];
}

function* insertBlock(
  tx: Transaction,
  name: string,
  block: Block,
  values: Values,
  birth?: Birth,
): Steps<void> {
  const table = tableOf(tx.journal.model, name);
  for (const column of Object.keys(values)) {
    if (!table.column.has(column))
      throw new LoamError('FieldError', `${name} has no column "${column}".`, { table: name, column });
  }
  const n = block.count;
  const first = block.first ?? 0;
  const ids = block.ids ?? Array.from({ length: n }, (_, i) => first + i);
  const names: string[] = ['id'];
  const bound: (readonly SqlValue[])[] = [ids];
  const operation: Operation = { k: 'i', t: name, n };
  const constants: Record<string, RowKey> = {};
  const columns: Record<string, RowKey[]> = {};
  for (const column of table.columns) {
    if (column.name === 'id') continue;
    const given = values[column.name];
    // The file's own default fills it.
    if (column.foreign && given === undefined) continue;
    const value = given === undefined ? defaultOf(tx, table, column) : given;
    names.push(column.name);
    if (Array.isArray(value)) {
      if (!birth) for (const item of value as SqlValue[]) checkValue(table, column, item);
      bound.push(value as SqlValue[]);
      if (!birth && !column.derived) columns[column.name] = yield* logged(tx, column, value as SqlValue[]);
    } else {
      const scalar = value as SqlValue;
      if (!birth) checkValue(table, column, scalar);
      bound.push([scalar]);
      const implied = scalar === null || column.derived || (column.type === 'datetime' && scalar === tx.time);
      if (!birth && !implied) constants[column.name] = (yield* logged(tx, column, [scalar]))[0] ?? null;
    }
  }
  if (!birth && isBranched(tx, table))
    yield* refuseFreed(tx, table, new Set(Object.keys(values)), n, (column, i) => valueAt(values[column], i));
  yield* beforeInsert(tx.journal.facets, name, ids, values);
  const marks = names.map(() => '?').join(', ');
  yield* many(`INSERT INTO "${name}" (${names.map((c) => `"${c}"`).join(', ')}) VALUES (${marks})`, n, bound);
  yield* widenZones(tx.journal.zones, name, ids);
  if (isBranched(tx, table)) yield* noteAdded(tx, table, ids, block.ids !== undefined);

  if (birth) operation.w = [birth.record, birth.operation];
  if (Object.keys(constants).length > 0) operation.c = constants;
  if (Object.keys(columns).length > 0) operation.v = columns;
  if (tx.logged) tx.log.push({ operation, local: localIds(ids) });
  noteChange(tx, name, 'inserted', ids);
  tx.emptyTables.delete(name);
  noteNewFamilies(tx, table, values['uid'], n, birth !== undefined);
  const uids = values['uid'];
  if (
    !birth &&
    table.rowKey.columns.length === 1 &&
    table.rowKey.columns[0] === 'uid' &&
    block.first !== undefined
  ) {
    rememberKeys(tx.journal, name, block.first, Array.isArray(uids) ? uids : [uids as string]);
  }
}

/** A brand-new stem starts as its own latest version; anything else is marked again at commit. */
function noteNewFamilies(
  tx: Transaction,
  table: Table,
  uids: Values[string] | undefined,
  n: number,
  again: boolean,
): void {
  if (!table.versioned) return;
  for (let i = 0; i < n; i++) {
    const uid = Array.isArray(uids) ? (uids[i] as SqlValue) : (uids as SqlValue);
    if (again || (typeof uid === 'string' && !uid.endsWith('0000'))) noteFamily(tx, table.name, uid);
  }
}

/**
 * Changes the given rows; values that are equal already are not written or logged. Returns how many rows changed.
 * `updated_at` becomes the transaction's time unless given.
 */
export function* update(
  tx: Transaction,
  name: string,
  ids: readonly number[],
  values: Values,
): Steps<number> {
  let changed = 0;
  const { column } = tableOf(tx.journal.model, name);
  // Rows that swap a unique value have to be written together.
  const most = Object.keys(values).some((c) => column.get(c)?.unique) ? recordRows : updateRows;
  for (let start = 0; start < ids.length; start += most) {
    const part = ids.slice(start, start + most);
    changed += yield* updateBlock(tx, name, part, cut(values, start, part.length));
  }
  return changed;
}

/**
 * Says of rows what they have already, as an edit like any other: for values that others wrote at the same time, of which the
 * one that is shown is to stay.
 */
export function* affirm(
  tx: Transaction,
  name: string,
  ids: readonly number[],
  values: Values,
): Steps<number> {
  return yield* updateBlock(tx, name, ids, values, true);
}

function* updateBlock(
  tx: Transaction,
  name: string,
  ids: readonly number[],
  values: Values,
  anyway = false,
): Steps<number> {
  const table = tableOf(tx.journal.model, name);
  const columns = Object.keys(values).map((c) => {
    const column = table.column.get(c);
    if (!column)
      throw new LoamError('FieldError', `${name} has no column "${c}".`, { table: name, column: c });
    return column;
  });
  const branched = isBranched(tx, table);
  const stamp = branched && isStamped(table, columns) ? ', "updated_at"' : '';
  const extra = `${table.versioned ? ', "uid"' : ''}${stamp}`;
  const rows = yield* all(
    `SELECT id, ${columns.map((c) => `"${c.name}"`).join(', ')}${extra} FROM "${name}" WHERE id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(ids)],
  );
  const byId = new Map(rows.map((r) => [Number(r[0]), r]));
  const kept: number[] = [];
  const pre: SqlValue[][] = columns.map(() => []);
  const next: SqlValue[][] = columns.map(() => []);
  const stamps: SqlValue[] = [];
  for (const [i, id] of ids.entries()) {
    const row = byId.get(id);
    if (!row)
      throw new LoamError(
        'DoesNotExist',
        `${table.registry ?? name} has no row ${id}; it may have been deleted elsewhere.`,
        { table: name, id },
      );
    const fresh = columns.map((c) => valueAt(values[c.name], i));
    if (!anyway && fresh.every((v, c) => v === row[c + 1])) continue;
    kept.push(id);
    for (const [c, column] of columns.entries()) {
      checkValue(table, column, fresh[c] ?? null);
      pre[c]?.push(row[c + 1] ?? null);
      next[c]?.push(fresh[c] ?? null);
    }
    if (table.versioned) noteFamily(tx, name, row[columns.length + 1] ?? null);
    if (stamp !== '') stamps.push(row.at(-1) ?? null);
  }
  if (kept.length === 0) return 0;
  if (table.versioned && columns.some((c) => c.name === 'uid'))
    for (const uid of next[columns.findIndex((c) => c.name === 'uid')] ?? []) noteFamily(tx, name, uid);
  const keys = yield* keysOf(tx.journal, name, kept);
  const changing = Object.fromEntries(columns.map((column, c) => [column.name, next[c] ?? []]));
  yield* beforeUpdate(tx.journal.facets, name, kept, changing);
  const edits: Edit[] = [];
  if (branched) {
    for (const [c, column] of columns.entries())
      if (!column.derived) edits.push({ column: column.name, pre: pre[c] ?? [], next: next[c] ?? [] });
    if (stamp !== '') edits.push({ column: 'updated_at', pre: stamps, next: stamps.map(() => tx.time) });
    const fresh = new Map(columns.map((column, c) => [column.name, next[c] ?? []]));
    yield* refuseFreed(
      tx,
      table,
      new Set(fresh.keys()),
      kept.length,
      (name, i) => fresh.get(name)?.[i],
      kept,
    );
    yield* noteEdits(tx, table, kept, edits);
  }
  yield* write(tx, table, kept, columns, next);
  if (branched)
    for (const { id, column, value } of yield* cellsToFollow(tx, table, kept, edits))
      yield* run(`UPDATE "${name}" SET "${column}" = ? WHERE id = ?`, [value, id]);
  yield* widenZones(tx.journal.zones, name, kept, [...Object.keys(changing), 'updated_at']);

  const operation: Operation = { k: 'u', t: name, n: kept.length, r: keys };
  const local: Record<string, SqlValue[]> = {};
  for (const [c, column] of columns.entries()) {
    if (column.derived || column.name === 'updated_at') continue;
    const shown = yield* logged(tx, column, next[c] ?? []);
    const same = shown.every((v) => v === shown[0]) && shown.length > 1 && typeof shown[0] !== 'object';
    if (same) (operation.c ??= {})[column.name] = shown[0] ?? null;
    else (operation.v ??= {})[column.name] = shown;
    local[column.name] = pre[c] ?? [];
  }
  if (tx.logged) tx.log.push({ operation, local: { ...localIds(kept), pre: local } });
  noteChange(tx, name, 'updated', kept);
  if (columns.some((c) => table.rowKey.columns.includes(c.name))) dropKeys(tx.journal);
  return kept.length;
}

/** `updated_at` becomes the transaction's time. */
const isStamped = (table: Table, columns: readonly Column[]): boolean =>
  table.column.has('updated_at') && !columns.some((c) => c.name === 'updated_at');

function* write(
  tx: Transaction,
  table: Table,
  ids: number[],
  columns: Column[],
  next: SqlValue[][],
): Steps<void> {
  const stamped = isStamped(table, columns);
  const sets = columns.map((c) => `"${c.name}" = ?`);
  const bound: (readonly SqlValue[])[] = [...next];
  if (stamped) {
    sets.push('"updated_at" = ?');
    bound.push([tx.time]);
  }
  // Two rows that swap a unique value collide inside one UPDATE; parked values first, then the real ones.
  const unique = columns.filter((c) => c.unique && c.type !== 'integer');
  if (unique.length > 0 && ids.length > 1) {
    const parked = unique.map(() => ids.map((id) => `\u0001${id}`));
    yield* many(
      `UPDATE "${table.name}" SET ${unique.map((c) => `"${c.name}" = ?`).join(', ')} WHERE id = ?`,
      ids.length,
      [...parked, ids],
    );
  }
  yield* many(`UPDATE "${table.name}" SET ${sets.join(', ')} WHERE id = ?`, ids.length, [...bound, ids]);
}

/**
 * Deletes rows for good, children first: CASCADE children go too (logged as their own operations),
 * PROTECT children stop it with `ProtectedError`.
 */
export function* remove(tx: Transaction, name: string, ids: readonly number[], birth?: Birth): Steps<void> {
  for (let start = 0; start < ids.length; start += recordRows) {
    const part = ids.slice(start, start + recordRows);
    if (!birth) yield* removeChildren(tx, name, part);
    yield* removeBlock(tx, name, part, birth);
  }
}

/**
 * Deletes rows for good without looking at rows that refer to them: for callers that have walked Django's rules over all
 * tables at once and delete every row of that walk (registry/purge.ts).
 */
export function* removeWalked(tx: Transaction, name: string, ids: readonly number[]): Steps<void> {
  for (let start = 0; start < ids.length; start += recordRows)
    yield* removeBlock(tx, name, ids.slice(start, start + recordRows));
}

function* removeBlock(tx: Transaction, name: string, ids: readonly number[], birth?: Birth): Steps<void> {
  const table = tableOf(tx.journal.model, name);
  const columns = table.columns.filter((c) => c.name !== 'id' && !c.derived);
  // Rows as born need no values: their insert still holds them. Only families need their uids.
  const wanted = birth ? columns.filter((c) => table.versioned && c.name === 'uid') : columns;
  const json = JSON.stringify(ids);
  const rows =
    wanted.length > 0 || !birth
      ? yield* all(
          `SELECT id${wanted.map((c) => `, "${c.name}"`).join('')} FROM "${name}" WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
          [json],
        )
      : null;
  const found = rows ? rows.map((r) => Number(r[0])) : [...ids];
  if (found.length === 0) return;
  if (table.versioned && rows) {
    const at = wanted.findIndex((c) => c.name === 'uid') + 1;
    for (const row of rows) noteFamily(tx, name, row[at] ?? null);
  }
  const operation: Operation = { k: 'd', t: name, n: found.length };
  const local = localIds(found);
  if (birth) operation.w = [birth.record, birth.operation];
  else operation.r = yield* keysOf(tx.journal, name, found);
  const pre: Record<string, SqlValue[]> = {};
  if (!birth && rows)
    for (const [c, column] of columns.entries()) pre[column.name] = rows.map((r) => r[c + 1] ?? null);
  if (isBranched(tx, table)) yield* noteTaken(tx, table, found, birth ? null : pre);
  const first = found[0] ?? 0;
  yield* beforeRemove(tx.journal.facets, name, found);
  if (local.contiguous)
    yield* many(`DELETE FROM "${name}" WHERE id BETWEEN ? AND ?`, 1, [[first], [first + found.length - 1]]);
  else yield* many(`DELETE FROM "${name}" WHERE id = ?`, found.length, [found]);
  if (tx.logged) tx.log.push({ operation, local: birth ? local : { ...local, pre } });
  // An undone insert leaves no trace of its own: redo is the way back to it. A row that comes back keeps its id and so
  // its trace, which counts again once it is deleted again.
  if (!birth && isNamed(table)) yield* rememberGone(tx, name, pre['uid'] ?? [], found);
  if (!birth && tx.logged) yield* rememberCuts(tx.journal, table, found, pre);
  noteChange(tx, name, 'deleted', found);
  const cache = tx.journal.keys.get(name);
  if (cache) for (const id of found) cache.delete(id);
}

/** Rows of this table are named by a uid of their own. */
const isNamed = (table: Table): boolean =>
  table.rowKey.columns.length === 1 && table.rowKey.columns[0] === 'uid';

function* rememberGone(tx: Transaction, name: string, uids: SqlValue[], ids: number[]): Steps<void> {
  const tab = yield* tableNumber(tx.journal, name);
  yield* many('INSERT OR REPLACE INTO loam_gone(tab, key, id) VALUES (?, ?, ?)', ids.length, [
    [tab],
    uids,
    ids,
  ]);
}

function* removeChildren(tx: Transaction, name: string, ids: readonly number[]): Steps<void> {
  for (const child of tx.journal.model.incoming.get(name) ?? []) {
    const found = yield* childrenOf(tx, child.table, child.column, ids);
    if (found.length === 0) continue;
    if (child.onDelete === 'PROTECT') {
      const registry = tx.journal.model.tables.get(child.table)?.registry ?? child.table;
      throw new LoamError(
        'ProtectedError',
        `Cannot delete: ${found.length} ${registry} ${found.length === 1 ? 'row refers' : 'rows refer'} to it. Remove those first.`,
        { table: name, usedBy: child.table, column: child.column, count: found.length },
      );
    }
    yield* remove(
      tx,
      child.table,
      found.map((row) => row.id),
    );
  }
}

/** Rows of a child table that point to one of the ids. Tables without rows are remembered per transaction. */
export function* childrenOf(
  tx: Transaction,
  table: string,
  column: string,
  ids: readonly number[],
): Steps<{ id: number; parent: number }[]> {
  if (tx.emptyTables.has(table)) return [];
  const any = yield* one(`SELECT 1 FROM "${table}" LIMIT 1`);
  if (!any) {
    tx.emptyTables.add(table);
    return [];
  }
  const compact = localIds([...ids]);
  const first = ids[0] ?? 0;
  const rows = compact.contiguous
    ? yield* all(`SELECT id, "${column}" FROM "${table}" WHERE "${column}" BETWEEN ? AND ?`, [
        first,
        first + ids.length - 1,
      ])
    : yield* all(
        `SELECT id, "${column}" FROM "${table}" WHERE "${column}" IN (SELECT value FROM json_each(?))`,
        [JSON.stringify(ids)],
      );
  return rows.map((r) => ({ id: Number(r[0]), parent: Number(r[1]) }));
}

/** What LaminDB (Django) would fill in, made explicit so that two peers never fill in two values. */
function defaultOf(tx: Transaction, table: Table, column: Column): SqlValue {
  switch (column.name) {
    case 'created_by_id':
      return tx.author.userId;
    case 'branch_id':
      if (column.nullable || table.name === 'lamindb_branchblock') return null;
      return reachOf(table) === 'shared' ? 1 : tx.author.branchId;
    case 'created_on_id':
      return reachOf(table) === 'shared' ? 1 : tx.author.branchId;
    case 'space_id':
      return table.name === 'lamindb_spaceblock' ? null : tx.author.spaceId;
    case 'run_id':
      return column.nullable ? tx.runId : null;
  }
  if (column.derived) return 1;
  if (column.ddlDefault === 'now' || column.name === 'created_at' || column.name === 'updated_at')
    return tx.time;
  if (column.appDefault !== undefined) return column.appDefault;
  // Python writes SQL NULL where the DDL default is JSON `null`.
  if (column.type === 'json' && column.nullable) return null;
  return column.ddlDefault ?? null;
}

/** References are logged by row key, everything else as it is. */
function* logged(tx: Transaction, column: Column, values: readonly SqlValue[]): Steps<RowKey[]> {
  if (!column.references) return values as RowKey[];
  return yield* nullableKeys(tx.journal, column.references.table, values);
}

function valueAt(value: SqlValue | readonly SqlValue[] | undefined, i: number): SqlValue {
  if (Array.isArray(value)) return (value as SqlValue[])[i] ?? null;
  return (value as SqlValue | undefined) ?? null;
}

function cut(values: Values, start: number, count: number): Values {
  const out: Values = {};
  for (const [name, value] of Object.entries(values)) {
    out[name] =
      Array.isArray(value) && (start > 0 || value.length > count) ? value.slice(start, start + count) : value;
  }
  return out;
}
