// What a table's triggers write down about the rows of one statement, as SQL that the model gives: rows and references named
// by row keys, found while they are still there; of an update the changed columns alone, with the values they had.
import type { Column, Model, Table } from '../src/lib/engine/model/types.ts';

/** Names of the rows of a statement within its trigger. */
export const transition = { old: 'loam_old', new: 'loam_new' } as const;

export type CapturedStatement = 'INSERT' | 'UPDATE' | 'DELETE';

/** Tables whose edits are captured: all that have a key to be named by. */
export const capturedTables = (model: Model): Table[] =>
  [...model.tables.values()].filter(({ rowKey }) => rowKey.backing !== 'none');

const quote = (name: string) => `"${name}"`;
const text = (value: string) => `'${value.replaceAll("'", "''")}'`;

/** JSON of a value that JavaScript reads without loss: 64-bit numbers and JSON itself as text. */
function valueOf(column: Column, row: string): string {
  const sql = `${row}.${quote(column.name)}`;
  return column.type === 'json' || (column.type === 'bigint' && !column.references) ? `${sql}::text` : sql;
}

/** References of one kind of row, joined as they are asked for. */
class Keys {
  readonly joins: string[] = [];
  private n = 0;

  constructor(private readonly model: Model) {}

  /** The row key of the row under this alias. A key of one column stands alone. */
  keyOf(table: Table, row: string): string {
    const parts = table.rowKey.columns.map((name) => {
      const column = table.column.get(name) as Column;
      return column.references ? this.reference(column, row) : valueOf(column, row);
    });
    return parts.length === 1 ? `to_json(${parts[0]})` : `json_build_array(${parts.join(', ')})`;
  }

  /**
   * The key of the row that a reference names. One that is not there (deleted earlier in the transaction, or written
   * later in it) is told by its id, for the reader to find.
   */
  reference(column: Column, row: string): string {
    const target = this.target(column);
    const alias = `k${this.n++}`;
    const sql = `${row}.${quote(column.name)}`;
    this.joins.push(`LEFT JOIN public.${quote(target.name)} ${alias} ON ${alias}.id = ${sql}`);
    return `CASE WHEN ${sql} IS NULL THEN NULL WHEN ${alias}.id IS NULL THEN json_build_object('id', ${sql}) ELSE ${this.keyOf(target, alias)} END`;
  }

  /** The same as a query of its own, for what is seldom needed. */
  lookUp(column: Column, row: string): string {
    const target = this.target(column);
    const inner = new Keys(this.model);
    const key = inner.keyOf(target, 't');
    const sql = `${row}.${quote(column.name)}`;
    const missing = `CASE WHEN ${sql} IS NULL THEN NULL ELSE json_build_object('id', ${sql}) END`;
    return `coalesce((SELECT ${key} FROM public.${quote(target.name)} t ${inner.joins.join(' ')} WHERE t.id = ${sql}), ${missing})`;
  }

  private target(column: Column): Table {
    const target = this.model.tables.get(column.references?.table ?? '');
    if (!target) throw new Error(`${column.name} refers to no table of the model`);
    return target;
  }
}

/** `json_build_object` takes a hundred arguments. */
const pairs = 50;

function objectOf(entries: readonly (readonly [name: string, sql: string])[]): string {
  const parts: string[] = [];
  for (let start = 0; start < entries.length; start += pairs)
    parts.push(
      `json_build_object(${entries
        .slice(start, start + pairs)
        .map(([name, sql]) => `${text(name)}, ${sql}`)
        .join(', ')})`,
    );
  return parts.length === 1
    ? (parts[0] ?? '')
    : `(${parts.map((part) => `${part}::jsonb`).join(' || ')})::json`;
}

const logged = (table: Table) => table.columns.filter(({ name, derived }) => name !== 'id' && !derived);

/** Whole rows: what was inserted, what was deleted. */
function rowSql(model: Model, table: Table, kind: 'i' | 'd', row: string): string {
  const keys = new Keys(model);
  const key = keys.keyOf(table, 'r');
  const body = objectOf(
    logged(table).map((column) => [
      column.name,
      column.references ? keys.reference(column, 'r') : valueOf(column, 'r'),
    ]),
  );
  return `INSERT INTO loam.inbox(tab, kind, id, key, body) SELECT ${text(table.name)}, '${kind}', r.id, ${key}, ${body} FROM ${row} r ${keys.joins.join(' ')}`;
}

function updateSql(model: Model, table: Table): string {
  const keys = new Keys(model);
  const key = keys.keyOf(table, 'o');
  const changed = logged(table)
    // It is the time of the record.
    .filter(({ name }) => name !== 'updated_at')
    .map((column): [string, string] => {
      const [was, is] = ['o', 'n'].map((row) =>
        column.references ? keys.lookUp(column, row) : valueOf(column, row),
      );
      const name = quote(column.name);
      return [
        column.name,
        `CASE WHEN o.${name} IS DISTINCT FROM n.${name} THEN json_build_array(${was}, ${is}) END`,
      ];
    });
  const body = `json_strip_nulls(${objectOf(changed)})`;
  return `INSERT INTO loam.inbox(tab, kind, id, key, body) SELECT ${text(table.name)}, 'u', id, key, body FROM
    (SELECT o.id, ${key} AS key, ${body} AS body FROM ${transition.old} o JOIN ${transition.new} n ON n.id = o.id ${keys.joins.join(' ')} OFFSET 0) s
    WHERE body::text <> '{}'`;
}

/** The statement that one table's trigger runs. */
export function captureSql(model: Model, table: Table, statement: CapturedStatement): string {
  if (statement === 'UPDATE') return updateSql(model, table);
  const inserted = statement === 'INSERT';
  return rowSql(model, table, inserted ? 'i' : 'd', inserted ? transition.new : transition.old);
}
