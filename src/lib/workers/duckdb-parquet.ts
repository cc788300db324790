// Parquet written in the query worker (parquet-wasm, 5 MB, loaded when it is first needed): Arrow batches in, a file in the
// browser's private file system out, piece by piece.
import type * as ParquetWasm from 'parquet-wasm';
import { parquetOf, type ParquetOptions } from '../statements/parquet-stream.ts';
import type { Fence } from './duckdb-fence.ts';

export async function loadParquet(fence: Pick<Fence, 'allow'>): Promise<typeof ParquetWasm> {
  const [parquet, { default: url }] = await Promise.all([
    import('parquet-wasm'),
    import('parquet-wasm/esm/parquet_wasm_bg.wasm?url'),
  ]);
  fence.allow(url);
  await parquet.default({ module_or_path: url });
  return parquet;
}

/** A file of all pages, each an Arrow IPC stream, in their order. There must be a page. */
export async function parquetStream(
  fence: Pick<Fence, 'allow'>,
  pages: AsyncGenerator<Uint8Array, void>,
  options: ParquetOptions = {},
): Promise<ReadableStream<Uint8Array>> {
  return parquetOf(await loadParquet(fence), pages, options);
}
