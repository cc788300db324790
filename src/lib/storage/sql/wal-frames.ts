// Hands the frames of a WAL commit to OPFS in one write. SQLite writes a 24-byte head and a page for each of the 17
// pages that a new label touches, and 34 calls of 20 µs were three quarters of a commit. Nothing is held beyond the
// commit: its last frame says so in its head, and frames without it are void after a crash wherever they lie.

/** What of FileSystemSyncAccessHandle is used here; tests give their own. */
export interface AccessHandle {
  write(bytes: Uint8Array, options?: { at?: number }): number;
  read(bytes: Uint8Array, options?: { at?: number }): number;
  flush(): void;
  getSize(): number;
  truncate(size: number): void;
  close(): void;
}

const headBytes = 24;
/** A larger commit goes out in pieces. */
const room = 1 << 20;

/** Replaces the handle's own methods. Every other use of the file first writes out what is held. */
export function gatherFrames<H extends AccessHandle>(handle: H): H {
  const direct = {
    write: handle.write.bind(handle),
    read: handle.read.bind(handle),
    flush: handle.flush.bind(handle),
    getSize: handle.getSize.bind(handle),
    truncate: handle.truncate.bind(handle),
    close: handle.close.bind(handle),
  };
  let held: Uint8Array | null = null;
  let start = 0;
  let length = 0;
  /** End of the last write: only what follows it directly is an appended frame. */
  let end = -1;
  let awaitsPage = false;
  let lastOfCommit = false;

  function release(): void {
    if (!held || length === 0) return;
    const bytes = held.subarray(0, length);
    length = 0;
    awaitsPage = false;
    if (direct.write(bytes, { at: start }) !== bytes.length) throw new Error('The disk is full.');
  }

  function hold(bytes: Uint8Array, at: number): void {
    held ??= new Uint8Array(room);
    if (length === 0) start = at;
    held.set(bytes, length);
    length += bytes.length;
    end = at + bytes.length;
  }

  handle.write = (bytes, options) => {
    const at = options?.at ?? 0;
    if (awaitsPage && at === end && length + bytes.length <= room) {
      hold(bytes, at);
      awaitsPage = false;
      if (lastOfCommit || length + headBytes + bytes.length > room) release();
      return bytes.length;
    }
    if (!awaitsPage && at === end && bytes.length === headBytes) {
      hold(bytes, at);
      awaitsPage = true;
      lastOfCommit = bytes.subarray(4, 8).some((byte) => byte !== 0);
      return bytes.length;
    }
    release();
    end = at + bytes.length;
    return direct.write(bytes, options);
  };
  handle.read = (bytes, options) => (release(), direct.read(bytes, options));
  handle.flush = () => (release(), direct.flush());
  handle.getSize = () => (release(), direct.getSize());
  handle.truncate = (size) => (release(), direct.truncate(size));
  handle.close = () => {
    try {
      release();
    } finally {
      direct.close();
    }
  };
  return handle;
}

let working = 0;
let plain: FileSystemFileHandle['createSyncAccessHandle'];

/**
 * Every handle opened while `work` runs gathers frames: the pool opens all of its own and lets nobody else do it. Pools of
 * two databases may be at work at once; the last one that ends puts the browser's own method back.
 */
export async function gatheringFrames<T>(work: () => Promise<T>): Promise<T> {
  const files = FileSystemFileHandle.prototype;
  if (working++ === 0) {
    plain = files.createSyncAccessHandle;
    files.createSyncAccessHandle = async function (this: FileSystemFileHandle) {
      return gatherFrames((await plain.call(this)) as FileSystemSyncAccessHandle & AccessHandle);
    };
  }
  try {
    return await work();
  } finally {
    if (--working === 0) files.createSyncAccessHandle = plain;
  }
}
