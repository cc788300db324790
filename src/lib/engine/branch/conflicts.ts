// Where a branch and its parent cannot both be right: the parent moved a cell that the branch changed, one side deleted what
// the other changed, both made a row of the same name, or both a next version. Independent edits are no conflict, nor are
// equal ones. Compared are values, as git compares contents: a parent that moved and came back has not moved.
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import type { Journal } from '../write/journal.ts';
import { nameOf, searchesNames, trashBranch } from '../registry/tables.ts';
import { hostColumn } from './hosts.ts';
import { markOf } from './marks.ts';
import { byTable, ofKind, type CellChange, type RowChange } from './changes.ts';
import type { Branch } from './branches.ts';

export type ConflictKind = 'changed' | 'value' | 'deleted' | 'name' | 'version' | 'gone';

export interface Conflict {
  kind: ConflictKind;
  change: RowChange;
  /** Null where the row as a whole is in question. */
  cell: CellChange | null;
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
): Conflict => ({ kind, change, cell: null, other: null, others: [], seen, ...more });

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
      found.push(conflict('gone', change, 'gone'));
      continue;
    }
    for (const cell of change.cells)
      if (cell.parent !== cell.base && cell.parent !== cell.mine)
        found.push(conflict('changed', change, cell.parent, { cell }));
  }
  return [
    ...found,
    ...(yield* deletions(journal, branch, changes)),
    ...(yield* sameNames(changes, parents)),
    ...(yield* sameVersions(changes, parents)),
    ...(yield* sameValues(changes)),
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

/**
 * Both gave the same feature of the same row a value: the parent's came after the branch's, and the branch did not take it
 * out. Features that hold lists take both.
 */
function* sameValues(changes: readonly RowChange[]): Steps<Conflict[]> {
  const found: Conflict[] = [];
  for (const [table, rows] of byTable(changes, ofKind('added'))) {
    const host = hostColumn(table)?.name;
    if (host === undefined) continue;
    const json = table.column.has('jsonvalue_id');
    if (!json && !table.column.has('feature_id')) continue;
    const own = new Set(rows.map(({ id }) => id));
    const of = json ? 'v.feature_id' : 'o.feature_id';
    const columns = table.columns.map((column) => column.name);
    const asked = rows.map(({ id, values }) => [
      id,
      values?.[host] ?? null,
      values?.[json ? 'jsonvalue_id' : 'feature_id'] ?? null,
    ]);
    const theirs = yield* all(
      `SELECT json_extract(j.value, '$[0]'), ${columns.map((column) => `o."${column}"`).join(', ')}
       FROM json_each(?) j JOIN "${table.name}" o ON o."${host}" = json_extract(j.value, '$[1]')
       ${json ? "JOIN lamindb_jsonvalue v ON v.id = o.jsonvalue_id JOIN lamindb_jsonvalue w ON w.id = json_extract(j.value, '$[2]')" : ''}
       JOIN lamindb_feature f ON f.id = ${of}
       WHERE ${of} = ${json ? 'w.feature_id' : "json_extract(j.value, '$[2]')"} AND f._dtype_str NOT LIKE 'list%'
         AND o.id > json_extract(j.value, '$[0]') ORDER BY o.id`,
      [JSON.stringify(asked)],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    const others = new Map<RowChange, Record<string, SqlValue>[]>();
    for (const [id, ...values] of theirs) {
      const change = byId.get(Number(id));
      const row = Object.fromEntries(columns.map((column, c) => [column, values[c] ?? null]));
      if (!change || own.has(Number(row['id']))) continue;
      others.set(change, [...(others.get(change) ?? []), row]);
    }
    const held = table.rowKey.columns.filter((column) => column !== host && column !== 'feature_id');
    const values = [...held, ...(table.column.has('value') ? ['value'] : [])];
    for (const [change, list] of others) {
      const same = list.some((row) => values.every((column) => row[column] === change.values?.[column]));
      if (same) continue;
      const seen = values.map((column) => String(list.at(-1)?.[column] ?? '')).join(' ');
      found.push(conflict('value', change, seen, { others: list }));
    }
  }
  return found;
}

const living = (rows: readonly RowChange[]): RowChange[] =>
  rows.filter(({ cells }) => cells[0]?.mine !== trashBranch);
