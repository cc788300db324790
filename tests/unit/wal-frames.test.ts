// Gathered frames: one write per commit, nothing left behind after it, and every other access sees all bytes.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { gatherFrames, gatheringFrames, type AccessHandle } from '../../src/lib/storage/sql/wal-frames.ts';

const page = 64;
let file: Uint8Array;
let writes: [at: number, bytes: number][];
let handle: AccessHandle;

beforeEach(() => {
  file = new Uint8Array(0);
  writes = [];
  handle = gatherFrames({
    write(bytes, { at = 0 } = {}) {
      writes.push([at, bytes.length]);
      const next = new Uint8Array(Math.max(file.length, at + bytes.length));
      next.set(file);
      next.set(bytes, at);
      file = next;
      return bytes.length;
    },
    read(bytes, { at = 0 } = {}) {
      const part = file.subarray(at, at + bytes.length);
      bytes.set(part);
      return part.length;
    },
    flush() {},
    getSize: () => file.length,
    truncate(size) {
      file = file.slice(0, size);
    },
    close() {},
  });
  handle.write(new Uint8Array(32).fill(9), { at: 0 });
  writes = [];
});

function frame(at: number, fill: number, commit: boolean): number {
  const head = new Uint8Array(24).fill(fill);
  head.set([0, 0, 0, commit ? 7 : 0], 4);
  expect(handle.write(head, { at })).toBe(24);
  head.fill(0);
  expect(handle.write(new Uint8Array(page).fill(fill), { at: at + 24 })).toBe(page);
  return at + 24 + page;
}

it('writes the frames of a commit at once, when its last one arrives', () => {
  const second = frame(32, 1, false);
  expect(writes).toEqual([]);
  const third = frame(second, 2, true);
  expect(writes).toEqual([[32, 2 * (24 + page)]]);
  expect([file[32], file[32 + 24], file[second], file[second + 24]]).toEqual([1, 1, 2, 2]);
  frame(third, 3, true);
  expect(writes.length).toBe(2);
});

it('writes out what is held before it reads, measures, cuts, flushes, closes or writes elsewhere', () => {
  const uses: (() => void)[] = [
    () => handle.read(new Uint8Array(8), { at: 0 }),
    () => handle.getSize(),
    () => handle.flush(),
    () => handle.close(),
    () => handle.write(new Uint8Array(8), { at: 0 }),
    () => handle.truncate(5000),
  ];
  for (const [i, use] of uses.entries()) {
    handle.write(new Uint8Array(32), { at: 0 });
    frame(32, i + 1, false);
    expect(file[40] === i + 1).toBe(false);
    use();
    expect(file[40]).toBe(i + 1);
  }
});

it('never holds a head that SQLite rewrites in place', () => {
  const second = frame(32, 1, false);
  frame(second, 2, true);
  handle.read(new Uint8Array(24), { at: 32 });
  writes = [];
  handle.write(new Uint8Array(24), { at: 32 });
  handle.write(new Uint8Array(24), { at: second });
  expect(writes).toEqual([
    [32, 24],
    [second, 24],
  ]);
});

it('reports a disk that takes fewer bytes, and forgets them', () => {
  const full = gatherFrames<AccessHandle>({
    ...handle,
    write: (bytes) => bytes.length - 1,
    flush() {},
    close() {},
  });
  full.write(new Uint8Array(32), { at: 0 });
  full.write(new Uint8Array(24).fill(1), { at: 32 });
  expect(() => full.write(new Uint8Array(page), { at: 56 })).toThrow(/full/);
  expect(() => full.flush()).not.toThrow();
});

describe('pools of two databases at work at once', () => {
  /** A browser's file whose handle writes down each write. */
  class File {
    writes = 0;
    createSyncAccessHandle(): Promise<AccessHandle> {
      return Promise.resolve({
        write: (bytes) => (this.writes++, bytes.length),
        read: () => 0,
        flush() {},
        getSize: () => 0,
        truncate() {},
        close() {},
      });
    }
  }

  /** One commit of three frames; what is gathered goes out in one write. */
  async function commit(file: File): Promise<number> {
    const handle = await file.createSyncAccessHandle();
    handle.write(new Uint8Array(32), { at: 0 });
    const before = file.writes;
    for (let frame = 0; frame < 3; frame++) {
      const head = new Uint8Array(24);
      if (frame === 2) head[7] = 1;
      const at = 32 + frame * (24 + 4096);
      handle.write(head, { at });
      handle.write(new Uint8Array(4096), { at: at + 24 });
    }
    return file.writes - before;
  }

  beforeEach(() => vi.stubGlobal('FileSystemFileHandle', File));
  afterEach(() => vi.unstubAllGlobals());

  it('gather until the last one is done, and then nobody does', async () => {
    const own = Object.getOwnPropertyDescriptor(File.prototype, 'createSyncAccessHandle')?.value as unknown;
    let endFirst = () => {};
    const first = gatheringFrames(() => new Promise<void>((resolve) => (endFirst = resolve)));
    let openSecond = () => {};
    const second = gatheringFrames(async () => {
      await new Promise<void>((resolve) => (openSecond = resolve));
      return commit(new File());
    });
    endFirst();
    await first;
    openSecond();
    expect(await second).toBe(1);
    expect(File.prototype.createSyncAccessHandle).toBe(own);
    expect(await commit(new File())).toBe(6);
  });

  it('give the browser its method back after a failure', async () => {
    const own = Object.getOwnPropertyDescriptor(File.prototype, 'createSyncAccessHandle')?.value as unknown;
    await expect(gatheringFrames(() => Promise.reject(new Error('locked')))).rejects.toThrow('locked');
    expect(File.prototype.createSyncAccessHandle).toBe(own);
  });
});
