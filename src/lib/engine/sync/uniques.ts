// Values that one row alone may have: of rows that want the same, the one that was made first has it.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, run, type Steps } from '../statement.ts';
import { update } from '../write/apply.ts';
import { tableNumber } from '../write/journal.ts';
import { valuesOf } from '../write/kept-rows.ts';
import { mainBranch } from '../write/seen.ts';
import { eventsOf, type Fact } from './facts.ts';
import { compareVersions, fold } from './fold.ts';
import { namesOf } from './names.ts';
import { branchOf, enqueue, type Settling } from './settling.ts';
import { groundOf, keepGround, takeOut, type Wait } from './waits.ts';

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
export function* settleUniques(
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
