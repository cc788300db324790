// Rows of a statement kept outside of memory, so that any of them can be looked at again: pages as they came, one behind
// the other in a file of the private file system. A page is found by its first row; the file goes with the statement.
import { LoamError } from '../engine/errors.ts';
import type { DuckdbKept, DuckdbMeter, DuckdbPage } from './duckdb-wire.ts';

const folderName = 'query-rows';
/** Bytes of one result. */
const mostBytes = 4e9;

interface KeptRows {
  /** The first row that is kept, and the row behind the last one. */
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  /** Throws `StorageFull`; what was kept before stays. */
  append(page: Uint8Array, rows: number): void;
  /** The page with this row, as it came; null where none has it. */
  read(row: number): { ipc: Uint8Array<ArrayBuffer>; from: number; rows: number } | null;
  /** Gives the room back. */
  close(): Promise<void>;
}

/** Files of workers that ended without saying goodbye; those in use cannot be removed. */
async function sweep(folder: FileSystemDirectoryHandle): Promise<void> {
  for await (const name of folder.keys()) await folder.removeEntry(name).catch(() => {});
}

async function keepRows(uid: string, from: number): Promise<KeptRows> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(folderName, { create: true });
  await sweep(folder);
  const name = `${uid}.arrows`;
  const file = await (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle();
  /** Of each page: where it lies, and its first row. One more of each stands for the end. */
  const offsets = [0];
  const rows = [from];
  const end = (of: readonly number[]) => of.at(-1) ?? 0;
  return {
    from,
    get to() {
      return end(rows);
    },
    get bytes() {
      return end(offsets);
    },
    append(page, count) {
      const at = end(offsets);
      if (at + page.byteLength > mostBytes) throw full(end(rows) - from);
      let written = 0;
      try {
        written = file.write(page, { at });
      } catch (error) {
        if (!(error instanceof DOMException && error.name === 'QuotaExceededError')) throw error;
      }
      if (written < page.byteLength) throw full(end(rows) - from);
      offsets.push(at + page.byteLength);
      rows.push(end(rows) + count);
    },
    read(row) {
      if (row < from || row >= end(rows)) return null;
      let [low, high] = [0, rows.length - 2];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((rows[middle] ?? 0) <= row) low = middle;
        else high = middle - 1;
      }
      const [at, to] = [offsets[low] ?? 0, offsets[low + 1] ?? 0];
      const ipc = new Uint8Array(to - at);
      if (file.read(ipc, { at }) < ipc.byteLength)
        throw new LoamError(
          'FileUnreadable',
          'Rows that were kept on this device cannot be read back. Run the statement again.',
        );
      const first = rows[low] ?? 0;
      return { ipc, from: first, rows: (rows[low + 1] ?? first) - first };
    },
    async close() {
      file.close();
      await folder.removeEntry(name).catch(() => {});
    },
  };
}

const full = (rows: number) =>
  new LoamError(
    'StorageFull',
    `There is no room on this device for more of these rows; ${rows.toLocaleString('en')} are kept. Free some space, or narrow the statement.`,
  );

/** Rows of statements, some of them ended, that can be asked for again. `unknown`: what is thrown for others. */
export function createKeeper(unknown: () => LoamError) {
  const all = new Map<string, { rows: KeptRows; last: Omit<DuckdbKept, 'from' | 'to' | 'bytes'> }>();
  return {
    /** `begun`: rows that came before, null for a statement that has ended. `stop` ends it where there is no room. */
    async keep(
      uid: string,
      to: number,
      begun: { rows: number; meter: DuckdbMeter } | null,
      next: () => Promise<DuckdbPage>,
      stop: () => void,
    ): Promise<DuckdbKept> {
      let mine = all.get(uid);
      if (!mine) {
        if (!begun) throw unknown();
        const last = { more: true, ms: 0, meter: begun.meter };
        mine = { rows: await keepRows(uid, begun.rows), last };
        all.set(uid, mine);
      }
      const { rows } = mine;
      while (mine.last.more && rows.to < to) {
        const page = await next();
        try {
          if (page.rows > 0) rows.append(page.ipc, page.rows);
        } catch (error) {
          stop();
          mine.last.more = false;
          throw error;
        }
        mine.last = { more: page.more, ms: page.ms, meter: page.meter };
      }
      return { from: rows.from, to: rows.to, bytes: rows.bytes, ...mine.last };
    },
    read(uid: string, row: number) {
      const page = all.get(uid)?.rows.read(row);
      if (!page) throw unknown();
      return page;
    },
    async forget(uid: string): Promise<void> {
      const mine = all.get(uid);
      all.delete(uid);
      await mine?.rows.close();
    },
  };
}
