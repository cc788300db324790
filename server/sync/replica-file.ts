// The file of a replica: found as it was left, or made anew from the newest snapshot; where there is none, from LaminDB's
// tables, which is then epoch 0 for everybody (decision 0040). It is a cache: whatever is wrong with it, it is made again.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { modelFingerprint } from '../../src/lib/engine/branch/fingerprint.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { Random, SqlDriver } from '../../src/lib/engine/ports.ts';
import { emptyInstance, hasInstance } from '../../src/lib/engine/schema/open.ts';
import { fingerprint, markUpToDate } from '../../src/lib/engine/schema/upgrade.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { timeOf } from '../people/ground.ts';
import { inPostgresTransaction, type Postgres, type PostgresSession } from '../postgres.ts';
import { lockInstance, logHead, readLog } from './log-store.ts';
import { createOuterDriver, type OuterDriver } from './outer-driver.ts';
import { writeSnapshot, type SnapshotStore } from './snapshots.ts';

export interface ReplicaPlace {
  instance: string;
  /** Shown to people. */
  name: string;
  file: string;
  model: Model;
  random: Random;
  now: () => number;
  postgres: Postgres;
  snapshots: SnapshotStore;
  /** Copies LaminDB's tables into a file whose tables are all empty, with their ids. */
  copyTables(session: PostgresSession, driver: SqlDriver): Promise<void>;
}

/** Names in `loam_setting` of a replica. */
const settings = { origin: 'replica of', place: 'log place' } as const;

/** What the replica says of its place in the log. */
export interface LogPlace {
  seq: number;
  /** The row that stands there, so that a log that was set back and went on otherwise is told. */
  row: string;
}

export const placeText = ({
  seq,
  kind,
  client,
  clock,
}: {
  seq: number;
  kind: string;
  client: number;
  clock: number;
}): string => `${seq} ${kind} ${client} ${clock}`;

export function notePlace(driver: SqlDriver, text: string): void {
  driver.run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [settings.place, text]);
}

function readPlace(driver: SqlDriver): LogPlace {
  const row = String(settingOf(driver, settings.place) ?? '0');
  return { seq: Number(row.split(' ')[0]), row };
}

const settingOf = (driver: SqlDriver, name: string) =>
  driver.all('SELECT value FROM loam_setting WHERE name = ?', [name])[0]?.[0] ?? null;

/** Opens the replica's file; makes it where it is missing, damaged, of another model or another log. */
export async function openReplicaFile(
  place: ReplicaPlace,
): Promise<{ driver: OuterDriver; seq: number; made: boolean }> {
  mkdirSync(dirname(place.file), { recursive: true, mode: 0o700 });
  const kept = await usable(place);
  if (kept) return { ...kept, made: false };
  throwAway(place.file);
  await makeAnew(place);
  const driver = openAlone(place.file);
  return { driver, seq: readPlace(driver).seq, made: true };
}

/** The data folder is this process's (one-process.ts): a lock that is there was left by one that was killed. */
function openAlone(file: string): OuterDriver {
  rmSync(`${file}.lock`, { force: true, recursive: true });
  return createOuterDriver(openNode(file, { alone: true }));
}

async function usable(place: ReplicaPlace): Promise<{ driver: OuterDriver; seq: number } | null> {
  if (!existsSync(place.file)) return null;
  let driver: OuterDriver | null = null;
  try {
    driver = openAlone(place.file);
    if (!hasInstance(driver) || settingOf(driver, 'model') !== fingerprint(place.model))
      throw new Error('other tables');
    if (driver.all('PRAGMA quick_check(1)')[0]?.[0] !== 'ok') throw new Error('damaged');
    const { seq, row } = readPlace(driver);
    const origin = settingOf(driver, settings.origin);
    const same = await place.postgres.session(async (session) => {
      if (origin === null || (await originOf(session, place.instance)) !== origin) return false;
      if (seq === 0) return true;
      const [found] = await readLog(session, place.instance, seq - 1, 1);
      return found !== undefined && placeText(found) === row;
    });
    if (!same) throw new Error('another log');
    return { driver, seq };
  } catch {
    driver?.close();
    return null;
  }
}

export function throwAway(file: string): void {
  for (const end of ['', '-journal', '-wal', '-shm', '.new', '.lock', '.new.lock'])
    rmSync(`${file}${end}`, { force: true, recursive: true });
}

async function originOf(session: PostgresSession, instance: string): Promise<string | null> {
  const { rows } = await session.query('SELECT uid FROM loam.log_origin WHERE instance = $1', [instance]);
  return rows[0] ? String(rows[0][0]) : null;
}

async function makeAnew(place: ReplicaPlace): Promise<void> {
  const { postgres, instance, file, snapshots } = place;
  const fresh = `${file}.new`;
  await postgres.session((session) =>
    inPostgresTransaction(session, async () => {
      // Of two nodes that start at once the second finds what the first has made.
      await lockInstance(session, instance);
      const newest = await snapshots.newest(session, instance);
      if (newest) await writeSnapshot(snapshots, session, newest, fresh);
      else await makeEpoch(place, session, fresh);
    }),
  );
  renameSync(fresh, file);
}

/** Epoch 0: what LaminDB's tables hold before the first record. */
async function makeEpoch(place: ReplicaPlace, session: PostgresSession, fresh: string): Promise<void> {
  const { instance, model, snapshots } = place;
  const origin = randomUid(16, place.random);
  writeFileSync(fresh, emptyInstance(model));
  const driver = openNode(fresh);
  try {
    await place.copyTables(session, driver);
    driver.run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', ['instance', place.name]);
    driver.run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [settings.origin, origin]);
    notePlace(driver, '0');
    markUpToDate(driver, model);
  } finally {
    driver.close();
  }
  if ((await logHead(session, instance)) > 0)
    throw new Error(`The log of ${instance} has records and no snapshot to begin with.`);
  await session.query('INSERT INTO loam.log_origin (instance, uid, made_at) VALUES ($1, $2, $3)', [
    ...[instance, origin, timeOf(place.now())],
  ]);
  await snapshots.keep(session, { instance, seq: 0, model: modelFingerprint(model) }, fresh, place.now());
}
