// What a branch has otherwise than its parent, row by row, with three values for each cell: the one the branch found, the
// parent's now, the branch's. Read off what is kept beside the tables, so the cost follows the changes. Either the branch or
// its parent is checked out while this is read.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { reachOf } from '../write/reach.ts';
import type { Journal } from '../write/journal.ts';
import { readKept, valuesOf, type KeptRows } from '../write/kept-rows.ts';
import type { Author } from '../write/transaction.ts';

export interface CellChange {
  column: string;
  /** What the branch found when it first changed the cell. */
  base: SqlValue;
  /** What its parent has now. */
  parent: SqlValue;
  mine: SqlValue;
}

export interface RowChange {
  table: Table;
  tab: number;
  id: number;
  /** `made`: a row of its own; `added`, `taken`: a link or value. */
  kind: 'made' | 'changed' | 'added' | 'taken';
  /** Without `updated_at`. Of a row of its own only where it went (the trash). */
  cells: CellChange[];
  /** All columns of an added or taken row. */
  values: Record<string, SqlValue> | null;
  /** The parent's row is gone for good; of a taken row: the parent took it out as well. */
  missing: boolean;
}

/** The changes of some kind by table, in the order of the tables. */
export function byTable(
  changes: readonly RowChange[],
  which: (change: RowChange) => boolean = () => true,
): Map<Table, RowChange[]> {
  const tables = new Map<Table, RowChange[]>();
  for (const change of changes) {
    if (!which(change)) continue;
    const known = tables.get(change.table);
    if (known) known.push(change);
    else tables.set(change.table, [change]);
  }
  return tables;
}

/** Of one kind. */
export const ofKind =
  (kind: RowChange['kind']) =>
  (change: RowChange): boolean =>
    change.kind === kind;

export function* changesOf(journal: Journal, author: Author, branch: number): Steps<RowChange[]> {
  const here = author.branchId === branch;
  const numbers = new Map<string, number>(
    (yield* all('SELECT name, id FROM loam_table')).map(([name, id]) => [String(name), Number(id)]),
  );
  const changes: RowChange[] = [];
  for (const table of journal.model.tables.values()) {
    const reach = reachOf(table);
    if (reach === 'shared') continue;
    const tab = numbers.get(table.name) ?? -1;
    const cells = tab < 0 ? new Map<number, RowChange>() : yield* cellChanges(table, tab, branch, here);
    // One by one: as arguments of one call very many would be too many.
    if (reach === 'placed')
      for (const change of yield* madeRows(table, tab, branch, here, cells)) changes.push(change);
    else if (tab >= 0) for (const change of yield* looseRows(table, tab, branch, here)) changes.push(change);
    for (const change of cells.values()) changes.push(change);
  }
  return changes;
}

function* cellChanges(
  table: Table,
  tab: number,
  branch: number,
  here: boolean,
): Steps<Map<number, RowChange>> {
  const kept = yield* all(
    "SELECT id, col, base, other, held FROM loam_cell WHERE branch = ? AND tab = ? AND col <> 'updated_at' ORDER BY id, col",
    [branch, tab],
  );
  if (kept.length === 0) return new Map();
  const columns = [...new Set(kept.map((row) => String(row[1])))];
  const at = new Map(columns.map((name, c) => [name, c + 1]));
  const ids = [...new Set(kept.map((row) => Number(row[0])))];
  const now = new Map(
    (yield* all(
      `SELECT id, ${columns.map((name) => `"${name}"`).join(', ')} FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(ids)],
    )).map((row) => [Number(row[0]), row]),
  );
  const rows = new Map<number, RowChange>();
  for (const [id, col, base = null, other = null, held] of kept) {
    const row = now.get(Number(id));
    const value = row?.[at.get(String(col)) ?? 0] ?? null;
    // A cell that is held back is the parent's in the table although the branch is checked out.
    const swapped = here && held !== 1;
    const cell = {
      column: String(col),
      base,
      parent: swapped ? other : value,
      mine: swapped ? value : other,
    };
    const known = rows.get(Number(id));
    if (known) known.cells.push(cell);
    else
      rows.set(Number(id), {
        table,
        tab,
        id: Number(id),
        kind: 'changed',
        cells: [cell],
        values: null,
        missing: row === undefined,
      });
  }
  return rows;
}

/** Rows made on the branch; what is kept of where they went is taken out of `cells`. */
function* madeRows(
  table: Table,
  tab: number,
  branch: number,
  here: boolean,
  cells: Map<number, RowChange>,
): Steps<RowChange[]> {
  const made: RowChange[] = [];
  const rows = yield* all(`SELECT id FROM "${table.name}" WHERE branch_id = ? ORDER BY id`, [branch]);
  const own = new Map<number, CellChange | null>();
  for (const [id] of rows) own.set(Number(id), null);
  for (const [id, change] of cells) {
    const place = change.cells.find(({ column }) => column === 'branch_id');
    if (!place) continue;
    if (place.base === branch) {
      own.set(id, place);
      cells.delete(id);
    } else if (here) own.delete(id); // it came from elsewhere and is seen here
  }
  for (const [id, place] of [...own].sort(([a], [b]) => a - b))
    made.push({ table, tab, id, kind: 'made', cells: place ? [place] : [], values: null, missing: false });
  return made;
}

function* looseRows(table: Table, tab: number, branch: number, here: boolean): Steps<RowChange[]> {
  const changes: RowChange[] = [];
  for (const kind of [-1, 1] as const) {
    const kept = yield* all(
      'SELECT id, vals, held FROM loam_row WHERE branch = ? AND tab = ? AND kind = ? ORDER BY id',
      [branch, tab, kind],
    );
    // Added rows are in the table where the branch is checked out, taken ones where it is not.
    const inTable = (held: SqlValue | undefined) => (kind === 1) === here && held !== 1;
    const there = kept.filter((row) => inTable(row[2])).map(([id]) => Number(id));
    const parts: { rows: KeptRows; missing: boolean }[] = [];
    for (const held of [0, 1])
      parts.push({
        rows: readKept(kept.filter((row) => !inTable(row[2]) && row[2] === held)),
        missing: kind === -1 && held === 1,
      });
    if (there.length > 0) {
      const rows = yield* valuesOf(table, there);
      const found = new Set(rows.ids);
      parts.push({ rows, missing: false });
      // The parent took them out as well; what they were is known from before.
      const gone = kept.filter((row) => inTable(row[2]) && !found.has(Number(row[0])));
      if (kind === -1) parts.push({ rows: readKept(gone), missing: true });
    }
    for (const { rows: part, missing } of parts)
      for (const [i, id] of part.ids.entries())
        changes.push({
          table,
          tab,
          id,
          kind: kind === 1 ? 'added' : 'taken',
          cells: [],
          values: Object.fromEntries(part.columns.map((name, c) => [name, part.values[c]?.[i] ?? null])),
          missing,
        });
  }
  return changes;
}
