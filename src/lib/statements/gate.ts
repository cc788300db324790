// The gate before the query engine: one statement that reads, judged by the engine's own parser, and the sources it
// names. Rows come from artifacts, from the statement itself and from a few functions that make them out of nothing;
// readers of files do not pass, whatever they are called, and neither do settings, catalogs or anything that writes.
import { LoamError } from '../engine/errors.ts';
import { withValues } from './parameters.ts';
import type { ParameterValues } from './parameter-values.ts';
import { literal, tokensOf, type Asks, type Token } from './tokens.ts';
import { findUses, sourceFunctions, type FoundTables, type WrittenUse } from './uses.ts';

export interface GatedStatement {
  sql: string;
  /** Sources as they stand in `sql`, in order. */
  uses: WrittenUse[];
  /** Tables that are neither files nor made by the statement itself. */
  tables: string[];
  /** Whether columns beside those of the files, artifact_uid and artifact_key may be asked for. */
  annotations: boolean;
  /** What the parser made of it, without `EXPLAIN` and its like. */
  tree: unknown;
  /** The place in the statement as it was written, before its parameters had values. */
  back(offset: number): number;
}

/** Table functions that read no files and change nothing. */
const harmless = new Set([
  ...['range', 'generate_series', 'unnest', 'repeat', 'repeat_row', 'summary', 'json_each', 'json_tree'],
  ...['duckdb_functions', 'duckdb_types', 'duckdb_keywords', 'duckdb_settings', 'pragma_version'],
  ...['icu_calendar_names', 'pg_timezone_names', 'test_all_types'],
]);

/** Table functions that read files by their names, where those may be read. */
const fileReaders = new Set([
  ...[
    'read_csv',
    'read_csv_auto',
    'sniff_csv',
    'read_parquet',
    'parquet_scan',
    'parquet_metadata',
    'parquet_schema',
  ],
  ...['read_json', 'read_json_auto', 'read_ndjson', 'read_ndjson_auto', 'read_text', 'read_blob', 'glob'],
]);

const most = 1_000_000;

/** What may stand before a statement that reads. */
const looking = /^(?:explain|describe|desc|summarize)$/i;
const selecting = /^(?:select|from|with|values|table|pivot|unpivot|\()$/i;

/** What else may be read than artifacts. */
export interface GateOptions {
  /** Where files may be read by their names: whether a name is one. */
  isFile?: (name: string) => boolean;
  /** Of the statement's parameters. */
  values?: ParameterValues;
}

/** Throws `ReadOnly` for what does more than read, `SqlError` for what is no SQL. */
export async function gate(
  db: Asks,
  given: string,
  { isFile, values = {} }: GateOptions = {},
): Promise<GatedStatement> {
  let text = given;
  if (text.length > most)
    throw new LoamError(
      'InvalidArgument',
      `The statement has ${text.length.toLocaleString('en')} characters; ${most.toLocaleString('en')} are allowed.`,
    );
  if (text.includes('\0')) throw new LoamError('SqlError', 'A statement cannot hold the character NUL.');
  const { sql: valued, spots, back } = withValues(db, text, values);
  text = valued;
  const written = tokensOf(db, text);
  while (written.at(-1)?.text === ';') text = text.slice(0, written.pop()?.from);
  const { head, body } = cut(text, written);
  const tree = await parsed(db, body);
  const found = tablesOf(tree);
  const forbidden = found.functions.find((name) => !harmless.has(name) && !(isFile && fileReaders.has(name)));
  if (isFile) found.names = found.names.filter((name) => !isFile(name));
  if (forbidden !== undefined) throw new LoamError('ReadOnly', refusal(forbidden), { function: forbidden });
  const sql = head + body;
  const tokens = tokensOf(db, sql).filter((token) => token.from >= head.length);
  const { tables, annotations } = found;
  const uses = findUses(tokens, found).map((use) => ({
    ...use,
    valued: spots.some(({ from, to }) => from >= use.from && to <= use.to),
  }));
  return { sql, uses, tables, annotations, tree, back };
}

/** `EXPLAIN` and its like, and the statement behind it. A bare name behind DESCRIBE becomes a statement. */
function cut(text: string, tokens: Token[]): { head: string; body: string } {
  const first = tokens[0]?.text ?? '';
  if (!looking.test(first)) return { head: '', body: text };
  const analyze = /^explain$/i.test(first) && /^analyze$/i.test(tokens[1]?.text ?? '');
  const at = analyze ? 2 : 1;
  const next = tokens[at];
  if (!next) throw new LoamError('SqlError', `There is nothing behind ${first.toUpperCase()}.`);
  const head = text.slice(0, next.from);
  if (/^explain$/i.test(first) || selecting.test(next.text)) return { head, body: text.slice(next.from) };
  return { head, body: `FROM ${text.slice(next.from)}` };
}

/* ---------- the engine's parser ---------- */

interface Parsed {
  error: boolean;
  error_type?: string;
  error_message?: string;
  statements?: unknown[];
}

async function parsed(db: Asks, body: string): Promise<unknown> {
  const [answer] = await db.texts(`SELECT json_serialize_sql(${literal(body)})`);
  const tree = JSON.parse(answer?.[0] ?? '{"error":true}') as Parsed;
  if (tree.error) {
    const message = tree.error_message ?? 'it cannot be read';
    if (/Only SELECT/i.test(message)) throw new LoamError('ReadOnly', onlyReading(body));
    throw new LoamError('SqlError', `This is no SQL that can be run: ${message}.`.replace(/\.\.$/, '.'));
  }
  const statements = tree.statements ?? [];
  if (statements.length === 0) throw new LoamError('SqlError', 'There is no statement to run.');
  if (statements.length > 1)
    throw new LoamError(
      'ReadOnly',
      'One statement at a time: leave out the semicolon and what is behind it.',
    );
  return statements[0];
}

function onlyReading(body: string): string {
  const word = /^\W*(\w+)/.exec(body)?.[1]?.toUpperCase() ?? 'This';
  if (word === 'PIVOT')
    return "PIVOT needs its values by name here: PIVOT … ON column IN ('a', 'b') USING sum(x).";
  return `${word} is not run here: queries only read. Write SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE or EXPLAIN; to keep a result, save it as an artifact.`;
}

function refusal(name: string): string {
  if (/^(?:read_|parquet_|sniff_|glob$|.*_scan$)/.test(name))
    return `${name}() opens files by their names, which queries may not. Name the artifact instead: FROM artifact('its key').`;
  return `The table function ${name}() is not available in queries.`;
}

/** Names of the tables of WITH that have nodes of their own. */
function nodesOf(tree: unknown): string[] {
  const names: string[] = [];
  const left: unknown[] = [tree];
  while (left.length > 0) {
    const node = left.pop();
    if (typeof node !== 'object' || node === null) continue;
    const { type, cte_name } = node as Record<string, unknown>;
    if (type === 'CTE_NODE') names.push(String(cte_name));
    for (const child of Object.values(node)) left.push(child);
  }
  return names;
}

/** Everything that rows come from, wherever in the tree it stands. */
export function tablesOf(tree: unknown): FoundTables {
  const found: FoundTables = { calls: 0, names: [], functions: [], tables: [], annotations: false };
  const own = new Set<string>();
  // What WITH … AS MATERIALIZED makes may stand in the tree as a node of its own and again in each list of such tables: it
  // is judged wherever it stands, but counted once.
  const alone = new Set(nodesOf(tree).map((name) => name.toLowerCase()));
  const left: { node: unknown; again: boolean }[] = [{ node: tree, again: false }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { node, again } = next;
    if (typeof node !== 'object' || node === null) continue;
    if (Array.isArray(node)) {
      for (const child of node as unknown[]) left.push({ node: child, again });
      continue;
    }
    const { type, table_name, function: called, cte_map, column_names } = node as Record<string, unknown>;
    const made = (cte_map as { map?: { key?: unknown; value?: { materialized?: unknown } }[] } | null)?.map;
    for (const { key, value } of made ?? []) {
      own.add(String(key).toLowerCase());
      const kept = value?.materialized === 'CTE_MATERIALIZE_ALWAYS' && alone.has(String(key).toLowerCase());
      left.push({ node: value, again: again || kept || type === 'CTE_NODE' });
    }
    if (type === 'STAR') found.annotations = true;
    if (type === 'COLUMN_REF') {
      const name = String((column_names as unknown[]).at(-1)).toLowerCase();
      if (name.startsWith('artifact_') && name !== 'artifact_uid' && name !== 'artifact_key')
        found.annotations = true;
    }
    if (type === 'TABLE_FUNCTION') {
      const name = String((called as { function_name?: unknown } | null)?.function_name ?? '').toLowerCase();
      if (!sourceFunctions.has(name)) found.functions.push(name);
      else if (!again) found.calls++;
    } else if (type === 'BASE_TABLE') {
      if (!/[./]/.test(String(table_name))) found.tables.push(String(table_name).toLowerCase());
      else if (!again) found.names.push(String(table_name));
    }
    for (const [key, child] of Object.entries(node))
      if (key !== 'cte_map' || !made) left.push({ node: child, again });
  }
  found.tables = [...new Set(found.tables)].filter((name) => !own.has(name));
  return found;
}
