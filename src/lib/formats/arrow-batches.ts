// Arrow IPC files and Feather V2 as batches that the writer of parquet takes: unpacked, half floats as single ones, types
// that parquet has no form for left out.
import type * as ArrowModule from 'apache-arrow';
import type { Data, DataType, Field, RecordBatch } from 'apache-arrow';
import type { ByteSource } from '../engine/ports.ts';
import { LoamError } from '../engine/errors.ts';
import { cutOff, loadArrow, openArrow, type BatchReader } from './arrow.ts';
import { reason } from './summary.ts';
import { differentNames, rowsFor, type LeftOutColumn, type TableBatches } from './table-batches.ts';

type Arrow = typeof ArrowModule;

const damaged = (error: unknown) =>
  new LoamError(
    'FileUnreadable',
    `this Arrow file is damaged, or holds what is not read here (${reason(error)}).`,
  );

/** Rows are counted as they come: the description of an Arrow file does not tell them. */
export async function arrowBatches(source: ByteSource): Promise<TableBatches> {
  const head = String.fromCharCode(...(await source.read(0, Math.min(6, source.size))));
  if (head.startsWith('FEA1'))
    throw new LoamError(
      'FileUnreadable',
      'it has the old Feather V1 layout, which is not read here. Save it again as Feather V2 or parquet.',
    );
  const cut = head === 'ARROW1' ? await cutOff(source) : 'it is no Arrow file.';
  if (cut !== null) throw new LoamError('FileUnreadable', cut);
  const arrow = await loadArrow();
  let reader: BatchReader;
  try {
    reader = await openArrow(arrow, source);
  } catch (error) {
    throw damaged(error);
  }
  const named = differentNames();
  const leftOut: LeftOutColumn[] = [];
  const kept: { at: number; field: Field }[] = [];
  for (const [at, { name, type }] of reader.schema.fields.entries()) {
    if (strange(arrow, type))
      leftOut.push({ column: name, why: `values of type ${String(type)} are not read here` });
    else kept.push({ at, field: new arrow.Field(named(name), single(arrow, type), true) });
  }
  if (kept.length === 0) throw new LoamError('FileUnreadable', 'it has no column that can be read.');
  const schema = new arrow.Schema(kept.map(({ field }) => field));
  return {
    rows: 0,
    rowsOfGroup: rowsFor(kept.length),
    leftOut,
    async *batches(onRows) {
      let rows = 0;
      let any = false;
      try {
        for await (const batch of reader) {
          any = true;
          yield streamOf(arrow, schema, kept, batch);
          rows += batch.numRows;
          onRows(rows);
        }
      } catch (error) {
        throw damaged(error);
      }
      if (!any) yield arrow.tableToIPC(new arrow.Table([emptyBatch(arrow, schema)]), 'stream');
    },
  };
}

/** Types without a form in parquet. */
const strange = (arrow: Arrow, type: DataType): boolean =>
  arrow.DataType.isInterval(type) ||
  arrow.DataType.isDuration(type) ||
  arrow.DataType.isUnion(type) ||
  (type.children ?? []).some((child) => strange(arrow, child.type as DataType));

const isHalf = (arrow: Arrow, type: DataType): boolean =>
  arrow.DataType.isFloat(type) && type.precision === arrow.Precision.HALF;

const single = (arrow: Arrow, type: DataType): DataType => (isHalf(arrow, type) ? new arrow.Float32() : type);

function streamOf(
  arrow: Arrow,
  schema: ArrowModule.Schema,
  kept: readonly { at: number; field: Field }[],
  batch: RecordBatch,
): Uint8Array {
  const children = kept.map(({ at }): Data => {
    const data = batch.data.children[at] as Data;
    return isHalf(arrow, data.type as DataType) ? wider(arrow, data) : data;
  });
  const type = new arrow.Struct(schema.fields);
  const data = arrow.makeData({ type, length: batch.numRows, nullCount: 0, children });
  return arrow.tableToIPC(new arrow.Table([new arrow.RecordBatch(schema, data)]), 'stream');
}

function wider(arrow: Arrow, half: Data): Data {
  const values = new arrow.Vector([half]);
  return arrow.vectorFromArray(
    Array.from({ length: half.length }, (_, i) => values.get(i) as number | null),
    new arrow.Float32(),
  ).data[0] as Data;
}

function emptyBatch(arrow: Arrow, schema: ArrowModule.Schema): RecordBatch {
  const children = schema.fields.map(
    (field) => arrow.vectorFromArray([], field.type as DataType).data[0] as Data,
  );
  const type = new arrow.Struct(schema.fields);
  return new arrow.RecordBatch(schema, arrow.makeData({ type, length: 0, nullCount: 0, children }));
}
