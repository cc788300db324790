// A replica beside a LaminDB database in Postgres, and the question whether both say the same.
import { randomFillSync } from 'node:crypto';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import { emptyInstance } from '../../src/lib/engine/schema/open.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { createProjectionTables } from '../../src/lib/engine/sync/projection-tables.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { installCapture } from '../../server/capture.ts';
import { dropTransaction, nextOperations, pendingTransactions } from '../../server/inbox.ts';
import { openLamindb } from '../../server/lamindb-database.ts';
import { copyIntoReplica } from '../../server/mirror/copy.ts';
import { takeEdits } from '../../server/mirror/edits.ts';
import { createMirror, type Mirror } from '../../server/mirror/mirror.ts';
import { inPostgresTransaction, runSteps, type Postgres } from '../../server/postgres.ts';
import { digestLines } from '../sim/digest.ts';
import { seed } from './both.ts';

export interface Mirrored {
  engine: Engine;
  driver: SqlDriver;
  mirror: Mirror;
  rows(sql: string, params?: SqlValue[]): SqlValue[][];
  flush(account?: string | null): Promise<number>;
  /** Takes what others did in Postgres. */
  take(): Promise<void>;
  /** Lines in which Postgres and the replica differ. */
  differences(): Promise<string[]>;
  /** The same replica after its process was cut off: nothing is left in memory. */
  reopen(): Promise<void>;
}

async function copyOf(postgres: Postgres): Promise<SqlDriver> {
  const driver = await openMemory({ bytes: emptyInstance(model) });
  await postgres.session((session) =>
    inPostgresTransaction(session, () => copyIntoReplica(session, driver, model)),
  );
  runSync(driver, createProjectionTables());
  return driver;
}

export async function mirrored(postgres: Postgres): Promise<Mirrored> {
  await postgres.session((session) =>
    session.exec('DROP SCHEMA IF EXISTS loam CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public'),
  );
  await openLamindb(postgres, model, seed);
  await postgres.session((session) => installCapture(session, model));
  const driver = await copyOf(postgres);
  const refuse = () => Promise.reject(new Error('no bytes here'));
  const open = () =>
    createEngine({
      ...{ driver, model, blobs: createMemoryBlobs(), clock: () => Date.now() },
      inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
      ...{ random: (bytes: Uint8Array) => randomFillSync(bytes), onFeed: () => {}, onDrop: () => {} },
    });
  const here: Mirrored = {
    engine: await open(),
    driver,
    mirror: createMirror({ driver, model }),
    rows: (sql, params) => driver.all(sql, params ?? []),
    flush: async (account = null) =>
      (
        await postgres.session((session) =>
          inPostgresTransaction(session, () => here.mirror.flush(session, account)),
        )
      ).rows,
    take: () =>
      postgres.session(async (session) => {
        for (const transaction of await runSteps(session, pendingTransactions()))
          await inPostgresTransaction(session, async () => {
            const pieces = (async function* () {
              for (let after = 0; ;) {
                const part = await runSteps(session, nextOperations(model, transaction, after));
                if (!part) return;
                yield part.operations;
                after = part.after;
              }
            })();
            await takeEdits({ engine: here.engine, driver }, transaction, pieces);
            await runSteps(session, dropTransaction(transaction));
          });
      }),
    async differences() {
      const copy = await copyOf(postgres);
      const [ours, theirs] = [digestLines(driver), digestLines(copy)];
      const [known, there] = [new Set(theirs), new Set(ours)];
      copy.close();
      return [
        ...ours.filter((line) => !known.has(line)).map((line) => `here: ${line}`),
        ...theirs.filter((line) => !there.has(line)).map((line) => `there: ${line}`),
      ];
    },
    async reopen() {
      here.engine = await open();
      here.mirror = createMirror({ driver, model });
    },
  };
  return here;
}
