// Registries that come as parquet files, one a table (LaminDB's exportdb, or our own), as the bytes of a new database:
// it is put together in memory, so that the trial then checks it like any other file.
import { isLoamError, LoamError } from '../engine/errors.ts';
import { fillTables, portableTables } from '../engine/interop/registry-tables.ts';
import { prepareForPython } from '../engine/interop/python-export.ts';
import { model } from '../engine/model/model.ts';
import type { ByteSource } from '../engine/ports.ts';
import { createInstance, emptyInstance } from '../engine/schema/open.ts';
import { readParquetTable } from '../formats/parquet-table.ts';
import { entryChunks } from '../formats/zip-entry.ts';
import { listZip } from '../formats/zip.ts';
import { openMemory } from '../storage/sql/memory.ts';
import type { OpenedSource } from './database-source.ts';
import { blobSource } from '../storage/blob/blob-source.ts';

/** What the tables may take unpacked, since all of it is held in memory. */
const mostBytes = 1 << 30;
const pieceBytes = 1 << 20;

const refused = (why: string) => new LoamError('FileUnreadable', `${why} Nothing was changed.`);

/** Files by table: those given, or those in one zip archive. */
async function filesByTable(files: readonly File[]): Promise<Map<string, () => Promise<ByteSource>>> {
  const found = new Map<string, () => Promise<ByteSource>>();
  const [only] = files;
  if (only && files.length === 1 && /\.zip$/i.test(only.name)) {
    const archive = blobSource(only);
    const entries = await listZip(archive).catch((error: Error) => {
      throw refused(`${only.name} cannot be read: ${error.message}.`);
    });
    const whole = entries.reduce((sum, { size }) => sum + size, 0);
    if (whole > mostBytes) throw refused(`${only.name} unpacks to more than a gigabyte.`);
    for (const entry of entries)
      if (/\.parquet$/i.test(entry.path))
        found.set(tableName(entry.path), async () => {
          const parts: Uint8Array[] = [];
          for await (const part of entryChunks(archive, entry, mostBytes)) parts.push(part);
          return blobSource(new File(parts as Uint8Array<ArrayBuffer>[], entry.path));
        });
  } else
    for (const file of files)
      if (/\.parquet$/i.test(file.name)) found.set(tableName(file.name), async () => blobSource(file));
  if (found.size === 0)
    throw refused(
      'There is no parquet file in what was chosen. Choose those of an export, or its zip archive.',
    );
  return found;
}

const tableName = (path: string): string => (path.split('/').pop() ?? path).replace(/\.parquet$/i, '');

/** Refuses in words what is no export of registries; files of tables that this Loam has not are named. */
export async function openParquet(files: readonly File[], name: string): Promise<OpenedSource> {
  const given = await filesByTable(files);
  const tables = portableTables(
    model,
    model.modules.map((module) => module.name),
  );
  const known = new Set(tables.map((table) => table.name));
  const strange = [...given.keys()].filter((table) => !known.has(table));
  if (strange.length > 0)
    throw refused(
      `${strange.slice(0, 5).join(', ')}${strange.length > 5 ? ' …' : ''}: LaminDB has no such table here. Leave such files out.`,
    );
  const driver = await openMemory({ bytes: emptyInstance(model) });
  try {
    const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
    createInstance(driver, { model, clock: () => Date.now(), random, name });
    await fillTables(driver, model, async (table) => {
      const open = given.get(table.name);
      if (!open) return null;
      try {
        return await readParquetTable(await open());
      } catch (error) {
        if (isLoamError(error)) throw error;
        throw refused(`${table.name}.parquet cannot be read: ${(error as Error).message}.`);
      }
    });
    prepareForPython(driver, model);
    return inPieces(driver.serialize(), name);
  } finally {
    driver.close();
  }
}

function inPieces(bytes: Uint8Array, name: string): OpenedSource {
  let at = 0;
  return {
    name,
    head: bytes.subarray(0, 4096),
    size: bytes.length,
    read: () => ({ done: at, total: bytes.length }),
    async next() {
      if (at >= bytes.length) return undefined;
      const piece = bytes.subarray(at, at + pieceBytes);
      at += piece.length;
      return piece;
    },
  };
}
