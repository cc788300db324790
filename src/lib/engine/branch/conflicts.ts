// Where a branch and its parent cannot both be right: the parent moved a cell that the branch changed, one side deleted what
// the other changed, both made a row of the same name, or both a next version. Independent edits are no conflict, nor are
// equal ones. Compared are values, as git compares contents: a parent that moved and came back has not moved.
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import type { Journal } from '../write/journal.ts';
import { nameOf, searchesNames } from '../registry/tables.ts';
import { markOf } from './marks.ts';
import type { CellChange, RowChange } from './changes.ts';
import type { Branch } from './branches.ts';

export type ConflictKind = 'changed' | 'deleted' | 'name' | 'version' | 'gone';

export interface Conflict {
  kind: ConflictKind;
  change: RowChange;
  /** Null where the row as a whole is in question. */
  cell: CellChange | null;
  /** The parent's row that is in the way (same name, same family). */
  other: number | null;
  /** What the parent had when it was looked at: a choice holds as long as it has that. */
  seen: SqlValue;
}

const trash = -1;

export function* conflictsOf(
  journal: Journal,
  branch: Branch,
  changes: readonly RowChange[],
  parents: readonly number[],
): Steps<Conflict[]> {
  const found: Conflict[] = [];
  for (const change of changes) {
    if (change.kind !== 'changed') continue;
    if (change.missing) {
      found.push({ kind: 'gone', change, cell: null, other: null, seen: 'gone' });
      continue;
    }
    for (const cell of change.cells)
      if (cell.parent !== cell.base && cell.parent !== cell.mine)
        found.push({ kind: 'changed', change, cell, other: null, seen: cell.parent });
  }
  found.push(...(yield* deletions(journal, branch, changes)));
  found.push(...(yield* sameNames(changes, parents)));
  found.push(...(yield* sameVersions(changes, parents)));
  return found;
}

/** The branch changed what its parent put into the trash meanwhile, or the other way round. */
function* deletions(journal: Journal, branch: Branch, changes: readonly RowChange[]): Steps<Conflict[]> {
  const found: Conflict[] = [];
  const byTable = group(changes.filter(({ kind, missing }) => kind === 'changed' && !missing));
  for (const [name, rows] of byTable) {
    if (!rows[0]?.table.column.has('branch_id')) continue;
    const edited = rows.filter(({ cells }) => !cells.some(({ column }) => column === 'branch_id'));
    const trashed = yield* all(
      `SELECT id FROM "${name}" WHERE branch_id = ${trash} AND id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(edited.map(({ id }) => id))],
    );
    const gone = new Set(trashed.map(([id]) => Number(id)));
    for (const change of edited)
      if (gone.has(change.id)) found.push({ kind: 'deleted', change, cell: null, other: null, seen: trash });
    for (const change of rows) {
      const place = change.cells.find(({ column }) => column === 'branch_id');
      if (place?.mine !== trash || place.parent !== place.base) continue;
      const mark = yield* markOf(journal, change, branch);
      if (mark > 0) found.push({ kind: 'deleted', change, cell: place, other: null, seen: mark });
    }
  }
  return found;
}

/** A name that the parent's registry has as well, on the same level of types. */
function* sameNames(changes: readonly RowChange[], parents: readonly number[]): Steps<Conflict[]> {
  const found: Conflict[] = [];
  for (const [name, rows] of group(changes.filter(({ kind }) => kind === 'made'))) {
    const table = rows[0]?.table;
    if (!table || !searchesNames(table)) continue;
    const column = nameOf(table);
    const type = table.column.has('type_id') ? 'AND o.type_id IS m.type_id' : '';
    const twins = yield* all(
      `SELECT m.id, min(o.id), o."${column}" FROM "${name}" m JOIN "${name}" o ON o."${column}" = m."${column}" ${type}
       WHERE m.id IN (SELECT value FROM json_each(?)) AND o.id <> m.id AND +o.branch_id IN (${parents.join(', ')}) GROUP BY m.id`,
      [JSON.stringify(living(rows).map(({ id }) => id))],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const [id, other, text] of twins) {
      const change = byId.get(Number(id));
      if (change) found.push({ kind: 'name', change, cell: null, other: Number(other), seen: text ?? null });
    }
  }
  return found;
}

/** A family of which both made a next version: the newest stays the latest, the other becomes an older one. */
function* sameVersions(changes: readonly RowChange[], parents: readonly number[]): Steps<Conflict[]> {
  const found: Conflict[] = [];
  for (const [name, rows] of group(changes.filter(({ kind }) => kind === 'made'))) {
    if (!rows[0]?.table.versioned) continue;
    // The first of its family has none before it.
    const later = new Set(
      (yield* all(
        `SELECT id FROM "${name}" WHERE id IN (SELECT value FROM json_each(?)) AND uid NOT LIKE '%0000'`,
        [JSON.stringify(rows.map(({ id }) => id))],
      )).map(([id]) => Number(id)),
    );
    for (const change of living(rows)) {
      if (!later.has(change.id)) continue;
      // A version of the parent's that the one made here does not come after: the branch never saw it.
      const row = yield* one(
        `SELECT o.id, o.uid FROM "${name}" m JOIN "${name}" o ON o.uid >= substr(m.uid, 1, length(m.uid) - 4) || '0000'
           AND o.uid < substr(m.uid, 1, length(m.uid) - 4) || 'zzzz~'
         WHERE m.id = ? AND o.id > m.id AND +o.branch_id IN (${parents.join(', ')}) ORDER BY o.id DESC LIMIT 1`,
        [change.id],
      );
      if (row)
        found.push({ kind: 'version', change, cell: null, other: Number(row[0]), seen: row[1] ?? null });
    }
  }
  return found;
}

const living = (rows: readonly RowChange[]): RowChange[] =>
  rows.filter(({ cells }) => cells[0]?.mine !== trash);

function group(changes: readonly RowChange[]): Map<string, RowChange[]> {
  const groups = new Map<string, RowChange[]>();
  for (const change of changes) {
    const known = groups.get(change.table.name);
    if (known) known.push(change);
    else groups.set(change.table.name, [change]);
  }
  return groups;
}
