// Statements about a result as texts: names and values are quoted whatever they are, and a profile's answers are read.
import { describe, expect, it } from 'vitest';
import { profileOf } from '../../src/lib/client/profile-read.ts';
import { binWidth, sampleProfile, sampleRows } from '../../src/lib/client/profile-sql.ts';
import {
  asTable,
  conditionOf,
  filtered,
  isWrappable,
  kindOf,
  type ResultColumn,
} from '../../src/lib/client/result-sql.ts';
import { cellAt, hasRow, resultOf, type SqlResult, withKept } from '../../src/lib/client/sql-result.ts';
import { filterWords, numberWords, shortNumber, timeWords } from '../../src/lib/client/value-words.ts';
import type { SqlPage } from '../../src/lib/workers/wire.ts';

const column = (name: string, type: string): ResultColumn => ({ name, type, kind: kindOf(type) });

describe('numbers of a preview', () => {
  it('lose the digits of their binary form, and nothing else', () => {
    for (const [text, shown] of [
      ['0.30000000000000004', '0.3'],
      ['0.10000000149011612', '0.1'],
      ['-1234.5678901234567', '-1234.57'],
      ['1.2345678901234e-7', '1.23457e-7'],
      ['3.1415927e+21', '3.1415927e+21'],
      ['0.00012345678', '0.00012345678'],
      ['12345678901234567890', '12345678901234567890'],
      ['2026.11', '2026.11'],
      ['1.50', '1.50'],
      ['', ''],
      ['NaN', 'NaN'],
    ] as const)
      expect([text, shortNumber(text)]).toEqual([text, shown]);
  });
});

describe('a statement around a statement', () => {
  it('a comment or semicolon at its end takes nothing with it', () => {
    expect(asTable('select 1 -- all;')).toBe('(\nselect 1 -- all\n)');
    expect(asTable('select 1 ; ')).toBe('(\nselect 1 \n)');
  });

  it('only rows can be asked about', () => {
    for (const sql of ['select 1', '-- x\nFROM t', '(values (1))', '/* a */ with a as (select 1) from a'])
      expect([sql, isWrappable(sql)]).toEqual([sql, true]);
    for (const sql of ['describe t', 'explain select 1', 'summarize t', '', 'drop table t'])
      expect([sql, isWrappable(sql)]).toEqual([sql, false]);
  });

  it('types are kinds', () => {
    const kinds = [
      'DECIMAL(18,3)',
      'BIGINT',
      'VARCHAR[]',
      'STRUCT(a VARCHAR)',
      'TIMESTAMP WITH TIME ZONE',
      'TIME',
    ];
    expect(kinds.map(kindOf)).toEqual(['number', 'number', 'other', 'other', 'time', 'clock']);
    expect(["ENUM('a', 'b')", 'UUID', 'BOOLEAN', 'BLOB', 'INTERVAL', 'DATE[]'].map(kindOf)).toEqual([
      ...['text', 'text', 'boolean', 'other', 'other', 'other'],
    ]);
  });

  it('names and values of filters are quoted', () => {
    const hostile = column('"; drop table x; --', 'VARCHAR');
    expect(conditionOf({ of: 'a', column: hostile, test: 'in', values: ["it's", null] })).toBe(
      `("""; drop table x; --" = 'it''s' OR """; drop table x; --" IS NULL)`,
    );
    expect(conditionOf({ of: 'a', column: hostile, test: 'in', values: [] })).toBe('false');
    const n = column('n', 'INTEGER');
    expect(conditionOf({ of: 'a', column: n, test: 'range', from: -2, to: 1.5, closed: false })).toBe(
      `"n" >= -2 AND "n" < CAST('1.5' AS DOUBLE)`,
    );
    const day = column('day', 'DATE');
    const range = { of: 'a', column: day, test: 'range', from: 0, to: 86_400.5, closed: true } as const;
    expect(conditionOf(range)).toBe(
      `"day" >= TIMESTAMP '1970-01-01 00:00:00' AND "day" <= TIMESTAMP '1970-01-02 00:00:00.500000'`,
    );
    expect(filtered('select 1', [])).toBe('select 1');
    expect(filtered('select 1 as n', [{ ...range, column: n, from: 0, to: 2, closed: true }])).toBe(
      'SELECT *\nFROM (\nselect 1 as n\n) AS loam_rows\nWHERE "n" >= 0 AND "n" <= 2',
    );
  });
});

describe('a profile', () => {
  it('looks at fewer rows of wide tables, and names no column without quotes', () => {
    expect([sampleRows(1), sampleRows(100), sampleRows(100_000)]).toEqual([100_000, 20_000, 1000]);
    const sql = sampleProfile('select 1', [column('a"b', 'DOUBLE')], 10);
    expect(sql).toContain('SELECT "a""b" FROM (\nselect 1\n) AS loam_rows LIMIT 10');
    expect(sql.replaceAll('"a""b"', '')).not.toContain('a"');
  });

  it('has all bars between the least and the greatest value', () => {
    const of = column('n', 'INTEGER');
    expect([binWidth(of, 0, 9), binWidth(of, 0, 100), binWidth(column('x', 'DOUBLE'), 0, 48)]).toEqual([
      1, 5, 2,
    ]);
    const fact = (what: string, label: string | null) => ({ at: 0, what, label, n: null });
    const told = profileOf(of, [
      ...[
        fact('rows', '6'),
        fact('present', '5'),
        fact('placed', '5'),
        fact('small', '5'),
        fact('distinct', '2'),
      ],
      ...[fact('lo', '0'), fact('hi', '3'), fact('mean', '0.6'), fact('q1', null)],
      ...[
        { at: 0, what: 'bin', label: '0', n: 4 },
        { at: 0, what: 'bin', label: '3', n: 1 },
      ],
    ]);
    expect(told).toMatchObject({ nulls: 1, distinct: 2, aboutDistinct: false, mean: 0.6, quartiles: null });
    expect(told.bins.map(({ from, n }) => [from, n])).toEqual([
      [0, 4],
      [1, 0],
      [2, 0],
      [3, 1],
    ]);
  });
});

it('values in words', () => {
  expect([0, 12.345, 1234.5, 12_345_678, 1e-7, -1e20].map(numberWords)).toEqual([
    ...['0', '12.35', '1,235', '12.35M', '1e-7', '-1e20'],
  ]);
  expect([timeWords(0, 1e7), timeWords(3600, 7200), timeWords(61, 30)]).toEqual([
    ...['1970-01-01', '1970-01-01 01:00', '1970-01-01 00:01:01'],
  ]);
  const n = column('n', 'INTEGER');
  expect(filterWords({ of: 'a', column: n, test: 'range', from: 1, to: 5, closed: false })).toBe(
    'n from 1 to under 5',
  );
  expect(filterWords({ of: 'a', column: n, test: 'in', values: ['1', null] })).toBe('n is 1 or null');
});

describe('pages of a result in memory', () => {
  const page = (from: number): SqlPage => ({
    columns: [{ name: 'n', declared: null, table: null, column: null }],
    values: [Array.from({ length: 10 }, (_, i) => (i === 9 ? NaN : from + i + 0.5))],
    kinds: [new Uint8Array(10).fill(2)],
    cut: [],
    count: 10,
    more: true,
    ms: 0,
    stopped: false,
    changed: false,
    stamp: '',
    artifacts: [],
  });
  it('may have gaps, and those far from the last one looked at give way, but not the first', () => {
    let result: SqlResult = { ...resultOf('', page(0), false), count: 1_000_000 };
    for (let i = 1; i <= 300; i++) result = withKept(result, page(i * 100), i * 100);
    expect(result.pages).toHaveLength(128);
    expect(result.starts.toSorted((a, b) => a - b)).toEqual(result.starts);
    expect([0, 9, 10, 100, 29_999, 30_000, 30_009].map((row) => hasRow(result, row))).toEqual([
      ...[true, true, false, false, false, true, true],
    ]);
    expect([cellAt(result, 30_000, 0).text, cellAt(result, 30_009, 0).text]).toEqual(['30000.5', 'NaN']);
    expect(withKept(result, page(30_000), 30_000)).toBe(result);
  });
});
