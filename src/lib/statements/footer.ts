// The table description at the end of a parquet file, or in words why it cannot be read.
import { parquetMetadataAsync, type FileMetaData } from 'hyparquet';
import { isLoamError, LoamError } from '../engine/errors.ts';
import type { ByteSource } from '../engine/ports.ts';
import { parquetEnd } from '../formats/parquet.ts';

export const damaged = (title: string, why: string, details = {}) =>
  new LoamError('FileUnreadable', `${title} cannot be asked: ${why}`, { file: title, ...details });

/** Throws `FileUnreadable`; `title` is what people call the file. */
export async function readFooter(source: ByteSource, title: string): Promise<FileMetaData> {
  let end: Awaited<ReturnType<typeof parquetEnd>>;
  try {
    end = await parquetEnd(source);
  } catch (error) {
    if (isLoamError(error)) throw error;
    throw damaged(title, 'the file was changed or moved since it was opened. Open it again.');
  }
  if ('problem' in end) throw damaged(title, end.problem);
  try {
    return await parquetMetadataAsync(end.file, { initialFetchSize: end.footer + 8 });
  } catch (error) {
    if (isLoamError(error)) throw error;
    throw damaged(title, `the table description at its end is damaged (${(error as Error).message}).`);
  }
}
