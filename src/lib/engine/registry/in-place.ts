// Files that become artifacts where they lie, without a copy, as LaminDB 2.12.1 registers a path below a storage's root: the
// key is the path below the root, it is no virtual one, and content is not looked up by its hash. One act, one run.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { md5Hex } from '../md5.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { suffixOf } from '../suffix.ts';
import { randomUid } from '../uid.ts';
import type { Transaction } from '../write/transaction.ts';
import { insertArtifacts, mintUid, type PlacedFacts, type SavePlan } from './artifact.ts';
import { checkKey } from './key.ts';
import { finishRun, ownTransform, startRun } from './run.ts';
import { isDeviceRoot } from './device-storage.ts';

/** A file as a list or a server tells it. */
export interface PlacedFile {
  /** Below the storage's root. */
  key: string;
  size: number;
  /** Without quotes; empty where the server tells none. */
  etag: string;
  /** What was computed from the bytes themselves, which goes before the ETag: of files of the disk. */
  content?: { hash: string; hashType: string; nFiles: number | null };
}

export interface PlacedArtifact {
  key: string;
  uid: string;
  /** `known`: it was registered before and is the same. */
  outcome: 'new' | 'version' | 'known';
}

const transformKey = 'loam/register-in-place';
/** LaminDB calls paths with these suffixes a DataFrame without opening them. */
const frameSuffixes = new Set(['.parquet', '.csv', '.ipc']);
/** Up to here a transaction is about as long as a slice would be. */
const atOnce = 200;
const filesMost = 100_000;

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Bytes as hex to base64url without padding (LaminDB's `b16_to_b64`). */
function fromHex(hex: string): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (let i = 0; i < hex.length; i += 2) {
    held = (held << 8) | parseInt(hex.slice(i, i + 2), 16);
    for (bits += 8; bits >= 6;) text += base64[(held >> (bits -= 6)) & 63];
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + base64[(held << (6 - bits)) & 63] : text;
}

/** The hash that LaminDB takes from a server's ETag (lamindb_setup `get_stat_file_cloud`); null where there is none. */
export function placedHash(type: string, etag: string): { hash: string | null; hashType: string | null } {
  if (etag === '') return { hash: null, hashType: null };
  const [, md5, parts] = /^([0-9a-f]{32})(?:-(\d+))?$/i.exec(etag) ?? [];
  if ((type === 's3' || type === 'gs') && md5)
    return { hash: fromHex(md5.toLowerCase()), hashType: parts === undefined ? 'md5' : `md5-${parts}` };
  return { hash: fromHex(md5Hex(etag)), hashType: 'md5-etag' };
}

export function inPlacePart({ read, act, jobs, random, request }: EngineContext) {
  return {
    /** Makes artifacts of files below a storage's root; those that are known and unchanged stay as they are. */
    async registerInPlace(storage: string, files: readonly PlacedFile[]): Promise<PlacedArtifact[]> {
      if (!Array.isArray(files) || files.length === 0)
        throw new LoamError('InvalidArgument', 'Choose at least one file to register.');
      if (files.length > filesMost)
        throw new LoamError('InvalidArgument', `At most ${filesMost} files are registered at once.`);
      const place = read(one('SELECT id, root, type FROM lamindb_storage WHERE uid = ?', [storage]));
      if (!place)
        throw new LoamError('DoesNotExist', `There is no storage location ${storage}.`, { storage });
      const [storageId, root, type] = [Number(place[0]), String(place[1]), String(place[2])];
      if (isDeviceRoot(root))
        throw new LoamError('InvalidArgument', 'Files of this browser are added by dropping them.');
      for (const { key, size, content } of files) {
        checkKey(key);
        if (content && !/^[\w-]{22}$/.test(content.hash))
          throw new LoamError('InvalidArgument', `${key} comes with a hash that is none.`, { key });
        if (!Number.isSafeInteger(size) || size < 0)
          throw new LoamError('InvalidArgument', `${key} has no size that a file can have.`, { key });
      }
      const title =
        files.length === 1
          ? `Register ${files[0]?.key.slice(0, 60)} in place`
          : `Register ${files.length} files in place`;
      const made: PlacedArtifact[] = [];
      let run: number | null = null;
      let done = 0;
      const steps = function* (tx: Transaction, part: readonly PlacedFile[]): Steps<void> {
        if (run === null) {
          const transform = yield* ownTransform(tx, transformKey, 'Files registered where they lie');
          run = (yield* startRun(tx, transform, { storage: root, files: files.length })).id;
        }
        tx.runId = run;
        made.push(...(yield* register(tx, storageId, type, part)));
        done += part.length;
        if (done >= files.length) yield* finishRun(tx, run, 'completed');
      };
      if (files.length <= atOnce) act('register', title, (tx) => steps(tx, files));
      else {
        const spec = { uid: request() ?? randomUid(16, random), kind: 'register', title };
        await jobs.run(
          spec,
          files.map((_, i) => i),
          (tx, part) =>
            steps(
              tx,
              part.flatMap((i) => files[i] ?? []),
            ),
        );
      }
      return made.length > 0 ? made : read(registered(storageId, files));
    },
  };
}

/** What a request that was sent again has made before. */
function* registered(storageId: number, files: readonly PlacedFile[]): Steps<PlacedArtifact[]> {
  const rows = yield* all(
    `SELECT key, uid FROM lamindb_artifact WHERE key IN (SELECT value FROM json_each(?1)) AND storage_id = ?2
       AND loam_present(branch_id) ORDER BY is_latest, id`,
    [JSON.stringify(files.map(({ key }) => key)), storageId],
  );
  const uids = new Map(rows.map(([key, uid]) => [String(key), String(uid)]));
  return [...uids].map(([key, uid]) => ({ key, uid, outcome: 'known' as const }));
}

function* register(
  tx: Transaction,
  storageId: number,
  type: string,
  files: readonly PlacedFile[],
): Steps<PlacedArtifact[]> {
  const rows = yield* all(
    `SELECT key, id, uid, storage_id, hash, size, _key_is_virtual FROM lamindb_artifact
     WHERE key IN (SELECT value FROM json_each(?)) AND loam_present(branch_id)
     ORDER BY is_latest DESC, created_at DESC, id DESC`,
    [JSON.stringify(files.map(({ key }) => key))],
  );
  const byKey = new Map<string, SqlValue[][]>();
  for (const row of rows) {
    const same = byKey.get(String(row[0]));
    if (same) same.push(row);
    else byKey.set(String(row[0]), [row]);
  }
  const fresh: { facts: PlacedFacts; revises: SavePlan['found'] }[] = [];
  const out: PlacedArtifact[] = [];
  const seen = new Set<string>();
  for (const { key, size, etag, content } of files) {
    if (seen.has(key)) continue;
    seen.add(key);
    const { hash, hashType } = content ?? placedHash(type, etag);
    const same = byKey.get(key) ?? [];
    const known = same.find(
      ([, , , storage, itsHash, itsSize, virtual]) =>
        storage === storageId && virtual === 0 && (hash === null ? itsSize === size : itsHash === hash),
    );
    if (known) {
      out.push({ key, uid: String(known[2]), outcome: 'known' });
      continue;
    }
    const [head] = same;
    const found = head ? { id: Number(head[1]), uid: String(head[2]), key } : null;
    const plan: SavePlan = { case: found ? 'version' : 'new', found, message: null };
    const uid = yield* mintUid(tx, plan);
    const suffix = suffixOf(key).canonical;
    fresh.push({
      facts: {
        ...{ uid, key, suffix, size, hash, hashType, storageId, inPlace: true },
        ...{ nFiles: content?.nFiles ?? null, kind: null, nObservations: null, description: null },
        otype: frameSuffixes.has(suffix) ? 'DataFrame' : null,
      },
      revises: found,
    });
    out.push({ key, uid, outcome: found ? 'version' : 'new' });
  }
  yield* insertArtifacts(tx, fresh);
  return out;
}
