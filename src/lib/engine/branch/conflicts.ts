// Where a branch and its parent cannot both be right: the parent moved a cell that the branch changed, one side deleted what
// the other changed, both made a row of the same name, or both a next version. Independent edits are no conflict, nor are
// equal ones. Compared are values, as git compares contents: a parent that moved and came back has not moved.
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import type { Journal } from '../write/journal.ts';
import { nameOf, searchesNames, trashBranch } from '../registry/tables.ts';
import { hostColumn } from './hosts.ts';
import { cellKeys, isDisputed, seenOfKey, type KeyChange } from './json-keys.ts';
import { markOf } from './marks.ts';
import type { ValueClash } from './same-values.ts';
import { byTable, ofKind, type CellChange, type RowChange } from './changes.ts';
import type { Branch } from './branches.ts';

export type ConflictKind = 'changed' | 'value' | 'deleted' | 'name' | 'version' | 'gone';

export interface Conflict {
  kind: ConflictKind;
  change: RowChange;
  /** Null where the row as a whole is in question. */
  cell: CellChange | null;
  /** Of an object whose keys are told apart the one that both changed. */
  key: KeyChange | null;
  /** The parent's row that is in the way (same name, same family). */
  other: number | null;
  /** Of a `value`: the parent's rows for the same feature, with all their columns. */
  others: Record<string, SqlValue>[];
  /** What the parent had when it was looked at: a choice holds as long as it has that. */
  seen: SqlValue;
}

const conflict = (
  kind: ConflictKind,
  change: RowChange,
  seen: SqlValue,
  more: Partial<Conflict> = {},
): Conflict => ({ kind, change, cell: null, key: null, other: null, others: [], seen, ...more });

export function* conflictsOf(
  journal: Journal,
  branch: Branch,
  changes: readonly RowChange[],
  parents: readonly number[],
  values: readonly ValueClash[],
): Steps<Conflict[]> {
  const found: Conflict[] = [];
  for (const change of changes) {
    if (change.kind !== 'changed') continue;
    if (change.missing) {
      found.push(conflict('gone', change, 'gone'));
      continue;
    }
    for (const cell of change.cells) {
      if (cell.parent === cell.base || cell.parent === cell.mine) continue;
      const keys = cellKeys(change.table, cell);
      if (!keys) found.push(conflict('changed', change, cell.parent, { cell }));
      for (const key of keys?.filter(isDisputed) ?? [])
        found.push(conflict('changed', change, seenOfKey(key), { cell, key }));
    }
  }
  return [
    ...found,
    ...(yield* deletions(journal, branch, changes)),
    ...(yield* sameNames(changes, parents)),
    ...(yield* sameVersions(changes, parents)),
    ...values.flatMap(valueConflicts),
  ];
}

/** The branch changed what its parent put into the trash meanwhile, or the other way round. */
function* deletions(journal: Journal, branch: Branch, changes: readonly RowChange[]): Steps<Conflict[]> {
  const found: Conflict[] = [];
  for (const [table, rows] of byTable(changes, ({ kind, missing }) => kind === 'changed' && !missing)) {
    if (!table.column.has('branch_id')) continue;
    const edited = rows.filter(({ cells }) => !cells.some(({ column }) => column === 'branch_id'));
    const trashed = yield* all(
      `SELECT id FROM "${table.name}" WHERE branch_id = ${trashBranch} AND id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(edited.map(({ id }) => id))],
    );
    const gone = new Set(trashed.map(([id]) => Number(id)));
    for (const change of edited)
      if (gone.has(change.id)) found.push(conflict('deleted', change, trashBranch));
    for (const change of rows) {
      const place = change.cells.find(({ column }) => column === 'branch_id');
      if (place?.mine !== trashBranch || place.parent !== place.base) continue;
      const mark = yield* markOf(journal, change, branch);
      if (mark > 0) found.push(conflict('deleted', change, mark, { cell: place }));
    }
  }
  return found;
}

/** A name that the parent's registry has as well, on the same level of types. */
function* sameNames(changes: readonly RowChange[], parents: readonly number[]): Steps<Conflict[]> {
  const found: Conflict[] = [];
  for (const [table, rows] of byTable(changes, ofKind('made'))) {
    if (!searchesNames(table)) continue;
    const { name } = table;
    const column = nameOf(table);
    const type = table.column.has('type_id') ? 'AND o.type_id IS m.type_id' : '';
    // What the branch calls otherwise, or put into the trash, has left its name to others.
    const left = ({ column: of, mine }: CellChange) =>
      of === column || (of === 'branch_id' && mine === trashBranch);
    const renamed = changes.flatMap(({ table: of, kind, id, cells }) =>
      of === table && kind === 'changed' && cells.some(left) ? [id] : [],
    );
    const twins = yield* all(
      `SELECT m.id, min(o.id), o."${column}" FROM "${name}" m JOIN "${name}" o ON o."${column}" = m."${column}" ${type}
       WHERE m.id IN (SELECT value FROM json_each(?)) AND o.id <> m.id AND +o.branch_id IN (${parents.join(', ')})
         AND o.id NOT IN (SELECT value FROM json_each(?)) GROUP BY m.id`,
      [JSON.stringify(living(rows).map(({ id }) => id)), JSON.stringify(renamed)],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const [id, other, text] of twins) {
      const change = byId.get(Number(id));
      if (change) found.push(conflict('name', change, text ?? null, { other: Number(other) }));
    }
  }
  return found;
}

/**
 * A family of which both made a next version, or a row to which both wrote a note: the branch never saw the parent's, which
 * came later. The newest is the latest, the other one stays as an older version.
 */
function* sameVersions(changes: readonly RowChange[], parents: readonly number[]): Steps<Conflict[]> {
  const found: Conflict[] = [];
  for (const [table, rows] of byTable(changes, ofKind('made'))) {
    if (!table.versioned) continue;
    const { name } = table;
    const host = table.family === 'block' ? hostColumn(table)?.name : undefined;
    const family =
      table.family === 'block'
        ? `o."${host ?? 'id'}" IS m."${host ?? 'id'}" AND o.kind = m.kind AND m.kind <> 'comment'`
        : `o.uid >= substr(m.uid, 1, length(m.uid) - 4) || '0000' AND o.uid < substr(m.uid, 1, length(m.uid) - 4) || 'zzzz~'
           AND m.uid NOT LIKE '%0000'`;
    const pairs = yield* all(
      `SELECT m.id, max(o.id), o.uid FROM "${name}" m JOIN "${name}" o ON ${family} AND o.id > m.id AND +o.branch_id IN (${parents.join(', ')})
       WHERE m.id IN (SELECT value FROM json_each(?)) GROUP BY m.id`,
      [JSON.stringify(living(rows).map(({ id }) => id))],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    // Of several notes or versions of the branch the newest counts.
    const newest = new Map<number, Conflict>();
    for (const [id, other, uid] of pairs) {
      const change = byId.get(Number(id));
      if (change)
        newest.set(Number(other), conflict('version', change, uid ?? null, { other: Number(other) }));
    }
    for (const one of newest.values()) found.push(one);
  }
  return found;
}

/** Both gave a feature a value; of objects only the keys that both changed are in question. */
function valueConflicts({ change, others, seen, keys }: ValueClash): Conflict[] {
  if (!keys) return [conflict('value', change, seen, { others })];
  return keys.filter(isDisputed).map((key) => conflict('value', change, seenOfKey(key), { others, key }));
}

const living = (rows: readonly RowChange[]): RowChange[] =>
  rows.filter(({ cells }) => cells[0]?.mine !== trashBranch);
