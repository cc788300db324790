// Statements over files: the page's engine beside native DuckDB of the same version (Python, one thread) and of today
// (@duckdb/node-api, one thread). local: files in OPFS; picked: a large file of the disk; remote: an object behind a network
// of 30 ms, beside DuckDB-WASM's own reader of http. LOAM_BENCH_ROWS and LOAM_BENCH_GB make it small for a trial.
import { DuckDBInstance } from '@duckdb/node-api';
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openBrowser, renderers, resident } from './bench-app.mjs';
import { previewMeasures } from './bench-previews.mjs';

/** @typedef {import('./bench-report.mjs').Measures} Measures */
/** @typedef {{ url: string, counts: { requests: number, bytes: number }, close: () => Promise<void> }} Server */

export const filesParts = /** @type {const} */ (['local', 'picked', 'remote', 'previews']);

const rows = Number(process.env['LOAM_BENCH_ROWS'] ?? 10_000_000);
const largeGb = Number(process.env['LOAM_BENCH_GB'] ?? 5);
const members = Math.min(1000, Math.max(20, Math.round(rows / 10_000)));
const latencyMs = 30;

/** @param {number} count @param {number} [from] */
const cells = (count, from = 0) =>
  `SELECT i::INTEGER AS id, ['B cell','T cell','NK cell','monocyte','DC'][1 + (i * 7) % 5] AS cell_type, ` +
  `'donor ' || lpad((i * 13 % 97)::VARCHAR, 3, '0') AS donor, (hash(i) % 100000) / 8.0 AS score, ` +
  `(hash(i + 1) % 5000)::INTEGER AS depth, hash(i * 3)::UBIGINT AS reads FROM range(${from}, ${from + count}) t(i)`;

/** What is asked of the large table, the many, and the screen. @param {string} big @param {string} donors @param {string} many */
const statements = (big, donors, many) => ({
  groupBy: `SELECT cell_type, donor, count(*), avg(score) FROM ${big} GROUP BY ALL`,
  filter: `SELECT count(*), sum(reads) FROM ${big} WHERE score > 12000 AND depth < 50`,
  join: `SELECT d.site, count(*), avg(c.score) FROM ${big} c JOIN ${donors} d ON c.donor = d.donor GROUP BY d.site`,
  quantile: `SELECT cell_type, quantile_cont(score, 0.95) FROM ${big} GROUP BY cell_type`,
  topK: `SELECT id, score FROM ${big} ORDER BY score DESC, id LIMIT 100`,
  union: `SELECT count(*), sum(depth) FROM ${many}`,
  screen: `SELECT id, id + 1 AS a, score, score * 2 AS b, depth, depth + 1 AS c, cell_type, donor, reads % 1000 AS d, id % 7 AS e FROM ${big} LIMIT 100000`,
});

/** @param {{ page: string, parts: readonly string[] }} options @returns {Promise<Measures>} */
export async function filesMeasures({ page, parts }) {
  const folder = mkdtempSync(join(tmpdir(), 'loam-bench-files-'));
  const instance = await DuckDBInstance.create(':memory:');
  const native = await instance.connect();
  /** @type {Measures} */
  const out = { rows, members };
  /** @param {string} name @param {string} sql @param {string} [options] */
  const write = (name, sql, options = '') =>
    native.run(`COPY (${sql}) TO '${folder}/${name}' (FORMAT parquet, COMPRESSION snappy${options})`);
  const server = await serveFiles({ page, folder });
  const profile = join(folder, 'profile');
  const context = await openBrowser(profile);
  /** @param {string} call @param {unknown[]} args @returns {Promise<Measures>} */
  async function onPage(call, args) {
    const tab = await context.newPage();
    await tab.goto(server.url);
    await tab.waitForFunction(() => 'round' in window);
    const measures = await tab.evaluate(
      ([name, given]) => /** @type {any} */ (window)[name](...given),
      /** @type {[string, any[]]} */ ([call, args]),
    );
    await tab.close();
    return measures;
  }
  try {
    if (parts.includes('local')) {
      await write('big.parquet', cells(rows));
      await write(
        'donors.parquet',
        `SELECT 'donor ' || lpad(i::VARCHAR, 3, '0') AS donor, 'site ' || i % 9 AS site FROM range(97) t(i)`,
      );
      const many = Array.from({ length: members }, (_, i) => `part${i}.parquet`);
      mkdirSync(join(folder, 'many'));
      for (const [i, name] of many.entries()) await write(`many/${name}`, cells(1000, i * 1000));
      const names = ['big.parquet', 'donors.parquet', ...many];
      const ours = await onPage('filesLocal', [
        names.map((name) => [name, `${server.url}/data/${name.startsWith('part') ? 'many/' : ''}${name}`]),
        statements(
          "artifact('big.parquet')",
          "artifact('donors.parquet')",
          `artifact([${many.map((name) => `'${name}'`).join(', ')}])`,
        ),
      ]);
      const own = statements(
        `read_parquet('${folder}/big.parquet')`,
        `read_parquet('${folder}/donors.parquet')`,
        `read_parquet('${folder}/many/*.parquet', union_by_name = true)`,
      );
      const sides = { now: await nativeTimes(own), same: pythonTimes(own, folder) };
      for (const [name, ms] of Object.entries(ours)) {
        out[name] = ms;
        for (const [side, times] of Object.entries(sides))
          out[`${name}-${side}`] = ms / (times?.[name] ?? NaN);
      }
    }
    if (parts.includes('picked')) {
      const each = await bytesOf(write, folder);
      const count = Math.round((largeGb * 1e9) / each);
      await write('picked.parquet', cells(count));
      Object.assign(out, await picked(context, server, join(folder, 'picked.parquet')));
    }
    if (parts.includes('previews'))
      Object.assign(out, await previewMeasures((paths) => looked(context, server, paths), folder));
    if (parts.includes('remote')) {
      const each = await bytesOf(write, folder);
      await write('object.parquet', cells(Math.round((Math.min(0.62, largeGb) * 1e9) / each)));
      const needed = await native.runAndReadAll(
        `SELECT sum(total_compressed_size)::DOUBLE FROM parquet_metadata('${folder}/object.parquet') WHERE path_in_schema = 'score'`,
      );
      const asked = {
        root: `${server.url}/remote`,
        key: 'object.parquet',
        selective: "SELECT id, score FROM artifact('object.parquet') WHERE id BETWEEN 5000 AND 5100",
        scan: "SELECT sum(score) FROM artifact('object.parquet')",
      };
      const ours = await onPage('filesRemote', [asked]);
      Object.assign(out, ours, { scanNeeded: (ours['scanBytes'] ?? NaN) / Number(needed.getRows()[0]?.[0]) });
      const plain = await onPage('filesPlainHttp', [
        `${server.url}/remote/object.parquet?plain`,
        asked.scan.replace("artifact('object.parquet')", "read_parquet('object.parquet')"),
      ]);
      out['scanFaster'] = (plain['scan'] ?? NaN) / (ours['scan'] ?? NaN);
    }
    return out;
  } finally {
    await context.close();
    await server.close();
    native.closeSync();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Bytes of a row, by a million of them. @param {(name: string, sql: string) => Promise<unknown>} write @param {string} folder */
async function bytesOf(write, folder) {
  await write('sample.parquet', cells(1_000_000));
  return statSync(join(folder, 'sample.parquet')).size / 1_000_000;
}

/** Median of three in native DuckDB of today, one thread. @param {Record<string, string>} own @returns {Promise<Measures>} */
async function nativeTimes(own) {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  /** @type {Measures} */
  const out = {};
  for (const [name, sql] of Object.entries(own)) {
    const times = [];
    for (let i = 0; i < 3; i++) {
      const start = performance.now();
      await connection.runAndReadAll(sql);
      times.push(performance.now() - start);
    }
    out[name] = times.sort((a, b) => a - b)[1] ?? NaN;
  }
  connection.closeSync();
  return out;
}

/** The same in the version that runs in the page; null without a Python that has it. @param {Record<string, string>} own @param {string} folder @returns {Measures | null} */
function pythonTimes(own, folder) {
  const python = process.env['LOAM_DUCKDB_PYTHON'] ?? process.env['LOAM_PYTHON'];
  if (!python) return null;
  const asked = join(folder, 'statements.json');
  writeFileSync(asked, JSON.stringify(own));
  const program = fileURLToPath(new URL('../tests/bench/files-native.py', import.meta.url));
  try {
    const { version, ...times } = JSON.parse(execFileSync(python, [program, asked], { encoding: 'utf8' }));
    if (version === '0.9.2') return times;
    console.error(`This Python has DuckDB ${version}; the page's is 0.9.2, so its column stays empty.`);
  } catch {
    console.error(
      'No Python with duckdb==0.9.2 here (LOAM_DUCKDB_PYTHON names one): its column stays empty.',
    );
  }
  return null;
}

/** The first look into picked files. @param {import('./bench-app.mjs').Context} context @param {Server} server @param {string[]} paths @returns {Promise<Measures>} */
async function looked(context, server, paths) {
  const tab = await context.newPage();
  await tab.goto(server.url);
  await tab.waitForFunction(() => 'round' in window);
  await tab.setInputFiles('input', paths);
  const measures = await tab.evaluate(() => /** @type {any} */ (window).filesLooked());
  await tab.close();
  return measures;
}

/** First row of a file that is picked, and how much the pages grow by a scan. @param {import('./bench-app.mjs').Context} context @param {Server} server @param {string} path */
async function picked(context, server, path) {
  const tab = await context.newPage();
  await tab.goto(server.url);
  await tab.waitForFunction(() => 'round' in window);
  await tab.setInputFiles('input', path);
  const before = resident(await renderers(context));
  let most = before;
  let done = false;
  const watching = (async () => {
    while (!done) {
      most = Math.max(most, resident(await renderers(context)));
      await pause(100);
    }
  })();
  const first = await tab.evaluate(() => /** @type {any} */ (window).filesPicked());
  await pause(500);
  const pickedMemory = most - before;
  const scan = await tab.evaluate(() => /** @type {any} */ (window).filesPickedScan());
  done = true;
  await watching;
  await tab.close();
  return { ...first, ...scan, pickedMemory, pickedScanMemory: most - before };
}

const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/**
 * One origin for the page and its files: `/data/…` as they lie, `/remote/…` each request 30 ms late, in ranges, until
 * `/offline` was asked for (but for `?plain`).
 * @param {{ page: string, folder: string }} folders @returns {Promise<Server>}
 */
async function serveFiles({ page, folder }) {
  const counts = { requests: 0, bytes: 0 };
  let offline = false;
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/');
    const remote = path.startsWith('/remote/');
    if (path === '/offline') {
      offline = true;
      return void response.end();
    }
    if (remote && offline && !request.url?.endsWith('?plain')) return void request.socket.destroy();
    const file = /^\/(?:data|remote)\//.test(path)
      ? join(folder, path.replace(/^\/\w+\//, ''))
      : join(page, path === '/' ? 'index.html' : path);
    if (remote) await pause(latencyMs);
    const size = path.includes('..') ? undefined : statSync(file, { throwIfNoEntry: false })?.size;
    if (size === undefined) return void response.writeHead(404).end();
    const type = types[/** @type {keyof types} */ (extname(file))] ?? 'application/octet-stream';
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const [start, end] = range
      ? [Number(range[1]), range[2] ? Math.min(Number(range[2]), size - 1) : size - 1]
      : [0, size - 1];
    if (remote) {
      counts.requests++;
      counts.bytes += request.method === 'HEAD' ? 0 : end - start + 1;
    }
    response.writeHead(range ? 206 : 200, {
      'Content-Type': type,
      'Content-Length': size === 0 ? 0 : end - start + 1,
      'Accept-Ranges': 'bytes',
      ETag: `"${size}"`,
      ...(range ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
    });
    if (request.method === 'HEAD' || size === 0) return void response.end();
    createReadStream(file, { start, end }).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    counts,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
