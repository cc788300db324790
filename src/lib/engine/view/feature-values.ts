// Where rows keep the values of features, as SQL: plain values as JSON, labels by their names. One place for facets,
// columns and detail pages.
import { nameField } from '../model/name-field.ts';
import { nothingHidden, type Hidden } from '../write/hidden.ts';
import type { Model, Table } from '../model/types.ts';
import { categoryLinksOf } from '../query/category-links.ts';
import { labelDtypes } from '../query/feature-dtype.ts';

export interface FeatureHolder {
  /** Rows `host, value (JSON), label` of the feature `?1`. */
  values: string;
  /** Something for the feature `f.id` of an outer statement. */
  used: string;
  /** `feature, row` of every value. */
  hosts: string;
  /** Features and values (JSON) of the row `?1`: id, uid, name, dtype, value. */
  ofRow: string;
}

/** A stored value in words, as SQL. */
export const jsonLabel = (value: string): string =>
  `CASE json_type(${value}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE coalesce(json_extract(${value}, '$'), 'null') END`;

/** With a dtype, labels are told by the field that it names, which is also what queries compare with. */
export function featureHolders(
  model: Model,
  table: Table,
  dtype = '',
  hidden: Hidden = nothingHidden,
): FeatureHolder[] {
  const labels = labelDtypes(model, dtype);
  const host = table.name.replace(/^[a-z]+_/, '');
  const label = jsonLabel('v.value');
  const cells = hidden('lamindb_recordjson', 'v.id');
  const links = hidden(`lamindb_${host}jsonvalue`, 'l.id');
  const feature = 'f.id, f.uid, f.name, f._dtype_str';
  const holders: FeatureHolder[] = [
    table.registry === 'Record'
      ? {
          values: `SELECT v.record_id, v.value, ${label} FROM lamindb_recordjson v WHERE v.feature_id = ?1${cells}`,
          used: `SELECT 1 FROM lamindb_recordjson v WHERE v.feature_id = f.id${cells}`,
          hosts: `SELECT v.feature_id, v.record_id FROM lamindb_recordjson v WHERE true${cells}`,
          ofRow: `SELECT ${feature}, v.value FROM lamindb_recordjson v JOIN lamindb_feature f ON f.id = v.feature_id WHERE v.record_id = ?1${cells} ORDER BY v.id`,
        }
      : {
          values: `SELECT l.${host}_id, v.value, ${label} FROM lamindb_jsonvalue v JOIN lamindb_${host}jsonvalue l ON l.jsonvalue_id = v.id WHERE v.feature_id = ?1${links}`,
          used: `SELECT 1 FROM lamindb_jsonvalue v JOIN lamindb_${host}jsonvalue l ON l.jsonvalue_id = v.id WHERE v.feature_id = f.id${links}`,
          hosts: `SELECT v.feature_id, l.${host}_id FROM lamindb_${host}jsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id WHERE true${links}`,
          ofRow: `SELECT ${feature}, v.value FROM lamindb_${host}jsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id JOIN lamindb_feature f ON f.id = v.feature_id WHERE l.${host}_id = ?1${links} ORDER BY l.id`,
        },
  ];
  for (const link of categoryLinksOf(model, table)) {
    const name = labels.find((label) => label.table === link.target)?.field ?? nameField(link.target) ?? 'id';
    if (!link.target.column.has(name)) continue;
    const tied = hidden(link.link.name, 'l.id');
    holders.push({
      values: `SELECT l."${link.host}", json_quote(x."${name}"), x."${name}" FROM "${link.link.name}" l JOIN "${link.target.name}" x ON x.id = l."${link.label}" WHERE l.feature_id = ?1${tied}`,
      used: `SELECT 1 FROM "${link.link.name}" l WHERE l.feature_id = f.id${tied}`,
      hosts: `SELECT l.feature_id, l."${link.host}" FROM "${link.link.name}" l WHERE l.feature_id IS NOT NULL${tied}`,
      ofRow: `SELECT ${feature}, json_quote(x."${name}") FROM "${link.link.name}" l JOIN "${link.target.name}" x ON x.id = l."${link.label}" JOIN lamindb_feature f ON f.id = l.feature_id WHERE l."${link.host}" = ?1${tied} ORDER BY l.id`,
    });
  }
  return holders;
}
