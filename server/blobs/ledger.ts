// The tables `loam.blob` and `loam.blob_upload`: which bytes are whole in the server's storage, and which are coming.
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import { millisecondsOf, timeOf } from '../people/ground.ts';
import type { PostgresSession } from '../postgres.ts';

export interface KeptBlob {
  key: string;
  size: number;
  sha256: Uint8Array | null;
}

export interface Upload {
  id: string;
  instance: string;
  key: string;
  size: number;
  sha256: Uint8Array;
  /** Uid. */
  account: string;
  /** Milliseconds. */
  at: number;
}

const shaOf = (value: SqlValue | undefined): Uint8Array | null =>
  value instanceof Uint8Array ? new Uint8Array(value) : null;

/** Those of the keys that are kept. */
export async function keptBlobs(
  session: PostgresSession,
  instance: string,
  keys: readonly string[],
): Promise<Map<string, KeptBlob>> {
  const { rows } = await session.query(
    `SELECT b.key, b.size, b.sha256 FROM loam.blob b
     WHERE b.instance = $1 AND b.key IN (SELECT value FROM json_array_elements_text($2::json))`,
    [instance, JSON.stringify(keys)],
  );
  return new Map(
    rows.map(([key, size, sha]) => [
      String(key),
      { key: String(key), size: Number(size), sha256: shaOf(sha) },
    ]),
  );
}

export async function noteKept(
  session: PostgresSession,
  blob: KeptBlob & { instance: string; account: string | null; at: number },
): Promise<void> {
  await session.query(
    `INSERT INTO loam.blob (instance, key, size, sha256, account, at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (instance, key) DO UPDATE SET sha256 = coalesce(loam.blob.sha256, excluded.sha256)`,
    [blob.instance, blob.key, blob.size, blob.sha256, blob.account, timeOf(blob.at)],
  );
}

/** It is there once, however often it is begun. Null: the account has `most` others on their way. */
export async function noteUpload(session: PostgresSession, upload: Upload, most: number): Promise<boolean> {
  const { rows } = await session.query(
    'SELECT count(*) FROM loam.blob_upload WHERE account = $1 AND id <> $2',
    [upload.account, upload.id],
  );
  if (Number(rows[0]?.[0]) >= most) return false;
  await session.query(
    `INSERT INTO loam.blob_upload (id, instance, key, size, sha256, account, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (id) DO UPDATE SET at = excluded.at`,
    [
      ...[upload.id, upload.instance, upload.key, upload.size, upload.sha256],
      ...[upload.account, timeOf(upload.at)],
    ],
  );
  return true;
}

const columns = 'id, instance, key, size, sha256, account, at';
const uploadOf = (row: readonly SqlValue[]): Upload => ({
  ...{ id: String(row[0]), instance: String(row[1]), key: String(row[2]), size: Number(row[3]) },
  ...{ sha256: shaOf(row[4]) ?? new Uint8Array(), account: String(row[5]) },
  at: millisecondsOf(String(row[6])),
});

export async function findUpload(
  session: PostgresSession,
  instance: string,
  id: string,
): Promise<Upload | null> {
  const { rows } = await session.query(
    `SELECT ${columns} FROM loam.blob_upload WHERE instance = $1 AND id = $2`,
    [instance, id],
  );
  return rows[0] ? uploadOf(rows[0]) : null;
}

export async function forgetUpload(session: PostgresSession, id: string): Promise<void> {
  await session.query('DELETE FROM loam.blob_upload WHERE id = $1', [id]);
}

/** Takes those out that nobody went on with since; their parts are to be removed. */
export async function oldUploads(session: PostgresSession, before: number): Promise<string[]> {
  const { rows } = await session.query('DELETE FROM loam.blob_upload WHERE at < $1 RETURNING id', [
    timeOf(before),
  ]);
  return rows.map(([id]) => String(id));
}
