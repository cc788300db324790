// The pure parts of validation: what `read_csv` makes of texts, Python's literals, conversions, lists, and what is read of a
// file for a schema. Values were read off pandas 2.3.3.
import { describe, expect, it } from 'vitest';
import { isDictText } from '../../src/lib/engine/curate/python-literal.ts';
import { unfitForInt, unfitForTime } from '../../src/lib/engine/curate/coercion.ts';
import type { ColumnRead, FrameAsk } from '../../src/lib/engine/ports.ts';
import { createCsvColumn, stretchOf } from '../../src/lib/formats/curate/csv-types.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { utf8 } from '../fixtures/bytes.ts';
import { generateLab } from '../fixtures/generate.ts';
import { bufferSource } from '../fixtures/sources.ts';

const ask = (...columns: FrameAsk['columns']): FrameAsk => ({
  slot: 'columns',
  transposed: false,
  columns,
  index: 'none',
  namesOnly: columns.length === 0,
});
const csv = async (text: string, asked: FrameAsk, name = 't.csv') =>
  (await readDataset(bufferSource(utf8(text)), name, [asked])).frames[0];
const objects = (...texts: string[]): ColumnRead => ({
  at: 0,
  name: 'c',
  dtype: 'object',
  rows: texts.length,
  nulls: 0,
  nullRows: [],
  kinds: [{ text: texts[0] ?? '', kind: 'str', count: texts.length, rows: [0] }],
  values: texts.map((text, row) => ({ text, kind: 'str', count: 1, rows: [row] })),
  cut: false,
  problem: null,
});

describe('a text table', () => {
  it('[row 43] has the types that read_csv gives', () => {
    const dtype = (...cells: string[]): string => {
      const column = createCsvColumn('type');
      column.add(cells);
      return column.told().dtype;
    };
    expect(dtype('1', '2')).toBe('int64');
    expect(dtype('1', '')).toBe('float64');
    expect(dtype('9223372036854775808', '1')).toBe('uint64');
    expect(dtype('99999999999999999999', '1')).toBe('object');
    expect(dtype('1.5', 'inf')).toBe('float64');
    expect(dtype('True', 'FALSE')).toBe('bool');
    expect(dtype('True', '')).toBe('object');
    expect(dtype('NA', 'null')).toBe('float64');
    expect(dtype('1', 'x')).toBe('object');
  });

  it('is decided on stretch by stretch, as pandas does, so that numbers and texts may stand together', () => {
    expect([stretchOf(3), stretchOf(10)]).toEqual([262_144, 65_536]);
    const column = createCsvColumn('values');
    column.add(['1', '2']);
    column.add(['x', '2']);
    const told = column.told();
    expect(told.dtype).toBe('object');
    expect(told.values?.map(({ kind, text, rows }) => [kind, text, rows])).toEqual([
      ['int', '1', [0]],
      ['int', '2', [1]],
      ['str', 'x', [2]],
      ['str', '2', [3]],
    ]);
  });

  it('has names as pandas makes them, and its first column as index where rows are longer than the header', async () => {
    expect((await csv('\ufeffa,a,,a.1,a\n1,2,3,4,5\n', ask()))?.names).toEqual([
      'a',
      'a.2',
      'Unnamed: 2',
      'a.1',
      'a.3',
    ]);
    const indexed = await csv('a,b\nr1,1,x\nr2,2,y\n', { ...ask({ at: 0, want: 'type' }), index: 'values' });
    expect(indexed?.columns[0]).toMatchObject({ name: 'a', dtype: 'int64', rows: 2 });
    expect(indexed?.index).toMatchObject({ levels: 1, dtype: 'object' });
    expect(
      (await csv('a\tb\n1\tx\n', ask({ at: 1, want: 'values' }), 't.tsv'))?.columns[0]?.values,
    ).toMatchObject([{ text: 'x', count: 1 }]);
  });

  it('reads the header alone at first', async () => {
    const rowsOf = 'a,b\n' + '1,x\n'.repeat(2_000_000);
    let read = 0;
    const bytes = utf8(rowsOf);
    const source = {
      size: bytes.length,
      read: async (from: number, to: number) => ((read += to - from), bytes.slice(from, to)),
    };
    const { frames } = await readDataset(source, 't.csv', [ask()]);
    expect(frames[0]?.names).toEqual(['a', 'b']);
    expect(read).toBeLessThan(3 * 2 ** 20);
  });
});

describe('conversions', () => {
  it('take a dictionary that Python would write', () => {
    for (const text of [
      "{'a': 1}",
      '{}',
      '{"a": [1, (2,), {3}], \'b\': None}',
      "{1: 'x' 'y', -2.5e3: True,}",
      "{'a': b'x'}",
    ])
      expect(isDictText(text), text).toBe(true);
    for (const text of [
      '{"a": true}',
      '{1, 2}',
      '[1]',
      '{',
      "{'a'}",
      "{'a': f()}",
      "{'a': 1}}",
      '{[1]: 2}',
      '',
    ])
      expect(isDictText(text), text).toBe(false);
    expect(isDictText('{'.repeat(100_000))).toBe(false);
    expect(isDictText(`{'a': ${'['.repeat(50)}${']'.repeat(50)}}`)).toBe(true);
  });

  it('take whole numbers and days that exist', () => {
    const odd = (read: ColumnRead, kind: 'int' | 'date'): string[] | undefined =>
      (kind === 'int' ? unfitForInt(read) : unfitForTime(read, 'date'))?.map(({ text }) => text);
    expect(odd(objects('1', ' 2 ', '3.0', '4e2', ''), 'int')).toEqual([]);
    expect(odd(objects('1', '1.5', 'x', 'inf'), 'int')).toEqual(['1.5', 'x', 'inf']);
    expect(odd(objects('2024-05-17', '2023-02-29', '0001-01-01', '2024-05-17 10:00'), 'date')).toEqual([
      '2023-02-29',
      '0001-01-01',
      '2024-05-17 10:00',
    ]);
    expect(odd(objects('17.05.2024', '2024-05-17'), 'date')).toEqual(['2024-05-17']);
  });
});

describe('a damaged file', () => {
  it('is told in words or column by column, whatever was changed in it', async () => {
    const lab = await generateLab();
    const whole = lab.find(({ path }) => path.endsWith('.parquet'))?.bytes ?? new Uint8Array();
    const names = (await readDataset(bufferSource(whole), 'x.parquet', [ask()])).frames[0]?.names ?? [];
    expect(names.length).toBeGreaterThan(2);
    const all = ask(...names.map((_, at) => ({ at, want: 'values' as const })));
    let [told, refused] = [0, 0];
    let seed = 7;
    const below = (most: number): number => (seed = (seed * 48_271) % 2_147_483_647) % most;
    for (let i = 0; i < 200; i++) {
      const bytes = whole.slice(0, i % 5 === 0 ? below(whole.length) : undefined);
      for (let n = 0; n < 3 && bytes.length > 0; n++) bytes[below(bytes.length)] = below(256);
      try {
        const { frames } = await readDataset(bufferSource(bytes), 'x.parquet', [all]);
        for (const column of frames[0]?.columns ?? [])
          expect(column.problem === null || column.problem !== '').toBe(true);
        told++;
      } catch (error) {
        expect(isLoamError(error), String(error)).toBe(true);
        refused++;
      }
    }
    expect(Math.min(told, refused)).toBeGreaterThan(20);
  });
});
