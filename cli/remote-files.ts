// Artifacts that lie at an address or in a bucket, brought onto this computer once: whole files, compared with what the
// database knows of them, in a cache folder that may be removed at any time. Keys are those of the environment, by the
// names that Amazon's own tools use.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import { hashFile, hashFolder } from '../src/lib/engine/hash.ts';
import type { Whereabouts } from '../src/lib/engine/registry/whereabouts.ts';
import { atAddress, type Remote, type RemoteFacts } from '../src/lib/storage/remote/address.ts';
import { openObject, pieceLots, readRange } from '../src/lib/storage/remote/range-request.ts';
import {
  addressBelow,
  bucketOf,
  isBucket,
  isElsewhere,
  listObjects,
  s3Object,
  type S3Bucket,
  type S3Keys,
} from '../src/lib/storage/remote/s3.ts';
import { localFile, localFolder } from './local-files.ts';

const pieceBytes = 8 * 1024 * 1024;
/** Pieces on their way at a time; they are written in order. */
const lanes = 4;
/** Of a folder so many files are brought. */
const filesMost = 10_000;

export interface RemoteFiles {
  /** Told of each file before it is fetched, with its size. */
  onFetch: (name: string, bytes: number) => void;
  /** Whether a storage is one that files are brought from. */
  reaches(root: string): boolean;
  /** The file or folder on this computer. What was brought before is taken as long as it is the same at its place. */
  bring(place: Whereabouts): Promise<string>;
}

export function createRemoteFiles(cache: string, env: NodeJS.ProcessEnv = process.env): RemoteFiles {
  const keys = keysOf(env);

  async function bring(place: Whereabouts): Promise<string> {
    const { storage, key, name } = place;
    if (!isBucket(storage.root)) {
      if (place.folder)
        throw new LoamError(
          'BytesElsewhere',
          `${name} is a folder at ${storage.root.split('?')[0]}. Web servers do not tell what a folder holds: fetch it and save it here.`,
          { uid: place.uid },
        );
      return await whole(atAddress(addressBelow(storage.root, key)), place);
    }
    const bucket = bucketOf(storage.root, storage.region);
    const path = bucket.prefix === '' ? key : `${bucket.prefix}/${key}`;
    if (!place.folder) return whole(s3Object(bucket, keys, path), place);
    return folder(bucket, `${path}/`, place);
  }

  /** One file, in a folder named by its place and by what it is there now. */
  async function whole(remote: Remote, place: Whereabouts): Promise<string> {
    const { facts } = await openObject(remote, 1, place.size);
    if (place.size !== null && facts.size !== place.size) throw replaced(remote, facts, place.size);
    const home = join(cache, short(remote.identity));
    const target = join(home, short(`${facts.size} ${facts.tag}`), safeName(remote.title));
    if (statSync(target, { throwIfNoEntry: false })?.size === facts.size) return target;
    // Of an object only its present version is kept.
    rmSync(home, { recursive: true, force: true });
    made.onFetch(place.name, facts.size);
    await fetched(remote, facts, target, async (path) => {
      const { source, close } = localFile(path);
      try {
        if (/^(?:md5|sha1-fl)$/.test(place.hashType ?? '')) compare(place, (await hashFile(source)).hash);
      } finally {
        close();
      }
    });
    return target;
  }

  async function folder(bucket: S3Bucket, prefix: string, place: Whereabouts): Promise<string> {
    const objects = [];
    for (let after: string | null = null; ;) {
      const page = await listObjects(bucket, keys, prefix, { deep: true, after });
      objects.push(...page.objects);
      if (objects.length > filesMost)
        throw new LoamError('InvalidArgument', `${place.name} holds more than ${filesMost} files.`);
      after = page.next;
      if (after === null) break;
    }
    if (objects.length === 0)
      throw new LoamError('FileUnreadable', `There is nothing at ${place.storage.root}/${place.key}.`);
    const identity = `${bucket.scheme}://${bucket.bucket}/${prefix} ${bucket.endpoint ?? ''}`;
    const version = objects.map(({ key, size, etag }) => `${key} ${size} ${etag}`).join('\n');
    const home = join(cache, short(identity));
    const target = join(home, short(version), safeName(place.key.split('/').pop() ?? place.uid));
    if (existsSync(target)) return target;
    rmSync(home, { recursive: true, force: true });
    made.onFetch(
      place.name,
      objects.reduce((sum, { size }) => sum + size, 0),
    );
    const half = `${target}.part`;
    for (const { key, size, etag } of objects) {
      const path = resolve(half, key.slice(prefix.length));
      // A key may be anything, also a way out of the folder.
      if (!path.startsWith(`${resolve(half)}${sep}`))
        throw new LoamError(
          'InvalidArgument',
          `${place.name} holds the key "${key}", which is no name of a file.`,
        );
      await fetched(s3Object(bucket, keys, key), { size, tag: `"${etag}"` }, path);
    }
    if (place.hashType === 'md5-d') compare(place, (await hashFolder(localFolder(half))).hash);
    renameSync(half, target);
    return target;
  }

  const made: RemoteFiles = {
    onFetch: () => {},
    reaches: isElsewhere,
    bring,
  };
  return made;
}

const isOurs = (name: string): boolean => /^[0-9a-f]{24}$/.test(name);

/** Removes what was brought, and nothing else that may lie in the folder. */
export function clearCache(cache: string): void {
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache).filter(isOurs))
    rmSync(join(cache, name), { recursive: true, force: true });
}

/** Where files are kept that were brought from elsewhere. */
export const usualCache = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'loam');

/** Bytes of all that is kept. */
export function cacheBytes(cache: string): number {
  if (!existsSync(cache)) return 0;
  return readdirSync(cache)
    .filter(isOurs)
    .flatMap((name) => readdirSync(join(cache, name), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function fetched(
  remote: Remote,
  facts: RemoteFacts,
  target: string,
  check: (path: string) => Promise<void> = async () => {},
): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  const half = `${target}.part`;
  const file = await open(half, 'w');
  try {
    const read = (from: number, to: number) => readRange(remote, facts, from, to);
    let at = 0;
    for (const pieces of pieceLots(facts.size, at, { pieceBytes, lanes }, read))
      for (const piece of pieces) {
        const bytes = await piece;
        await file.write(bytes, 0, bytes.length, at);
        at += bytes.length;
      }
    await file.close();
    await check(half);
    renameSync(half, target);
  } catch (error) {
    await file.close().catch(() => {});
    rmSync(half, { force: true });
    throw error;
  }
}

function compare({ name, uid, hash, storage }: Whereabouts, found: string): void {
  if (hash === null || hash === found) return;
  throw new LoamError(
    'IntegrityError',
    `${name} at ${storage.root.split('?')[0]} is not what the artifact is: its hash is ${found}, the database says ${hash}. It was replaced there; register it again as a new version.`,
    { uid },
  );
}

const replaced = (remote: Remote, { size }: RemoteFacts, known: number) =>
  new LoamError(
    'FileUnreadable',
    `${remote.title} has ${size} bytes now, the database says ${known}: it was replaced since it was registered. Register it again as a new version.`,
    { address: remote.identity },
  );

function keysOf(env: NodeJS.ProcessEnv): S3Keys | null {
  const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) return null;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);
const safeName = (name: string): string => {
  // eslint-disable-next-line no-control-regex -- signs that no file system takes
  const safe = name.replace(/[\u0000-\u001f<>:"/\\|?*]/g, '_').slice(-120);
  return /^\.*$/.test(safe) ? `_${safe}` : safe;
};
