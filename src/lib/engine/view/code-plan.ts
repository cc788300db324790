// A view as the calls that rebuild it in LaminDB's own language: which conditions are keywords of a filter, which need
// expressions, what order and columns follow. The printers of Python, R and TypeScript differ only in spelling.
import { nameField, registryName } from '../model/name-field.ts';
import type { Model, Table } from '../model/types.ts';
import { isCategorical } from '../query/feature-dtype.ts';
import { findFeature } from '../query/feature-tests.ts';
import { tableOf } from '../query/draft.ts';
import type { QueryScope } from '../query/prepare.ts';
import type { QueryValue } from '../query/query.ts';
import { trashBranch } from '../registry/tables.ts';
import type { Steps } from '../statement.ts';
import { asksForNone, certainPath, isMany, isText, listOf, lookupOf, relationChain } from './conditions.ts';
import { columnNames } from './columns.ts';
import { searchConditions } from './search-words.ts';
import { hiddenKinds, hidesKinds, orderOf } from './view-query.ts';
import { pruned, type FilterNode, type FilterTest, type View } from './view.ts';

/** A number that Python must write with its point. */
export interface FloatValue {
  float: number;
}
export type CodeValue = QueryValue | FloatValue;
export type Keyword = [name: string, value: CodeValue];

export type Expression =
  | { kind: 'keywords'; keywords: Keyword[] }
  | { kind: 'any' | 'all'; items: Expression[] }
  | { kind: 'not'; item: Expression }
  /** The rows that a filter of their own finds: behind many-valued relations, and features. */
  | { kind: 'among'; keywords: Keyword[]; feature?: FeatureTest };

/** A test of a feature that stands beside keywords of fields, which LaminDB takes as a predicate only. */
export interface FeatureTest {
  name: string;
  op: FilterTest['op'];
  value: CodeValue;
}

export interface Call {
  expressions: Expression[];
  keywords: Keyword[];
}

export interface CodePlan {
  /** `Artifact`, `bionty.CellType`. */
  registry: string;
  module: string;
  className: string;
  calls: Call[];
  /** Joins may repeat rows. */
  distinct: boolean;
  order: string[];
  /** Rows ordered by a feature, those without it as well, which `order_by` would leave out. */
  sort: { feature: string; descending: boolean } | null;
  /** Null for the data frame's own choice of columns. */
  include: string[] | null;
  features: string[];
}

type Dtypes = ReadonlyMap<string, string>;

export function* codePlan(scope: QueryScope, view: View): Steps<CodePlan> {
  const { model } = scope;
  const table = tableOf(scope, view.registry);
  const filter = pruned(view.filter);
  const dtypes = yield* dtypesOf(scope, view, filter);
  const context: Context = { model, table, dtypes, trash: view.trash };

  const first: Call = { expressions: [], keywords: [] };
  const calls: Call[] = [first];
  const extra: Expression[] = [];
  if (view.trash) first.keywords.push(['branch_id', trashBranch]);
  if (table.versioned && !view.versions && !view.trash) first.keywords.push(['is_latest', true]);
  const top: FilterNode[] = filter?.kind === 'all' && !filter.not ? filter.items : filter ? [filter] : [];
  let distinct = false;
  for (const node of [...top, ...searchConditions(table, view.search)]) {
    const keyword = plainKeyword(context, node, first.keywords);
    const joined = view.trash || keyword ? null : joinedCall(context, node);
    if (keyword) first.keywords.push(keyword);
    else if (joined) {
      calls.push({ expressions: [], keywords: joined });
      distinct = true;
    } else extra.push(expressionOf(context, node));
  }
  // In the trash each further filter would look on the branch in use again, so that there is one.
  if (view.trash) first.expressions.push(...extra);
  else for (const expression of extra) calls.push({ expressions: [expression], keywords: [] });
  if (hidesKinds(table, view) && speaksOf(calls, 'kind'))
    calls.push({
      expressions: [
        { kind: 'not', item: { kind: 'keywords', keywords: [['kind__startswith', hiddenKinds]] } },
      ],
      keywords: view.trash ? [['branch_id', trashBranch]] : [],
    });

  const order = orderOf(model, table, view);
  const sort =
    typeof order === 'string' ? null : { feature: order.$feature, descending: order.descending ?? false };
  return {
    registry: registryName(table),
    module: table.module,
    className: table.registry ?? '',
    calls: calls.filter(
      ({ expressions, keywords }, at) => at === 0 || expressions.length + keywords.length > 0,
    ),
    distinct,
    order: typeof order === 'string' ? ordered(model, table, order) : [sort?.descending ? '-id' : 'id'],
    sort,
    ...columnsFor(context, view, sort),
  };
}

interface Context {
  model: Model;
  table: Table;
  dtypes: Dtypes;
  trash: boolean;
}

function* dtypesOf(scope: QueryScope, view: View, filter: FilterNode | null): Steps<Dtypes> {
  const names = new Set<string>();
  const walk = (node: FilterNode): void => {
    if (node.kind !== 'test') node.items.forEach(walk);
    else if (node.feature) names.add(node.field);
  };
  if (filter) walk(filter);
  for (const name of [...(view.columns ?? []), view.order?.by ?? ''])
    if (name.startsWith('@')) names.add(name.slice(1));
  const dtypes = new Map<string, string>();
  for (const name of names) dtypes.set(name, (yield* findFeature(scope, name)).dtype);
  return dtypes;
}

/** Looks at rows of all branches when they stand alone in a filter. */
const lifting = new Set(['id', 'uid', 'hash']);

/** A condition that can be a keyword of the first filter beside the others. */
function plainKeyword(context: Context, node: FilterNode, taken: readonly Keyword[]): Keyword | null {
  if (node.kind !== 'test' || node.not || node.feature || asksForNone(node)) return null;
  const path = certainPath(context.model, context.table, node.field);
  const [first = ''] = node.field.split('__');
  if (isMany(path) || lifting.has(first) || /^branch(_id)?$/.test(first)) return null;
  if (node.op === 'in' && listOf(node).includes(null)) return null;
  const name = lookupOf(node.field, node.op);
  return taken.some(([other]) => other === name) ? null : [name, node.value];
}

/** A condition over many rows, or on a feature, as a filter call of its own. */
function joinedCall(context: Context, node: FilterNode): Keyword[] | null {
  if (node.kind !== 'test' || node.not) return null;
  if (node.feature) {
    const one =
      node.op === 'in' && Array.isArray(node.value) && node.value.length === 1 ? single(node) : node;
    if (one.op === 'in' || one.op === 'range' || isAmbiguous(context, one)) return null;
    return [featureKeyword(context, one)];
  }
  if (asksForNone(node) || (node.op === 'in' && listOf(node).includes(null))) return null;
  return isMany(certainPath(context.model, context.table, node.field))
    ? [[lookupOf(node.field, node.op), node.value]]
    : null;
}

const single = (test: FilterTest): FilterTest => {
  const [value = null] = listOf(test);
  return value === null ? { ...test, op: 'isnull', value: true } : { ...test, op: 'exact', value };
};

function expressionOf(context: Context, node: FilterNode): Expression {
  const inner: Expression =
    node.kind === 'test'
      ? testExpression(context, node)
      : { kind: node.kind, items: node.items.map((item) => expressionOf(context, item)) };
  return node.not ? { kind: 'not', item: inner } : inner;
}

function testExpression(context: Context, test: FilterTest): Expression {
  if (test.feature) return featureExpression(context, test);
  const { model, table } = context;
  const path = certainPath(model, table, test.field);
  const ask = (keyword: Keyword): Expression =>
    isMany(path) ? among(context, keyword) : { kind: 'keywords', keywords: [keyword] };
  const missing = (): Expression => {
    if (isMany(path)) return { kind: 'not', item: ask([`${relationChain(path)}__isnull`, false]) };
    const none = ask([`${test.field}__isnull`, true]);
    return isText(path.column) ? { kind: 'any', items: [none, ask([test.field, ''])] } : none;
  };
  if (asksForNone(test)) return test.value === false ? { kind: 'not', item: missing() } : missing();
  if (test.op === 'in') {
    const listed = listOf(test);
    const values = listed.filter((value) => value !== null);
    if (values.length === listed.length) return ask([`${test.field}__in`, values]);
    const some: Expression[] = values.length > 0 ? [ask([`${test.field}__in`, values])] : [];
    return { kind: 'any', items: [...some, missing()] };
  }
  return ask([lookupOf(test.field, test.op), test.value]);
}

const among = (context: Context, keyword: Keyword): Expression => ({
  kind: 'among',
  keywords: context.trash ? [['branch', null], keyword] : [keyword],
});

function featureExpression(context: Context, test: FilterTest): Expression {
  if (test.op === 'in') {
    const items = listOf(test).map((value) =>
      featureExpression(
        context,
        value === null ? { ...test, op: 'isnull', value: true } : { ...test, op: 'exact', value },
      ),
    );
    return items.length === 1 && items[0] ? items[0] : { kind: 'any', items };
  }
  if (test.op === 'range') {
    const [first = null, last = null] = listOf(test);
    return {
      kind: 'all',
      items: [
        featureExpression(context, { ...test, op: 'gte', value: first }),
        featureExpression(context, { ...test, op: 'lte', value: last }),
      ],
    };
  }
  if (isAmbiguous(context, test)) {
    const n = test.value as number;
    return {
      kind: 'any',
      items: [n, { float: n }].map((value) => featureAmong(context, test, value)),
    };
  }
  return featureAmong(context, test, featureKeyword(context, test)[1]);
}

function featureAmong(context: Context, test: FilterTest, value: CodeValue): Expression {
  const op = asksForNone(test) ? 'isnull' : test.op;
  if (!context.trash) return { kind: 'among', keywords: [[lookupOf(test.field, op), value]] };
  return { kind: 'among', keywords: [['branch', null]], feature: { name: test.field, op, value } };
}

/** A whole number of a feature that keeps both 5 and 5.0, which LaminDB tells apart. */
const isAmbiguous = ({ dtypes }: Context, test: FilterTest): boolean =>
  test.op === 'exact' && Number.isSafeInteger(test.value) && dtypes.get(test.field) === 'num';

function featureKeyword({ dtypes }: Context, test: FilterTest): Keyword {
  if (asksForNone(test)) return [`${test.field}__isnull`, test.value !== false];
  const dtype = dtypes.get(test.field) ?? '';
  const isFloat = dtype === 'float' && typeof test.value === 'number' && !isCategorical(dtype);
  return [lookupOf(test.field, test.op), isFloat ? { float: test.value as number } : test.value];
}

/** Whether the text of the conditions has the word, which is what LaminDB looks for. */
function speaksOf(calls: readonly Call[], word: string): boolean {
  const named = (keywords: readonly Keyword[]) => keywords.some(([name]) => name.includes(word));
  const within = (of: Expression): boolean => {
    if (of.kind === 'keywords' || of.kind === 'among') return named(of.keywords);
    return of.kind === 'not' ? within(of.item) : of.items.some(within);
  };
  return calls.some(({ expressions, keywords }) => named(keywords) || expressions.some(within));
}

/** Ties end with the id, as in the list itself; a reference is ordered by the name of its row. */
function ordered(model: Model, table: Table, order: string): string[] {
  const descending = order.startsWith('-');
  const name = named(model, table, descending ? order.slice(1) : order);
  return name === 'id' ? [order] : [`${descending ? '-' : ''}${name}`, descending ? '-id' : 'id'];
}

/** A relation by the name of its rows. */
function named(model: Model, table: Table, field: string): string {
  const path = certainPath(model, table, field);
  const target = path.column ? null : path.relations.at(-1)?.target;
  const name = target ? nameField(target) : null;
  return name ? `${field}__${name}` : field;
}

function columnsFor(
  { model, table }: Context,
  view: View,
  sort: CodePlan['sort'],
): Pick<CodePlan, 'include' | 'features'> {
  const features = sort ? [sort.feature] : [];
  if (view.columns === null) return { include: null, features };
  const include: string[] = [];
  for (const column of columnNames(model, table, view)) {
    if (column.startsWith('@')) features.push(column.slice(1));
    // Uid and name come by themselves.
    else if (column !== 'uid' && column !== nameField(table)) include.push(named(model, table, column));
  }
  return { include, features: [...new Set(features)] };
}
