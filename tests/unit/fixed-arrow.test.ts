// Fixes of tables that Arrow holds: categories stay categories, gaps stay gaps, the index stays beside the columns.
import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import type { Fix } from '../../src/lib/engine/curate/fixes.ts';
import { fixedFields, fixedIpc, fixedNotes } from '../../src/lib/formats/curate/fixed-arrow.ts';

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

  it('numbers are not changed, in words', () => {
    const fields = fixedFields(names, notes, [{ ...at, kind: 'map', column: 'n', values: { 1: '2' } }]);
    expect(() => fixedIpc(arrow, arrow.tableToIPC(table), fields)).toThrow(/"n" holds no texts/);
  });
});
