// A new instance: DDL from the model, LaminDB's seed rows, our own tables; and who we are in an existing one.
import type { Model } from '../model/types.ts';
import type { Clock, Random, SqlDriver, SqlValue } from '../ports.ts';
import { randomUid } from '../uid.ts';
import { timeText } from '../time.ts';
import { runSync, one, type Steps } from '../statement.ts';
import { readRemote } from '../sync/remote.ts';
import { checkedOut, mainBranch, seenFrom } from '../write/seen.ts';
import type { Author } from '../write/transaction.ts';
import { createJournalTables } from '../write/writer.ts';
import { LoamError } from '../errors.ts';
import { journalDdl } from '../write/journal-tables.ts';
import { canCompose, composeSchema } from './compose.ts';
import { databaseImage } from './image.ts';
import { sqliteDdl } from './sqlite.ts';
import { markUpToDate } from './upgrade.ts';
import { seedStatements, type SeedOptions } from './seed.ts';

export interface NewInstance {
  model: Model;
  clock: Clock;
  random: Random;
  /** Shown in the top bar, kept in loam_setting. */
  name: string;
  user?: { uid: string; handle: string; name: string | null };
  /** Where the bytes are; in the browser OPFS, with identities made up here. */
  storage?: { uid: string; root: string; instanceUid: string };
}

/** A new instance without any row, as the bytes of a file: `createInstance` then has only the seed rows to write. */
export function emptyInstance(model: Model): Uint8Array {
  return databaseImage(model, journalDdl);
}

/** True for a file that was made by `emptyInstance` and cut off before its seed rows were there. */
export function isUnseeded(driver: SqlDriver): boolean {
  const tables = "SELECT 1 FROM sqlite_schema WHERE name = 'lamindb_user'";
  return driver.all(tables).length > 0 && driver.all('SELECT 1 FROM lamindb_user LIMIT 1').length === 0;
}

/** Builds all tables and seed rows on an empty database; on a file in one transaction. */
export function createInstance(driver: SqlDriver, options: NewInstance): void {
  const { model, clock, random } = options;
  const made = isUnseeded(driver);
  const composed = !made && canCompose(driver);
  if (composed) composeSchema(driver, model);
  driver.exec('BEGIN');
  if (!made && !composed) driver.exec(sqliteDdl(model).join(';\n'));
  if (!made) createJournalTables(driver);
  const whose: SeedOptions = {
    now: timeText(Math.floor(clock() * 1000)),
    // LaminDB's own anonymous user; an account replaces it when the instance joins a team.
    user: options.user ?? { uid: '00000000', handle: 'anonymous', name: null },
    storage: {
      type: 'local',
      ...(options.storage ?? {
        uid: randomUid(12, random),
        root: 'opfs://loam/storage',
        instanceUid: randomUid(12, random),
      }),
    },
  };
  const seeds = seedStatements(whose, model.modules);
  for (const seed of seeds) {
    const columns = seed.columns.map((_, c) => seed.rows.map((row) => row[c] ?? null));
    const names = seed.columns.map((c) => `"${c}"`).join(', ');
    driver.many(
      `INSERT INTO "${seed.table}" (${names}) VALUES (${seed.columns.map(() => '?').join(', ')})`,
      seed.rows.length,
      columns,
    );
  }
  driver.run('INSERT INTO loam_setting(name, value) VALUES (?, ?)', ['instance', options.name]);
  markUpToDate(driver, model);
  driver.exec('COMMIT');
}

/** True where the file holds an instance; false for an empty file. Anything else is refused, never overwritten. */
export function hasInstance(driver: SqlDriver): boolean {
  const tables = new Set(
    driver.all("SELECT name FROM sqlite_master WHERE type = 'table'").map((r) => String(r[0])),
  );
  if (tables.has('lamindb_artifact') && tables.has('lamindb_branch')) {
    createJournalTables(driver);
    return true;
  }
  if (tables.size === 0) return false;
  throw new LoamError(
    'DatabaseDamaged',
    'The database on this device has tables, but they are not those of a LaminDB instance. Nothing was changed.',
  );
}

/** Where new rows go: names or uids of a branch and a space; the checked-out branch and `all` where nothing is said. */
export interface Place {
  branch?: string;
  space?: string;
}

export function readAuthor(driver: SqlDriver, place: Place = {}): Author {
  return runSync(driver, author(place));
}

function* author(place: Place): Steps<Author> {
  const user = yield* userHere();
  const branch = yield* one('SELECT id, uid FROM lamindb_branch WHERE id = ?', [yield* branchCheckedOut()]);
  const space = yield* placeOf('space', place.space ?? 'all');
  if (!user || !branch) throw new LoamError('DatabaseDamaged', 'The database has no user or no main branch.');
  return {
    userId: Number(user[0]),
    userUid: String(user[1]),
    branchId: Number(branch[0]),
    branchUid: String(branch[1]),
    spaceId: Number(space?.[0] ?? 1),
    ...(yield* seenFrom(Number(branch[0]))),
  };
}

/** Of a database that belongs to a server the user of the account; else the first, who made it. */
function* userHere(): Steps<SqlValue[] | undefined> {
  const remote = yield* readRemote();
  const own = remote && (yield* one('SELECT id, uid FROM lamindb_user WHERE uid = ?', [remote.account.uid]));
  return own ?? (yield* one('SELECT id, uid FROM lamindb_user ORDER BY id LIMIT 1'));
}

/** The branch whose state the tables show; a database that only Python knows shows main. */
function* branchCheckedOut(): Steps<number> {
  const known = yield* one("SELECT 1 FROM sqlite_master WHERE name = 'loam_setting'");
  return Number((known && (yield* setting(checkedOut))) ?? mainBranch);
}

/** Id of the branch with this name or uid. */
export function* branchId(name: string): Steps<number> {
  return Number((yield* placeOf('branch', name))?.[0] ?? mainBranch);
}

function* placeOf(what: 'branch' | 'space', name: string): Steps<readonly unknown[] | undefined> {
  const own = name === (what === 'branch' ? 'main' : 'all');
  const row = yield* one(
    `SELECT id, uid FROM lamindb_${what} WHERE ${own ? 'id = 1' : '(name = ?1 OR uid = ?1) AND id > 0'} ORDER BY id LIMIT 1`,
    own ? [] : [name],
  );
  if (row || own) return row;
  throw new LoamError('DoesNotExist', `There is no ${what} "${name.slice(0, 60)}". Create it first.`, {
    [what]: name.slice(0, 60),
  });
}

/** Which database this is: LaminDB's uid of the instance, which its storages carry. */
export function* instanceHere(): Steps<{ uid: string; name: string }> {
  const row = yield* one(
    'SELECT coalesce(instance_uid, uid) FROM lamindb_storage ORDER BY instance_uid IS NULL, id LIMIT 1',
  );
  return { uid: String(row?.[0] ?? ''), name: (yield* setting('instance')) ?? '' };
}

export function* setting(name: string): Steps<string | null> {
  const row = yield* one('SELECT value FROM loam_setting WHERE name = ?', [name]);
  return row ? String(row[0]) : null;
}
