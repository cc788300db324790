// Artifacts whose storage is a web server or a bucket, through the whole app without its screens: registered in place,
// previewed and queried by ranges, repeated without a network.
import { tableFromIPC } from 'apache-arrow';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createQueries } from '../../src/lib/client/duckdb.ts';
import { connectEngine } from '../../src/lib/client/engine.ts';
import type { LoamError } from '../../src/lib/engine/errors.ts';
import { s3Access, s3Region } from '../fixtures/s3-keys.ts';
import { h5adBytes } from '../fixtures/write-h5ad.ts';
import { cells, packedParquet, parquetOf, textFile } from './duckdb-files.ts';

const ranges = inject('ranges');
const s3 = inject('s3');
const client = connectEngine({ name: 'remote-storage' });
const { engine } = client;
const queries = createQueries({ engine });
const keys = { accessKeyId: s3Access.accessKeyId, secretAccessKey: s3Access.secretAccessKey };
const aws = new AwsClient({ ...keys, service: 's3', region: s3Region, retries: 0 });

const put = (name: string, file: Blob) => fetch(`${ranges}/${name}`, { method: 'PUT', body: file });
const upload = async (key: string, file: Blob) => {
  const answer = await aws.fetch(`${s3}/lab/${key}`, { method: 'PUT', body: await file.arrayBuffer() });
  expect(answer.status).toBe(200);
};
const fault = (name: string, kind: string, from = 0) =>
  fetch(`${ranges}/${name}?fault=${kind}&from=${from}`, { method: 'POST' });
const stats = async (name: string) =>
  (await (await fetch(`${ranges}/${name}?stats`)).json()) as { requests: number; sent: number };
const words = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: LoamError) => `${error.code}: ${error.message}`,
  );

async function ask(sql: string) {
  const result = await queries.run(sql);
  const table = tableFromIPC(result.first.ipc);
  const rows = Array.from({ length: table.numRows }, (_, row) =>
    table.schema.fields.map((_, i) => {
      const value = table.getChildAt(i)?.get(row) as unknown;
      return typeof value === 'bigint' ? Number(value) : value;
    }),
  );
  return { rows, meter: result.first.meter };
}

let web = '';
let bucket = '';
let table: File;

beforeAll(async () => {
  web = (await engine.create('Storage', { root: ranges })).uid;
  bucket = (await engine.create('Storage', { root: `s3://lab/data?endpoint_url=${s3}`, region: s3Region }))
    .uid;
  table = await packedParquet(cells(400_000), 'UNCOMPRESSED', 20_000);
  await put('cells.parquet', table);
}, 60_000);
afterAll(async () => {
  queries.restart();
  await engine.clearRemote();
  client.close();
});

async function register(name: string): Promise<string> {
  const seen = await engine.lookAtFile(web, name);
  const [made] = await engine.registerInPlace(web, [seen]);
  return made?.uid ?? '';
}

describe('a web server', () => {
  it('[row 29] a query over remote parquet fetches only the columns it needs, and says so; again it fetches nothing', async () => {
    await register('cells.parquet');
    await fault('cells.parquet', 'none');
    const sql = "SELECT cell_type, count(*) n FROM artifact('cells.parquet') GROUP BY 1 ORDER BY 1";
    const first = await ask(sql);
    expect(first.rows).toEqual([
      ['B cell', 100_000],
      ['NK cell', 100_000],
      ['T cell', 100_000],
      ['monocyte', 100_000],
    ]);
    const far = first.meter.far;
    const { sent, requests } = await stats('cells.parquet');
    expect(far).toMatchObject({ files: 1, bytes: sent, requests, offline: false });
    expect(first.meter.totalBytes).toBe(table.size);
    expect(sent).toBeLessThan(table.size / 4);
    const again = await ask(sql);
    expect(again.rows).toEqual(first.rows);
    expect(again.meter.far?.bytes).toBe(0);
    expect((await stats('cells.parquet')).sent).toBe(sent);
  });

  it('[row 41] offline the same query answers; one that needs more says what is missing', async () => {
    await fault('cells.parquet', 'gone');
    queries.restart();
    await new Promise((resolve) => setTimeout(resolve, 5100));
    const offline = await ask("SELECT count(*) FROM artifact('cells.parquet') WHERE cell_type = 'B cell'");
    expect(offline.rows).toEqual([[100_000]]);
    expect(offline.meter.far).toMatchObject({ offline: true, bytes: 0 });
    expect(await words(queries.run("SELECT sum(score) FROM artifact('cells.parquet')"))).toMatch(
      /FileUnreadable: .*cells\.parquet cannot be read: .*What was read of it before is still here/,
    );
    await fault('cells.parquet', 'none');
    expect((await ask("SELECT count(score) FROM artifact('cells.parquet')")).rows[0]?.[0]).toBeGreaterThan(
      300_000,
    );
  }, 60_000);

  it('what goes wrong in the middle is told, never fewer rows', async () => {
    await put('broken.parquet', table);
    await register('broken.parquet');
    for (const [kind, expected] of [
      ['403', /does not allow it/],
      ['500', /answered 500/],
      ['truncated', /bytes in place of/],
      ['whole', /sends only whole files/],
      ['changed', /its ETag is another one/],
    ] as const) {
      await fault('broken.parquet', kind, 1_000_000);
      expect(
        await words(queries.run("SELECT sum(id), min(cell_type) FROM artifact('broken.parquet')")),
        kind,
      ).toMatch(expected);
      expect((await ask('SELECT 7')).rows).toEqual([[7]]);
    }
    // The network is lost and back while the statement runs.
    await fault('broken.parquet', 'lost-once', 1_000_000);
    expect((await ask("SELECT sum(id)::BIGINT FROM artifact('broken.parquet')")).rows).toEqual([
      [79_999_800_000],
    ]);
  }, 60_000);

  it('CSV, packed CSV and packings that the engine does not read are asked where they lie', async () => {
    await put('names.csv', textFile('cell_type,short\nB cell,B\nT cell,T\n', 'names.csv'));
    await put('brotli.parquet', await packedParquet(cells(5000), 'BROTLI'));
    await register('names.csv');
    await register('brotli.parquet');
    const { rows, meter } = await ask(
      `SELECT short, count(*) FROM artifact('brotli.parquet') JOIN artifact('names.csv') USING (cell_type)
       GROUP BY 1 ORDER BY 1`,
    );
    expect(rows).toEqual([
      ['B', 1250],
      ['T', 1250],
    ]);
    expect(meter.files).toBe(2);
  });

  it('more files than stay open between statements are one table, again too', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `many/part${i}.parquet`);
    for (const [i, name] of names.entries()) await put(name, parquetOf(cells(1, i)));
    const seen = await Promise.all(names.map((name) => engine.lookAtFile(web, name)));
    expect(await engine.registerInPlace(web, seen)).toHaveLength(300);
    const all = `SELECT count(*), sum(id)::INTEGER FROM artifact([${names.map((name) => `'${name}'`).join(', ')}])`;
    for (let again = 0; again < 2; again++) expect((await ask(all)).rows).toEqual([[300, 44_850]]);
    expect((await ask("SELECT id FROM artifact('many/part7.parquet')")).rows).toEqual([[7]]);
  }, 60_000);
});

describe('a bucket', () => {
  it('[row 97] is listed, registered in place and queried with keys of this session only', async () => {
    await upload('data/plates/a.parquet', await packedParquet(cells(1000), 'ZSTD'));
    await upload('data/plates/b.parquet', await packedParquet(cells(500, 5000), 'ZSTD'));
    await upload('data/.lamindb/storage_uid.txt', new Blob(['xyz']));
    expect(await words(engine.listStorage(bucket, '', null))).toMatch(
      /FileUnreadable: s3:\/\/lab .*Enter keys/,
    );
    await engine.allowStorage(bucket, { keys });
    expect((await engine.storages()).find(({ uid }) => uid === bucket)?.remote).toEqual({
      bucket: true,
      keys: true,
      remembered: false,
    });
    expect(await engine.listStorage(bucket, '', null)).toMatchObject({ folders: ['plates/'], objects: [] });
    const page = await engine.listStorage(bucket, 'plates/', null);
    expect(page.objects.map(({ key, uid }) => [key, uid])).toEqual([
      ['plates/a.parquet', null],
      ['plates/b.parquet', null],
    ]);
    const made = await engine.registerInPlace(bucket, page.objects);
    expect(made.map(({ outcome }) => outcome)).toEqual(['new', 'new']);
    expect((await engine.registerInPlace(bucket, page.objects)).map(({ outcome }) => outcome)).toEqual([
      'known',
      'known',
    ]);
    expect((await engine.listStorage(bucket, 'plates/', null)).objects.map(({ uid }) => uid)).toEqual(
      made.map(({ uid }) => uid),
    );
    const { rows } = await ask(
      "SELECT artifact_key, count(*) FROM artifact(['plates/a.parquet', 'plates/b.parquet']) GROUP BY 1 ORDER BY 1",
    );
    expect(rows).toEqual([
      ['plates/a.parquet', 1000],
      ['plates/b.parquet', 500],
    ]);
    await upload('data/plates/a.parquet', await packedParquet(cells(1001), 'ZSTD'));
    await new Promise((resolve) => setTimeout(resolve, 5100));
    expect(await words(queries.run("FROM artifact('plates/a.parquet')"))).toMatch(
      /it was replaced since it was registered\. Register it again as a new version/,
    );
    const newer = (await engine.listStorage(bucket, 'plates/', null)).objects.slice(0, 1);
    expect((await engine.registerInPlace(bucket, newer))[0]).toMatchObject({ outcome: 'version' });
    expect((await ask("SELECT count(*) FROM artifact('plates/a.parquet')")).rows).toEqual([[1001]]);
  });

  it('a bucket in virtual style, one without CORS, and keys that were taken away', async () => {
    await engine.allowStorage(bucket, { keys, style: 'virtual' });
    expect((await engine.listStorage(bucket, 'plates/', null)).objects).toHaveLength(2);
    const closed = (
      await engine.create('Storage', { root: `s3://closed?endpoint_url=${s3}`, region: s3Region })
    ).uid;
    await engine.allowStorage(closed, { keys });
    expect(await words(engine.listStorage(closed, '', null))).toMatch(/its CORS rule does not let this site/);
    await engine.allowStorage(bucket, null);
    expect(await words(engine.listStorage(bucket, '', null))).toMatch(/Enter keys/);
    await engine.allowStorage(bucket, { keys });
  });

  it('[row 98] a large h5ad is previewed with a small part of its bytes', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => i);
    const bytes = await h5adBytes({
      obsNames: many.map((i) => `cell-${i}`),
      varNames: many.slice(0, 1000).map((i) => `gene-${i}`),
      category: { name: 'cell_type', codes: many.map((i) => i % 2), categories: ['B cell', 'T cell'] },
      number: { name: 'n_genes', values: many },
    });
    await upload('data/atlas.h5ad', new Blob([bytes as Uint8Array<ArrayBuffer>]));
    const [atlas] = (await engine.listStorage(bucket, '', null)).objects;
    const [made] = await engine.registerInPlace(bucket, atlas ? [atlas] : []);
    const summary = await engine.preview(made?.uid ?? '');
    expect(summary).toMatchObject({ format: 'anndata', problem: null });
    expect(summary?.shape).toEqual({ observations: 3000, variables: 1000 });
    const told = summary?.facts.find(({ label }) => label === 'Fetched for this')?.value ?? '';
    const [, fetched = '', unit = '', size = ''] = /^([\d.]+) (kB|MB) of ([\d.]+) MB$/.exec(told) ?? [];
    expect(Number(size)).toBeGreaterThan(12);
    expect(Number(fetched) / (unit === 'kB' ? 1000 : 1)).toBeLessThan(2);
    const file = await engine.openArtifact(made?.uid ?? '');
    expect(file.size).toBe(bytes.length);
  });
});
