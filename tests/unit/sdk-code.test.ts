// "Copy as TypeScript": the text runs with `ln` and gives the rows of the list, in its order. And a plug-in's registry, which
// `ln` has without a line of its own.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/lib/engine/index.ts';
import { manyToMany, registry } from '../../src/lib/engine/model/declare.ts';
import { createModel } from '../../src/lib/engine/model/model.ts';
import { common } from '../../src/lib/engine/model/registries.ts';
import { emptyView, type View } from '../../src/lib/engine/view/view.ts';
import type { DataFrame } from '../../src/lib/sdk/data-frame.ts';
import { createLn } from '../../src/lib/sdk/ln.ts';
import { directEngine } from '../../src/lib/sdk/port.ts';
import { anyNode, seedViewLab, test } from '../fixtures/view-lab.ts';
import { memoryEngine } from './memory-engine.ts';

const noFiles = () => Promise.reject(new Error('there are no files here'));
const lnOf = (engine: Engine) =>
  createLn({
    engine: directEngine(engine),
    files: { drop: noFiles, open: noFiles, list: noFiles, cache: noFiles },
    curate: { validate: noFiles, saveValidated: noFiles, builtin: noFiles },
    statement: noFiles,
    script: () => Promise.resolve({ key: 'test', source: null }),
    tell: () => {},
  });

/** Runs a copied text; its frame is what it names last. */
async function run(code: string, ln: unknown): Promise<DataFrame> {
  const name = [...code.matchAll(/^const (\w+) = /gm)].at(-1)?.[1] ?? '';
  const Program = (async () => {}).constructor as new (
    ...parts: string[]
  ) => (ln: unknown) => Promise<DataFrame>;
  return new Program('ln', `${code}\nreturn ${name};`)(ln);
}

const view = (change: Partial<View>): View => ({ ...emptyView('Artifact'), ...change });

describe('copy as TypeScript', () => {
  it('[row 9] the text runs with ln and gives the rows of the list, in its order', async () => {
    const { engine } = await memoryEngine();
    seedViewLab(engine);
    const ln = await lnOf(engine);
    const trees = fc.sample(
      fc.record({
        kind: fc.constantFrom('all' as const, 'any' as const),
        items: fc.array(anyNode, { minLength: 1, maxLength: 3 }),
        not: fc.boolean(),
      }),
      { numRuns: 80, seed: 11 },
    );
    const views: View[] = [
      view({}),
      view({ versions: true, order: { by: 'key', descending: false } }),
      view({ search: 'LAB quality' }),
      view({ order: { by: '@temperature', descending: true }, columns: ['key', 'size'] }),
      view({ columns: ['key', 'created_by', 'ulabels__name', '@tissue'] }),
      view({ filter: { kind: 'all', items: [test('description', 'regex', '^[Qq]')] } }),
      { ...emptyView('ULabel'), order: { by: 'name', descending: true } },
      { ...emptyView('bionty.Source'), search: 'mouse ensembl' },
      ...trees.map((filter) => view({ filter })),
    ];
    let found = 0;
    for (const asked of views) {
      const wanted = engine.listRows(asked, { after: null, limit: 500 }).rows.map(({ key }) => key);
      const code = engine.viewCode(asked, 'typescript');
      const frame = await run(code, ln);
      expect(frame.indexName === 'uid' ? frame.index : frame.column('uid'), code).toEqual(wanted);
      found += wanted.length;
    }
    expect(found).toBeGreaterThan(500);
  });

  it('columns of the list are columns of the frame', async () => {
    const { engine } = await memoryEngine();
    seedViewLab(engine);
    const code = engine.viewCode(view({ columns: ['key', 'ulabels__name', '@tissue'] }), 'typescript');
    const frame = await run(code, await lnOf(engine));
    expect(frame.columnNames).toEqual(expect.arrayContaining(['key', 'ulabels__name', 'tissue']));
  });
});

it('[plug-in] a declared registry is in ln like any other', async () => {
  const columns = {
    ...common,
    is_type: 'b*=0',
    type_id: '>lab.plate?',
    uid: 'c12!',
    name: 'c150*',
    wells: 'i?',
  };
  const declarations = [
    registry('lab', 'Plate', columns, { uidLength: 12 }),
    manyToMany('lab.plate', 'parents', 'lab.plate'),
  ];
  const { engine } = await memoryEngine(createModel([{ name: 'lab', declarations, migrations: [] }]));
  const ln = await lnOf(engine);
  const { Plate } = (ln as unknown as { lab: Record<string, typeof ln.ULabel> }).lab;
  expect(Plate).toBe(ln.registry('lab.Plate'));
  const first = await Plate?.({ name: 'P1', wells: 96 } as { name: string }).save();
  const second = await Plate?.({ name: 'P2', wells: 384 } as { name: string }).save();
  if (!Plate || !first || !second) throw new Error('no plates');
  await second.parents.add(first);
  expect(await Plate.filter({ wells__gt: 100, parents__name: 'P1' }).toList('name')).toEqual(['P2']);
  expect(await second.describe()).toContain('Plate: P2');
});
