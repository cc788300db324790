// Artifact bytes in a folder of the file system (CLI, server, tests), in the same layout as in the browser, so that
// Python's LaminDB finds them under a local storage root. Staged bytes lie in `.lamindb/.staging/` of the same disk.
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { LoamError, storageFull } from '../../engine/errors.ts';
import type { BlobStore } from '../../engine/ports.ts';
import { checkToken, inLanes, keyParts, missingKey, pump, stagedParts } from './keys.ts';
import { byKey } from './memory.ts';

const stagingFolder = '.lamindb/.staging';

function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}

export async function createNodeBlobs(root: string): Promise<BlobStore> {
  const staging = join(root, stagingFolder);
  await mkdir(staging, { recursive: true });
  const pathOf = (key: string) => {
    if (`${key}/`.startsWith(`${stagingFolder}/`)) throw missingKey(key);
    return join(root, ...keyParts(key));
  };

  async function kind(path: string): Promise<'file' | 'folder' | null> {
    try {
      return (await stat(path)).isDirectory() ? 'folder' : 'file';
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null;
      throw error;
    }
  }

  /** One file, written by `work` and brought to disk; nothing of it stays where that fails. */
  async function writing(
    target: string,
    size: number,
    work: (write: (chunk: Uint8Array, at: number) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    try {
      await makeParent(target);
      const file = await open(target, 'w');
      try {
        await work(async (chunk, at) => {
          // One write can take less than it was given.
          for (let done = 0; done < chunk.length;) {
            done += (await file.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
          }
        });
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      await rm(target, { force: true }).catch(() => {});
      if (hasCode(error, 'ENOSPC', 'EDQUOT')) {
        const { bavail, bsize } = await statfs(root);
        throw storageFull(size, bavail * bsize);
      }
      throw error;
    }
  }

  async function makeParent(target: string): Promise<void> {
    await mkdir(dirname(target), { recursive: true }).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST', 'ENOTDIR')) throw error;
      throw new LoamError('InvalidArgument', `"${relative(root, target)}" lies below a key that is a file.`);
    });
  }

  /** Every file below, with its path; staged ones are left out. */
  async function walk(folder: string, prefix = ''): Promise<string[]> {
    const paths: string[] = [];
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = prefix + entry.name;
      const full = join(folder, entry.name);
      if (full === staging) continue;
      if (entry.isDirectory()) paths.push(...(await walk(full, `${path}/`)));
      else if (entry.isFile()) paths.push(path);
    }
    return paths;
  }

  return {
    root,
    async stage(token, path, source, onProgress, signal) {
      const target = join(staging, checkToken(token), ...stagedParts(path));
      await writing(target, source.size, (write) => pump(source, write, onProgress, signal));
    },
    async put(files) {
      const paths = files.map(({ key, bytes }) => ({ path: pathOf(key), bytes }));
      await inLanes(paths, 8, ({ path, bytes }) => writing(path, bytes.length, (write) => write(bytes, 0)));
    },
    settle: async () => {},
    async commit(token, key) {
      const target = pathOf(key);
      const from = join(staging, checkToken(token));
      const one = join(from, 'file');
      const many = join(from, 'folder');
      const source = (await kind(one)) ? one : (await kind(many)) ? many : null;
      if (source) {
        await rm(target, { recursive: true, force: true });
        await makeParent(target);
        await rename(source, target);
      }
      await rm(from, { recursive: true, force: true });
      if (!(await kind(target))) throw missingKey(key);
    },
    discard: (token) => rm(join(staging, checkToken(token)), { recursive: true, force: true }),
    staged: async () => (await readdir(staging)).sort(),
    async open(key) {
      const path = pathOf(key);
      if ((await kind(path)) !== 'file') throw missingKey(key);
      const { size } = await stat(path);
      return {
        size,
        async read(start, end) {
          const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
          const file = await open(path, 'r');
          try {
            const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
            return bytes.subarray(0, bytesRead);
          } finally {
            await file.close();
          }
        },
      };
    },
    async list(key) {
      const path = pathOf(key);
      const found = await kind(path);
      if (!found) throw missingKey(key);
      return found === 'file' ? [] : (await walk(path)).sort();
    },
    exists: async (key) => (await kind(pathOf(key))) !== null,
    remove: (key) => rm(pathOf(key), { recursive: true, force: true }),
    async keys() {
      const found = await walk(root);
      const sized = found.map(async (key) => ({ key, size: (await stat(join(root, key))).size }));
      return (await Promise.all(sized)).sort(byKey);
    },
  };
}
