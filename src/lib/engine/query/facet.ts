// Facets: how often each value of a field, of what a chain of relations leads to, or of a feature comes among the rows of a
// query, and how many rows have none. A row counts once per value, however many of its links carry it.
import { nameField } from '../model/name-field.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { categoryLink } from './category-links.ts';
import { fromWhere, narrowed } from './compile.ts';
import { draft, draftOf, select, type Draft } from './draft.ts';
import { isCategorical, labelDtypes } from './feature-dtype.ts';
import { findFeature } from './feature-tests.ts';
import { escapeLike } from './lookups.ts';
import { columnType, type OperandType } from './operands.ts';
import { pathOf } from './paths.ts';
import { hasFeatures, type QueryScope } from './prepare.ts';
import { LoamError } from '../errors.ts';
import type { Query, QueryValue } from './query.ts';
import { searching, tell } from './read.ts';

export interface FacetSpec {
  /** A field, chain or relation (`suffix`, `run__transform__key`, `ulabels`); or the name of a feature. */
  field?: string;
  feature?: string;
  /** Only values whose label contains this text, whatever its case. */
  search?: string;
  /** 50 unless said otherwise. */
  limit?: number;
}

export interface FacetCounts {
  /** Most frequent first. `value` is what an exact look-up takes, `label` what people read. */
  values: { value: QueryValue; label: string; count: number }[];
  /** Rows without a value. An empty text is one. */
  missing: number;
  /** Rows in all. */
  total: number;
  /** There are more values than are listed. */
  more: boolean;
}

interface Counted {
  /** `SELECT … AS row, … AS value, … AS label`, each pair of row and value at least once. */
  sql: string;
  params: SqlValue[];
  /** Rows come once as they are. */
  once: boolean;
  type: OperandType;
}

export function* facet(scope: QueryScope, query: Query, spec: FacetSpec): Steps<FacetCounts> {
  const of = yield* draft(scope, { ...query, order: [] });
  const counted =
    spec.feature === undefined ? fieldValues(of, spec.field ?? '') : yield* featureValues(of, spec.feature);
  const limit = Math.max(1, Math.min(spec.limit ?? 50, 10_000));
  const { sql, params, once, type } = counted;
  const tests: string[] = ['value IS NOT NULL'];
  const searched: SqlValue[] = [];
  if (spec.search !== undefined && spec.search !== '') {
    tests.push(`label LIKE ? ESCAPE '\\'`);
    searched.push(`%${escapeLike(spec.search)}%`);
  }
  const rows = yield* searching(
    all(
      `SELECT value, max(label), ${once ? 'count(*)' : 'count(DISTINCT row)'} AS n FROM (${sql}) WHERE ${tests.join(' AND ')} GROUP BY value ORDER BY n DESC, value LIMIT ?`,
      [...params, ...searched, limit + 1],
    ),
  );
  const total = yield* matching(of);
  // The few values of a field add up; a row may have several labels.
  const added = once && searched.length === 0 && rows.length <= limit;
  const holders = added
    ? rows.reduce((sum, row) => sum + Number(row[2]), 0)
    : Number(
        (yield* searching(
          one(`SELECT count(${once ? '*' : 'DISTINCT row'}) FROM (${sql}) WHERE value IS NOT NULL`, params),
        ))?.[0] ?? 0,
      );
  return {
    values: rows.slice(0, limit).map(([value = null, label = null, n]) => {
      const told = tell(type, value);
      return { value: told, label: labelOf(told, label), count: Number(n) };
    }),
    missing: total - holders,
    total,
    more: rows.length > limit,
  };
}

function labelOf(value: QueryValue, label: SqlValue): string {
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (label !== null) return String(label);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function* matching(of: Draft): Steps<number> {
  const params: SqlValue[] = [];
  const repeats = of.joins.aliases.some((alias) => alias.hop?.many);
  const from = fromWhere(of, params);
  const what = repeats ? `DISTINCT ${of.joins.root.sql}."id"` : '*';
  return Number((yield* searching(one(`SELECT count(${what}) ${from}`, params)))?.[0] ?? 0);
}

/** The matching rows as a condition on another statement's rows. */
function among(of: Draft, id: string): { sql: string; params: SqlValue[] } {
  const params: SqlValue[] = [];
  const from = fromWhere(of, params);
  return { sql: `${id} IN (SELECT ${of.joins.root.sql}."id" ${from})`, params };
}

function fieldValues(of: Draft, name: string): Counted {
  const { scope, table, query } = of;
  const path = pathOf(scope.model, table, name);
  const many = path.relations.some((relation) => relation.many);
  const filtered = of.joins.aliases.some((alias) => alias.hop?.many);
  // What filters join must not decide which values are counted.
  const base = many || filtered ? draftOf(scope, { registry: query.registry }, table, []) : of;
  const value = select(base, name);
  const target = path.column ? null : path.relations.at(-1)?.target;
  const named = target ? nameField(target) : null;
  const label = named ? select(base, `${name}__${named}`) : value;
  const id = `${base.joins.root.sql}."id"`;
  const params = [...value.params, ...(named ? label.params : value.params)];
  let from: string;
  if (base === of) from = fromWhere(of, params);
  else {
    const inner = among(of, id);
    from = narrowed(base, params, inner.sql);
    params.push(...inner.params);
  }
  return {
    sql: `SELECT ${id} AS row, ${value.sql} AS value, ${label.sql} AS label ${from}`,
    params,
    once: !many,
    type: value.type,
  };
}

/** Stored values, or labels by the field that the dtype names them by. */
function* featureValues(of: Draft, name: string): Steps<Counted> {
  const { scope, table } = of;
  if (!hasFeatures(table))
    throw new LoamError('FieldError', `${table.registry} has no features.`, { feature: name });
  const feature = yield* findFeature(scope, name);
  const parts: string[] = [];
  const params: SqlValue[] = [];
  let type: OperandType = 'json';
  if (isCategorical(feature.dtype)) {
    type = 'text';
    for (const label of labelDtypes(scope.model, feature.dtype)) {
      const link = categoryLink(scope.model, table, label.table);
      if (!link) continue;
      const inner = among(of, `l."${link.host}"`);
      const field = label.table.column.get(label.field);
      if (field) type = columnType(field);
      parts.push(
        `SELECT l."${link.host}" AS row, x."${label.field}" AS value, x."${label.field}" AS label FROM "${link.link.name}" l JOIN "${label.table.name}" x ON x.id = l."${link.label}" WHERE l.feature_id = ?${scope.hidden(link.link.name, 'l.id')} AND ${inner.sql}`,
      );
      params.push(feature.id, ...inner.params);
    }
  } else {
    const { row, from } = storedValues(scope, table);
    const inner = among(of, row);
    parts.push(
      `SELECT ${row} AS row, v.value AS value, json_extract(v.value, '$') AS label FROM ${from} AND ${inner.sql}`,
    );
    params.push(feature.id, ...inner.params);
  }
  if (parts.length === 0) parts.push('SELECT 0 AS row, NULL AS value, NULL AS label');
  return { sql: parts.join(' UNION ALL '), params, once: false, type };
}

function storedValues(scope: QueryScope, table: Table): { row: string; from: string } {
  if (table.registry === 'Record') {
    const shown = scope.hidden('lamindb_recordjson', 'v.id');
    return { row: 'v.record_id', from: `lamindb_recordjson v WHERE v.feature_id = ?${shown}` };
  }
  const host = table.name.replace(/^[a-z]+_/, '');
  const links = `lamindb_${host}jsonvalue`;
  return {
    row: `l."${host}_id"`,
    from: `lamindb_jsonvalue v JOIN "${links}" l ON l.jsonvalue_id = v.id WHERE v.feature_id = ?${scope.hidden(links, 'l.id')}`,
  };
}
