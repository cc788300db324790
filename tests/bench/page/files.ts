// Statements over files as a page runs them: files that lie in OPFS as artifacts, a file that a person picked, an object on a server.
import { tableFromIPC } from 'apache-arrow';
import { pageOf } from '../../../src/lib/client/arrow-page.ts';
import { createQueries, type Queries, type QueryEngine } from '../../../src/lib/client/duckdb.ts';
import { connectEngine } from '../../../src/lib/client/engine.ts';
import { createInspector } from '../../../src/lib/workers/inspect-pool.ts';
import type { Measures } from '../workload.ts';

/** A database of its own with the files of the server as artifacts of this device, as if they had been dropped. */
async function droppedFiles(files: readonly [name: string, url: string][]) {
  const client = connectEngine({ name: `bench-files-${Date.now()}` });
  const fetched = await Promise.all(
    files.map(async ([name, url]) => new File([await (await fetch(url)).blob()], name)),
  );
  const { drop } = await client.engine.drop(
    fetched.map((file, i) => ({ id: String(i), key: file.name, file, files: null })),
    {},
  );
  for (;;) {
    const all = (await client.engine.drops()).filter((one) => one.drop === drop);
    const failed = all.find(({ state }) => state === 'failed');
    if (failed) throw new Error(failed.message ?? 'a file was not saved');
    if (all.length > 0 && all.every(({ state }) => state === 'saved') && (await packsLeft()) === 0)
      return client;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Many small files stop over in packs, which are laid out in idle time. */
async function packsLeft(): Promise<number> {
  const root = await navigator.storage.getDirectory();
  const packs = await root.getDirectoryHandle('packs').catch(() => null);
  if (!packs) return 0;
  let left = 0;
  for await (const _ of packs.keys()) left++;
  return left;
}

/** No database: the page holds the file itself. */
const noDatabase: QueryEngine = {
  openSources: async (asked) => asked.map(() => ({ others: 0, artifacts: [] })),
  annotationTable: async () => ({ columns: [], lines: '' }),
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
  const client = await droppedFiles(files);
  const queries = createQueries({ engine: client.engine });
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
    client.close();
  }
  return out;
}

/** Milliseconds of the first look into each picked file, by its name. */
export async function filesLooked(): Promise<Measures> {
  const out: Measures = {};
  for (const file of document.querySelector('input')?.files ?? []) {
    const inspector = createInspector({ size: 1 });
    const start = performance.now();
    const { problem } = await inspector.inspect(file, file.name);
    out[file.name] = performance.now() - start;
    inspector.close();
    if (problem) throw new Error(`${file.name}: ${problem}`);
  }
  return out;
}

let picked: Queries | null = null;

/** The first row of a file that was picked with the page's file input. */
export async function filesPicked(): Promise<Measures> {
  const file = document.querySelector('input')?.files?.[0];
  if (!file) throw new Error('no file was picked');
  const queries = (picked = createQueries({ engine: noDatabase }));
  await queries.status();
  queries.hold('picked.parquet', file);
  const first = await medianOf(1, () => queries.run("SELECT * FROM 'picked.parquet' LIMIT 1"));
  return { pickedFirst: first, pickedBytes: file.size };
}

/** One column of it, from end to end. */
export async function filesPickedScan(): Promise<Measures> {
  const queries = picked;
  if (!queries) throw new Error('filesPicked goes first');
  const scan = await medianOf(1, () => drained(queries, "SELECT count(*), sum(score) FROM 'picked.parquet'"));
  return { pickedScan: scan };
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
    // The server goes away, as a network does.
    await fetch(new URL('/offline', location.href), { method: 'POST' });
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
