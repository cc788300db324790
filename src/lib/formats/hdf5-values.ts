// Values of HDF5 datasets read by h5wasm's bare functions: in slices of rows, half floats and fields of records included,
// with the outcome of each read checked. (h5wasm's own reader frees texts of a read that failed, which crashes the WASM.)
import type * as H5 from 'h5wasm';
import type { ElementType } from './element-type.ts';
import { Unsupported, type Values } from './tree.ts';

export type H5Module = Awaited<typeof H5.ready>;

/** What one slice may take in memory, and the size slices aim at. */
export const MOST = 256 * 1024 * 1024;
const USUAL = 4 * 1024 * 1024;

interface Heap {
  readonly HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _free(pointer: number): void;
}

/** Rows of one slice: whole rows of chunks, so that no chunk is unpacked twice, as far as memory allows. */
export function rowsPerSlice(metadata: H5.Metadata): number {
  const [, ...rest] = metadata.shape ?? [];
  const row = rest.reduce((size, axis) => size * axis, Math.max(1, metadata.size));
  if (row > MOST) throw new Unsupported('one row is too large to be read');
  const usual = Math.max(1, Math.floor(USUAL / Math.max(1, row)));
  const chunk = metadata.chunks?.[0] ?? 1;
  const whole = Math.max(1, Math.round(usual / chunk)) * chunk;
  return whole * row <= MOST ? whole : usual;
}

/** Rows [start, start + count) of a dataset, or its only value; of records the field named. */
export function readRows(
  module: H5Module,
  dataset: H5.Dataset,
  element: ElementType,
  rows: { start: number; count: number } | null,
  field?: string,
): Values {
  const rest = (dataset.metadata.shape ?? []).slice(1);
  const box = rows && { start: [rows.start, ...rest.map(() => 0)], count: [rows.count, ...rest] };
  return readBox(module, dataset, element, box, field);
}

/** The values of a box (a start and a length on each axis) in C order, or the only value; of records the field named. */
export function readBox(
  module: H5Module,
  dataset: H5.Dataset,
  element: ElementType,
  box: { start: readonly number[]; count: readonly number[] } | null,
  field?: string,
): Values {
  const { metadata, file_id: file, path } = dataset;
  const heap = module as unknown as Heap;
  const shape = metadata.shape ?? [];
  const count = box === null ? shape : box.count;
  const items = count.reduce((size, axis) => size * axis, 1);
  if (metadata.shape === null || items === 0) return [];
  const bytes = items * metadata.size;
  if (bytes > MOST) throw new Unsupported('a part is too large to be read');
  const pointer = heap._malloc(bytes);
  if (pointer === 0) throw new Unsupported('there is not enough memory');
  try {
    heap.HEAPU8.fill(0, pointer, pointer + bytes);
    const slice = shape.length > 0;
    const status = module.get_dataset_data(
      file,
      path,
      slice ? count.map(BigInt) : null,
      slice ? shape.map((_, axis) => BigInt(box?.start[axis] ?? 0)) : null,
      slice ? shape.map(() => 1n) : null,
      BigInt(pointer),
    );
    if (status < 0) throw new Error('the stored bytes are damaged');
    const found = field === undefined ? undefined : element.fields?.find(({ name }) => name === field);
    if (field !== undefined && found === undefined) throw new Error(`there is no field ${field}`);
    const values = column(
      module,
      heap.HEAPU8.subarray(pointer, pointer + bytes),
      found?.type ?? element,
      metadata.size,
      found?.offset ?? 0,
      found === undefined,
    );
    if (holdsPointers(element)) {
      if (slice) module.reclaim_vlen_memory_count(file, path, '', BigInt(pointer), count.map(BigInt));
      else module.reclaim_vlen_memory(file, path, '', BigInt(pointer));
    }
    return values;
  } finally {
    heap._free(pointer);
  }
}

const holdsPointers = (element: ElementType): boolean =>
  element.kind === 'text' ||
  element.kind === 'object' ||
  (element.fields?.some(({ type }) => holdsPointers(type)) ?? false);

const CONSTRUCTORS = {
  int1: Int8Array,
  int2: Int16Array,
  int4: Int32Array,
  int8: BigInt64Array,
  uint1: Uint8Array,
  uint2: Uint16Array,
  uint4: Uint32Array,
  uint8: BigUint64Array,
  float4: Float32Array,
  float8: Float64Array,
} as const;

/** Every `stride` bytes one value. `native`: read at top level, where HDF5 has brought numbers to little endian. */
function column(
  module: H5Module,
  bytes: Uint8Array,
  type: ElementType,
  stride: number,
  offset: number,
  native: boolean,
): Values {
  const items = Math.floor(bytes.length / stride);
  const at = (i: number): Uint8Array => bytes.subarray(i * stride + offset, i * stride + offset + type.size);
  switch (type.kind) {
    case 'bool':
      return Uint8Array.from({ length: items }, (_, i) => bytes[i * stride + offset] ?? 0);
    case 'text': {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return Array.from({ length: items }, (_, i) =>
        module.UTF8ToString(view.getUint32(i * stride + offset, true)),
      );
    }
    case 'bytes':
      return Array.from({ length: items }, (_, i) => fixedText(at(i)));
    case 'int':
    case 'uint':
    case 'float': {
      const packed = new Uint8Array(items * type.size);
      if (stride === type.size) packed.set(bytes.subarray(0, packed.length));
      else for (let i = 0; i < items; i++) packed.set(at(i), i * type.size);
      if (!native && !type.littleEndian) swap(packed, type.size);
      if (type.kind === 'float' && type.size === 2) return halves(packed);
      const make = CONSTRUCTORS[`${type.kind}${type.size}` as keyof typeof CONSTRUCTORS];
      if (make === undefined) throw new Unsupported(`numbers of ${type.size * 8} bits cannot be read`);
      return new make(packed.buffer);
    }
    default:
      throw new Unsupported('values of this kind are not read');
  }
}

/** NumPy's fixed texts end at the last byte that is not zero. */
export function fixedText(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}

export function swap(bytes: Uint8Array, width: number): void {
  for (let at = 0; at + width <= bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}

/** 16-bit floats (little endian) as 32-bit ones, exactly. */
export function halves(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length >> 1 }, (_, i) => {
    const bits = view.getUint16(2 * i, true);
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024);
    return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
  });
}
