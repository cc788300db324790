// Descriptions of Zarr nodes, v2 and v3, read by ourselves: their dtypes as zarr-python names them, chunks and shards, and
// attributes with their numbers as written. What zarrita cannot read it gets under a name it can.
import type { ElementType, Field } from './element-type.ts';
import { JsonNumber, parseJson, plainJson, type Json } from './json-text.ts';

export interface ZarrNode {
  format: 2 | 3;
  kind: 'group' | 'array';
  attributes: Map<string, Json>;
  /** Arrays only. */
  array: ZarrArray | null;
}

export interface ZarrArray {
  shape: number[];
  chunks: number[];
  shards: number[] | null;
  element: ElementType;
  /** What zarrita is given as the description, in the form of the node's format. */
  description: Record<string, unknown>;
  /** How values come from zarrita: as they are, or as the bits of 16-bit floats. */
  as: 'values' | 'halves';
}

type ReadText = (name: string) => Promise<string | null>;

/** The node whose files `read` gives by name, or null where there is none. Throws where its description is damaged. */
export async function readZarrNode(read: ReadText): Promise<ZarrNode | null> {
  const v3 = await read('zarr.json');
  if (v3 !== null) return nodeOfV3(asMap(parseJson(v3)));
  const [array, group] = [await read('.zarray'), await read('.zgroup')];
  if (array === null && group === null) return null;
  const attributesText = await read('.zattrs');
  const attributes = attributesText === null ? new Map<string, Json>() : asMap(parseJson(attributesText));
  if (array === null) return { format: 2, kind: 'group', attributes, array: null };
  return { format: 2, kind: 'array', attributes, array: arrayOfV2(asMap(parseJson(array))) };
}

function asMap(json: Json | undefined): Map<string, Json> {
  if (json instanceof Map) return json;
  throw new Error('its description is no JSON object');
}

function numbers(json: Json | undefined, what: string): number[] {
  if (!Array.isArray(json)) throw new Error(`its description lacks ${what}`);
  return json.map((item) => {
    const value = item instanceof JsonNumber ? item.value : NaN;
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`its ${what} is no list of sizes`);
    return value;
  });
}

function nodeOfV3(json: Map<string, Json>): ZarrNode {
  const attributes = json.has('attributes') ? asMap(json.get('attributes')) : new Map<string, Json>();
  if (json.get('node_type') !== 'array') return { format: 3, kind: 'group', attributes, array: null };
  const shape = numbers(json.get('shape'), 'shape');
  const grid = asMap(asMap(json.get('chunk_grid')).get('configuration'));
  const outer = numbers(grid.get('chunk_shape'), 'chunk shape');
  const codecs = Array.isArray(json.get('codecs')) ? (json.get('codecs') as Json[]) : [];
  const sharding = codecs.find((codec) => codec instanceof Map && codec.get('name') === 'sharding_indexed');
  const inner =
    sharding instanceof Map
      ? numbers(asMap(sharding.get('configuration')).get('chunk_shape'), 'chunk shape')
      : null;
  const { element, as, zarrita } = elementOfV3(json.get('data_type') ?? null);
  const plain = plainJson(json) as Record<string, unknown>;
  const description: Record<string, unknown> = {
    ...plain,
    attributes: {},
    data_type: zarrita ?? plain.data_type,
  };
  if (as === 'halves' || element.kind === 'time') description.fill_value = 0;
  return {
    format: 3,
    kind: 'array',
    attributes,
    array: { shape, chunks: inner ?? outer, shards: inner === null ? null : outer, element, as, description },
  };
}

interface Found {
  element: ElementType;
  as: ZarrArray['as'];
  /** Its name for zarrita where that differs. */
  zarrita?: string;
}

const little = { littleEndian: true } as const;
const plain = (element: Omit<ElementType, 'littleEndian'>, zarrita?: string): Found => ({
  element: { ...little, ...element },
  as: 'values',
  ...(zarrita === undefined ? {} : { zarrita }),
});

function elementOfV3(type: Json): Found {
  const name = type instanceof Map ? type.get('name') : type;
  const configuration = type instanceof Map ? type.get('configuration') : null;
  const setting = (key: string): Json =>
    configuration instanceof Map ? (configuration.get(key) ?? null) : null;
  const size = (key: string): number => {
    const value = setting(key);
    return value instanceof JsonNumber ? value.value : 0;
  };
  if (typeof name !== 'string') throw new Error('its data type has no name');
  const number = /^(int|uint|float|complex)(\d+)$/.exec(name);
  if (number?.[1] && number[2]) {
    const found = plain({ kind: number[1] as 'int', size: Number(number[2]) / 8 });
    return name === 'float16' ? { ...found, as: 'halves', zarrita: 'uint16' } : found;
  }
  switch (name) {
    case 'bool':
      return plain({ kind: 'bool', size: 1 });
    case 'string':
      return plain({ kind: 'text', size: 16, name: 'StringDType()' });
    case 'fixed_length_utf32':
      return plain({ kind: 'unicode', size: size('length_bytes') }, `v2:U${size('length_bytes') / 4}`);
    case 'null_terminated_bytes':
      return plain({ kind: 'bytes', size: size('length_bytes') }, `v2:S${size('length_bytes')}`);
    case 'numpy.datetime64':
    case 'numpy.timedelta64': {
      const factor = size('scale_factor');
      const unit = String(setting('unit'));
      const suffix = unit === 'generic' ? '' : `[${factor > 1 ? factor : ''}${unit}]`;
      return plain(
        { kind: 'time', size: 8, unit: `${name.includes('date') ? 'M8' : 'm8'}${suffix}` },
        'int64',
      );
    }
    case 'raw_bytes':
      return plain({ kind: 'void', size: size('length_bytes') });
    case 'struct':
    case 'structured':
      return plain(recordOf(setting('fields'), (field) => elementOfV3(field).element));
    default: {
      const raw = /^r(\d+)$/.exec(name);
      return plain(raw ? { kind: 'void', size: Number(raw[1]) / 8 } : { kind: 'object', size: 0, name });
    }
  }
}

/** Fields as `[name, type]` or `{ name, data_type }`, one after the other. */
function recordOf(json: Json, elementOf: (type: Json) => ElementType): Omit<ElementType, 'littleEndian'> {
  const fields: Field[] = [];
  let offset = 0;
  for (const item of Array.isArray(json) ? json : []) {
    const [name, type] = Array.isArray(item)
      ? [item[0], item[1]]
      : item instanceof Map
        ? [item.get('name'), item.get('data_type')]
        : [];
    const element = elementOf(type ?? null);
    fields.push({ name: String(name), offset, type: element });
    offset += element.size;
  }
  return { kind: 'record', size: offset, fields };
}

function arrayOfV2(json: Map<string, Json>): ZarrArray {
  const filters = Array.isArray(json.get('filters')) ? (json.get('filters') as Json[]) : [];
  const texts = filters.some((filter) => filter instanceof Map && filter.get('id') === 'vlen-utf8');
  const dtype = json.get('dtype') ?? null;
  const element = texts
    ? plain({ kind: 'text', size: 16, name: 'StringDType()' }).element
    : Array.isArray(dtype)
      ? { ...little, ...recordOf(dtype, numpyElement) }
      : numpyElement(dtype);
  const description = plainJson(json) as Record<string, unknown>;
  const order = element.littleEndian ? '<' : '>';
  const half = element.kind === 'float' && element.size === 2;
  if (half || element.kind === 'time') {
    description.dtype = `${order}${half ? 'u2' : 'i8'}`;
    description.fill_value = 0;
  }
  return {
    shape: numbers(json.get('shape'), 'shape'),
    chunks: numbers(json.get('chunks'), 'chunk shape'),
    shards: null,
    element,
    description,
    as: half ? 'halves' : 'values',
  };
}

const KINDS: Record<string, ElementType['kind']> = {
  b: 'bool',
  i: 'int',
  u: 'uint',
  f: 'float',
  c: 'complex',
  S: 'bytes',
  U: 'unicode',
  V: 'void',
  M: 'time',
  m: 'time',
};

/** The type behind NumPy's code of it, such as `<f4` or `|S7`. */
export function numpyElement(dtype: Json): ElementType {
  const match = typeof dtype === 'string' ? /^([<>|])([a-zA-Z])(\d*)(\[.*\])?$/.exec(dtype) : null;
  if (match === null) return { ...little, kind: 'object', size: 0 };
  const [, order, letter = 'O', digits = '0', unit = ''] = match;
  const kind = KINDS[letter] ?? 'object';
  const found: ElementType = {
    kind,
    size: Number(digits) * (kind === 'unicode' ? 4 : 1),
    littleEndian: order !== '>',
  };
  return kind === 'time' ? { ...found, unit: `${letter}${digits}${unit}` } : found;
}
