// The static server as a client sees it, over a real socket.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve } from '../../scripts/serve.mjs';

let outer = '';
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  outer = await mkdtemp(join(tmpdir(), 'loam-serve-'));
  const dir = join(outer, 'build');
  await mkdir(join(dir, '_app/immutable'), { recursive: true });
  await writeFile(join(outer, 'secret.txt'), 'secret');
  await writeFile(join(dir, 'index.html'), 'the page');
  await writeFile(join(dir, '_app/immutable/a.wasm'), '0123456789');
  await writeFile(join(dir, '.hidden'), 'secret');
  await symlink(join(outer, 'secret.txt'), join(dir, 'link.txt'));
  server = await serve({ dir });
});
afterAll(async () => {
  await server.close();
  await rm(outer, { recursive: true, force: true });
});

/** Sends the path as it is; fetch would tidy it up first. */
function raw(path: string) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path }, (response) => {
      let text = '';
      response.on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

test('answers unknown routes with the page and missing files with 404', async () => {
  const route = await fetch(`${server.url}/artifacts/abc?x=1`);
  expect([route.status, await route.text()]).toEqual([200, 'the page']);
  expect(route.headers.get('content-security-policy')).toBe("frame-ancestors 'none'");
  expect(route.headers.get('cross-origin-opener-policy')).toBeNull();
  for (const path of ['/gone.js', '/_app/immutable/gone', '/_app/x']) {
    expect((await fetch(server.url + path)).status, path).toBe(404);
  }
  expect((await fetch(server.url, { method: 'POST' })).status).toBe(405);
});

test('hashed files are cached for good, others are asked for again', async () => {
  const wasm = await fetch(`${server.url}/_app/immutable/a.wasm`);
  expect(wasm.headers.get('content-type')).toBe('application/wasm');
  expect(wasm.headers.get('cache-control')).toContain('immutable');
  expect(wasm.headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'");
  const page = await fetch(server.url);
  expect(page.headers.get('cache-control')).toBe('no-cache');
  const headers = { 'if-none-match': page.headers.get('etag') ?? '' };
  expect((await fetch(server.url, { headers })).status).toBe(304);
});

test.each([
  ['bytes=2-4', 206, '234'],
  ['bytes=-3', 206, '789'],
  ['bytes=8-', 206, '89'],
  ['bytes=10-', 416, ''],
  ['bytes=0-1,4-5', 200, '0123456789'],
])('range %s', async (range, status, text) => {
  const response = await fetch(`${server.url}/_app/immutable/a.wasm`, { headers: { range } });
  expect([response.status, await response.text()]).toEqual([status, text]);
});

test.each([
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/a/..%5c..%5csecret.txt',
  '/%00',
  '/%E0',
])('refuses %s', async (path) => {
  const { status, text } = await raw(path);
  expect(status).toBe(400);
  expect(text).not.toContain('secret');
});

test('gives out neither dot files nor what a link points to outside', async () => {
  expect((await raw('/.hidden')).status).toBe(400);
  expect((await raw('/link.txt')).status).toBe(404);
});

test('a taken port moves on to the next free one, unless told not to', async () => {
  const second = await serve({ dir: join(outer, 'build'), port: server.port });
  expect(second.port).toBeGreaterThan(server.port);
  await second.close();
  await expect(serve({ dir: join(outer, 'build'), port: server.port, strict: true })).rejects.toThrow(
    'EADDRINUSE',
  );
});
