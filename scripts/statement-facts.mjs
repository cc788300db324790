#!/usr/bin/env node
/**
 * Writes tests/fixtures/statement-facts.json: what native DuckDB of the version that runs in the page answers to the statements of
 * tests/fixtures/statements.ts. Needs a Python with `duckdb==0.9.2`, named by LOAM_DUCKDB_PYTHON.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModule, root } from './load-module.mjs';

const python = process.env.LOAM_DUCKDB_PYTHON ?? 'python3';
const program = `
import json, re, sys, duckdb
folder, statements = sys.argv[1], json.load(open(sys.argv[2]))
assert duckdb.__version__ == '0.9.2', duckdb.__version__
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
con.execute("SET threads = 1")
readers = {'parquet': 'read_parquet', 'csv': 'read_csv_auto', 'jsonl': 'read_json_auto'}
def source(match):
    name = match.group(1)
    ending = name.rsplit('.', 1)[-1]
    header = ', header = true' if ending == 'csv' else ''
    return f"{readers[ending]}(['{folder}/{name}']{header})"
def sources(match):
    files = ', '.join(f"'{folder}/{name}'" for name in re.findall(r"'([^']+)'", match.group(1)))
    return f"(SELECT * EXCLUDE (filename), regexp_extract(filename, '[^/]+$') AS artifact_key FROM read_parquet([{files}], union_by_name = true, filename = true))"
answers = []
for sql in statements:
    text = re.sub(r"artifact\\(\\[([^\\]]*)\\]\\)", sources, sql)
    text = re.sub(r"artifact\\('([^']+)'\\)", source, text)
    columns = [[row[0], row[1]] for row in con.execute('DESCRIBE SELECT * FROM (' + text + ')').fetchall()]
    rows = con.execute('SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (' + text + ')').fetchall()
    answers.append({'sql': sql, 'columns': columns, 'rows': rows})
print(json.dumps(answers))
`;

const { statements } = await loadModule('tests/fixtures/statements.ts');
const { statementFiles } = await loadModule('tests/fixtures/statement-files.ts');
const folder = mkdtempSync(join(tmpdir(), 'loam-statements-'));
try {
  for (const [name, bytes] of Object.entries(statementFiles())) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'statements.json'), JSON.stringify(statements));
  writeFileSync(join(folder, 'facts.py'), program);
  const answer = execFileSync(python, [join(folder, 'facts.py'), folder, join(folder, 'statements.json')], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const facts = JSON.parse(answer).map((/** @type {unknown} */ one) => ` ${JSON.stringify(one)}`);
  writeFileSync(`${root}tests/fixtures/statement-facts.json`, `[\n${facts.join(',\n')}\n]\n`);
  console.log(`${facts.length} statements answered`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
