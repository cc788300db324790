// Artifacts that lie at an address or in a bucket, from a shell: brought once, compared, taken from the cache as long as
// they are the same, and refused in words where they are not.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openInstance } from '../../cli/instance.ts';
import { hashFolderFromFiles, toHash } from '../../src/lib/engine/hash.ts';
import { startRangeServer, type RangeServer } from '../fixtures/range-server.ts';
import { s3Access, s3Region } from '../fixtures/s3-keys.ts';
import { startS3, type S3Server } from '../fixtures/s3-server.ts';
import { inProcess, scratch } from './run.ts';

const here = scratch();
const env = {
  XDG_CACHE_HOME: join(here, 'cache'),
  AWS_ACCESS_KEY_ID: s3Access.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3Access.secretAccessKey,
};
const loam = (args: string[], more: Record<string, string> = env) => inProcess(here, args, false, more);
const rows = async (sql: string) => {
  const { code, out, err } = await loam(['sql', sql, '--format', 'json']);
  expect([code, err]).toEqual([0, expect.any(String)]);
  return JSON.parse(out) as Record<string, unknown>[];
};

const table = (from: number) =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [{ name: 'n', data: Array.from({ length: 50 }, (_, i) => from + i), type: 'INT32' }],
    }),
  );
const md5 = (bytes: Uint8Array) => toHash(new Uint8Array(createHash('md5').update(bytes).digest()));

/** LaminDB's: the sorted hashes of the files, hashed again. */
const folderHash = (files: string[]) =>
  hashFolderFromFiles(files.map((text) => md5(new TextEncoder().encode(text))));

let s3: S3Server;
let web: RangeServer;

beforeAll(async () => {
  [s3, web] = await Promise.all([startS3(), startRangeServer()]);
  s3.bucket('lab');
  mkdirSync(join(here, 'store'));
  expect((await loam(['init', '--storage', './store', '--name', 'lab'])).code).toBe(0);
  s3.put('lab', 'data/cells.parquet', table(0));
  s3.put('lab', 'data/parts/lane=1/a.csv', new TextEncoder().encode('n\n1\n2\n'));
  s3.put('lab', 'data/parts/lane=2/a.csv', new TextEncoder().encode('n\n5\n'));
  await fetch(`${web.url}/far.parquet`, { method: 'PUT', body: table(100) });
  const { instance, close } = await openInstance({ cwd: here, env });
  try {
    const { engine } = instance;
    const bucket = engine.create('Storage', {
      root: `s3://lab/data?endpoint_url=${s3.url}`,
      region: s3Region,
    }).uid;
    const site = engine.create('Storage', { root: web.url }).uid;
    const file = (storage: string, key: string, bytes: Uint8Array) =>
      engine.registerInPlace(storage, [
        {
          key,
          size: bytes.length,
          etag: '',
          content: { hash: md5(bytes), hashType: 'md5', nFiles: null },
        },
      ]);
    await engine.registerInPlace(bucket, [
      {
        key: 'parts',
        size: 10,
        etag: '',
        content: { hash: folderHash(['n\n1\n2\n', 'n\n5\n']), hashType: 'md5-d', nFiles: 2 },
      },
    ]);
    await file(bucket, 'cells.parquet', table(0));
    await file(site, 'far.parquet', table(100));
  } finally {
    close();
  }
}, 60_000);
afterAll(async () => {
  await Promise.all([s3.close(), web.close()]);
});

describe('artifacts that lie elsewhere', () => {
  it('are asked by statements, from a bucket and from a web server, and brought once', async () => {
    const sum =
      "SELECT sum(n)::INT AS n, count(DISTINCT artifact_uid)::INT AS files FROM artifact(['cells.parquet', 'far.parquet'])";
    expect(await rows(sum)).toEqual([{ n: 1225 + 6225, files: 2 }]);
    const asked = s3.log.length;
    expect(await rows(sum)).toEqual([{ n: 1225 + 6225, files: 2 }]);
    // Whether it is still the same is one question for one byte.
    expect(s3.log.slice(asked)).toEqual(['GET data/cells.parquet bytes=0-0']);
  });

  it('are folders too, with what their names say', async () => {
    expect(
      await rows("SELECT lane::INT AS lane, sum(n)::INT AS n FROM artifact('parts') GROUP BY 1 ORDER BY 1"),
    ).toEqual([
      { lane: 1, n: 3 },
      { lane: 2, n: 5 },
    ]);
  });

  it('are loaded, and given up with the cache', async () => {
    const { out, code } = await loam(['load', 'artifact', '--key', 'cells.parquet']);
    expect(code).toBe(0);
    const path = out.replace('artifact is here: ', '');
    expect(path.startsWith(join(here, 'cache'))).toBe(true);
    expect(new Uint8Array(readFileSync(path))).toEqual(table(0));
    writeFileSync(join(here, 'cache', 'loam', 'mine.txt'), 'not of the cache');
    expect((await loam(['settings', 'cache-dir', 'clear'])).out).toMatch(/^[1-9][\d,]* bytes removed from /);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(join(here, 'cache', 'loam', 'mine.txt'))).toBe(true);
    expect((await loam(['settings', 'cache-dir', 'set', './other'])).out).toBe(join(here, 'other'));
    expect((await loam(['load', 'artifact', '--key', 'far.parquet'])).out).toContain(join(here, 'other'));
    expect((await loam(['settings', 'cache-dir', 'reset'])).out).toBe(join(here, 'cache', 'loam'));
  });

  it('are refused in words without keys, when they were replaced, and when nobody answers', async () => {
    const bare = { XDG_CACHE_HOME: join(here, 'empty') };
    const ask = ['sql', "SELECT count(*) FROM artifact('cells.parquet')"];
    expect((await loam(ask, bare)).err).toMatch(/cells\.parquet/);
    expect((await loam(ask, bare)).code).toBe(1);
    // As many bytes, other content.
    s3.put('lab', 'data/cells.parquet', table(7).slice(0, table(0).length));
    const replaced = await loam(ask);
    expect(replaced.code).toBe(1);
    expect(replaced.err).toMatch(
      /IntegrityError: cells\.parquet at s3:\/\/lab\/data is not what the artifact is: .*register it again as a new version/,
    );
    s3.put('lab', 'data/cells.parquet', table(0));
    expect((await loam(ask)).code).toBe(0);
    s3.down = true;
    const gone = await loam(['load', 'artifact', '--key', 'cells.parquet']);
    s3.down = false;
    expect(gone.code).toBe(1);
    expect(gone.err).toMatch(/cells\.parquet cannot be read: .*cannot be reached/);
  });
});
