// Artifact bytes in memory: unit tests, and browsers without any storage (the page says so loudly).
import { storageFull } from '../../engine/errors.ts';
import type { BlobStore } from '../../engine/ports.ts';
import { bytesSource, checkToken, inLanes, keyParts, missingKey, pump, stagedParts } from './keys.ts';

export interface MemoryBlobOptions {
  root?: string;
  /** Bytes that fit, to test full storage. */
  capacity?: number;
}

export function createMemoryBlobs(options: MemoryBlobOptions = {}): BlobStore {
  const stored = new Map<string, Uint8Array>();
  const staging = new Map<string, Map<string, Uint8Array>>();
  const capacity = options.capacity ?? Infinity;

  function used(): number {
    let sum = 0;
    for (const bytes of stored.values()) sum += bytes.length;
    for (const files of staging.values()) for (const bytes of files.values()) sum += bytes.length;
    return sum;
  }
  const below = (key: string) => [...stored.keys()].filter((name) => name.startsWith(`${key}/`));

  return {
    root: options.root ?? 'memory://storage',
    async stage(token, path, source, onProgress, signal) {
      checkToken(token);
      const name = stagedParts(path).join('/');
      const free = capacity - used();
      if (source.size > free) throw storageFull(source.size - free, free);
      const bytes = new Uint8Array(source.size);
      await pump(source, (chunk, at) => bytes.set(chunk, at), onProgress, signal);
      const files = staging.get(token) ?? new Map<string, Uint8Array>();
      staging.set(token, files.set(name, bytes));
    },
    async commit(token, key) {
      keyParts(key);
      const files = staging.get(checkToken(token));
      if (!files) {
        if (stored.has(key) || below(key).length > 0) return;
        throw missingKey(key);
      }
      for (const [name, bytes] of files)
        stored.set(name === 'file' ? key : key + name.slice('folder'.length), bytes);
      staging.delete(token);
    },
    async put(files) {
      for (const { key } of files) keyParts(key);
      await inLanes(files, 1, async ({ key, bytes }) => {
        const free = capacity - used() + (stored.get(key)?.length ?? 0);
        if (bytes.length > free) throw storageFull(bytes.length - free, free);
        stored.set(key, bytes.slice());
      });
    },
    settle: async () => {},
    async discard(token) {
      staging.delete(checkToken(token));
    },
    staged: async () => [...staging.keys()].sort(),
    async open(key) {
      keyParts(key);
      const bytes = stored.get(key);
      if (!bytes) throw missingKey(key);
      return bytesSource(bytes);
    },
    async list(key) {
      keyParts(key);
      const names = below(key);
      if (names.length === 0 && !stored.has(key)) throw missingKey(key);
      return names.map((name) => name.slice(key.length + 1)).sort();
    },
    async exists(key) {
      keyParts(key);
      return stored.has(key) || below(key).length > 0;
    },
    async remove(key) {
      keyParts(key);
      for (const name of [key, ...below(key)]) stored.delete(name);
    },
    keys: async () => [...stored].map(([key, bytes]) => ({ key, size: bytes.length })).sort(byKey),
  };
}

export function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
