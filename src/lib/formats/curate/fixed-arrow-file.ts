// Arrow and Feather files with fixes applied, batch by batch. The file has one list of categories for all batches of a column, so
// a column of categories that changes is gone through once before, to know them all.
import type * as ArrowModule from 'apache-arrow';
import type { Field } from 'apache-arrow';
import { LoamError } from '../../engine/errors.ts';
import type { ByteSource, Fix, FixedColumn } from '../../engine/ports.ts';
import { cutOff, loadArrow, openArrow } from '../arrow.ts';
import { batchOf, fixedFields, fixedNotes, vectorOf } from './fixed-arrow.ts';
import { changedValues, isOrdered, sharedCategories, type SharedCategories } from './fixed-vector.ts';

type Arrow = typeof ArrowModule;
type Fields = readonly { at: number; column: FixedColumn }[];

/** Bytes of a file whose copy is put together in memory. */
const mostArrow = 512 * 1024 * 1024;

export async function fixedArrowFile(
  source: ByteSource,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<Uint8Array> {
  const cut = await cutOff(source);
  if (cut !== null) throw new LoamError('FileUnreadable', cut);
  if (source.size > mostArrow)
    throw new LoamError(
      'NotImplementedError',
      `The file has ${(source.size / 1e6).toFixed(0)} MB. A fixed copy is written of Arrow files up to ${mostArrow / 1048576} MB; fix larger ones where they were made, or save them as parquet.`,
    );
  const arrow = await loadArrow();
  const reader = await openArrow(arrow, source);
  const { fields: given, metadata: kept } = reader.schema;
  const names = given.map(({ name }) => name);
  const pandas = kept.get('pandas');
  const fields = fixedFields(names, pandas, fixes);
  const metadata = new Map(kept);
  const notes = fixedNotes(pandas, names, fields);
  if (notes === null) metadata.delete('pandas');
  else metadata.set('pandas', notes);
  let rows = 0;
  const told = (more: number): void => onRows((rows += more));
  const shared = await categoriesOf(arrow, source, fields, told);
  const writer = new arrow.RecordBatchFileWriter();
  let batches = 0;
  for await (const batch of reader) {
    const vectors = fields.map(({ at, column }) =>
      vectorOf(arrow, given[at], batch.getChildAt(at), at, column, shared.get(at)),
    );
    writer.write(batchOf(arrow, given, metadata, fields, vectors, batch.numRows));
    batches++;
    told(batch.numRows);
  }
  if (batches === 0)
    throw new LoamError('InvalidArgument', 'The file has no rows, so there is nothing to fix in it.');
  writer.finish();
  return writer.toUint8Array(true);
}

/** Categories of each column that has such after its changes, of all batches together. */
async function categoriesOf(
  arrow: Arrow,
  source: ByteSource,
  fields: Fields,
  told: (rows: number) => void,
): Promise<Map<number, SharedCategories>> {
  const reader = await openArrow(arrow, source);
  const { fields: given } = reader.schema;
  const changed = fields.filter(
    ({ at, column }) =>
      column.changes.length > 0 &&
      (arrow.DataType.isDictionary(given[at]?.type) ||
        column.changes.some((change) => change.kind === 'cast' && change.to === 'category')),
  );
  const found = new Map<number, Set<string>>();
  if (changed.length === 0) return new Map();
  for await (const batch of reader) {
    for (const { at, column } of changed) {
      const [field, vector] = [given[at], batch.getChildAt(at)];
      const after = field && vector ? changedValues(arrow, field, vector, column) : null;
      if (after?.kind !== 'category') continue;
      const all = found.get(at) ?? new Set<string>();
      for (const name of after.categories) all.add(name);
      found.set(at, all);
    }
    told(batch.numRows);
  }
  return new Map(
    [...found].map(([at, all]) => [at, sharedCategories(arrow, all, isOrdered(arrow, given[at] as Field))]),
  );
}
