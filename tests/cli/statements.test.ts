// The statements of tests/fixtures/statements.ts in today's native engine over the same sources: its answers are those of the
// version that runs in the page. Where the two differ, it is said why; what no longer differs must leave that list.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openStatement } from '../../cli/file-statements.ts';
import { openInstance } from '../../cli/instance.ts';
import facts from '../fixtures/statement-facts.json' with { type: 'json' };
import { statementFiles } from '../fixtures/statement-files.ts';
import { inOrder, sameRows } from '../fixtures/statement-answers.ts';
import { statements } from '../fixtures/statements.ts';
import { inProcess, scratch } from './run.ts';

/** What DuckDB 1.5 answers otherwise than 0.9.2, by a piece of the statement. */
const changed: Record<string, string> = {
  'greatest(1, 3, 2)': 'INTEGERs stay what they are; 0.9.2 makes them BIGINT',
  'typeof(NULL)': 'the type of NULL is written in quotes',
  "string_split('x,y,,z'": 'an empty text in a list is written in quotes',
  'generate_series(DATE': 'texts of times in a list are written in quotes',
  "date_trunc('day'": 'a day is a TIMESTAMP as what it was cut from; in 0.9.2 a DATE',
  'INTERVAL 1 YEAR':
    'a date and an interval make a TIMESTAMP; in 0.9.2 a DATE where the interval has no hours',
  "row(1, 'a')": 'the type of a struct without names is written without blanks',
};

const here = scratch();
beforeAll(async () => {
  mkdirSync(join(here, 'files'));
  expect(await inProcess(here, ['init', '--storage', './store', '--name', 'lab'])).toMatchObject({ code: 0 });
  for (const [name, bytes] of Object.entries(statementFiles())) {
    writeFileSync(join(here, 'files', name), bytes);
    expect(await inProcess(here, ['save', `files/${name}`, '--key', name])).toMatchObject({ code: 0 });
  }
}, 60_000);

it('the facts are those of the statements', () => {
  expect(statements.length).toBeGreaterThanOrEqual(100);
  expect(facts.map(({ sql }) => sql)).toEqual(statements);
});

it(`${facts.length} statements are answered as DuckDB 0.9.2 answers them, or it is said why not`, async () => {
  const { instance, close } = await openInstance({ cwd: here });
  const found: Record<string, string> = {};
  for (const { sql, columns, rows } of facts) {
    const expected = { columns, rows: inOrder(sql, rows) };
    try {
      const statement = await openStatement(instance, sql);
      try {
        const answer = await statement.rows();
        const own: (string | null)[][] = [];
        for await (const row of answer.rows) own.push(row);
        const given = {
          columns: answer.names.map((name, i) => [name, answer.types[i] ?? '']),
          rows: inOrder(sql, own),
        };
        const difference = sameRows(given, expected);
        if (difference !== null) found[sql] = difference;
      } finally {
        statement.close();
      }
    } catch (error) {
      found[sql] = (error as Error).message;
    }
  }
  close();
  const unexplained = Object.entries(found).filter(
    ([sql]) => !Object.keys(changed).some((part) => sql.includes(part)),
  );
  expect(unexplained).toEqual([]);
  const stale = Object.keys(changed).filter((part) => !Object.keys(found).some((sql) => sql.includes(part)));
  expect(stale).toEqual([]);
}, 120_000);
