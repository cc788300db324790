// A server's core without sockets, and peers that are devices with the ordinary engine: what they write is brought to turns,
// what came into the log is given to them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import { createIntake } from '../../src/lib/engine/sync/intake.ts';
import { encodeStateVector, encodeUpdate } from '../../src/lib/engine/sync/item.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { openLamindb } from '../../server/lamindb-database.ts';
import type { Account } from '../../server/people/accounts.ts';
import type { Postgres } from '../../server/postgres.ts';
import type { TakeEdits } from '../../server/sync/pending-edits.ts';
import { createTurns, type Turns } from '../../server/sync/turns.ts';
import { openReplica, type Replica } from '../../server/sync/replica.ts';
import { postgresSnapshots, writeSnapshot } from '../../server/sync/snapshots.ts';
import type { Kept, News } from '../../server/sync/brought.ts';
import { seed } from './both.ts';
import type { StandIn } from './mirror-stand-in.ts';

export interface Node {
  replica: Replica;
  turns: Turns;
  news: News[];
  faults: unknown[];
  close(): Promise<void>;
}

export interface Meant extends Pick<StandIn, 'createMirror' | 'copyTables'> {
  /** Where others write into the database as well. */
  takeEdits?: TakeEdits;
}

/** LaminDB's tables with their first rows. */
export async function lamindb(postgres: Postgres): Promise<void> {
  await postgres.session((session) => session.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
  await openLamindb(postgres, model, seed);
}

export async function openNode(
  postgres: Postgres,
  instance: string,
  meant: Meant,
  folder = mkdtempSync(join(tmpdir(), 'loam-node-')),
): Promise<Node & { folder: string }> {
  const clock = () => Date.now();
  const replica = await openReplica({
    ...{ instance, name: 'team', file: join(folder, 'replica.sqlite'), model, postgres },
    ...{ random: (bytes: Uint8Array) => randomFillSync(bytes), now: clock, snapshots: postgresSnapshots },
    ...{ createMirror: meant.createMirror, copyTables: meant.copyTables },
  });
  const news: News[] = [];
  const faults: unknown[] = [];
  const turns = createTurns({
    ...{ postgres, replica, clock, takeEdits: meant.takeEdits ?? null },
    onNews: (some) => news.push(...some),
    onFault: (error) => faults.push(error),
  });
  return {
    ...{ replica, turns, news, faults, folder },
    async close() {
      await turns.stop();
      await replica.close();
    },
  };
}

export interface Device {
  engine: Engine;
  driver: SqlDriver;
  account: Account;
  rows(sql: string, params?: SqlValue[]): SqlValue[][];
  /** Brings what is not acknowledged. */
  push(node: Node): Promise<Kept[]>;
  /** Takes all that the node's log has. */
  pull(node: Node): Promise<void>;
  close(): void;
}

/** A device of the account that starts from the newest snapshot. */
export async function openDevice(postgres: Postgres, node: Node, account: Account): Promise<Device> {
  const folder = mkdtempSync(join(tmpdir(), 'loam-device-'));
  const file = join(folder, 'start.sqlite');
  const { instance } = node.replica;
  await postgres.session(async (session) => {
    const newest = await postgresSnapshots.newest(session, instance);
    if (!newest) throw new Error('there is no snapshot');
    await writeSnapshot(postgresSnapshots, session, newest, file);
  });
  const driver = await openMemory({ bytes: new Uint8Array(readFileSync(file)) });
  rmSync(folder, { recursive: true });
  const refuse = () => Promise.reject(new Error('no bytes here'));
  const engine = await createEngine({
    ...{ driver, model, blobs: createMemoryBlobs(), clock: () => Date.now() },
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    ...{ random: (bytes: Uint8Array) => randomFillSync(bytes), onFeed: () => {}, onDrop: () => {} },
  });
  engine.sync.turnOn();
  const { author } = engine.writer;
  const intake = createIntake({ driver, writer: engine.writer });
  const fromServer = { voids: true, begins: true };
  function take(): void {
    const row = driver.all('SELECT id FROM lamindb_user WHERE uid = ?', [account.uid])[0];
    if (row) Object.assign(author, { userId: Number(row[0]), userUid: account.uid });
  }
  const device: Device = {
    ...{ engine, driver, account },
    rows: (sql, params) => driver.all(sql, params ?? []),
    async push(node) {
      const done: Kept[] = [];
      for (const { doc } of engine.sync.logs())
        for (;;) {
          const update = engine.sync.outbox(doc);
          if (!update || update.records === 0) break;
          const clients = new Set(engine.sync.sessions().map(({ client }) => client));
          const kept = await node.turns.submit({
            ...{ who: { account, limits: null }, device: 'test', doc, bytes: update.bytes, source: device },
            owns: (client) => clients.has(client),
          });
          done.push(kept);
          engine.sync.acknowledge(doc, encodeStateVector(kept.vector));
          if (kept.explained.length > 0)
            intake.take(
              doc,
              encodeUpdate(
                [],
                kept.explained.map(({ client, clock }) => ({ client, clock, count: 1 })),
              ),
              fromServer,
            );
        }
      return done;
    },
    async pull(node) {
      const docs = await node.replica.read(({ engine: server }) => server.sync.logs().map(({ doc }) => doc));
      for (const doc of docs) {
        engine.sync.begin(doc);
        for (;;) {
          const vector = engine.sync.vector(doc);
          const update = await node.replica.read(({ engine: server }) =>
            server.sync.updateSince(doc, vector),
          );
          intake.take(doc, update.bytes, fromServer);
          if (update.complete) break;
        }
      }
      take();
    },
    close: () => driver.close(),
  };
  return device;
}
