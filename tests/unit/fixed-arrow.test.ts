// Fixes of tables that Arrow holds: categories stay categories, gaps stay gaps, the index stays beside the columns.
import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import type { Fix } from '../../src/lib/engine/curate/fixes.ts';
import { fixedArrowFile } from '../../src/lib/formats/curate/fixed-arrow-file.ts';
import { fixedFields, fixedIpc, fixedNotes } from '../../src/lib/formats/curate/fixed-arrow.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { bufferSource } from '../fixtures/sources.ts';

const category = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8());
const table = new arrow.Table({
  cell: arrow.vectorFromArray(['NK cell', 'T cell', null, 'NK cell'], category),
  note: arrow.vectorFromArray(['a', null, 'b', 'a'], new arrow.Utf8()),
  n: arrow.vectorFromArray([1, 2, 3, 4], new arrow.Int32()),
  __index_level_0__: arrow.vectorFromArray(['r1', 'r2', 'r3', 'r4'], new arrow.Utf8()),
});
const names = table.schema.fields.map(({ name }) => name);
const notes = JSON.stringify({
  index_columns: ['__index_level_0__'],
  columns: [
    { name: 'cell', field_name: 'cell', numpy_type: 'int8' },
    { name: 'note', field_name: 'note', numpy_type: 'object' },
    { name: 'n', field_name: 'n', numpy_type: 'int32' },
    { name: 'id', field_name: '__index_level_0__', numpy_type: 'object' },
  ],
});
const at = { slot: 'columns' };

describe('a table of Arrow', () => {
  it('[row 44] maps values, renames and leaves out columns, and keeps types', () => {
    const fixes: Fix[] = [
      { ...at, kind: 'map', column: 'cell', values: { 'NK cell': 'natural killer cell' } },
      { ...at, kind: 'rename', column: 'cell', to: 'cell_type' },
      { ...at, kind: 'fill', column: 'cell_type', value: 'T cell' },
      { ...at, kind: 'drop', column: 'note' },
    ];
    const fields = fixedFields(names, notes, fixes);
    const made = arrow.tableFromIPC(fixedIpc(arrow, arrow.tableToIPC(table), fields));
    expect(made.schema.fields.map(({ name }) => name)).toEqual(['cell_type', 'n', '__index_level_0__']);
    expect(arrow.DataType.isDictionary(made.schema.fields[0]?.type)).toBe(true);
    expect([...(made.getChild('cell_type') ?? [])]).toEqual([
      'natural killer cell',
      'T cell',
      'T cell',
      'natural killer cell',
    ]);
    expect([...(made.getChild('n') ?? [])]).toEqual([1, 2, 3, 4]);
    expect(String(made.schema.fields[1]?.type)).toBe('Int32');
    expect([...(made.getChild('__index_level_0__') ?? [])]).toEqual(['r1', 'r2', 'r3', 'r4']);
    const told = JSON.parse(fixedNotes(notes, names, fields) ?? '{}') as { columns: { name: string }[] };
    expect(told.columns.map(({ name }) => name)).toEqual(['cell_type', 'n', 'id']);
  });

  it('gaps of texts stay gaps, and an emptied value becomes one', () => {
    const fields = fixedFields(names, notes, [{ ...at, kind: 'map', column: 'note', values: { a: '' } }]);
    const made = arrow.tableFromIPC(fixedIpc(arrow, arrow.tableToIPC(table), fields));
    expect([...(made.getChild('note') ?? [])]).toEqual([null, null, 'b', null]);
    expect([...(made.getChild('cell') ?? [])]).toEqual([...(table.getChild('cell') ?? [])]);
  });

  it('[row 44] numbers change and columns are converted, with the type and note that hold them', () => {
    const fixes: Fix[] = [
      { ...at, kind: 'map', column: 'n', values: { 1: '9', 2: '' } },
      { ...at, kind: 'map', column: 'note', values: { a: '1', b: '2.0' } },
      { ...at, kind: 'cast', column: 'note', to: 'int' },
      { ...at, kind: 'cast', column: 'cell', to: 'str' },
    ];
    const fields = fixedFields(names, notes, fixes);
    const made = arrow.tableFromIPC(fixedIpc(arrow, arrow.tableToIPC(table), fields));
    expect(made.schema.fields.slice(0, 3).map(({ type }) => String(type))).toEqual([
      'Utf8',
      'Int64',
      'Int32',
    ]);
    expect([...(made.getChild('n') ?? [])]).toEqual([9, null, 3, 4]);
    expect([...(made.getChild('note') ?? [])]).toEqual([1n, null, 2n, 1n]);
    expect([...(made.getChild('cell') ?? [])]).toEqual(['NK cell', 'T cell', null, 'NK cell']);
    const told = JSON.parse(fixedNotes(notes, names, fields) ?? '{}') as {
      columns: { numpy_type: string }[];
    };
    expect(told.columns.map(({ numpy_type }) => numpy_type)).toEqual(['object', 'Int64', 'int32', 'object']);
  });

  it('a fraction makes numbers of whole ones in every batch, and what is no number is refused', () => {
    const change = (values: Record<string, string>) => {
      const fields = fixedFields(names, notes, [{ ...at, kind: 'map', column: 'n', values }]);
      return arrow.tableFromIPC(fixedIpc(arrow, arrow.tableToIPC(table), fields)).getChild('n');
    };
    expect(String(change({ 1: '1.5' })?.type)).toBe('Float64');
    expect(String(change({ 99: '1.5' })?.type)).toBe('Float64');
    expect([...(change({ 1: '9999999999' }) ?? [])]).toEqual([9999999999n, 2n, 3n, 4n]);
    expect(() => change({ 1: 'one' })).toThrow(/'n' holds numbers \(int32\), and 'one' is none/);
  });

  it('names of rows change in the index column, and nowhere else', () => {
    const map = { kind: 'map' as const, column: 'id', values: { r1: 'row 1', a: 'z' } };
    const fields = fixedFields(names, notes, [{ ...at, ...map, index: true }]);
    const made = arrow.tableFromIPC(fixedIpc(arrow, arrow.tableToIPC(table), fields));
    expect([...(made.getChild('__index_level_0__') ?? [])]).toEqual(['row 1', 'r2', 'r3', 'r4']);
    expect([...(made.getChild('note') ?? [])]).toEqual(['a', null, 'b', 'a']);
  });
});

describe('an Arrow file of several batches', () => {
  const batches = (lists: (string | null)[][]) => {
    const writer = new arrow.RecordBatchFileWriter();
    const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8(), 7, true);
    const dictionary = arrow.vectorFromArray(['NK cell', 'T cell', 'B cell'], new arrow.Utf8());
    const all = ['NK cell', 'T cell', 'B cell'];
    const fields = [
      new arrow.Field('cell', type, true, new Map([['note', 'kept']])),
      new arrow.Field('n', new arrow.Int32(), true),
    ];
    const schema = new arrow.Schema(fields, new Map([['own', 'note']]));
    for (const list of lists) {
      const nullBitmap = Uint8Array.of(list.reduce((bits, one, i) => bits | (Number(one !== null) << i), 0));
      const data = Int8Array.from(list, (one) => Math.max(0, all.indexOf(one ?? '')));
      const cell = arrow.makeData({
        type,
        length: list.length,
        nullCount: list.filter((one) => one === null).length,
        nullBitmap,
        data,
        dictionary,
      });
      const n = arrow.makeData({
        type: new arrow.Int32(),
        length: list.length,
        data: Int32Array.from(list, (_, i) => i),
      });
      const struct = arrow.makeData({
        type: new arrow.Struct(fields),
        length: list.length,
        nullCount: 0,
        children: [cell, n],
      });
      writer.write(new arrow.RecordBatch(schema, struct));
    }
    writer.finish();
    return writer.toUint8Array(true);
  };

  it('[row 44] keeps its batches, its notes and one list of categories', async () => {
    const file = batches([
      ['NK cell', 'T cell'],
      [null, 'B cell', 'T cell'],
    ]);
    let rows = 0;
    const copy = await fixedArrowFile(
      bufferSource(file),
      [
        { ...at, kind: 'map', column: 'cell', values: { 'NK cell': 'natural killer cell' } },
        { ...at, kind: 'fill', column: 'cell', value: 'unknown' },
        { ...at, kind: 'cast', column: 'n', to: 'str' },
        { ...at, kind: 'cast', column: 'n', to: 'category' },
      ],
      (done) => (rows = done),
    );
    const made = arrow.tableFromIPC(copy);
    expect(made.batches.map(({ numRows }) => numRows)).toEqual([2, 3]);
    expect([...(made.getChild('cell') ?? [])]).toEqual([
      'natural killer cell',
      'T cell',
      'unknown',
      'B cell',
      'T cell',
    ]);
    expect([...(made.getChild('n') ?? [])]).toEqual(['0', '1', '0', '1', '2']);
    const [cell] = made.schema.fields;
    expect([
      cell?.metadata.get('note'),
      made.schema.metadata.get('own'),
      (cell?.type as arrow.Dictionary).isOrdered,
    ]).toEqual(['kept', 'note', true]);
    expect(rows).toBe(10);
    const { frames } = await readDataset(bufferSource(copy), 'x.arrow', [
      {
        slot: 'columns',
        transposed: false,
        namesOnly: false,
        index: 'none',
        columns: [{ at: 0, want: 'values' }],
      },
    ]);
    expect(frames[0]?.columns[0]?.dtype).toBe('category');
  });

  it('is refused in words where it is cut off or has no rows', async () => {
    const file = batches([['NK cell', 'T cell']]);
    await expect(fixedArrowFile(bufferSource(file.slice(0, -9)), [], () => {})).rejects.toThrow(/incomplete/);
    await expect(fixedArrowFile(bufferSource(batches([])), [], () => {})).rejects.toThrow();
  });
});
