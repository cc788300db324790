// Stored parquet values as what pandas makes of them: numbers, and for everything else the text that str() gives, down to
// lists, records and maps within cells.
import { Unsupported } from '../tree.ts';
import { halves } from '../hdf5-values.ts';
import type { ArrowType } from './arrow-type.ts';
import type { ObjectValue } from './column-facts.ts';
import { arrayRepr, arrayStr, type NumpyArray } from './numpy-text.ts';
import type { Nested } from './parquet-rows.ts';
import type { ParquetNode } from './parquet-schema.ts';

import { boolText, bytesText, floatText, quoted } from './python-text.ts';
import {
  dateRepr,
  dateText,
  decimalText,
  durationRepr,
  durationText,
  numpyTimeText,
  timeRepr,
  timestampRepr,
  timestampText,
  timeText,
} from './time-text.ts';

/** A stored number of an integer or float type. */
export function numberOf(value: unknown, type: ArrowType): number | bigint {
  if (type.id === 'uint') {
    if (typeof value === 'bigint') return BigInt.asUintN(64, value);
    return type.bits === 32 ? Number(value) >>> 0 : Number(value);
  }
  if (type.id === 'float' && value instanceof Uint8Array) return halves(value)[0] ?? NaN;
  return typeof value === 'bigint' ? value : Number(value);
}

/** Time of INT96: a day of the Julian calendar above 64 bits of nanoseconds. */
function nanosOf(value: bigint): bigint {
  const days = (value >> 64n) - 2_440_588n;
  return days * 86_400_000_000_000n + (value & 0xffff_ffff_ffff_ffffn);
}

function wholeOf(value: unknown, physical: string): bigint {
  if (physical === 'INT96') return nanosOf(value as bigint);
  if (typeof value === 'bigint') return value;
  return BigInt(value as number);
}

/** Big-endian two's complement. */
function unscaledOf(value: unknown): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value as number | bigint);
  const unsigned = value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return BigInt.asIntN(value.length * 8, unsigned);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

export const textOf = (value: unknown): string => lenient.decode(value as Uint8Array);

/** str() of a value in an object column; `physical` is the type it is stored in. */
export function shown(value: unknown, type: ArrowType, physical: string): ObjectValue {
  switch (type.id) {
    case 'bool':
      return boolText(Boolean(value));
    case 'string':
      return textOf(value);
    case 'binary':
    case 'fixed': {
      const bytes = value as Uint8Array;
      return { shown: bytesText(bytes), text: decoded(bytes) };
    }
    case 'date':
      return dateText(wholeOf(value, physical));
    case 'time':
      return timeText(wholeOf(value, physical), type.unit);
    case 'timestamp':
      return timestampText(wholeOf(value, physical), type.unit, type.zone);
    case 'duration':
      return durationText(wholeOf(value, physical), type.unit);
    case 'decimal':
      return decimalText(unscaledOf(value), type.scale);
    case 'extension':
      return type.name === 'arrow.uuid'
        ? uuidText(value as Uint8Array)
        : shown(value, type.storage, physical);
    case 'dictionary':
      return shown(value, type.values, physical);
    default:
      throw new Unsupported(`values of type ${type.id} are not read here`);
  }
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function uuidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Inner fields of which some value is missing somewhere in the column: their whole numbers become floats. */
export type Gaps = Set<ParquetNode>;

/** Notes the gaps of one row. */
export function noteGaps(value: Nested, node: ParquetNode, gaps: Gaps): void {
  const inner = (child: Nested, of: ParquetNode): void => {
    if (child === null) gaps.add(of);
    noteGaps(child, of, gaps);
  };
  switch (node.shape) {
    case 'struct':
      // A record that is missing has no fields either.
      node.fields.forEach((field, i) =>
        inner(value !== null && 'fields' in value ? (value.fields[i] ?? null) : null, field),
      );
      break;
    case 'list':
      if (value === null && node.field.type.id === 'fixed-list') gaps.add(node.item);
      if (value !== null && 'list' in value) for (const item of value.list) inner(item, node.item);
      break;
    case 'map':
      if (value !== null && 'pairs' in value) {
        for (const [key, item] of value.pairs) {
          inner(key, node.key);
          inner(item, node.value);
        }
      }
  }
}

/** str() of a nested cell. */
export function nestedText(value: Nested, node: ParquetNode, gaps: Gaps): string {
  if (value === null) return 'None';
  if ('list' in value && node.shape === 'list') return arrayStr(arrayOf(value.list, node.item, gaps));
  return repr(value, node, gaps);
}

/** repr() of a value inside of another. */
function repr(value: Nested, node: ParquetNode, gaps: Gaps): string {
  if (value === null) return 'None';
  if ('fields' in value && node.shape === 'struct') {
    const entries = node.fields.map(
      (field, i) => `${quoted(field.field.name)}: ${repr(value.fields[i] ?? null, field, gaps)}`,
    );
    return `{${entries.join(', ')}}`;
  }
  if ('pairs' in value && node.shape === 'map') {
    const pairs = value.pairs.map(
      ([key, item]) => `(${repr(key, node.key, gaps)}, ${repr(item, node.value, gaps)})`,
    );
    return `[${pairs.join(', ')}]`;
  }
  if ('list' in value && node.shape === 'list') return arrayRepr(arrayOf(value.list, node.item, gaps));
  if ('leaf' in value && node.shape === 'leaf')
    return leafRepr(value.leaf, node.field.type, node.leaf.physical, gaps.has(node));
  throw new Error('its values do not fit its schema');
}

function leafRepr(value: unknown, type: ArrowType, physical: string, gaps: boolean): string {
  switch (type.id) {
    case 'int':
    case 'uint': {
      const number = numberOf(value, type);
      return gaps ? floatText(Number(number)) : String(number);
    }
    case 'float':
      return floatText(Number(numberOf(value, type)));
    case 'string':
      return quoted(textOf(value));
    case 'binary':
    case 'fixed':
      return bytesText(value as Uint8Array);
    case 'date':
      return dateRepr(wholeOf(value, physical));
    case 'time':
      return timeRepr(wholeOf(value, physical), type.unit);
    case 'timestamp':
      // Python's own types end at microseconds, so that finer times stay numbers.
      if (type.unit === 'ns') return String(wholeOf(value, physical));
      return timestampRepr(wholeOf(value, physical), type.unit, type.zone);
    case 'duration':
      if (type.unit === 'ns') return String(wholeOf(value, physical));
      return durationRepr(wholeOf(value, physical), type.unit);
    case 'decimal':
      return `Decimal('${decimalText(unscaledOf(value), type.scale)}')`;
    case 'extension':
      return leafRepr(value, type.storage, physical, gaps);
    case 'dictionary':
      return leafRepr(value, type.values, physical, gaps);
    default: {
      const text = shown(value, type, physical);
      return typeof text === 'string' ? text : text.shown;
    }
  }
}

function arrayOf(items: Nested[], node: ParquetNode, gaps: Gaps): NumpyArray {
  const missing = gaps.has(node);
  const asObjects = (): NumpyArray => ({
    dtype: 'object',
    values: items.map((item) => repr(item, node, gaps)),
  });
  if (node.shape !== 'leaf') return asObjects();
  const { type } = node.field;
  const stored = items.map((item) => (item !== null && 'leaf' in item ? item.leaf : null));
  switch (type.id) {
    case 'int':
    case 'uint': {
      if (missing)
        return {
          dtype: 'float64',
          values: stored.map((item) => (item === null ? NaN : Number(numberOf(item, type)))),
        };
      return {
        dtype: `${type.id}${type.bits}` as 'int64',
        values: stored.map((item) => numberOf(item, type)),
      };
    }
    case 'float':
      return {
        dtype: `float${type.bits}`,
        values: stored.map((item) => (item === null ? NaN : Number(numberOf(item, type)))),
      };
    case 'bool':
      return missing ? asObjects() : { dtype: 'bool', values: stored.map(Boolean) };
    case 'timestamp':
      return {
        dtype: `datetime64[${type.unit}]`,
        values: stored.map((item) =>
          item === null ? null : numpyTimeText(wholeOf(item, node.leaf.physical), type.unit),
        ),
      };
    case 'duration':
      return {
        dtype: `timedelta64[${type.unit}]`,
        values: stored.map((item) => (item === null ? null : String(wholeOf(item, node.leaf.physical)))),
      };
    default:
      return asObjects();
  }
}
