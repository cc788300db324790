// Tables inside files (obs and var of AnnData and its like, rows of Arrow files) for statements: each is read once, in a
// worker that can be ended, into a parquet copy on this device; later statements take the copy.
import { isLoamError, LoamError } from '../engine/errors.ts';
import type { TableAsk } from '../formats/table-ask.ts';
import { slotPath } from '../statements/found.ts';
import type { DuckdbSource } from '../workers/duckdb-wire.ts';
import type { AnyFile } from '../workers/find-bytes.ts';
import { createInspector, type Inspector } from '../workers/inspect-pool.ts';
import { keptCopy } from '../workers/query-copies.ts';
import { copyName } from '../workers/table-copies.ts';

/** What a table is read from. */
export interface TableHolder {
  uid: string;
  key: string;
  files: { path: string; file: AnyFile }[];
}

export interface TablesRead {
  /** Tables that were read out of their files now; copies were there for `kept` others. */
  made: number;
  kept: number;
  /** Read for that, of files so large. */
  readBytes: number;
  totalBytes: number;
}

export interface Asked {
  /** Tables, of all that the statement needs. */
  onProgress(done: number, total: number): void;
  signal: AbortSignal | undefined;
}

/** The tables of one statement. */
export interface Making {
  readonly read: TablesRead;
  /** Null where the file has no such table and `lenient` says that it is left out then. */
  table(holder: TableHolder, ask: TableAsk, lenient: boolean): Promise<DuckdbSource | null>;
  /** Arrow files, each as the table that it is. */
  rows(holder: TableHolder): Promise<DuckdbSource>;
}

export interface TableReader {
  begin(asked: Asked): Making;
  end(): void;
}

/** One batch of a wide table from a slow server takes its time. */
const timeoutMs = 120_000;
const idleMs = 30_000;

export function createTableReader(
  create: () => Inspector = () => createInspector({ size: 2, timeoutMs }),
): TableReader {
  let inspector: Inspector | null = null;
  let working = 0;
  let idle: ReturnType<typeof setTimeout> | undefined;

  function end(): void {
    clearTimeout(idle);
    inspector?.close();
    inspector = null;
  }
  /** Readers take their memory with them when nobody has needed them for a while. */
  function rest(): void {
    clearTimeout(idle);
    if (working === 0) idle = setTimeout(end, idleMs);
  }

  function begin({ onProgress, signal: asked }: Asked): Making {
    /** What fails takes the others of its statement with it. */
    const failed = new AbortController();
    const signal = asked ? AbortSignal.any([asked, failed.signal]) : failed.signal;
    const read: TablesRead = { made: 0, kept: 0, readBytes: 0, totalBytes: 0 };
    let wanted = 0;
    /** Parts of tables that are being read, between 0 and 1. */
    const parts = new Map<string, number>();
    const tell = () =>
      onProgress(read.made + read.kept + [...parts.values()].reduce((a, b) => a + b, 0), wanted);

    /** A table that a statement names twice is read once. */
    const copies = new Map<string, Promise<File>>();
    function copyOf(
      { uid, key }: TableHolder,
      files: TableHolder['files'],
      ask: TableAsk,
      title = key,
    ): Promise<File> {
      const name = copyName(uid, files, ask);
      const copy = copies.get(name) ?? madeCopy(name, files, ask, title);
      copies.set(name, copy);
      return copy;
    }

    async function madeCopy(
      name: string,
      files: TableHolder['files'],
      ask: TableAsk,
      title: string,
    ): Promise<File> {
      wanted++;
      const kept = await keptCopy(name);
      if (kept) {
        read.kept++;
        tell();
        return kept;
      }
      if (signal.aborted) throw cancelled();
      inspector ??= create();
      clearTimeout(idle);
      working++;
      const single = files.length === 1 && files[0]?.path === '' ? files[0].file : files;
      try {
        const made = await inspector.table(
          single,
          { ask, name, title },
          {
            onProgress(done, total) {
              parts.set(name, total > 0 ? done / total : 0);
              tell();
            },
            signal,
          },
        );
        read.made++;
        read.readBytes += made.readBytes;
        read.totalBytes += made.totalBytes;
        return made.file;
      } catch (error) {
        if (signal.aborted) throw cancelled();
        throw inWords(error, title);
      } finally {
        working--;
        rest();
        parts.delete(name);
        tell();
      }
    }

    return {
      read,
      async table(holder, ask, lenient) {
        const { uid, key } = holder;
        try {
          const file = await copyOf(holder, neededFiles(holder.files), ask);
          return { uid, key, format: 'parquet', files: [{ path: slotPath(ask), file }] };
        } catch (error) {
          if (lenient && isLoamError(error) && error.code === 'DoesNotExist') return null;
          failed.abort();
          throw error;
        }
      },
      async rows(holder) {
        const { uid, key } = holder;
        const files = await Promise.all(
          holder.files.map(async ({ path, file }) => {
            const title = path === '' ? key : `${key}/${path}`;
            const below = path === '' ? holder : { ...holder, uid: `${uid}-${path}` };
            return { path, file: await copyOf(below, [{ path: '', file }], rowsOfFile, title) };
          }),
        );
        return { uid, key, format: 'parquet', files };
      },
    };
  }

  return { begin, end };
}

const rowsOfFile: TableAsk = { slot: 'rows', part: null };

const cancelled = () =>
  new LoamError('StatementCancelled', 'The statement was cancelled.', { reason: 'cancelled' });

/** What the worker's end says of previews is said of this file. */
function inWords(error: unknown, title: string): unknown {
  if (!isLoamError(error) || error.code !== 'FileUnreadable' || error.message.startsWith(title)) return error;
  return new LoamError('FileUnreadable', `${title}: ${error.message}`, { file: title });
}

/**
 * Of a Zarr store what tables need: descriptions, and what lies below obs and var. Chunks of X are thousands of files, and
 * each that lies elsewhere would be opened.
 */
function neededFiles(files: TableHolder['files']): TableHolder['files'] {
  if (files.length === 1) return files;
  const marks = files
    .map(({ path }) => path)
    .filter((path) => /(?:^|\/)(?:zarr\.json|\.zgroup|\.zattrs|\.zmetadata)$/.test(path));
  const root = marks.reduce<string | null>((least, mark) => {
    const folder = mark.slice(0, mark.lastIndexOf('/') + 1);
    return least === null || folder.length < least.length ? folder : least;
  }, null);
  if (root === null) return files.slice(0, 1000);
  return files.filter(({ path }) => {
    if (!path.startsWith(root)) return false;
    const below = path.slice(root.length);
    return (
      /^(?:(?:mod|tables)\/[^/]+\/)?(?:obs|var)\//.test(below) ||
      /^(?:[^/]+\/){0,3}(?:zarr\.json|\.zgroup|\.zattrs|\.zarray|\.zmetadata)$/.test(below)
    );
  });
}
