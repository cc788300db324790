// Ways out of a query: network, files, other databases, settings, extensions. At the gate each is refused in words; the
// engine alone, without its gate, still reaches nothing. No request, nothing written.
import { afterAll, describe, expect, it } from 'vitest';
import { createQueries } from '../../src/lib/client/duckdb.ts';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { raiseFence } from '../../src/lib/workers/duckdb-fence.ts';
import { escapesTo } from '../fixtures/escapes.ts';
import { cells, parquetOf, shelfOf } from './duckdb-files.ts';
import type { RawAnswer } from './duckdb-raw.worker.ts';

const escapes = escapesTo(location.origin);

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
