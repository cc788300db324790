// AnnData, MuData and SpatialData in Zarr (2 and 3) with fixes applied: columns that change are written anew in the chunks and
// codecs they had, columns that are left out or called otherwise go or move, and descriptions that repeat others (consolidated
// metadata) follow. Every other object stays the very one; X and its like are never opened.
import { LoamError } from '../../engine/errors.ts';
import { fixedColumns, type Change, type Fix } from '../../engine/ports.ts';
import { scverseKind } from '../anndata.ts';
import { jsonBytes, jsonMapOf, JsonNumber, type Json, type JsonMap } from '../json-text.ts';
import { listAttr, textAttr, Unsupported, type TreeNode } from '../tree.ts';
import { openZarr, zarrRoot } from '../zarr-node.ts';
import type { ObjectStore } from '../zarr-store.ts';
import { writeArray } from '../zarr-write.ts';
import { fixedValues, type StoredColumn } from './fixed-values.ts';
import {
  arrayEncoding,
  changedTables,
  layoutOf,
  nodeAt,
  notAGroup,
  notChanged,
  storedColumn,
  twice,
  type ChangedTable,
} from './stored-tables.ts';
import { consolidated } from './zarr-consolidated.ts';

/** What lies at a path of the copy: an object of the original, or a new one. */
export type FixedObjects = Map<string, { from: string } | { bytes: Uint8Array }>;

/** `onRows` is told how many values were written so far. */
export async function fixedZarr(
  store: ObjectStore,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<FixedObjects> {
  const root = await openZarr(store);
  const kind = root === null ? null : await scverseKind(root);
  if (root === null || kind === null)
    throw new LoamError(
      'NotImplementedError',
      'This Zarr store holds no AnnData, MuData or SpatialData, so there is no table in it that could be fixed.',
    );
  const prefix = zarrRoot(store.paths) ?? '';
  const objects: FixedObjects = new Map();
  for (const path of store.paths) if (!path.endsWith('/')) objects.set(path, { from: path });
  let rows = 0;
  const told = (more: number): void => onRows((rows += more));
  const tables = await changedTables(root, kind, fixes);
  for (const table of tables) {
    const node = await nodeAt(root, table.path);
    if (node === null) throw new LoamError('InvalidArgument', `The dataset has no ${table.path}.`);
    if (node.kind === 'array') throw notAGroup(table.path);
    await fixTable({ store, objects, told }, `${prefix}${table.path}`, node, table, fixes);
  }
  await consolidated(
    store,
    objects,
    tables.map(({ path }) => `${prefix}${path}`),
  );
  return objects;
}

interface Work {
  store: ObjectStore;
  objects: FixedObjects;
  told: (rows: number) => void;
}

async function fixTable(
  work: Work,
  path: string,
  node: TreeNode,
  { slot, index }: ChangedTable,
  fixes: readonly Fix[],
): Promise<void> {
  const { objects } = work;
  const indexName = textAttr(node, '_index') ?? '_index';
  if (index.length > 0) await fixIndex(work, `${path}/${indexName}`, await node.get(indexName), index);
  if (slot === null) return;
  const names = listAttr(node, 'column-order') ?? [];
  const columns = fixedColumns(slot, names, fixes);
  const taken = new Set((await node.keys()).filter((key) => !names.includes(key)));
  const kept = new Map(names.map((name) => [name, takenOut(objects, `${path}/${name}`)]));
  const old = await node.get('__categories');
  for (const column of columns) {
    const was = names[column.at] ?? '';
    if (taken.has(column.name)) throw twice(path, column.name);
    taken.add(column.name);
    const to = `${path}/${column.name}`;
    if (column.name !== was) {
      if (!/^(?!\.)(?!__)[^/\\\0]+$/.test(column.name)) throw noName(column.name);
      if ((await old?.get(was)) != null) throw notChanged({ name: was });
    }
    if (column.changes.length === 0) {
      for (const [below, object] of kept.get(was) ?? []) objects.set(`${to}${below}`, object);
      continue;
    }
    const child = await node.get(was);
    const values = child === null ? null : await storedColumn(child);
    if (child === null || values === null || (await old?.get(was)) != null) throw notChanged(column);
    const fixed = fixedValues(values, column);
    await packed(column.name, () => writeColumn(work, `${path}/${was}`, to, values, fixed));
    work.told(sizeOf(fixed));
  }
  const order = columns.map(({ name }) => name);
  if (order.join('\0') !== names.join('\0')) await setAttribute(work, path, 'column-order', order);
}

/** Objects of a column, taken out, by what follows its path. */
function takenOut(
  objects: FixedObjects,
  path: string,
): [below: string, object: { from: string } | { bytes: Uint8Array }][] {
  const found = [...objects].filter(([key]) => key.startsWith(`${path}/`));
  for (const [key] of found) objects.delete(key);
  return found.map(([key, object]) => [key.slice(path.length), object]);
}

const noName = (name: string): LoamError =>
  new LoamError(
    'InvalidArgument',
    `A column of a Zarr store cannot be called '${name}'. Choose a plain name.`,
    {
      column: name,
    },
  );

const sizeOf = (column: StoredColumn): number =>
  column.kind === 'category' ? column.codes.length : column.values.length;

/** What no writer packs is refused by the name of the column. */
async function packed<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    throw new LoamError(
      'NotImplementedError',
      `The column '${name}' cannot be written anew: ${error.message}. Change it where the dataset was made.`,
      { column: name },
    );
  }
}

async function fixIndex(work: Work, path: string, node: TreeNode | null, changes: Change[]): Promise<void> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const values = node === null ? null : await storedColumn(node);
  if (values?.kind !== 'texts') throw notChanged({ name });
  const fixed = fixedValues(values, { at: -1, name, changes });
  takenOut(work.objects, path);
  await packed(name, () => writeColumn(work, path, path, values, fixed));
  work.told(values.values.length);
}

async function writeColumn(
  { store, objects }: Work,
  from: string,
  to: string,
  before: StoredColumn,
  after: StoredColumn,
): Promise<void> {
  const [was, now] = [layoutOf(before), layoutOf(after)];
  const same = was.encoding === now.encoding;
  const template = await descriptionAt(store, at(from, was.parts[0]?.name ?? ''));
  const v3 = isV3(template);
  const fresh = (encoding: string, version: string): JsonMap =>
    new Map<string, Json>([
      ['encoding-type', encoding],
      ['encoding-version', version],
    ]);
  const put = (path: string, json: Json): void => void objects.set(path, { bytes: jsonBytes(json) });
  if (now.parts[0]?.name !== '') {
    const attributes = fresh(now.encoding, now.version);
    if (now.encoding === 'categorical') attributes.set('ordered', false);
    const descriptions: Record<string, JsonMap> = v3
      ? {
          'zarr.json': new Map<string, Json>([
            ['attributes', attributes],
            ['zarr_format', new JsonNumber('3')],
            ['node_type', 'group'],
          ]),
        }
      : { '.zgroup': new Map([['zarr_format', new JsonNumber('2')]]), '.zattrs': attributes };
    for (const [name, json] of Object.entries(descriptions))
      if (same) objects.set(at(to, name), { from: at(from, name) });
      else put(at(to, name), json);
  }
  for (const { name, values } of now.parts) {
    let description = same
      ? await descriptionAt(store, at(from, name))
      : fitted(template, values.values.length);
    const attributes = fresh(arrayEncoding(values), '0.2.0');
    if (!same && v3) description = new Map(description).set('attributes', attributes);
    if (!v3 && same) {
      const own = at(at(from, name), '.zattrs');
      if (store.paths.includes(own)) objects.set(at(at(to, name), '.zattrs'), { from: own });
    } else if (!v3) put(at(at(to, name), '.zattrs'), attributes);
    for (const [key, bytes] of writeArray(description, values)) objects.set(at(at(to, name), key), { bytes });
  }
}

const at = (path: string, name: string): string => (name === '' ? path : `${path}/${name}`);

const isV3 = (description: JsonMap): boolean => {
  const format = description.get('zarr_format');
  return format instanceof JsonNumber && format.value === 3;
};

/** The form of an array of another layout, in chunks that are no longer than what they hold. */
function fitted(template: JsonMap, length: number): JsonMap {
  const few = (chunks: Json | undefined): Json =>
    (Array.isArray(chunks) ? chunks : []).map((size) =>
      size instanceof JsonNumber ? new JsonNumber(String(Math.max(1, Math.min(size.value, length)))) : size,
    );
  if (!isV3(template)) return new Map(template).set('chunks', few(template.get('chunks')));
  const codecs = template.get('codecs');
  const sharded =
    Array.isArray(codecs) &&
    codecs.some((one) => one instanceof Map && one.get('name') === 'sharding_indexed');
  const grid = template.get('chunk_grid');
  const configuration = grid instanceof Map ? grid.get('configuration') : null;
  if (sharded || !(grid instanceof Map) || !(configuration instanceof Map)) return template;
  const shape = few(configuration.get('chunk_shape'));
  return new Map(template).set(
    'chunk_grid',
    new Map(grid).set('configuration', new Map(configuration).set('chunk_shape', shape)),
  );
}

const jsonAt = async (store: ObjectStore, path: string): Promise<JsonMap | null> =>
  jsonMapOf(await store.get(path));

async function descriptionAt(store: ObjectStore, path: string): Promise<JsonMap> {
  const found = (await jsonAt(store, `${path}/zarr.json`)) ?? (await jsonAt(store, `${path}/.zarray`));
  if (found === null)
    throw new LoamError('FileUnreadable', `The description of ${path} is missing or damaged.`);
  return found;
}

async function setAttribute(
  { store, objects }: Work,
  path: string,
  name: string,
  value: Json,
): Promise<void> {
  const whole = await jsonAt(store, `${path}/zarr.json`);
  const attributes = whole === null ? await jsonAt(store, `${path}/.zattrs`) : whole.get('attributes');
  const changed = new Map(attributes instanceof Map ? attributes : []).set(name, value);
  const json = whole === null ? changed : new Map(whole).set('attributes', changed);
  const file = `${path}/${whole === null ? '.zattrs' : 'zarr.json'}`;
  objects.set(file, { bytes: jsonBytes(json) });
}
