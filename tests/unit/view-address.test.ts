// Addresses of lists: any view survives the way into an address and back, the text stays readable, and whatever else stands
// there is told in words.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyView, readView, viewQuery } from '../../src/lib/client/view-address.ts';
import type { FilterNode, View } from '../../src/lib/workers/wire.ts';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '1',
    '1.5',
    '-2',
    'true',
    'null',
    "it's",
    'a,b',
    '(x)',
    'any(',
    '!',
    '\\',
    "\\'",
    ' a ',
    '',
    'T cell',
    '2026-11-03T08:00',
  ),
);
const value = fc.oneof(
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const name = fc.oneof(
  fc.constantFrom('key', 'ulabels__name', 'size'),
  text.filter((one) => one !== ''),
);
const test = fc.oneof(
  fc.record({
    kind: fc.constant('test' as const),
    field: name,
    op: fc.constantFrom('exact', 'icontains', 'gt', 'lte', 'date') as fc.Arbitrary<'exact'>,
    value,
  }),
  fc.record({
    kind: fc.constant('test' as const),
    field: name,
    op: fc.constantFrom('in', 'range') as fc.Arbitrary<'in'>,
    value: fc.array(value),
  }),
  fc.record({
    kind: fc.constant('test' as const),
    field: name,
    op: fc.constant('isnull' as const),
    value: fc.boolean(),
  }),
);
const marked = <T extends object>(of: fc.Arbitrary<T>, mark: string): fc.Arbitrary<T> =>
  fc.tuple(of, fc.boolean()).map(([one, on]) => (on ? { ...one, [mark]: true } : one));
const { node } = fc.letrec<{ node: FilterNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    marked(marked(test, 'feature'), 'not'),
    marked(
      fc.record({
        kind: fc.constantFrom('all' as const, 'any' as const),
        items: fc.array(tie('node'), { maxLength: 3 }),
      }),
      'not',
    ),
  ),
}));

const roundTrip = (view: View) => readView(view.registry, new URLSearchParams(viewQuery(view)));

describe('addresses of views', () => {
  it('[row 8] any view comes back from its address as it was', () => {
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 1, maxLength: 4 }),
        text,
        fc.option(fc.array(name, { minLength: 1 })),
        fc.boolean(),
        (items, search, columns, on) => {
          fc.pre(items.some((item) => item.kind === 'test' || item.items.length > 0));
          const view: View = {
            ...emptyView('Artifact'),
            filter: { kind: 'all', items },
            search: search.slice(0, 500),
            columns,
            order: on ? { by: 'size', descending: on } : null,
            trash: on,
            versions: !on,
          };
          expect(roundTrip(view)).toEqual({ view, problem: null });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads like a sentence', () => {
    const items: FilterNode[] = [
      { kind: 'test', field: 'kind', op: 'exact', value: 'dataset' },
      {
        kind: 'any',
        items: [
          { kind: 'test', field: 'size', op: 'gt', value: 1000 },
          { kind: 'test', field: 'temperature', feature: true, op: 'lte', value: 21.5 },
        ],
      },
      { kind: 'test', field: 'ulabels__name', op: 'in', value: ['a', 'T cell', null], not: true },
    ];
    const view: View = {
      ...emptyView('Artifact'),
      filter: { kind: 'all', items },
      order: { by: 'size', descending: true },
      columns: ['key', '@temperature'],
    };
    expect(viewQuery(view)).toBe(
      '?where=kind:is:dataset,any(size:gt:1000,@temperature:lte:21.5),!ulabels__name:in:(a,T+cell,null)&cols=key,@temperature&sort=-size',
    );
    expect(viewQuery(emptyView('Artifact'))).toBe('');
  });

  it('a group at the top that is no plain "all" keeps its meaning', () => {
    const inner: View['filter'] = {
      kind: 'any',
      not: true,
      items: [{ kind: 'test', field: 'a', op: 'exact', value: 1 }],
    };
    expect(roundTrip({ ...emptyView('A'), filter: inner }).view.filter).toEqual({
      kind: 'all',
      items: [inner],
    });
  });

  it.each([
    ['size', 'a comparison for “size”'],
    ['size:gt', 'a value for “size”'],
    ['size:is bigger than:3', '“is bigger than” is no comparison'],
    ['any(size:gt:1', '“)” is missing'],
    ["key:is:'x", 'the closing quote'],
    ['key:in:(a', '“)” is missing'],
    ['size:gt:1)', 'a comma is missing before “)”'],
    [',', 'a name or value'],
    [`${'any('.repeat(40)}a:is:1${')'.repeat(40)}`, 'nested too deep'],
  ])('%s is told in words', (where, words) => {
    expect(readView('Artifact', new URLSearchParams({ where })).problem).toContain(words);
  });

  it('junk is read or told, never thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z:,()'!@1-9\\]*$/)), (where) => {
        const { problem, view } = readView(
          'Artifact',
          new URLSearchParams({ where, cols: where, sort: where }),
        );
        if (problem === null) expect(roundTrip(view).view).toEqual(view);
      }),
      { numRuns: 2000 },
    );
  });
});
