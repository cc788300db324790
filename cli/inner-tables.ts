// Tables inside files for statements in Node: obs and var of AnnData and its like, rows of Arrow files. Each is read once
// into a parquet file in the statement's own folder, as the page keeps copies (client/query-tables.ts).
import { createWriteStream, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import type * as ParquetWasm from 'parquet-wasm';
import { isLoamError, LoamError } from '../src/lib/engine/errors.ts';
import { withTable } from '../src/lib/formats/open-table.ts';
import { slotName, type TableAsk } from '../src/lib/formats/table-ask.ts';
import { slotPath, type FoundArtifact } from '../src/lib/statements/found.ts';
import { leftOutKey } from '../src/lib/statements/left-out.ts';
import { parquetOf } from '../src/lib/statements/parquet-stream.ts';
import { localFile, localFolder } from './local-files.ts';
import type { LocalArtifact, LocalSource } from './sql-sources.ts';

export interface InnerTables {
  /** `obs('x.h5ad')`; null where the file has no such table and `lenient` says that it is left out then. */
  table(found: LocalArtifact, ask: TableAsk, lenient: boolean): Promise<LocalSource | null>;
  /** Arrow files, each as the table that it is. */
  rows(found: Omit<FoundArtifact<string>, 'suffix'>): Promise<LocalSource>;
}

const rowsOfFile: TableAsk = { slot: 'rows', part: null };

/** `folder`: where the copies lie. */
export function createInnerTables(folder: string): InnerTables {
  let made = 0;
  /** A table that a statement names twice is read once. */
  const copies = new Map<string, Promise<string>>();

  function copyOf(input: string, ask: TableAsk, title: string): Promise<string> {
    const name = `${slotName(ask)}\n${input}`;
    const copy = copies.get(name) ?? written(input, ask, title);
    copies.set(name, copy);
    return copy;
  }

  async function written(input: string, ask: TableAsk, title: string): Promise<string> {
    mkdirSync(folder, { recursive: true });
    const target = join(folder, `${++made}.parquet`);
    const file = statSync(input).isDirectory() ? null : localFile(input);
    try {
      await withTable(file?.source ?? localFolder(input), ask, async (table) => {
        const parquet = createRequire(import.meta.url)('parquet-wasm/node') as typeof ParquetWasm;
        const notes = new Map([[leftOutKey, JSON.stringify(table.leftOut)]]);
        const stream = await parquetOf(
          parquet,
          table.batches(() => {}),
          { rowsOfGroup: table.rowsOfGroup, notes },
        );
        await pipeline(Readable.fromWeb(stream as NodeStream), createWriteStream(target));
      });
      return target;
    } catch (error) {
      if (!isLoamError(error) || error.message.startsWith(title)) throw error;
      throw new LoamError(error.code, `${title}: ${error.message}`, { file: title });
    } finally {
      file?.close();
    }
  }

  return {
    async table(found, ask, lenient) {
      const { uid, key } = found;
      try {
        const file = await copyOf(found.at, ask, key);
        return { uid, key, format: 'parquet', files: [{ path: slotPath(ask), file }] };
      } catch (error) {
        if (lenient && isLoamError(error) && error.code === 'DoesNotExist') return null;
        throw error;
      }
    },
    async rows({ uid, key, files }) {
      const tables = [];
      for (const one of files) {
        const title = one.path === '' ? key : `${key}/${one.path}`;
        tables.push({ path: one.path, file: await copyOf(one.file, rowsOfFile, title) });
      }
      return { uid, key, format: 'parquet', files: tables };
    },
  };
}
