// The files that the query engine sees: those registered here and no others, whatever a statement names. Reads are
// ranges of Blobs, counted. What goes wrong is kept, since the engine may swallow it: whoever calls the engine asks
// `takeProblem` afterwards, so that a failed read never passes for an end of the file.

import { isLoamError } from '../engine/errors.ts';
import { createReadAhead } from './read-ahead.ts';
import { createSmallFiles } from './small-files.ts';

/** The engine's side: memory and calls of its wasm module. */
export interface EngineModule {
  HEAPU8: Uint8Array;
  HEAPF64: Float64Array;
  _malloc(bytes: number): number;
  ccall(name: string, returns: string | null, types: string[], values: unknown[]): unknown;
}

/** A file as the engine reads it: a Blob, or one that lies elsewhere and is read through the cache of ranges. */
export type EngineFile = Blob | SyncFile;
export interface SyncFile {
  readonly size: number;
  readSync(start: number, end: number): Uint8Array;
}

/** What the engine asks of its host, as far as it is answered here (`DuckDBRuntime` of the bundle). */
export interface FileCalls {
  _files: Map<string, EngineFile>;
  openFile(mod: EngineModule, fileId: number, flags: number): number;
  readFile(mod: EngineModule, fileId: number, buffer: number, bytes: number, location: number): number;
  writeFile(mod: EngineModule, fileId: number): number;
  truncateFile(mod: EngineModule, fileId: number): void;
  syncFile(): void;
  closeFile(mod: EngineModule, fileId: number): void;
  getLastFileModificationTime(): number;
  glob(): void;
  checkFile(mod: EngineModule, path: number, length: number): boolean;
  checkDirectory(): boolean;
  createDirectory(mod: EngineModule): void;
  removeDirectory(mod: EngineModule): void;
  listDirectoryEntries(): boolean;
  moveFile(mod: EngineModule): boolean;
  removeFile(): void;
}

export interface EngineFiles {
  calls: FileCalls;
  /** Bytes and reads since the start, by registered name. */
  readonly read: ReadonlyMap<string, { bytes: number; reads: number }>;
  /** The name read from last: where a file turns out to be damaged, it is most likely this one. */
  readonly last: string | null;
  /** What went wrong since it was last asked, in words; null where nothing did. */
  takeProblem(): string | null;
  /**
   * Names of files of which a read failed since it was last asked. The engine (0.9.2) keeps the page that it could not
   * fill as if it had been read, so these must be dropped from it before they are read again.
   */
  takeBroken(): string[];
}

/** `nameOf`: the registered name of a file id. */
export function createEngineFiles(nameOf: (mod: EngineModule, fileId: number) => string | null): EngineFiles {
  const files = new Map<string, EngineFile>();
  const read = new Map<string, { bytes: number; reads: number }>();
  const reader = new FileReaderSync();
  const small = createSmallFiles((file) => reader.readAsArrayBuffer(file));
  const ahead = createReadAhead((part) => reader.readAsArrayBuffer(part));
  const broken = new Set<string>();
  let problem: string | null = null;
  let last: string | null = null;

  function unread(mod: EngineModule, name: string, words: string): 0 {
    broken.add(name);
    small.forget(name);
    const file = files.get(name);
    if (file && !('readSync' in file)) ahead.forget(file);
    return fail(mod, words);
  }

  function fail(mod: EngineModule, words: string): 0 {
    problem ??= words;
    mod.ccall('duckdb_web_fail_with', null, ['string'], [words]);
    return 0;
  }

  const noWriting = 'Queries only read: no file is written by them.';

  const calls: FileCalls = {
    _files: files,
    openFile(mod, fileId) {
      const name = nameOf(mod, fileId);
      const file = name === null ? undefined : files.get(name);
      if (!file) {
        problem ??= `There is no file ${name ?? ''} among the sources of this statement.`;
        throw new Error(problem);
      }
      const answer = mod._malloc(16);
      mod.HEAPF64[answer >> 3] = file.size;
      mod.HEAPF64[(answer >> 3) + 1] = 0;
      return answer;
    },
    readFile(mod, fileId, buffer, bytes, location) {
      if (bytes === 0) return 0;
      const name = nameOf(mod, fileId);
      const file = name === null ? undefined : files.get(name);
      if (name === null || !file) return fail(mod, `There is no file ${name ?? ''} any more.`);
      last = name;
      const wanted = Math.max(0, Math.min(bytes, file.size - location));
      let found: Uint8Array;
      try {
        found =
          'readSync' in file
            ? file.readSync(location, location + wanted)
            : (small.read(name, file, location, location + wanted) ??
              ahead.read(file, location, location + wanted));
      } catch (error) {
        if (isLoamError(error)) return unread(mod, name, error.message);
        const gone = error instanceof DOMException && error.name === 'NotFoundError';
        const why = gone ? 'is not there any more' : 'was changed or cannot be read any more';
        return unread(
          mod,
          name,
          `The file ${name} ${why} (${String((error as Error).name)}). Run the statement again.`,
        );
      }
      if (found.length !== wanted)
        return unread(
          mod,
          name,
          `The file ${name} gave ${found.length} bytes at ${location} instead of ${wanted}.`,
        );
      mod.HEAPU8.set(found, buffer);
      const counted = read.get(name) ?? { bytes: 0, reads: 0 };
      counted.bytes += found.length;
      counted.reads++;
      read.set(name, counted);
      return found.length;
    },
    writeFile: (mod) => fail(mod, noWriting),
    truncateFile: (mod) => void fail(mod, noWriting),
    syncFile() {},
    closeFile() {},
    getLastFileModificationTime: () => 0,
    // Registered names are found by the engine itself; beyond them there is nothing.
    glob() {},
    checkFile: () => false,
    checkDirectory: () => false,
    createDirectory: (mod) => void fail(mod, noWriting),
    removeDirectory: (mod) => void fail(mod, noWriting),
    listDirectoryEntries: () => false,
    moveFile: (mod) => Boolean(fail(mod, noWriting)),
    removeFile() {},
  };

  return {
    calls,
    read,
    get last() {
      return last;
    },
    takeProblem() {
      const found = problem;
      problem = null;
      return found;
    },
    takeBroken() {
      const names = [...broken];
      broken.clear();
      return names;
    },
  };
}
