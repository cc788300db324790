// Views of registries: any tree of conditions gives the rows that a plain reading of it gives, once each; pages from either
// end join without a gap whatever orders them; facets count what the list shows; hostile views end in words.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/lib/engine/index.ts';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { emptyView, pruned, type FilterNode, type View } from '../../src/lib/engine/view/view.ts';
import type { Cursor } from '../../src/lib/engine/view/page.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { anyNode, holds, labelsOf, n, rows, seedViewLab, test } from '../fixtures/view-lab.ts';
import { memoryEngine } from './memory-engine.ts';

let engine: Engine;

beforeAll(async () => {
  ({ engine } = await memoryEngine());
  seedViewLab(engine);
});

const view = (change: Partial<View> = {}): View => ({
  ...emptyView('Artifact'),
  columns: ['key'],
  ...change,
});

function keysOf(asked: View): string[] {
  const found: string[] = [];
  let after: Cursor | null = null;
  for (;;) {
    const page = engine.listRows(asked, { after, limit: 7 });
    if (!page.cursors) return found;
    found.push(...page.rows.map((row) => row.key));
    after = page.cursors.last;
  }
}

describe('conditions', () => {
  it('[row 5] any tree of AND, OR and NOT over fields, relations and features gives the rows a plain reading gives', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('all' as const, 'any' as const),
        fc.array(anyNode, { maxLength: 3 }),
        fc.boolean(),
        (kind, items, not) => {
          const filter = { kind, items, not };
          const asked = pruned(filter);
          const wanted = rows.filter((row) => asked === null || holds(row, asked)).map((row) => row.uid);
          const found = keysOf(view({ filter }));
          expect(engine.countList(view({ filter }))).toBe(found.length);
          // A filter that speaks of the kind may ask for the files of runs, as in LaminDB; nothing else shows them.
          const speaks = JSON.stringify(asked).includes('"field":"kind"');
          const own = speaks ? found.filter((key) => !key.startsWith('hidden2')) : found;
          expect(own.sort()).toEqual(wanted.sort());
        },
      ),
      { numRuns: 250 },
    );
  });

  it('a group without conditions, negated or not, hides no rows', () => {
    const empty = { kind: 'any' as const, items: [] };
    for (const filter of [
      empty,
      { ...empty, not: true },
      { kind: 'all' as const, items: [empty, { ...empty, not: true }] },
    ])
      expect(keysOf(view({ filter }))).toHaveLength(n);
  });
});

describe('pages', () => {
  const orders = ['key', 'size', 'description', 'run__transform__key', 'created_by', '@temperature', 'id'];
  it.each(orders.flatMap((by) => [true, false].map((descending) => ({ by, descending }))))(
    'join without a gap from both ends, ordered by $by (descending: $descending)',
    async (order) => {
      const asked = view({ order });
      const all = engine.listRows(asked, { after: null, limit: 500 }).rows.map((row) => row.key);
      expect(all).toHaveLength(n);
      expect(keysOf(asked)).toEqual(all);
      const back: string[] = [];
      let after: Cursor | null = null;
      for (;;) {
        const page = engine.listRows(asked, { after, limit: 7, backwards: true });
        if (!page.cursors) break;
        back.unshift(...page.rows.map((row) => row.key));
        after = page.cursors.first;
      }
      expect(back).toEqual(all);
      for (const skip of [0, 1, 11, 13, 30, 59, 60, 200])
        expect(engine.listRows(asked, { after: null, skip, limit: 5 }).rows.map((row) => row.key)).toEqual(
          all.slice(skip, skip + 5),
        );
      const marks = await engine.listMarks(asked, null, 20, 10);
      expect(marks).toHaveLength(3);
      const third = engine.listRows(asked, { after: marks[1] ?? null, limit: 3 });
      expect(third.rows.map((row) => row.key)).toEqual(all.slice(40, 43));
    },
  );

  it('are ordered by values, with rows that have none at the low end', () => {
    const sizes = (descending: boolean) =>
      keysOf(view({ order: { by: 'size', descending } })).map(
        (key) => rows.find((row) => row.uid === key)?.size ?? null,
      );
    const values = rows.flatMap((row) => (row.size === null ? [] : [row.size])).sort((a, b) => a - b);
    const none = Array.from({ length: n - values.length }, () => null);
    expect(sizes(false)).toEqual([...none, ...values]);
    expect(sizes(true)).toEqual([...values.reverse(), ...none]);
  });
});

describe('cells', () => {
  it('hold own values, rows of relations, values over relations and values of features', () => {
    const columns = [
      'key',
      'size',
      'created_by',
      'ulabels',
      'ulabels__name',
      '@temperature',
      '@tissue',
      'run__transform',
    ];
    const page = engine.listRows(view({ columns, order: { by: 'id', descending: false } }), {
      after: null,
      limit: n,
    });
    for (const [i, { cells }] of page.rows.entries()) {
      const row = rows[i]!;
      expect(cells[0]).toEqual({ value: row.key });
      expect(cells[1]).toEqual({ value: row.size });
      expect(cells[2]).toMatchObject({ row: { key: '00000000', name: 'anonymous' } });
      const labels = cells[3] as { rows: { name: string }[]; total: number };
      expect(labels.rows.map(({ name }) => name).sort()).toEqual(labelsOf(row).sort());
      expect(labels.total).toBe(labelsOf(row).length);
      expect((cells[4] as { values: string[] }).values.sort()).toEqual(labelsOf(row).sort());
      expect(cells[5]).toEqual({
        values: row.temperature === null ? [] : [row.temperature],
        total: row.temperature === null ? 0 : 1,
      });
      expect(cells[6]).toEqual({ values: row.tissue, total: row.tissue.length });
      expect(cells[7]).toEqual({ row: null });
    }
  });

  it('every registry of the model has a list with its own columns, order and facets', async () => {
    for (const info of engine.registries()) {
      const asked = emptyView(info.name);
      const page = engine.listRows(asked, { after: null, limit: 10 });
      expect(
        page.columns.map(({ name }) => name),
        info.name,
      ).toEqual(info.columns);
      expect(info.columns.length, info.name).toBeGreaterThan(2);
      expect(engine.countList(asked), info.name).toBe(engine.registryCounts()[info.name]);
      for (const spec of engine.facetSpecs(asked)) await engine.listFacet(asked, spec);
    }
    expect(engine.registries().length).toBe(model.registry.size);
  });
});

describe('facets', () => {
  const facet = (field: string, asked: View, feature = false) => engine.listFacet(asked, { field, feature });

  it('[row 6] count each value and the rows that have none, within the rest of the filter', async () => {
    const filter: View['filter'] = {
      kind: 'all',
      items: [test('kind', 'in', ['dataset']), test('ulabels__name', 'in', ['a'])],
    };
    const datasets = rows.filter((row) => row.kind === 'dataset');
    const labels = await facet('ulabels__name', view({ filter }));
    for (const name of ['a', 'b', 'c', 'lung', 'blood'])
      expect(labels.values.find(({ value }) => value === name)?.count, name).toBe(
        datasets.filter((row) => labelsOf(row).includes(name)).length,
      );
    expect(labels.missing).toBe(datasets.filter((row) => labelsOf(row).length === 0).length);
    const withA = rows.filter((row) => row.labels.includes('a'));
    const kinds = await facet('kind', view({ filter }));
    expect(kinds.values.map(({ value, count }) => [value, count]).sort()).toEqual(
      ['dataset', 'model'].map((kind) => [kind, withA.filter((row) => row.kind === kind).length]),
    );
    expect(kinds.missing).toBe(withA.filter((row) => row.kind === null).length);
    const temperature = await facet('temperature', view(), true);
    expect(temperature.values.find(({ value }) => value === 5)?.count).toBe(
      rows.filter((row) => row.temperature === 5).length,
    );
    expect(temperature.missing).toBe(rows.filter((row) => row.temperature === null).length);
    expect((await facet('description', view())).missing).toBe(rows.filter((row) => !row.description).length);
    expect(
      (await engine.listFacet(view(), { field: 'ulabels__name', search: 'LU' })).values.map(
        ({ label }) => label,
      ),
    ).toEqual(['lung']);
    expect(engine.facetSpecs(view()).filter((spec) => spec.feature)).toEqual([
      { field: 'cell count', feature: true },
      { field: 'temperature', feature: true },
      { field: 'tissue', feature: true },
    ]);
  });
});

describe('search, trash and versions', () => {
  it('every word is found in some text, or begins the uid', () => {
    const wanted = rows.filter(
      ({ key, description }) => /lab/i.test(key) && /quality/i.test(description ?? ''),
    );
    expect(keysOf(view({ search: '  LAB quality ' })).sort()).toEqual(wanted.map(({ uid }) => uid).sort());
    expect(keysOf(view({ search: rows[7]!.uid.slice(0, 16) }))).toEqual([rows[7]!.uid]);
    expect(keysOf(view({ search: '100%' })).length).toBe(
      rows.filter((row) => row.description === '100%').length,
    );
  });

  it('rows in the trash are only in the trash', async () => {
    const gone = [rows[1]!.uid, rows[2]!.uid];
    await engine.trashArtifacts(gone);
    const there = keysOf(view({ trash: true }));
    expect(there.sort()).toEqual([...gone, `hidden0${'0'.repeat(13)}`].sort());
    expect(keysOf(view())).toHaveLength(n - 2);
    const byUid = view({ filter: { kind: 'all', items: [test('uid', 'in', gone)] } });
    expect(keysOf(byUid)).toEqual([]);
    expect(keysOf({ ...byUid, trash: true })).toHaveLength(2);
    await engine.restoreArtifacts(gone);
    expect(keysOf(view())).toHaveLength(n);
  });
});

describe('bad views', () => {
  const bad: [string, unknown, string][] = [
    ['nothing', null, 'InvalidArgument'],
    ['no registry of that name', { ...emptyView('Nope') }, 'InvalidArgument'],
    ['unknown field', view({ filter: { kind: 'all', items: [test('nope', 'exact', 1)] } }), 'FieldError'],
    [
      'unknown field in a chain',
      view({ filter: { kind: 'all', items: [test('ulabels__nope', 'exact', 1)] } }),
      'FieldError',
    ],
    [
      'look-up hidden in a field',
      view({ filter: { kind: 'all', items: [test('key__regex', 'exact', '(')] } }),
      'FieldError',
    ],
    [
      'unknown comparison',
      view({ filter: { kind: 'all', items: [test('key', 'has_key' as 'exact', 1)] } }),
      'InvalidArgument',
    ],
    ['text for a number', view({ filter: { kind: 'all', items: [test('size', 'gt', 'x')] } }), 'ValueError'],
    [
      'unknown feature',
      view({ filter: { kind: 'all', items: [test('nope', 'gt', 1, true)] } }),
      'DoesNotExist',
    ],
    [
      'unknown label',
      view({ filter: { kind: 'all', items: [test('tissue', 'exact', 'nope', true)] } }),
      'DoesNotExist',
    ],
    ['no list for in', view({ filter: { kind: 'all', items: [test('key', 'in', 'x')] } }), 'TypeError'],
    ['unknown column', view({ columns: ['key', 'nope'] }), 'FieldError'],
    ['ties as a column', view({ columns: ['links_ulabel'] }), 'FieldError'],
    ['order by many', view({ order: { by: 'ulabels__name', descending: false } }), 'FieldError'],
    ['deep nesting', view({ filter: deep(40) as View['filter'] }), 'InvalidArgument'],
    [
      'wide trees',
      view({ filter: { kind: 'all', items: Array.from({ length: 300 }, () => test('size', 'gt', 1)) } }),
      'InvalidArgument',
    ],
    [
      'an object as a value',
      view({ filter: { kind: 'all', items: [test('size', 'gt', { $query: {} })] } }),
      'InvalidArgument',
    ],
    ['trash where there is none', { ...emptyView('Space'), trash: true }, 'FieldError'],
    ['feature column where there are none', { ...emptyView('ULabel'), columns: ['@x'] }, 'FieldError'],
  ];
  function deep(levels: number): FilterNode {
    return levels === 0 ? test('size', 'gt', 1) : { kind: 'all', items: [deep(levels - 1)] };
  }
  it.each(bad)('%s: refused by name', (_, asked, code) => {
    let problem: unknown;
    try {
      engine.listRows(asked as View, { after: null, limit: 1 });
    } catch (error) {
      problem = error;
    }
    expect(isLoamError(problem) && problem.code, String(problem)).toBe(code);
  });

  it('random junk never breaks the engine', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (a, b) => {
        for (const junk of [
          a,
          { ...emptyView('Artifact'), filter: a, columns: b },
          view({ filter: { kind: 'all', items: [a as FilterNode] } }),
        ]) {
          try {
            engine.listRows(junk as View, { after: null, limit: 1 });
          } catch (error) {
            expect(isLoamError(error), String(error)).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(keysOf(view())).toHaveLength(n);
  });
});

describe('objects of any registry by a part of their name', () => {
  const find = (text: string, most = 5, registries?: string[]) => engine.findObjects(text, most, registries);
  const names = async (text: string, registry: string) =>
    (await find(text)).find((group) => group.registry === registry)?.rows.map((row) => row.name);

  it('[row 102] every registry is asked, in the order of the lists, and the best name comes first', async () => {
    engine.create('ULabel', { name: 'fine-quill' });
    engine.create('ULabel', { name: 'quill' });
    engine.create('ULabel', { name: 'quilled' });
    engine.create('bionty.CellType', { name: 'quill cell', ontology_id: 'CL:9999999' });
    engine.create('Transform', { key: 'quill.py', kind: 'script' });
    const found = await find('quill');
    const order = engine.registries().map(({ name }) => name);
    expect(found.map(({ registry }) => registry)).toEqual(
      order.filter((name) => ['ULabel', 'Transform', 'bionty.CellType'].includes(name)),
    );
    expect(await names('quill', 'ULabel')).toEqual(['quill', 'quilled', 'fine-quill']);
    const [cell] = found.find(({ registry }) => registry === 'bionty.CellType')?.rows ?? [];
    expect(cell).toMatchObject({ name: 'quill cell', about: { ontology_id: 'CL:9999999' } });
    expect(engine.row('bionty.CellType', cell?.key ?? '').name).toBe('quill cell');
  });

  it('[row 102] says that there are more, and finds the very name behind many that contain it', async () => {
    engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
      insert(tx, 'lamindb_project', 90, {
        uid: Array.from({ length: 90 }, (_, i) => `p${i}`.padEnd(12, 'p')),
        name: Array.from({ length: 90 }, (_, i) => (i === 3 ? 'swan' : `swan ${i} lake`)),
        abbr: null,
        _status_code: 0,
      }),
    );
    const [projects] = await find('swan', 4, ['Project']);
    expect(projects?.rows).toHaveLength(4);
    expect(projects?.more).toBe(true);
    expect(projects?.rows[0]?.name).toBe('swan');
    const [few] = await find('swan 88', 4, ['Project']);
    expect(few).toMatchObject({ more: false, rows: [{ name: 'swan 88 lake' }] });
  });

  it('[row 102] the trash, old versions and files of runs are left out; an empty text gives the newest', async () => {
    expect(await find('hidden')).toEqual([]);
    const [artifacts] = await find('', 3, ['Artifact']);
    expect(artifacts?.rows.map((row) => row.key)).toEqual(
      engine.listRows(view(), { after: null, limit: 3 }).rows.map((row) => row.key),
    );
    expect(await find('no such thing')).toEqual([]);
    await expect(find('x', 3, ['Nothing'])).rejects.toThrow(/no registry "Nothing"/);
    // Signs with a meaning in LIKE are letters here.
    expect(await find('%')).toEqual([expect.objectContaining({ registry: 'Artifact', more: true })]);
  });
});
