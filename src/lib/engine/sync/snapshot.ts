// A snapshot: a copy of a replica's file from which a device begins (decision 0041). What is said of it comes from a server and
// is read as if it came from an enemy; what is in it is a file of somebody's like any other (schema/quarantine.ts).
import { LoamError } from '../errors.ts';
import { all, run, type Steps } from '../statement.ts';
import type { LogState } from './frames.ts';
import { listLogs, readDocName, findLog, vectorDigest, vectorOf } from './logs.ts';

export interface SnapshotManifest {
  format: 1;
  instance: { uid: string; name: string };
  /** Version of Loam that made it, and the fingerprint of its tables (branch/fingerprint.ts). */
  app: string;
  schema: string;
  /** Milliseconds since 1970. */
  madeAt: number;
  /** What of each log is in it; the rest comes over the socket. */
  logs: LogState[];
  /** What is downloaded: the database packed with gzip. */
  file: { name: string; bytes: number; sha256: string };
  /** Unpacked. */
  database: { bytes: number; sha256: string };
}

const mostLogs = 100_000;
const wrong = (what: string) =>
  new LoamError(
    'FileUnreadable',
    `The server’s answer about its snapshot cannot be used: ${what}. Update Loam here or on the server.`,
  );

/** What a server said of its snapshot; throws `FileUnreadable` where it is not that, word for word. */
export function readSnapshotManifest(value: unknown): SnapshotManifest {
  const given = objectOf(value, 'it is no object');
  if (given['format'] !== 1) throw wrong('it is of another format');
  const [instance, file, database] = ['instance', 'file', 'database'].map((name) =>
    objectOf(given[name], `“${name}” is missing`),
  ) as [Fields, Fields, Fields];
  const logs = given['logs'];
  if (!Array.isArray(logs) || logs.length > mostLogs) throw wrong('“logs” is no list');
  const name = text(file, 'name', 100);
  if (!/^[0-9A-Za-z][0-9A-Za-z.-]*$/.test(name)) throw wrong('its file has no name');
  return {
    format: 1,
    instance: { uid: text(instance, 'uid', 64), name: text(instance, 'name', 200) },
    ...{ app: text(given, 'app', 64), schema: text(given, 'schema', 64), madeAt: count(given, 'madeAt') },
    logs: logs.map((log: unknown) => {
      const one = objectOf(log, 'a log is none');
      const doc = text(one, 'doc', 80);
      readDocName(doc);
      return { doc, digest: text(one, 'digest', 32) };
    }),
    file: { name, bytes: count(file, 'bytes'), sha256: sha(file) },
    database: { bytes: count(database, 'bytes'), sha256: sha(database) },
  };
}

type Fields = Record<string, unknown>;

function objectOf(value: unknown, why: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(why);
}

function text(of: Fields, name: string, most: number): string {
  const value = of[name];
  if (typeof value === 'string' && value.length <= most) return value;
  throw wrong(`“${name}” is no short text`);
}

function count(of: Fields, name: string): number {
  const value = of[name];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw wrong(`“${name}” is no whole number`);
}

function sha(of: Fields): string {
  const value = text(of, 'sha256', 64);
  if (/^[0-9a-f]{64}$/.test(value)) return value;
  throw wrong('“sha256” is none');
}

/**
 * In `loam_setting`: what belongs to the place where a file lies. Everything else says how the tables are, and a copy without
 * it would be read wrongly.
 */
const ofThePlace = ['sync remote', 'replica of', 'log place', 'server storage', 'uploads to the server'];

/**
 * Takes out of a copy what belongs to the place it was made in: sessions, which are nobody's then, drops that were going on,
 * where bytes are, and tables of the server's. A snapshot of an instance that is not synced yet stays unsynced.
 */
export function* leaveHome(): Steps<void> {
  yield* run('UPDATE loam_sync_client SET own = 0, acked = 0 WHERE own <> 0 OR acked <> 0');
  yield* run('DELETE FROM loam_drop');
  yield* run('UPDATE loam_blob SET only_here = 0 WHERE only_here <> 0');
  yield* run('DELETE FROM loam_setting WHERE name IN (SELECT value FROM json_each(?))', [
    JSON.stringify(ofThePlace),
  ]);
  const tables = yield* all(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'loam_mirror%' OR name LIKE 'loam_server%')",
  );
  for (const [name] of tables) yield* run(`DROP TABLE "${String(name).replaceAll('"', '""')}"`);
}

/** What of each log is here. */
export function* snapshotLogs(): Steps<LogState[]> {
  const states: LogState[] = [];
  for (const { doc } of yield* listLogs()) {
    const log = yield* findLog(doc);
    if (log) states.push({ doc, digest: vectorDigest(yield* vectorOf(log)) });
  }
  return states;
}
