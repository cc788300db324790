// Fills the origin's storage through the database and through the blob store, and says which error came.
import { toWire } from '../../../src/lib/engine/errors.ts';
import { bytesSource } from '../../../src/lib/storage/blob/keys.ts';
import { createOpfsBlobs } from '../../../src/lib/storage/blob/opfs.ts';
import type { OpenedDatabase } from '../../../src/lib/storage/sql/opened.ts';
import { openOpfs } from '../../../src/lib/storage/sql/opfs-sahpool.ts';

let opened: OpenedDatabase | null = null;

async function database(): Promise<OpenedDatabase> {
  opened ??= await openOpfs({
    name: 'quota',
    initialise: (d) => d.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, a BLOB)'),
  });
  return opened;
}

/** Rows acknowledged, rows found, the error if one came, and SQLite's own check. */
async function insert(rows: number) {
  const { driver } = await database();
  let acked = driver.all('SELECT count(*) FROM t')[0]?.[0] as number;
  let error = null;
  try {
    for (let i = 0; i < rows; i++) {
      driver.run('INSERT INTO t(a) VALUES (?)', [new Uint8Array(500_000).fill(i)]);
      acked++;
    }
  } catch (e) {
    error = toWire(e);
  }
  const found = driver.all('SELECT count(*) FROM t')[0]?.[0];
  return {
    acked,
    found,
    error,
    check: driver.all('PRAGMA integrity_check')[0]?.[0],
    open: driver.inTransaction,
  };
}

async function stage(megabytes: number) {
  const blobs = await createOpfsBlobs();
  const error = await blobs.stage('big', '', bytesSource(new Uint8Array(megabytes << 20))).then(
    () => null,
    (e: unknown) => toWire(e),
  );
  if (!error) await blobs.commit('big', '.lamindb/big.bin');
  return { error, keys: await blobs.keys() };
}

onmessage = async ({ data }: MessageEvent<{ insert?: number; stage?: number }>) => {
  postMessage(data.insert ? await insert(data.insert) : await stage(data.stage ?? 0));
};
