// HDF5 groups and datasets as tree nodes. Every call into the WASM is guarded: a crash there is remembered, since the
// memory is suspect from then on.
import type * as H5 from 'h5wasm';
import { listText, numpyName } from './element-type.ts';
import { canUnpack, FILTERS } from './hdf5-filters.ts';
import { elementOf, typeWord } from './hdf5-types.ts';
import { MOST, readBox, readRows, rowsPerSlice, type H5Module } from './hdf5-values.ts';
import { clip } from './summary.ts';
import { boxBytes, checkBox, MAX_KEYS, NO_ARRAY, Unsupported, type TreeNode } from './tree.ts';

/** Bytes one chunk may have for a preview, and one attribute. */
const READ_LIMIT = 64 * 1024 * 1024;

/** Runs a call into the WASM; a crash there marks the reader as damaged. */
export function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) guard.damaged = true;
    throw error;
  }
}
guard.damaged = false;

export function hdf5Node(h5: typeof H5, module: H5Module, entity: H5.Group | H5.Dataset): TreeNode {
  return entity instanceof h5.Group ? groupNode(h5, module, entity) : datasetNode(h5, module, entity);
}

function groupNode(h5: typeof H5, module: H5Module, group: H5.Group): TreeNode {
  return {
    ...NO_ARRAY,
    kind: 'group',
    attrs: attributes(group),
    keys: () => Promise.resolve(guard(() => group.keys()).slice(0, MAX_KEYS)),
    get: (name) => {
      // Names may hold slashes only as separators, which HDF5 follows itself.
      const child = guard(() => group.get(name));
      return Promise.resolve(
        child instanceof h5.Group || child instanceof h5.Dataset ? hdf5Node(h5, module, child) : null,
      );
    },
    isLink: (name) => {
      const path = `${group.path === '/' ? '' : group.path}/${name}`;
      // Null for everything but a soft link; external ones are no groups or datasets here anyway.
      return (guard(() => module.get_symbolic_link(group.file_id, path)) as string | null) !== null;
    },
  };
}

function datasetNode(h5: typeof H5, module: H5Module, dataset: H5.Dataset): TreeNode {
  const { metadata } = dataset;
  const filters = guard(() => dataset.filters);
  const shape = metadata.shape ?? [];
  const element = elementOf(metadata);
  const missing = filters.find((filter) => !canUnpack(filter.id));
  const packer = missing === undefined ? null : (FILTERS[missing.id] ?? `filter ${missing.id}`);
  const chunk = shape.length === 0 ? 0 : (metadata.chunks?.reduce((a, b) => a * b, metadata.size) ?? 0);
  const check = (limit: number): void => {
    if (packer !== null) throw new Unsupported(`packed with ${packer}`);
    if (chunk > limit) throw new Unsupported('its pieces are too large');
  };
  return {
    ...NO_ARRAY,
    kind: 'array',
    attrs: attributes(dataset),
    keys: () => Promise.resolve([]),
    get: () => Promise.resolve(null),
    isLink: () => false,
    shape,
    type: clip(typeWord(element, metadata)),
    element,
    filled: metadata.shape !== null,
    layout: `chunks=${metadata.chunks ? listText(metadata.chunks) : 'None'} filters=${listText(filters.map(({ id }) => id))}`,
    fields:
      element.fields?.map(({ name, type }) => ({ name, type: wordOfField(metadata, name, type) })) ?? null,
    packing:
      filters
        .filter((filter) => filter.id !== 2)
        .map((filter) => FILTERS[filter.id] ?? `filter ${filter.id}`)
        .join(', ') || null,
    blocked:
      packer !== null
        ? `they are packed with ${packer}, which cannot be unpacked here.`
        : chunk <= READ_LIMIT
          ? null
          : 'they are stored in pieces too large for a preview.',

    read: async (limit) => {
      check(READ_LIMIT);
      const rows = shape.length === 0 ? null : { start: 0, count: Math.min(limit, shape[0] ?? 0) };
      if (element.kind === 'bool')
        return Array.from(guard(() => readRows(module, dataset, element, rows)) as Uint8Array, Boolean);
      if (element.kind !== 'record' && element.kind !== 'array' && element.kind !== 'object')
        return Array.from(guard(() => readRows(module, dataset, element, rows)) as ArrayLike<unknown>);
      const value = guard(() =>
        rows === null ? dataset.value : dataset.slice([[0, rows.count], ...shape.slice(1).map((): [] => [])]),
      );
      if (value === null) return [];
      return Array.isArray(value) || ArrayBuffer.isView(value)
        ? Array.from(value as unknown as Iterable<unknown>)
        : [value];
    },

    chunks: metadata.chunks,
    box: async (start, count) => {
      check(READ_LIMIT);
      checkBox(shape, start, count, boxBytes({ shape, chunks: metadata.chunks, element }, start, count));
      return guard(() => readBox(module, dataset, element, shape.length === 0 ? null : { start, count }));
    },

    scan: async function* (field) {
      check(MOST);
      if (shape.length === 0) {
        yield guard(() => readRows(module, dataset, element, null, field));
        return;
      }
      const step = rowsPerSlice(metadata);
      for (let start = 0; start < (shape[0] ?? 0); start += step) {
        const rows = { start, count: Math.min(step, (shape[0] ?? 0) - start) };
        yield guard(() => readRows(module, dataset, element, rows, field));
      }
    },
  };
}

function wordOfField(metadata: H5.Metadata, name: string, type: ReturnType<typeof elementOf>): string {
  const member = metadata.compound_type?.members.find((one) => one.name === name);
  return clip(member === undefined ? numpyName(type) : typeWord(type, member));
}

/** Attribute values on demand; names that cannot be read are there with undefined. */
function attributes(entity: H5.Group | H5.Dataset): Record<string, unknown> {
  const attrs = guard(() => entity.attrs);
  const values: Record<string, unknown> = {};
  for (const [name, attribute] of Object.entries(attrs).slice(0, 200)) {
    Object.defineProperty(values, name, {
      enumerable: true,
      get: () => {
        try {
          if (attribute.metadata.type === 7 || attribute.metadata.total_size > READ_LIMIT) return undefined;
          return guard(() => attribute.value);
        } catch {
          return undefined;
        }
      },
    });
  }
  return values;
}
