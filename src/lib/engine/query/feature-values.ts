// The feature values of artifacts, runs and records, for `features.get_values()`, `describe()` and data frames: plain
// values as stored, labels by the field their dtype names, on visible branches. Where LaminDB mixes in what other objects
// say about this one, or takes a comma in a text for two values, this does not (decision 0012).
import { ownNameField } from '../model/name-field.ts';
import type { Model, Table } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import { labelDtypes, isCategorical } from './feature-dtype.ts';
import type { QueryScope } from './prepare.ts';
import { compareText, isFloat, parsePython, repr } from './python-values.ts';
import type { QueryValue } from './query.ts';
import { schemaMembers } from './schema-members.ts';

export interface FeatureFacts {
  id: number;
  name: string;
  dtype: string;
}

/** One value of one row: in the order in which it was linked. */
export interface StoredValue {
  row: number;
  feature: FeatureFacts;
  /** JSON with marked floats, or the label's field. */
  value: QueryValue;
}

/** Link tables in which rows of this registry hold labels under a feature: their own, not those that tag others with them. */
export function valueLinks(
  model: Model,
  host: Table,
): { link: Table; host: string; label: string; target: Table }[] {
  const bare = host.name.replace(/^[a-z]+_/, '');
  const found = [];
  for (const link of model.tables.values()) {
    if (!link.name.replace(/^[a-z]+_/, '').startsWith(bare) || !link.column.has('feature_id')) continue;
    const ends = link.rowKey.columns.filter((name) => name !== 'feature_id');
    const [near, far] = ends;
    const target = model.tables.get(link.column.get(far ?? '')?.references?.table ?? '');
    if (near !== `${bare}_id` || far === undefined || !target) continue;
    found.push({ link, host: near, label: far, target });
  }
  return found;
}

const inList = (ids: readonly number[]): [string, string] => [
  'IN (SELECT value FROM json_each(?))',
  JSON.stringify(ids),
];

/** Plain values of the rows. */
export function* plainValues(scope: QueryScope, table: Table, ids: readonly number[]): Steps<StoredValue[]> {
  const bare = table.name.replace(/^[a-z]+_/, '');
  const [among, list] = inList(ids);
  const rows = yield* all(
    table.registry === 'Record'
      ? `SELECT l.record_id, f.id, f.name, f._dtype_str, l.value FROM lamindb_recordjson l
         JOIN lamindb_feature f ON f.id = l.feature_id WHERE l.record_id ${among}${scope.hidden('lamindb_recordjson', 'l.id')} ORDER BY l.id`
      : `SELECT l.${bare}_id, f.id, f.name, f._dtype_str, v.value FROM lamindb_${bare}jsonvalue l
         JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id JOIN lamindb_feature f ON f.id = v.feature_id
         WHERE l.${bare}_id ${among}${scope.hidden(`lamindb_${bare}jsonvalue`, 'l.id')} ORDER BY l.id`,
    [list],
  );
  return rows.map((r) => ({
    row: Number(r[0]),
    feature: { id: Number(r[1]), name: String(r[2]), dtype: String(r[3] ?? '') },
    value: parsePython(String(r[4])),
  }));
}

/** Labels of the rows under features; labels on branches that are not seen do not count. */
export function* labelValues(scope: QueryScope, table: Table, ids: readonly number[]): Steps<StoredValue[]> {
  const found: StoredValue[] = [];
  const [among, list] = inList(ids);
  for (const { link, host, label, target } of valueLinks(scope.model, table)) {
    const seen = target.column.has('branch_id') ? `AND +x.branch_id IN (${scope.branches.join(', ')})` : '';
    const links = yield* all(
      `SELECT l."${host}", l."${label}", f.id, f.name, f._dtype_str FROM "${link.name}" l JOIN lamindb_feature f ON f.id = l.feature_id
       JOIN "${target.name}" x ON x.id = l."${label}" WHERE l."${host}" ${among} ${seen}${scope.hidden(link.name, 'l.id')} ORDER BY l.id`,
      [list],
    );
    if (links.length === 0) continue;
    const names = new Map<string, Map<number, QueryValue>>();
    for (const r of links) {
      const feature = { id: Number(r[2]), name: String(r[3]), dtype: String(r[4] ?? '') };
      const field = labelField(scope.model, feature.dtype, target);
      if (!names.has(field)) {
        const labels = [...new Set(links.map((l) => Number(l[1])))];
        const named = yield* all(`SELECT id, "${field}" FROM "${target.name}" WHERE id ${among}`, [
          JSON.stringify(labels),
        ]);
        names.set(field, new Map(named.map((n) => [Number(n[0]), n[1] as QueryValue])));
      }
      found.push({ row: Number(r[0]), feature, value: names.get(field)?.get(Number(r[1])) ?? null });
    }
  }
  return found;
}

function labelField(model: Model, dtype: string, target: Table): string {
  const own = isCategorical(dtype) ? labelDtypes(model, dtype).find((d) => d.table === target) : undefined;
  const field = own?.field ?? ownNameField(target) ?? 'uid';
  return target.column.has(field) ? field : 'uid';
}

/** All values of one feature of one row: a set of different ones, or a list or dictionary as it is. */
export interface FeatureEntry {
  feature: FeatureFacts;
  categorical: boolean;
  values: QueryValue[];
  /** Printed and told as it is, not as a set. */
  whole: boolean;
}

const keptWhole = (dtype: string): boolean => /^(list|dict)/.test(dtype);

/** Entries by name, labels first, each sorted by name and dtype, as LaminDB lists them. */
export function* featureEntries(scope: QueryScope, table: Table, id: number): Steps<FeatureEntry[]> {
  const labels = grouped(yield* labelValues(scope, table, [id]), true);
  const plain = grouped(yield* plainValues(scope, table, [id]), false);
  return [...labels, ...plain];
}

function grouped(values: readonly StoredValue[], categorical: boolean): FeatureEntry[] {
  const entries = new Map<string, FeatureEntry>();
  for (const { feature, value } of values) {
    const key = `${feature.name}\0${feature.dtype}`;
    const whole = keptWhole(feature.dtype);
    const entry = entries.get(key) ?? { feature, categorical, values: [], whole };
    const typed = categorical ? value : asDtype(feature.dtype, value);
    if (whole && !categorical && Array.isArray(typed) && entry.values.length === 0) entry.values.push(typed);
    else if (whole || !entry.values.some((known) => repr(known) === repr(typed))) entry.values.push(typed);
    entries.set(key, entry);
  }
  return [...entries].sort(([a], [b]) => compareText(a, b)).map(([, entry]) => entry);
}

/** Numbers as their dtype has them: what a browser wrote as 10 is 10.0 for a float. */
function asDtype(dtype: string, value: QueryValue): QueryValue {
  if (dtype === 'float' || dtype === 'num') return typeof value === 'number' ? float(value) : value;
  if (dtype === 'int') return isFloat(value) ? Math.trunc(value.$float) : value;
  if (dtype === 'date' && typeof value === 'string') return value.slice(0, 10);
  return value;
}

const float = (value: number): QueryValue => (Number.isInteger(value) ? { $float: value } : value);

/** What `features.get_values()` tells: one value as itself, several as a sorted list. */
export function entryValue(entry: FeatureEntry): QueryValue {
  const [first = null] = entry.values;
  if (entry.whole) return entry.categorical ? entry.values : entry.values.length > 1 ? entry.values : first;
  if (entry.values.length === 1) return first;
  return [...entry.values].sort((a, b) => compareText(sortKey(a), sortKey(b)));
}

/** `str()` of a value as JSON has it. */
const sortKey = (value: QueryValue): string => (typeof value === 'string' ? value : repr(value));

/** `features.get_values()`: values by feature name; records also tell what their type's schema asks for. */
export function* featureValuesOf(
  scope: QueryScope,
  table: Table,
  id: number,
): Steps<Record<string, QueryValue>> {
  const values: Record<string, QueryValue> = {};
  for (const entry of yield* featureEntries(scope, table, id)) values[entry.feature.name] = entryValue(entry);
  if (table.registry === 'Record') {
    Object.assign(values, yield* recordOwnValues(scope, id));
    yield* required(scope, id, values);
  }
  return values;
}

/** Features of a record that live in its fields (`values_through`), in other records' cells, or are the index of its sheet. */
export function* recordOwnValues(scope: QueryScope, id: number): Steps<Record<string, QueryValue>> {
  const values: Record<string, QueryValue> = {};
  const index = yield* one(
    `SELECT f.name, r.name FROM lamindb_record r JOIN lamindb_record t ON t.id = r.type_id JOIN lamindb_schema s ON s.id = t.schema_id
     JOIN lamindb_feature f ON f.uid = json_extract(s._aux, '$.af."3"') WHERE r.id = ? AND r.name IS NOT NULL`,
    [id],
  );
  if (index) values[String(index[0])] = String(index[1]);
  const through = yield* all(
    `SELECT name, _dtype_str, json_extract(_aux, '$.sf'), json_extract(_aux, '$.vf') FROM lamindb_feature WHERE json_type(_aux) = 'object'`,
  );
  const record = scope.model.registry.get('Record');
  for (const [name, dtype, field, source] of through) {
    if (typeof field === 'string' && record) {
      const value = yield* fieldValue(scope.model, record, id, field, String(dtype));
      if (value !== null) values[String(name)] = value;
    } else if (typeof source === 'string') {
      const rows = yield* all(
        `SELECT r.name FROM lamindb_recordrecord l JOIN lamindb_record r ON r.id = l.record_id JOIN lamindb_feature f ON f.id = l.feature_id
         WHERE f.uid = ? AND l.value_id = ? AND r.name IS NOT NULL ORDER BY l.id`,
        [source, id],
      );
      const names = rows.map((row) => String(row[0]));
      if (String(dtype).startsWith('list[cat')) values[String(name)] = names;
      else if (names.length > 0)
        values[String(name)] = names.length === 1 ? (names[0] ?? '') : names.sort(compareText);
    }
  }
  return values;
}

function* fieldValue(
  model: Model,
  record: Table,
  id: number,
  field: string,
  dtype: string,
): Steps<QueryValue> {
  const column = record.column.get(field) ?? record.column.get(`${field}_id`);
  if (!column) return null;
  const row = yield* one(`SELECT "${column.name}" FROM "${record.name}" WHERE id = ?`, [id]);
  const value = row?.[0] ?? null;
  const target = model.tables.get(column.references?.table ?? '');
  if (value === null || !target) return value as QueryValue;
  const named = labelField(model, dtype, target);
  const far = yield* one(`SELECT "${named}" FROM "${target.name}" WHERE id = ?`, [value]);
  return (far?.[0] as QueryValue | undefined) ?? null;
}

function* required(scope: QueryScope, id: number, values: Record<string, QueryValue>): Steps<void> {
  const type = yield* one(
    'SELECT t.schema_id FROM lamindb_record r JOIN lamindb_record t ON t.id = r.type_id WHERE r.id = ? AND t.schema_id IS NOT NULL',
    [id],
  );
  if (!type) return;
  const members = yield* schemaMembers(scope.model, Number(type[0]));
  for (const member of members.ids) {
    const row = yield* one('SELECT uid, name, _dtype_str, nullable FROM lamindb_feature WHERE id = ?', [
      member,
    ]);
    const [uid, name, dtype, nullable] = row ?? [];
    const asked = uid === members.index || (members.minimal && !members.optional.includes(String(uid)));
    if (!asked || nullable !== 1 || String(name) in values) continue;
    values[String(name)] = String(dtype).startsWith('list[') ? [] : dtype === 'dict' ? {} : null;
  }
}
