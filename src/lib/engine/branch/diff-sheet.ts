// Records of one type as a table: a row for each that the branch made, changed or deleted, the features of the type's schema as
// columns (of a type without one the features that were changed), each cell with what was there and what is. Like the objects
// of a difference it is read by pages, and only a page's rows are named.
import { membersOf } from '../features/find.ts';
import { hostOf } from '../features/hosts.ts';
import { rulesOf } from '../features/rules.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { nameColumn } from '../write/history-names.ts';
import { tableOf, type Journal } from '../write/journal.ts';
import type { RowChange } from './changes.ts';
import {
  toldObject,
  type DiffField,
  type DiffKind,
  type DiffObject,
  type Grouped,
  type Telling,
} from './diff-object.ts';
import { jsonText, toldLink } from './told.ts';

/** A type of which records differ. */
export interface SheetFacts {
  uid: string;
  name: string;
  /** It has a schema. */
  schema: boolean;
  count: number;
}

export interface SheetColumn {
  name: string;
  /** A feature, or a field of the record itself (`description`, `readme`). */
  of: 'feature' | 'field';
  /** Some record of the sheet has it otherwise, on whatever page. */
  changed: boolean;
}

export interface SheetCell {
  /** Values that are there and were there. */
  kept: string[];
  /** Values that the branch found and has no more, and those that it has instead. */
  was: string[];
  now: string[];
  /** What the parent has by now, where it is neither. */
  parent: string | null;
  conflict: boolean;
}

export interface SheetRow {
  uid: string;
  name: string;
  /** Before it was renamed. */
  wasNamed: string | null;
  kind: DiffKind;
  /** By the name of the column; columns without a value are left out. Fields that only this row has changed are among them. */
  cells: Record<string, SheetCell>;
  fields: Record<string, SheetCell>;
  /** About the record as a whole and in its cells. */
  conflicts: number;
}

export interface SheetDiff {
  /** What names the rows: the index of the schema, else "name". */
  index: string;
  columns: SheetColumn[];
  rows: SheetRow[];
  total: number;
  next: string | null;
}

const records = 'lamindb_record';

/** Records by their type, in the order in which types come first; records that are types or have none stay out. */
export function* bySheet(objects: readonly Grouped[]): Steps<Map<number, Grouped[]>> {
  const rows = objects.filter(({ table }) => table.name === records);
  const found = new Map<number, Grouped[]>();
  if (rows.length === 0) return found;
  const types = new Map(
    (yield* all(`SELECT id, type_id, is_type FROM ${records} WHERE id IN (SELECT value FROM json_each(?))`, [
      JSON.stringify(rows.map(({ id }) => id)),
    ])).map(([id, type = null, isType = null]) => [Number(id), { type, isType }]),
  );
  for (const object of rows) {
    // As the branch has it, whichever side the table shows.
    const mine = (column: string, now: SqlValue | undefined): SqlValue =>
      object.changes
        .find(({ table, kind }) => table === object.table && kind === 'changed')
        ?.cells.find((cell) => cell.column === column)?.mine ??
      now ??
      null;
    const known = types.get(object.id);
    const type = mine('type_id', known?.type);
    if (type === null || mine('is_type', known?.isType) === 1) continue;
    const sheet = found.get(Number(type));
    if (sheet) sheet.push(object);
    else found.set(Number(type), [object]);
  }
  return found;
}

export function* sheetFacts(sheets: ReadonlyMap<number, readonly Grouped[]>): Steps<SheetFacts[]> {
  const facts: SheetFacts[] = [];
  for (const [id, rows] of sheets) {
    const type = yield* one(`SELECT uid, coalesce(name, uid), schema_id FROM ${records} WHERE id = ?`, [id]);
    if (type)
      facts.push({
        ...{ uid: String(type[0]), name: String(type[1]) },
        ...{ schema: type[2] !== null, count: rows.length },
      });
  }
  return facts;
}

export function* sheetPage(
  telling: Telling,
  type: number,
  objects: readonly Grouped[],
  { after, limit }: { after: string | null; limit: number },
): Steps<SheetDiff> {
  const { journal } = telling;
  const changed = yield* changedFeatures(journal, objects);
  const { index, members } = yield* columnsOf(type);
  const listed = new Set(members.map(({ id }) => id));
  const more = [...changed]
    .filter(([id]) => !listed.has(id))
    .map(([id, name]) => ({ id, name, field: null }));
  const columns = [...members, ...more];
  const from = after === null ? 0 : objects.findIndex(({ id }) => String(id) === after) + 1;
  const shown = objects.slice(from, from + limit);
  const stays = yield* keptValues(telling, shown, columns);
  const rows: SheetRow[] = [];
  const fields = new Map(columns.flatMap(({ name, field }) => (field === null ? [] : [[field, name]])));
  for (const object of shown) {
    const told = yield* toldObject(telling, object);
    const same = stays.get(object.id) ?? new Map<string, string[]>();
    // What was taken out and put in again is no change, but a value that is there.
    for (const change of object.changes) {
      if (change.kind !== 'added') continue;
      const { field, value } = yield* toldLink(journal, change);
      const changes = told.fields.some(
        (one) => one.field === field && (one.branch === value || one.key !== null),
      );
      if (!changes && value !== null) same.set(field, [...(same.get(field) ?? []), value]);
    }
    rows.push(sheetRow(told, same, fields));
  }
  const last = shown.at(-1);
  return {
    index: index ?? 'name',
    columns: [
      ...columns.map(({ id, name, field }) => ({
        ...{ name, of: 'feature' as const },
        changed: changed.has(id) || (field !== null && rows.some((row) => isChanged(row.cells[name]))),
      })),
      ...[...new Set(rows.flatMap((row) => Object.keys(row.fields)))].map((name) => ({
        ...{ name, of: 'field' as const, changed: true },
      })),
    ],
    rows,
    total: objects.length,
    next: last && from + limit < objects.length ? String(last.id) : null,
  };
}

const isChanged = (cell: SheetCell | undefined): boolean =>
  cell !== undefined && cell.was.length + cell.now.length > 0;

/* ---------- columns ---------- */

interface SheetFeature {
  id: number;
  name: string;
  /** LaminDB's `values_through`: the field of the record that holds its value. */
  field: string | null;
}

/** The schema's features in its order; its index names the rows. Values that other records hold are no cells of theirs. */
function* columnsOf(type: number): Steps<{ index: string | null; members: SheetFeature[] }> {
  const row = yield* one(`SELECT schema_id FROM ${records} WHERE id = ?`, [type]);
  if (row?.[0] === null || row?.[0] === undefined) return { index: null, members: [] };
  const schema = Number(row[0]);
  const [{ index }, members] = [yield* rulesOf(schema), yield* membersOf(schema)];
  return {
    index: index?.name ?? null,
    members: members.filter(
      ({ id, field, through }) => id !== index?.id && field !== 'name' && through === null,
    ),
  };
}

/** Features of which some record has another value: id -> name. */
function* changedFeatures(journal: Journal, objects: readonly Grouped[]): Steps<Map<number, string>> {
  const ids = new Set<SqlValue>();
  const cells = new Map<string, number[]>();
  for (const { changes } of objects)
    for (const { table, kind, id, values } of changes) {
      if (!table.column.has('feature_id')) continue;
      if (kind !== 'changed') ids.add(values?.['feature_id'] ?? null);
      else cells.set(table.name, [...(cells.get(table.name) ?? []), id]);
    }
  for (const [table, of] of cells)
    for (const [id = null] of yield* all(
      `SELECT DISTINCT feature_id FROM "${tableOf(journal.model, table).name}" WHERE id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(of)],
    ))
      ids.add(id);
  const names = yield* all(
    'SELECT id, name FROM lamindb_feature WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
    [JSON.stringify([...ids].filter((id) => id !== null))],
  );
  return new Map(names.map(([id, name]) => [Number(id), String(name)]));
}

/* ---------- cells ---------- */

/** What the rows of a page have and had, by record and feature: their values without those that differ. */
function* keptValues(
  telling: Telling,
  objects: readonly Grouped[],
  columns: readonly SheetFeature[],
): Steps<Map<number, Map<string, string[]>>> {
  const { journal } = telling;
  const kept = new Map<number, Map<string, string[]>>();
  const put = (record: SqlValue | undefined, name: string, value: string) => {
    const of = kept.get(Number(record)) ?? new Map<string, string[]>();
    kept.set(Number(record), of.set(name, [...(of.get(name) ?? []), value]));
  };
  const names = new Map(columns.map(({ id, name }) => [id, name]));
  const among = JSON.stringify(objects.map(({ id }) => id));
  const changes: RowChange[] = objects.flatMap((object) => object.changes);
  const host = hostOf(journal.model, 'Record');
  const sources = [
    { table: host.json.table, own: host.json.own, value: null },
    ...[...host.links].map(([target, { table, own, value }]) => ({
      table,
      own,
      value: { target, column: value },
    })),
  ];
  for (const { table, own, value } of sources) {
    const differ = JSON.stringify(
      changes.flatMap((change) =>
        change.table.name === table ? [change.id, ...besides(telling, change)] : [],
      ),
    );
    const to = value ? tableOf(journal.model, value.target) : null;
    const rows = yield* all(
      `SELECT l."${own}", l.feature_id, ${to ? `x."${nameColumn(to)}"` : 'l.value'} FROM "${table}" l
       ${to ? `JOIN "${to.name}" x ON x.id = l."${value?.column ?? ''}"` : ''}
       WHERE l."${own}" IN (SELECT value FROM json_each(?1)) AND l.id NOT IN (SELECT value FROM json_each(?2)) ORDER BY l.id`,
      [among, differ],
    );
    for (const [record, feature, text = null] of rows) {
      const name = names.get(Number(feature));
      if (name !== undefined) put(record, name, (to ? String(text ?? '') : jsonText(text)) ?? '');
    }
  }
  const fields = columns.filter(
    ({ field }) => field !== null && tableOf(journal.model, records).column.has(field),
  );
  if (fields.length === 0) return kept;
  const rows = yield* all(
    `SELECT id, ${fields.map(({ field }) => `"${field}"`).join(', ')} FROM ${records} WHERE id IN (SELECT value FROM json_each(?))`,
    [among],
  );
  for (const [id, ...values] of rows)
    for (const [c, { name }] of fields.entries())
      if ((values[c] ?? null) !== null) put(id, name, String(values[c]));
  return kept;
}

/** What the parent has by now for the same feature. */
const besides = ({ conflicts, clashes }: Telling, change: RowChange): number[] =>
  [...(conflicts.get(change) ?? []), ...(clashes.has(change) ? [clashes.get(change)] : [])].flatMap((one) =>
    (one?.others ?? []).map((row) => Number(row['id'])),
  );

/** What a new record has by being in the sheet. */
const quiet = new Set(['type', 'is_type', 'schema', 'space', 'branch']);

function sheetRow(
  { uid, row, kind, fields, conflicts }: DiffObject,
  stays: ReadonlyMap<string, string[]>,
  through: ReadonlyMap<string, string>,
): SheetRow {
  const cells: Record<string, SheetCell> = {};
  const own: Record<string, SheetCell> = {};
  // Where the whole record comes or goes, so do its values.
  const side = kind === 'made' || kind === 'restored' ? 'now' : kind === 'trashed' ? 'was' : 'kept';
  for (const [name, values] of stays) cells[name] = { ...none(), [side]: values };
  const isName = ({ feature, what, field }: DiffField) => !feature && what === 'cell' && field === 'name';
  const renamed = kind === 'made' ? undefined : fields.find(isName);
  for (const field of fields) {
    const feature = field.feature ? field.field : through.get(field.field);
    if (feature === undefined && (isName(field) || (kind === 'made' && quiet.has(field.field)))) continue;
    const cell = feature === undefined ? (own[field.field] ??= none()) : (cells[feature] ??= none());
    put(cell, field, feature !== undefined && !field.feature);
  }
  return {
    ...{ uid: uid ?? '', name: renamed?.branch ?? row, kind, cells, fields: own },
    wasNamed: renamed?.base ?? null,
    conflicts: conflicts.length + fields.filter(({ conflict }) => conflict !== null).length,
  };
}

const none = (): SheetCell => ({ kept: [], was: [], now: [], parent: null, conflict: false });

/** `instead`: what the record's own field holds stands among the kept values. */
function put(cell: SheetCell, { key, base, parent, branch, conflict }: DiffField, instead: boolean): void {
  const words = (text: string) => (key === null ? text : `${key}: ${text}`);
  if (instead) cell.kept = [];
  const has = (text: string | null): text is string => text !== null && text !== '';
  if (has(base) && !cell.was.includes(words(base))) cell.was.push(words(base));
  if (has(branch) && !cell.now.includes(words(branch))) cell.now.push(words(branch));
  if (parent !== base && parent !== branch) cell.parent = has(parent) ? words(parent) : '';
  cell.conflict ||= conflict !== null;
}
