// Zarr groups and arrays as tree nodes: descriptions by zarr-metadata.ts, values by zarrita.
import type { AbsolutePath, AsyncReadable } from '@zarrita/storage';
import type * as Zarr from 'zarrita';
import { elementWord, listText, numpyName, type ElementType } from './element-type.ts';
import { halves } from './hdf5-values.ts';
import { plainJson } from './json-text.ts';
import { boxBytes, checkBox, MAX_KEYS, NO_ARRAY, Unsupported, type TreeNode, type Values } from './tree.ts';
import { registerCodecs } from './zarr-codecs.ts';
import { readZarrNode, type ZarrArray, type ZarrNode } from './zarr-metadata.ts';
import type { ObjectStore } from './zarr-store.ts';

const MARKS = ['zarr.json', '.zgroup', '.zarray', '.zattrs', '.zmetadata'];
/** Bytes of one chunk that a preview unpacks, and that a whole reading does. */
const PREVIEW_CHUNK = 64 * 1024 * 1024;
const MOST = 256 * 1024 * 1024;
/** Bytes that one piece of a whole reading aims at. */
const USUAL = 8 * 1024 * 1024;

/** Kinds of values that have no form here. */
const UNREAD: ReadonlySet<ElementType['kind']> = new Set(['record', 'complex', 'void', 'array']);

/** A tree node that also gives its description. */
export interface ZarrTreeNode extends TreeNode {
  zarr: ZarrNode;
}

/** Where the store's root lies in a list of paths ('' or a folder with trailing slash), or null where there is none. */
export function zarrRoot(paths: readonly string[]): string | null {
  let best: string | null = null;
  for (const path of paths) {
    const slash = path.lastIndexOf('/') + 1;
    if (MARKS.includes(path.slice(slash)) && (best === null || slash < best.length))
      best = path.slice(0, slash);
  }
  // Deeper marks mean a folder that holds stores, which is no store itself.
  return best !== null && best.split('/').length <= 2 ? best : null;
}

/** The root of a store, or null where its description is missing. */
export async function openZarr(store: ObjectStore): Promise<ZarrTreeNode | null> {
  const zarr = await import('zarrita');
  registerCodecs(zarr);
  const prefix = (zarrRoot(store.paths) ?? '').slice(0, -1);
  return nodeAt(zarr, store, prefix, childrenOf(store.paths));
}

/** Members of each folder that are Zarr nodes themselves. */
function childrenOf(paths: readonly string[]): Map<string, string[]> {
  const children = new Map<string, Set<string>>();
  for (const path of paths.slice(0, 500_000)) {
    const parts = path.split('/');
    if (!MARKS.includes(parts.at(-1) ?? '') || parts.length < 2) continue;
    // Consolidated v2 stores may lack marks in between, so every folder above counts.
    for (let depth = parts.length - 1; depth > 0; depth--) {
      const parent = parts.slice(0, depth - 1).join('/');
      const set = children.get(parent) ?? new Set<string>();
      set.add(parts[depth - 1] ?? '');
      children.set(parent, set);
    }
  }
  return new Map([...children].map(([parent, names]) => [parent, [...names].sort()]));
}

const under = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

async function nodeAt(
  zarr: typeof Zarr,
  store: ObjectStore,
  path: string,
  children: Map<string, string[]>,
): Promise<ZarrTreeNode | null> {
  const node = await readZarrNode(async (name) => {
    const bytes = await store.get(under(path, name));
    return bytes === undefined ? null : new TextDecoder().decode(bytes);
  });
  if (node === null) return null;
  const attrs = plainJson(node.attributes) as Record<string, unknown>;
  if (node.array === null) {
    const names = children.get(path) ?? [];
    return {
      ...NO_ARRAY,
      zarr: node,
      kind: 'group',
      attrs,
      keys: () => Promise.resolve(names.slice(0, MAX_KEYS)),
      isLink: () => false,
      get: (name) =>
        names.includes(name) ? nodeAt(zarr, store, under(path, name), children) : Promise.resolve(null),
    };
  }
  return { ...arrayNode(zarr, store, path, node.array), attrs, zarr: node };
}

function arrayNode(
  zarr: typeof Zarr,
  store: ObjectStore,
  path: string,
  described: ZarrArray,
): Omit<TreeNode, 'attrs'> {
  const { shape, chunks, shards, element } = described;
  let opening: Promise<Zarr.Array<Zarr.DataType, AsyncReadable>> | null = null;
  const open = (): Promise<Zarr.Array<Zarr.DataType, AsyncReadable>> =>
    (opening ??= zarr.open(zarr.root(storeOfOne(store, path, described)), { kind: 'array' }));
  const chunkBytes = chunks.reduce((a, b) => a * b, Math.max(element.size, 1));
  const check = (limit: number): void => {
    if (chunkBytes > limit) throw new Unsupported('its pieces are too large');
  };
  const select = (rows: { start: number; end: number } | null): Promise<Values> =>
    take(shape.map((axis, at) => (at === 0 && rows !== null ? [rows.start, rows.end] : [0, axis])));
  const take = async (box: readonly (readonly number[])[]): Promise<Values> => {
    if (startsWithIndex(described))
      throw new Unsupported('shards that begin with their index are not read here');
    if (UNREAD.has(element.kind))
      throw new Unsupported(`values of type ${numpyName(element)} are not read here`);
    const array = await open();
    const selection = box.map(([start = 0, end = 0]) => zarr.slice(start, end));
    const result = (await zarr.get(array, shape.length === 0 ? null : selection).catch((error: unknown) => {
      if (zarr.isZarritaError(error, 'UnknownCodecError', 'UnsupportedError'))
        throw new Unsupported(error.message);
      throw error;
    })) as unknown;
    const values =
      typeof result === 'object' && result !== null && 'data' in result
        ? inOrder(result as { data: Iterable<unknown>; shape: number[]; stride: number[] })
        : [result];
    return valuesOf(values, described);
  };
  return {
    ...NO_ARRAY,
    kind: 'array',
    keys: () => Promise.resolve([]),
    get: () => Promise.resolve(null),
    isLink: () => false,
    shape,
    element,
    filled: true,
    type: elementWord(element),
    fields: element.fields?.map(({ name, type }) => ({ name, type: elementWord(type) })) ?? null,
    layout: `chunks=${listText(chunks)} shards=${shards === null ? 'None' : listText(shards)}`,
    blocked: chunkBytes > PREVIEW_CHUNK ? 'they are stored in pieces too large for a preview.' : null,
    read: async (limit) => {
      check(PREVIEW_CHUNK);
      const values = await select(
        shape.length === 0 ? null : { start: 0, end: Math.min(limit, shape[0] ?? 0) },
      );
      return element.kind === 'bool'
        ? Array.from(values as Uint8Array, Boolean)
        : Array.from(values as ArrayLike<unknown>);
    },
    chunks,
    box: (start, count) => {
      check(PREVIEW_CHUNK);
      checkBox(shape, start, count, boxBytes({ shape, chunks, element }, start, count));
      if (count.includes(0)) return Promise.resolve([]);
      return take(start.map((from, axis) => [from, from + (count[axis] ?? 0)]));
    },
    scan: async function* (field) {
      if (field !== undefined) throw new Unsupported('records in Zarr are not read here');
      check(MOST);
      if (shape.length === 0) {
        yield await select(null);
        return;
      }
      const step = rowsPerPiece(described);
      for (let start = 0; start < (shape[0] ?? 0); start += step)
        yield await select({ start, end: Math.min(start + step, shape[0] ?? 0) });
    },
  };
}

/** zarrita takes the index of a shard from its end, wherever the description says it is, and would find nothing there. */
const startsWithIndex = ({ description }: ZarrArray): boolean =>
  Array.isArray(description.codecs) &&
  (description.codecs as { configuration?: { index_location?: unknown } }[]).some(
    (codec) => codec.configuration?.index_location === 'start',
  );

/** Whole rows of chunks, as many as fit the usual size. */
function rowsPerPiece({ shape, chunks, element }: ZarrArray): number {
  const row = shape.slice(1).reduce((a, b) => a * b, Math.max(element.size, 1));
  if (row > MOST) throw new Unsupported('one row is too large to be read');
  const usual = Math.max(1, Math.floor(USUAL / Math.max(row, 1)));
  const chunk = Math.max(1, chunks[0] ?? 1);
  const whole = Math.max(1, Math.round(usual / chunk)) * chunk;
  return whole * row <= MOST ? whole : usual;
}

/** Bytes in a buffer of their own: zarrita's reader of texts takes the buffer for the bytes. */
const alone = (bytes: Uint8Array | undefined): Uint8Array | undefined =>
  bytes === undefined || bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);

/** A store that holds one array at its root: names of nodes may hold what zarrita's paths, being URLs, may not. */
function storeOfOne(store: ObjectStore, path: string, { description }: ZarrArray): AsyncReadable {
  const own = description.zarr_format === 3 ? 'zarr.json' : '.zarray';
  const text = new TextEncoder().encode(JSON.stringify(description));
  const at = (key: AbsolutePath): string => under(path, key.slice(1));
  return {
    get: async (key) => {
      const name = key.slice(1);
      if (name === own) return text;
      return name === 'zarr.json' || name.startsWith('.z') ? undefined : alone(await store.get(at(key)));
    },
    getRange: async (key, range) => alone(await store.getRange(at(key), range)),
  };
}

/** Values of a result in C order: arrays stored column by column come with the strides of that order. */
function inOrder({
  data,
  shape,
  stride,
}: {
  data: Iterable<unknown>;
  shape: number[];
  stride: number[];
}): Iterable<unknown> {
  let step = 1;
  const plain = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    plain[axis] = step;
    step *= shape[axis] ?? 1;
  }
  if (shape.every((size, axis) => size <= 1 || stride[axis] === plain[axis])) return data;
  const source = ArrayBuffer.isView(data) ? (data as unknown as Float64Array) : Array.from(data);
  const target = ArrayBuffer.isView(data)
    ? new (data.constructor as new (length: number) => Float64Array)(source.length)
    : new Array<unknown>(source.length);
  const index = shape.map(() => 0);
  for (let i = 0; i < source.length; i++) {
    const from = index.reduce((sum, at, axis) => sum + at * (stride[axis] ?? 0), 0);
    (target as unknown[])[i] = source[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (((index[axis] = (index[axis] ?? 0) + 1), index[axis]! < (shape[axis] ?? 0))) break;
      index[axis] = 0;
    }
  }
  return target as Iterable<unknown>;
}

function valuesOf(data: Iterable<unknown>, { element, as }: ZarrArray): Values {
  if (as === 'halves') {
    const bits = data as Uint16Array;
    return halves(new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength));
  }
  if (element.kind === 'bool') return Uint8Array.from(data as Iterable<boolean>, Number);
  if (element.kind === 'text' || element.kind === 'bytes' || element.kind === 'unicode')
    return Array.from(data, String);
  if (ArrayBuffer.isView(data)) return data as Values;
  if (Array.isArray(data) && typeof data[0] === 'number') return Float64Array.from(data as number[]);
  if (Array.isArray(data) && typeof data[0] === 'bigint') return BigInt64Array.from(data as bigint[]);
  return Array.from(data, String);
}
