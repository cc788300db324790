// Statements over files in the page: answers are those of native DuckDB of the same version, written down by
// scripts/statement-facts.mjs.
import { tableFromIPC } from 'apache-arrow';
import { afterAll, expect, it } from 'vitest';
import { createQueries } from '../../src/lib/client/duckdb.ts';
import { inOrder, sameRows } from '../fixtures/statement-answers.ts';
import facts from '../fixtures/statement-facts.json' with { type: 'json' };
import { statementFiles } from '../fixtures/statement-files.ts';
import { shelfOf } from './duckdb-files.ts';

const files = Object.entries(statementFiles()).map(([name, bytes]) => [name, new File([bytes], name)]);
const queries = createQueries({ engine: shelfOf(Object.fromEntries(files)), bundle: 'static' });
afterAll(() => queries.restart());

async function tableOf(sql: string): Promise<{ names: string[]; rows: (string | null)[][] }> {
  const { first } = await queries.run(sql, { rows: 100_000 });
  expect(first.more).toBe(false);
  const table = tableFromIPC(first.ipc);
  const columns = table.schema.fields.map((_, i) => table.getChildAt(i));
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value));
  const rows = Array.from({ length: table.numRows }, (_, row) => columns.map((one) => text(one?.get(row))));
  return { names: table.schema.fields.map(({ name }) => name), rows };
}

it(`${facts.length} statements have the answers of native DuckDB 0.9.2`, async () => {
  expect((await queries.status()).version).toBe('v0.9.2');
  const wrong: [string, string][] = [];
  for (const { sql, columns, rows } of facts) {
    const asked = async () => {
      const [described, texts, plain] = [
        await tableOf(`DESCRIBE SELECT * FROM (${sql}\n)`),
        await tableOf(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${sql}\n)`),
        // As it is asked for in the console: as many rows, whatever their types are.
        await tableOf(sql),
      ];
      const given = {
        columns: described.rows.map(([name, type]) => [name ?? '', type ?? '']),
        rows: inOrder(sql, texts.rows),
      };
      if (plain.rows.length !== rows.length)
        return `${plain.rows.length} rows as they are for ${rows.length}`;
      return sameRows(given, { columns, rows: inOrder(sql, rows) });
    };
    const difference = await asked().catch((error: Error) => error.message);
    if (difference !== null) wrong.push([sql, difference]);
  }
  expect(wrong).toEqual([]);
});
