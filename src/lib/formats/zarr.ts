// Zarr v2 and v3 in folders and zip files: AnnData, MuData and SpatialData by their layout, other stores as a list.
import type { AbsolutePath, AsyncReadable, RangeQuery } from '@zarrita/storage';
import type * as Zarr from 'zarrita';
import type { ByteSource, FolderSource } from '../engine/ports.ts';
import { scverseKind, summariseScverse } from './anndata.ts';
import { count, MAX_FACTS, reason, summaryOf, type FileSummary } from './summary.ts';
import { MAX_RATIO } from './source.ts';
import { listTree, MAX_KEYS, type TreeNode } from './tree.ts';
import { registerCodecs } from './zarr-codecs.ts';
import type { ZipEntry } from './zip.ts';

const MARKS = ['zarr.json', '.zgroup', '.zarray', '.zattrs', '.zmetadata'];
/** One object of a store: a chunk or a description. */
const MAX_OBJECT = 64 * 1024 * 1024;

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

export async function summariseZarrFolder(folder: FolderSource): Promise<FileSummary> {
  const files = new Map(folder.files.map(({ path, source }) => [path, source]));
  const store: AsyncReadable = {
    get: async (key: AbsolutePath) => {
      const source = files.get(key.slice(1));
      if (source === undefined) return undefined;
      if (source.size > MAX_OBJECT)
        throw new Error(`a piece of ${count(source.size)} bytes is too large for a preview`);
      return source.read(0, source.size);
    },
    getRange: async (key: AbsolutePath, range: RangeQuery) => {
      const source = files.get(key.slice(1));
      if (source === undefined) return undefined;
      return 'suffixLength' in range
        ? source.read(Math.max(0, source.size - range.suffixLength), source.size)
        : source.read(range.offset, range.offset + range.length);
    },
  };
  return summariseStore(store, [...files.keys()], false);
}

export async function summariseZarrZip(
  source: ByteSource,
  entries: readonly ZipEntry[],
): Promise<FileSummary> {
  const { default: ZipFileStore } = await import('@zarrita/storage/zip');
  const zip = new ZipFileStore({
    getLength: () => Promise.resolve(source.size),
    read: async (offset: number, length: number) =>
      (await source.read(offset, offset + length)) as Uint8Array<ArrayBuffer>,
  });
  const bombs = new Set(
    entries
      .filter(
        (entry) => entry.size > MAX_OBJECT || (entry.size > 2 ** 24 && entry.size > MAX_RATIO * entry.packed),
      )
      .map((entry) => entry.path),
  );
  const check = (key: AbsolutePath): void => {
    if (bombs.has(key.slice(1))) throw new Error('a piece is too large for a preview');
  };
  const store: AsyncReadable = {
    get: (key: AbsolutePath) => {
      check(key);
      return zip.get(key);
    },
    getRange: (key: AbsolutePath, range: RangeQuery) => {
      check(key);
      return zip.getRange(key, range);
    },
  };
  return summariseStore(
    store,
    entries.map((entry) => entry.path),
    true,
  );
}

async function summariseStore(
  store: AsyncReadable,
  paths: readonly string[],
  zipped: boolean,
): Promise<FileSummary> {
  const prefix = zarrRoot(paths) ?? '';
  const version = paths.includes(`${prefix}zarr.json`) ? 'v3' : 'v2';
  const base = [
    { label: 'Zarr', value: version },
    { label: 'Files', value: count(paths.filter((path) => !path.endsWith('/')).length) },
  ];
  const suffix = zipped ? '.zarr.zip' : '.zarr';
  try {
    const zarr = await import('zarrita');
    registerCodecs(zarr);
    const root = await nodeAt(zarr, zarr.root(store), prefix.slice(0, -1), childrenOf(paths));
    if (root === null)
      return summaryOf('zarr', {
        facts: base,
        suffixFromContent: suffix,
        problem: 'The description of this Zarr store is missing or damaged, so its contents cannot be shown.',
      });
    const kind = await scverseKind(root);
    if (kind !== null) {
      const found = await summariseScverse(root, kind, suffix);
      return {
        ...found,
        suffixFromContent: kind === 'AnnData' && !zipped ? '.anndata.zarr' : suffix,
        facts: [...base, ...found.facts],
      };
    }
    return summaryOf('zarr', {
      suffixFromContent: suffix,
      facts: [
        ...base,
        ...(root.kind === 'array'
          ? [{ label: 'Array', value: `${root.shape.join(' × ')}, ${root.type}` }]
          : await listTree(root, MAX_FACTS)),
      ],
    });
  } catch (error) {
    return summaryOf('zarr', {
      facts: base,
      suffixFromContent: suffix,
      problem: `This Zarr store could not be read (${reason(error)}).`,
    });
  }
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

async function nodeAt(
  zarr: typeof Zarr,
  location: Zarr.Location<AsyncReadable>,
  path: string,
  children: Map<string, string[]>,
): Promise<TreeNode | null> {
  let opened: Zarr.Array<Zarr.DataType, AsyncReadable> | Zarr.Group<AsyncReadable>;
  try {
    opened = await zarr.open(path === '' ? location : location.resolve(path));
  } catch (error) {
    if (zarr.isZarritaError(error, 'NotFoundError')) return null;
    throw error;
  }
  const empty = {
    shape: [],
    type: 'group',
    fields: null,
    packing: null,
    blocked: null,
    read: () => Promise.resolve([]),
  };
  const attrs = opened.attrs as Record<string, unknown>;
  if (opened instanceof zarr.Group) {
    const names = children.get(path) ?? [];
    return {
      ...empty,
      kind: 'group',
      attrs,
      keys: () => Promise.resolve(names.slice(0, MAX_KEYS)),
      get: (name) =>
        names.includes(name)
          ? nodeAt(zarr, location, path === '' ? name : `${path}/${name}`, children)
          : Promise.resolve(null),
    };
  }
  const array = opened;
  const cells = array.chunks.reduce((a, b) => a * b, 1);
  const blocked = cells * 8 > MAX_OBJECT ? 'they are stored in pieces too large for a preview.' : null;
  return {
    ...empty,
    kind: 'array',
    attrs,
    keys: () => Promise.resolve([]),
    get: () => Promise.resolve(null),
    shape: array.shape,
    type: typeName(array.dtype),
    blocked,
    read: async (limit) => {
      if (blocked !== null) throw new Error('pieces too large');
      const selection = array.shape.map((size, axis) =>
        axis === 0 ? zarr.slice(0, Math.min(limit, size)) : null,
      );
      const result = (await zarr.get(array, array.shape.length === 0 ? null : selection)) as unknown;
      if (typeof result !== 'object' || result === null || !('data' in result)) return [result];
      return Array.from(result.data as Iterable<unknown>);
    },
  };
}

function typeName(dtype: string): string {
  if (dtype === 'string' || dtype === 'v2:object' || /^v2:[US]/.test(dtype)) return 'str';
  return dtype.replace(/^v2:/, '');
}
