// The schema of an artifact as its page shows it, and what schemas without a name are called wherever rows are named.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/lib/engine/index.ts';
import { emptyView } from '../../src/lib/engine/view/view.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { test } from '../fixtures/view-lab.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let lab: MemoryEngine;
let engine: Engine;
let cells = '';
let copy = '';
let bare = '';
let asks = '';
let obs = '';
let genes = '';

beforeAll(async () => {
  lab = await memoryEngine();
  ({ engine } = lab);
  [cells = '', copy = '', bare = '', asks = ''] = lab.artifacts(
    'my/scrna.h5ad',
    'my/copy.h5ad',
    'bare.csv',
    'asks.csv',
  );
  const names = Array.from({ length: 23 }, (_, i) => `feature_${String(i).padStart(2, '0')}`);
  for (const name of names) engine.create('Feature', { name, dtype: 'float' });
  obs = engine.create('Schema', { features: names }).uid;
  const valid = engine.create('Schema', { name: 'valid cells', features: names.slice(0, 2) }).uid;
  const id = (uid: string) => Number(lab.value('SELECT id FROM lamindb_schema WHERE uid = ?', [uid]));
  genes = 'GenesOfTheCells0';
  engine.create('bionty.Organism', { name: 'human' });
  const organism = Number(lab.value('SELECT id FROM bionty_organism'));
  engine.writer.act({ kind: 'seed', title: 'what LaminDB finds in a dataset' }, function* (tx) {
    yield* insert(tx, 'bionty_gene', 1, {
      uid: ['GeneCd4Aaaaa'],
      symbol: ['CD4'],
      ensembl_gene_id: ['ENSG00000010610'],
      organism_id: [organism],
    });
    yield* insert(tx, 'lamindb_schema', 1, {
      uid: [genes],
      itype: 'bionty.Gene.ensembl_gene_id',
      n_members: 1,
      is_type: 0,
      ordered_set: 0,
      maximal_set: 0,
      minimal_set: 1,
      hash: 'hash of the genes',
    });
    const gene = Number(lab.value('SELECT id FROM bionty_gene', []));
    yield* insert(tx, 'bionty_schemagene', 1, { schema_id: id(genes), gene_id: gene });
    const artifact = (uid: string) =>
      Number(lab.value('SELECT id FROM lamindb_artifact WHERE uid = ?', [uid]));
    yield* insert(tx, 'lamindb_artifactschema', 3, {
      artifact_id: [artifact(cells), artifact(cells), artifact(copy)],
      schema_id: [id(obs), id(genes), id(genes)],
      slot: ['obs', 'var.T', 'var.T'],
    });
  });
  engine.update('Artifact', { uid: cells }, { schema: { uid: valid } });
  engine.update('Artifact', { uid: asks }, { schema: { uid: valid } });
});

const obsWords = '23 features (obs of my/scrna.h5ad)';
const genesWords = '1 gene (var of my/scrna.h5ad and 1 more)';

describe('the schema of an artifact', () => {
  it('is told with its slots, the first twenty members of each, and how many there are', () => {
    const found = engine.artifactSchemas(cells);
    expect(found.validating?.name).toBe('valid cells');
    expect(found.found).toBe(true);
    expect(found.slots.map(({ slot, what, registry, total }) => [slot, what, registry, total])).toEqual([
      ['obs', '23 features', 'Feature', 23],
      ['var', '1 gene', 'bionty.Gene', 1],
    ]);
    expect(found.slots[0]?.schema).toEqual({ key: obs, name: obsWords });
    expect(found.slots[0]?.members).toHaveLength(20);
    expect(found.slots[0]?.members[0]).toMatchObject({ name: 'feature_00', dtype: 'float' });
    // What the link "all 23" leads to.
    const all = test('schemas__uid', 'exact', obs);
    expect(engine.countList({ ...emptyView('Feature'), filter: { kind: 'all', items: [all] } })).toBe(23);
    expect(found.slots[1]?.members).toEqual([{ key: 'GeneCd4Aaaaa', name: 'CD4', dtype: null }]);
  });

  it('where the dataset was not taken apart, is what the validating schema asks for', () => {
    const found = engine.artifactSchemas(asks);
    expect(found.found).toBe(false);
    expect(found.slots).toMatchObject([{ slot: null, what: '2 features', total: 2 }]);
  });

  it('is empty for an artifact without any; an unknown uid is told', async () => {
    expect(engine.artifactSchemas(bare)).toEqual({ validating: null, found: false, slots: [] });
    expect((await refusal(() => engine.artifactSchemas('nope'))).code).toBe('DoesNotExist');
  });
});

describe('a schema without a name is called by what it holds and whose it is', () => {
  it('in the list, on its page, in cells, among relations and by the palette', async () => {
    const list = engine.listRows(emptyView('Schema'), { after: null, limit: 20 });
    expect(list.rows.map(({ name }) => name).sort()).toEqual([genesWords, obsWords, 'valid cells']);
    expect(engine.row('Schema', obs)).toMatchObject({
      key: obs,
      name: obsWords,
      fields: { name: { value: null } },
    });
    const feature = String(lab.value("SELECT uid FROM lamindb_feature WHERE name = 'feature_22'"));
    expect(engine.row('Feature', feature).relations['schemas']?.rows).toEqual([{ key: obs, name: obsWords }]);
    const artifacts = engine.listRows(
      { ...emptyView('Artifact'), columns: ['key', 'schemas'] },
      { after: null, limit: 20 },
    );
    const row = artifacts.rows.find(({ key }) => key === copy);
    expect(row?.cells[1]).toEqual({ rows: [{ key: genes, name: genesWords }], total: 1 });
    const [found] = await engine.findObjects(genes, 3, ['Schema']);
    expect(found?.rows[0]).toMatchObject({ key: genes, name: genesWords });
  });
});
