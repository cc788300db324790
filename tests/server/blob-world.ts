// Bytes at a server: a folder, a replica that knows some artifacts, and people with keys who ask over HTTP.
import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobFolder, type BlobFolder } from '../../server/blobs/folder.ts';
import { createBlobKeep, usualBlobLimits, type BlobKeep, type BlobLimits } from '../../server/blobs/keep.ts';
import { artifactAt } from '../../server/blobs/known.ts';
import { blobRoutes } from '../../server/blobs/routes.ts';
import type { Pace } from '../../server/blobs/pace.ts';
import { createHttp } from '../../server/http/http.ts';
import { makeKey } from '../../server/people/api-keys.ts';
import { hashFile } from '../../src/lib/engine/hash.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import type { Role } from '../../src/lib/engine/sync/access.ts';
import { bytesSource } from '../../src/lib/storage/blob/keys.ts';
import { memoryEngine, type MemoryEngine } from '../unit/memory-engine.ts';
import type { World } from './people-world.ts';

export const origin = 'http://localhost:4173';
export const shaOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const newUid = () =>
  randomUid(12, (bytes) => randomFillSync(bytes as Uint8Array<ArrayBuffer>) as Uint8Array);

export interface BlobWorld {
  readonly app: ReturnType<typeof createHttp>;
  readonly here: MemoryEngine;
  readonly folder: BlobFolder;
  readonly keep: BlobKeep;
  readonly root: string;
  /** Names of parts that are on their way. */
  parts(): string[];
  /** An artifact whose record has come, with bytes that nobody has brought yet. */
  artifact(key: string, bytes: Uint8Array): Promise<{ uid: string; key: string }>;
  key(handle: string, role?: Role, more?: { spaces?: string[] }): Promise<string>;
  ask(
    path: string,
    asked: {
      method?: string;
      body?: unknown;
      bytes?: Uint8Array;
      key?: string | null;
      headers?: Record<string, string>;
      instance?: string;
    },
  ): Promise<{
    status: number;
    headers: Headers;
    bytes: Uint8Array; // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are looked into by the tests
    json: any;
  }>;
  /** Brings bytes as a client does. */
  bring(token: string, key: string, bytes: Uint8Array, part?: number): Promise<number>;
  close(): void;
}

export async function blobWorld(
  people: World,
  given: { limits?: Partial<BlobLimits>; pace?: Pace } = {},
): Promise<BlobWorld> {
  const root = mkdtempSync(join(tmpdir(), 'loam-blobs-'));
  const here = await memoryEngine();
  const folder = await openBlobFolder(root, newUid);
  const { ground, limits, instance } = people;
  const keep = createBlobKeep({
    ...{ postgres: ground.postgres, instance, place: folder, now: ground.now },
    artifactAt: (key) => artifactAt(here.driver, folder.uid, key),
    limits: { ...usualBlobLimits, ...given.limits },
  });
  const app = createHttp({ ground, limits, origin, log: () => undefined });
  app.route(
    '/api/instances',
    blobRoutes({
      ground,
      keepOf: (one) => (one === instance ? keep : null),
      ...(given.pace ? { pace: given.pace } : {}),
    }),
  );
  const world: BlobWorld = {
    ...{ app, here, folder, keep, root },
    parts: () => readdirSync(join(root, '.lamindb', '.staging')),
    async artifact(key, bytes) {
      const [uid = ''] = here.artifacts(key);
      const { hash, hashType } = await hashFile(bytesSource(bytes));
      here.driver.run('UPDATE lamindb_artifact SET size = ?, hash = ?, _hash_type = ? WHERE uid = ?', [
        bytes.length,
        hash,
        hashType,
        uid,
      ]);
      return { uid, key: here.engine.whereabouts(uid).copyKey };
    },
    async key(handle, role = 'write', more = {}) {
      const { account } = await people.person(handle, role);
      const made = { instance, by: account, account: account.uid, name: handle, role, days: 1, ...more };
      return (await makeKey(ground, made)).token;
    },
    async ask(path, { method, body, bytes, key = null, headers = {}, instance: at = instance }) {
      const all: Record<string, string> = { host: 'localhost:4173', ...headers };
      if (key !== null) all.authorization = `Bearer ${key}`;
      if (body !== undefined) all['content-type'] = 'application/json';
      if (bytes) all['content-length'] ??= String(bytes.length);
      const sent = bytes ?? (body === undefined ? undefined : JSON.stringify(body));
      const answer = await app.request(`${origin}/api/instances/${at}/files${path}`, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: all,
        ...(sent === undefined ? {} : { body: sent as BodyInit }),
      });
      const got = new Uint8Array(await answer.arrayBuffer());
      let json = {};
      try {
        json = JSON.parse(Buffer.from(got).toString()) as object;
      } catch {
        // Bytes of a file.
      }
      return { status: answer.status, headers: answer.headers, bytes: got, json };
    },
    async bring(token, key, bytes, part = 1000) {
      const begun = await world.ask('/uploads', {
        body: { key, size: bytes.length, sha256: shaOf(bytes) },
        key: token,
      });
      if (begun.status >= 300) return begun.status;
      const { id, kept, at: from = 0 } = begun.json as { id?: string; kept?: boolean; at?: number };
      if (kept) return 200;
      for (let at = from; at < bytes.length; at += part) {
        const { status } = await world.ask(`/uploads/${id}?at=${at}`, {
          method: 'PUT',
          bytes: bytes.slice(at, at + part),
          key: token,
        });
        if (status >= 300) return status;
      }
      return (await world.ask(`/uploads/${id}/commit`, { body: {}, key: token })).status;
    },
    close: () => rmSync(root, { recursive: true, force: true }),
  };
  return world;
}

export const someBytes = (count: number): Uint8Array => new Uint8Array(randomBytes(count));
