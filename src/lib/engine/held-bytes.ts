// How many bytes a blob store holds, for the meter on screen. Looking at every file takes a second for some thousand of
// them and the meter asks after every act, so they are counted once and then kept count of.
import type { BlobStore } from './ports.ts';

export interface CountedBlobs extends BlobStore {
  /** Bytes under all storage keys. */
  held(): Promise<number>;
}

export function countedBlobs(store: BlobStore): CountedBlobs {
  let known: number | null = null;
  /** Grows with each change: a count that was overtaken by one is not kept. */
  let changes = 0;
  /** Sizes of what is staged, by token and path. */
  const staged = new Map<string, Map<string, number>>();

  const sum = (sizes: Iterable<number>) => [...sizes].reduce((total, size) => total + size, 0);
  const total = async () => sum((await store.keys()).map(({ size }) => size));

  async function sizeOf(key: string): Promise<number> {
    if (!(await store.exists(key))) return 0;
    const paths = await store.list(key);
    const keys = paths.length > 0 ? paths.map((path) => `${key}/${path}`) : [key];
    let size = 0;
    // A folder without files is no stored file.
    for (const one of keys)
      size += await store.open(one).then(
        (source) => source.size,
        () => 0,
      );
    return size;
  }

  /** Runs a change that adds `grown` bytes and takes those that lie under the key now. */
  async function changing(key: string | null, grown: number, change: () => Promise<void>): Promise<void> {
    const before = known === null || key === null ? 0 : await sizeOf(key);
    try {
      await change();
      if (known !== null) known += grown - before;
    } catch (error) {
      // Some of it may have been done.
      known = null;
      throw error;
    } finally {
      changes += 1;
    }
  }

  return {
    ...store,
    async stage(token, path, source, ...rest) {
      await store.stage(token, path, source, ...rest);
      const sizes = staged.get(token) ?? new Map<string, number>();
      staged.set(token, sizes.set(path, source.size));
    },
    async commit(token, key) {
      const sizes = staged.get(token);
      // Staged by an earlier session: how much it is must be looked up.
      if (!sizes) known = null;
      await changing(key, sum(sizes?.values() ?? []), () => store.commit(token, key));
      staged.delete(token);
    },
    async discard(token) {
      await store.discard(token);
      staged.delete(token);
    },
    /** Keys of small files are new ones: nothing lies there yet. */
    put: (files) => changing(null, sum(files.map(({ bytes }) => bytes.length)), () => store.put(files)),
    remove: (key) => changing(key, 0, () => store.remove(key)),
    async held() {
      if (known !== null) return known;
      const before = changes;
      const found = await total();
      if (changes === before) known = found;
      return found;
    },
  };
}
