// Tables inside files in SQL: obs and var of AnnData in HDF5 and Zarr, rows of Arrow files, one or many, on this device and
// elsewhere. Read once into a copy; X is never read.
import { RecordBatchFileWriter, Table, tableFromIPC, vectorFromArray, Float64, Utf8 } from 'apache-arrow';
import { afterAll, expect, inject, it } from 'vitest';
import { createQueries, type DuckdbProgress, type QueryResult } from '../../src/lib/client/duckdb.ts';
import { connectEngine } from '../../src/lib/client/engine.ts';
import { isLoamError, type LoamError } from '../../src/lib/engine/errors.ts';
import type { AnyFile } from '../../src/lib/workers/find-bytes.ts';
import type { RemoteApi } from '../../src/lib/workers/remote.worker.ts';
import { connectWorker } from '../../src/lib/workers/worker-port.ts';
import { h5adBytes, h5Bytes } from '../fixtures/write-h5ad.ts';
import { zarrAnnData, type AnnDataFacts } from '../fixtures/write-zarr.ts';
import { saveFile, shelfOf, textFile } from './duckdb-files.ts';

/** Copies of an earlier run in this profile are none of these files. */
const now = Date.now();

/** Cells `d<donor>-0` …, of two types and some of none. */
const donor = (n: number, cells: number): AnnDataFacts => ({
  obsNames: Array.from({ length: cells }, (_, i) => `d${n}-${i}`),
  varNames: ['CD3E', 'MS4A1', 'NKG7'],
  category: {
    name: 'cell_type',
    categories: ['B cell', 'T cell'],
    codes: Array.from({ length: cells }, (_, i) => (i % 5 === 4 ? -1 : i % 2)),
  },
  number: { name: 'pct_mt', values: Array.from({ length: cells }, (_, i) => (i === 1 ? NaN : i / 4)) },
});
const h5ad = async (data: AnnDataFacts, name: string) =>
  new File([(await h5adBytes(data)) as Uint8Array<ArrayBuffer>], name, { lastModified: now });
const zarr = (data: AnnDataFacts, version: 2 | 3) =>
  zarrAnnData('s', version, data).map(({ path, bytes }) => {
    const below = path.replace(/^s\//, '');
    return { path: below, file: new File([bytes as Uint8Array<ArrayBuffer>], below, { lastModified: now }) };
  });

const shelf = shelfOf({
  'd1.h5ad': await h5ad(donor(1, 5), 'donor-1.h5ad'),
  'd2.h5ad': await h5ad(donor(2, 7), 'donor-2.h5ad'),
  'd3.zarr': zarr(donor(3, 4), 3),
  'bad.h5ad': textFile('no HDF5', 'damaged.h5ad'),
  's.feather': new File(
    [
      (await RecordBatchFileWriter.writeAll(
        new Table({
          cell: vectorFromArray(['d1-0', 'd1-2', 'd2-6'], new Utf8()),
          score: vectorFromArray([1.5, null, -2], new Float64()),
        }),
      ).toUint8Array()) as Uint8Array<ArrayBuffer>,
    ],
    's.feather',
    { lastModified: now },
  ),
});
const queries = createQueries({ engine: shelf });
afterAll(() => queries.restart());

function rowsOf(result: QueryResult): unknown[][] {
  const table = tableFromIPC(result.first.ipc);
  const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);
  return Array.from({ length: table.numRows }, (_, row) =>
    table.schema.fields.map((_, column) => plain(table.getChildAt(column)?.get(row))),
  );
}
const ask = async (sql: string, own = queries) => rowsOf(await own.run(sql));
const refused = async (sql: string, own = queries): Promise<LoamError> => {
  const error: unknown = await own.run(sql).then(
    () => null,
    (failure: unknown) => failure,
  );
  if (!isLoamError(error)) throw new Error(`Not refused: ${sql}`);
  return error;
};

it('[row 38] obs and var of one file are tables; the second statement reads the copy', async () => {
  const told: DuckdbProgress[] = [];
  const first = await queries.run(`SELECT * FROM obs('d1.h5ad')`, { onProgress: (p) => told.push(p) });
  expect(
    tableFromIPC(first.first.ipc).schema.fields.map(({ name, type }) => `${name} ${String(type)}`),
  ).toEqual(['obs_names Utf8', 'cell_type Utf8', 'pct_mt Float64']);
  expect(rowsOf(first)).toEqual([
    ['d1-0', 'B cell', 0],
    ['d1-1', 'T cell', null],
    ['d1-2', 'B cell', 0.5],
    ['d1-3', 'T cell', 0.75],
    ['d1-4', null, 1],
  ]);
  expect(first.tables).toMatchObject({ made: 1, kept: 0 });
  expect(first.tables.readBytes).toBeGreaterThan(0);
  expect(first.sources).toEqual([{ uid: shelf.uidOf('d1.h5ad'), key: 'd1.h5ad' }]);
  expect(told.filter(({ phase }) => phase === 'tables').at(-1)).toMatchObject({ done: 1, needed: 1 });
  const again = await queries.run(`
    SELECT o.obs_names, v.var_names FROM obs('d1.h5ad') o, var('d1.h5ad') v
    WHERE pct_mt > 0.7 AND var_names LIKE 'M%' ORDER BY 1`);
  expect(rowsOf(again)).toEqual([
    ['d1-3', 'MS4A1'],
    ['d1-4', 'MS4A1'],
  ]);
  expect(again.tables).toMatchObject({ made: 1, kept: 1 });
});

it('[row 38] a list is one table by name, HDF5 and Zarr together, and joins an Arrow file', async () => {
  const list = `obs(['d1.h5ad', 'd2.h5ad', 'd3.zarr'])`;
  expect(
    await ask(
      `SELECT artifact_key, count(*), count(cell_type), count(pct_mt) FROM ${list} GROUP BY 1 ORDER BY 1`,
    ),
  ).toEqual([
    ['d1.h5ad', 5, 4, 4],
    ['d2.h5ad', 7, 6, 6],
    ['d3.zarr', 4, 4, 3],
  ]);
  expect(
    await ask(
      `SELECT obs_names, score FROM ${list} JOIN artifact('s.feather') s ON s.cell = obs_names ORDER BY 1`,
    ),
  ).toEqual([
    ['d1-0', 1.5],
    ['d1-2', null],
    ['d2-6', -2],
  ]);
  expect(await ask(`SELECT count(*) FROM var('d3.zarr')`)).toEqual([[3]]);
});

it('what differs is told before anything runs, and what to write instead', async () => {
  const other = donor(9, 2);
  other.number.name = 'n';
  const codes = { ...donor(8, 2), number: { name: 'cell_type_2', values: [1, 2] } };
  const own = createQueries({
    engine: shelfOf({
      'a.h5ad': await h5ad(other, 'a.h5ad'),
      'b.h5ad': await h5ad({ ...codes, category: { name: 'n', categories: ['x'], codes: [0, 0] } }, 'b.h5ad'),
    }),
  });
  const drift = await refused(`SELECT * FROM obs(['a.h5ad', 'b.h5ad'])`, own);
  expect(drift.code).toBe('SchemaDrift');
  const [{ fix }] = JSON.parse(String(drift.details['drift'])) as [{ fix: { text: string } }];
  expect(fix.text).toBe(`obs(['a.h5ad', 'b.h5ad'], types = {'n': 'VARCHAR'})`);
  const mended = await own.run(`SELECT obs_names, n FROM ${fix.text} ORDER BY 1`);
  expect(rowsOf(mended).map(([name]) => name)).toEqual(['d8-0', 'd8-1', 'd9-0', 'd9-1']);
  expect(mended.first.drift[0]?.columns.map(({ name, missing }) => [name, missing])).toContainEqual([
    'cell_type_2',
    1,
  ]);
  own.restart();
});

it('says in words which functions to use, what is damaged and what is not there', async () => {
  expect((await refused(`FROM artifact('d1.h5ad')`)).message).toMatch(
    /holds several: write obs\('d1\.h5ad'\) .* or var\(/,
  );
  expect((await refused(`FROM obs('bad.h5ad')`)).message).toMatch(
    /^bad\.h5ad: This HDF5 file is damaged or incomplete/,
  );
  expect((await refused(`FROM obs('d1.h5ad', modality = 'rna')`)).message).toMatch(/no parts such as "rna"/);
  expect((await refused(`FROM obs('d1.h5ad', header = true)`)).message).toMatch(/has no option header/);
  expect((await refused(`FROM obs(1 + 1)`)).message).toMatch(/obs\(\) takes keys/);
  expect((await refused(`FROM obs('s.feather')`)).message).toMatch(/^s\.feather: /);
  // One damaged file does not leave the reader unusable.
  expect(await ask(`SELECT count(*) FROM obs('d2.h5ad')`)).toEqual([[7]]);
});

it('cancelling ends the reading', async () => {
  const cells = 60_000;
  const own = createQueries({ engine: shelfOf({ 'large.h5ad': await h5ad(donor(4, cells), 'large.h5ad') }) });
  const abort = new AbortController();
  const failure = own
    .run(`SELECT count(*) FROM obs('large.h5ad')`, { signal: abort.signal, onProgress: () => abort.abort() })
    .then(
      () => null,
      (error: LoamError) => error,
    );
  expect((await failure)?.code).toBe('StatementCancelled');
  expect(await ask(`SELECT count(*), count(DISTINCT obs_names) FROM obs('large.h5ad')`, own)).toEqual([
    [cells, cells],
  ]);
  own.restart();
});

it('[row 38] of a file that lies elsewhere obs is fetched, X is not', async () => {
  const base = inject('ranges');
  const bytes = await h5Bytes((file) => {
    file.create_attribute('encoding-type', 'anndata');
    file.create_dataset({ name: 'X', data: new Float32Array(2_000_000).fill(1.5), shape: [1000, 2000] });
    const obs = file.create_group('obs');
    obs.create_attribute('_index', '_index');
    obs.create_attribute('column-order', ['n']);
    obs.create_dataset({ name: '_index', data: Array.from({ length: 1000 }, (_, i) => `cell-${i}`) });
    obs.create_dataset({ name: 'n', data: Int32Array.from({ length: 1000 }, (_, i) => i) });
    file.create_group('var');
  });
  const url = `${base}/far.h5ad`;
  await fetch(url, { method: 'PUT', body: bytes as Uint8Array<ArrayBuffer> });
  const remote = connectWorker<RemoteApi>(
    new Worker(new URL('../../src/lib/workers/remote.worker.ts', import.meta.url), { type: 'module' }),
  );
  const file = await remote.api.open({ kind: 'http', url }, null);
  const own = createQueries({ engine: shelfOf({ 'far.h5ad': file as AnyFile as File }) });
  expect(await ask(`SELECT count(*), sum(n)::INTEGER, max(obs_names) FROM obs('far.h5ad')`, own)).toEqual([
    [1000, 499_500, 'cell-999'],
  ]);
  const { sent } = (await (await fetch(`${url}?stats`)).json()) as { sent: number };
  expect(bytes.length).toBeGreaterThan(8_000_000);
  expect(sent).toBeLessThan(700_000);
  own.restart();
  remote.end();
});

it('[row 38] a collection and a view of AnnData are one table with annotations; others of the view are counted', async () => {
  const client = connectEngine({ name: 'duckdb-tables' });
  const { engine } = client;
  const own = createQueries({ engine });
  const uids: string[] = [];
  for (const n of [11, 12])
    uids.push(
      await saveFile(engine, `obs-atlas/donor-${n}.h5ad`, await h5ad(donor(n, n), `donor-${n}.h5ad`)),
    );
  await saveFile(engine, 'obs-atlas/notes.md', textFile('# Notes on the atlas', 'notes.md'));
  await engine.createFeature('tissue', 'str');
  for (const [i, uid] of uids.entries())
    await engine.setFeatures(uid, { tissue: ['lung', 'liver'][i] ?? '' });
  await engine.create('Collection', { key: 'atlas/all', artifacts: uids });
  expect(
    await ask(
      `SELECT artifact_tissue, count(*) FROM obs(collection('atlas/all')) GROUP BY 1 ORDER BY 1`,
      own,
    ),
  ).toEqual([
    ['liver', 12],
    ['lung', 11],
  ]);
  const view = await own.run(
    `SELECT artifact_tissue, count(*) FROM obs(artifacts('?where=key:starts:obs-atlas/')) GROUP BY 1 ORDER BY 1`,
  );
  expect(rowsOf(view)).toEqual([
    ['liver', 12],
    ['lung', 11],
  ]);
  expect(view.others).toBe(1);
  expect(view.tables).toMatchObject({ made: 0, kept: 2 });
  expect((await refused(`FROM collection('atlas/all')`, own)).message).toMatch(/write obs\(/);
  own.restart();
  client.close();
}, 60_000);
