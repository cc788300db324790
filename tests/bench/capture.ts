// What capturing edits costs those who make them (docs/decisions/0038): bulk inserts, updates and deletes of one statement
// with the triggers, without them, and as the mirror; and how long an edit takes to be read. A server of its own, with fsync.
import { readFileSync } from 'node:fs';
import { installCapture } from '../../server/capture.ts';
import { followEdits } from '../../server/edits-of-others.ts';
import { openLamindb } from '../../server/lamindb-database.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import type { Postgres, PostgresSession } from '../../server/postgres.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { startCluster } from '../server/cluster.ts';
import { takeAll } from '../server/taken.ts';

const rows = 20_000;
const rounds = Number(process.env.LOAM_ROUNDS ?? 7);
const seed = {
  now: '2026-01-02 03:04:05.000006',
  user: { uid: 'abcd1234', handle: 'tester', name: null },
  storage: { uid: 'abcdefghijkl', root: '/data', type: 'local', instanceUid: 'mnopqrstuvwx' },
};

const label = `INSERT INTO lamindb_ulabel(uid, name, is_type, created_by_id, _aux) SELECT 'm' || lpad(i::text, 7, '0'), 'label number ' || i, false, 1, NULL FROM generate_series(1, ${rows}) i`;
const artifact = `INSERT INTO lamindb_artifact(uid, key, suffix, kind, size, hash, _hash_type, is_latest, _key_is_virtual, _overwrite_versions, storage_id, created_by_id, _aux)
  SELECT lpad(i::text, 16, 'a') || '0000', 'proj/' || i || '.csv', '.csv', 'dataset', i, lpad(i::text, 22, 'h'), 'md5', true, true, false, 1, 1, NULL FROM generate_series(1, ${rows}) i`;
const link = `INSERT INTO lamindb_artifactulabel(artifact_id, ulabel_id, created_by_id) SELECT a.id, u.id, 1 FROM lamindb_artifact a CROSS JOIN (SELECT min(id) AS id FROM lamindb_ulabel) u`;
const empty =
  'TRUNCATE lamindb_artifactulabel; DELETE FROM lamindb_artifact; DELETE FROM lamindb_ulabel; TRUNCATE loam.inbox';

const tables = ['lamindb_ulabel', 'lamindb_artifact', 'lamindb_artifactulabel'];

interface Case {
  name: string;
  before: string[];
  sql: string;
}
const cases: Case[] = [
  { name: 'insert 20,000 labels', before: [], sql: label },
  { name: 'insert 20,000 artifacts', before: [], sql: artifact },
  { name: 'insert 20,000 links', before: [label, artifact], sql: link },
  {
    name: 'rename 20,000 labels',
    before: [label],
    sql: `UPDATE lamindb_ulabel SET name = 'renamed ' || id, updated_at = now()`,
  },
  { name: 'trash 20,000 artifacts', before: [artifact], sql: `UPDATE lamindb_artifact SET branch_id = -1` },
  { name: 'delete 20,000 labels', before: [label], sql: 'DELETE FROM lamindb_ulabel' },
];
const ways = ['without', 'captured', 'mirror'] as const;

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** Milliseconds of processor that the server spent on this session; those of the clock say more about who else is here. */
async function spent(session: PostgresSession): Promise<number> {
  const pid = (await session.query('SELECT pg_backend_pid()')).rows[0]?.[0];
  const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // Ticks of ten milliseconds, of the program and of the system for it.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function timed(session: PostgresSession, one: Case, way: (typeof ways)[number]): Promise<number> {
  await session.exec([`SET loam.mirror = 'on'`, empty, ...one.before].join(';'));
  for (const table of tables) await session.exec(`VACUUM ANALYZE ${table}`);
  const enable = way === 'without' ? 'DISABLE' : 'ENABLE';
  for (const table of tables)
    for (const op of ['insert', 'update', 'delete'])
      await session.exec(`ALTER TABLE ${table} ${enable} TRIGGER loam_${op}`);
  await session.exec(`SET loam.mirror = '${way === 'mirror' ? 'on' : 'off'}'; CHECKPOINT`);
  const start = await spent(session);
  await session.query('BEGIN');
  await session.query(one.sql);
  await session.query('COMMIT');
  return (await spent(session)) - start;
}

/** From the COMMIT of a single edit to its operations, milliseconds, sorted. */
async function delays(postgres: Postgres): Promise<number[]> {
  let heard = (): void => undefined;
  const follower = await followEdits({
    postgres,
    model,
    async take(_transaction, pieces) {
      for await (const operations of pieces) if (operations.length > 0) heard();
    },
    onError: (error) => {
      throw error;
    },
  });
  const out: number[] = [];
  for (let i = 0; i < 100; i++) {
    const taken = new Promise<void>((resolve) => (heard = resolve));
    await postgres.session((session) =>
      session.query(
        `INSERT INTO lamindb_ulabel(uid, name, is_type, created_by_id, _aux) VALUES ('d${1000 + i}', 'x', false, 1, NULL)`,
      ),
    );
    const committed = performance.now();
    await taken;
    out.push(Math.max(0, performance.now() - committed));
  }
  await follower.stop();
  return out.sort((a, b) => a - b);
}

/** Prints one line a case. */
export async function run(): Promise<void> {
  const cluster = await startCluster({ durable: true });
  const postgres = await openPostgres({ address: cluster.database('bench') });
  try {
    await openLamindb(postgres, model, seed);
    await postgres.session(async (session) => {
      await installCapture(session, model);
      for (const one of cases) {
        const times: Record<(typeof ways)[number], number[]> = { without: [], captured: [], mirror: [] };
        for (let round = 0; round < rounds; round++)
          // In turn, so that a busy machine slows all alike.
          for (const way of ways) times[way].push(await timed(session, one, way));
        const [without, captured, mirror] = ways.map((way) => median(times[way])) as [number, number, number];
        console.log(
          `${one.name.padEnd(26)} without ${without.toFixed(0)} ms, captured ${captured.toFixed(0)} ms (${(captured / without).toFixed(2)}x), as the mirror ${mirror.toFixed(0)} ms (${(mirror / without).toFixed(2)}x)`,
        );
      }
      await timed(session, cases[1] as Case, 'captured');
      const start = performance.now();
      const taken = await takeAll(session, model);
      console.log(
        `read ${taken[0]?.rows} inserted artifacts as operations: ${(performance.now() - start).toFixed(0)} ms`,
      );
      const [bytes] = (await session.query("SELECT pg_total_relation_size('loam.inbox')")).rows;
      console.log(`inbox of 20,000 artifacts: ${(Number(bytes?.[0]) / 1e6).toFixed(1)} MB`);
      await session.exec("SET loam.mirror = 'off'");
    });
    const waited = await delays(postgres);
    console.log(
      `an edit is read ${waited[50]?.toFixed(0)} ms after its COMMIT (median of 100; the slowest ${waited.at(-1)?.toFixed(0)} ms)`,
    );
  } finally {
    await postgres.close();
    cluster.stop();
  }
}
