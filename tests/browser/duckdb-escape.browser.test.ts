// Ways out of a query: network, files, other databases, settings, extensions. At the gate each is refused in words; the
// engine alone, without its gate, still reaches nothing. No request, nothing written.
import { afterAll, describe, expect, it } from 'vitest';
import { createQueries } from '../../src/lib/client/duckdb.ts';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { raiseFence } from '../../src/lib/workers/duckdb-fence.ts';
import { cells, parquetOf, shelfOf } from './duckdb-files.ts';
import type { RawAnswer } from './duckdb-raw.worker.ts';

const port = location.origin;

/** None of these may reach anything; those that only read the engine's own state are refused as well. */
const escapes = [
  // network
  `SELECT * FROM read_csv_auto('${port}/x.csv')`,
  `SELECT * FROM read_parquet('${port}/x.parquet')`,
  `SELECT * FROM read_json_auto('${port}/x.json')`,
  `SELECT * FROM parquet_scan('https://127.0.0.1:1/x.parquet')`,
  `SELECT * FROM '${port}/x.csv'`,
  `SELECT * FROM "${port}/x.parquet"`,
  "SELECT * FROM 's3://bucket/x.parquet'",
  "SELECT * FROM read_parquet('s3://bucket/*.parquet')",
  "SELECT * FROM read_parquet('gcs://bucket/x.parquet')",
  "SELECT * FROM read_parquet(['loam/a', 'http://127.0.0.1:1/x.parquet'])",
  `SELECT (SELECT count(*) FROM read_csv_auto('${port}/x.csv'))`,
  `WITH a AS (SELECT * FROM read_csv_auto('${port}/x.csv')) SELECT 1 FROM a`,
  `SELECT 1 WHERE EXISTS (FROM read_json_auto('${port}/x.json'))`,
  `SELECT * FROM range(1) t, LATERAL (SELECT * FROM read_csv_auto('${port}/x.csv')) s`,
  `EXPLAIN SELECT * FROM read_csv_auto('${port}/x.csv')`,
  `EXPLAIN ANALYZE SELECT * FROM read_parquet('${port}/x.parquet')`,
  `DESCRIBE SELECT * FROM read_parquet('${port}/x.parquet')`,
  `SUMMARIZE SELECT * FROM read_parquet('${port}/x.parquet')`,
  `SELECT * FROM parquet_metadata('${port}/x.parquet')`,
  `SELECT * FROM parquet_schema('${port}/x.parquet')`,
  `SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_csv_auto(''${port}/x.csv'')'))`,
  // files
  "SELECT * FROM read_csv_auto('/etc/passwd')",
  "SELECT * FROM read_csv_auto('opfs://storage/x.csv')",
  "SELECT * FROM read_parquet('../storage/*.parquet')",
  "SELECT * FROM read_parquet('loam/other/616263.parquet')",
  "SELECT * FROM glob('*')",
  "SELECT * FROM 'other.parquet'",
  'SELECT * FROM "other.csv"',
  "FROM 'file:///etc/hosts.csv'",
  'SELECT * FROM arrow_scan(0, 0, 0)',
  "SELECT * FROM seq_scan('x')",
  "COPY (SELECT 1) TO 'out.csv'",
  "COPY (SELECT 1) TO 'out.parquet' (FORMAT parquet)",
  `COPY (SELECT 1) TO '${port}/out.csv'`,
  "COPY (SELECT 1) TO 's3://bucket/out.parquet'",
  "CREATE TABLE t(a INT); COPY t FROM 'in.csv'",
  "EXPORT DATABASE 'out'",
  "IMPORT DATABASE 'in'",
  // databases
  "ATTACH 'other.db'",
  `ATTACH '${port}/other.db' AS o`,
  "ATTACH ':memory:' AS m",
  'DETACH memory',
  'USE memory',
  'CHECKPOINT',
  'VACUUM',
  "SELECT * FROM force_checkpoint('memory')",
  // settings
  "SET memory_limit = '4GB'",
  "SET temp_directory = '/tmp'",
  'SET lock_configuration = false',
  'SET enable_external_access = true',
  "SET s3_endpoint = 'http://127.0.0.1:1'",
  'RESET memory_limit',
  "PRAGMA memory_limit = '4GB'",
  'PRAGMA enable_profiling',
  "PRAGMA profiling_output = 'out.json'",
  'PRAGMA database_list',
  'CALL pragma_version()',
  // extensions
  'INSTALL httpfs',
  `INSTALL httpfs FROM '${port}'`,
  'LOAD httpfs',
  `LOAD '${port}/x.duckdb_extension.wasm'`,
  'FORCE INSTALL sqlite_scanner',
  // objects and more than one statement
  'CREATE TABLE t AS SELECT 1',
  'CREATE VIEW v AS SELECT 1',
  'CREATE MACRO artifact(x) AS TABLE SELECT 1',
  'CREATE SECRET (TYPE S3)',
  'INSERT INTO t VALUES (1)',
  'DROP TABLE IF EXISTS t',
  'PREPARE p AS SELECT 1',
  'BEGIN TRANSACTION',
  'SELECT 1; SELECT 2',
  "SELECT 1; COPY (SELECT 1) TO 'out.csv'",
  "SELECT * FROM artifact('good.parquet', format = (SELECT 'x'))",
  "SELECT * FROM artifact('good.parquet') , artifact(read_csv('x'))",
];

async function device(): Promise<string[]> {
  const names: string[] = [];
  const walk = async (directory: FileSystemDirectoryHandle, path: string) => {
    for await (const [name, handle] of directory.entries()) {
      if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${path}${name}/`);
      else names.push(`${path}${name} ${(await (handle as FileSystemFileHandle).getFile()).lastModified}`);
    }
  };
  await walk(await navigator.storage.getDirectory(), '');
  return names.sort();
}

const shelf = shelfOf({ 'good.parquet': parquetOf(cells(10)) });
const queries = createQueries({ engine: shelf });
afterAll(() => queries.restart());

describe('ways out of a query', () => {
  it(`${escapes.length} are refused in words: no request, nothing written, the engine lives on`, async () => {
    expect(escapes.length).toBeGreaterThanOrEqual(60);
    const before = await device();
    for (const sql of escapes) {
      const outcome = await queries.run(sql).then(
        () => 'answered',
        (error: unknown) => error,
      );
      expect([sql, isLoamError(outcome) ? outcome.code : outcome]).toEqual([
        sql,
        expect.stringMatching(/^(?:ReadOnly|SqlError|DoesNotExist)$/),
      ]);
      expect(isLoamError(outcome) ? outcome.message.length : 0).toBeGreaterThan(20);
    }
    expect(await queries.status()).toMatchObject({ refused: 0 });
    expect(await device()).toEqual(before);
    expect((await queries.run("SELECT count(*) FROM artifact('good.parquet')")).first.rows).toBe(1);
  });

  it('without the gate the engine still asks for nothing but its own code, and writes nothing', async () => {
    const before = await device();
    const worker = new Worker(new URL('./duckdb-raw.worker.ts', import.meta.url), { type: 'module' });
    let last: RawAnswer | null = null;
    for (const [id, sql] of [...escapes, 'SELECT 7'].entries())
      last = await new Promise<RawAnswer>((resolve) => {
        worker.onmessage = ({ data }: MessageEvent<RawAnswer>) => resolve(data);
        worker.postMessage({ id, sql });
      });
    worker.terminate();
    expect(last?.rows).toEqual([[7]]);
    expect(last?.asked.map((url) => new URL(url, location.href).pathname)).toEqual([
      expect.stringMatching(/duckdb-eh.*\.wasm$/),
    ]);
    expect(await device()).toEqual(before);
  });

  it('the fence lets named addresses through and nothing else, by any way', async () => {
    const log: string[] = [];
    class Request0 {
      open(method: string, url: string) {
        log.push(`${method} ${url}`);
      }
    }
    const scope = {
      location: { href: 'https://loam.test/app' },
      fetch: async (url: string) => void log.push(url),
      XMLHttpRequest: Request0,
      WebSocket: class {},
      importScripts() {},
    } as unknown as typeof globalThis;
    const fence = raiseFence(scope);
    fence.allow('/a.wasm');
    fence.allow('/ext/b.wasm', '/assets/b-1.wasm');
    await scope.fetch('a.wasm');
    await scope.fetch(new URL('https://loam.test/ext/b.wasm'));
    new scope.XMLHttpRequest().open('GET', '/ext/b.wasm', false);
    expect(log).toEqual([
      'https://loam.test/a.wasm',
      'https://loam.test/assets/b-1.wasm',
      'GET https://loam.test/assets/b-1.wasm',
    ]);
    await expect(scope.fetch('/other')).rejects.toThrow(/Refused/);
    await expect(scope.fetch('/a.wasm', { method: 'PUT' })).rejects.toThrow(/Refused/);
    expect(() => new scope.XMLHttpRequest().open('HEAD', '/a.wasm')).toThrow(/Refused/);
    expect(() => new scope.WebSocket('wss://loam.test/a.wasm')).toThrow(/Refused/);
    expect(() => (scope as unknown as { importScripts(url: string): void }).importScripts('/a.wasm')).toThrow(
      /Refused/,
    );
    expect(() => Object.defineProperty(scope, 'fetch', { value: fetch })).toThrow(/redefine/i);
    expect(fence.count).toBe(5);
    expect(log).toHaveLength(3);
  });
});
