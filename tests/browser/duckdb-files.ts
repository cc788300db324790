// Files for queries, made here: parquet in every packing, CSV and JSON, and a page that calls them by keys as the engine does.
import { tableToIPC, vectorFromArray, Utf8, Int32, Float64, Table } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import initParquet, * as parquetWasm from 'parquet-wasm';
import { vi } from 'vitest';
import parquetUrl from 'parquet-wasm/esm/parquet_wasm_bg.wasm?url';
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { OpenedSource } from '../../src/lib/workers/storages.ts';
import type { AskedSource, EngineApi } from '../../src/lib/workers/wire.ts';

export interface Cells {
  id: number[];
  cell_type: string[];
  score: (number | null)[];
}

const types = ['B cell', 'T cell', 'NK cell', 'monocyte'];

/** Rows of a small, regular table; every seventh score is missing. */
export function cells(rows: number, from = 0): Cells {
  const ids = Array.from({ length: rows }, (_, i) => i + from);
  return {
    id: ids,
    cell_type: ids.map((i) => types[(i * 7) % 4] ?? ''),
    score: ids.map((i) => (i % 7 === 3 ? null : ((i * 37) % 1000) / 8)),
  };
}

export function parquetOf(table: Cells, name = 'cells.parquet'): File {
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'id', data: table.id, type: 'INT32' },
      { name: 'cell_type', data: table.cell_type, type: 'STRING' },
      { name: 'score', data: table.score, type: 'DOUBLE', nullable: true },
    ],
  });
  return new File([buffer], name);
}

export type Packing = 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP' | 'BROTLI' | 'LZ4' | 'ZSTD' | 'LZ4_RAW';

let ready: Promise<unknown> | null = null;

export async function packedParquet(table: Cells, packing: Packing, rowsOfGroup = 1000): Promise<File> {
  await (ready ??= initParquet({ module_or_path: parquetUrl }));
  const arrow = new Table({
    id: vectorFromArray(table.id, new Int32()),
    cell_type: vectorFromArray(table.cell_type, new Utf8()),
    score: vectorFromArray(table.score, new Float64()),
  });
  const wasm = parquetWasm.Table.fromIPCStream(tableToIPC(arrow, 'stream'));
  const properties = new parquetWasm.WriterPropertiesBuilder()
    .setCompression(parquetWasm.Compression[packing])
    .setMaxRowGroupSize(rowsOfGroup)
    .build();
  return new File(
    [parquetWasm.writeParquet(wasm, properties) as Uint8Array<ArrayBuffer>],
    `${packing}.parquet`,
  );
}

export const textFile = (text: string, name: string): File => new File([text], name);

export async function gzipped(text: string, name: string): Promise<File> {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new File([await new Response(packed).blob()], name);
}

/** Saves a file as an artifact and answers with its uid. */
export async function saveFile(engine: EngineApi, key: string, file: File): Promise<string> {
  const { drop } = await engine.drop([{ id: key, key, file, files: null }], {});
  const saved = await vi.waitFor(
    async () => {
      const mine = (await engine.drops()).find((one) => one.drop === drop);
      if (mine?.state !== 'saved')
        throw new Error(`${key} is ${mine?.state ?? 'unknown'}: ${mine?.message ?? ''}`);
      return mine;
    },
    { timeout: 20_000, interval: 20 },
  );
  return saved.artifact?.uid ?? '';
}

/** A database of nothing but files by key. */
export function shelfOf(files: Record<string, File | { path: string; file: File }[]>) {
  const uidOf = (key: string) =>
    `T${Array.from(new TextEncoder().encode(key), (byte) => byte.toString(36)).join('')}`
      .padEnd(20, '0')
      .slice(0, 20);
  return {
    uidOf,
    files,
    openSources: async (asked: readonly AskedSource[]): Promise<OpenedSource[]> =>
      asked.map((source) => ({
        others: 0,
        artifacts: (source.of === 'artifact' ? source.names : Object.keys(files)).map((name) => {
          const key = Object.keys(files).find((one) => one === name || uidOf(one) === name);
          const found = key === undefined ? undefined : files[key];
          if (key === undefined || !found)
            throw new LoamError('DoesNotExist', `There is no artifact with the key or uid "${name}".`, {
              name,
            });
          const suffix = /(?:\.[^./]+)?\.gz$|\.[^./]+$/.exec(key)?.[0] ?? '';
          const folder = Array.isArray(found);
          return {
            uid: uidOf(key),
            key,
            suffix,
            folder,
            files: folder ? found : [{ path: '', file: found }],
          };
        }),
      })),
    annotationTable: async (uids: readonly string[]) => ({
      columns: [
        { name: 'artifact_uid', type: 'VARCHAR' },
        { name: 'artifact_key', type: 'VARCHAR' },
      ],
      lines: uids.map((uid) => JSON.stringify({ artifact_uid: uid })).join('\n'),
    }),
    registryTable: async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
      throw new LoamError('DoesNotExist', `There is no registry table "${name}".`);
    },
  };
}
