// The objects of a Zarr store by path, whether they lie in a folder or in a zip file. Nothing is read before it is asked for.
import type { ByteSource, FolderSource } from '../engine/ports.ts';
import { MAX_RATIO } from './source.ts';
import { count } from './summary.ts';
import { Unsupported } from './tree.ts';
import type { ZipEntry } from './zip.ts';

export type Range = { offset: number; length: number } | { suffixLength: number };

export interface ObjectStore {
  /** Paths of all objects, without a leading slash. */
  paths: readonly string[];
  get(path: string): Promise<Uint8Array | undefined>;
  getRange(path: string, range: Range): Promise<Uint8Array | undefined>;
}

/** One object of a store: a chunk or a description. */
const MAX_OBJECT = 256 * 1024 * 1024;

export function folderStore(folder: FolderSource): ObjectStore {
  const files = new Map(folder.files.map(({ path, source }) => [path, source]));
  return {
    paths: [...files.keys()],
    async get(path) {
      const source = files.get(path);
      if (source === undefined) return undefined;
      if (source.size > MAX_OBJECT)
        throw new Unsupported(`a piece of ${count(source.size)} bytes is too large`);
      return source.read(0, source.size);
    },
    async getRange(path, range) {
      const source = files.get(path);
      if (source === undefined) return undefined;
      return 'suffixLength' in range
        ? source.read(Math.max(0, source.size - range.suffixLength), source.size)
        : source.read(range.offset, range.offset + range.length);
    },
  };
}

export async function zipStore(source: ByteSource, entries: readonly ZipEntry[]): Promise<ObjectStore> {
  const { default: ZipFileStore } = await import('@zarrita/storage/zip');
  const zip = new ZipFileStore({
    getLength: () => Promise.resolve(source.size),
    read: async (offset: number, length: number) =>
      (await source.read(offset, offset + length)) as Uint8Array<ArrayBuffer>,
  });
  const bombs = new Set(
    entries
      .filter(
        (entry) => entry.size > MAX_OBJECT || (entry.size > 2 ** 24 && entry.size > MAX_RATIO * entry.packed),
      )
      .map((entry) => entry.path),
  );
  const check = (path: string): void => {
    if (bombs.has(path)) throw new Unsupported('a piece is too large');
  };
  return {
    paths: entries.map((entry) => entry.path),
    get(path) {
      check(path);
      return zip.get(`/${path}`);
    },
    getRange(path, range) {
      check(path);
      return zip.getRange(`/${path}`, range);
    },
  };
}
