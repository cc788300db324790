// What a query is: plain data, so that it crosses the worker border, lives in a URL and is saved with a view. SDK, screens
// and the command line all build this value; compile.ts turns it into SQL. Its meaning is that of LaminDB on SQLite; what
// differs is listed in docs/decisions/0012-query-language.md.
import { LoamError } from '../errors.ts';

/**
 * A value to compare with. Dates and times are ISO text. Beside plain JSON there are
 * `{ $ref: [registry, look-ups] }`, the object found by these look-ups;
 * `{ $query: query }`, the rows of another query (with `__in`);
 * `{ $below: query }`, the same with all that is below them by the registry's parents;
 * `{ $float: 1 }`, Python's 1.0: JSON columns tell it from 1.
 */
export type QueryValue = null | boolean | number | string | QueryValue[] | { [key: string]: QueryValue };

/** LaminDB's keywords: `{ size__gt: 1000, ulabels__name: 'x' }`. A name that is no field is a feature's. */
export type Lookups = { [lookup: string]: QueryValue };

export type FeatureOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'isnull' | LookupName;
/** Look-ups beside the operators, as in `gc_content__in`. */
export type LookupName =
  | 'contains'
  | 'icontains'
  | 'startswith'
  | 'istartswith'
  | 'endswith'
  | 'iendswith'
  | 'in'
  | 'regex'
  | 'iregex';

/**
 * A condition. Look-ups of one object are joined by AND. A feature is compared by name; at the top of a filter it joins
 * its annotations (a row with two matching values comes twice, as in LaminDB), below `or` and `not` it only tests them.
 */
export type Condition =
  | Lookups
  | { $and: Condition[] }
  | { $or: Condition[] }
  | { $not: Condition }
  | { $feature: string; op: FeatureOperator; value: QueryValue };

/** A field or chain of fields, `-` first for descending; or a feature, ordered by its stored text or as a number. */
export type Order = string | { $feature: string; descending?: boolean; numeric?: boolean };

export interface Query {
  /** `Artifact`, `bionty.CellType`, or a link class such as `ArtifactULabel`. */
  registry: string;
  /**
   * One entry per chained `.filter(…)`; `{ $not: … }` as an entry is `.exclude(…)`. Conditions of one entry share a join
   * of a many-valued relation, those of different entries do not. Each entry that names neither a branch nor an id, uid
   * or hash sees the current branch and main only. No entries: one that has no condition.
   */
  filters?: Condition[];
  order?: Order[];
  /** Equal rows (over the fields that are read) come once. Without it joins repeat rows, as in LaminDB. */
  distinct?: boolean;
  limit?: number | null;
  offset?: number;
  /** Paging (page.ts): the cursor of the last row already shown, under the same order. */
  after?: QueryValue[];
  /** The cursor of the first row shown, for the page before it; an empty one for the last page. */
  before?: QueryValue[];
  /** Each row has each of these in one of its texts, in any case: said by who wrote the filters, so that an index helps. */
  texts?: string[];
  /** An inner query for rows of the outer one's own table, so that it can be asked of one row alone (`QueryScope.each`). */
  ofRow?: boolean;
  /** Name or uid of the branch that counts as current; the checked-out one otherwise. */
  branch?: string;
}

/** Limits that no honest query meets; they keep hostile ones from deep recursion and endless statements. */
const maxDepth = 32;
const maxConditions = 500;
const maxListed = 100_000;

/** A query from outside (URL, file, another tab): checked in shape, returned as it is. Throws `InvalidArgument`. */
export function checkQuery(value: unknown): Query {
  const query = value as Query;
  if (!isObject(query) || typeof query.registry !== 'string') refuse('A query names its registry.');
  const { filters = [], order = [], distinct, limit, offset, after, before, branch, texts = [] } = query;
  if (!Array.isArray(filters)) refuse('"filters" is a list of conditions.');
  let count = 0;
  const check = (condition: unknown, depth: number): void => {
    if (!isObject(condition)) refuse('A condition is an object of look-ups.');
    if (depth > maxDepth) refuse(`Conditions are nested more than ${maxDepth} deep.`);
    count += Math.max(1, Object.keys(condition).length);
    if (count > maxConditions) refuse(`There are more than ${maxConditions} conditions.`);
    const { $and, $or, $not } = condition as { $and?: unknown; $or?: unknown; $not?: unknown };
    if ($not !== undefined) return check($not, depth + 1);
    const list = $and ?? $or;
    if (list === undefined) return Object.values(condition).forEach((v) => checkValue(v, 0));
    if (!Array.isArray(list)) refuse('"$and" and "$or" take a list of conditions.');
    for (const item of list) check(item, depth + 1);
  };
  for (const condition of filters) check(condition, 0);
  if (!Array.isArray(order)) refuse('"order" is a list of fields.');
  for (const item of order) {
    if (typeof item !== 'string' && !(isObject(item) && typeof item.$feature === 'string'))
      refuse('"order" holds names of fields, or { $feature: name }.');
  }
  if (distinct !== undefined && typeof distinct !== 'boolean') refuse('"distinct" is true or false.');
  if (limit !== undefined && limit !== null && !isCount(limit)) refuse('"limit" is a whole number.');
  if (offset !== undefined && !isCount(offset)) refuse('"offset" is a whole number.');
  for (const cursor of [after, before])
    if (cursor !== undefined && !Array.isArray(cursor)) refuse('"after" and "before" are cursors of rows.');
  if (!Array.isArray(texts) || texts.length > 20 || texts.some((text) => typeof text !== 'string'))
    refuse('"texts" is a list of texts.');
  if (branch !== undefined && typeof branch !== 'string') refuse('"branch" is a name or uid.');
  return query;
}

function checkValue(value: unknown, depth: number): void {
  if (depth > maxDepth) refuse(`A value is nested more than ${maxDepth} deep.`);
  if (Array.isArray(value)) {
    if (value.length > maxListed) refuse(`A list has more than ${maxListed} values.`);
    for (const item of value) checkValue(item, depth + 1);
  } else if (isObject(value)) {
    for (const item of Object.values(value)) checkValue(item, depth + 1);
  } else if (value !== null && !['boolean', 'number', 'string'].includes(typeof value)) {
    refuse(`A ${typeof value} is no value to compare with.`);
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function refuse(message: string): never {
  throw new LoamError('InvalidArgument', message);
}
