// A table out of a file (obs of an h5ad, rows of a Feather file) as parquet beside the other copies that queries read. Runs
// in the worker that can be ended, since such files come from anywhere.
import { isLoamError, LoamError, type ErrorCode } from '../engine/errors.ts';
import type { FolderSource } from '../engine/ports.ts';
import { withTable } from '../formats/open-table.ts';
import { metered, type SyncByteSource } from '../formats/source.ts';
import type { TableAsk } from '../formats/table-ask.ts';
import { parquetStream } from './duckdb-parquet.ts';
import { forgetCopy, keepCopy } from './query-copies.ts';
import { leftOutKey } from '../statements/left-out.ts';

export interface TableJob {
  ask: TableAsk;
  /** The copy's name, with `.parquet`. */
  name: string;
  /** As people call the file. */
  title: string;
}

export interface TableCopy {
  file: File;
  rows: number;
  /** What was read of the file for it, and what the file holds. */
  readBytes: number;
  totalBytes: number;
}

/** Errors that say something of the file, without its name. */
const ofTheFile = new Set<ErrorCode>(['DoesNotExist', 'MultipleObjectsReturned', 'FileUnreadable']);

/** `onProgress` is told rows; the second number is 0 where nobody knows how many there are. */
export async function tableToParquet(
  input: SyncByteSource | FolderSource,
  { ask, name, title }: TableJob,
  onProgress: (done: number, total: number) => void,
): Promise<TableCopy> {
  const meters = ('files' in input ? input.files.map(({ source }) => source) : [input]).map(metered);
  const first = meters[0];
  const counted =
    'files' in input
      ? {
          files: input.files.map(({ path }, i) => ({
            path,
            source: meters[i]?.source ?? input.files[i]!.source,
          })),
        }
      : (first?.source ?? input);
  try {
    return await withTable(counted, ask, async (table) => {
      let rows = 0;
      const pages = table.batches((done) => onProgress((rows = done), table.rows));
      const notes = new Map([[leftOutKey, JSON.stringify(table.leftOut)]]);
      // No fence stands around this worker.
      const stream = await parquetStream({ allow() {} }, pages, { rowsOfGroup: table.rowsOfGroup, notes });
      const file = await keepCopy(name, stream, new AbortController().signal);
      const readBytes = meters.reduce((sum, { bytes, source }) => sum + Math.min(bytes(), source.size), 0);
      const totalBytes = meters.reduce((sum, { source }) => sum + source.size, 0);
      return { file, rows, readBytes, totalBytes };
    });
  } catch (error) {
    await forgetCopy(name);
    if (isLoamError(error) && ofTheFile.has(error.code))
      throw new LoamError(error.code, `${title}: ${error.message}`, { file: title });
    throw error;
  }
}
