// `bt.CellType.importSource()` and `.public()` over a folder of packs, used as a script uses them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initInstance } from '../../cli/instance.ts';
import { connect, type Ln } from '../../cli/ln.ts';
import { writeSettings } from '../../cli/settings.ts';
import { readTerms } from '../../src/lib/formats/ontology/read.ts';
import { writePack } from '../../src/lib/formats/ontology/write-pack.ts';
import { oboOf, sourceOf, type TermLines } from './ontology-files.ts';
import { refusal as refused } from './memory-engine.ts';

const here = mkdtempSync(join(tmpdir(), 'loam-ontology-'));
const packs = join(here, 'packs');
const said: string[] = [];
let ln: Ln;
let close = () => {};

const cells: TermLines[] = [
  { id: 'CL:1', name: 'cell' },
  { id: 'CL:2', name: 'T cell', parents: ['CL:1'], synonyms: ['T lymphocyte', 'twin'] },
  { id: 'CL:3', name: 'B cell', parents: ['CL:1'], synonyms: ['twin'] },
  { id: 'CL:4', name: 'old T cell', obsolete: true, replacedBy: 'CL:2' },
];
const entries: object[] = [];
async function pack(
  name: string,
  registry: string,
  text: string,
  version: string,
  organism = 'all',
): Promise<void> {
  const table = await readTerms(sourceOf(text), 'x.obo', {
    facts: { entity: `bionty.${registry}`, version },
  });
  table.facts.organism = organism;
  writeFileSync(join(packs, `${name}.parquet`), writePack(table, null));
  entries.push({
    pack: name,
    rows: table.count,
    bytes: 1,
    entity: `bionty.${registry}`,
    source: table.facts.source,
    version,
    organism,
    licence: null,
    note: '',
  });
  writeFileSync(join(packs, 'packs.json'), JSON.stringify({ packs: entries }));
}

beforeAll(async () => {
  mkdirSync(packs);
  process.env['LOAM_ONTOLOGIES'] = packs;
  await pack('celltype_cl', 'CellType', oboOf('cl', cells), '2098-01-01');
  await pack(
    'celltype_cl_new',
    'CellType',
    oboOf('cl', [...cells, { id: 'CL:5', name: 'NK cell', parents: ['CL:1'] }]),
    '2099-01-01',
  );
  await initInstance(join(here, 'store'), 'lab');
  writeSettings(here, { storage: join(here, 'store') });
  ({ ln, close } = await connect(here, { tell: (text) => said.push(text) }));
});
afterAll(() => {
  close();
  delete process.env['LOAM_ONTOLOGIES'];
  rmSync(here, { recursive: true, force: true });
});

describe('public()', () => {
  it('[row 91] looks terms up without importing any', async () => {
    const cl = await ln.bt.CellType.public();
    expect(cl).toMatchObject({ source: 'cl', version: '2099-01-01', organism: 'all', count: 5 });
    expect((await cl.search('t cell')).map(({ name, here: row }) => [name, row])).toEqual([
      ['T cell', null],
      ['old T cell', null],
    ]);
    const found = await cl.get('CL:2');
    expect(found).toMatchObject({
      name: 'T cell',
      synonyms: ['T lymphocyte', 'twin'],
      path: [{ id: 'CL:1', name: 'cell' }],
    });
    expect((await cl.get('CL:4')).replacedBy).toEqual({ id: 'CL:2', name: 'T cell' });
    expect((await cl.get('CL:1')).children.map(({ name }) => name)).toEqual(['B cell', 'NK cell', 'T cell']);
    expect(await cl.validate(['T cell', 't cell', 'CL:3', 'nothing'])).toEqual([true, false, true, false]);
    expect(await ln.bt.CellType.filter().count()).toBe(0);
  });

  it('[row 93] never picks one of several that are called the same', async () => {
    const cl = await ln.bt.CellType.public();
    const error = await refused(() => cl.get('twin'));
    expect(error).toMatchObject({ name: 'MultipleObjectsReturned' });
    expect(error.message).toContain('CL:2 T cell, CL:3 B cell');
    expect(await cl.standardize(['T lymphocyte', 'twin', 'T cell', 'nothing'])).toEqual([
      'T cell',
      'twin',
      'T cell',
      'nothing',
    ]);
  });

  it('says in words what is missing', async () => {
    expect((await refused(() => ln.bt.Tissue.public())).message).toContain('No pack holds Tissue terms');
    expect(await refused(() => ln.bt.Gene.public())).toMatchObject({ name: 'OrganismNotSet' });
    expect('public' in ln.ULabel).toBe(false);
  });
});

describe('importSource()', () => {
  it('[row 90] imports the newest pack, a file, an older version beside it', async () => {
    const done = await ln.bt.CellType.importSource();
    expect(done).toMatchObject({ added: 5, links: 3, source: { name: 'cl', version: '2099-01-01' } });
    expect(said.at(-1)).toBe('5 CellType rows added.');
    expect(await (await ln.bt.CellType.get({ name: 'T cell' })).parents.toList('name')).toEqual(['cell']);
    expect((await (await ln.bt.CellType.public()).search('t cell'))[0]?.here).toMatchObject({
      name: 'T cell',
      artifacts: 0,
    });
    expect(await ln.bt.CellType.importSource('celltype_cl')).toMatchObject({ added: 0, kept: 4 });
    writeFileSync(
      join(here, 'uberon.obo'),
      oboOf('uberon', [
        { id: 'UBERON:1', name: 'organ' },
        { id: 'UBERON:2', name: 'lung', partOf: ['UBERON:1'] },
      ]),
    );
    expect(await ln.bt.Tissue.importSource(join(here, 'uberon.obo'))).toMatchObject({ added: 2, links: 1 });
    const blob = new File([oboOf('mondo', [{ id: 'MONDO:1', name: 'flu' }])], 'mondo.obo');
    expect(await ln.bt.Disease.importSource(blob)).toMatchObject({ added: 1 });
  });

  it('[row 92] queries by a term find what is labelled with what is below it, when asked', async () => {
    const table = await ln.Artifact.fromText('a\n', { key: 'a.csv' }).save();
    await table.labels.add([await ln.bt.CellType.get({ name: 'T cell' })]);
    const cell = await ln.bt.CellType.get({ name: 'cell' });
    expect(await ln.Artifact.filter({ cell_types: cell }).count()).toBe(0);
    const below = await cell.children.toList('name');
    expect(below.sort()).toEqual(['B cell', 'NK cell', 'T cell']);
    expect(await ln.Artifact.filter({ cell_types__parents__name: 'cell' }).count()).toBe(1);
    const within = { $below: { registry: 'bionty.CellType', filters: [{ name: 'cell' }] } };
    expect(await ln.Artifact.filter({ cell_types__in: within }).count()).toBe(1);
    expect(await ln.bt.CellType.filter({ id__in: within }).count()).toBe(4);
  });

  it('[row 90] refuses what is not sound until that is accepted', async () => {
    const bad = new File([oboOf('hp', [{ id: 'HP:1', name: 'a', parents: ['HP:404'] }])], 'hp.obo');
    const error = await refused(() => ln.bt.Phenotype.importSource(bad));
    expect(error).toMatchObject({ name: 'ValidationError', details: { total: 1 } });
    expect(error.message).toContain('hp.obo is not sound: 1 dangling parent. Nothing was saved.');
    expect(await ln.bt.Phenotype.filter().count()).toBe(0);
    expect(await ln.bt.Phenotype.importSource(bad, { accept: true })).toMatchObject({ added: 1 });
  });
});
