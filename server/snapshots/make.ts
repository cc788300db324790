// Makes a snapshot of a replica: its file is copied, freed of what is the server's, stamped as an export of Loam's, and packed.
// Nothing of it is held in memory, and nothing has its final name before it is whole.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { modelFingerprint } from '../../src/lib/engine/branch/fingerprint.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import { exportStamp } from '../../src/lib/engine/ports.ts';
import { inTransaction, runSync } from '../../src/lib/engine/statement.ts';
import { leaveHome, snapshotLogs, type SnapshotManifest } from '../../src/lib/engine/sync/snapshot.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';

export interface SnapshotSource {
  readonly instance: { uid: string; name: string };
  readonly app: string;
  readonly model: Model;
  /** Puts a copy of the replica's file at the path, while nobody writes it. */
  copyTo(path: string): Promise<void>;
  readonly now: () => number;
}

export interface SnapshotProgress {
  step: 'copying' | 'packing';
  done: number;
  /** Bytes; null where it is not known. */
  total: number | null;
}

const chunkBytes = 1024 * 1024;
export const manifestEnding = '.json';

/** Bytes through a hash, counted. */
function hashed(hash: Hash, tell: (bytes: number) => void = () => undefined): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      tell((bytes += chunk.length));
      done(null, chunk);
    },
  });
}

/** Makes one in the folder; answers what is said of it, which lies beside it. */
export async function makeSnapshot(
  source: SnapshotSource,
  folder: string,
  tell: (progress: SnapshotProgress) => void,
): Promise<SnapshotManifest> {
  const { instance, app, model, now } = source;
  const madeAt = now();
  const base = `${instance.uid}-${madeAt.toString(36)}`;
  const [raw, part] = [join(folder, `${base}.raw`), join(folder, `${base}.part`)];
  try {
    tell({ step: 'copying', done: 0, total: null });
    await source.copyTo(raw);
    const driver = openNode(raw);
    let logs: SnapshotManifest['logs'];
    try {
      driver.exec('PRAGMA journal_mode=delete');
      runSync(driver, inTransaction(leaveHome()));
      logs = runSync(driver, snapshotLogs());
    } finally {
      driver.close();
    }
    await stamp(raw);
    const total = (await stat(raw)).size;
    const [whole, packed] = [createHash('sha256'), createHash('sha256')];
    await pipeline(
      createReadStream(raw, { highWaterMark: chunkBytes }),
      hashed(whole, (done) => tell({ step: 'packing', done, total })),
      // Three quarters of what the slower levels save for a fifth of their time.
      createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 256 * 1024 }),
      hashed(packed),
      createWriteStream(part, { flush: true }),
    );
    const sha256 = packed.digest('hex');
    const name = `${base}-${sha256.slice(0, 12)}.sqlite3.gz`;
    const manifest: SnapshotManifest = {
      ...{ format: 1, instance, app, schema: modelFingerprint(model), madeAt, logs },
      file: { name, bytes: (await stat(part)).size, sha256 },
      database: { bytes: total, sha256: whole.digest('hex') },
    };
    await rename(part, join(folder, name));
    // With this it counts.
    const said = join(folder, `${name}${manifestEnding}`);
    await writeFile(`${said}.part`, JSON.stringify(manifest), { flush: true });
    await rename(`${said}.part`, said);
    return manifest;
  } finally {
    await rm(raw, { force: true });
    await rm(part, { force: true });
  }
}

/** Loam's mark in the header (`exportStamp`), by which its history is known to be what Loam wrote. */
async function stamp(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const head = Buffer.alloc(100);
    await file.read(head, 0, 100, 0);
    head.set([1, 1], 18);
    head.writeUInt32BE(exportStamp, 24);
    head.writeUInt32BE(exportStamp, 92);
    await file.write(head, 0, 100, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
