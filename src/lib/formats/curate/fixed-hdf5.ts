// AnnData and MuData in HDF5 with fixes applied, on a copy: what changes is written anew at the copy's end, under a new root
// that links to everything else where it lies, so that X and all its kind keep their very bytes. The library cannot take
// links out of a file, hence the new root, which the file's first bytes are then made to name (hdf5-root.ts).
import type * as H5 from 'h5wasm';
import { LoamError } from '../../engine/errors.ts';
import { fixedColumns, type Fix, type FixedColumn } from '../../engine/ports.ts';
import { scverseKind } from '../anndata.ts';
import { loadHdf5 } from '../hdf5-file.ts';
import { guard, hdf5Node } from '../hdf5-node.ts';
import type { H5Module } from '../hdf5-values.ts';
import type { SyncByteSource } from '../source.ts';
import { listAttr, textAttr } from '../tree.ts';
import { numberArray, type NumberArray, type NumberType, type WrittenValues } from '../zarr-write.ts';
import { fixedValues, type StoredColumn } from './fixed-values.ts';
import { nameRoot } from './hdf5-root.ts';
import {
  arrayEncoding,
  changedTables,
  layoutOf,
  notAGroup,
  notChanged,
  storedColumn,
  twice,
  type ChangedTable,
} from './stored-tables.ts';

/** Bytes of a file that are copied into memory. */
const mostCopied = 512 * 1024 * 1024;

let copies = 0;

export async function fixedHdf5(source: SyncByteSource, fixes: readonly Fix[]): Promise<Uint8Array> {
  if (source.size > mostCopied)
    throw new LoamError(
      'NotImplementedError',
      `The file has ${(source.size / 1e6).toFixed(0)} MB. A fixed copy is written of files up to ${mostCopied / 1048576} MB; fix larger ones where they were made.`,
    );
  const h5 = await loadHdf5();
  const module = await h5.ready;
  const path = `/fixed-${++copies}.h5`;
  module.FS.writeFile(path, await source.read(0, source.size));
  let file: H5.File | null = null;
  try {
    file = new h5.File(path, 'a');
    if (file.file_id === -1n)
      throw new LoamError('FileUnreadable', 'This HDF5 file is damaged, so no copy of it can be written.');
    const root = await newRoot(h5, module, file, fixes);
    file.flush();
    file.close();
    file = null;
    const bytes = module.FS.readFile(path).slice();
    nameRoot(bytes, root);
    return bytes;
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) guard.damaged = true;
    throw error;
  } finally {
    try {
      file?.close();
      module.FS.unlink(path);
    } catch {
      // The worker is replaced where that matters.
    }
  }
}

/** Address of a group with all that the file holds, tables with fixes made anew. */
async function newRoot(
  h5: typeof H5,
  module: H5Module,
  file: H5.File,
  fixes: readonly Fix[],
): Promise<Uint8Array> {
  const tree = hdf5Node(h5, module, file);
  const kind = (await scverseKind(tree)) ?? 'AnnData';
  const tables = new Map((await changedTables(tree, kind, fixes)).map((table) => [`/${table.path}`, table]));
  const place = `loam-${Math.random().toString(36).slice(2)}`;
  const root = file.create_group(place);
  const work: Work = {
    h5,
    module,
    file,
    fixes,
    linked: (from, to) => void file.create_hard_link(from, to),
  };
  const copied = async (path: string, made: H5.Group): Promise<void> => {
    const old = groupAt(work, path === '' ? '/' : path);
    copyAttributes(old, made);
    for (const key of old.keys()) {
      const own = `${path}/${key}`;
      const table = tables.get(own);
      if (own === `/${place}`) continue;
      if (table !== undefined) await fixTable(work, own, table, made.create_group(key));
      else if ([...tables.keys()].some((one) => one.startsWith(`${own}/`)))
        await copied(own, made.create_group(key));
      else work.linked(own, `${made.path}/${key}`);
    }
  };
  await copied('', root);
  return root.create_reference().ref_data;
}

interface Work {
  h5: typeof H5;
  module: H5Module;
  file: H5.File;
  fixes: readonly Fix[];
  linked: (from: string, to: string) => void;
}

function groupAt({ h5, file }: Work, path: string): H5.Group {
  const found = file.get(path);
  if (found instanceof h5.Group) return found;
  throw notAGroup(path);
}

function copyAttributes(
  from: H5.Group | H5.Dataset,
  to: H5.Group | H5.Dataset,
  without: string[] = [],
): void {
  for (const [name, { value, shape, dtype }] of Object.entries(from.attrs)) {
    if (without.includes(name) || value === null) continue;
    // Truth values (an enumeration in the file) are kept as numbers, which every reader takes.
    const truth = ArrayBuffer.isView(value) ? (value as Int8Array)[0] : value;
    if (truth === true || truth === false || (dtype === 'unknown' && (truth === 0 || truth === 1)))
      to.create_attribute(name, new Int8Array([Number(truth)]), [], '<b');
    else if (typeof value === 'string') to.create_attribute(name, value);
    else if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
      to.create_attribute(name, value as string[]);
    else if (typeof dtype === 'string' && dtype !== 'unknown')
      to.create_attribute(name, value as number, shape, dtype);
  }
}

async function fixTable(
  work: Work,
  path: string,
  { slot, index }: ChangedTable,
  made: H5.Group,
): Promise<void> {
  const { h5, module, fixes, linked } = work;
  const old = groupAt(work, path);
  const node = hdf5Node(h5, module, old);
  const names = listAttr(node, 'column-order') ?? [];
  const columns = fixedColumns(slot ?? '', names, slot === null ? [] : fixes);
  copyAttributes(old, made, ['column-order']);
  const indexName = textAttr(node, '_index') ?? '_index';
  // Beside its columns a table holds its index, and in older files categories.
  for (const key of old.keys()) {
    if (names.includes(key)) continue;
    if (key === indexName && index.length > 0)
      await fixColumn(work, `${path}/${key}`, made, { at: -1, name: key, changes: index });
    else linked(`${path}/${key}`, `${made.path}/${key}`);
  }
  for (const column of columns) {
    const from = `${path}/${names[column.at] ?? ''}`;
    if (made.keys().includes(column.name)) throw twice(path, column.name);
    if (column.changes.length === 0) linked(from, `${made.path}/${column.name}`);
    else await fixColumn(work, from, made, column);
  }
  const order = columns.map(({ name }) => name);
  if (order.length > 0) made.create_attribute('column-order', order);
  else made.create_attribute('column-order', new Float64Array(0), [0], '<d');
}

async function fixColumn(work: Work, from: string, made: H5.Group, column: FixedColumn): Promise<void> {
  const { h5, module, file } = work;
  const entity = file.get(from);
  if (!(entity instanceof h5.Group) && !(entity instanceof h5.Dataset)) throw notChanged(column);
  const before = await storedColumn(hdf5Node(h5, module, entity));
  if (before === null) throw notChanged(column);
  const after = fixedValues(before, column);
  const [was, now] = [layoutOf(before), layoutOf(after)];
  const same = was.encoding === now.encoding;
  const [first] = now.parts;
  const place = first?.name === '' ? made : made.create_group(column.name);
  const told = (to: H5.Group | H5.Dataset, encoding: string, version: string): void => {
    to.create_attribute('encoding-type', encoding);
    to.create_attribute('encoding-version', version);
  };
  if (place !== made) {
    if (same) copyAttributes(entity, place);
    else told(place, now.encoding, now.version);
    if (!same && now.encoding === 'categorical')
      place.create_attribute('ordered', new Int8Array([0]), [], '<b');
  }
  for (const { name, values } of now.parts) {
    const own = name === '' ? from : `${from}/${name}`;
    const to = name === '' ? column.name : name;
    if (values.type === 'bool') {
      // Truth values are an enumeration, which the library cannot make; those that stay are linked.
      if (!same || !sameGaps(before, after)) throw noTruth(column, before);
      work.linked(own, `${place.path}/${to}`);
      continue;
    }
    const dataset = place.create_dataset({ name: to, ...dataOf(values) });
    const old = same ? file.get(own) : null;
    if (old instanceof h5.Dataset) copyAttributes(old, dataset);
    else told(dataset, arrayEncoding(values), '0.2.0');
  }
}

function sameGaps(before: StoredColumn, after: StoredColumn): boolean {
  if (!('missing' in before) || !('missing' in after)) return false;
  if (before.kind === 'numbers' && before.type === 'bool') return false;
  return before.missing?.every((gap, i) => gap === after.missing?.[i]) === true;
}

const noTruth = ({ name }: FixedColumn, before: StoredColumn): LoamError =>
  new LoamError(
    'NotImplementedError',
    before.kind === 'numbers' && before.type === 'bool'
      ? `The column '${name}' holds true and false, which are not changed in HDF5 here. Change them where the file was made.`
      : `The column '${name}' would need a mark for its empty cells, or hold true and false, which cannot be written into HDF5 here. Fill its empty cells first.`,
    { column: name },
  );

type Data = { data: string[] } | { data: NumberArray; dtype: string };

/** Codes of Python's `struct`, in which h5wasm names types. */
const typeCodes: Record<NumberType, string> = {
  bool: '<b',
  int8: '<b',
  uint8: '<B',
  int16: '<h',
  uint16: '<H',
  int32: '<i',
  uint32: '<I',
  int64: '<q',
  uint64: '<Q',
  float32: '<f',
  float64: '<d',
};

const dataOf = ({ type, values }: WrittenValues): Data =>
  type === 'text' ? { data: [...values] } : { data: numberArray(type, values), dtype: typeCodes[type] };
