// Arrow batches as a parquet file, piece by piece. How parquet-wasm is loaded is its caller's: page and Node differ in it.
import type * as ParquetWasm from 'parquet-wasm';
import { LoamError } from '../engine/errors.ts';

/** Rows at most in one row group, as the engine itself writes them. */
const usualGroup = 122_880;

export interface ParquetOptions {
  /** Rows at most in one row group; fewer in wide tables. */
  rowsOfGroup?: number;
  /** What stands beside the table in the file. */
  notes?: ReadonlyMap<string, string>;
}

export function writerProperties(
  parquet: typeof ParquetWasm,
  { rowsOfGroup = usualGroup, notes }: ParquetOptions = {},
) {
  const properties = new parquet.WriterPropertiesBuilder()
    .setCompression(parquet.Compression.SNAPPY)
    .setMaxRowGroupSize(rowsOfGroup);
  return (notes ? properties.setKeyValueMetadata(new Map(notes)) : properties).build();
}

/** A file of all pages, each an Arrow IPC stream, in their order. There must be a page. */
export function parquetOf(
  parquet: typeof ParquetWasm,
  pages: AsyncGenerator<Uint8Array, void>,
  options: ParquetOptions = {},
): Promise<ReadableStream<Uint8Array>> {
  let batches: ParquetWasm.RecordBatch[] = [];
  const source = new ReadableStream({
    async pull(controller) {
      while (batches.length === 0) {
        const { done, value } = await pages.next();
        if (done) return controller.close();
        batches = tableOf(parquet, value).recordBatches();
      }
      controller.enqueue(batches.shift());
    },
    cancel: async () => void (await pages.return()),
  });
  return parquet.transformParquetStream(source, writerProperties(parquet, options));
}

function tableOf(parquet: typeof ParquetWasm, ipc: Uint8Array) {
  try {
    return parquet.Table.fromIPCStream(ipc);
  } catch (error) {
    throw new LoamError(
      'InvalidArgument',
      `These rows cannot be written as parquet (${String(error)}). Cast the columns of unusual types, or save as CSV.`,
    );
  }
}
