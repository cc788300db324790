// Statements of `ln`: `ln.sql`, and files opened as tables of which nothing is read before something is asked.
import type { Table } from 'apache-arrow';
import { LoamError } from '../engine/errors.ts';
import { rowsOf } from './arrow-rows.ts';
import { DataFrame } from './data-frame.ts';
import type { LnPort } from './port.ts';

type Row = Record<string, unknown>;

export interface StatementChoices {
  /** Runs although columns of the files are of several kinds, which is `SchemaDrift` else. */
  mixed?: boolean;
}

/** The answer of a statement, held in memory. */
export interface SqlResult {
  /** Rows in it. */
  readonly length: number;
  readonly columnNames: string[];
  /** Uids of the artifacts that it was read from. */
  readonly sources: readonly string[];
  toRows(): Row[];
  toDataFrame(): DataFrame;
  /** As apache-arrow has it. */
  toArrow(): Table;
}

/** An artifact or a collection as a table; every call reads what it needs and no more. */
export interface OpenTable {
  /** The statement by which it is named: `artifact('…')`, `collection('…')`. */
  readonly source: string;
  /** Columns with the types of the query engine. */
  schema(): Promise<{ name: string; type: string }[]>;
  count(): Promise<number>;
  /** The first rows. */
  head(rows?: number): Promise<Row[]>;
  /** A statement in which the table is called `this`. */
  sql(statement: string, choices?: StatementChoices): Promise<SqlResult>;
  toArrow(): Promise<Table>;
}

/** What is read is an input of the tracked run. */
export interface Statements {
  sql(statement: string, choices?: StatementChoices): Promise<SqlResult>;
  open(of: 'artifact' | 'collection', uid: string): OpenTable;
}

export function createStatements(
  port: LnPort,
  asInputs: (uids: readonly string[]) => Promise<void>,
): Statements {
  async function sql(statement: string, choices: StatementChoices = {}): Promise<SqlResult> {
    if (typeof statement !== 'string')
      throw new LoamError('TypeError', 'A statement is a text: ln.sql("SELECT … FROM artifact(\'key\')").');
    const [arrow, { sources, pages }] = await Promise.all([
      import('apache-arrow'),
      port.statement(statement, choices),
    ]);
    const parts: Table[] = [];
    for await (const page of pages) parts.push(arrow.tableFromIPC(page));
    const [first, ...others] = parts;
    const table = first ? first.concat(...others) : new arrow.Table();
    await asInputs(sources);
    let rows: Row[] | null = null;
    const toRows = () => (rows ??= rowsOf(arrow, table));
    return {
      length: table.numRows,
      columnNames: table.schema.fields.map(({ name }) => name),
      sources,
      toRows,
      toArrow: () => table,
      toDataFrame: () =>
        new DataFrame({
          columns: table.schema.fields.map(({ name, type }) => ({
            name,
            dtype: String(type).toLowerCase(),
            values: toRows().map((row) => row[name] ?? null) as never[],
          })),
          index: Array.from({ length: table.numRows }, (_, i) => i),
          indexName: null,
        }),
    };
  }

  return {
    sql,
    open(of, uid) {
      const source = `${of}('${uid}')`;
      const asked = async (statement: string) => (await sql(statement)).toRows();
      return {
        source,
        schema: async () =>
          (await asked(`DESCRIBE SELECT * FROM ${source}`)).map((row) => ({
            name: String(row['column_name']),
            type: String(row['column_type']),
          })),
        count: async () => Number((await asked(`SELECT count(*) AS n FROM ${source}`))[0]?.['n'] ?? 0),
        head(rows = 5) {
          if (!Number.isSafeInteger(rows) || rows < 0)
            throw new LoamError('ValueError', `head takes a number of rows, not ${String(rows)}.`);
          return asked(`SELECT * FROM ${source} LIMIT ${rows}`);
        },
        sql: (statement, choices) => sql(withThis(statement, source), choices),
        toArrow: async () => (await sql(`SELECT * FROM ${source}`)).toArrow(),
      };
    },
  };
}

/** A statement that begins with WITH goes on in the same list. */
function withThis(statement: string, source: string): string {
  const own = `WITH this AS (SELECT * FROM ${source})`;
  const given = /^\s*WITH\s+(?!RECURSIVE\b)/i.exec(statement);
  if (given) return `${own}, ${statement.slice(given[0].length)}`;
  if (/^\s*WITH\s+RECURSIVE\b/i.test(statement))
    return statement.replace(/^\s*WITH\s+RECURSIVE\s/i, `WITH RECURSIVE this AS (SELECT * FROM ${source}), `);
  return `${own} ${statement}`;
}

/** Suffixes of files that are opened as tables. */
export const isTable = (suffix: string): boolean =>
  /^\.(?:parquet|(?:csv|tsv|json|jsonl|ndjson)(?:\.gz)?)$/i.test(suffix);
