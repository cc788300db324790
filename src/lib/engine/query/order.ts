// The order of rows: fields over any chain of references, parts of dates, and stored feature values. Feature values order
// by their JSON text, as LaminDB's do on SQLite, or as numbers where that is asked for.
import { LoamError } from '../errors.ts';
import { fieldsOf } from '../model/relations.ts';
import type { SqlValue } from '../ports.ts';
import { one, type Steps } from '../statement.ts';
import { select, type Draft } from './draft.ts';
import { findFeature } from './feature-tests.ts';
import { column, type Alias } from './joins.ts';
import { hasFeatures } from './prepare.ts';
import type { Order } from './query.ts';
import { createWhere } from './where.ts';

export interface OrderTerm {
  sql: string;
  params: SqlValue[];
  descending: boolean;
}

const orderable = [
  'int',
  'float',
  'num',
  'str',
  'bool',
  'datetime',
  'datetime64[ns, UTC]',
  'date',
  'path',
  'url',
];

export function* orderTerms(of: Draft): Steps<OrderTerm[]> {
  const terms: OrderTerm[] = [];
  for (const item of of.query.order ?? []) {
    const term = typeof item === 'string' ? fieldTerm(of, item) : yield* featureTerm(of, item);
    // A second time the same order decides nothing.
    if (!terms.some((known) => known.sql === term.sql)) terms.push(term);
  }
  return terms;
}

function fieldTerm(of: Draft, item: string): OrderTerm {
  const descending = item.startsWith('-');
  const { sql, params } = select(of, descending ? item.slice(1) : item);
  return { sql, params, descending };
}

/** Rows without the feature are left out; several values give a row each. A filter on the feature decides which count. */
function* featureTerm(of: Draft, item: Exclude<Order, string>): Steps<OrderTerm> {
  const { scope, table } = of;
  if (!hasFeatures(table)) {
    throw new LoamError(
      'FieldError',
      `Feature ordering is only supported for Artifact, Run, and Record, not ${table.registry}.`,
      { registry: table.registry ?? table.name },
    );
  }
  const feature = yield* findFeature(scope, item.$feature);
  const aux = yield* one('SELECT _aux FROM lamindb_feature WHERE id = ?', [feature.id]);
  if (/"(sf|vf)":/.test(String(aux?.[0] ?? '')))
    refuse(feature.name, 'its values are kept elsewhere (values_through)');
  if (!orderable.includes(feature.dtype))
    refuse(feature.name, `its dtype is ${feature.dtype}, and ordering needs plain single values`);
  const value = `${column(valueAlias(of, feature.id), 'value')}`;
  const sql = item.numeric ? `CAST(json_extract(${value}, '$') AS REAL)` : value;
  return { sql, params: [], descending: item.descending ?? false };
}

function refuse(name: string, why: string): never {
  throw new LoamError('FieldError', `Cannot order by feature '${name}': ${why}.`, { feature: name });
}

function valueAlias(of: Draft, feature: number): Alias {
  const { scope, table, joins } = of;
  const record = table.registry === 'Record';
  const known = of.featureJoins.get(feature);
  let alias = known?.alias;
  if (known && alias) {
    // The value that orders fulfils every filter on the feature, not only the first one.
    const id = column(alias, record ? 'id' : 'jsonvalue_id');
    for (const { $sql, params } of known.further.splice(0))
      of.wheres.push({ sql: `${id} IN (${$sql})`, params, strict: new Set([alias]) });
  } else {
    const accessor = record ? 'values_json' : 'json_values';
    const builder = createWhere(scope.model, joins, of.counter);
    const call = builder.filter({ kind: 'lookup', lookup: `${accessor}__feature`, value: feature });
    of.wheres.push(call.where);
    alias = [...call.made].find((made) => made.parent === joins.root) as Alias;
    of.featureJoins.set(feature, { alias, further: [] });
  }
  if (record) return alias;
  const hop = fieldsOf(scope.model, alias.table).get('jsonvalue');
  if (hop?.kind !== 'relation' || !hop.hops[0]) throw new Error('links to values lead to values');
  return joins.join(alias, hop.hops[0], null);
}
