// Changes and conflicts in words: rows by their names, references by the names of what they refer to, links and values of
// features by what they are about, notes and types of rows by the row they belong to.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { jsonWords } from '../json-text.ts';
import { all, one, type Steps } from '../statement.ts';
import { nameColumn } from '../write/history-names.ts';
import { tableOf, type Journal } from '../write/journal.ts';
import { mainBranch } from '../write/seen.ts';
import { hostColumn } from './hosts.ts';
import type { Choice, CellName } from './choices.ts';
import { nameOfConflict } from './choices.ts';
import type { Conflict, ConflictKind } from './conflicts.ts';
import type { RowChange } from './changes.ts';
import type { KeyChange } from './json-keys.ts';

/** The row that a change is about: of a registry, whatever table was changed. */
export interface About {
  /** Class of the registry, e.g. `Artifact`. */
  registry: string;
  table: string;
  id: number;
  uid: string | null;
  /** What people call the row. */
  row: string;
}

export interface ToldConflict extends About {
  name: CellName;
  kind: ConflictKind;
  /** Null where the row as a whole is in question. */
  field: string | null;
  /** The key of the field's object that is in question; null for the field as a whole. */
  key: string | null;
  base: string | null;
  parent: string | null;
  branch: string | null;
  choice: Choice | null;
  /** The other value that was chosen, as it is read; null where a side was, or to have none. */
  chosen: string | null;
}

/** Rows of a table that a row refers to, or itself. */
export function* aboutOf(
  journal: Journal,
  table: Table,
  id: number,
  values: Readonly<Record<string, SqlValue>> | null,
): Steps<About> {
  const host = hostColumn(table);
  if (!host?.references) return yield* aboutRow(journal, table, id);
  const held =
    values?.[host.name] ??
    (yield* one(`SELECT "${host.name}" FROM "${table.name}" WHERE id = ?`, [id]))?.[0] ??
    null;
  return yield* aboutRow(journal, tableOf(journal.model, host.references.table), Number(held ?? 0));
}

export function* aboutRow(journal: Journal, table: Table, id: number): Steps<About> {
  const uid = table.column.has('uid') ? 'uid' : 'NULL';
  const row = yield* one(`SELECT "${nameColumn(table)}", ${uid} FROM "${table.name}" WHERE id = ?`, [id]);
  return {
    registry: table.registry ?? table.name,
    table: table.name,
    id,
    uid: row?.[1] === null || row?.[1] === undefined ? null : String(row[1]),
    row: String(row?.[0] ?? row?.[1] ?? id),
  };
}

/** What a field is called: a reference without its `_id`. */
export const fieldName = (column: string): string => column.replace(/^_(?!aux)/, '').replace(/_id$/, '');

function* toldEdit(
  journal: Journal,
  { change, cell, key }: Conflict,
  choice: Choice | null,
): Steps<string | null> {
  if (choice?.side !== 'edit' || choice.value === null) return null;
  if (key) return jsonWords(String(choice.value));
  return cell ? yield* shownValue(journal, change.table, cell.column, choice.value) : String(choice.value);
}

/** What a changed cell is called: a feature's value by its feature. */
export function* fieldOfCell({ table, id }: Pick<RowChange, 'table' | 'id'>, column: string): Steps<string> {
  if (column !== 'value' || !table.column.has('feature_id')) return fieldName(column);
  const row = yield* one(
    `SELECT f.name FROM "${table.name}" t JOIN lamindb_feature f ON f.id = t.feature_id WHERE t.id = ?`,
    [id],
  );
  return String(row?.[0] ?? column);
}

/** A key of an object on all sides, as it is read. */
export const toldKey = ({ base, parent, mine }: KeyChange) => ({
  base: jsonWords(base),
  parent: jsonWords(parent),
  branch: jsonWords(mine),
});

/** A value as it is read: references by name. */
export function* shownValue(
  journal: Journal,
  table: Table,
  column: string,
  value: SqlValue,
): Steps<string | null> {
  if (value === null) return null;
  const target = table.column.get(column)?.references?.table;
  if (!target) return table.column.get(column)?.type === 'json' ? jsonText(value) : String(value);
  const to = tableOf(journal.model, target);
  const row = yield* one(`SELECT "${nameColumn(to)}" FROM "${target}" WHERE id = ?`, [value]);
  return String(row?.[0] ?? value);
}

export function* toldConflict(
  journal: Journal,
  conflict: Conflict,
  choice: Choice | null,
): Steps<ToldConflict> {
  const { change, cell, key, kind, other } = conflict;
  const { table } = change;
  const about = yield* aboutOf(journal, table, change.id, change.values);
  const told = {
    ...about,
    name: nameOfConflict(conflict),
    kind,
    choice,
    chosen: yield* toldEdit(journal, conflict, choice),
    key: key?.key ?? null,
  };
  if (key) {
    const link = kind === 'value' ? yield* toldLink(journal, change) : null;
    const field = link?.field ?? (yield* fieldOfCell(change, cell?.column ?? ''));
    return { ...told, field, ...toldKey(key) };
  }
  if (kind === 'changed' && cell) {
    const shown = (value: SqlValue) => shownValue(journal, table, cell.column, value);
    return {
      ...told,
      field: yield* fieldOfCell(change, cell.column),
      base: yield* shown(cell.base),
      parent: yield* shown(cell.parent),
      branch: yield* shown(cell.mine),
    };
  }
  if (kind === 'value') {
    const link = yield* toldLink(journal, change);
    const theirs = yield* toldLink(journal, { ...change, values: conflict.others[0] ?? null });
    return { ...told, field: link.field, base: null, parent: theirs.value, branch: link.value };
  }
  if (kind === 'version' && table.family === 'block') {
    const text = (id: number | null) => all(`SELECT content, kind FROM "${table.name}" WHERE id = ?`, [id]);
    const [theirs] = yield* text(other);
    const [own] = yield* text(change.id);
    return {
      ...told,
      field: String(own?.[1]),
      base: yield* noteBefore(table, change.id, other),
      parent: String(theirs?.[0] ?? ''),
      branch: String(own?.[0] ?? ''),
    };
  }
  const twin = other === null ? null : yield* aboutRow(journal, table, other);
  const words: Record<Exclude<ConflictKind, 'changed' | 'value'>, [string, string]> = {
    deleted: conflict.cell === null ? ['in the trash', 'changed'] : ['changed', 'in the trash'],
    gone: ['deleted for good', 'changed'],
    name: [`${twin?.row ?? ''} (${twin?.uid ?? ''})`, `${about.row} (${about.uid ?? ''})`],
    version: [`version ${twin?.uid?.slice(-4) ?? ''}`, `version ${about.uid?.slice(-4) ?? ''}`],
  };
  const [parent, branch] = kind === 'changed' ? [null, null] : words[kind];
  return { ...told, field: null, base: null, parent, branch };
}

/** The note that the branch's first version of it came after: what both sides began with. */
function* noteBefore(table: Table, own: number, other: number | null): Steps<string | null> {
  const host = hostColumn(table)?.name ?? 'id';
  const row = yield* one(
    `SELECT b.content FROM "${table.name}" m JOIN "${table.name}" o ON o.id = ?2
       JOIN "${table.name}" b ON b."${host}" IS m."${host}" AND b.kind = m.kind AND b.branch_id IN (o.branch_id, ${mainBranch})
     WHERE m.id = ?1 AND b.id < (SELECT min(f.id) FROM "${table.name}" f
       WHERE f."${host}" IS m."${host}" AND f.kind = m.kind AND f.branch_id = m.branch_id) ORDER BY b.id DESC LIMIT 1`,
    [own, other],
  );
  return row ? String(row[0] ?? '') : null;
}

/** JSON as it is read: texts without quotation marks. */
export function jsonText(value: SqlValue): string | null {
  if (typeof value !== 'string') return value === null ? null : String(value);
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : value;
  } catch {
    return value;
  }
}

/** How a link or a value is told: `ULabel: red`, `score: 4`; `json` is the text of a value that is JSON. */
export function* toldLink(
  journal: Journal,
  change: RowChange,
): Steps<{ field: string; value: string | null; json: SqlValue }> {
  const { table, values } = change;
  const host = hostColumn(table)?.name;
  // A value of a feature that is no reference is a row of its own, which names its feature.
  const json = values?.['jsonvalue_id'] ?? null;
  if (json !== null) {
    const row = yield* one(
      'SELECT f.name, v.value FROM lamindb_jsonvalue v LEFT JOIN lamindb_feature f ON f.id = v.feature_id WHERE v.id = ?',
      [json],
    );
    const text = row?.[1] ?? null;
    return { field: String(row?.[0] ?? 'value'), value: jsonText(text), json: text };
  }
  const feature = table.column.has('feature_id') ? (values?.['feature_id'] ?? null) : null;
  const columns = table.rowKey.columns.filter((name) => name !== host && name !== 'feature_id');
  const own = [...columns, 'value'].find((name) => table.column.has(name) && name !== host);
  const target = own === undefined ? undefined : table.column.get(own)?.references?.table;
  const right = target === undefined ? null : tableOf(journal.model, target);
  const held = own === undefined ? null : (values?.[own] ?? null);
  const isJson = own !== undefined && table.column.get(own)?.type === 'json';
  const value =
    own === undefined ? null : isJson ? jsonText(held) : yield* shownValue(journal, table, own, held);
  const name =
    feature === null ? null : yield* all('SELECT name FROM lamindb_feature WHERE id = ?', [feature]);
  const field = String(name?.[0]?.[0] ?? right?.registry ?? fieldName(own ?? table.name));
  return { field, value, json: isJson ? held : null };
}
