// Columns of Arrow as values that fixes change, and back. Made by hand: Arrow's own builders make functions out of texts, which
// the app's policy forbids.
import type * as ArrowModule from 'apache-arrow';
import type { Field, Vector } from 'apache-arrow';
import { LoamError } from '../../engine/errors.ts';
import type { FixedColumn } from '../../engine/ports.ts';
import { join } from '../source.ts';
import { numberArray, type NumberType } from '../zarr-write.ts';
import { fixedValues, type StoredColumn } from './fixed-values.ts';

type Arrow = typeof ArrowModule;

/** Categories that all pieces of a column have in common, where a file has room for one list of them. */
export interface SharedCategories {
  type: ArrowModule.Dictionary<ArrowModule.Utf8, ArrowModule.Int32>;
  places: ReadonlyMap<string, number>;
  dictionary: Vector<ArrowModule.Utf8>;
}

export function sharedCategories(arrow: Arrow, names: Iterable<string>, ordered: boolean): SharedCategories {
  const list = [...names];
  return {
    type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), null, ordered),
    places: new Map(list.map((name, at) => [name, at])),
    dictionary: arrow.makeVector(textData(arrow, list, null)),
  };
}

export function changedVector(
  arrow: Arrow,
  field: Field,
  vector: Vector,
  column: FixedColumn,
  shared?: SharedCategories,
): Vector {
  const after = changedValues(arrow, field, vector, column);
  return arrow.makeVector(dataOf(arrow, after, isOrdered(arrow, field), shared) as never);
}

export const isOrdered = (arrow: Arrow, { type }: Field): boolean =>
  arrow.DataType.isDictionary(type) && (type as ArrowModule.Dictionary).isOrdered;

export const changedValues = (
  arrow: Arrow,
  field: Field,
  vector: Vector,
  column: FixedColumn,
): StoredColumn => fixedValues(storedVector(arrow, field, vector, column), column);

function storedVector(arrow: Arrow, field: Field, vector: Vector, { name }: FixedColumn): StoredColumn {
  const { type } = field;
  const isText = (one: ArrowModule.DataType): boolean =>
    arrow.DataType.isUtf8(one) || arrow.DataType.isLargeUtf8(one);
  if (arrow.DataType.isDictionary(type) && isText((type as ArrowModule.Dictionary).dictionary))
    return storedCategories(vector);
  const { length } = vector;
  const missing = new Uint8Array(length);
  if (isText(type)) {
    const values = Array.from(vector as Iterable<string | null>, (value, i) => {
      if (value === null) missing[i] = 1;
      return value ?? '';
    });
    return { kind: 'texts', values, missing };
  }
  const number = numberType(arrow, type);
  if (number === null)
    throw new LoamError(
      'NotImplementedError',
      `The column "${name}" holds neither texts nor numbers (${String(type)}), and values of such columns are not changed here. Change them where the file was made.`,
      { column: name },
    );
  const values = Array.from(vector as Iterable<number | bigint | boolean | null>, (value, i) => {
    if (value === null || Number.isNaN(value)) missing[i] = 1;
    return typeof value === 'bigint' ? value : Number(value ?? 0);
  });
  return { kind: 'numbers', type: number, values, missing };
}

/** Codes into all categories of the column, also those that this piece has no row of. */
function storedCategories(vector: Vector): StoredColumn {
  const all = vector.data[0]?.dictionary as Vector | undefined;
  const places = new Map<string, number>();
  for (const text of (all ?? []) as Iterable<string | null>)
    if (text !== null && !places.has(text)) places.set(text, places.size);
  const codes = Int32Array.from(vector as Iterable<string | null>, (text) => {
    if (text === null) return -1;
    let place = places.get(text);
    if (place === undefined) places.set(text, (place = places.size));
    return place;
  });
  return { kind: 'category', categories: [...places.keys()], codes };
}

function numberType(arrow: Arrow, type: ArrowModule.DataType): NumberType | null {
  if (arrow.DataType.isBool(type)) return 'bool';
  if (arrow.DataType.isInt(type)) return `${type.isSigned ? 'int' : 'uint'}${type.bitWidth}`;
  if (arrow.DataType.isFloat(type) && type.precision > 0) return type.precision === 1 ? 'float32' : 'float64';
  return null;
}

function dataOf(
  arrow: Arrow,
  column: StoredColumn,
  ordered: boolean,
  shared?: SharedCategories,
): ArrowModule.Data {
  switch (column.kind) {
    case 'texts':
      return textData(arrow, column.values, column.missing);
    case 'category': {
      const { categories, codes } = column;
      const { type, places, dictionary } = shared ?? sharedCategories(arrow, categories, ordered);
      const plain = Int32Array.from(codes as ArrayLike<number>, (code) =>
        Number(code) < 0 ? -1 : (places.get(categories[Number(code)] ?? '') ?? -1),
      );
      return arrow.makeData({
        type,
        length: plain.length,
        ...gapsOf(plain.length, (i) => (plain[i] ?? -1) < 0),
        data: plain.map((code) => Math.max(0, code)),
        dictionary,
      });
    }
    case 'numbers':
      return numberData(arrow, column);
  }
}

function gapsOf(
  length: number,
  missing: (i: number) => boolean,
): { nullCount: number; nullBitmap: Uint8Array } {
  const nullBitmap = new Uint8Array(Math.ceil(length / 8));
  let nullCount = 0;
  for (let i = 0; i < length; i++) {
    if (missing(i)) nullCount++;
    else nullBitmap[i >> 3] = (nullBitmap[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return { nullCount, nullBitmap };
}

function textData(
  arrow: Arrow,
  values: readonly string[],
  missing: Uint8Array | null,
): ArrowModule.Data<ArrowModule.Utf8> {
  const encoder = new TextEncoder();
  const known = new Map<string, Uint8Array>();
  const valueOffsets = new Int32Array(values.length + 1);
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const [i, value] of values.entries()) {
    if (!missing?.[i]) {
      let bytes = known.get(value);
      if (bytes === undefined) known.set(value, (bytes = encoder.encode(value)));
      parts.push(bytes);
      size += bytes.length;
    }
    valueOffsets[i + 1] = size;
  }
  return arrow.makeData({
    type: new arrow.Utf8(),
    length: values.length,
    ...gapsOf(values.length, (i) => missing?.[i] === 1),
    valueOffsets,
    data: join(parts),
  });
}

/** Names of Arrow's classes. */
const arrowTypes = {
  bool: 'Bool',
  int8: 'Int8',
  uint8: 'Uint8',
  int16: 'Int16',
  uint16: 'Uint16',
  int32: 'Int32',
  uint32: 'Uint32',
  int64: 'Int64',
  uint64: 'Uint64',
  float32: 'Float32',
  float64: 'Float64',
} as const satisfies Record<NumberType, keyof Arrow>;

function numberData(
  arrow: Arrow,
  { type, values, missing }: StoredColumn & { kind: 'numbers' },
): ArrowModule.Data {
  const { length } = values;
  const truths = type === 'bool' ? gapsOf(length, (i) => Number(values[i]) === 0).nullBitmap : null;
  return arrow.makeData({
    type: new arrow[arrowTypes[type]](),
    length,
    ...gapsOf(length, (i) => missing?.[i] === 1),
    data: truths ?? numberArray(type, values),
  } as never);
}
