// Columns of a stored table as Arrow, in batches of the same rows: each column comes in pieces of its own length.
import type * as ArrowModule from 'apache-arrow';
import type { Data } from 'apache-arrow';
import type { ColumnSource, ObjectValue, Piece } from './facts/column-facts.ts';
import { Unsupported } from './tree.ts';

type Arrow = typeof ArrowModule;

export interface ColumnReader {
  /** The next values; throws where there are fewer. */
  take(rows: number): Promise<Data>;
  /** Throws where values are left. */
  end(): Promise<void>;
}

type Numbers =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** By pandas' name in lower case: `Int64` and `int64` differ in how they miss values, not in what they hold. */
const numberTypes: Readonly<Record<string, [type: keyof Arrow, make: new (length: number) => Numbers]>> = {
  int8: ['Int8', Int8Array],
  int16: ['Int16', Int16Array],
  int32: ['Int32', Int32Array],
  int64: ['Int64', BigInt64Array],
  uint8: ['Uint8', Uint8Array],
  uint16: ['Uint16', Uint16Array],
  uint32: ['Uint32', Uint32Array],
  uint64: ['Uint64', BigUint64Array],
  // Half floats come as single ones, which hold them exactly.
  float16: ['Float32', Float32Array],
  float32: ['Float32', Float32Array],
  float64: ['Float64', Float64Array],
};

/** Throws `Unsupported` for values that no table can hold. */
export function columnReader(arrow: Arrow, source: ColumnSource): ColumnReader {
  switch (source.kind) {
    case 'category':
      return categories(arrow, source);
    case 'bool':
      return bools(arrow, source.pieces());
    case 'number':
      return numbers(arrow, source.dtype, source.pieces());
    case 'object':
      return texts(arrow, source.pieces());
  }
}

/** Texts without a missing one, as an index is. */
export function textReader(arrow: Arrow, names: AsyncIterable<ArrayLike<string>>): ColumnReader {
  return texts(
    arrow,
    (async function* () {
      for await (const values of names) yield { values };
    })(),
  );
}

/** Walks pieces row by row: `each` gets a value, whether it is missing, and its place in the batch. */
function walker<T>(pieces: AsyncIterable<Piece<T>>) {
  const iterator = pieces[Symbol.asyncIterator]();
  let piece: Piece<T> = { values: [] };
  let at = 0;
  async function more(): Promise<boolean> {
    while (at >= piece.values.length) {
      const { done, value } = await iterator.next();
      if (done) return false;
      piece = value;
      at = 0;
    }
    return true;
  }
  return {
    async walk(rows: number, each: (value: T, missing: boolean, row: number) => void): Promise<void> {
      for (let row = 0; row < rows;) {
        if (!(await more())) throw new Error(`its values end after ${row} of the ${rows} next rows`);
        const { values, missing } = piece;
        const stop = Math.min(values.length, at + rows - row);
        for (; at < stop; at++, row++) each(values[at] as T, Boolean(missing?.[at]), row);
      }
    },
    async end(): Promise<void> {
      if (await more()) throw new Error('it has more values than the table has rows');
    },
  };
}

/** Bits of the rows that are there; without any that is not Arrow wants none. */
function validity(rows: number) {
  const bits = new Uint8Array(Math.ceil(rows / 8)).fill(0xff);
  let nullCount = 0;
  return {
    drop(row: number): void {
      bits[row >> 3] = (bits[row >> 3] ?? 0) & ~(1 << (row & 7));
      nullCount++;
    },
    of: () => (nullCount === 0 ? { nullCount } : { nullCount, nullBitmap: bits }),
  };
}

function numbers(arrow: Arrow, dtype: string, pieces: AsyncIterable<Piece<number | bigint>>): ColumnReader {
  const plain = dtype.replace(/^[<>|=]/, '').toLowerCase();
  const [name, make] = numberTypes[longName[plain] ?? plain] ?? [];
  if (name === undefined || make === undefined)
    throw new Unsupported(`columns of type ${dtype} are not read here`);
  const type = new (arrow[name] as unknown as new () => ArrowModule.Float64)();
  const big = name === 'Int64' || name === 'Uint64';
  // NaN is how pandas writes a missing float. Its nullable floats have a mask for that, and NaN beside it.
  const nanIsMissing = /^[<>]?f/.test(dtype);
  const { walk, end } = walker(pieces);
  return {
    end,
    async take(length) {
      const data = new make(length);
      const valid = validity(length);
      await walk(length, (value, missing, row) => {
        if (missing || (nanIsMissing && Number.isNaN(value))) valid.drop(row);
        else (data as Float64Array)[row] = (big ? BigInt(value) : Number(value)) as number;
      });
      return arrow.makeData({ type, length, data: data as Float64Array, ...valid.of() });
    },
  };
}

/** NumPy's short names, which stand for numbers of the other byte order; their values come in ours. */
const longName: Readonly<Record<string, string>> = Object.fromEntries(
  [1, 2, 4, 8].flatMap((size) => [
    [`i${size}`, `int${size * 8}`],
    [`u${size}`, `uint${size * 8}`],
    [`f${size}`, `float${size * 8}`],
  ]),
);

function bools(arrow: Arrow, pieces: AsyncIterable<Piece<number | boolean>>): ColumnReader {
  const { walk, end } = walker(pieces);
  return {
    end,
    async take(length) {
      const data = new Uint8Array(Math.ceil(length / 8));
      const valid = validity(length);
      await walk(length, (value, missing, row) => {
        if (missing) valid.drop(row);
        else if (value) data[row >> 3] = (data[row >> 3] ?? 0) | (1 << (row & 7));
      });
      return arrow.makeData({ type: new arrow.Bool(), length, data, ...valid.of() });
    },
  };
}

const encoder = new TextEncoder();

/** Texts of a batch, one behind the other. */
function textWriter(length: number) {
  const offsets = new Int32Array(length + 1);
  let bytes = new Uint8Array(Math.max(64, length * 16));
  let at = 0;
  function room(more: number): void {
    if (at + more <= bytes.length) return;
    if (at + more > 2 ** 31 - 1) throw new Error('its texts are too long for one table');
    const larger = new Uint8Array(Math.min(2 ** 31 - 1, Math.max(at + more, bytes.length * 2)));
    larger.set(bytes.subarray(0, at));
    bytes = larger;
  }
  return {
    text(value: string): void {
      room(value.length * 3);
      at += encoder.encodeInto(value, bytes.subarray(at)).written;
    },
    copy(value: Uint8Array): void {
      room(value.length);
      bytes.set(value, at);
      at += value.length;
    },
    close(row: number): void {
      offsets[row + 1] = at;
    },
    of: () => ({ valueOffsets: offsets, data: bytes.subarray(0, at) }),
  };
}

function texts(arrow: Arrow, pieces: AsyncIterable<Piece<ObjectValue>>): ColumnReader {
  const { walk, end } = walker(pieces);
  return {
    end,
    async take(length) {
      const written = textWriter(length);
      const valid = validity(length);
      await walk(length, (value, missing, row) => {
        if (missing) valid.drop(row);
        else written.text(typeof value === 'string' ? value : (value.text ?? value.shown));
        written.close(row);
      });
      return arrow.makeData({ type: new arrow.Utf8(), length, ...written.of(), ...valid.of() });
    },
  };
}

/** Names in place of codes: the query engine's stream has no dictionaries (decision 0020), parquet packs repeated texts. */
function categories(arrow: Arrow, source: ColumnSource & { kind: 'category' }): ColumnReader {
  const names = source.categories.map((name) => encoder.encode(name));
  const { walk, end } = walker(source.pieces());
  return {
    end,
    async take(length) {
      const written = textWriter(length);
      const valid = validity(length);
      await walk(length, (value, missing, row) => {
        const code = Number(value);
        const name = names[code];
        if (missing || code < 0) valid.drop(row);
        else if (name === undefined) throw new Error(`code ${code} names none of ${names.length} categories`);
        else written.copy(name);
        written.close(row);
      });
      return arrow.makeData({ type: new arrow.Utf8(), length, ...written.of(), ...valid.of() });
    },
  };
}
