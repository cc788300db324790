// The precache plug-in against a real, minimal build: a page's worker with a worker of its own and a wasm file.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'vite';
import { afterAll, expect, test } from 'vitest';
import { inWaves, precacheList, type PrecacheList } from '../../vite-plugins/precache-list.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

const sources: Record<string, string> = {
  'index.html': '<script type="module" src="./page.js"></script>',
  'page.js': `new Worker(new URL('./engine.worker.js', import.meta.url), { type: 'module' });`,
  'engine.worker.js': `new Worker(new URL('./inspect.worker.js', import.meta.url), { type: 'module' });`,
  'inspect.worker.js': `fetch(new URL('./reader.wasm', import.meta.url)); import('./lazy.js');`,
  'lazy.js': `export const lazy = 1; console.log(import.meta.url);`,
  // Larger than what Vite would write into the script itself.
  'reader.wasm': 'x'.repeat(10_000),
  'public/manifest.webmanifest': '{}',
};

test('lists workers, nested workers, their chunks and wasm files', async () => {
  const root = await mkdtemp(join(tmpdir(), 'loam-precache-'));
  folders.push(root);
  for (const [path, text] of Object.entries(sources)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const outDir = join(root, 'client');
  await build({
    root,
    configFile: false,
    logLevel: 'silent',
    worker: { format: 'es' },
    plugins: [precacheList()],
    build: { outDir },
  });
  const list = JSON.parse(await readFile(join(outDir, 'precache.json'), 'utf8')) as PrecacheList;
  const paths = list.install.map((file) => file.path);
  for (const name of [/engine\.worker.*js$/, /inspect\.worker.*js$/, /lazy.*js$/, /reader.*wasm$/]) {
    expect(paths.filter((path) => name.test(path))).toHaveLength(1);
  }
  expect(paths).toContain('manifest.webmanifest');
  expect(paths).not.toContain('precache.json');
  expect(list.later).toEqual([]);
});

test('over the limit, the largest dispensable files wait; the engine and SQLite never do', () => {
  const files = [
    { path: 'workers/engine.worker-1.js', bytes: 50 },
    { path: 'workers/assets/sqlite3-1.wasm', bytes: 90 },
    { path: 'workers/chunks/h5wasm-1.js', bytes: 80 },
    { path: 'entry/start.js', bytes: 10 },
  ];
  const list = inWaves(files, 160);
  expect(list.later.map((file) => file.path)).toEqual(['workers/chunks/h5wasm-1.js']);
  expect(list.install).toHaveLength(3);
  expect(inWaves(files, 1000).later).toEqual([]);
});
