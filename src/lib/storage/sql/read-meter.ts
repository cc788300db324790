// How much of a database file has been read: which of its pages were asked for at least once. Checking a file touches
// every page, so the share of pages seen is an honest measure of how far the check is.
import type { AccessHandle } from './wal-frames.ts';

export interface ReadMeter {
  /** Wraps the handles opened while `work` runs. */
  around<T>(work: () => Promise<T>): Promise<T>;
  /** Begins to count anew, for a file of that many bytes; `tell` hears of it at most every 100 ms. */
  start(bytes: number, tell: (done: number, total: number) => void): void;
  stop(): void;
}

const grain = 4096;
const tellEveryMs = 100;

export function createReadMeter(): ReadMeter {
  let seen = new Uint8Array(0);
  let count = 0;
  let total = 0;
  let told = 0;
  let tell: ((done: number, total: number) => void) | null = null;

  function note(at: number, bytes: number): void {
    if (!tell) return;
    for (let block = Math.floor(at / grain); block * grain < at + bytes && block < seen.length; block++) {
      if (seen[block]) continue;
      seen[block] = 1;
      count++;
    }
    const now = performance.now();
    if (now - told < tellEveryMs) return;
    told = now;
    tell(Math.min(total, count * grain), total);
  }

  return {
    async around(work) {
      const files = FileSystemFileHandle.prototype;
      const plain = files.createSyncAccessHandle;
      files.createSyncAccessHandle = async function (this: FileSystemFileHandle) {
        const handle = (await plain.call(this)) as FileSystemSyncAccessHandle & AccessHandle;
        const read = handle.read.bind(handle);
        handle.read = (bytes: Uint8Array, options?: { at?: number }) => {
          const got = read(bytes as Uint8Array<ArrayBuffer>, options);
          note(options?.at ?? 0, got);
          return got;
        };
        return handle;
      };
      try {
        return await work();
      } finally {
        files.createSyncAccessHandle = plain;
      }
    },
    start(bytes, listener) {
      seen = new Uint8Array(Math.ceil(bytes / grain) + 1);
      count = 0;
      total = bytes;
      told = 0;
      tell = listener;
    },
    stop() {
      tell = null;
    },
  };
}
