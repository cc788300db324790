// A registry that a plug-in declares has creation, types, parents, labels on artifacts, values on records, trash, purge and
// history without a line of code of its own.
import { expect, it } from 'vitest';
import { manyToMany, registry } from '../../src/lib/engine/model/declare.ts';
import { cell, featureLink } from '../../src/lib/engine/model/links.ts';
import { createModel } from '../../src/lib/engine/model/model.ts';
import { common } from '../../src/lib/engine/model/registries.ts';
import { memoryEngine, refusal } from './memory-engine.ts';

const columns = { ...common, is_type: 'b*=0', type_id: '>assay?', uid: 'c12!', name: 'c150*', plates: 'i?' };
const declarations = [
  registry('lamindb', 'Assay', columns, { uidLength: 12 }),
  manyToMany('assay', 'parents', 'assay'),
  featureLink('artifact', 'assay'),
  cell('assay'),
];
const model = createModel([{ name: 'assay', declarations, migrations: [] }]);

it('[plug-in] a declared registry does what the others do', async () => {
  const m = await memoryEngine(model);
  const e = m.engine;
  e.create('Assay', { name: 'Imaging', is_type: true });
  const made = e.create(
    'Assay',
    { name: 'run 1', type: 'Imaging', plates: 4 },
    { links: { parents: ['Imaging'] } },
  );
  expect(made.uid).toMatch(/^[0-9A-Za-z]{12}$/);
  expect(e.create('Assay', { name: 'run 1', type: 'Imaging' })).toMatchObject({
    id: made.id,
    created: false,
  });
  expect((await refusal(() => e.create('Assay', { name: 'x', type: 'run 1' }))).code).toBe('ValueError');
  expect((await refusal(() => e.relate('Assay', 'Imaging', 'parents', { add: ['run 1'] }))).code).toBe(
    'ValidationError',
  );
  expect((await refusal(() => e.create('Assay', { name: 'x', plates: 1.5 }))).code).toBe('ValidationError');

  const [artifact = ''] = m.artifacts('a.csv');
  e.create('Feature', { name: 'assay', dtype: 'cat[Assay]' });
  e.relate('Artifact', artifact, 'assays', { add: ['run 1'] });
  e.addFeatures([artifact], { assay: 'run 1' });
  expect(m.value('SELECT count(*) FROM lamindb_artifactassay')).toBe(2);
  expect((await e.purgePlan('Assay', ['run 1'])).refused[0]).toMatchObject({
    table: 'lamindb_artifactassay',
    count: 2,
  });

  e.update('Assay', 'run 1', { plates: 5 });
  expect(e.rowHistory('Assay', 'run 1').map((h) => h.kind)).toEqual(['update', 'link', 'create']);
  await e.trash('Assay', ['Imaging']);
  expect(m.rows('SELECT branch_id FROM lamindb_assay').flat()).toEqual([-1, -1]);
  await e.undo();
  expect(m.rows('SELECT branch_id FROM lamindb_assay').flat()).toEqual([1, 1]);
});
