// What a row was before anybody shared it, where refused records had changed it: their effects are in the tables, and no fact
// tells what was there before. The history does; on another branch than main, what is kept for the branch does.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, run, type Steps } from '../statement.ts';
import { timeText } from '../time.ts';
import { isBranched } from '../write/branch-log.ts';
import { tableNumber } from '../write/journal.ts';
import { readKept } from '../write/kept-rows.ts';
import type { LocalPart } from '../write/operation.ts';
import { idsOf } from '../write/operation.ts';
import { readRecord } from '../write/packs.ts';
import { reachOf } from '../write/reach.ts';
import { recordsTouching } from '../write/touch.ts';
import { bornValues } from '../write/undo.ts';
import type { Folded } from './fold.ts';
import type { Settling } from './settling.ts';
import { groundOf } from './waits.ts';

export interface Ground {
  /** Null: there was no such row. */
  values: Map<string, SqlValue> | null;
  /** Cells that are the branch's no longer: they follow its parent. */
  follow: string[];
}

/** The ground of a row: as the tables and what is kept aside have it, or as it was where refused records changed it. */
export function* groundFor(
  settling: Settling,
  table: Table,
  id: number,
  now: ReadonlyMap<string, SqlValue> | null,
  folded: Folded | null,
): Steps<Ground> {
  const { uprooted } = settling;
  const values = yield* groundOf(settling, table, id, now);
  if (uprooted.size === 0 || !uprooted.has(`${table.name} ${id}`)) return { values, follow: [] };
  if (isBranched(settling.tx, table)) return yield* onBranch(settling, table, id, now, values, folded);
  return { values: yield* before(settling, table, id, values), follow: [] };
}

/** The oldest change of each cell since the database is shared says what was there. */
function* before(
  { tx, reader }: Settling,
  table: Table,
  id: number,
  values: ReadonlyMap<string, SqlValue> | null,
): Steps<Map<string, SqlValue> | null> {
  const { journal } = tx;
  const ground = new Map(values ?? []);
  const known = new Set<string>();
  const everywhere = reachOf(table) === 'shared';
  let found = values !== null;
  for (const rec of yield* recordsTouching(journal, table.name, [id], reader.base)) {
    const { body, locals } = yield* readRecord(journal, rec);
    if (!everywhere && body.b !== tx.author.branchUid) continue;
    for (const [i, { k, t, w }] of body.o.entries()) {
      const local = locals[i] as LocalPart;
      const at = t === table.name ? idsOf(local).indexOf(id) : -1;
      if (at < 0) continue;
      // Made since: there was no such row, unless an older change said so.
      if (k === 'i' && known.size === 0) return null;
      if (k === 'i') continue;
      const pre: Record<string, unknown> =
        k === 'd' && w
          ? Object.fromEntries(
              Object.entries(yield* bornValues(tx, { record: w[0], operation: w[1] }, [id])).map(
                ([name, value]) => [name, Array.isArray(value) ? value[0] : value],
              ),
            )
          : Object.fromEntries(Object.entries(local.pre ?? {}).map(([name, list]) => [name, list[at]]));
      for (const [name, value] of Object.entries(pre))
        if (!known.has(name)) {
          known.add(name);
          ground.set(name, (value ?? null) as SqlValue);
        }
      found = true;
    }
  }
  if (!found) return null;
  const stamp = yield* stampBefore(tx.journal, table, id, reader.base);
  if (stamp !== null) ground.set('updated_at', stamp);
  return ground;
}

/** Whether a row that is not in the table was there before anybody shared the database: its first change since says so. */
export function* hadGround({ tx, reader }: Settling, table: Table, id: number): Steps<boolean> {
  for (const rec of yield* recordsTouching(tx.journal, table.name, [id], reader.base)) {
    const { body, locals } = yield* readRecord(tx.journal, rec);
    for (const [i, { k, t }] of body.o.entries())
      if (t === table.name && idsOf(locals[i] as LocalPart).includes(id)) return k !== 'i';
  }
  return false;
}

/** Time of the last change before the database was shared; null where the history does not reach back to it. */
function* stampBefore(
  journal: Settling['tx']['journal'],
  table: Table,
  id: number,
  base: number,
): Steps<string | null> {
  if (!table.column.has('updated_at')) return null;
  const older = (yield* recordsTouching(journal, table.name, [id], 0)).filter((rec) => rec <= base);
  for (const rec of older.reverse()) {
    const { body, locals, at } = yield* readRecord(journal, rec);
    for (const [i, { k, t }] of body.o.entries())
      if (t === table.name && k !== 'd' && idsOf(locals[i] as LocalPart).includes(id)) return timeText(at);
  }
  return null;
}

/** On a branch the ground is what its parent has. */
function* onBranch(
  { tx }: Settling,
  table: Table,
  id: number,
  now: ReadonlyMap<string, SqlValue> | null,
  values: Map<string, SqlValue> | null,
  folded: Folded | null,
): Steps<Ground> {
  const tab = yield* tableNumber(tx.journal, table.name);
  const branch = tx.author.branchId;
  const [kept] = yield* all('SELECT kind, id, vals FROM loam_row WHERE branch = ? AND tab = ? AND id = ?', [
    branch,
    tab,
    id,
  ]);
  // A row that it alone has, and that no fact of it makes.
  if (kept?.[0] === 1) return { values: null, follow: [] };
  if (!now && kept?.[0] === -1 && !folded?.made) {
    const { columns, values: lists } = readKept([kept.slice(1)]);
    return { values: new Map(columns.map((name, c) => [name, lists[c]?.[0] ?? null])), follow: [] };
  }
  const cells = yield* all('SELECT col, other, held FROM loam_cell WHERE branch = ? AND tab = ? AND id = ?', [
    branch,
    tab,
    id,
  ]);
  const place = cells.find(([col]) => col === 'branch_id')?.[1] ?? now?.get('branch_id');
  if (reachOf(table) === 'placed' && now && place === branch) return { values: null, follow: [] };
  const ground = values && new Map(values);
  const follow: string[] = [];
  for (const [name, other, held] of cells) {
    const column = String(name);
    if (column === 'updated_at' || folded?.cells.has(column)) continue;
    follow.push(column);
    if (held === 0) ground?.set(column, other ?? null);
  }
  const stamp = cells.find(([col]) => col === 'updated_at');
  if (stamp && cells.length === follow.length + 1 && (folded?.updatedAt ?? null) === null) {
    follow.push('updated_at');
    ground?.set('updated_at', stamp[1] ?? null);
  }
  return { values: ground, follow };
}

/** They are the parent's from here on. */
export function* followParent(
  { tx }: Settling,
  table: Table,
  id: number,
  columns: readonly string[],
): Steps<void> {
  if (columns.length === 0) return;
  yield* run(
    'DELETE FROM loam_cell WHERE branch = ? AND tab = ? AND id = ? AND col IN (SELECT value FROM json_each(?))',
    [tx.author.branchId, yield* tableNumber(tx.journal, table.name), id, JSON.stringify(columns)],
  );
}
