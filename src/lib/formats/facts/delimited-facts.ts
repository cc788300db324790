// Facts of text tables: records as Python's csv module counts them (quotes may hold line ends, blank lines are records),
// the width of the first, and its beginning.
import type { ByteSource } from '../../engine/ports.ts';
import { detectSeparator } from '../delimited.ts';
import type { Sniffed } from '../sniff.ts';
import { decodeText } from '../source.ts';
import type { Facts } from './facts-types.ts';
import { overBytes } from '../text-lines.ts';

const HEAD_ROWS = 2;
const HEAD_CELLS = 8;

export async function delimitedFacts(source: ByteSource, sniffed: Sniffed, name: string): Promise<Facts> {
  const sample = sniffed.encoding === null ? '' : decodeText(sniffed.sample, sniffed.encoding);
  const separator = detectSeparator(sample, name).charCodeAt(0);
  for (const encoding of encodingsOf(sniffed)) {
    try {
      return await overBytes(source, sniffed.gzip, async (bytes) => {
        const records = createRecords(separator);
        for await (const text of encoding.decode(bytes)) records.push(text);
        return {
          kind: 'delimited text',
          encoding: encoding.name,
          n_lines: records.end(),
          n_columns: records.width(),
          head: records.head,
        };
      });
    } catch (error) {
      if (!(error instanceof NotThisEncoding)) throw error;
    }
  }
  throw new Error('its characters are in no known encoding');
}

class NotThisEncoding extends Error {}

interface Decoding {
  /** Python's name of it. */
  name: string;
  decode(bytes: AsyncIterable<Uint8Array>): AsyncIterable<string>;
}

/** UTF-8 with or without mark if every byte fits, else Latin-1; UTF-16 where its mark or its zeros say so. */
function encodingsOf({ encoding }: Sniffed): Decoding[] {
  const wide = encoding?.label.startsWith('utf-16') ? encoding : null;
  if (wide) {
    const name = wide.bom > 0 ? 'utf-16' : wide.label === 'utf-16le' ? 'utf-16-le' : 'utf-16-be';
    return [{ name, decode: (bytes) => decoded(bytes, new TextDecoder(wide.label)) }];
  }
  return [
    { name: 'utf-8-sig', decode: (bytes) => decoded(bytes, new TextDecoder('utf-8', { fatal: true })) },
    { name: 'latin-1', decode: latin1 },
  ];
}

async function* decoded(
  bytes: AsyncIterable<Uint8Array>,
  decoder: TextDecoder,
): AsyncGenerator<string, void> {
  const decode = (part?: Uint8Array): string => {
    try {
      return part === undefined ? decoder.decode() : decoder.decode(part, { stream: true });
    } catch {
      throw new NotThisEncoding();
    }
  };
  for await (const part of bytes) yield decode(part);
  yield decode();
}

/** Each byte is the character of its number; the platform's `latin1` is Windows-1252. */
async function* latin1(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  for await (const part of bytes) {
    for (let at = 0; at < part.length; at += 8192) yield String.fromCharCode(...part.subarray(at, at + 8192));
  }
}

interface Records {
  push(text: string): void;
  end(): number;
  width(): number;
  head: string[][];
}

/** csv.reader with its usual dialect: a quote opens only at the start of a cell, doubled ones stand for one. */
function createRecords(separator: number): Records {
  const head: string[][] = [];
  let records = 0;
  let width = 0;
  let cells = 0;
  let cell = '';
  /** Characters of the record so far; a line end alone is an empty record. */
  let filled = false;
  let state: 'start' | 'plain' | 'quoted' | 'quote' = 'start';
  let afterReturn = false;
  const endCell = (): void => {
    if (records < HEAD_ROWS && cells < HEAD_CELLS) (head[records] ??= []).push(cell);
    cells++;
    cell = '';
    state = 'start';
  };
  const endRecord = (): void => {
    if (filled) endCell();
    else if (records < HEAD_ROWS) head[records] = [];
    if (records === 0) width = cells;
    records++;
    cells = 0;
    filled = false;
    state = 'start';
  };
  return {
    head,
    width: () => width,
    push(text) {
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        const lineEnd = code === 10 || code === 13;
        if (afterReturn && code === 10 && state !== 'quoted') {
          afterReturn = false;
          continue;
        }
        afterReturn = false;
        if (state === 'quoted') {
          if (code === 34) state = 'quote';
          else keep(text, i);
          continue;
        }
        if (lineEnd) {
          endRecord();
          afterReturn = code === 13;
          continue;
        }
        filled = true;
        if (code === separator) endCell();
        else if (code === 34 && state === 'start') state = 'quoted';
        else if (code === 34 && state === 'quote') {
          keep(text, i);
          state = 'quoted';
        } else {
          keep(text, i);
          state = 'plain';
        }
      }
    },
    end() {
      if (filled || state === 'quoted') endRecord();
      return records;
    },
  };
  function keep(text: string, i: number): void {
    if (records < HEAD_ROWS && cells < HEAD_CELLS) cell += text[i];
  }
}
