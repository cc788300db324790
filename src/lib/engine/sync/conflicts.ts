// Writes of one cell of which none saw the other: all of them are kept, one is shown. A later write of anybody who had seen
// them settles it. Bookkeeping (who made a row, and when) is no matter for people to decide.
import type { Table } from '../model/types.ts';
import { all, many, run, type Steps } from '../statement.ts';
import { keysOf, tableNumber, tableOf, type Journal } from '../write/journal.ts';
import { consequence, fromJsonText, idsOf, jsonText, type RowKey } from '../write/operation.ts';
import { readRecord } from '../write/packs.ts';
import { recordsTouching } from '../write/touch.ts';
import type { Folded } from './fold.ts';
import { branchOf, enqueueOn, type Settling } from './settling.ts';

const bookkeeping = new Set([
  'uid',
  'created_at',
  'created_by_id',
  'created_on_id',
  'run_id',
  'updated_at',
  'space_id',
]);

/** Notes the conflicts of a row as its facts have them now; none where it is not there. */
export function* keepConflicts(
  settling: Settling,
  table: Table,
  id: number,
  folded: Folded | null,
): Steps<void> {
  const open = [...(folded?.cells ?? [])].flatMap(([column, { heads }]) => {
    if (heads.length < 2 || bookkeeping.has(column) || table.rowKey.columns.includes(column)) return [];
    const said = heads.filter(({ floor, value }) => !floor || value !== null);
    if (new Set(said.map(({ value }) => jsonText(value))).size < 2) return [];
    return said.map((head, i) => ({ column, head, shown: Number(i === 0) }));
  });
  if (!settling.conflicts && open.length === 0) return;
  const { tx } = settling;
  const tab = yield* tableNumber(tx.journal, table.name);
  const branch = branchOf(tx, table);
  yield* run('DELETE FROM loam_conflict WHERE branch = ? AND tab = ? AND id = ?', [branch, tab, id]);
  if (open.length === 0) return;
  settling.conflicts = true;
  yield* many(
    'INSERT INTO loam_conflict(branch, tab, id, col, client, clock, rec, shown, value, author, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    open.length,
    [
      [branch],
      [tab],
      [id],
      open.map(({ column }) => column),
      open.map(({ head }) => head.fact.client),
      open.map(({ head }) => head.fact.clock),
      open.map(({ head }) => head.fact.rec),
      open.map(({ shown }) => shown),
      open.map(({ head }) => jsonText(head.value)),
      open.map(({ head }) => head.fact.author),
      open.map(({ head }) => head.fact.at),
    ],
  );
}

/** Rows of the table, among these, in which several wrote at once. */
export function* conflictsAmong(
  settling: Settling,
  table: Table,
  ids: readonly number[],
): Steps<Set<number>> {
  if (!settling.conflicts) return new Set();
  const { tx } = settling;
  const rows = yield* all(
    'SELECT DISTINCT id FROM loam_conflict WHERE branch = ? AND tab = ? AND id IN (SELECT value FROM json_each(?))',
    [branchOf(tx, table), yield* tableNumber(tx.journal, table.name), JSON.stringify(ids)],
  );
  return new Set(rows.map(([id]) => Number(id)));
}

/** Rows that go take the conflicts with them that are open about them on other branches. */
export function* settleConflictsElsewhere(
  settling: Settling,
  table: Table,
  ids: readonly number[],
): Steps<void> {
  if (!settling.conflicts) return;
  const { tx } = settling;
  const rows = yield* all(
    'SELECT DISTINCT branch, id FROM loam_conflict WHERE tab = ? AND branch <> ? AND id IN (SELECT value FROM json_each(?))',
    [yield* tableNumber(tx.journal, table.name), tx.author.branchId, JSON.stringify(ids)],
  );
  for (const [branch, id] of rows) enqueueOn(settling, Number(branch), table, Number(id));
}

/** One of the writes of a cell that did not see each other. References are row keys. */
export interface ConflictingValue {
  /** Place of the record that wrote it. */
  client: number;
  clock: number;
  value: RowKey;
  /** Uid of the user. */
  author: string;
  /** Microseconds. */
  at: number;
  shown: boolean;
}

export interface SyncConflict {
  table: string;
  id: number;
  /** Row key as it is now. */
  row: RowKey;
  column: string;
  values: ConflictingValue[];
}

/** A row, or a cell of it, that is kept out of the tables. */
export interface KeptOut {
  table: string;
  id: number;
  column: string;
  /** `missing`: it refers to a row that is not there; `taken`: another row has its unique value. */
  reason: 'missing' | 'taken';
  whole: boolean;
  onTable: string;
  onId: number;
}

/** Open conflicts on the checked-out branch; one that somebody here has settled since is none, even before the next records come. */
export function* openConflicts(journal: Journal, branch: number): Steps<SyncConflict[]> {
  const rows = yield* all(
    `SELECT t.name, c.id, c.col, c.value, c.author, c.at, c.shown, c.rec, c.client, c.clock FROM loam_conflict c JOIN loam_table t ON t.id = c.tab
     WHERE c.branch IN (0, ?) ORDER BY t.name, c.id, c.col, c.shown DESC, c.at DESC, c.client`,
    [branch],
  );
  const found = new Map<string, SyncConflict & { newest: number }>();
  for (const [table, id, column, value, author, at, shown, rec, client, clock] of rows) {
    const key = `${String(table)} ${String(id)} ${String(column)}`;
    let conflict = found.get(key);
    if (!conflict)
      found.set(
        key,
        (conflict = {
          table: String(table),
          id: Number(id),
          row: null,
          column: String(column),
          values: [],
          newest: 0,
        }),
      );
    conflict.newest = Math.max(conflict.newest, Number(rec));
    conflict.values.push({
      client: Number(client),
      clock: Number(clock),
      value: fromJsonText<RowKey>(String(value)),
      author: String(author),
      at: Number(at),
      shown: shown === 1,
    });
  }
  const open: SyncConflict[] = [];
  for (const { newest, ...conflict } of found.values()) {
    if (yield* wroteSince(journal, conflict, newest)) continue;
    open.push({ ...conflict, row: (yield* keysOf(journal, conflict.table, [conflict.id]))[0] ?? null });
  }
  return open;
}

function* wroteSince(journal: Journal, { table, id, column }: SyncConflict, since: number): Steps<boolean> {
  for (const rec of yield* recordsTouching(journal, table, [id], since)) {
    const { client, body, locals } = yield* readRecord(journal, rec);
    if (client === consequence) continue;
    for (const [i, { k, t, c, v }] of body.o.entries())
      if (t === table && (k !== 'u' || column in (c ?? {}) || column in (v ?? {})))
        if (idsOf(locals[i] ?? { ids: [], contiguous: false }).includes(id)) return true;
  }
  return false;
}

/** What is kept out of the tables of the checked-out branch, and why. */
export function* keptOut(journal: Journal, branch: number): Steps<KeptOut[]> {
  const rows = yield* all(
    `SELECT t.name, w.id, w.col, w.reason, w.whole, o.name, w.on_id FROM loam_wait w
     JOIN loam_table t ON t.id = w.tab JOIN loam_table o ON o.id = w.on_tab WHERE w.branch IN (0, ?) ORDER BY 1, 2, 3`,
    [branch],
  );
  return rows.map(([table, id, column, reason, whole, onTable, onId]) => ({
    table: tableOf(journal.model, String(table)).name,
    id: Number(id),
    column: String(column),
    reason: reason === 'taken' ? 'taken' : 'missing',
    whole: whole === 1,
    onTable: String(onTable),
    onId: Number(onId),
  }));
}
