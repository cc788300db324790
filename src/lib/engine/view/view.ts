// What a list shows, as plain data: registry, conditions, search, columns, order. It lives in the address of a screen, in
// saved views and in "Copy as …". conditions.ts gives it the meaning of a query; a row comes once, whatever is asked.
import { LoamError } from '../errors.ts';
import { isObject, type QueryValue } from '../query/query.ts';

/** LaminDB's look-ups that a test can use. `in` may list null, which stands for "has none". */
export const testOps = [
  'exact',
  'in',
  'icontains',
  'istartswith',
  'iendswith',
  'regex',
  'gt',
  'gte',
  'lt',
  'lte',
  'range',
  'date',
  'year',
  // The row or one above it by the registry's parents: LaminDB's `in` over `query_children()`.
  'within',
  'isnull',
] as const;
export type TestOp = (typeof testOps)[number];

export interface FilterTest {
  kind: 'test';
  /** A field or chain of fields (`run__transform__key`), or the name of a feature. */
  field: string;
  feature?: boolean;
  op: TestOp;
  value: QueryValue;
  not?: boolean;
}

export interface FilterGroup {
  kind: 'all' | 'any';
  items: FilterNode[];
  not?: boolean;
}

export type FilterNode = FilterTest | FilterGroup;

export interface View {
  /** `Artifact`, `bionty.CellType`. */
  registry: string;
  filter: FilterGroup;
  /** Words, each of which some text of the row contains. */
  search: string;
  /** Fields, chains of fields, relations, and features as `@name`; null for the registry's own choice. */
  columns: string[] | null;
  /** Field or chain to single rows, or `@feature`; null for the registry's own order. */
  order: { by: string; descending: boolean } | null;
  trash: boolean;
  /** Old versions too. */
  versions: boolean;
}

const maxDepth = 12;
const maxTests = 200;
const maxColumns = 60;
const maxText = 2000;
const maxListed = 1000;

export function emptyView(registry: string): View {
  return {
    registry,
    filter: { kind: 'all', items: [] },
    search: '',
    columns: null,
    order: null,
    trash: false,
    versions: false,
  };
}

/** Without groups that ask nothing, negated or not: one that was just opened in the filter hides no rows. */
export function pruned(node: FilterNode): FilterNode | null {
  if (node.kind === 'test') return node;
  const items = node.items.map(pruned).filter((item) => item !== null);
  return items.length > 0 ? { ...node, items } : null;
}

/** A view from outside (address, saved view, another tab): checked in shape, returned as it is. Throws `InvalidArgument`. */
export function checkView(value: unknown): View {
  const view = value as View;
  if (!isObject(view) || typeof view.registry !== 'string') refuse('A view names its registry.');
  if (typeof view.search !== 'string' || view.search.length > maxText) refuse('"search" is a short text.');
  const { columns, order } = view;
  if (columns !== null && !(Array.isArray(columns) && columns.every(isName)))
    refuse('"columns" is a list of fields.');
  if (columns !== null && columns.length > maxColumns) refuse(`A view has at most ${maxColumns} columns.`);
  if (order !== null && !(isObject(order) && isName(order.by) && typeof order.descending === 'boolean'))
    refuse('"order" names a field and a direction.');
  if (typeof view.trash !== 'boolean' || typeof view.versions !== 'boolean')
    refuse('"trash" and "versions" are true or false.');
  if (!isObject(view.filter) || (view.filter as FilterNode).kind === 'test')
    refuse('"filter" is a group of conditions.');
  checkNode(view.filter, 0, { tests: 0 });
  return view;
}

function checkNode(value: unknown, depth: number, seen: { tests: number }): void {
  const node = value as FilterNode;
  if (!isObject(node)) refuse('A condition is a test or a group.');
  if (depth > maxDepth) refuse(`Conditions are nested more than ${maxDepth} deep.`);
  if (node.not !== undefined && typeof node.not !== 'boolean') refuse('"not" is true or false.');
  if (node.kind === 'all' || node.kind === 'any') {
    if (!Array.isArray(node.items)) refuse('A group lists its conditions.');
    for (const item of node.items) checkNode(item, depth + 1, seen);
    return;
  }
  if (node.kind !== 'test' || !isName(node.field)) refuse('A condition names a field.');
  if (!testOps.includes(node.op)) refuse(`"${String(node.op).slice(0, 40)}" is no comparison.`);
  seen.tests += 1;
  if (seen.tests > maxTests) refuse(`There are more than ${maxTests} conditions.`);
  const { value: side } = node;
  const sides: readonly unknown[] = Array.isArray(side) ? side : [side];
  if (sides.length > maxListed) refuse(`A list has more than ${maxListed} values.`);
  for (const one of sides) {
    const plain = one === null || typeof one === 'boolean' || typeof one === 'number';
    if (!plain && !(typeof one === 'string' && one.length <= maxText))
      refuse(`${node.field} is compared with a text, a number, true, false or a list of them.`);
  }
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= 255;

function refuse(message: string): never {
  throw new LoamError('InvalidArgument', message);
}
