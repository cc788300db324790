// A parquet file with fixes applied, batch by batch, with the notes that stand beside the table. How parquet-wasm is loaded is its
// caller's: page and Node differ in it.
import type * as ParquetWasm from 'parquet-wasm';
import type { RecordBatch } from 'parquet-wasm';
import type { Fix } from '../engine/ports.ts';
import { loadArrow } from '../formats/arrow.ts';
import { fixedFields, fixedIpc, fixedNotes } from '../formats/curate/fixed-arrow.ts';
import { parquetOf } from '../statements/parquet-stream.ts';

export async function fixedParquet(
  parquet: typeof ParquetWasm,
  file: Blob,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<Blob> {
  const arrow = await loadArrow();
  const source = await parquet.ParquetFile.fromFile(file);
  const kept = source.metadata().fileMetadata().keyValueMetadata() as Map<string, string | null>;
  const pandas = kept.get('pandas') ?? undefined;
  const names = arrow.tableFromIPC(source.schema().intoIPCStream()).schema.fields.map((field) => field.name);
  const fields = fixedFields(names, pandas, fixes);
  const notes = new Map<string, string>();
  for (const [key, value] of kept)
    // The types are written anew, from what the columns are now.
    if (key !== 'ARROW:schema' && key !== 'pandas' && value !== null) notes.set(key, value);
  // pyarrow reads them in the schema that Arrow keeps beside the file's own, and not where that is without them.
  const told = fixedNotes(pandas, names, fields);
  if (told !== null) notes.set('pandas', told);
  const batches = (await source.stream({ batchSize: 65_536, concurrency: 1 })).getReader();
  let cause: unknown = null;
  async function* pages(): AsyncGenerator<Uint8Array, void> {
    let rows = 0;
    try {
      for (;;) {
        const { done, value } = (await batches.read()) as ReadableStreamReadResult<RecordBatch>;
        if (done) return;
        rows += value.numRows;
        yield fixedIpc(arrow, value.intoIPCStream(), fields, notes);
        onRows(rows);
      }
    } catch (error) {
      cause = error;
      throw error;
    }
  }
  try {
    const stream = await parquetOf(parquet, pages(), { notes });
    return await new Response(stream as BodyInit).blob();
  } catch (error) {
    // The writer has a word of its own for whatever went wrong before it.
    throw cause ?? error;
  }
}
