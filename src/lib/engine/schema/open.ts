// A new instance: DDL from the model, LaminDB's seed rows, our own tables; and who we are in an existing one.
import type { Model } from '../model/types.ts';
import type { Clock, Random, SqlDriver } from '../ports.ts';
import { randomUid } from '../uid.ts';
import { timeText } from '../time.ts';
import { runSync, one, type Steps } from '../statement.ts';
import type { Author } from '../write/transaction.ts';
import { createJournalTables } from '../write/writer.ts';
import { LoamError } from '../errors.ts';
import { canCompose, composeSchema } from './compose.ts';
import { sqliteDdl } from './sqlite.ts';
import { seedStatements } from './seed.ts';

export interface NewInstance {
  model: Model;
  clock: Clock;
  random: Random;
  /** Shown in the top bar, kept in loam_setting. */
  name: string;
  user?: { uid: string; handle: string; name: string | null };
}

/** Builds all tables and seed rows on an empty database; on a file in one transaction. */
export function createInstance(driver: SqlDriver, options: NewInstance): void {
  const { model, clock, random } = options;
  const composed = canCompose(driver);
  if (composed) composeSchema(driver, model);
  driver.exec('BEGIN');
  if (!composed) driver.exec(sqliteDdl(model).join(';\n'));
  createJournalTables(driver);
  const seeds = seedStatements({
    now: timeText(Math.floor(clock() * 1000)),
    // LaminDB's own anonymous user; an account replaces it when the instance joins a team.
    user: options.user ?? { uid: '00000000', handle: 'anonymous', name: null },
    storage: {
      uid: randomUid(12, random),
      root: 'opfs://loam/storage',
      type: 'local',
      instanceUid: randomUid(12, random),
    },
  });
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

export function readAuthor(driver: SqlDriver): Author {
  return runSync(driver, author());
}

function* author(): Steps<Author> {
  const user = yield* one('SELECT id, uid FROM lamindb_user ORDER BY id LIMIT 1');
  const branch = yield* one('SELECT id, uid FROM lamindb_branch WHERE id = 1');
  if (!user || !branch) throw new LoamError('DatabaseDamaged', 'The database has no user or no main branch.');
  return {
    userId: Number(user[0]),
    userUid: String(user[1]),
    branchId: Number(branch[0]),
    branchUid: String(branch[1]),
    spaceId: 1,
  };
}

export function* setting(name: string): Steps<string | null> {
  const row = yield* one('SELECT value FROM loam_setting WHERE name = ?', [name]);
  return row ? String(row[0]) : null;
}
