// A list in numbers: every bar counts the rows that its own condition finds, the bars of one axis are all rows together,
// and what is counted is what plain SQL counts; whatever features are called and whatever is missing.
import { beforeAll, describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import type { Engine } from '../../src/lib/engine/index.ts';
import { isBar, numberEdges, timeParts, withoutBars } from '../../src/lib/engine/view/summary-bars.ts';
import type { ListHistogram } from '../../src/lib/engine/view/summary.ts';
import { emptyView, type FilterNode, type View } from '../../src/lib/engine/view/view.ts';
import { n, rows, seedViewLab, test } from '../fixtures/view-lab.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let engine: Engine;
const hostile = `it's "x" ? ?1 %_\\ ' OR 1=1 --`;

beforeAll(async () => {
  m = await memoryEngine();
  ({ engine } = m);
  seedViewLab(engine);
  engine.createFeature('harvested', 'date');
  engine.createFeature('read at', 'datetime');
  engine.createFeature(hostile, 'int');
  engine.createFeature('never used', 'float');
  for (const [i, { uid }] of rows.entries()) {
    const values: Record<string, unknown> = {};
    if (i % 3 === 0) values['harvested'] = `2026-0${1 + (i % 4)}-${String(1 + (i % 28)).padStart(2, '0')}`;
    if (i < 12) values['read at'] = `2026-03-${String(1 + i).padStart(2, '0')}T09:30:00`;
    if (i % 2 === 0) values[hostile] = i - 20;
    if (Object.keys(values).length > 0) engine.setFeatures(uid, values);
  }
  // Times that acts gave are of today; those of the lab are spread over two years, sizes over all classes.
  for (const [i, { uid }] of rows.entries())
    m.rows(
      `UPDATE lamindb_artifact SET created_at = datetime('2025-01-10 23:59:58', ?), size = ? WHERE uid = ?`,
      [`+${i * 11} days`, i % 5 === 0 ? null : Math.round(10 ** (i % 14)) - (i % 2), uid],
    );
});

const view = (items: FilterNode[] = [], change: Partial<View> = {}): View => ({
  ...emptyView('Artifact'),
  filter: { kind: 'all', items },
  ...change,
});
const counted = (asked: View, filter: FilterNode): number =>
  engine.countList({ ...asked, filter: { kind: 'all', items: [...asked.filter.items, filter] } });
const sum = (found: ListHistogram) => found.bars.reduce((all, { count }) => all + count, 0);

/** Every number of a histogram is what the list counts with the condition beside it. */
function agrees(asked: View, found: ListHistogram): void {
  const { field, feature } = found;
  const plain = { ...asked, filter: withoutBars(asked.filter, { field, feature }) };
  for (const bar of found.bars) {
    expect(counted(plain, bar.filter), JSON.stringify(bar)).toBe(bar.count);
    expect(isBar(bar.filter, { field, feature }), JSON.stringify(bar.filter)).toBe(true);
  }
  expect(counted(plain, found.missingFilter)).toBe(found.missing);
  expect(found.total).toBe(engine.countList(plain));
  expect(sum(found) + found.missing).toBe(found.total);
}

const filters: [string, FilterNode[]][] = [
  ['all rows', []],
  ['a kind', [test('kind', 'in', ['dataset', null])]],
  ['a label', [test('ulabels__name', 'in', ['a', 'lung'])]],
  ['a feature', [test('temperature', 'gt', 4, true)]],
  ['a pattern', [test('key', 'regex', '^lab/[1-4]')]],
  ['a size of its own', [test('size', 'gt', 500)]],
  ['no row', [test('key', 'exact', 'nowhere')]],
];

describe('a list in numbers', () => {
  it.each(filters)('%s: sizes, times and features', async (_, items) => {
    const asked = view(items);
    for (const spec of [
      { field: 'size' },
      { field: 'created_at' },
      { field: 'temperature', feature: true },
      { field: 'cell count', feature: true },
      { field: hostile, feature: true },
      { field: 'harvested', feature: true },
      { field: 'read at', feature: true },
      { field: 'never used', feature: true },
    ])
      agrees(asked, await engine.listHistogram(asked, spec));
    const totals = await engine.listTotals(asked);
    expect(totals.rows).toBe(engine.countList(asked));
    if (totals.rows === 0) {
      expect(totals.bytes).toBe(0);
      expect(await engine.listFeatures(asked, 8)).toEqual([]);
    }
  });

  it('are what plain SQL counts', async () => {
    const own = `branch_id = 1 AND is_latest = 1 AND coalesce(kind, '') NOT LIKE '\\_\\_lamindb%' ESCAPE '\\'`;
    const asked = view();
    expect((await engine.listTotals(asked)).bytes).toBe(
      m.value(`SELECT sum(size) FROM lamindb_artifact WHERE ${own}`),
    );
    const sizes = await engine.listHistogram(asked, { field: 'size' });
    expect(sizes.bars.map(({ from }) => from)).toEqual([0, 1e3, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12]);
    for (const { from, to, count } of sizes.bars)
      expect(
        m.value(`SELECT count(*) FROM lamindb_artifact WHERE ${own} AND size >= ? AND size < ?`, [
          from,
          to ?? 1e18,
        ]),
      ).toBe(count);
    const times = await engine.listHistogram(asked, { field: 'created_at' });
    expect(times.unit).toBe('month');
    expect(
      times.bars.filter(({ count }) => count > 0).map(({ from, count }) => [String(from).slice(0, 7), count]),
    ).toEqual(
      m.rows(
        `SELECT strftime('%Y-%m', created_at), count(*) FROM lamindb_artifact WHERE ${own} GROUP BY 1 ORDER BY 1`,
      ),
    );
  });

  it('bars that are chosen do not narrow their own histogram, but all others', async () => {
    const sizes = await engine.listHistogram(view(), { field: 'size' });
    const [first, second] = sizes.bars;
    const chosen = view([{ kind: 'any', items: [first!.filter, second!.filter] }]);
    expect(engine.countList(chosen)).toBe(first!.count + second!.count);
    expect(await engine.listHistogram(chosen, { field: 'size' })).toEqual({
      ...sizes,
      left: chosen.filter.items,
    });
    const times = await engine.listHistogram(chosen, { field: 'created_at' });
    expect(times.total).toBe(first!.count + second!.count);
    agrees(chosen, times);
    // Values of a facet and bars narrow each other.
    const facet = await engine.listFacet(chosen, { field: 'kind' });
    expect(facet.total).toBe(times.total);
    expect(facet.values.reduce((all, { count }) => all + count, facet.missing)).toBe(facet.total);
  });

  it('the features that most rows carry come first, with how each is drawn', async () => {
    const found = await engine.listFeatures(view(), 20);
    const held = (name: string) => rows.length - counted(view(), test(name, 'isnull', true, true));
    expect(found).toEqual(
      [
        { name: 'tissue', kind: 'values' },
        { name: 'temperature', kind: 'number' },
        { name: 'cell count', kind: 'number' },
        { name: hostile, kind: 'number' },
        { name: 'harvested', kind: 'time' },
        { name: 'read at', kind: 'time' },
      ]
        .map((one) => ({ ...one, count: n - counted(view(), test(one.name, 'isnull', true, true)) }))
        .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1)),
    );
    expect(held('never used')).toBe(0);
    const few = await engine.listFeatures(view([test('read at', 'isnull', false, true)]), 1);
    expect(few).toHaveLength(1);
    expect(few[0]?.count).toBe(12);
  });

  it('what has no histogram is refused by name', async () => {
    for (const spec of [
      { field: 'key' },
      { field: 'ulabels__name' },
      { field: 'nope' },
      { field: 'tissue', feature: true },
    ])
      await expect(engine.listHistogram(view(), spec), JSON.stringify(spec)).rejects.toSatisfy(
        (error) => isLoamError(error) && error.code === 'FieldError',
      );
  });
});

describe('parts of an axis', () => {
  it('of days have no gap, cover the range and stay few', () => {
    for (const [first, last, unit] of [
      ['2026-11-27', '2026-11-27', 'day'],
      ['2024-02-28', '2024-03-01', 'day'],
      ['2025-12-01', '2026-03-01', 'week'],
      ['2024-11-30', '2026-01-01', 'month'],
      ['1998-05-05', '2026-11-27', 'year'],
      ['0001-01-01', '9999-12-31', 'year'],
    ] as const) {
      const found = timeParts(first, last);
      expect(found.unit, first).toBe(unit);
      expect(found.parts.length, first).toBeLessThanOrEqual(40);
      expect(found.parts[0]!.from <= first && found.parts.at(-1)!.to >= last, first).toBe(true);
      for (const [i, part] of found.parts.slice(1).entries())
        expect(Date.parse(part.from) - Date.parse(found.parts[i]!.to), first).toBe(86_400_000);
    }
  });

  it('of numbers are round, rise, and end above the largest', () => {
    for (const [min, max] of [
      [0, 0],
      [-3, 17],
      [0.1, 0.30000000000000004],
      [-1e-9, 1e-9],
      [5, 1e12],
      [1e6, 1e6 + 1],
    ] as const) {
      const edges = numberEdges(min, max, 12)!;
      expect(edges[0]).toBeLessThanOrEqual(min);
      expect(edges.at(-1)).toBeGreaterThan(max);
      expect(edges.length).toBeLessThanOrEqual(15);
    }
    // No step of one can be told apart up there: one bar holds them all.
    expect(numberEdges(1e300, 1e300, 12)).toBeNull();
  });
});
