// Postgres inside the server's own process (PGlite), for a server that is given no DATABASE_URL: one connection, which its
// users take in turns. Python cannot connect to it.
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import type { SqlValue } from '../src/lib/engine/ports.ts';
import { leftOpen, type Postgres, type PostgresSession } from './postgres.ts';
import { postgresError } from './postgres-errors.ts';
import { readValue, sessionSettings, writtenValue } from './postgres-values.ts';

export interface EmbeddedOptions {
  /** A folder of the server's; in memory without. */
  folder?: string;
  /** A data directory that was prepared (`dumpDataDir`), to start from. */
  prepared?: Blob;
}

/** Opens, or makes, the database in the folder. */
export async function openEmbedded(options: EmbeddedOptions = {}): Promise<Postgres> {
  const settings: PGliteOptions = {};
  if (options.folder !== undefined) settings.dataDir = options.folder;
  if (options.prepared) settings.loadDataDir = options.prepared;
  let db: PGlite;
  try {
    db = await PGlite.create(settings);
    // Every value goes and comes as text, as with a server: PGlite's own forms would be JavaScript's.
    for (const type of Object.keys(db.parsers).map(Number))
      db.parsers[type] = (text) => readValue(type, text);
    for (const type of Object.keys(db.serializers).map(Number))
      db.serializers[type] = (value) => value as string;
    for (const [name, value] of Object.entries(sessionSettings))
      await db.query('SELECT set_config($1, $2, false)', [name, value]);
  } catch (error) {
    throw postgresError(error);
  }
  let last: Promise<unknown> = Promise.resolve();
  return {
    kind: 'embedded',
    session(use) {
      const turn = last.then(() => inTurn(db, use));
      last = turn.catch(() => undefined);
      return turn;
    },
    async listen(channel, onNotice) {
      const stop = await db.listen(`"${channel.replaceAll('"', '""')}"`, onNotice);
      return () => stop();
    },
    async close() {
      await last;
      await db.close();
    },
  };
}

async function inTurn<T>(db: PGlite, use: (session: PostgresSession) => Promise<T>): Promise<T> {
  // The database does not say whether it is in a transaction, so what is asked of it is watched.
  let open = false;
  const ask: PostgresSession['query'] = async (sql, params = []) => {
    try {
      const { rows, affectedRows } = await db.query<SqlValue[]>(sql, params.map(writtenValue), {
        rowMode: 'array',
      });
      open = openAfter(sql, open);
      return { rows, changes: affectedRows || rows.length };
    } catch (error) {
      throw postgresError(error);
    }
  };
  try {
    const value = await use({
      query: ask,
      async exec(sql) {
        try {
          await db.exec(sql);
        } catch (error) {
          throw postgresError(error);
        }
      },
      async each(sql, params) {
        for (const values of params) await ask(sql, values);
      },
    });
    if (open) throw leftOpen();
    return value;
  } finally {
    if (open) await db.exec('ROLLBACK').catch(() => undefined);
  }
}

function openAfter(sql: string, before: boolean): boolean {
  if (/^\s*(BEGIN|START)\b/i.test(sql)) return true;
  if (/^\s*(COMMIT|END|ROLLBACK|ABORT)\b(?!\s+(TO|PREPARED))/i.test(sql)) return false;
  return before;
}
