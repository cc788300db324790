// docs/guide/plugin.md, step by step: its file is the one that is tried here, and each thing it promises is there.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { emptyReport, pythonMembers } from '../../src/lib/engine/interop/python-export.ts';
import {
  countRows,
  fillTables,
  portableTables,
  readTable,
} from '../../src/lib/engine/interop/registry-tables.ts';
import { createModel, modules } from '../../src/lib/engine/model/model.ts';
import { emptyView } from '../../src/lib/engine/view/view.ts';
import { wetlab } from '../fixtures/wetlab.ts';
import { memoryEngine, refusal } from './memory-engine.ts';

const model = createModel([wetlab]);
const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the guide shows the declaration that is tried here', () => {
  const [, shown = ''] = /```ts\n([\s\S]*?)```/.exec(read('../../docs/guide/plugin.md')) ?? [];
  const tried = read('../fixtures/wetlab.ts')
    .replace(/^\/\/.*\n/gm, '')
    .replaceAll('../../src/lib/engine/model/', './');
  expect(shown).toBe(tried);
});

it('[plug-in] rows, labels, queries, lists, facets, forms, pages, code, export and transfer follow from the declaration', async () => {
  const m = await memoryEngine(model);
  const e = m.engine;
  e.create('bionty.Organism', { name: 'human', ontology_id: 'NCBITaxon:9606' });
  const s1 = e.create('wetlab.Sample', {
    name: 'S1',
    organism: 'human',
    dose_mg: 5,
    collected_at: '2026-11-01',
  });
  e.create('wetlab.Sample', { name: 'S2' }, { links: { parents: ['S1'] } });
  e.create('wetlab.Well', { name: 'A1', sample: 'S1' });
  expect((await refusal(() => e.create('wetlab.Well', { name: 'A2' }))).message).toContain('sample');
  const [artifact = '', other = ''] = m.artifacts('a.csv', 'b.csv');
  e.relate('Artifact', artifact, 'samples', { add: ['S1'] });
  e.create('Feature', { name: 'sample', dtype: 'cat[wetlab.Sample]' });
  e.addFeatures([other], { sample: 'S2' });

  // Queries, there and back.
  const keys = (filter: Record<string, unknown>, registry = 'Artifact', value = 'key') =>
    e.queryRows({ registry, filters: [filter as never] }, [value]).map(([first]) => first);
  expect(keys({ samples__organism__name: 'human' })).toEqual(['a.csv']);
  expect(keys({ samples__parents__name: 'S1' })).toEqual(['b.csv']);
  expect(keys({ wells__name: 'A1' }, 'wetlab.Sample', 'name')).toEqual(['S1']);
  expect(keys({ artifacts__key: 'a.csv' }, 'wetlab.Sample', 'name')).toEqual(['S1']);

  // Screens.
  const info = e.registries().find(({ name }) => name === 'wetlab.Sample');
  expect(info).toMatchObject({
    slug: 'wetlab-sample',
    group: 'modules',
    creatable: true,
    hasTrash: true,
    hasParents: true,
  });
  expect(info?.fields.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['name', 'dose_mg', 'collected_at', 'organism']),
  );
  const view = emptyView('wetlab.Sample');
  const page = e.listRows(view, { after: null, limit: 10 });
  expect(page.rows.map(({ name }) => name).sort()).toEqual(['S1', 'S2']);
  for (const spec of e.facetSpecs(view)) expect(e.listFacet(view, spec)).toBeTruthy();
  const row = e.row('wetlab.Sample', s1.uid);
  expect(row.name).toBe('S1');
  expect(row.relations['artifacts']?.total).toBe(1);
  expect(e.viewCode(view, 'python')).toContain('import wetlab');
  expect(e.viewCode(view, 'sql')).toContain('wetlab_sample');
  e.update('wetlab.Sample', 'S1', { dose_mg: 6 });
  expect(e.rowHistory('wetlab.Sample', 'S1').map(({ kind }) => kind)).toEqual(['update', 'link', 'create']);

  // Export by registry, and back into another database.
  const tables = portableTables(
    model,
    model.modules.map(({ name }) => name),
  );
  expect(tables.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['wetlab_sample', 'wetlab_artifactsample']),
  );
  const back = await memoryEngine(model);
  await fillTables(back.driver, model, async (table) =>
    readTable(m.driver, table, null, countRows(m.driver, table)),
  );
  for (const table of ['wetlab_sample', 'wetlab_well', 'wetlab_artifactsample', 'wetlab_sample_parents'])
    expect(back.rows(`SELECT * FROM "${table}"`), table).toEqual(m.rows(`SELECT * FROM "${table}"`));

  // For Python: the tables are there, the module is not asked of it.
  let script = '';
  const spec = {
    driver: back.driver,
    model,
    instance: 'lab',
    root: null,
    find: () => Promise.reject(new Error('no bytes')),
    compacted: async () => ({ size: 0, async *chunks() {} }),
  };
  back.driver.exec('DELETE FROM lamindb_artifactjsonvalue');
  for await (const member of pythonMembers({ ...spec, find: async () => ({ files: [] }) }, emptyReport()))
    if (member.path.endsWith('.py'))
      for await (const part of member.chunks()) script += new TextDecoder().decode(part);
  expect(script).toContain('MODULES = "bionty"');
  expect(back.value('SELECT count(*) FROM wetlab_sample')).toBe(2);

  // Another database.
  const mine = await memoryEngine(model);
  await mine.engine.receiveRows(e.packRows('Artifact', [artifact, other]));
  expect(mine.rows('SELECT name, dose_mg FROM wetlab_sample ORDER BY name')).toEqual([
    ['S1', 6],
    ['S2', null],
  ]);
  expect(mine.value('SELECT count(*) FROM wetlab_artifactsample')).toBe(2);
});

it('a name that is taken, a target that is not there and a column that cannot be read are refused at once', () => {
  expect(modules.map(({ name }) => name)).toEqual(['lamindb', 'bionty']);
  const declared = (change: Partial<(typeof wetlab.declarations)[number]>) => () =>
    createModel([
      { ...wetlab, declarations: [{ ...(wetlab.declarations[0] as never as object), ...change } as never] },
    ]);
  expect(declared({ registry: 'Artifact' })).toThrow('registry Artifact is declared');
  expect(declared({ columns: { a: '>wetlab.nothing' } })).toThrow('there is no table wetlab_nothing');
  expect(declared({ columns: { a: 'c12?!?' } })).toThrow('cannot read the declaration "c12?!?"');
});
