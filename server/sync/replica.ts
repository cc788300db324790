// The server's replica of an instance: the ordinary engine on a file of its own, synced, with main checked out (decision
// 0040). Whoever reads it takes turns with whoever writes it, so that nobody sees half of a turn.
import { modelFingerprint } from '../../src/lib/engine/branch/fingerprint.ts';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { Inspector, SqlDriver } from '../../src/lib/engine/ports.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { markDone } from '../../src/lib/engine/sync/arrivals.ts';
import { createProjector, type Projector } from '../../src/lib/engine/sync/project.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import type { WriteTerms } from '../people/rights.ts';
import type { PostgresSession } from '../postgres.ts';
import { createMutex } from './mutex.ts';
import type { OuterDriver } from './outer-driver.ts';
import { notePlace, openReplicaFile, throwAway, type ReplicaPlace } from './replica-file.ts';

/** What the mirror is to the replica (server/mirror/mirror.ts). */
export interface MirrorOf {
  flush(session: PostgresSession, account: string | null, terms?: WriteTerms): Promise<{ rows: number }>;
  skip(session: PostgresSession): Promise<void>;
}
export type CreateMirror = (deps: { driver: SqlDriver; model: Model }) => MirrorOf;

/** The engine as it is now; after something was taken back there is another one. */
export interface ReplicaNow {
  readonly engine: Engine;
  readonly driver: OuterDriver;
  readonly projector: Projector;
  readonly mirror: MirrorOf;
}

export interface Replica {
  readonly instance: string;
  readonly model: Model;
  /** To be used by whoever holds the replica alone. */
  readonly now: ReplicaNow;
  /** The log up to here is in it. */
  readonly seq: number;
  /** Runs work that may write and wait, alone. Never within a session of Postgres, never within itself. */
  alone<T>(work: (now: ReplicaNow) => Promise<T>): Promise<T>;
  /** Runs work that reads, at one go, between two turns. The same holds for where it may be called. */
  read<T>(work: (at: { engine: Engine; driver: SqlDriver }) => T): Promise<T>;
  /** Of whoever holds it: begins a turn. */
  begin(): void;
  /** Keeps the turn, after which the log is there up to `seq`; `place` names the row that stands there, '' where none came. */
  commit(seq: number, place: string): void;
  /** Takes the turn back; nothing of it is left in memory either. */
  rollback(): Promise<void>;
  /** Of whoever holds it: throws the file away and makes it from the newest snapshot. */
  renew(): Promise<void>;
  /** Of whoever holds it: a copy of the file whose sessions are nobody's, for snapshots. */
  copyTo(file: string): void;
  readonly waiting: number;
  close(): Promise<void>;
}

const noBytes = (): never => {
  throw new LoamError('NotSupportedError', 'The server’s replica holds no bytes.');
};
const noInspector: Inspector = { hash: noBytes, inspect: noBytes, readSmall: noBytes, checksum: noBytes };

export interface ReplicaDeps extends ReplicaPlace {
  createMirror: CreateMirror;
}

/** Opens the replica, made anew where it has to be. It may be behind: the first turn takes what it lacks from the log. */
export async function openReplica(deps: ReplicaDeps): Promise<Replica> {
  const { model, instance, file } = deps;
  const mutex = createMutex();
  let { driver, seq } = await openReplicaFile(deps);
  let engine: Engine;
  let projector: Projector;
  let mirror: MirrorOf;

  async function openEngine(): Promise<void> {
    engine = await createEngine({
      ...{ driver, model, blobs: createMemoryBlobs(), inspector: noInspector },
      ...{ clock: deps.now, random: deps.random, onFeed: () => {}, onDrop: () => {} },
    });
    if (!engine.sync.on) engine.sync.turnOn();
    const { journal, author } = engine.writer;
    projector = createProjector(journal, author, (placed, record) => markDone(journal, placed, record));
    mirror = deps.createMirror({ driver, model });
  }
  await openEngine();

  const replica: Replica = {
    instance,
    model,
    get now() {
      return { engine, driver, projector, mirror };
    },
    get seq() {
      return seq;
    },
    alone: (work) => mutex.hold(() => work(replica.now)),
    read: (work) => mutex.hold(() => work({ engine, driver })),
    begin: () => driver.begin(),
    commit(upto, place) {
      if (place !== '') notePlace(driver, place);
      driver.commit();
      seq = upto;
    },
    async rollback() {
      driver.rollback();
      await openEngine();
    },
    async renew() {
      driver.close();
      throwAway(file);
      ({ driver, seq } = await openReplicaFile(deps));
      await openEngine();
    },
    copyTo(to) {
      throwAway(to);
      driver.run(`VACUUM INTO '${to.replaceAll("'", "''")}'`);
      const copy = openNode(to);
      try {
        copy.run('UPDATE loam_sync_client SET own = 0, acked = 0');
      } finally {
        copy.close();
      }
    },
    get waiting() {
      return mutex.length;
    },
    close: () => mutex.hold(() => driver.close()),
  };
  // What earlier processes wrote is known from here on.
  await mutex.hold(() => runSync(driver, projector.project([])));
  return replica;
}

/** For manifests: which tables and columns a copy has. */
export const modelOf = (replica: Replica): string => modelFingerprint(replica.model);
