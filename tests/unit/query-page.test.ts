// Pages and facets of queries: every row once, in order, from both ends, whichever way is taken to it; counts that add up
// with "missing". Then rows of a running act, which no query shows.
import { beforeAll, describe, expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import { createQueries } from '../../src/lib/engine/query/part.ts';
import type { Condition, Order, Query, QueryValue } from '../../src/lib/engine/query/query.ts';
import { createInstance, readAuthor } from '../../src/lib/engine/schema/open.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { createWriter, type Writer } from '../../src/lib/engine/write/writer.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { makeExample } from '../compat/example.ts';
import { random } from './memory-engine.ts';

const n = 7000;
let driver: SqlDriver;
let writer: Writer;
let queries: ReturnType<typeof createQueries>;
let example: ReturnType<typeof createQueries>;

/** Labels with texts, gaps, equal times; every seventh is used by itself as a parent of the next. */
beforeAll(async () => {
  const small = await openMemory();
  makeExample(small);
  example = createQueries(small, model, Date.now);
  driver = await openMemory();
  const clock = Date.now;
  createInstance(driver, { model, clock, random, name: 'pages' });
  writer = createWriter({ driver, model, clock, random, author: readAuthor(driver) });
  queries = createQueries(driver, model, clock, {
    hidden: writer.journal.hidden.without,
    derived: () => ({}),
    onBranch: null,
  });
  const numbers = Array.from({ length: n }, (_, i) => i);
  writer.act({ kind: 'create', title: 'Labels' }, function* (tx) {
    const first = yield* insert(tx, 'lamindb_ulabel', n, {
      uid: numbers.map((i) => `u${String(i).padStart(7, '0')}`),
      name: numbers.map((i) => `${['red', 'green', 'blue'][i % 3]} ${i}`),
      description: numbers.map((i) => (i % 5 === 0 ? null : `text ${i % 11}`)),
      reference: numbers.map((i) => (i % 1000 === 3 ? 'rare' : null)),
      is_type: 0,
      is_locked: 0,
      created_at: numbers.map((i) => `2026-01-${String(1 + (i % 28)).padStart(2, '0')} 10:00:00`),
      created_by_id: 1,
      branch_id: numbers.map((i) => (i % 100 === 99 ? -1 : 1)),
      space_id: 1,
    });
    const pairs = numbers.filter((i) => i % 7 === 0 && i > 0);
    yield* insert(tx, 'lamindb_ulabel_parents', pairs.length * 2, {
      from_ulabel_id: pairs.flatMap((i) => [first + i, first + i]),
      to_ulabel_id: pairs.flatMap((i) => [first + (i % 2), first + 2 + (i % 3)]),
    });
  });
});

const compare = (a: SqlValue, b: SqlValue): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
};

/** All ids in the order of the query, found without paging. */
function inOrder(query: Query): number[] {
  const [item = 'id'] = (query.order ?? []) as string[];
  const descending = item.startsWith('-');
  const rows = new Map(
    queries
      .queryRows({ ...query, order: [], limit: null }, ['id', item.replace('-', '')])
      .map((row) => [row[0] as number, row] as const),
  );
  const sorted = [...rows.values()].sort(
    (a, b) => compare(a[1] as SqlValue, b[1] as SqlValue) || compare(a[0] as SqlValue, b[0] as SqlValue),
  );
  return (descending ? sorted.reverse() : sorted).map(([id]) => id as number);
}

function paged(query: Query, backwards = false): number[] {
  const ids: number[] = [];
  let cursor: QueryValue[] | null = null;
  for (let pages = 0; pages < 100; pages++) {
    const at =
      cursor === null
        ? backwards
          ? { before: [] }
          : {}
        : backwards
          ? { before: cursor }
          : { after: cursor };
    const page = queries.queryPage({ ...query, ...at }, []);
    if (backwards) ids.unshift(...page.ids);
    else ids.push(...page.ids);
    cursor = backwards ? page.first : page.last;
    if (page.ids.length < (query.limit ?? 50)) return ids;
  }
  throw new Error('no end of pages');
}

describe('pages', () => {
  const filters: [string, Condition[]][] = [
    ['everything', []],
    ['a third', [{ name__startswith: 'red' }]],
    ['a few', [{ reference: 'rare' }]],
    ['the trash', [{ branch_id: -1 }]],
    ['rows with parents', [{ parents__isnull: false }]],
    ['rows without parents', [{ $not: { parents__name__startswith: 'red' } }]],
    ['nothing', [{ name: 'none' }]],
  ];
  const orders: (Order | null)[] = [
    null,
    '-id',
    'created_at',
    '-created_at',
    'name',
    '-description',
    'reference',
  ];
  it.each(filters.flatMap(([name, list]) => orders.map((order) => [name, order, list] as const)))(
    'of %s by %s have every row once',
    (_name, order, list) => {
      const query: Query = {
        registry: 'ULabel',
        filters: [...list],
        order: order === null ? [] : [order],
        limit: 997,
      };
      const wanted = inOrder(query);
      expect(paged(query)).toEqual(wanted);
      expect(paged(query, true)).toEqual(wanted);
    },
  );

  it('order by chains, by several fields and by features', () => {
    const page = (order: Order[], after?: QueryValue[]) =>
      example.queryPage({ registry: 'Artifact', order, limit: 4, ...(after ? { after } : {}) }, ['key']);
    const all = (order: Order[]) => {
      const first = page(order);
      const ids = [...first.ids];
      for (let next = page(order, first.last ?? []); next.ids.length > 0; next = page(order, next.last ?? []))
        ids.push(...next.ids);
      return ids;
    };
    const rows = (order: Order[], fields: string[]) =>
      example.queryRows({ registry: 'Artifact', order, distinct: true }, ['id', ...fields]).map(([id]) => id);
    expect(all(['run__transform__key', 'size'])).toEqual(
      rows(['run__transform__key', 'size', 'id'], ['run__transform__key', 'size']),
    );
    expect(all(['-suffix', '-size'])).toEqual(rows(['-suffix', '-size', '-id'], ['suffix', 'size']));
    // A row with two values comes at both places, as in LaminDB.
    const values = example.queryRows({ registry: 'Artifact', order: [{ $feature: 'temperature' }] }, ['id']);
    expect(all([{ $feature: 'temperature' }])).toEqual(values.map(([id]) => id));
  });

  it('give the fields, and lists where a relation leads to many', () => {
    const { rows, ids } = example.queryPage({ registry: 'Artifact', order: ['id'], limit: 4 }, [
      'key',
      'created_by__handle',
      'ulabels__name',
    ]);
    expect(ids).toEqual([1, 2, 3, 4]);
    expect(rows[0]).toEqual(['raw/a.csv', 'anonymous', expect.arrayContaining(['batch 1'])]);
    expect(rows.every((row) => Array.isArray(row[2]))).toBe(true);
  });

  it('refuse a cursor of another order', () => {
    const wrong = { registry: 'ULabel', order: ['name'], after: [1] };
    expect(() => queries.queryPage(wrong, [])).toThrow(/cursor belongs to another order/);
    expect(() => queries.queryPage({ ...wrong, after: [{}, 1] }, [])).toThrow(/cursor/);
  });
});

describe('facets', () => {
  const labels = (filters: Condition[]): Query => ({ registry: 'ULabel', filters });

  it('count values and rows that have none', () => {
    const counts = queries.queryFacet(labels([]), { field: 'description', limit: 5 });
    const rows = queries.queryRows(labels([]), ['description']);
    expect(counts.total).toBe(rows.length);
    expect(counts.missing).toBe(rows.filter(([value]) => value === null).length);
    expect(counts.more).toBe(true);
    expect(counts.values).toHaveLength(5);
    for (const { value, count } of counts.values)
      expect(count).toBe(rows.filter(([own]) => own === value).length);
  });

  it('count a row once per label, whatever filter has joined', () => {
    const query = labels([{ parents__name__contains: ' ' }]);
    const counts = queries.queryFacet(query, { field: 'parents' });
    expect(counts.total).toBe(new Set(queries.queryIds(query)).size);
    expect(counts.missing).toBe(0);
    // Every row that matches has two parents.
    expect(counts.values.reduce((sum, { count }) => sum + count, 0)).toBe(2 * counts.total);
    const [most] = counts.values;
    expect(queries.queryCount({ ...labels([{ parents: most?.value ?? null }]), distinct: true })).toBe(
      most?.count,
    );
    expect(queries.queryFacet(labels([]), { field: 'parents' }).missing).toBe(
      queries.queryCount(labels([{ parents__isnull: true }])),
    );
  });

  it('count chains, booleans and features of both kinds, and find values by their label', () => {
    const artifacts: Query = { registry: 'Artifact' };
    const of = (spec: Parameters<typeof example.queryFacet>[1], query = artifacts) => {
      const { values, missing, total } = example.queryFacet(query, spec);
      return { values: values.map(({ label, count }) => [label, count]), missing, total };
    };
    const total = example.queryCount(artifacts);
    expect(of({ field: 'is_latest' }).values.map(([label]) => label)).toContain('true');
    const keys = of({ field: 'run__transform__key' });
    expect(keys.total).toBe(total);
    expect(keys.values.reduce((sum, [, count]) => sum + Number(count), keys.missing)).toBe(total);
    const hot = of({ feature: 'temperature' });
    expect(hot.missing).toBe(
      example.queryCount({ ...artifacts, filters: [{ $feature: 'temperature', op: 'isnull', value: true }] }),
    );
    const batches = of({ feature: 'batch' });
    expect(batches.values).toEqual(
      expect.arrayContaining([
        ['batch 1', example.queryCount({ ...artifacts, filters: [{ batch: 'batch 1' }], distinct: true })],
      ]),
    );
    expect(
      of({ field: 'ulabels', search: 'BATCH' }).values.every(([label]) => /batch/i.test(String(label))),
    ).toBe(true);
    expect(() => example.queryFacet(artifacts, { field: 'nothing' })).toThrow(/Unknown field 'nothing'/);
    expect(() => example.queryFacet({ registry: 'ULabel' }, { feature: 'batch' })).toThrow(/no features/);
  });
});

describe('rows of a running act', () => {
  it('are in no answer until it ends', async () => {
    const seen = () => [
      queries.queryCount({ registry: 'ULabel', filters: [{ reference: 'made now' }] }),
      queries.queryPage({ registry: 'ULabel', order: ['-id'], limit: 1 }, ['name']).rows,
      queries.queryCount({ registry: 'ULabel', filters: [{ parents__name: 'green 1' }] }),
      queries.queryCount({ registry: 'ULabel', filters: [{ $not: { parents__name: 'green 1' } }] }),
      queries.searchRows('ULabel', 'made now').length,
      queries.queryFacet({ registry: 'ULabel' }, { field: 'parents', limit: 1 }).values,
    ];
    const before = seen();
    let slices = 0;
    let during: unknown[] = [];
    await writer.longAct({ kind: 'create', title: 'Slowly' }, () => {
      if (slices === 1) during = seen();
      if (slices++ === 2) return null;
      return function* (tx) {
        const id = yield* insert(tx, 'lamindb_ulabel', 1, {
          uid: [`now0000${slices}`],
          name: [`made now ${slices}`],
          reference: ['made now'],
          is_type: [0],
          is_locked: [0],
          created_by_id: 1,
          branch_id: [1],
          space_id: 1,
        });
        yield* insert(tx, 'lamindb_ulabel_parents', 1, { from_ulabel_id: [id], to_ulabel_id: [2] });
      };
    });
    expect(during).toEqual(before);
    const after = seen();
    expect(after[0]).toBe(2);
    expect(after[1]).toEqual([['made now 2']]);
    expect(after[2]).toBe(Number(before[2]) + 2);
    expect(after[3]).toBe(before[3]);
    expect(after[4]).toBe(2);
  });
});
