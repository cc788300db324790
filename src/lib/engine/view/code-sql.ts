// A view as the SQL statement that reads it, values written in, one clause a line: for the console, or any SQLite.
import { nameField, registryName } from '../model/name-field.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { fromWhere, narrowed } from '../query/compile.ts';
import { draft, draftOf, select, tableOf } from '../query/draft.ts';
import type { QueryScope } from '../query/prepare.ts';
import { createScope } from '../query/read.ts';
import type { Steps } from '../statement.ts';
import { nothingHidden } from '../write/hidden.ts';
import { columnsOf, type Column } from './columns.ts';
import { featureHolders } from './feature-values.ts';
import { orderTerm } from './page.ts';
import { viewQuery } from './view-query.ts';
import type { View } from './view.ts';

export function* sqlCode(asked: QueryScope, view: View): Steps<string> {
  // Without what only this app has (its index of texts) and what only speeds up: a person reads it, any SQLite runs it.
  const scope = createScope(asked.model, asked.branches, nothingHidden, {}, false, false);
  const table = tableOf(scope, view.registry);
  const of = yield* draft(scope, viewQuery(scope.model, table, view));
  const columns = yield* columnsOf(scope, table, view);
  const key = table.column.has('uid') ? 'uid' : 'id';
  const reads: { sql: string; name: string }[] = [{ sql: `t0."${key}"`, name: key }];
  for (const column of columns) {
    const { name } = column.info;
    if (name === key) continue;
    reads.push({ sql: readOf(scope, table, of, column), name: column.feature?.name ?? name });
  }
  const order = yield* orderTerm(of);
  const params: SqlValue[] = [];
  const from = fromWhere(of, params);
  const way = order.descending ? 'DESC' : 'ASC';
  const orders = [`${literal(order.sql, order.params)} ${way}`];
  if (order.sql !== 't0."id"') orders.push(`t0."id" ${way}`);
  const list = reads.map(({ sql, name }) => (sql === `t0."${name}"` ? sql : `${sql} AS ${quoted(name)}`));
  return `SELECT ${list.join(',\n  ')}\n${broken(literal(plainNot(from), params))}\nORDER BY ${orders.join(', ')};\n`;
}

/** `NOT (a LIKE b AND a IS NOT NULL)`, which is how negations are compiled, as a person writes it. */
const plainNot = (sql: string): string =>
  sql.replace(
    /NOT \((t\d+\."\w+") LIKE \? ESCAPE '\\' AND \1 IS NOT NULL\)/g,
    "($1 IS NULL OR $1 NOT LIKE ? ESCAPE '\\')",
  );

const quoted = (name: string): string => `"${name.replace(/"/g, '""')}"`;

function readOf(scope: QueryScope, table: Table, of: Parameters<typeof select>[0], column: Column): string {
  const { info, path, feature } = column;
  if (feature) return featureRead(scope, table, feature.id, feature.dtype);
  const target = path?.column ? null : path?.relations.at(-1)?.target;
  const named = target ? `${info.name}__${nameField(target) ?? 'id'}` : info.name;
  if (!info.many) {
    const { sql, params } = select(of, named);
    return literal(sql, params);
  }
  // Many values as one text, read beside the rows so that none repeats.
  const inner = draftOf(scope, { registry: registryName(table) }, table, []);
  const field = select(inner, named);
  const params = [...field.params];
  const from = narrowed(inner, params, `t0."id" = outer."id" AND ${field.sql} IS NOT NULL`);
  const sql = literal(`SELECT DISTINCT ${field.sql} AS value ${from}`, [...params, ...field.params]);
  return `(SELECT group_concat(value, ', ') FROM (${sql.replace(/\bt(\d+)\b(?=\.|\s|$)/g, 'm$1').replace('outer."id"', 't0."id"')}))`;
}

function featureRead(scope: QueryScope, table: Table, id: number, dtype: string): string {
  const held = featureHolders(scope.model, table, dtype).map(({ values }) =>
    values.replace(/\?1/g, String(id)),
  );
  return `(SELECT group_concat(label, ', ') FROM (WITH held(host, value, label) AS (${held.join(' UNION ALL ')}) SELECT label FROM held WHERE host = t0."id"))`;
}

/** The statement with its values written where they belong; a `?` within quotes is none of them. */
export function literal(sql: string, params: readonly SqlValue[]): string {
  let at = 0;
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/g, (part) =>
    part === '?' ? sqlValue(params[at++] ?? null) : part,
  );
}

function sqlValue(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replace(/'/g, "''")}'`;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return `x'${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}'`;
}

/** A line for each join and condition. Quoted texts stay whole. */
function broken(sql: string): string {
  let depth = 0;
  return sql.replace(/'(?:[^']|'')*'|[()]| (?:LEFT JOIN|JOIN|WHERE|AND) /g, (part) => {
    if (part === '(') depth += 1;
    else if (part === ')') depth -= 1;
    else if (depth === 0 && part.startsWith(' '))
      return `${part === ' AND ' ? '\n  AND ' : `\n${part.slice(1)}`}`;
    return part;
  });
}
