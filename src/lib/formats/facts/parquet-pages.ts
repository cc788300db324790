// Pages of a parquet column, read one after the other through a window on the file: levels and values of each, with
// dictionary values looked up only where they are asked for. Decoding of pages is hyparquet's.
import type { FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import type { ByteSource } from '../../engine/ports.ts';
import type { Leaf } from './parquet-schema.ts';

/** Values as they are stored: numbers, bigints, bools or bytes. */
export type Stored = ArrayLike<unknown>;

export interface Page {
  /** Slots of the page: values and missing ones. */
  slots: number;
  /** Definition level of each slot; null where every slot has a value. */
  def: ArrayLike<number> | null;
  /** Repetition level of each slot; null where there is no list. */
  rep: ArrayLike<number> | null;
  /** Values that are there; places in `dictionary` where that is set. */
  values: Stored;
  dictionary: Stored | null;
}

const WINDOW = 4 * 1024 * 1024;
const HEADER = 64 * 1024;
/** A page unpacked. */
const MOST = 512 * 1024 * 1024;

type Chunk = NonNullable<FileMetaData['row_groups'][number]['columns'][number]['meta_data']>;

/** The pages of one column in one row group. The first answer is its dictionary, if it has one. */
export async function* pagesOf(
  source: ByteSource,
  chunk: Chunk,
  leaf: Leaf,
): AsyncGenerator<Page | { entries: Stored }, void> {
  const window = createWindow(source, startOf(chunk));
  const element = leaf.path.at(-1)?.element;
  if (element === undefined) throw new Error('a column without a schema');
  const decoder = {
    ...chunk,
    pathInSchema: chunk.path_in_schema,
    element,
    schemaPath: leaf.path,
    compressors,
    type: chunk.type,
    codec: chunk.codec,
  } as never;
  let dictionary: Stored | null = null;
  let left = Number(chunk.num_values);
  while (left > 0) {
    const header = await window.header();
    if (header.compressed_page_size < 0 || header.uncompressed_page_size > MOST)
      throw new Error('a page announces an unreasonable size');
    const bytes = await window.take(header.compressed_page_size);
    if (header.type === 'DICTIONARY_PAGE') {
      const page = decompressPage(bytes, Number(header.uncompressed_page_size), chunk.codec, compressors);
      const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
      dictionary = readPlain(
        reader,
        chunk.type,
        header.dictionary_page_header?.num_values ?? 0,
        leaf.typeLength,
      );
      yield { entries: dictionary };
      continue;
    }
    if (header.type === 'INDEX_PAGE') continue;
    const first = header.data_page_header;
    const second = header.data_page_header_v2;
    const found =
      header.type === 'DATA_PAGE' && first
        ? {
            ...readDataPage(
              decompressPage(bytes, Number(header.uncompressed_page_size), chunk.codec, compressors),
              first,
              decoder,
            ),
            slots: first.num_values,
            encoding: first.encoding,
          }
        : second && {
            ...readDataPageV2(bytes, header, decoder),
            slots: second.num_values,
            encoding: second.encoding,
          };
    if (!found) throw new Error(`a page of type ${header.type} is not known`);
    if (found.slots <= 0 && left > 0) throw new Error('a page without values');
    const coded = found.encoding.endsWith('_DICTIONARY');
    if (coded && dictionary === null) throw new Error('its dictionary is missing');
    const all = !found.definitionLevels?.length;
    yield {
      slots: found.slots,
      def: all ? null : (found.definitionLevels as ArrayLike<number>),
      rep: found.repetitionLevels.length > 0 ? found.repetitionLevels : null,
      values: found.dataPage,
      dictionary: coded ? dictionary : null,
    };
    left -= found.slots;
  }
}

/** Where the chunk's first page lies; some writers note a dictionary behind the data, or none though there is one. */
function startOf(chunk: Chunk): number {
  const data = Number(chunk.data_page_offset);
  const dictionary = Number(chunk.dictionary_page_offset ?? 0);
  return dictionary > 0 && dictionary < data ? dictionary : data;
}

/** Bytes in order, read in large pieces: old writers' sizes of chunks are too small by a header, so none is relied on. */
function createWindow(source: ByteSource, start: number) {
  let bytes: Uint8Array = new Uint8Array();
  let at = start;
  const have = (): number => bytes.length;
  const fill = async (length: number): Promise<void> => {
    if (have() >= length || at + have() >= source.size) return;
    bytes = await source.read(at, Math.min(source.size, at + Math.max(length, WINDOW)));
  };
  const drop = (length: number): void => {
    bytes = bytes.subarray(length);
    at += length;
  };
  return {
    async header() {
      // Statistics in a header may be long, so a failure is tried again with more bytes.
      for (let length = 256; ; length *= 8) {
        await fill(length);
        if (have() === 0) throw new Error('its pages are cut off');
        const part = bytes.subarray(0, length);
        const reader = { view: new DataView(part.buffer, part.byteOffset, part.byteLength), offset: 0 };
        try {
          const header = parquetHeader(reader);
          drop(reader.offset);
          return header;
        } catch (error) {
          if (length >= HEADER || length >= have()) throw error;
        }
      }
    },
    async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
      await fill(length);
      if (have() < length) throw new Error('a page is cut off');
      // Readers of numbers want them at whole multiples of their size.
      const taken = bytes.slice(0, length) as Uint8Array<ArrayBuffer>;
      drop(length);
      return taken;
    },
  };
}
