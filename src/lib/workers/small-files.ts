// Small files of the engine, held in memory once they were read: each read of a Blob crosses into another process of the
// browser, and a table of a thousand small files is read in a handful of places each, by every statement anew.

/** Up to here a file is read whole: one crossing costs about as much time as so many bytes. */
const smallMost = 256 * 1024;
/** All of them together; those not used for longest go first. */
const heldMost = 64 * 1024 * 1024;

export interface SmallFiles {
  /** A range of the file of that name; null where it is too large to be held. Throws what reading it throws. */
  read(name: string, file: Blob, start: number, end: number): Uint8Array | null;
  forget(name: string): void;
}

/** `readWhole`: a Blob's bytes, without waiting. `most`: for tests. */
export function createSmallFiles(
  readWhole: (file: Blob) => ArrayBuffer,
  most: number = heldMost,
): SmallFiles {
  const held = new Map<string, { file: Blob; bytes: Uint8Array }>();
  let total = 0;

  function forget(name: string): void {
    total -= held.get(name)?.bytes.length ?? 0;
    held.delete(name);
  }

  return {
    read(name, file, start, end) {
      if (file.size > smallMost) return null;
      const known = held.get(name);
      // The name may stand for other bytes by now; a Blob never does.
      const bytes = known?.file === file ? known.bytes : new Uint8Array(readWhole(file));
      forget(name);
      held.set(name, { file, bytes });
      total += bytes.length;
      for (const oldest of held.keys()) {
        if (total <= most) break;
        forget(oldest);
      }
      return bytes.subarray(start, end);
    },
    forget,
  };
}
