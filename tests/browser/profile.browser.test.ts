// Profiles and aggregates of results, computed by the engine, against data whose numbers are known.
import { tableFromIPC } from 'apache-arrow';
import { afterAll, describe, expect, it } from 'vitest';
import { createQueries } from '../../src/lib/client/duckdb.ts';
import { chartData } from '../../src/lib/client/chart-data.ts';
import type { ChartSpec } from '../../src/lib/client/chart-spec.ts';
import { type ColumnProfile } from '../../src/lib/client/profile-read.ts';
import { columnsOf, profileSample, profileWhole } from '../../src/lib/client/profiler.ts';
import { ask } from '../../src/lib/client/result-ask.ts';
import { filtered, type ResultFilter } from '../../src/lib/client/result-sql.ts';
import { shelfOf, textFile } from './duckdb-files.ts';

const queries = createQueries({ engine: shelfOf({ 'known.csv': textFile('a\n1\n', 'known.csv') }) });
afterAll(() => queries.restart());

const hostile = `"; drop table x; --`;
const quoted = `"${hostile.replaceAll('"', '""')}"`;
const odd = `
  SELECT CASE WHEN i % 10 = 0 THEN NULL ELSE i END AS n,
    CASE i % 5 WHEN 0 THEN 'NaN'::DOUBLE WHEN 1 THEN 'inf'::DOUBLE ELSE i / 2 END AS x,
    DATE '2026-01-01' + CAST(i AS INTEGER) AS day,
    CASE WHEN i = 7 THEN TIMESTAMP 'infinity' ELSE TIMESTAMP '2026-01-01 00:00:00' + to_minutes(i) END AS moment,
    (i * 1.005)::DECIMAL(18,3) AS price,
    [i, i + 1] AS list, {'a': i} AS struct,
    NULL::INTEGER AS nothing, 7 AS same, repeat('ä', 300 + CAST(i % 2 AS INTEGER)) AS long,
    i % 2 = 0 AS flag, CASE i % 4 WHEN 0 THEN 'a' WHEN 1 THEN '' ELSE 'it''s' END AS word,
    i AS ${quoted}, CAST('\\x00ab' AS BLOB) AS bytes, TIME '10:00:00' + to_seconds(i) AS clock,
    i::HUGEINT * 1000000000000000000000 AS huge, 1e200 * i AS vast
  FROM range(100) r(i) -- a comment at the end`;

const of = (profiles: ColumnProfile[], name: string): ColumnProfile => {
  const found = profiles.find(({ column }) => column.name === name);
  if (!found) throw new Error(`no profile of ${name}`);
  return found;
};

describe('a profile', () => {
  it('of the sample tells nulls, NaN, ranges, quantiles, frequent values and bars of every type', async () => {
    const { columns, profiles, rows, complete } = await profileSample(queries, odd, {});
    expect([columns.length, rows, complete]).toEqual([17, 100, true]);
    check(profiles);
  });

  it('of all rows agrees with it', async () => {
    const { profiles } = await profileSample(queries, odd, {});
    const whole: ColumnProfile[] = [];
    for (const one of profiles) whole.push(await profileWhole(queries, odd, one, {}));
    check(whole);
  });

  function check(profiles: ColumnProfile[]): void {
    const n = of(profiles, 'n');
    expect(n).toMatchObject({
      rows: 100,
      nulls: 10,
      distinct: 90,
      min: '1',
      max: '99',
      lo: 1,
      hi: 99,
      mean: 50,
    });
    expect(n.bins.reduce((sum, bin) => sum + bin.n, 0)).toBe(90);
    const x = of(profiles, 'x');
    expect(x).toMatchObject({ nulls: 0, nan: 20, infinite: 20, lo: 1, hi: 49.5 });
    expect(x.bins.reduce((sum, bin) => sum + bin.n, 0)).toBe(60);
    expect(of(profiles, 'day')).toMatchObject({ distinct: 100, min: '2026-01-01', max: '2026-04-10' });
    expect(of(profiles, 'moment')).toMatchObject({ infinite: 1, min: '2026-01-01 00:00:00' });
    expect(of(profiles, 'price')).toMatchObject({ min: '0.000', max: '99.495', zeros: 1 });
    expect(of(profiles, 'list')).toMatchObject({ nulls: 0, shortest: 2, longest: 2 });
    expect(of(profiles, 'struct')).toMatchObject({ nulls: 0 });
    expect(of(profiles, 'nothing')).toMatchObject({
      nulls: 100,
      distinct: 0,
      min: null,
      bins: [],
      mean: null,
    });
    expect(of(profiles, 'same')).toMatchObject({ distinct: 1, bins: [{ from: 7, n: 100 }] });
    expect(of(profiles, 'long')).toMatchObject({ distinct: 2, shortest: 300, longest: 301 });
    expect(of(profiles, 'long').top[0]).toMatchObject({ n: 50, cut: true });
    expect(of(profiles, 'flag').top).toEqual([
      { value: 'false', n: 50, cut: false },
      { value: 'true', n: 50, cut: false },
    ]);
    expect(of(profiles, 'word').top.map(({ value, n }) => [value, n])).toEqual([
      [`it's`, 50],
      ['', 25],
      ['a', 25],
    ]);
    expect(of(profiles, 'word')).toMatchObject({ empty: 25, distinct: 3 });
    expect(of(profiles, hostile)).toMatchObject({ distinct: 100, lo: 0, hi: 99 });
    expect(of(profiles, 'bytes')).toMatchObject({ nulls: 0, longest: 3 });
    expect(of(profiles, 'clock')).toMatchObject({ min: '10:00:00', max: '10:01:39' });
    expect(of(profiles, 'huge')).toMatchObject({ max: '99000000000000000000000' });
    expect(of(profiles, 'vast')).toMatchObject({ mean: null, hi: 99e200 });
  }

  it('of no rows, and of a statement that is none', async () => {
    const none = await profileSample(queries, 'SELECT i, i::VARCHAR AS t FROM range(5) r(i) WHERE i > 9', {});
    expect(none).toMatchObject({ rows: 0, complete: true });
    expect(none.profiles[0]).toMatchObject({ nulls: 0, min: null, bins: [], distinct: 0 });
    await expect(profileSample(queries, 'DROP TABLE x', {})).rejects.toThrow();
    await expect(profileSample(queries, `SELECT 1) AS a; COPY (SELECT 1`, {})).rejects.toThrow();
    await expect(profileSample(queries, `SELECT * FROM read_csv_auto('x')`, {})).rejects.toThrow(
      /opens files/,
    );
  });

  it('of files, by name and by artifact()', async () => {
    for (const sql of [`SELECT * FROM artifact('known.csv')`, `FROM 'known.csv'`]) {
      const { profiles } = await profileSample(queries, sql, {});
      expect(profiles[0]).toMatchObject({ rows: 1, mean: 1 });
    }
    const opened = queries.run(`WITH a AS MATERIALIZED (SELECT * FROM read_csv_auto('x')) FROM a`);
    await expect(opened).rejects.toThrow(/opens files/);
  });

  it('of many rows is of the first ones, then of all', async () => {
    const sql = 'SELECT i AS n, (i % 7)::VARCHAR AS w FROM range(250000) r(i)';
    const sample = await profileSample(queries, sql, {});
    expect([sample.rows, sample.complete]).toEqual([100_000, false]);
    const [n, w] = sample.profiles;
    if (!n || !w) throw new Error('two columns');
    const whole = await profileWhole(queries, sql, n, {});
    expect(whole).toMatchObject({ rows: 250_000, hi: 249_999, distinct: 250_000, mean: 124_999.5 });
    expect(whole.bins.reduce((sum, bin) => sum + bin.n, 0)).toBe(250_000);
    expect((await profileWhole(queries, sql, w, {})).top[0]).toEqual({ value: '0', n: 35_715, cut: false });
  });
});

describe('a chart', () => {
  const none: ChartSpec = { mark: 'bar', x: null, y: null, colour: null, facet: null, aggregate: 'count' };
  /** 60,000 rows: `g` of 40 values and null, `v` from 0 to 99.9 with NaN, one row each minute from 2026 on. */
  const many = `SELECT CASE WHEN i % 50 >= 40 THEN NULL ELSE 'g' || (i % 50) END AS g, i % 3 = 0 AS flag,
    CASE WHEN i % 100 = 99 THEN 'NaN'::DOUBLE ELSE (i % 1000) / 10.0 END AS v, i AS "i""d",
    TIMESTAMP '2026-01-01' + to_minutes(i) AS at FROM range(60000) r(i)`;
  const draw = async (spec: Partial<ChartSpec>, filters: ResultFilter[] = []) =>
    chartData(queries, filtered(many, filters), { ...none, ...spec }, await columnsOf(queries, many, {}), {});

  it('of groups has the most frequent of them, with null as one, over all rows', async () => {
    const { data, notes } = await draw({ x: 'g', y: 'v', aggregate: 'mean' });
    expect(notes).toEqual(['g: the 30 most frequent of 41 values.']);
    expect(data[0]).toMatchObject({ x: '(null)', n: 12_000 });
    const one = data.find(({ x }) => x === 'g1');
    // i % 50 = 1: tenths of 1, 51, 101 … 951.
    expect(one).toMatchObject({ n: 1200 });
    expect(one?.value).toBeCloseTo(47.6, 9);
  });

  it('of numbers has round steps, of times those of the calendar; colours beyond eight are put together', async () => {
    const bars = await draw({ mark: 'histogram', x: 'v' });
    expect(bars.data).toHaveLength(20);
    expect(bars.data[0]).toMatchObject({ x: 0, x2: 5, n: 3000 });
    expect(bars.rows).toBe(59_400);
    const line = await draw({ mark: 'line', x: 'at', y: 'i"d', aggregate: 'sum', colour: 'g' });
    expect(new Set(line.data.map(({ colour }) => colour)).size).toBe(9);
    expect(line.data.reduce((sum, { value }) => sum + (value ?? 0), 0)).toBe((59_999 * 60_000) / 2);
    expect(line.data[0]).toMatchObject({ x: Date.UTC(2026, 0, 1) / 1000 });
  });

  it('of dots is a sample that says so, of boxes has Tukey’s whiskers, of two columns counts every pair', async () => {
    const dots = await draw({ mark: 'dot', x: 'v', y: 'i"d' });
    expect(dots.data).toHaveLength(20_000);
    expect(dots.notes).toEqual(['20,000 of 59,400 points, drawn at random.']);
    const boxes = await draw({ mark: 'box', x: 'flag', y: 'v', facet: null });
    expect(boxes.data.map(({ x, n }) => [x, n])).toEqual([
      ['false', 39_600],
      ['true', 19_800],
    ]);
    expect(boxes.data[0]?.box).toMatchObject({ low: 0, high: 99.8, beyond: 0 });
    const heat = await draw({ mark: 'heat', x: 'flag', y: 'g' });
    expect(heat.data.reduce((sum, { n }) => sum + n, 0)).toBe(heat.rows);
    expect(heat.data).toHaveLength(60);
  });

  it('shows what filters leave, and a filter counts what its bar does', async () => {
    const columns = await columnsOf(queries, many, {});
    const at = (name: string) => {
      const found = columns.find((one) => one.name === name);
      if (!found) throw new Error(name);
      return found;
    };
    const filters: ResultFilter[] = [
      { of: 'a', column: at('v'), test: 'range', from: 0, to: 5, closed: false },
      { of: 'a', column: at('g'), test: 'in', values: ['g1', null] },
      { of: 'b', column: at('flag'), test: 'in', values: ['true'] },
      {
        of: 'b',
        column: at('at'),
        test: 'range',
        from: Date.UTC(2026, 0, 1) / 1000,
        to: Date.UTC(2026, 0, 2) / 1000,
        closed: false,
      },
    ];
    const count = async (list: ResultFilter[]) =>
      (await ask(queries, `SELECT count(*) FROM (${filtered(many, list)})`)).rows[0]?.[0];
    expect(await count(filters.slice(0, 1))).toBe(3000);
    const own = (i: number) =>
      (i % 1000) / 10 < 5 && i % 100 !== 99 && (i % 50 >= 40 || i % 50 === 1) && i % 3 === 0;
    expect(await count(filters)).toBe(Array.from({ length: 1440 }, (_, i) => i).filter(own).length);
    const { data } = await draw({ x: 'flag' }, filters);
    expect(data.map(({ x }) => x)).toEqual(['true']);
    expect(
      (
        await draw({ x: 'flag' }, [
          { of: 'a', column: at('v'), test: 'range', from: 500, to: 600, closed: true },
        ])
      ).data,
    ).toEqual([]);
  });
});

describe('rows kept on the device', () => {
  it('any of them is there again, in the order in which they came', async () => {
    const result = await queries.run('SELECT i AS n, i::VARCHAR AS t FROM range(300000) r(i)', {
      rows: 2048,
    });
    expect(result.first.rows).toBe(2048);
    const some = await result.keep(10_000);
    expect([some.from, some.to >= 10_000, some.more]).toEqual([2048, true, true]);
    const all = await result.keep(Infinity);
    expect([all.to, all.more]).toEqual([300_000, false]);
    for (const row of [2048, 2049, 9_999, 150_000, 299_999]) {
      const page = await result.kept(row);
      const table = tableFromIPC(page.ipc);
      expect(table.numRows).toBe(page.rows);
      expect(table.getChild('t')?.get(row - page.from)).toBe(String(row));
    }
    await expect(result.kept(300_000)).rejects.toThrow();
    await expect(result.kept(0)).rejects.toThrow();
    result.close();
    await expect(result.kept(2048)).rejects.toThrow(/Run the statement again/);
  });
});
