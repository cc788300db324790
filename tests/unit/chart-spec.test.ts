// What a chart is without being told: marks by the kinds of columns, round steps, and SQL with every name in quotes.
import { describe, expect, it } from 'vitest';
import {
  chartOf,
  type ChartSpec,
  lacking,
  titleOf,
  usualCharts,
  usualMark,
  withAggregate,
  withColumn,
} from '../../src/lib/client/chart-spec.ts';
import { type Axis, boxesSql, dotsSql, groupedSql, groupsSql } from '../../src/lib/client/chart-sql.ts';
import { numberStep, roundStep, stepEnd, timeStep, wholeSteps } from '../../src/lib/client/chart-steps.ts';
import { kindOf, type ResultColumn } from '../../src/lib/client/result-sql.ts';

const column = (name: string, type: string): ResultColumn => ({ name, type, kind: kindOf(type) });
const columns = [
  column('id', 'VARCHAR'),
  column('cell "type"', 'VARCHAR'),
  column('n', 'BIGINT'),
  column('x', 'DOUBLE'),
  column('at', 'TIMESTAMP'),
  column('tags', 'VARCHAR[]'),
];
const [, type, n, x, at] = columns as [ResultColumn, ResultColumn, ResultColumn, ResultColumn, ResultColumn];
const none: ChartSpec = { mark: 'bar', x: null, y: null, colour: null, facet: null, aggregate: 'count' };

describe('the usual chart', () => {
  it('follows the kinds of columns', () => {
    expect(usualMark('text', undefined)).toBe('bar');
    expect(usualMark('number', undefined)).toBe('histogram');
    expect(usualMark('time', 'number')).toBe('line');
    expect(usualMark('number', 'number')).toBe('dot');
    expect(usualMark('text', 'number')).toBe('box');
    expect(usualMark('text', 'boolean')).toBe('heat');
  });

  it('two of them begin: a group of few values and a measure', () => {
    const different = new Map([
      ['id', 5000],
      ['cell "type"', 8],
      ['n', 1],
      ['x', 900],
    ]);
    expect(usualCharts(columns, different).map(({ mark, x: on }) => [mark, on])).toEqual([
      ['bar', 'cell "type"'],
      ['histogram', 'x'],
    ]);
    expect(usualCharts([column('tags', 'VARCHAR[]')], new Map())).toEqual([]);
  });

  it('of groups with a name each their numbers are drawn', () => {
    const different = new Map([
      ['cell "type"', 8],
      ['n', 3],
    ]);
    const drawn = (rows: number) =>
      usualCharts(columns, different, rows).map(({ mark, x: on, y, aggregate }) => [mark, on, y, aggregate]);
    expect(drawn(8)[0]).toEqual(['bar', 'cell "type"', expect.any(String), 'sum']);
    expect(drawn(9)[0]).toEqual(['bar', 'cell "type"', null, 'count']);
  });

  it('changes with what is put on it, and says what it lacks', () => {
    const bar = chartOf(type);
    const box = withColumn(bar, 'y', 'x', columns);
    expect([box.mark, box.aggregate]).toEqual(['box', 'count']);
    expect(lacking(box, columns)).toBeNull();
    const mean = withAggregate({ ...box, mark: 'bar' }, columns);
    expect(mean.aggregate).toBe('mean');
    expect(titleOf(mean, columns)).toBe('Mean of x by cell "type"');
    expect(lacking({ ...none, mark: 'dot', x: 'n', y: 'id' }, columns)).toMatch(/Dots need/);
    expect(lacking({ ...none, x: 'id', y: 'id', aggregate: 'sum' }, columns)).toMatch(/needs numbers on Y/);
    // Taken away, the number takes its mean with it.
    expect(withColumn(mean, 'y', null, columns)).toMatchObject({ mark: 'bar', aggregate: 'count' });
  });
});

describe('steps', () => {
  it('of numbers are round', () => {
    expect([roundStep(97, 40, false), roundStep(3, 40, true), roundStep(0, 40, false)]).toEqual([5, 1, 1]);
    expect(numberStep(-3, 97, 20, false)).toEqual({ every: 5, from: -5 });
  });
  it('of times go by clock and calendar', () => {
    const day = 86_400;
    expect(timeStep(0, 30, 40)).toEqual({ every: 1, from: 0 });
    expect(timeStep(0, 30 * day, 40)).toEqual({ every: day, from: 0 });
    expect(timeStep(0, 900 * day, 40)).toEqual({ unit: 'month' });
    expect(timeStep(0, 30 * 365 * day, 40)).toEqual({ unit: 'year' });
    const week = timeStep(Date.UTC(2026, 0, 1) / 1000, Date.UTC(2026, 7, 1) / 1000, 40);
    expect('from' in week && new Date(week.from * 1000).getUTCDay()).toBe(1);
    expect(stepEnd({ unit: 'month' }, Date.UTC(2026, 11, 1) / 1000)).toBe(Date.UTC(2027, 0, 1) / 1000);
  });

  it('are chosen as wholes', () => {
    const fives = { every: 5, from: -5 };
    expect([wholeSteps(fives, 1, 1), wholeSteps(fives, 7, -1), wholeSteps(fives, 0, 10)]).toEqual([
      { from: 0, to: 5 },
      { from: -5, to: 10 },
      { from: 0, to: 10 },
    ]);
    // What is counted as 0.3 is chosen by 0.3.
    expect(wholeSteps({ every: 0.1, from: 0 }, 0.3, 0.3)).toEqual({ from: 0.3, to: 0.4 });
    const day = (month: number, of: number) => Date.UTC(2026, month, of) / 1000;
    expect(wholeSteps({ unit: 'month' }, day(1, 3), day(1, 3))).toEqual({ from: day(1, 1), to: day(2, 1) });
    expect(wholeSteps({ unit: 'quarter' }, day(1, 3), day(4, 9))).toEqual({ from: day(0, 1), to: day(6, 1) });
  });
});

describe('SQL', () => {
  const groups: Axis = { of: 'groups', column: type, groups: ["it's", 'b'], total: 9, rest: 'together' };
  it('puts together in the engine, with every name quoted', () => {
    const steps: Axis = { of: 'steps', column: x, step: { every: 5, from: -5 }, lo: -3, hi: 97 };
    const sql = groupedSql('from t', { x: steps, y: null, colour: groups, facet: null }, 'mean', n);
    expect(sql).toContain(
      `CASE WHEN coalesce(CAST("cell ""type""" AS VARCHAR), '(null)') IN ('it''s', 'b') THEN`,
    );
    expect(sql).toContain(
      'AS value, count(*) AS n FROM (\nfrom t\n) AS loam_rows WHERE isfinite("x") GROUP BY 1, 2',
    );
    expect(groupsSql('from t', type, 3)).toContain('LIMIT 3');
  });
  it('only dots are a sample, the same each time', () => {
    const on = (of: ResultColumn): Axis => ({ of: 'values', column: of, lo: 0, hi: 1 });
    const axes = { x: on(x), y: on(at), colour: null, facet: null };
    expect(dotsSql('from t', axes, true)).toMatch(/USING SAMPLE reservoir\(20000 ROWS\) REPEATABLE/);
    expect(dotsSql('from t', axes, false)).not.toMatch(/SAMPLE/);
    expect(boxesSql('from t', { x: { ...groups, rest: 'left out' }, facet: null }, x)).toContain(
      'quantile_cont(v, 0.25)',
    );
  });
});
