// `sync-server` of the benchmark: the real server as a process of its own on a PostgreSQL that reaches the disk at every
// commit, devices in memory, loopback. LOAM_POSTGRES names the folder with PostgreSQL's programs, or LOAM_BENCH_DATABASE an
// empty database; LOAM_BENCH_SHORT makes all of it a tenth.
import { model } from '../../src/lib/engine/model/model.ts';
import { createEngine } from '../../src/lib/engine/index.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { arrivals, markDone } from '../../src/lib/engine/sync/arrivals.ts';
import { createProjector } from '../../src/lib/engine/sync/project.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import type { Postgres } from '../../server/postgres.ts';
import { startCluster, type Cluster } from '../server/cluster.ts';
import { firstSync, idlePeer, openDevice, startSite, type Device, type Site } from './sync-peers.ts';
import { pythonInserts } from './sync-python.ts';
import type { Measures } from './workload.ts';

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const short = Boolean(process.env.LOAM_BENCH_SHORT);
const sizes = short
  ? { edits: 40, transactions: 1_000, bulk: 10_000, idle: 20, active: 5, python: 2_000, rounds: 1 }
  : { edits: 400, transactions: 10_000, bulk: 100_000, idle: 200, active: 50, python: 20_000, rounds: 3 };

const percentile = (values: readonly number[], of: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * of))] ?? NaN;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (words: string) => console.error(`sync-server: ${words}`);

const countOf = ({ driver }: Pick<Device, 'driver'>, like: string): number =>
  Number(driver.all('SELECT count(*) FROM lamindb_ulabel WHERE name LIKE ?', [like])[0]?.[0]);

/** One row in one transaction of a table of its own: what a durable commit costs here. */
async function bareCommits(postgres: Postgres, n: number): Promise<number[]> {
  return await postgres.session(async (session) => {
    await session.exec('CREATE TABLE IF NOT EXISTS public.bench_bare (id bigserial PRIMARY KEY, t text)');
    const times: number[] = [];
    for (let i = 0; i < n; i++) {
      const start = performance.now();
      await session.query('INSERT INTO public.bench_bare (t) VALUES ($1)', [`row ${i}`]);
      times.push(performance.now() - start);
    }
    await session.exec('DROP TABLE public.bench_bare');
    return times;
  });
}

/** From an edit to the other device's table, through the server's commit; beside bare commits in turn. */
async function editsAcross(one: Device, other: Device, postgres: Postgres, out: Measures): Promise<void> {
  one.engine.createULabel('edited');
  await other.until(() => countOf(other, 'edited') === 1);
  const across: number[] = [];
  const bare: number[] = [];
  const rounds = 10;
  for (let round = 0; round < rounds; round++) {
    bare.push(...(await bareCommits(postgres, sizes.edits / rounds)));
    for (let i = 0; i < sizes.edits / rounds; i++) {
      const text = `edit ${round} ${i}`;
      const start = performance.now();
      one.engine.update('ULabel', 'edited', { description: text });
      await other.until(
        () =>
          other.driver.all("SELECT description FROM lamindb_ulabel WHERE name = 'edited'")[0]?.[0] === text,
        60,
      );
      across.push(performance.now() - start);
    }
  }
  for (const [name, values] of [
    ['across', across],
    ['bare', bare],
  ] as const) {
    out[`${name}P50`] = percentile(values, 0.5);
    out[`${name}P95`] = percentile(values, 0.95);
  }
  out['acrossBeyond'] = (out['acrossP50'] ?? NaN) - (out['bareP50'] ?? NaN);
}

/** Transactions of one row: until the server has acknowledged all and the other device has them. */
async function manySmall(one: Device, other: Device, site: Site, out: Measures): Promise<void> {
  const n = sizes.transactions;
  const before = site.spent();
  const start = performance.now();
  for (let i = 0; i < n; i++) {
    one.engine.writer.act({ kind: 'create', title: `small ${i}` }, (tx) =>
      insert(tx, 'lamindb_ulabel', 1, { uid: [randomUid(8, random)], name: [`small ${i}`] }),
    );
    // A device is never so busy that its socket is not read.
    if (i % 50 === 49) await pause(0);
  }
  out['writtenMs'] = performance.now() - start;
  await Promise.all([one.sent(), other.until(() => countOf(other, 'small %') === n)]);
  out['smallPerSecond'] = n / ((performance.now() - start) / 1000);
  out['smallServerUs'] = ((site.spent() - before) / n) * 1000;
}

/** An import in one act: until Postgres and the other device have it. */
async function bulk(one: Device, other: Device, postgres: Postgres, out: Measures): Promise<void> {
  const [n, slice] = [sizes.bulk, 2_000];
  const start = performance.now();
  let done = 0;
  await one.engine.writer.longAct({ kind: 'import', title: 'bulk' }, () => {
    if (done >= n) return null;
    const from = done;
    done += slice;
    const uid = Array.from({ length: slice }, () => randomUid(8, random));
    const name = uid.map((_, i) => `bulk ${from + i}`);
    return function* (tx) {
      yield* insert(tx, 'lamindb_ulabel', slice, { uid, name });
    };
  });
  one.connection.wake();
  await one.sent();
  out['bulkAckedS'] = (performance.now() - start) / 1000;
  await other.until(() => countOf(other, 'bulk %') === n);
  out['bulkS'] = (performance.now() - start) / 1000;
  const there = await postgres.session((session) =>
    session.query("SELECT count(*) FROM public.lamindb_ulabel WHERE name LIKE 'bulk %'"),
  );
  // Zero is what is to come out.
  out['bulkMissing'] = n - Number(there.rows[0]?.[0]);
}

/** The server's memory with many peers that are silent and some that write. */
async function crowd(site: Site, bytes: Uint8Array, out: Measures): Promise<void> {
  const ends: (() => void)[] = [];
  for (let i = 0; i < sizes.idle; i++) ends.push(await idlePeer(site));
  const devices: Device[] = [];
  try {
    for (let i = 0; i < sizes.active; i++) devices.push(await openDevice(site, bytes));
    let most = site.memory();
    for (let second = 0; second < (short ? 5 : 20); second++) {
      for (const [i, device] of devices.entries())
        if (i % 2 === second % 2) device.engine.createULabel(`crowd ${second} ${i}`);
      await pause(1000);
      most = Math.max(most, site.memory());
    }
    for (const device of devices) await device.sent();
    out['crowdMB'] = Math.max(most, site.memory()) / 1e6;
  } finally {
    for (const end of ends) end();
    for (const device of devices) device.close();
  }
}

/** CPU of what a device does with records of others, by a device that begins with the first state and takes the whole log. */
async function projection(bytes: Uint8Array, from: Device, out: Measures): Promise<void> {
  const refuse = () => Promise.reject(new Error('no bytes here'));
  const driver = await openMemory({ bytes });
  const engine = await createEngine({
    ...{ driver, model, blobs: createMemoryBlobs(), clock: () => Date.now(), random },
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    ...{ onFeed: () => {}, onDrop: () => {} },
  });
  engine.sync.turnOn();
  for (const { doc } of from.engine.sync.logs()) {
    engine.sync.begin(doc);
    for (let complete = false; !complete;) {
      const update = from.engine.sync.updateSince(doc, engine.sync.vector(doc));
      engine.sync.receive(doc, update.bytes, { voids: true, begins: true });
      ({ complete } = update);
    }
  }
  const { journal, author } = engine.writer;
  const projector = createProjector(journal, author, (placed, record) => markDone(journal, placed, record));
  const spent = { small: 0, bulk: 0 };
  const operations = { small: 0, bulk: 0 };
  for (let given = 0; ;) {
    const found = runSync(driver, arrivals(given, 200));
    if (found.length === 0) break;
    given = found.at(-1)?.seq ?? given;
    // Records of one kind together: an import's slices have thousands of rows each.
    const rows = found.reduce(
      (sum, { placed }) => sum + placed.record.operations.reduce((n, operation) => n + operation.n, 0),
      0,
    );
    const kind = rows > found.length * 10 ? 'bulk' : 'small';
    const { user, system } = process.cpuUsage();
    runSync(driver, projector.project(found.map(({ placed }) => placed)));
    const after = process.cpuUsage();
    spent[kind] += after.user + after.system - user - system;
    operations[kind] += rows;
  }
  out['projectSmallUs'] = spent.small / operations.small;
  out['projectBulkUs'] = spent.bulk / operations.bulk;
  driver.close();
}

/** All of it; null where there is no PostgreSQL. */
export async function syncServerRound(root: string): Promise<Measures | null> {
  const given = process.env.LOAM_BENCH_DATABASE;
  if (!given && !process.env.LOAM_POSTGRES) return null;
  const cluster: Cluster | null = given ? null : await startCluster({ durable: true });
  const address = given ?? (cluster as Cluster).database('bench');
  const out: Measures = { ...sizes };
  let site: Site | null = null;
  try {
    site = await startSite(root, address);
    const postgres = await openPostgres({ address });
    try {
      const bytes = await firstSync(site);
      const [one, other] = [await openDevice(site, bytes), await openDevice(site, bytes)];
      say('edits across');
      await editsAcross(one, other, postgres, out);
      say('many transactions');
      await manySmall(one, other, site, out);
      say('bulk');
      await bulk(one, other, postgres, out);
      say('projection');
      await projection(bytes, one, out);
      one.close();
      other.close();
      say('a crowd');
      await crowd(site, await firstSync(site), out);
      await site.stop();
      site = null;
      say('Python');
      Object.assign(out, await pythonInserts(postgres, address, sizes.python, sizes.rounds));
    } finally {
      await postgres.close();
    }
    return out;
  } finally {
    await site?.stop();
    cluster?.stop();
  }
}
