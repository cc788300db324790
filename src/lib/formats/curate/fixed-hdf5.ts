// AnnData and MuData in HDF5 with fixes applied, on a copy: what changes is written anew at the copy's end, under a new root
// that links to everything else where it lies, so that X and all its kind keep their very bytes. The library cannot take
// links out of a file, hence the new root, which the file's first bytes are then made to name (hdf5-root.ts).
import type * as H5 from 'h5wasm';
import { LoamError } from '../../engine/errors.ts';
import { changedText, fixedColumns, type Fix, type FixedColumn } from '../../engine/ports.ts';
import { guard } from '../hdf5-node.ts';
import { loadHdf5 } from '../hdf5-file.ts';
import { nameRoot } from './hdf5-root.ts';
import type { SyncByteSource } from '../source.ts';

/** Bytes of a file that are copied into memory. */
export const mostCopied = 512 * 1024 * 1024;

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
    const root = newRoot(h5, file, fixes);
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

/** `obs`, or `rna:obs` for a modality. */
function pathOf(slot: string): string {
  const parts = slot.split(':');
  const table = (parts.at(-1) ?? '').replace(/\.T$/, '');
  if (parts.length > 2 || (table !== 'obs' && table !== 'var'))
    throw new LoamError(
      'NotImplementedError',
      `The slot '${slot}' cannot be changed in a copy; obs and var can.`,
      { slot },
    );
  return parts.length === 2 ? `/mod/${parts[0] ?? ''}/${table}` : `/${table}`;
}

/** Address of a group with all that the file holds, tables with fixes made anew. */
function newRoot(h5: typeof H5, file: H5.File, fixes: readonly Fix[]): Uint8Array {
  const tables = new Map(fixes.map(({ slot }) => [pathOf(slot), slot.replace(/\.T$/, '')]));
  const place = `loam-${Math.random().toString(36).slice(2)}`;
  const root = file.create_group(place);
  const linked = (from: string, to: string): void => void file.create_hard_link(from, to);
  const copied = (path: string, made: H5.Group): void => {
    const old = file.get(path === '' ? '/' : path);
    if (!(old instanceof h5.Group)) throw notAGroup(path);
    copyAttributes(old, made);
    for (const key of old.keys()) {
      const own = `${path}/${key}`;
      const slot = tables.get(own);
      if (own === `/${place}`) continue;
      if (slot !== undefined) fixTable(h5, file, own, slot, fixes, made.create_group(key), linked);
      else if ([...tables.keys()].some((table) => table.startsWith(`${own}/`)))
        copied(own, made.create_group(key));
      else linked(own, `${made.path}/${key}`);
    }
  };
  copied('', root);
  return root.create_reference().ref_data;
}

const notAGroup = (path: string) =>
  new LoamError(
    'NotImplementedError',
    `${path} is laid out as anndata did before 0.7, which is not written here. Save the file anew with a present anndata.`,
  );

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

function fixTable(
  h5: typeof H5,
  file: H5.File,
  path: string,
  slot: string,
  fixes: readonly Fix[],
  made: H5.Group,
  linked: (from: string, to: string) => void,
): void {
  const old = file.get(path);
  if (!(old instanceof h5.Group)) throw notAGroup(path);
  const listed = old.attrs['column-order']?.value;
  const names = (Array.isArray(listed) ? listed : []).map(String);
  const columns = fixedColumns(slot, names, fixes);
  copyAttributes(old, made, ['column-order']);
  // Beside its columns a table holds its index, and in older files categories.
  for (const key of old.keys()) if (!names.includes(key)) linked(`${path}/${key}`, `${made.path}/${key}`);
  for (const column of columns) {
    const from = `${path}/${names[column.at] ?? ''}`;
    if (made.keys().includes(column.name))
      throw new LoamError('InvalidArgument', `${path} would hold two columns '${column.name}'.`, {
        column: column.name,
      });
    if (column.changes.length === 0) linked(from, `${made.path}/${column.name}`);
    else fixColumn(h5, file.get(from), made, column);
  }
  const order = columns.map(({ name }) => name);
  if (order.length > 0) made.create_attribute('column-order', order);
  else made.create_attribute('column-order', new Float64Array(0), [0], '<d');
}

function fixColumn(h5: typeof H5, node: H5.Entity | null, made: H5.Group, column: FixedColumn): void {
  if (node instanceof h5.Dataset) {
    // Texts of HDF5 know no gaps.
    const texts = textsOf(node, column).map((text) => changedText(text, column.changes) ?? '');
    copyAttributes(node, made.create_dataset({ name: column.name, data: texts }));
    return;
  }
  if (!(node instanceof h5.Group)) throw notChanged(column);
  const [codes, categories] = [node.get('codes'), node.get('categories')];
  if (!(codes instanceof h5.Dataset) || !(categories instanceof h5.Dataset)) throw notChanged(column);
  const fixed = fixedCategories(textsOf(categories, column), codes.value as ArrayLike<number>, column);
  const group = made.create_group(column.name);
  copyAttributes(node, group);
  copyAttributes(categories, group.create_dataset({ name: 'categories', data: fixed.names }));
  copyAttributes(codes, group.create_dataset({ name: 'codes', ...fixed.codes }));
}

const notChanged = ({ name }: FixedColumn) =>
  new LoamError(
    'NotImplementedError',
    `The column '${name}' holds no texts and no categories, and values of such columns are not changed here.`,
    { column: name },
  );

function textsOf(node: H5.Dataset, column: FixedColumn): string[] {
  const values = node.value;
  if (!Array.isArray(values) || values.some((value) => typeof value !== 'string')) throw notChanged(column);
  return values as string[];
}

/** Categories that have become the same are one; codes are as narrow as pandas keeps them. */
function fixedCategories(
  texts: readonly string[],
  given: ArrayLike<number>,
  { changes }: FixedColumn,
): { names: string[]; codes: { data: Int8Array | Int16Array | Int32Array; dtype: string } } {
  const names: string[] = [];
  const places = new Map<string, number>();
  const placeOf = (text: string | null): number => {
    if (text === null) return -1;
    let place = places.get(text);
    if (place === undefined) places.set(text, (place = names.push(text) - 1));
    return place;
  };
  const to = texts.map((text) => placeOf(changedText(text, changes)));
  const filled = changedText(null, changes);
  let empty = -1;
  const made: number[] = [];
  for (let i = 0; i < given.length; i++) {
    const code = Number(given[i]);
    if (code < 0 && filled !== null) empty = placeOf(filled);
    made.push(code < 0 ? empty : (to[code] ?? -1));
  }
  const wide = names.length;
  const codes =
    wide <= 127
      ? { data: Int8Array.from(made), dtype: '<b' }
      : wide <= 32_767
        ? { data: Int16Array.from(made), dtype: '<h' }
        : { data: Int32Array.from(made), dtype: '<i' };
  return { names, codes };
}
