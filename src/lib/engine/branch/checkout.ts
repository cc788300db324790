// Which branch the tables show. To switch is to put back what the parent has, one branch after the other down to where the
// two ways part, and to put in what the other branch has, in one transaction: cells, rows without a branch of their own, and
// which version is the latest. The cost follows the changes. What cannot be put in (a row it refers to is gone, a unique
// value is taken by now) is held back: it stays with its branch, and a check of the branch tells of it.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, one, run, type Steps } from '../statement.ts';
import { refusalOf } from '../write/attempt.ts';
import { atomically } from '../write/commit.ts';
import { reachOf } from '../write/reach.ts';
import { markLatest } from '../write/derived.ts';
import { putRows, setCells, takeRows } from '../write/exchange.ts';
import { dropKeys, missingRows, tableOf, type Journal } from '../write/journal.ts';
import { checkedOut, mainBranch, seenFrom } from '../write/seen.ts';
import { noteFamily, type Author, type TableChange, type Transaction } from '../write/transaction.ts';
import { keptText, pickRows, readKept, valuesOf, type KeptRows } from '../write/kept-rows.ts';

/** In a transaction of its own. Gives what changed in the tables. */
export function* switchTo(journal: Journal, author: Author, branch: number): Steps<TableChange[]> {
  const before = { ...author };
  try {
    return yield* atomically(journal, author, function* (tx) {
      yield* checkOut(tx, branch);
      return [...tx.changes.values()];
    });
  } catch (error) {
    Object.assign(author, before);
    throw error;
  }
}

/** Within the running transaction; its author is on the other branch from here on. */
export function* checkOut(tx: Transaction, branch: number): Steps<void> {
  const { author, journal } = tx;
  if (author.branchId === branch) return;
  const row = yield* one('SELECT uid FROM lamindb_branch WHERE id = ?', [branch]);
  if (!row || branch < mainBranch)
    throw new LoamError('DoesNotExist', `There is no branch ${branch} to switch to.`, { branch });
  const seen = yield* seenFrom(branch);
  const leaving = author.visible.filter((id) => !seen.visible.includes(id));
  const entering = seen.visible.filter((id) => !author.visible.includes(id)).reverse();
  for (const id of leaving) yield* leave(tx, id);
  for (const id of entering) yield* enter(tx, id);
  for (const id of [...leaving, ...entering]) yield* noteVersions(tx, id);
  Object.assign(author, { branchId: branch, branchUid: String(row[0]), ...seen });
  yield* markLatest(tx);
  // Rows may be named by columns that have other values now.
  dropKeys(journal);
  if (branch === mainBranch) yield* run('DELETE FROM loam_setting WHERE name = ?', [checkedOut]);
  else
    yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
      checkedOut,
      String(branch),
    ]);
}

/** Families that have versions of the branch beside others: their latest is another one without it. */
function* noteVersions(tx: Transaction, branch: number): Steps<void> {
  for (const table of tx.journal.model.tables.values()) {
    if (!table.versioned || reachOf(table) !== 'placed') continue;
    const rows = yield* all(`SELECT uid FROM "${table.name}" WHERE branch_id = ? AND uid NOT LIKE '%0000'`, [
      branch,
    ]);
    for (const [uid] of rows) noteFamily(tx, table.name, uid ?? null);
  }
}

interface Cell {
  id: number;
  col: string;
  other: SqlValue;
}

function* tablesOf(
  tx: Transaction,
  kept: 'loam_cell' | 'loam_row',
  branch: number,
): Steps<{ tab: number; table: Table }[]> {
  const rows = yield* all(
    `SELECT t.id, t.name FROM loam_table t WHERE EXISTS (SELECT 1 FROM ${kept} c WHERE c.branch = ? AND c.tab = t.id)`,
    [branch],
  );
  return rows.map(([tab, name]) => ({ tab: Number(tab), table: tableOf(tx.journal.model, String(name)) }));
}

/* ---------- leaving ---------- */

function* leave(tx: Transaction, branch: number): Steps<void> {
  const loose = yield* tablesOf(tx, 'loam_row', branch);
  for (const { tab, table } of loose) {
    const ids = yield* rowIds(branch, tab, 1);
    if (ids.length === 0) continue;
    const rows = yield* valuesOf(table, ids);
    yield* keepValues(branch, tab, rows.ids, rows);
    yield* takeRows(tx, table, rows.ids);
  }
  for (const { tab, table } of yield* tablesOf(tx, 'loam_cell', branch))
    yield* exchange(tx, table, tab, branch, false);
  for (const { tab, table } of loose) {
    const rows = yield* keptRows(branch, tab, -1);
    // What they were stays known, for the case that the parent takes them out, too.
    if (rows.ids.length > 0) yield* putRows(tx, table, rows.ids, rows.columns, rows.values);
  }
  for (const kept of ['loam_cell', 'loam_row'])
    yield* run(`UPDATE ${kept} SET held = 0 WHERE branch = ? AND held = 1`, [branch]);
}

/* ---------- entering ---------- */

function* enter(tx: Transaction, branch: number): Steps<void> {
  const loose = yield* tablesOf(tx, 'loam_row', branch);
  for (const { tab, table } of loose) {
    const ids = yield* rowIds(branch, tab, -1);
    if (ids.length === 0) continue;
    const rows = yield* valuesOf(table, ids);
    yield* keepValues(branch, tab, rows.ids, rows);
    if (rows.ids.length < ids.length) yield* hold(branch, tab, without(ids, rows.ids));
    yield* takeRows(tx, table, rows.ids);
  }
  for (const { tab, table } of yield* tablesOf(tx, 'loam_cell', branch))
    yield* exchange(tx, table, tab, branch, true);
  for (const { tab, table } of loose) {
    const rows = yield* keptRows(branch, tab, 1);
    if (rows.ids.length === 0) continue;
    const dangling = yield* danglingRows(table, rows);
    const there = pickRows(rows, (id) => !dangling.has(id));
    const refused = yield* putWhatFits(tx, table, there);
    yield* hold(branch, tab, [...dangling, ...refused]);
    const out = new Set([...dangling, ...refused]);
    yield* keepValues(
      branch,
      tab,
      there.ids.filter((id) => !out.has(id)),
      null,
    );
  }
}

/**
 * Cells of the branch and of its parent change places. Entering, what refers to a row that is gone or would take a unique
 * value twice is held back; leaving, the parent's values fitted before.
 */
function* exchange(
  tx: Transaction,
  table: Table,
  tab: number,
  branch: number,
  entering: boolean,
): Steps<void> {
  const rows = yield* all(
    'SELECT id, col, other FROM loam_cell WHERE branch = ? AND tab = ? AND held = 0 ORDER BY id, col',
    [branch, tab],
  );
  const lost = entering ? yield* danglingCells(table, rows) : new Set<string>();
  const groups = new Map<string, { columns: string[]; ids: number[]; values: SqlValue[][] }>();
  let at = 0;
  while (at < rows.length) {
    const id = Number(rows[at]?.[0]);
    const cells: Cell[] = [];
    for (; at < rows.length && Number(rows[at]?.[0]) === id; at++) {
      const col = String(rows[at]?.[1]);
      if (lost.has(`${id} ${col}`)) continue;
      cells.push({ id, col, other: rows[at]?.[2] ?? null });
    }
    if (cells.length === 0) continue;
    const columns = cells.map(({ col }) => col);
    const key = columns.join(' ');
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { columns, ids: [], values: columns.map(() => []) }));
    group.ids.push(id);
    for (const [c, { other }] of cells.entries()) group.values[c]?.push(other);
  }
  for (const group of groups.values()) yield* exchangeGroup(tx, table, tab, branch, group, entering);
  for (const name of lost) {
    const [id, col] = name.split(' ');
    yield* run('UPDATE loam_cell SET held = 1 WHERE branch = ? AND tab = ? AND id = ? AND col = ?', [
      branch,
      tab,
      Number(id),
      col ?? '',
    ]);
  }
}

function* exchangeGroup(
  tx: Transaction,
  table: Table,
  tab: number,
  branch: number,
  group: { columns: string[]; ids: number[]; values: SqlValue[][] },
  entering: boolean,
): Steps<void> {
  const { columns, ids, values } = group;
  const found = new Set(
    (yield* all(`SELECT id FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`, [
      JSON.stringify(ids),
    ])).map(([id]) => Number(id)),
  );
  const at = ids.flatMap((id, i) => (found.has(id) ? [i] : []));
  const pick = (which: readonly number[]) => ({
    ids: which.map((i) => ids[i] ?? 0),
    values: values.map((list) => which.map((i) => list[i] ?? null)),
  });
  /** What the table has goes beside it, by one statement, then what was read from there into the table. */
  function* swap(some: ReturnType<typeof pick>): Steps<void> {
    yield* run(
      `UPDATE loam_cell SET other = CASE col ${columns.map((c) => `WHEN '${c}' THEN t."${c}"`).join(' ')} END
         FROM "${table.name}" t WHERE t.id = loam_cell.id AND loam_cell.branch = ?1 AND loam_cell.tab = ?2
           AND loam_cell.id IN (SELECT value FROM json_each(?3)) AND loam_cell.col IN (SELECT value FROM json_each(?4))`,
      [branch, tab, JSON.stringify(some.ids), JSON.stringify(columns)],
    );
    yield* setCells(tx, table, some.ids, columns, some.values);
  }
  const whole = pick(at);
  let done = at;
  if (yield* refusalOf(tx, () => swap(whole))) {
    done = [];
    for (const i of at) if (!(yield* refusalOf(tx, () => swap(pick([i]))))) done.push(i);
  }
  const out = without(
    ids,
    done.map((i) => ids[i] ?? 0),
  );
  if (!entering || out.length === 0) return;
  yield* run(
    `UPDATE loam_cell SET held = 1 WHERE branch = ? AND tab = ? AND id IN (SELECT value FROM json_each(?))
       AND col IN (SELECT value FROM json_each(?))`,
    [branch, tab, JSON.stringify(out), JSON.stringify(columns)],
  );
}

/* ---------- what does not fit ---------- */

/** Puts rows in, all at once where they fit; gives the ids of those that a unique value keeps out. */
function* putWhatFits(tx: Transaction, table: Table, rows: KeptRows): Steps<number[]> {
  if (rows.ids.length === 0) return [];
  if (!(yield* refusalOf(tx, () => putRows(tx, table, rows.ids, rows.columns, rows.values)))) return [];
  const refused: number[] = [];
  for (const id of rows.ids) {
    const single = pickRows(rows, (other) => other === id);
    if (yield* refusalOf(tx, () => putRows(tx, table, single.ids, single.columns, single.values)))
      refused.push(id);
  }
  return refused;
}

/** Cells (`id column`) that refer to rows that are gone. */
function* danglingCells(table: Table, rows: readonly SqlValue[][]): Steps<Set<string>> {
  const lost = new Set<string>();
  for (const column of table.columns) {
    if (!column.references) continue;
    const cells = rows.filter((row) => row[1] === column.name);
    const missing = yield* missingRows(
      column.references.table,
      cells.map((row) => row[2] ?? null),
    );
    if (missing.size === 0) continue;
    for (const [id, , other] of cells)
      if (other !== null && missing.has(Number(other))) lost.add(`${String(id)} ${column.name}`);
  }
  return lost;
}

export function* danglingRows(table: Table, rows: KeptRows): Steps<Set<number>> {
  const lost = new Set<number>();
  for (const [c, name] of rows.columns.entries()) {
    const target = table.column.get(name)?.references?.table;
    if (!target) continue;
    const missing = yield* missingRows(target, rows.values[c] ?? []);
    if (missing.size === 0) continue;
    for (const [i, id] of rows.ids.entries()) {
      const value = rows.values[c]?.[i] ?? null;
      if (value !== null && missing.has(Number(value))) lost.add(id);
    }
  }
  return lost;
}

/* ---------- rows that are kept ---------- */

function* rowIds(branch: number, tab: number, kind: 1 | -1): Steps<number[]> {
  const rows = yield* all(
    'SELECT id FROM loam_row WHERE branch = ? AND tab = ? AND kind = ? AND held = 0 ORDER BY id',
    [branch, tab, kind],
  );
  return rows.map(([id]) => Number(id));
}

function* keepValues(
  branch: number,
  tab: number,
  ids: readonly number[],
  rows: KeptRows | null,
): Steps<void> {
  const texts =
    rows &&
    ids.map((_, i) =>
      keptText(
        rows.columns,
        rows.values.map((list) => list[i] ?? null),
      ),
    );
  yield* many('UPDATE loam_row SET vals = ? WHERE branch = ? AND tab = ? AND id = ?', ids.length, [
    texts ?? [null],
    [branch],
    [tab],
    ids,
  ]);
}

function* keptRows(branch: number, tab: number, kind: 1 | -1): Steps<KeptRows> {
  return readKept(
    yield* all(
      'SELECT id, vals FROM loam_row WHERE branch = ? AND tab = ? AND kind = ? AND held = 0 ORDER BY id',
      [branch, tab, kind],
    ),
  );
}

function* hold(branch: number, tab: number, ids: readonly number[]): Steps<void> {
  if (ids.length === 0) return;
  yield* run(
    'UPDATE loam_row SET held = 1 WHERE branch = ? AND tab = ? AND id IN (SELECT value FROM json_each(?))',
    [branch, tab, JSON.stringify(ids)],
  );
}

const without = (ids: readonly number[], some: readonly number[]): number[] => {
  const known = new Set(some);
  return ids.filter((id) => !known.has(id));
};
