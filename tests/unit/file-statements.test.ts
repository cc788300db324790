// Which statements are over files, and what Arrow's values become in the grid.
import {
  Bool,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int64,
  List,
  Struct,
  Table,
  tableToIPC,
  TimeMicrosecond,
  TimestampMicrosecond,
  Utf8,
  Binary,
  vectorFromArray,
  type DataType,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../src/lib/client/arrow-page.ts';
import { queryOf, readsFiles, stoppable } from '../../src/lib/client/file-statements.ts';
import { cellAt, csvLines, resultOf } from '../../src/lib/client/sql-result.ts';

describe('a statement is over files', () => {
  it.each([
    `select * from artifact('a.csv')`,
    `SELECT x FROM Artifact (['a.csv', 'b.csv'])`,
    `select * from 'a.parquet' where x > 1`,
    `select * from t join 'it''s.csv' using (id)`,
    `select * from -- here\n 'a.csv'`,
    `select * from obs('a.h5ad')`,
    `select * from lamindb_artifact a join Var (['a.h5ad'], modality = 'rna') v on true`,
    `select * from lamindb_ulabel, obs('a.h5ad')`,
  ])('%s', (sql) => expect(readsFiles(sql)).toBe(true));
  it.each([
    'select * from lamindb_artifact',
    `select 'from artifact(1)' as words from lamindb_ulabel`,
    `select 1 -- from artifact('x')`,
    `select /* artifact('x') */ name from lamindb_ulabel where name = 'a'`,
    `select "artifact(" from t`,
    'select obs, var (1) from t',
  ])('and this is not: %s', (sql) => expect(readsFiles(sql)).toBe(false));

  it('an artifact is asked by its key, an old version by its uid, and what is no table not at all', () => {
    const artifact = { uid: 'u1', key: "it's.csv", suffix: '.csv', isLatest: true };
    const sql = (address: string | null) => new URLSearchParams(address?.split('?')[1]).get('sql');
    expect(sql(queryOf(artifact))).toBe(`select * from artifact('it''s.csv')`);
    expect(sql(queryOf({ ...artifact, isLatest: false }))).toBe(`select * from artifact('u1')`);
    expect(sql(queryOf({ ...artifact, key: null }))).toBe(`select * from artifact('u1')`);
    expect(queryOf({ ...artifact, suffix: '.png' })).toBeNull();
    expect(sql(queryOf({ ...artifact, key: 'a.h5ad', suffix: '.h5ad' }))).toBe(`select * from obs('a.h5ad')`);
    expect(queryOf({ ...artifact, suffix: '.zarr', otype: null })).toBeNull();
    expect(sql(queryOf({ ...artifact, key: 'a.zarr', suffix: '.zarr', otype: 'AnnData' }))).toBe(
      `select * from obs('a.zarr')`,
    );
  });
});

function pageWith(columns: Record<string, [DataType, unknown[]]>, more = false) {
  const vectors = Object.fromEntries(
    Object.entries(columns).map(([name, [type, values]]) => [name, vectorFromArray(values, type)]),
  );
  const table = new Table(vectors);
  const ipc = tableToIPC(table, 'stream') as Uint8Array<ArrayBuffer>;
  const leftOut = { byAnnotations: 0, byFooters: 0 };
  const meter = { files: 1, totalBytes: 1, readBytes: 1, reads: 1, leftOut, far: null };
  return { ipc, rows: table.numRows, from: 0, more, ms: 5, meter, drift: [], leftOut: [] };
}

describe('values of Arrow', () => {
  const page = pageOf(
    pageWith({
      whole: [new Int64(), [1n, 9007199254740993n, null]],
      sum: [new Decimal(0, 38), [words(-12n), words(1n << 100n), null]],
      price: [new Decimal(2, 18), [words(1234n), words(-5n), null]],
      real: [new Float64(), [1, 0.1, null]],
      yes: [new Bool(), [true, false, null]],
      day: [new DateDay(), [new Date('2026-01-02'), new Date('1969-12-31'), null]],
      at: [new TimestampMicrosecond(), [Date.UTC(2026, 0, 2, 3, 4, 5), Date.UTC(1969, 11, 31), null]],
      clock: [new TimeMicrosecond(), [3_723_000_001n, 0n, null]],
      text: [new Utf8(), ['a, "b"', '', null]],
      bytes: [new Binary(), [new Uint8Array([1, 255]), new Uint8Array(), null]],
      list: [new List(new Field('item', new Int64())), [[1n, 2n], [], null]],
      pair: [
        new Struct([new Field('a', new Int64()), new Field('b', new Utf8())]),
        [{ a: 1n, b: 'x' }, { a: null, b: '' }, null],
      ],
    }),
    ['u1'],
    2,
  );
  const result = resultOf('select', page, false);
  const row = (at: number) =>
    result.columns.map((_column, i) => {
      const { kind, text } = cellAt(result, at, i);
      return `${kind} ${text}`;
    });

  it('are told as DuckDB prints them, with all their digits', () => {
    expect(row(0)).toEqual([
      'integer 1',
      'integer -12',
      'real 12.34',
      'real 1.0',
      'text true',
      'text 2026-01-02',
      'text 2026-01-02 03:04:05',
      'text 01:02:03.000001',
      'text a, "b"',
      "blob x'01ff'",
      'text [1,2]',
      'text {"a":1,"b":"x"}',
    ]);
    expect(row(1)).toEqual([
      'integer 9007199254740993',
      `integer ${1n << 100n}`,
      'real -0.05',
      'real 0.1',
      'text false',
      'text 1969-12-31',
      'text 1969-12-31 00:00:00',
      'text 00:00:00',
      'text ',
      "blob x''",
      'text []',
      'text {"a":null,"b":""}',
    ]);
    expect(row(2)).toEqual(result.columns.map(() => 'null '));
    expect(page.ms).toBe(3);
  });

  it('go into a CSV whole: missing and empty texts stay two things', async () => {
    const first = pageOf(pageWith({ 'a b': [new Utf8(), ['x', null]] }, true), [], 0);
    const second = pageOf(pageWith({ 'a b': [new Utf8(), ['', 'say "hi"\n']] }), [], 0);
    let rows = 0;
    const stream = csvLines(
      first,
      async () => ({ page: second }),
      (n) => (rows += n),
    );
    expect(await new Response(stream).text()).toBe('a b\r\nx\r\n\r\n""\r\n"say ""hi""\n"\r\n');
    expect(rows).toBe(4);
  });
});

function words(value: bigint): Uint32Array {
  const bits = BigInt.asUintN(128, value);
  return Uint32Array.from([0n, 32n, 64n, 96n], (shift) => Number((bits >> shift) & 0xffffffffn));
}

it('work that is stopped says whether by a person or by its time', async () => {
  const hang = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))));
  const byHand = stoppable(60_000, hang);
  byHand.cancel();
  await expect(byHand.done).rejects.toMatchObject({ code: 'Cancelled' });
  await expect(stoppable(10, hang).done).rejects.toMatchObject({ details: { reason: 'time' } });
  await expect(stoppable(1_000, async () => 7).done).resolves.toBe(7);
});
