// Statements over artifacts from a shell: sources, annotations, registries, drift, formats, an answer that is saved with its
// lineage, and ways out of a statement.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNative } from '../../cli/duckdb-native.ts';
import { openStatement } from '../../cli/file-statements.ts';
import { openInstance } from '../../cli/instance.ts';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { escapesTo } from '../fixtures/escapes.ts';
import { h5adBytes } from '../fixtures/write-h5ad.ts';
import { zarrAnnData } from '../fixtures/write-zarr.ts';
import { inProcess, loam, scratch } from './run.ts';

const here = scratch();
const sql = (...args: string[]) => inProcess(here, ['sql', ...args]);
const rowsOf = async (...args: string[]) => {
  const { code, out, err } = await sql(...args, '--format', 'json');
  expect([code, err]).toEqual([0, expect.any(String)]);
  return JSON.parse(out) as Record<string, unknown>[];
};

function cells(rows: number, from: number): Uint8Array {
  const ids = Array.from({ length: rows }, (_, i) => from + i);
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', data: ids, type: 'INT32' },
        { name: 'score', data: ids.map((i) => (i % 7 === 3 ? null : i / 8)), type: 'DOUBLE', nullable: true },
      ],
    }),
  );
}

const { TMPDIR } = process.env;
afterAll(() => {
  if (TMPDIR === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = TMPDIR;
});

beforeAll(async () => {
  // Folders of statements are counted, and other tests make some as well.
  mkdirSync(join(here, 'temporary'));
  process.env['TMPDIR'] = join(here, 'temporary');
  mkdirSync(join(here, 'data'));
  writeFileSync(join(here, 'data', 'one.parquet'), cells(100, 0));
  writeFileSync(join(here, 'data', 'two.parquet'), cells(100, 100));
  writeFileSync(join(here, 'data', 'words.csv'), 'id,word\n1,α\n2,"b, c"\n');
  writeFileSync(join(here, 'data', 'mixed.csv'), 'id,word\nx,d\n');
  mkdirSync(join(here, 'parts', 'lane=1'), { recursive: true });
  writeFileSync(join(here, 'parts', 'lane=1', 'a.csv'), 'n\n1\n2\n');
  const long = `${'a-long-folder/'.repeat(12)}one.parquet`;
  for (const args of [
    ['init', '--storage', './store', '--name', 'lab'],
    ['save', 'data/one.parquet', '--ulabel', 'pilot'],
    ['save', 'data/two.parquet', '--key', long],
    ['save', 'data/words.csv'],
    ['save', 'data/mixed.csv'],
    ['save', 'parts', '--key', 'parts'],
  ])
    expect(await inProcess(here, args)).toMatchObject({ code: 0 });
}, 60_000);

describe('loam sql', () => {
  it('shows a table, and says where there is more', async () => {
    const { code, out, err } = await sql("SELECT id, word FROM artifact('data/words.csv') ORDER BY id");
    expect([code, out, err]).toEqual([0, 'id  word\n 1  α\n 2  b, c', '2 rows']);
    const more = await sql("FROM artifact('data/one.parquet')", '--limit', '3');
    expect(more.out.split('\n')).toHaveLength(4);
    expect(more.err).toContain('there are more');
  });

  it('makes one table of many files, also under long keys, with annotations and registries beside', async () => {
    const rows = await rowsOf(
      `SELECT r.artifact_key AS key, r.artifact_labels AS labels, a.suffix, count(*)::INT AS n, sum(r.id)::INT AS s
       FROM artifacts('?where=suffix:is:.parquet') r JOIN lamindb_artifact a ON a.uid = r.artifact_uid GROUP BY ALL ORDER BY s`,
    );
    expect(rows).toEqual([
      { key: 'data/one.parquet', labels: ['pilot'], suffix: '.parquet', n: 100, s: 4950 },
      {
        key: expect.stringMatching(/^(?:a-long-folder\/){12}one\.parquet$/),
        labels: [],
        suffix: '.parquet',
        n: 100,
        s: 14950,
      },
    ]);
    expect(await rowsOf("FROM artifact('parts')")).toEqual([
      { n: 1, lane: 1 },
      { n: 2, lane: 1 },
    ]);
  });

  it('opens only files that the conditions leave', async () => {
    const one = await sql("SELECT count(*) FROM artifacts('?where=suffix:is:.parquet') WHERE id < 50");
    expect(one.err).toContain(
      '1 file opened; left out were 0 by annotations and 1 by what their footers tell',
    );
    const labelled = await sql(
      "SELECT count(*) FROM artifacts('?where=suffix:is:.parquet') WHERE list_contains(artifact_labels, 'pilot')",
    );
    expect([labelled.out, labelled.err]).toEqual([
      expect.stringMatching(/100$/),
      expect.stringContaining('left out were 1 by annotations'),
    ]);
  });

  it('tells columns of several kinds before anything runs, with what to write', async () => {
    const list = "artifact(['data/words.csv', 'data/mixed.csv'])";
    const refused = await sql(`SELECT * FROM ${list}`);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('"id" is BIGINT in 1 (such as data/words.csv) and VARCHAR in 1');
    const fix = /Write in its place: (.*)/.exec(refused.err)?.[1] ?? '';
    expect(await rowsOf(`SELECT id FROM ${fix} ORDER BY id`)).toEqual([
      { id: '1' },
      { id: '2' },
      { id: 'x' },
    ]);
    expect(await rowsOf(`SELECT count(*)::INT AS n FROM ${list}`, '--mixed')).toEqual([{ n: 3 }]);
  });

  it('[row 38] obs and var of AnnData in HDF5 and Zarr, and Arrow files, are tables; of views only those that have them', async () => {
    const cells = {
      obsNames: ['c1', 'c2', 'c3'],
      varNames: ['g1', 'g2'],
      category: { name: 'cell_type', categories: ['B cell', 'T cell'], codes: [0, 1, 0] },
      number: { name: 'depth', values: [1, 2, 4] },
    };
    writeFileSync(join(here, 'data', 'cells.h5ad'), await h5adBytes(cells));
    for (const { path, bytes } of zarrAnnData('data/stored.zarr', 3, cells)) {
      mkdirSync(dirname(join(here, path)), { recursive: true });
      writeFileSync(join(here, path), bytes);
    }
    writeFileSync(
      join(here, 'data', 'rows.arrow'),
      tableToIPC(tableFromArrays({ n: Int32Array.of(5, 6) }), 'file'),
    );
    for (const file of ['cells.h5ad', 'stored.zarr', 'rows.arrow'])
      expect((await inProcess(here, ['save', `data/${file}`])).code).toBe(0);
    for (const key of ['data/cells.h5ad', 'data/stored.zarr'])
      expect(
        await rowsOf(`SELECT cell_type, sum(depth)::INT AS n FROM obs('${key}') GROUP BY 1 ORDER BY 1`),
      ).toEqual([
        { cell_type: 'B cell', n: 5 },
        { cell_type: 'T cell', n: 2 },
      ]);
    expect(await rowsOf("SELECT count(*)::INT AS n FROM var('data/cells.h5ad')")).toEqual([{ n: 2 }]);
    expect(await rowsOf("SELECT sum(n)::INT AS n FROM artifact('data/rows.arrow')")).toEqual([{ n: 11 }]);
    expect(
      await rowsOf(
        "SELECT count(*)::INT AS n, count(DISTINCT artifact_key)::INT AS files FROM obs(artifacts('?where=suffix:in:(.h5ad,.csv)'))",
      ),
    ).toEqual([{ n: 3, files: 1 }]);
    expect((await sql("FROM artifact('data/cells.h5ad')")).err).toMatch(/write obs\('data\/cells.h5ad'\)/);
    expect((await sql("FROM obs('data/one.parquet')")).err).toMatch(/data\/one\.parquet/);
    writeFileSync(join(here, 'data', 'torn.h5ad'), 'no HDF5 at all');
    await inProcess(here, ['save', 'data/torn.h5ad']);
    expect((await sql("FROM obs('data/torn.h5ad')")).err).toMatch(/data\/torn\.h5ad: /);
  });

  it('writes csv, json, parquet and arrow with the same rows', async () => {
    for (const ending of ['csv', 'json', 'parquet', 'arrow']) {
      const done = await sql("FROM artifact('data/one.parquet')", '--output', `all.${ending}`);
      expect([done.code, done.err]).toEqual([0, `100 rows in all.${ending}`]);
    }
    const bytes = (name: string) => readFileSync(join(here, name));
    expect(bytes('all.csv').toString().trim().split('\n')).toHaveLength(101);
    expect(JSON.parse(bytes('all.json').toString())).toHaveLength(100);
    const parquet = new Uint8Array(bytes('all.parquet')).buffer;
    expect(Number(parquetMetadata(parquet).num_rows)).toBe(100);
    const arrow = tableFromIPC(bytes('all.arrow'));
    expect([arrow.numRows, arrow.getChild('score')?.nullCount]).toEqual([100, 14]);
    expect(await sql('SELECT 1', '--format', 'parquet')).toMatchObject({ code: 2 });
    expect(await sql('SELECT 1', '--output', 'a.xlsx')).toMatchObject({ code: 2 });
  });

  it('saves the rows as an artifact whose run has the statement and what it read; the same rows are that artifact', async () => {
    const text = "SELECT id, word FROM artifact('data/words.csv') WHERE id > 1";
    const saved = await sql(text, '--save', 'results/words.parquet', '--description', 'one word');
    expect([saved.code, saved.err]).toEqual([0, '1 row from 1 artifact']);
    expect((await sql(text, '--save', 'results/words.parquet')).out).toBe(saved.out);
    const lineage = await rowsOf(
      `SELECT t.key, t.source_code, i.key AS input FROM lamindb_artifact a JOIN lamindb_run r ON r.id = a.run_id
       JOIN lamindb_transform t ON t.id = r.transform_id JOIN lamindb_artifact_input_of_runs l ON l.run_id = r.id
       JOIN lamindb_artifact i ON i.id = l.artifact_id WHERE a.uid = '${saved.out}'`,
    );
    expect(lineage).toEqual([
      { key: 'queries/results/words.sql', source_code: text, input: 'data/words.csv' },
    ]);
    expect(await rowsOf("FROM artifact('results/words.parquet')")).toEqual([{ id: 2, word: 'b, c' }]);
    expect((await sql(`${text} AND id > 9`, '--save', 'none.parquet')).err).toContain('nothing to save');
  });

  it('explains, and says in words what is wrong', async () => {
    expect((await sql("SELECT * FROM artifact('data/one.parquet') WHERE id > 1", '--explain')).out).toMatch(
      /READ_PARQUET|PARQUET_SCAN/,
    );
    expect((await sql("FROM artifact('data/on.parquet')")).err).toContain("'data/one.parquet'");
    expect((await sql("SELECT 'x'::INT")).err).toMatch(/TRY_CAST/);
    expect(await sql()).toMatchObject({ code: 2 });
    writeFileSync(join(here, 'store', '.lamindb', 'kept'), '');
    expect(loam(here, 'sql', 'SELECT 42 AS answer')).toMatchObject({ code: 0, out: 'answer\n    42' });
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('loam-sql-'))).toEqual([]);
  });

  it('reads other files only where that is allowed, and never writes them', async () => {
    const path = join(here, 'data', 'words.csv').replaceAll('\\', '/');
    const text = `SELECT count(*)::INT AS n FROM read_csv('${path}')`;
    expect((await sql(text)).err).toContain('opens files by their names');
    expect(await rowsOf(text, '--allow-files')).toEqual([{ n: 2 }]);
    expect(await sql(`COPY (SELECT 1) TO '${path}'`, '--allow-files')).toMatchObject({ code: 1 });
  });
});

describe('ways out of a statement', () => {
  let asked: string[] = [];
  let server: Server;
  let escapes: string[];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('a\n1\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    escapes = escapesTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterAll(() => server.close());

  it('are refused at the gate: no request, nothing written', async () => {
    const before = readdirSync(here, { recursive: true }).sort();
    const { instance, close } = await openInstance({ cwd: here });
    for (const text of escapes) {
      const outcome: unknown = await openStatement(instance, text).catch((error: unknown) => error);
      expect([text, isLoamError(outcome) ? outcome.code : outcome]).toEqual([
        text,
        expect.stringMatching(/^(?:ReadOnly|SqlError|DoesNotExist)$/),
      ]);
    }
    close();
    expect(asked).toEqual([]);
    expect(readdirSync(here, { recursive: true }).sort()).toEqual(before);
  });

  it('the engine alone, without its gate, reaches nothing but its folder', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loam-raw-')));
    const outside = readdirSync('.').sort();
    asked = [];
    const native = await openNative({ folder: `${folder}/`, threads: 1 });
    await native.lock([]);
    const reached: string[] = [];
    const silent = escapes.filter((text) => text !== 'PRAGMA enable_profiling');
    for (const text of [...silent, `FROM read_text('${join(here, 'data', 'words.csv')}')`])
      await native.texts(text).then(
        (rows) => reached.push(JSON.stringify(rows)),
        () => {},
      );
    expect(await native.texts('SELECT 7')).toEqual([['7']]);
    native.close();
    expect(asked).toEqual([]);
    expect(reached.join()).not.toMatch(/root:|b, c/);
    expect(readdirSync('.').sort()).toEqual(outside);
    expect(existsSync(join(folder, 'out.csv'))).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
