// Large files of the engine, read ahead. The engine asks for 16 KiB at a time, and each read of a Blob crosses into another
// process of the browser: a column of a file of 5 GB took 48 seconds in such steps. Reads that go on where the last one
// ended get more and more at once; others stay small.

const least = 64 * 1024;
const most = 1024 * 1024;
/** Columns are read side by side, each from its own place. */
const windowsMost = 32;

interface Window {
  file: Blob;
  from: number;
  bytes: Uint8Array;
}

export interface ReadAhead {
  /** Bytes [start, end) of a file, which must have them. They are read only until the next call. Throws what reading throws. */
  read(file: Blob, start: number, end: number): Uint8Array;
  forget(file: Blob): void;
}

/** `readRange`: a part of a Blob, without waiting. */
export function createReadAhead(readRange: (part: Blob) => ArrayBuffer): ReadAhead {
  /** Those used last at the end. */
  let windows: Window[] = [];

  function keep(window: Window, inPlaceOf: Window | undefined): void {
    windows = windows.filter((one) => one !== inPlaceOf && one !== window);
    windows.push(window);
    if (windows.length > windowsMost) windows.shift();
  }

  return {
    read(file, start, end) {
      const own = windows.filter((one) => one.file === file);
      const within = own.find(({ from, bytes }) => from <= start && end <= from + bytes.length);
      if (within) {
        keep(within, undefined);
        return within.bytes.subarray(start - within.from, end - within.from);
      }
      const before = own.find(({ from, bytes }) => from <= start && start <= from + bytes.length);
      const size = before ? Math.min(most, Math.max(least, before.bytes.length * 2)) : least;
      const to = Math.min(file.size, Math.max(end, start + size));
      const bytes = new Uint8Array(readRange(file.slice(start, to)));
      // A read that gave too little is its caller's to judge, and nothing to remember.
      if (bytes.length === to - start) keep({ file, from: start, bytes }, before);
      return bytes.subarray(0, end - start);
    },
    forget(file) {
      windows = windows.filter((one) => one.file !== file);
    },
  };
}
