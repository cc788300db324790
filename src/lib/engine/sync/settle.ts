// Brings one row of the tables to what all facts about it come to: it is put in, changed or taken out by the one applier.
// What rules of the tables keep out (a row it refers to is not there, another row has its unique value) is kept beside them
// and waits for that; what waits for a row that came or went is settled next. All of it follows from the facts alone.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, one, run, type Steps } from '../statement.ts';
import { childrenOf, reinsert, removeWalked, update } from '../write/apply.ts';
import { tableNumber, tableOf } from '../write/journal.ts';
import { isBranched } from '../write/branch-log.ts';
import { keptText, readKept, valuesOf } from '../write/kept-rows.ts';
import { reachOf } from '../write/reach.ts';
import { mainBranch } from '../write/seen.ts';
import type { Transaction } from '../write/transaction.ts';
import { keepConflicts } from './conflicts.ts';
import { eventsOf, type Fact } from './facts.ts';
import { compareVersions, fold, type Folded } from './fold.ts';
import { namesOf, rememberNames, rowsNamed } from './names.ts';
import { branchOf, enqueue, type Settling } from './settling.ts';

/** Settles what is in the queue, and what that leads to. */
export function* settleQueue(settling: Settling): Steps<void> {
  const { queue } = settling;
  // Each step follows from one change of a row; more than this is a circle, which no rule here can make.
  for (let left = 100_000 + queue.size * 100; queue.size > 0; left--) {
    if (left === 0) throw new Error('Rows that wait for each other do not settle.');
    const [key, { table, id }] = queue.entries().next().value as [string, { table: Table; id: number }];
    queue.delete(key);
    yield* settleRow(settling, table, id);
  }
}

/** On which branch words about the table's rows count; null: on all. */
const branchNamed = (tx: Transaction, table: Table): string | null =>
  reachOf(table) === 'shared' ? null : tx.author.branchUid;

export function* foldedRow(settling: Settling, table: Table, id: number): Steps<Folded | null> {
  const { tx, reader } = settling;
  const events = yield* eventsOf(reader, table.name, id, branchNamed(tx, table));
  return events.length === 0 ? null : fold(reader.known, table, id, events);
}

interface Wait {
  column: string;
  table: Table;
  id: number;
  reason: 'missing' | 'taken';
  /** The whole row waits, not only the cell. */
  whole: boolean;
}

export function* settleRow(settling: Settling, table: Table, id: number): Steps<void> {
  const { tx } = settling;
  const folded = yield* foldedRow(settling, table, id);
  const columns = table.columns.filter(({ name, derived, foreign }) => name !== 'id' && !derived && !foreign);
  const row = yield* one(
    `SELECT ${columns.map(({ name }) => `"${name}"`).join(', ')} FROM "${table.name}" WHERE id = ?`,
    [id],
  );
  const now = row && new Map(columns.map(({ name }, c) => [name, row[c] ?? null]));
  const ground = yield* groundOf(settling, table, id, now ?? null);
  // Nobody has told more of it than that it is meant somewhere.
  if (!ground && !folded?.made) {
    yield* keepWaits(settling, table, id, []);
    yield* keepConflicts(settling, table, id, null);
    return;
  }
  const waits: Wait[] = [];
  let wanted: Map<string, SqlValue> | null = null;
  if (folded?.alive ?? true) {
    wanted = yield* wantedValues(settling, table, folded, ground, waits);
    if (!waits.some(({ whole }) => whole))
      yield* settleUniques(settling, table, id, wanted, now ?? null, waits);
  }
  yield* keepWaits(settling, table, id, waits);
  yield* keepGround(settling, table, id, wanted && waits.length > 0 ? ground : null);
  yield* keepConflicts(settling, table, id, folded?.alive ? folded : null);
  if (!wanted || waits.some(({ whole }) => whole)) {
    if (now) yield* takeOut(settling, table, id);
    return;
  }
  if (!now) {
    yield* putBack(tx, table, id, wanted);
    yield* wake(settling, table, id);
    return;
  }
  const changed = [...wanted].filter(([name, value]) => name !== 'updated_at' && value !== now.get(name));
  const stamp = wanted.get('updated_at');
  if (changed.length > 0) {
    yield* update(tx, table.name, [id], {
      ...Object.fromEntries(changed),
      ...(stamp === undefined ? {} : { updated_at: stamp }),
    });
    yield* wake(settling, table, id);
  } else if (stamp !== undefined && stamp !== now.get('updated_at') && tx.author.branchId === mainBranch)
    // The time of a change that is not shown is no change of anybody's.
    yield* run(`UPDATE "${table.name}" SET updated_at = ? WHERE id = ?`, [stamp, id]);
}

/** A row that was made on the branch and went elsewhere (the trash) is the branch's own all the same. */
function* putBack(
  tx: Transaction,
  table: Table,
  id: number,
  wanted: ReadonlyMap<string, SqlValue>,
): Steps<void> {
  const values = Object.fromEntries(wanted);
  const place = wanted.get('branch_id') ?? null;
  const home = tx.author.branchId;
  const away = isBranched(tx, table) && wanted.get('created_on_id') === home && place !== home;
  yield* reinsert(tx, table.name, [id], away ? { ...values, branch_id: home } : values);
  if (!away) return;
  const stamp = wanted.get('updated_at');
  yield* update(tx, table.name, [id], {
    branch_id: place,
    ...(stamp === undefined ? {} : { updated_at: stamp }),
  });
}

/**
 * The values that no fact tells: those of the row itself, and for what is kept out of it those that it had before. Nothing
 * for a row that never was here.
 */
function* groundOf(
  settling: Settling,
  table: Table,
  id: number,
  now: ReadonlyMap<string, SqlValue> | null,
): Steps<Map<string, SqlValue> | null> {
  if (!settling.waits) return now && new Map(now);
  const tab = yield* tableNumber(settling.tx.journal, table.name);
  const kept = readKept(yield* all('SELECT id, vals FROM loam_hidden WHERE tab = ? AND id = ?', [tab, id]));
  if (kept.ids.length === 0) return now && new Map(now);
  const before = new Map(kept.columns.map((name, c) => [name, kept.values[c]?.[0] ?? null]));
  if (!now) return before;
  const ground = new Map(now);
  for (const [col] of yield* all('SELECT col FROM loam_wait WHERE branch = ? AND tab = ? AND id = ?', [
    branchOf(settling.tx, table),
    tab,
    id,
  ]))
    ground.set(String(col), before.get(String(col)) ?? null);
  return ground;
}

function* keepGround(
  settling: Settling,
  table: Table,
  id: number,
  ground: ReadonlyMap<string, SqlValue> | null,
): Steps<void> {
  if (!settling.waits) return;
  const tab = yield* tableNumber(settling.tx.journal, table.name);
  if (!ground) yield* run('DELETE FROM loam_hidden WHERE tab = ? AND id = ?', [tab, id]);
  else
    yield* run('INSERT OR REPLACE INTO loam_hidden(tab, id, vals) VALUES (?, ?, ?)', [
      tab,
      id,
      keptText([...ground.keys()], [...ground.values()]),
    ]);
}

/** The values that the row is to have; references to rows that are not there are empty, or the row waits for them. */
function* wantedValues(
  settling: Settling,
  table: Table,
  folded: Folded | null,
  ground: ReadonlyMap<string, SqlValue> | null,
  waits: Wait[],
): Steps<Map<string, SqlValue>> {
  const { tx } = settling;
  const wanted = new Map<string, SqlValue>();
  for (const column of table.columns) {
    const { name, references } = column;
    if (name === 'id' || column.derived || column.foreign) continue;
    const cell = folded?.cells.get(name);
    let value: SqlValue;
    if (name === 'updated_at') value = (folded?.updatedAt ?? ground?.get(name) ?? null) as SqlValue;
    else if (!cell) value = ground?.get(name) ?? null;
    else if (references && cell.value !== null)
      value =
        (yield* rowsNamed(tx.journal, tableOf(tx.journal.model, references.table), [cell.value], true))[0]
          ?.id ?? null;
    else value = cell.value as SqlValue;
    if (references && value !== null) {
      const there = yield* one(`SELECT 1 FROM "${references.table}" WHERE id = ?`, [value]);
      if (!there) {
        waits.push({
          column: name,
          table: tableOf(tx.journal.model, references.table),
          id: Number(value),
          reason: 'missing',
          whole: !column.nullable,
        });
        value = null;
      }
    }
    wanted.set(name, value);
  }
  return wanted;
}

interface UniqueSet {
  columns: string[];
  where: string | null;
  expression: string | null;
}

/** Sets of columns whose values one row alone may have. */
const uniqueSets = (table: Table): UniqueSet[] => [
  ...table.columns
    .filter(({ unique }) => unique)
    .map(({ name }) => ({ columns: [name], where: null, expression: null })),
  ...table.uniques,
];

/** Of rows that want the same value the one that was made first has it; the others go without, or wait. */
function* settleUniques(
  settling: Settling,
  table: Table,
  id: number,
  wanted: Map<string, SqlValue>,
  now: ReadonlyMap<string, SqlValue> | null,
  waits: Wait[],
): Steps<void> {
  const { tx } = settling;
  for (const { columns, where, expression } of uniqueSets(table)) {
    if (now && columns.every((name) => now.get(name) === wanted.get(name))) continue;
    const values = columns.map((name) => wanted.get(name) ?? null);
    if (values.some((value) => value === null)) continue;
    const test = expression
      ? `${expression} = lower(?)`
      : columns.map((name) => `"${name}" = ?`).join(' AND ');
    // Of partial indexes those count in which the row itself is.
    const partial = where === null ? '' : ` AND ${where}`;
    if (where !== null && !inPart(where, wanted)) continue;
    const [holder] =
      (yield* all(`SELECT id FROM "${table.name}" WHERE ${test}${partial} AND id <> ? LIMIT 1`, [
        ...values,
        id,
      ]))[0] ?? [];
    if (holder === undefined) continue;
    const other = Number(holder);
    const free = columns.find(
      (name) => table.column.get(name)?.nullable && !table.column.get(name)?.references,
    );
    if (yield* isBefore(settling, table, id, wanted, other)) {
      yield* evict(settling, table, other, free ?? columns[0] ?? '', id);
      if (free === undefined) yield* takeOut(settling, table, other);
      else yield* update(tx, table.name, [other], { [free]: null, ...(yield* sameStamp(table, other)) });
      enqueue(settling, table, other);
    } else {
      waits.push({
        column: free ?? columns[0] ?? '',
        table,
        id: other,
        reason: 'taken',
        whole: free === undefined,
      });
      if (free === undefined) return;
      wanted.set(free, null);
    }
  }
}

function* sameStamp(table: Table, id: number): Steps<Record<string, SqlValue>> {
  if (!table.column.has('updated_at')) return {};
  const row = yield* one(`SELECT updated_at FROM "${table.name}" WHERE id = ?`, [id]);
  return { updated_at: row?.[0] ?? null };
}

/** Conditions of partial indexes of the model: a column is, or is not, NULL. */
function inPart(where: string, wanted: ReadonlyMap<string, SqlValue>): boolean {
  const match = /^"(\w+)" IS (NOT )?NULL$/.exec(where);
  if (!match) return true;
  return (wanted.get(match[1] ?? '') !== null) === (match[2] !== undefined);
}

/**
 * Whether a row comes before another that has what it wants. Rows made on main come before those of branches, which are there
 * on trial; else what was there before anybody shared, then what was made first; rows of one fact by their names.
 */
function* isBefore(
  settling: Settling,
  table: Table,
  id: number,
  wanted: ReadonlyMap<string, SqlValue>,
  other: number,
): Steps<boolean> {
  if (table.column.has('created_on_id')) {
    const row = yield* one(`SELECT created_on_id FROM "${table.name}" WHERE id = ?`, [other]);
    const trial = [wanted.get('created_on_id'), row?.[0]].map((branch) => Number(branch !== mainBranch));
    if (trial[0] !== trial[1]) return (trial[0] ?? 0) < (trial[1] ?? 0);
  }
  const [x, y] = [yield* birthOf(settling, table, id), yield* birthOf(settling, table, other)];
  if (x && y) {
    const order = compareVersions(x, y);
    if (order !== 0) return order < 0;
  } else if (x || y) return x === null;
  const names = yield* namesOf(table, [other]);
  return String(wanted.get('uid') ?? '') < String(names.texts[0] ?? '');
}

/** The fact that made a row, on whichever branch. */
function* birthOf({ reader }: Settling, table: Table, id: number): Steps<Fact | null> {
  return fold(reader.known, table, id, yield* eventsOf(reader, table.name, id, null)).birth;
}

/** What another row has the better right to: until the row is settled, what it had is not to be lost. */
function* evict(settling: Settling, table: Table, id: number, column: string, by: number): Steps<void> {
  const { journal } = settling.tx;
  const rows = yield* valuesOf(table, [id]);
  const now = new Map(rows.columns.map((name, c) => [name, rows.values[c]?.[0] ?? null]));
  const ground = yield* groundOf(settling, table, id, now);
  settling.waits = true;
  yield* keepGround(settling, table, id, ground);
  const tab = yield* tableNumber(journal, table.name);
  yield* run(
    `INSERT OR REPLACE INTO loam_wait(branch, tab, id, col, on_tab, on_id, reason, whole) VALUES (?, ?, ?, ?, ?, ?, 'taken', 0)`,
    [branchOf(settling.tx, table), tab, id, column, tab, by],
  );
}

/** Out of the tables, deleted or kept aside; what leans on it is settled next. */
function* takeOut(settling: Settling, table: Table, id: number): Steps<void> {
  const { tx } = settling;
  const { journal } = tx;
  const names = yield* namesOf(table, [id]);
  yield* rememberNames(journal, table, names.ids, names.texts);
  for (const child of journal.model.incoming.get(table.name) ?? [])
    for (const row of yield* childrenOf(tx, child.table, child.column, [id]))
      enqueue(settling, tableOf(journal.model, child.table), row.id);
  yield* removeWalked(tx, table.name, [id]);
  yield* wake(settling, table, id);
}

/** What waits for this row is settled again. */
export function* wake(settling: Settling, table: Table, id: number): Steps<void> {
  if (!settling.waits) return;
  const { tx } = settling;
  const rows = yield* all(
    `SELECT DISTINCT t.name, w.id FROM loam_wait w JOIN loam_table t ON t.id = w.tab
     WHERE w.on_tab = ? AND w.on_id = ? AND w.branch IN (0, ?)`,
    [yield* tableNumber(tx.journal, table.name), id, tx.author.branchId],
  );
  for (const [name, waiting] of rows) {
    const waiter = tx.journal.model.tables.get(String(name));
    if (waiter) enqueue(settling, waiter, Number(waiting));
  }
}

function* keepWaits(settling: Settling, table: Table, id: number, waits: readonly Wait[]): Steps<void> {
  if (!settling.waits && waits.length === 0) return;
  const { tx } = settling;
  const tab = yield* tableNumber(tx.journal, table.name);
  const branch = branchOf(tx, table);
  yield* run('DELETE FROM loam_wait WHERE branch = ? AND tab = ? AND id = ?', [branch, tab, id]);
  if (waits.length === 0) return;
  settling.waits = true;
  const on: number[] = [];
  for (const wait of waits) on.push(yield* tableNumber(tx.journal, wait.table.name));
  yield* many(
    'INSERT OR REPLACE INTO loam_wait(branch, tab, id, col, on_tab, on_id, reason, whole) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    waits.length,
    [
      [branch],
      [tab],
      [id],
      waits.map(({ column }) => column),
      on,
      waits.map((wait) => wait.id),
      waits.map(({ reason }) => reason),
      waits.map(({ whole }) => Number(whole)),
    ],
  );
}

/** Rows of the table, among these, that wait for something. */
export function* waitingAmong(settling: Settling, table: Table, ids: readonly number[]): Steps<Set<number>> {
  if (!settling.waits) return new Set();
  const { tx } = settling;
  const rows = yield* all(
    'SELECT id FROM loam_wait WHERE branch = ? AND tab = ? AND id IN (SELECT value FROM json_each(?))',
    [branchOf(tx, table), yield* tableNumber(tx.journal, table.name), JSON.stringify(ids)],
  );
  return new Set(rows.map(([id]) => Number(id)));
}
