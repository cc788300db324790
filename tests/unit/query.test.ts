// The query language against LaminDB's committed answers about the example database (made by
// tests/compat/query-facts.test.ts), what is refused in words, and where it goes beyond LaminDB.
import { beforeAll, describe, expect, it } from 'vitest';
import type { LoamError } from '../../src/lib/engine/errors.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import type { QuerySpec } from '../../src/lib/engine/query/answers.ts';
import { createQueries } from '../../src/lib/engine/query/part.ts';
import { checkQuery, type Condition, type Query } from '../../src/lib/engine/query/query.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { makeExample } from '../compat/example.ts';
import { committedFacts } from '../compat/facts.ts';
import { allQueries } from '../compat/queries.ts';
import { differences } from '../compat/same-answers.ts';

let driver: SqlDriver;
let queries: ReturnType<typeof createQueries>;

beforeAll(async () => {
  driver = await openMemory();
  makeExample(driver);
  queries = createQueries(driver, model, Date.now);
});

const ids = (query: Query): unknown[] => queries.queryRows(query, ['id']).map(([id]) => id);
const where = (registry: string, ...filters: Condition[]): unknown[] => ids({ registry, filters });
function refusal(query: Query): LoamError {
  try {
    queries.queryRows(query, ['id']);
  } catch (error) {
    return error as LoamError;
  }
  throw new Error('nothing was refused');
}

describe('answers', () => {
  const facts = committedFacts();
  const groups = new Map<string, QuerySpec[]>();
  for (const spec of allQueries()) {
    const group = String(spec['id']).split('-')[0] ?? '';
    groups.set(group, [...(groups.get(group) ?? []), spec]);
  }
  /** Rows of features.md that a group proves. */
  const rows: Record<string, string> = {
    relations: '[row 3] ',
    features: '[row 4] ',
    searches: '[row 7] ',
    descriptions: '[row 15] ',
  };
  it.each([...groups].map(([name, specs]) => [rows[name] ?? '', name, specs.length, specs] as const))(
    '%sabout %s are LaminDB’s (%d)',
    (_row, _name, _count, specs) => {
      expect(differences(driver, specs, facts)).toEqual([]);
    },
  );

  it('about a branch are those of its rows and of main', () => {
    const spec = { op: 'filter', registry: 'ULabel', values: ['name'], order_by: ['id'] };
    const names = (branch?: string) => (queries.answerSpecs([spec], branch)[0]?.answer as string[][]).flat();
    expect(names()).not.toContain('on work');
    expect(names('work')).toEqual([...names(), 'on work']);
    expect(names('review')).toContain('on review');
    expect(() => queries.answerSpecs([spec], 'nowhere')).toThrow(/no branch "nowhere"/);
  });
});

describe('what is refused', () => {
  it.each([
    ['ULabel', { nme: 'x' }, 'FieldError', /Unknown field 'nme'. Did you mean 'name'\?/],
    ['Artifact', { sise__gt: 5 }, 'InvalidArgument', /fix invalid feature names: sise/],
    ['Artifact', { key__has: 'x' }, 'FieldError', /Unsupported lookup 'has' for CharField "key".*icontains/],
    ['Artifact', { size: 'big' }, 'ValueError', /'size' expected a number but got 'big'/],
    [
      'Artifact',
      { created_at__gt: 'soon' },
      'ValidationError',
      /“soon” is no value for created_at.*YYYY-MM-DD/,
    ],
    ['Artifact', { created_by: 'ada' }, 'FieldError', /Did you mean created_by__name\?/],
    ['Artifact', { key__regex: '(' }, 'OperationalError', /no regular expression: missing \)/],
    ['Artifact', { batch: 'nowhere' }, 'DoesNotExist', /Did not find a ULabel matching `name=nowhere`/],
    ['Artifact', { twin: 'x' }, 'MultipleObjectsReturned', /Several features are called "twin"/],
    ['Nothing', {}, 'InvalidArgument', /no registry "Nothing"/],
  ] as const)('%s %j: %s', (registry, condition, code, words) => {
    const error = refusal({ registry, filters: [condition as Condition] });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
  });

  it('patterns that would run for hours', () => {
    driver.run(`UPDATE lamindb_ulabel SET description = ? WHERE name = 'ärger'`, ['a'.repeat(60)]);
    expect(refusal({ registry: 'ULabel', filters: [{ description__regex: '(a+)+!$' }] }).message).toMatch(
      /too many steps/,
    );
    expect(where('ULabel', { description__regex: '^a{60}$' })).toHaveLength(1);
  });

  it('hostile query values, before anything is read', () => {
    let deep: Condition = { id: 1 };
    for (let i = 0; i < 100; i++) deep = { $not: deep };
    const wrong: unknown[] = [
      null,
      7,
      {},
      { registry: 5 },
      { registry: 'ULabel', filters: 'x' },
      { registry: 'ULabel', filters: [7] },
      { registry: 'ULabel', filters: [{ $and: 7 }] },
      { registry: 'ULabel', filters: [deep] },
      { registry: 'ULabel', filters: [{ $or: Array.from({ length: 600 }, () => ({ id: 1 })) }] },
      { registry: 'ULabel', filters: [{ name: () => 1 }] },
      { registry: 'ULabel', order: [7] },
      { registry: 'ULabel', limit: -1 },
      { registry: 'ULabel', limit: 1.5 },
      { registry: 'ULabel', branch: 5 },
    ];
    for (const value of wrong) expect(() => checkQuery(value)).toThrow();
    for (const name of ['__proto__', 'constructor', 'name; DROP TABLE lamindb_ulabel', 'name" OR 1=1 --'])
      expect(refusal({ registry: 'ULabel', filters: [{ [name]: 'x' }] }).code).toBe('FieldError');
    expect(where('ULabel', { name: "x' OR 1=1 --" })).toEqual([]);
    expect(refusal({ registry: 'ULabel', order: ['name; DROP'] }).code).toBe('FieldError');
    expect(where('ULabel', {}).length).toBeGreaterThan(5);
  });
});

describe('beyond LaminDB', () => {
  it('mixes fields and features in one filter', () => {
    expect(where('Artifact', { suffix: '.csv', temperature__gt: 10 })).toEqual([1, 2]);
    expect(where('Record', { type__name: 'Sample', temperature__gt: 10, branch: null })).toEqual([2, 4]);
  });

  it('tests features below OR and NOT, without repeating rows', () => {
    const hot: Condition = { $feature: 'temperature', op: '>', value: 50 };
    expect(where('Artifact', { $or: [hot, { suffix: '.md' }] })).toEqual([4, 5, 14]);
    expect(where('Artifact', { suffix: '.csv' }, { $not: { temperature__gt: 10 } })).toEqual([3, 9]);
    expect(where('Artifact', { $or: [{ batch: 'batch 1' }, { cell_type: 'T cell' }] })).toEqual([1, 5]);
  });

  it('takes private fields, links, version and a feature’s number as it comes from JavaScript', () => {
    expect(where('Artifact', { _overwrite_versions: true })).toEqual([8]);
    expect(where('Artifact', { links_ulabel__feature__name: 'batches' })).toEqual([4, 4]);
    expect(where('Artifact', { version: '2' })).toEqual([2]);
    expect(where('Artifact', { temperature: 9 })).toEqual([]);
    expect(where('Artifact', { temperature: { $number: 9 } })).toEqual([4]);
  });

  it('orders features as numbers when asked', () => {
    const order = (numeric: boolean) =>
      ids({ registry: 'Record', order: [{ $feature: 'temperature', numeric }], filters: [{ branch: null }] });
    expect(order(false)).toEqual([4, 2, 3]);
    expect(order(true)).toEqual([3, 2, 4]);
  });

  it('orders unordered rows by id, and gives distinct ones once', () => {
    const query: Query = { registry: 'Artifact', filters: [{ ulabels__name__startswith: 'b' }] };
    expect(ids(query)).toEqual([1, 1, 2, 4, 4, 4]);
    expect(ids({ ...query, distinct: true })).toEqual([1, 2, 4]);
    expect(queries.queryCount(query)).toBe(6);
    expect(queries.queryCount({ ...query, distinct: true })).toBe(3);
  });
});
