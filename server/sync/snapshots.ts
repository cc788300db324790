// What a replica, or a new device, starts from: a copy of a replica's file with its place in the log. Kept in Postgres, in
// chunks, so that a second node can start from it; behind an interface that a folder or a bucket can stand for as well.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { timeOf } from '../people/ground.ts';
import type { PostgresSession } from '../postgres.ts';

export interface Snapshot {
  instance: string;
  /** The log up to here is in it. */
  seq: number;
  /** Of the file. */
  bytes: number;
  /** Hexadecimal, of the file. */
  sha256: string;
  /** Fingerprint of its tables. */
  model: string;
}

/** Where snapshots lie. All calls are within the caller's session; `keep` within its transaction. */
export interface SnapshotStore {
  newest(session: PostgresSession, instance: string): Promise<Snapshot | null>;
  /** Keeps a file. One that is there for this place already stays. */
  keep(
    session: PostgresSession,
    about: Omit<Snapshot, 'bytes' | 'sha256'>,
    file: string,
    now: number,
  ): Promise<Snapshot>;
  chunks(session: PostgresSession, snapshot: Snapshot): AsyncIterable<Uint8Array>;
  /** Throws all away but the newest so many. */
  prune(session: PostgresSession, instance: string, left: number): Promise<void>;
}

const chunkBytes = 1024 * 1024;

/** Snapshots in tables of Postgres. */
export const postgresSnapshots: SnapshotStore = {
  async newest(session, instance) {
    const { rows } = await session.query(
      `SELECT seq, bytes, encode(sha256, 'hex'), model FROM loam.snapshot WHERE instance = $1 ORDER BY seq DESC LIMIT 1`,
      [instance],
    );
    const [row] = rows;
    if (!row) return null;
    return {
      instance,
      seq: Number(row[0]),
      bytes: Number(row[1]),
      sha256: String(row[2]),
      model: String(row[3]),
    };
  },
  async keep(session, { instance, seq, model }, file, now) {
    await session.query('DELETE FROM loam.snapshot WHERE instance = $1 AND seq = $2', [instance, seq]);
    await session.query(
      `INSERT INTO loam.snapshot (instance, seq, at, bytes, sha256, model, stored)
       VALUES ($1, $2, $3, 0, decode(repeat('00', 32), 'hex'), $4, 'here')`,
      [instance, seq, timeOf(now), model],
    );
    const hash = createHash('sha256');
    let bytes = 0;
    const from = await open(file, 'r');
    try {
      for (let part = 0; ; part++) {
        const { bytesRead, buffer } = await from.read(Buffer.alloc(chunkBytes), 0, chunkBytes, null);
        if (bytesRead === 0) break;
        const content = new Uint8Array(buffer.subarray(0, bytesRead));
        hash.update(content);
        bytes += bytesRead;
        await session.query(
          'INSERT INTO loam.snapshot_chunk (instance, seq, part, content) VALUES ($1, $2, $3, $4)',
          [instance, seq, part, content],
        );
      }
    } finally {
      await from.close();
    }
    const sha256 = hash.digest('hex');
    await session.query(
      `UPDATE loam.snapshot SET bytes = $3, sha256 = decode($4, 'hex') WHERE instance = $1 AND seq = $2`,
      [instance, seq, bytes, sha256],
    );
    return { instance, seq, bytes, sha256, model };
  },
  async *chunks(session, { instance, seq }) {
    for (let part = 0; ; part++) {
      const { rows } = await session.query(
        'SELECT content FROM loam.snapshot_chunk WHERE instance = $1 AND seq = $2 AND part = $3',
        [instance, seq, part],
      );
      if (!rows[0]) return;
      yield rows[0][0] as Uint8Array;
    }
  },
  async prune(session, instance, left) {
    await session.query(
      `DELETE FROM loam.snapshot WHERE instance = $1 AND seq NOT IN
         (SELECT seq FROM loam.snapshot WHERE instance = $1 ORDER BY seq DESC LIMIT $2::int)`,
      [instance, left],
    );
  },
};

/** Writes a snapshot into a file and checks that it is the whole of it. */
export async function writeSnapshot(
  store: SnapshotStore,
  session: PostgresSession,
  snapshot: Snapshot,
  file: string,
): Promise<void> {
  const hash = createHash('sha256');
  const out = createWriteStream(file);
  try {
    for await (const chunk of store.chunks(session, snapshot)) {
      hash.update(chunk);
      await new Promise<void>((resolve, reject) =>
        out.write(chunk, (error) => (error ? reject(error) : resolve())),
      );
    }
  } finally {
    await new Promise<void>((resolve, reject) => {
      out.once('error', reject);
      out.end(() => resolve());
    });
  }
  const found = hash.digest('hex');
  if (found !== snapshot.sha256)
    throw new LoamError(
      'DatabaseDamaged',
      `The snapshot ${snapshot.seq} of the instance ${snapshot.instance} is not what was kept: its sha-256 is ${found}, where ${snapshot.sha256} is wanted. Restore the table loam.snapshot_chunk from a backup.`,
    );
}
