// Bytes in a folder of the server, in LaminDB's layout, so that Python on this machine finds them under the storage's root. A
// file that is coming is a `.part` in `.lamindb/.staging/` of the same disk: its name appears when its hash was compared.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LoamError, storageFull } from '../../src/lib/engine/errors.ts';
import type { ByteSource } from '../../src/lib/engine/ports.ts';
import { checkKey } from './names.ts';

export interface BlobFolder {
  readonly root: string;
  /** Uid of the storage, kept in its mark as LaminDB does. */
  readonly uid: string;
  /** Bytes of an upload that are here. */
  partSize(id: string): Promise<number>;
  /** Writes behind the last byte and brings it to disk; answers how many bytes there are then. */
  append(id: string, at: number, most: number, chunks: AsyncIterable<Uint8Array>): Promise<number>;
  /** Size and sha-256 of a part, and the part itself. */
  readPart<T>(id: string, use: (source: ByteSource, sha256: Uint8Array) => Promise<T>): Promise<T>;
  /** Gives the part its name. False: there is a file of that name, which is never replaced. */
  name(id: string, key: string): Promise<boolean>;
  discard(id: string): Promise<void>;
  size(key: string): Promise<number | null>;
  sha256(key: string): Promise<Uint8Array>;
  /** Files below a key, which is a folder, with their sizes; no more than `most`. */
  list(key: string, most: number): Promise<{ path: string; size: number }[]>;
  /** Bytes `from` to before `to`. */
  stream(key: string, from: number, to: number): AsyncIterable<Uint8Array>;
}

const mark = '.lamindb/storage_uid.txt';
/** So much stays free: a full disk takes the database with it. */
const spare = 256 * 1024 * 1024;

const hasCode = (error: unknown, ...codes: string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? '');

/** `newUid`: twelve letters for a folder that is none of LaminDB's yet. */
export async function openBlobFolder(given: string, newUid: () => string): Promise<BlobFolder> {
  const root = resolve(given);
  const staging = join(root, '.lamindb', '.staging');
  await mkdir(staging, { recursive: true });
  const uid = await markOf(join(root, mark), newUid);
  const partOf = (id: string) => {
    if (!/^[0-9a-f]{64}$/.test(id)) throw new LoamError('ValidationError', 'That is no upload.');
    return join(staging, `${id}.part`);
  };
  const pathOf = (key: string) => join(root, ...checkKey(key));
  const sizeOf = async (path: string): Promise<number | null> => {
    try {
      const found = await stat(path);
      return found.isFile() ? found.size : null;
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return null;
      throw error;
    }
  };
  const shaOf = async (path: string): Promise<Uint8Array> => {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
      hash.update(chunk as Buffer);
    return new Uint8Array(hash.digest());
  };
  const partSize = async (id: string) => (await sizeOf(partOf(id))) ?? 0;

  return {
    ...{ root, uid, partSize },
    async append(id, at, most, chunks) {
      const { bavail, bsize } = await statfs(staging);
      if (bavail * bsize < spare) throw full(bavail * bsize);
      const file = await open(partOf(id), 'a+');
      let end = at;
      try {
        if ((await file.stat()).size !== at) throw new LoamError('IntegrityError', 'Bytes were left out.');
        for await (const chunk of chunks) {
          if (end + chunk.length > most)
            throw new LoamError('ValidationError', 'More bytes came than were announced.');
          for (let done = 0; done < chunk.length;)
            done += (await file.write(chunk, done, chunk.length - done)).bytesWritten;
          end += chunk.length;
        }
        await file.datasync();
        return end;
      } catch (error) {
        if (hasCode(error, 'ENOSPC', 'EDQUOT')) throw full(0);
        throw error;
      } finally {
        await file.close();
      }
    },
    async readPart(id, use) {
      const path = partOf(id);
      // Of no bytes no part was sent.
      const file = await open(path, 'a+');
      try {
        const { size } = await file.stat();
        await file.sync();
        const read = async (start: number, end: number) => {
          const bytes = Buffer.alloc(Math.max(0, Math.min(end, size) - start));
          const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
          return new Uint8Array(bytes.buffer, bytes.byteOffset, bytesRead);
        };
        return await use({ size, read }, await shaOf(path));
      } finally {
        await file.close();
      }
    },
    async name(id, key) {
      const target = pathOf(key);
      try {
        await mkdir(dirname(target), { recursive: true });
        // A link does not replace what is there, as a rename would.
        await link(partOf(id), target);
      } catch (error) {
        if (hasCode(error, 'EEXIST', 'ENOTDIR')) return false;
        throw error;
      }
      await rm(partOf(id), { force: true });
      return true;
    },
    discard: (id) => rm(partOf(id), { force: true }),
    size: (key) => sizeOf(pathOf(key)),
    sha256: (key) => shaOf(pathOf(key)),
    list: async (key, most) => filesBelow(pathOf(key), '', most),
    stream: (key, from, to) => fileRange(pathOf(key), from, to),
  };
}

async function filesBelow(
  folder: string,
  before: string,
  most: number,
): Promise<{ path: string; size: number }[]> {
  const found: { path: string; size: number }[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (found.length >= most) break;
    const [path, full] = [`${before}${entry.name}`, join(folder, entry.name)];
    // Links are followed by nobody: they may lead out of the storage.
    if (entry.isDirectory()) found.push(...(await filesBelow(full, `${path}/`, most - found.length)));
    else if (entry.isFile()) found.push({ path, size: (await stat(full)).size });
  }
  return found;
}

/** Bytes `from` to before `to` of a file. */
export async function* fileRange(path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  if (to <= from) return;
  const stream = createReadStream(path, { start: from, end: to - 1, highWaterMark: 256 * 1024 });
  for await (const chunk of stream) yield chunk as Buffer;
}

const full = (free: number) => {
  const { message } = storageFull(spare, free);
  return new LoamError('StorageFull', message.replace('on this device', 'on the server'));
};

async function markOf(path: string, newUid: () => string): Promise<string> {
  const read = async () => /^[0-9A-Za-z]{12}/.exec(await readFile(path, 'utf8'))?.[0];
  try {
    const found = await read();
    if (found) return found;
    throw new LoamError('DataError', `${path} holds no uid of a storage. Put it right or remove it.`);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  const made = newUid();
  // Two servers that begin at once: one of them makes it.
  await writeFile(path, made, { flag: 'wx' }).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error;
  });
  return (await read()) ?? made;
}
