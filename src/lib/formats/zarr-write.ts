// One-dimensional arrays of Zarr written anew in the form of a description that is there: chunks, shards, codecs and filters stay
// as they are told, shape and type become those of the values. zarrita only reads, hence this.
import { jsonBytes, JsonNumber, type Json, type JsonMap } from './json-text.ts';
import { join } from './source.ts';
import { Unsupported } from './tree.ts';
import { packerOf } from './zarr-packers.ts';

export type NumberType = 'bool' | `${'int' | 'uint'}${8 | 16 | 32 | 64}` | 'float32' | 'float64';

export type WrittenValues =
  { type: 'text'; values: readonly string[] } | { type: NumberType; values: ArrayLike<number | bigint> };

const numberArrays = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export type NumberArray = InstanceType<(typeof numberArrays)[NumberType]>;

/** Numbers as their type holds them; truth values as bytes. */
export function numberArray(type: NumberType, values: ArrayLike<number | bigint>): NumberArray {
  const made: NumberArray = new numberArrays[type](values.length);
  if (made instanceof BigInt64Array || made instanceof BigUint64Array)
    for (let i = 0; i < made.length; i++) made[i] = BigInt(values[i] ?? 0);
  else for (let i = 0; i < made.length; i++) made[i] = Number(values[i]);
  return made;
}

/** Objects of an array by their names below it: its description and its chunks. */
export type ArrayObjects = Map<string, Uint8Array>;

/** Bytes of one object that are put together in memory. */
const mostChunk = 256 * 1024 * 1024;

/** `description` is the text's JSON: of `zarr.json` or of `.zarray`. Attributes stay (v3) or are another object (v2). */
export function writeArray(description: JsonMap, given: WrittenValues): ArrayObjects {
  const v3 = number(description.get('zarr_format')) === 3;
  const array = v3 ? arrayOfV3(description, given) : arrayOfV2(description, given);
  const objects: ArrayObjects = new Map();
  objects.set(v3 ? 'zarr.json' : '.zarray', jsonBytes(array.description));
  const { length } = given.values;
  const width = given.type === 'text' ? 4 : sizeOf(given.type);
  if (!(array.chunk >= 1) || array.chunk * width > mostChunk)
    throw new Unsupported('its pieces are too large');
  for (let i = 0; i * array.chunk < length; i++) {
    const chunk = array.encode(i * array.chunk, Math.min(length, (i + 1) * array.chunk));
    objects.set(v3 ? array.keyOf(i) : String(i), chunk);
  }
  return objects;
}

/** Whether values of a description are texts. */
function holdsTexts(description: JsonMap): boolean {
  if (number(description.get('zarr_format')) === 3)
    return ['string', 'fixed_length_utf32'].includes(nameOf(description.get('data_type')));
  const dtype = description.get('dtype');
  return typeof dtype === 'string' && (/^[<>|]U/.test(dtype) || vlen(description));
}

const vlen = (description: JsonMap): boolean =>
  items(description.get('filters')).some((one) => nameOf(one, 'id') === 'vlen-utf8');

interface Prepared {
  description: JsonMap;
  /** Values in one object. */
  chunk: number;
  /** One object's bytes. */
  encode(from: number, to: number): Uint8Array;
  keyOf(at: number): string;
}

function arrayOfV3(given: JsonMap, values: WrittenValues): Prepared {
  const description = new Map(given);
  shaped(description, values);
  const grid = map(given.get('chunk_grid'));
  const [chunk = 1] = items(map(grid.get('configuration')).get('chunk_shape')).map(number);
  const keys = map(given.get('chunk_key_encoding'));
  const separator = map(keys.get('configuration')).get('separator');
  const keyOf = (at: number): string =>
    nameOf(keys) === 'v2' ? String(at) : `c${typeof separator === 'string' ? separator : '/'}${at}`;
  const before = nameOf(given.get('data_type'));
  const texts = values.type === 'text';
  const wasText = before === 'string' || before === 'fixed_length_utf32';
  const width = values.type === 'text' ? longest(values.values) * 4 : sizeOf(values.type);
  const fixed = texts && before === 'fixed_length_utf32';
  if (fixed) {
    const own = number(map(map(given.get('data_type')).get('configuration')).get('length_bytes'));
    const length_bytes = new JsonNumber(String(Math.max(own, width)));
    const configuration: Json = new Map([['length_bytes', length_bytes]]);
    description.set(
      'data_type',
      new Map<string, Json>([
        ['name', before],
        ['configuration', configuration],
      ]),
    );
  } else description.set('data_type', texts ? 'string' : values.type);
  if (texts !== wasText || (!texts && before !== values.type))
    description.set('fill_value', emptyOf(values.type));
  const own = fixed
    ? number(map(map(description.get('data_type')).get('configuration')).get('length_bytes'))
    : width;
  const codecs = items(given.get('codecs')).map((codec) => turned(codec, texts && !fixed, own));
  description.set('codecs', codecs);
  const pipe = pipelineOf(codecs, chunk, own);
  return { description, chunk, keyOf, encode: (from, to) => pipe(cut(values, from, to)) };
}

/** The step from values to bytes as the type asks for it; Blosc is told how wide a value is. */
function turned(codec: Json, texts: boolean, width: number): Json {
  const name = nameOf(codec);
  if (name === 'bytes' || name === 'vlen-utf8') {
    if (texts) return name === 'vlen-utf8' ? codec : new Map<string, Json>([['name', 'vlen-utf8']]);
    if (name === 'bytes' && map(codec).has('configuration')) return codec;
    const configuration: Json = new Map([['endian', 'little']]);
    return new Map<string, Json>([
      ['name', 'bytes'],
      ...(width > 1 ? [['configuration', configuration] as const] : []),
    ]);
  }
  const configuration = codec instanceof Map ? codec.get('configuration') : undefined;
  if (!(configuration instanceof Map)) return codec;
  if (name === 'sharding_indexed') {
    const inner = items(configuration.get('codecs')).map((one) => turned(one, texts, width));
    return new Map(map(codec)).set('configuration', new Map(configuration).set('codecs', inner));
  }
  if (name !== 'blosc' || !configuration.has('typesize')) return codec;
  const typesize = new JsonNumber(String(texts ? 1 : width));
  return new Map(map(codec)).set('configuration', new Map(configuration).set('typesize', typesize));
}

type Encode = (values: WrittenValues) => Uint8Array;

/** Values of one chunk through the codecs; what lies behind the last value is filled up. */
function pipelineOf(codecs: readonly Json[], chunk: number, width: number): Encode {
  const names = codecs.map((codec) => nameOf(codec));
  const at = names.findIndex((name) => ['bytes', 'vlen-utf8', 'sharding_indexed'].includes(name));
  const before = names.slice(0, Math.max(0, at)).filter((name) => name !== 'transpose');
  const [odd] = at < 0 ? names : before;
  if (odd !== undefined || at < 0) throw notPacked(odd ?? 'without a codec of bytes');
  const own = map(codecs[at]);
  const settings = map(own.get('configuration'));
  const toBytes: Encode =
    names[at] === 'vlen-utf8'
      ? (values) => vlenUtf8(texts(values), chunk)
      : names[at] === 'bytes'
        ? (values) => plainBytes(values, chunk, width, settings.get('endian') === 'big')
        : shardOf(settings, chunk, width);
  const packers = names.slice(at + 1).map((name) => packerOf(name) ?? refusal(name));
  return (values) => packers.reduce((bytes, pack) => pack(bytes, width), toBytes(values));
}

const mostPieces = 1_000_000;

/** A shard: inner chunks one after the other, and an index of where each lies. */
function shardOf(settings: JsonMap, chunk: number, width: number): Encode {
  const [inner = 1] = items(settings.get('chunk_shape')).map(number);
  const encode = pipelineOf(items(settings.get('codecs')), inner, width);
  const indexCodecs = items(settings.get('index_codecs'));
  const first = settings.get('index_location') === 'start';
  const count = Math.ceil(chunk / inner);
  if (!(count >= 1 && count <= mostPieces)) throw new Unsupported('its shards have too many pieces');
  return (values) => {
    const index = new BigUint64Array(count * 2).fill(2n ** 64n - 1n);
    const indexOf = pipelineOf(indexCodecs, count * 2, 8);
    const indexSize = indexOf({ type: 'uint64', values: index }).length;
    const parts: Uint8Array[] = [];
    let at = first ? indexSize : 0;
    for (let i = 0; i < count && i * inner < values.values.length; i++) {
      const part = encode(cut(values, i * inner, Math.min(values.values.length, (i + 1) * inner)));
      index[i * 2] = BigInt(at);
      index[i * 2 + 1] = BigInt(part.length);
      parts.push(part);
      at += part.length;
    }
    const told = indexOf({ type: 'uint64', values: index });
    return join(first ? [told, ...parts] : [...parts, told]);
  };
}

function arrayOfV2(given: JsonMap, values: WrittenValues): Prepared {
  const description = new Map(given);
  shaped(description, values);
  const [chunk = 1] = items(given.get('chunks')).map(number);
  const dtype = given.get('dtype');
  const code = typeof dtype === 'string' ? dtype : '';
  const texts = values.type === 'text';
  const fixed = texts && /^[<>|]U/.test(code);
  const big = code.startsWith('>');
  const odd = items(given.get('filters')).find((one) => nameOf(one, 'id') !== 'vlen-utf8');
  if (odd !== undefined) throw notPacked(nameOf(odd, 'id'));
  let width: number;
  if (fixed) {
    width = Math.max(Number(code.slice(2)), longest(values.values as readonly string[])) * 4;
    description.set('dtype', `${code[0] ?? '<'}U${width / 4}`);
  } else if (texts) {
    width = 1;
    description.set('dtype', '|O');
    description.set('filters', [new Map<string, Json>([['id', 'vlen-utf8']])]);
  } else {
    width = sizeOf(values.type);
    description.set('dtype', numpyCode(values.type, big));
    description.set('filters', null);
  }
  if (texts !== holdsTexts(given) || (!texts && description.get('dtype') !== dtype))
    description.set('fill_value', emptyOf(values.type));
  const compressor = given.get('compressor');
  const packer = compressor instanceof Map ? nameOf(compressor, 'id') : null;
  const pack = packer === null ? null : (packerOf(packer) ?? refusal(packer));
  const encode = (from: number, to: number): Uint8Array => {
    const part = cut(values, from, to);
    const bytes =
      texts && !fixed
        ? vlenUtf8(part.values as readonly string[], chunk)
        : plainBytes(part, chunk, width, big);
    return pack === null ? bytes : pack(bytes, width);
  };
  return { description, chunk, encode, keyOf: String };
}

function shaped(description: JsonMap, { values }: WrittenValues): void {
  if (items(description.get('shape')).length !== 1)
    throw new Unsupported('a column of more than one dimension is not written here');
  description.set('shape', [new JsonNumber(String(values.length))]);
}

const notPacked = (what: string): Unsupported =>
  new Unsupported(`values packed with ${what} are not written here`);
function refusal(name: string): never {
  throw notPacked(name);
}

function cut(given: WrittenValues, from: number, to: number): WrittenValues {
  if (given.type === 'text') return { type: 'text', values: given.values.slice(from, to) };
  const { type, values } = given;
  return { type, values: Array.from({ length: to - from }, (_, i) => values[from + i] ?? 0) };
}

const texts = (given: WrittenValues): readonly string[] => {
  if (given.type !== 'text') throw new Error('texts were expected');
  return given.values;
};

/** A number of texts, each with its size before it. */
function vlenUtf8(values: readonly string[], chunk: number): Uint8Array {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const u32 = (value: number): Uint8Array => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return bytes;
  };
  parts.push(u32(chunk));
  for (let i = 0; i < chunk; i++) {
    const text = encoder.encode(values[i] ?? '');
    parts.push(u32(text.length), text);
  }
  return join(parts);
}

function plainBytes(given: WrittenValues, chunk: number, width: number, big: boolean): Uint8Array {
  const bytes = new Uint8Array(chunk * width);
  if (given.type === 'text') {
    const view = new DataView(bytes.buffer);
    for (const [i, text] of given.values.entries()) {
      let at = i * width;
      for (const char of text) {
        view.setUint32(at, char.codePointAt(0) ?? 0, !big);
        at += 4;
      }
    }
    return bytes;
  }
  // Little-endian, as all machines that browsers and Node are made for.
  bytes.set(new Uint8Array(numberArray(given.type, given.values).buffer));
  if (big) for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  return bytes;
}

const sizeOf = (type: NumberType): number => (type === 'bool' ? 1 : Number(/\d+$/.exec(type)?.[0]) / 8);

/** NumPy's code: `<i4`, `|b1`. */
function numpyCode(type: NumberType, big: boolean): string {
  const size = sizeOf(type);
  const letter = type === 'bool' ? 'b' : type.startsWith('u') ? 'u' : type[0];
  return `${size === 1 ? '|' : big ? '>' : '<'}${letter}${size}`;
}

const emptyOf = (type: WrittenValues['type']): Json =>
  type === 'text' ? '' : type === 'bool' ? false : new JsonNumber(type.startsWith('float') ? '0.0' : '0');

/** Characters of the longest text, at least one. */
const longest = (values: readonly string[]): number =>
  values.reduce((most, text) => (text.length > most ? Math.max(most, Array.from(text).length) : most), 1);

const map = (json: Json | undefined): JsonMap => (json instanceof Map ? json : new Map<string, Json>());
const items = (json: Json | undefined): Json[] => (Array.isArray(json) ? json : []);
const number = (json: Json | undefined): number => (json instanceof JsonNumber ? json.value : NaN);

/** The name of a codec or type, which may stand alone or in a map. */
function nameOf(json: Json | undefined, key = 'name'): string {
  const name = json instanceof Map ? json.get(key) : json;
  return typeof name === 'string' ? name : '';
}
