// Which files of a list a statement can need at all: conditions on annotations are asked before any file is, conditions on
// columns are compared with what the footers tell. Only conditions that every row must meet count, and what cannot be
// judged keeps its file, so the answer is the same with and without this.
import type { FileColumn, FileFacts, Span } from './facts.ts';
import type { SourceUse } from './types.ts';

type Node = Record<string, unknown>;

/** A condition with constants only: the column lies in `values`, or between the ends given. */
export type Bound =
  { column: string; values: Constant[] } | { column: string; op: '<' | '<=' | '>' | '>='; value: Constant };
type Constant = number | bigint | string;

export interface Needs {
  /** On artifact_… columns alone, as expressions of the engine's parser without the table's name. */
  annotations: Node[];
  bounds: Bound[];
}

/** For each of the uses what its rows must meet; null where nothing can be said. */
export function needsOf(tree: unknown, uses: readonly SourceUse[]): (Needs | null)[] {
  const found = new Map<string, Needs | null>();
  for (const node of nodesOf(tree)) {
    if (node['type'] !== 'SELECT_NODE') continue;
    const conditions = conjuncts(node['where_clause']);
    const tables = joinedTables(node['from_table']);
    for (const table of tables) {
      if (table['type'] !== 'TABLE_FUNCTION') continue;
      const key = callKey(table);
      if (key === null) continue;
      // The same call twice: which of them a condition is about cannot be told by the text.
      found.set(key, found.has(key) ? null : needs(conditions, aliasOf(table), tables.length === 1));
    }
  }
  const keys = uses.map(({ of, names }) => [of, ...names].join('\0'));
  return keys.map((key) => (keys.filter((one) => one === key).length > 1 ? null : (found.get(key) ?? null)));
}

function* nodesOf(tree: unknown): Generator<Node> {
  const left: unknown[] = [tree];
  while (left.length > 0) {
    const node = left.pop();
    if (typeof node !== 'object' || node === null) continue;
    if (!Array.isArray(node)) yield node as Node;
    // WITH … AS MATERIALIZED: the lists repeat what stands in a CTE_NODE of its own.
    const { type, materialized } = node as Node;
    if (materialized === 'CTE_MATERIALIZE_ALWAYS') continue;
    for (const [key, child] of Object.entries(node))
      if (key !== 'cte_map' || type !== 'CTE_NODE') left.push(child);
  }
}

/** Tables whose rows are in the result only where the conditions hold for them: no outer joins. */
function joinedTables(from: unknown): Node[] {
  const node = from as Node | null;
  if (!node) return [];
  if (node['sample']) return [];
  if (node['type'] !== 'JOIN') return [node];
  if (node['join_type'] !== 'INNER' || !/^(?:REGULAR|CROSS)$/.test(String(node['ref_type']))) return [];
  return [...joinedTables(node['left']), ...joinedTables(node['right'])];
}

function callKey(table: Node): string | null {
  const { function_name: name, children } = (table['function'] ?? {}) as Node;
  const names: string[] = [];
  const read = (nodes: unknown): void => {
    for (const node of (nodes as Node[]) ?? []) {
      const value = constantOf(node);
      if (typeof value === 'string') names.push(value);
      else if (node['function_name'] === 'list_value') read(node['children']);
    }
  };
  read(children);
  return typeof name === 'string' ? [name.toLowerCase(), ...names].join('\0') : null;
}

const aliasOf = (table: Node): string => {
  const alias = String(table['alias'] ?? '');
  return (alias === '' ? String(((table['function'] ?? {}) as Node)['function_name']) : alias).toLowerCase();
};

function conjuncts(where: unknown): Node[] {
  const node = where as Node | null;
  if (!node) return [];
  if (node['type'] !== 'CONJUNCTION_AND') return [node];
  return (node['children'] as Node[]).flatMap(conjuncts);
}

function needs(conditions: readonly Node[], alias: string, alone: boolean): Needs {
  const all: Needs = { annotations: [], bounds: [] };
  for (const condition of conditions) {
    const bare = withoutTable(condition, alias, alone);
    if (!bare) continue;
    const columns = [...nodesOf(bare)].filter(isColumn).map((node) => lastName(node));
    if (columns.length > 0 && columns.every((name) => name.startsWith('artifact_')) && isPlain(bare))
      all.annotations.push(bare);
    else all.bounds.push(...boundsOf(bare));
  }
  return all;
}

const isColumn = (node: Node): boolean => node['class'] === 'COLUMN_REF';
const lastName = (node: Node): string => String((node['column_names'] as unknown[]).at(-1)).toLowerCase();

/** The condition with bare column names; null where a column may be another table's. */
function withoutTable(condition: Node, alias: string, alone: boolean): Node | null {
  const copy = structuredClone(condition);
  for (const node of nodesOf(copy)) {
    if (!isColumn(node)) continue;
    const names = node['column_names'] as unknown[];
    const own = names.length === 2 && String(names[0]).toLowerCase() === alias;
    if (!own && !(alone && names.length === 1)) return null;
    node['column_names'] = names.slice(-1);
  }
  return copy;
}

const volatile =
  /^(?:random|uuid|gen_random_uuid|setseed|nextval|currval|now|current_.*|get_current_.*|today)$/i;

/** Nothing in it that has another answer elsewhere, or rows of its own. */
function isPlain(condition: Node): boolean {
  for (const node of nodesOf(condition)) {
    if (/^(?:SUBQUERY|WINDOW|PARAMETER|LAMBDA)$/.test(String(node['class']))) return false;
    if (typeof node['function_name'] === 'string' && volatile.test(node['function_name'])) return false;
  }
  return true;
}

/* ---------- conditions on columns ---------- */

const ops: Record<string, '<' | '<=' | '>' | '>='> = {
  COMPARE_LESSTHAN: '<',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHAN: '>',
  COMPARE_GREATERTHANOREQUALTO: '>=',
};
const turned = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function boundsOf(condition: Node): Bound[] {
  const type = String(condition['type']);
  if (condition['class'] === 'COMPARISON') {
    const [left, right] = [condition['left'] as Node, condition['right'] as Node];
    const [column, constant] = isColumn(left) ? [left, constantOf(right)] : [right, constantOf(left)];
    if (!isColumn(column) || constant === null) return [];
    if (type === 'COMPARE_EQUAL') return [{ column: lastName(column), values: [constant] }];
    const op = ops[type];
    if (!op) return [];
    return [{ column: lastName(column), op: isColumn(left) ? op : turned[op], value: constant }];
  }
  if (type === 'COMPARE_IN') {
    const [column, ...others] = condition['children'] as Node[];
    const values = others.map(constantOf);
    if (!column || !isColumn(column) || values.some((value) => value === null)) return [];
    return [{ column: lastName(column), values: values as Constant[] }];
  }
  if (condition['class'] === 'BETWEEN') {
    const column = condition['input'] as Node;
    const [lower, upper] = [constantOf(condition['lower'] as Node), constantOf(condition['upper'] as Node)];
    if (!isColumn(column) || lower === null || upper === null) return [];
    return [
      { column: lastName(column), op: '>=', value: lower },
      { column: lastName(column), op: '<=', value: upper },
    ];
  }
  return [];
}

function constantOf(node: Node): Constant | null {
  if (node?.['class'] !== 'CONSTANT') return null;
  const { type, value, is_null } = node['value'] as { type: Node; value: unknown; is_null: boolean };
  if (is_null) return null;
  const { id, type_info } = type as { id: string; type_info: { scale?: number } | null };
  if (typeof value === 'string' && id === 'VARCHAR') return value;
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return null;
  if (id === 'DECIMAL') return typeof type_info?.scale === 'number' ? value / 10 ** type_info.scale : null;
  return /INT|DOUBLE|FLOAT/.test(id) ? value : null;
}

/** What the files left over by the conditions must still show: each column, in each of its types, once. */
export function stillNeeded(left: readonly FileFacts[], all: readonly FileFacts[]): Set<FileFacts> {
  const named = ({ name, type }: FileColumn) => `${name.toLowerCase()} ${type}`;
  const shown = new Set(left.flatMap(({ columns }) => columns.map(named)));
  const needed = new Set<FileFacts>();
  for (const facts of all) {
    const fresh = facts.columns.map(named).filter((name) => !shown.has(name));
    if (fresh.length === 0) continue;
    needed.add(facts);
    for (const name of fresh) shown.add(name);
  }
  return needed;
}

/** Whether no row of a file can meet one of the conditions. */
export function cannotMatch(
  facts: FileFacts,
  bounds: readonly Bound[],
  others: ReadonlySet<string>,
): boolean {
  return bounds.some((bound) => {
    const columns = facts.columns.filter(({ name }) => name.toLowerCase() === bound.column);
    const [column] = columns;
    // A column that other files have is null here, which meets no comparison.
    if (!column) return others.has(bound.column);
    const span = columns.length === 1 ? facts.spans.get(column.name) : undefined;
    return span !== undefined && excludes(bound, span);
  });
}

/** Whether no row of a file can meet the condition, by the span of its column. Doubt keeps the file. */
function excludes(bound: Bound, span: Span): boolean {
  const { min, max, nan } = span;
  const same = (value: Constant) => (typeof value === 'string') === (typeof min === 'string');
  if ('values' in bound) return bound.values.every((value) => same(value) && (value < min || value > max));
  if (!same(bound.value)) return false;
  switch (bound.op) {
    case '<':
      return min >= bound.value;
    case '<=':
      return min > bound.value;
    case '>':
      return !nan && max <= bound.value;
    case '>=':
      return !nan && max < bound.value;
  }
}
