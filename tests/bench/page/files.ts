// Statements over files as a page runs them: files that lie in OPFS, a file that a person picked, an object on a server.
import { tableFromIPC } from 'apache-arrow';
import { pageOf } from '../../../src/lib/client/arrow-page.ts';
import { createQueries, type Queries, type QueryEngine } from '../../../src/lib/client/duckdb.ts';
import { connectEngine } from '../../../src/lib/client/engine.ts';
import type { Measures } from '../workload.ts';

const folder = async () =>
  (await navigator.storage.getDirectory()).getDirectoryHandle('bench-files', { create: true });

/** Brings a file of the server into the browser's private file system. */
async function bring(url: string, name: string): Promise<void> {
  const handle = await (await folder()).getFileHandle(name, { create: true });
  const { body } = await fetch(url);
  if (!body) throw new Error(`${url} has no bytes`);
  await body.pipeTo(await handle.createWritable());
}

/** An engine of nothing but the files in OPFS, whose keys are their names. */
const shelf: QueryEngine = {
  openSources: async (asked) =>
    Promise.all(
      asked.map(async (source) => ({
        others: 0,
        artifacts: await Promise.all(
          (source.of === 'artifact' ? source.names : []).map(async (name) => ({
            uid: `B${name.replace(/\W/g, '')}`.padEnd(20, '0').slice(0, 20),
            key: name,
            suffix: '.parquet',
            folder: false,
            files: [{ path: '', file: await (await (await folder()).getFileHandle(name)).getFile() }],
          })),
        ),
      })),
    ),
  annotationTable: async (uids) => ({
    columns: [{ name: 'artifact_uid', type: 'VARCHAR' }],
    lines: uids.map((uid) => JSON.stringify({ artifact_uid: uid })).join('\n'),
  }),
  registryTable: async (name) => {
    throw new Error(`no table ${name}`);
  },
};

/** All pages of a statement. */
async function drained(queries: Queries, sql: string): Promise<number> {
  const result = await queries.run(sql, { rows: 100_000 });
  let rows = result.first.rows;
  for (let page = result.first; page.more; rows += page.rows) page = await result.next();
  return rows;
}

async function medianOf(times: number, work: () => Promise<unknown>): Promise<number> {
  const spent: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await work();
    spent.push(performance.now() - start);
  }
  return spent.sort((a, b) => a - b)[Math.floor(times / 2)] ?? NaN;
}

/** `files`: name and address of each; `statements` by name, the one called `screen` up to the grid's columns. */
export async function filesLocal(
  files: [name: string, url: string][],
  statements: Record<string, string>,
): Promise<Measures> {
  for (const [name, url] of files) await bring(url, name);
  const queries = createQueries({ engine: shelf });
  const out: Measures = {};
  try {
    await queries.status();
    for (const [name, sql] of Object.entries(statements))
      out[name] = await medianOf(3, async () => {
        if (name !== 'screen') return drained(queries, sql);
        const { first } = await queries.run(sql, { rows: 100_000 });
        return pageOf(first, [], 0);
      });
  } finally {
    queries.restart();
    await (await navigator.storage.getDirectory()).removeEntry('bench-files', { recursive: true });
  }
  return out;
}

/** The first row of a file that was picked with the page's file input. */
export async function filesPicked(): Promise<Measures> {
  const file = document.querySelector('input')?.files?.[0];
  if (!file) throw new Error('no file was picked');
  const queries = createQueries({ engine: shelf });
  await queries.status();
  queries.hold('picked.parquet', file);
  const first = await medianOf(1, () => queries.run("SELECT * FROM 'picked.parquet' LIMIT 1"));
  // A scan of one column: what the page holds then is measured from outside.
  const scan = await medianOf(1, () => drained(queries, "SELECT count(*), sum(score) FROM 'picked.parquet'"));
  return { pickedFirst: first, pickedScan: scan, pickedBytes: file.size };
}

export interface RemoteAsked {
  /** Root of the storage and key of the object below it. */
  root: string;
  key: string;
  selective: string;
  scan: string;
}

/** An artifact on a server, through all the workers of the app: what was fetched is told by the meter of the answers. */
export async function filesRemote({ root, key, selective, scan }: RemoteAsked): Promise<Measures> {
  const client = connectEngine({ name: `bench-remote-${Date.now()}` });
  const { engine } = client;
  const queries = createQueries({ engine });
  try {
    const { uid } = await engine.create('Storage', { root });
    await engine.registerInPlace(uid, [await engine.lookAtFile(uid, key)]);
    await queries.status();
    const asked = async (sql: string) => {
      const start = performance.now();
      const { first } = await queries.run(sql);
      const rows = tableFromIPC(first.ipc).numRows;
      if (rows === 0) throw new Error(`${sql} has no rows`);
      const { far, totalBytes } = first.meter;
      return {
        ms: performance.now() - start,
        bytes: far?.bytes ?? NaN,
        requests: far?.requests ?? NaN,
        totalBytes,
      };
    };
    const few = await asked(selective);
    const all = await asked(scan);
    const again = await asked(scan);
    return {
      selective: few.ms,
      selectiveShare: (few.bytes / few.totalBytes) * 100,
      scan: all.ms,
      scanBytes: all.bytes,
      repeat: again.ms,
      repeatRequests: again.requests,
      objectBytes: all.totalBytes,
    };
  } finally {
    queries.restart();
    await engine.clearRemote();
    client.close();
  }
}
