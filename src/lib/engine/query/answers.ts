// Answers query specs: the grammar in which LaminDB's own answers are written down (operation, registry, filter, values …),
// so that both can be compared. `loam query` and the worker's `answer` run this.
import { LoamError } from '../errors.ts';
import type { Steps } from '../statement.ts';
import { findRow } from './address.ts';
import { attributes } from './attributes.ts';
import { inspect, standardize, validate } from './curation.ts';
import { toDataFrame, type FrameOptions } from './dataframe.ts';
import { describe } from './describe.ts';
import { tableOf } from './draft.ts';
import { featureValuesOf } from './feature-values.ts';
import { lineageEdges } from './lineage-edges.ts';
import { lookupKeys } from './lookup-keys.ts';
import type { QueryScope } from './prepare.ts';
import { compareText, unmarked } from './python-values.ts';
import { isObject, type Condition, type Lookups, type Order, type Query, type QueryValue } from './query.ts';
import { countRows, readRows } from './read.ts';
import { describeRegistry } from './registry-text.ts';
import { relatives, versionsQuery } from './relatives.ts';
import { search, type RankedRow, type SearchOptions } from './search.ts';

/** One question, e.g. `{ id: 'a02', op: 'filter', registry: 'Artifact', filter: { size__gt: 1000 }, values: ['key'] }`. */
export type QuerySpec = { [key: string]: unknown };
/** The spec with its `answer`; where there is none, `error` and `answer.error` hold the error's name in Python. */
export type AnsweredSpec = QuerySpec & { answer: unknown; error?: string; message?: string };

type Operation = (scope: QueryScope, spec: QuerySpec) => Steps<unknown>;

/** Answers every spec; one that fails does not keep the others from their answers. */
export function* answerSpecs(scope: QueryScope, specs: readonly QuerySpec[]): Steps<AnsweredSpec[]> {
  const answered: AnsweredSpec[] = [];
  for (const spec of specs) {
    try {
      answered.push({ ...spec, answer: yield* answerSpec(scope, spec) });
    } catch (error) {
      const name = errorName(error);
      const message = error instanceof Error ? error.message : String(error);
      answered.push({ ...spec, answer: { error: name }, error: name, message });
    }
  }
  return answered;
}

export function* answerSpec(scope: QueryScope, spec: QuerySpec): Steps<unknown> {
  const operation = Object.hasOwn(operations, String(spec['op']))
    ? operations[String(spec['op'])]
    : undefined;
  if (!operation)
    throw new LoamError(
      'ValueError',
      `"${String(spec['op']).slice(0, 40)}" is no operation; known are: ${Object.keys(operations).join(', ')}.`,
    );
  return yield* operation(scope, spec);
}

/** The class of LaminDB's exception. */
export function errorName(error: unknown): string {
  if (!(error instanceof LoamError)) return 'InternalError';
  const { python } = error.details;
  if (typeof python === 'string') return python;
  return error.code === 'SqlError' ? 'OperationalError' : error.code;
}

const operations: Record<string, Operation> = {
  *filter(scope, spec) {
    return yield* readRows(scope, queryOf(spec, true), names(spec['values']));
  },
  *count(scope, spec) {
    return yield* countRows(scope, queryOf(spec));
  },
  *get(scope, spec) {
    return yield* attributes(
      scope,
      tableOf(scope, registryOf(spec)),
      yield* found(scope, spec),
      names(spec['values']),
    );
  },
  *versions(scope, spec) {
    const query = yield* versionsQuery(scope, registryOf(spec), yield* found(scope, spec));
    return yield* readRows(scope, query, names(spec['values']));
  },
  *parents(scope, spec) {
    const ids = yield* relatives(scope, registryOf(spec), yield* found(scope, spec), String(spec['method']));
    const rows = yield* readRows(scope, { registry: registryOf(spec), filters: [{ id__in: ids }] }, [
      String(spec['field']),
    ]);
    return rows.map(([value]) => value as string).sort(compareText);
  },
  *search(scope, spec) {
    const ids = (yield* searchSpec(scope, spec)).map((row) => row.id);
    return yield* rowsInOrder(scope, registryOf(spec), ids, names(spec['values']));
  },
  *dataframe(scope, spec) {
    const options: FrameOptions = {};
    if (spec['include'] !== undefined) options.include = spec['include'] as string[];
    if (spec['features'] !== undefined) options.features = spec['features'] as string[];
    if (spec['limit'] !== undefined) options.limit = spec['limit'] as number | null;
    if (spec['order_by'] !== undefined) options.orderBy = spec['order_by'] as string | null;
    const { order: _, ...query } = queryOf(spec);
    const { columns, index, indexName } = yield* toDataFrame(scope, query, options);
    return {
      columns: columns.map((column) => column.name),
      index_name: indexName,
      index,
      dtypes: columns.map((column) => column.dtype),
      rows: index.map((_row, i) => columns.map((column) => column.values[i] ?? null)),
    };
  },
  *features(scope, spec) {
    const values = yield* featureValuesOf(scope, tableOf(scope, registryOf(spec)), yield* found(scope, spec));
    return unmarked(values);
  },
  *describe(scope, spec) {
    return yield* describe(scope, tableOf(scope, registryOf(spec)), yield* found(scope, spec));
  },

  *registry_describe(scope, spec) {
    return describeRegistry(scope.model, tableOf(scope, registryOf(spec)));
  },
  *lineage(scope, spec) {
    return yield* lineageEdges(scope, registryOf(spec), yield* found(scope, spec));
  },
  *lookup(scope, spec) {
    const field = typeof spec['field'] === 'string' ? spec['field'] : undefined;
    const keys = yield* lookupKeys(scope, registryOf(spec), field);
    const id = keys.get(String(spec['key']));
    if (id === undefined)
      throw new LoamError(
        'AttributeError',
        `'Lookup' object has no attribute '${String(spec['key']).slice(0, 60)}'.`,
      );
    return yield* attributes(scope, tableOf(scope, registryOf(spec)), id, names(spec['values']));
  },
  *setting() {
    return null;
  },
  *curate(scope, spec) {
    const given = spec['values_in'];
    const values = (Array.isArray(given) ? given.flat() : [given]) as (string | null)[];
    const kw = isObject(spec['kw']) ? spec['kw'] : {};
    const text = (name: string) => (typeof kw[name] === 'string' ? kw[name] : undefined);
    const options = {
      field: typeof spec['field'] === 'string' ? spec['field'] : undefined,
      organism: text('organism'),
      returnField: text('return_field'),
      synonymsField: text('synonyms_field'),
      returnMapper: kw['return_mapper'] === true,
      caseSensitive: kw['case_sensitive'] === true,
      keep: kw['keep'] === undefined ? undefined : (kw['keep'] as 'first' | 'last' | false),
    };
    const single = !Array.isArray(given);
    switch (spec['method']) {
      case 'validate': {
        const valid = yield* validate(scope, registryOf(spec), values, options);
        return single ? valid[0] : valid;
      }
      case 'inspect':
        return yield* inspect(scope, registryOf(spec), values, options);
      case 'standardize': {
        const standard = yield* standardize(scope, registryOf(spec), values, options);
        return single && Array.isArray(standard) ? standard[0] : standard;
      }
    }
    throw new LoamError('AttributeError', `There is no method "${String(spec['method']).slice(0, 40)}".`);
  },
};

/** Ids and ranks of a `search` spec; rows of equal rank have no order in LaminDB. */
export function* searchSpec(scope: QueryScope, spec: QuerySpec): Steps<RankedRow[]> {
  const options: SearchOptions = {};
  if (spec['field'] !== undefined && spec['field'] !== null) options.field = spec['field'] as string;
  if (spec['limit'] !== undefined) options.limit = spec['limit'] as number | null;
  if (spec['case_sensitive'] === true) options.caseSensitive = true;
  let query: Query | null = null;
  if (isObject(spec['filter'])) {
    query = queryOf({ registry: spec['registry'], filter: spec['filter'] });
    // Searching in a filter is a filter again, which sees the current branch and main only.
    query = { ...query, filters: [...(query.filters ?? []), {}] };
  }
  return yield* search(scope, registryOf(spec), query, String(spec['string']), options);
}

/** Fields of the rows with these ids, in the order of the ids, repeats included. */
function* rowsInOrder(
  scope: QueryScope,
  registry: string,
  ids: readonly number[],
  fields: string[],
): Steps<QueryValue[][]> {
  const rows = yield* readRows(scope, { registry, filters: [{ id__in: [...new Set(ids)] }] }, [
    'id',
    ...fields,
  ]);
  const byId = new Map<QueryValue, QueryValue[][]>();
  for (const [id = null, ...row] of rows) byId.set(id, [...(byId.get(id) ?? []), row]);
  return ids.flatMap((id) => byId.get(id) ?? []);
}

export const registryOf = (spec: QuerySpec): string => String(spec['registry']);
export const names = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** The row that `get` or `uid` name. */
export function* found(scope: QueryScope, spec: QuerySpec): Steps<number> {
  const { uid, get } = spec;
  const idlike =
    typeof uid === 'string' || typeof uid === 'number' ? uid : isObject(get) ? (get as Lookups) : {};
  return yield* findRow(scope, registryOf(spec), idlike);
}

/** `filter`, `pred`, `q`, `then` (further filters), `exclude`, `order_by`, `distinct` and `limit` of a spec as a query. */
export function queryOf(spec: QuerySpec, limited = false): Query {
  const parts: Condition[] = [];
  if (isObject(spec['filter'])) parts.push(spec['filter'] as Lookups);
  for (const pred of Array.isArray(spec['pred']) ? spec['pred'] : []) {
    const [feature, op, value] = pred as [string, string, QueryValue];
    parts.push({ $feature: String(feature), op: op as '==', value });
  }
  if (Array.isArray(spec['q']) && spec['q'].length > 0) parts.push({ $or: spec['q'] as Condition[] });
  const filters: Condition[] = [{ $and: parts }];
  for (const further of Array.isArray(spec['then']) ? spec['then'] : []) filters.push(further as Lookups);
  if (isObject(spec['exclude'])) filters.push({ $not: spec['exclude'] as Lookups });
  return {
    registry: registryOf(spec),
    filters,
    order: (Array.isArray(spec['order_by']) ? spec['order_by'] : []) as Order[],
    distinct: spec['distinct'] === true,
    ...(limited && typeof spec['limit'] === 'number' ? { limit: spec['limit'] } : {}),
  };
}
