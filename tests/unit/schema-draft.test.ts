// Schemas that are put together on screen: the hash of a draft beside lamindb's, what is wrong in words, the schema that asks
// the same already, and features, slots and a sheet made in one act.
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberDraft, PartDraft, SchemaDraft } from '../../src/lib/engine/registry/schema-draft.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

interface Case {
  key: string;
  members?: string[];
  index?: string;
  itype?: string;
  /** Members where they are terms of a registry. */
  terms?: string[];
  dtype?: string;
  size?: number;
  suffix?: string;
  otype?: string;
  slots?: Record<string, string>;
  minimal?: boolean;
  ordered?: boolean;
  maximal?: boolean;
  coerce?: boolean;
  flexible?: boolean;
  hash: string;
}
const facts = JSON.parse(readFileSync('tests/fixtures/schema-facts.json', 'utf8')) as {
  features: { name: string; uid: string; dtype?: string; is_type?: boolean }[];
  genes: { symbol: string; ensembl_gene_id: string; uid: string }[];
  cell_markers: { name: string; uid: string }[];
  cases: Case[];
};

let m: MemoryEngine;
let e: MemoryEngine['engine'];
beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  e = m.engine;
  for (const feature of facts.features) e.create('Feature', feature);
  e.create('Organism', { name: 'human', ontology_id: 'NCBITaxon:9606' });
  for (const gene of facts.genes) e.create('Gene', { ...gene, organism: 'human' });
  for (const marker of facts.cell_markers) e.create('CellMarker', { ...marker, organism: 'human' });
});

const uidOf = (name: string) => facts.features.find((one) => one.name === name)?.uid ?? null;
const known = (name: string): MemberDraft => ({
  uid: uidOf(name.replace('?', '')),
  name: name.replace('?', ''),
  dtype: '',
  optional: name.endsWith('?'),
});
const fresh = (name: string, dtype: string): MemberDraft => ({ uid: null, name, dtype, optional: false });

function part(given: Partial<Case>): PartDraft {
  const names = given.members ?? [];
  const all = given.index === undefined ? names : [...names, given.index];
  return {
    name: given.key ?? null,
    itype: given.itype ?? 'Feature',
    dtype: given.dtype ?? null,
    size: given.size ?? null,
    members: given.terms
      ? given.terms.map((name) => ({ uid: null, name, dtype: '', optional: false }))
      : all.map(known),
    index: given.index === undefined ? null : all.indexOf(given.index),
    minimal: given.minimal ?? true,
    ordered: given.ordered ?? false,
    maximal: given.maximal ?? false,
    coerce: given.coerce ?? false,
    flexible: given.flexible ?? null,
  };
}
function draft(given: Partial<Case>, more: Partial<SchemaDraft> = {}): SchemaDraft {
  const byKey = new Map(facts.cases.map((one) => [one.key, one]));
  const slots = Object.entries(given.slots ?? {}).map(([slot, key]) => ({
    slot,
    schema: part(byKey.get(key) ?? {}),
  }));
  return {
    ...part(given),
    description: null,
    otype: given.otype ?? null,
    suffix: given.suffix ?? null,
    type: null,
    slots,
    sheet: null,
    ...more,
  };
}

describe('a draft', () => {
  it('[row 47] has the hash that lamindb gives the schema, before and after it is made', () => {
    for (const one of facts.cases) {
      const asked = draft(one, { name: `the ${one.key}` });
      const look = e.lookAtSchema(asked);
      expect([one.key, look.problems, look.hash]).toEqual([one.key, [], one.hash]);
      const made = e.buildSchema(asked);
      expect(m.value('SELECT hash FROM lamindb_schema WHERE uid = ?', [made.uid])).toBe(one.hash);
      expect(e.lookAtSchema(asked).same?.uid).toBe(made.uid);
    }
  });

  it('tells the schema that asks the same, and gives it back under its own name', () => {
    const first = e.buildSchema(draft({ key: 'Donors', members: ['donor', 'age?'] }));
    const again = draft({ key: 'Other name', members: ['donor', 'age?'] });
    expect(e.lookAtSchema(again).same).toEqual({ uid: first.uid, name: 'Donors' });
    const before = m.state();
    expect(e.buildSchema(again)).toEqual({ uid: first.uid, name: 'Donors', created: false, features: [] });
    expect(m.state()).toBe(before);
  });

  it('says what is wrong, with which member, and writes nothing then', async () => {
    e.buildSchema(draft({ key: 'Donors', members: ['donor'] }));
    const tell = (given: SchemaDraft) =>
      e.lookAtSchema(given).problems.map(({ slot, member, message }) => [slot, member, message]);
    expect(tell(draft({ members: [] }))).toEqual([
      [null, null, 'Add a feature, or take every column that is a feature.'],
    ]);
    const wrong = draft({ members: ['donor'] });
    wrong.members.push(
      fresh('donor', 'str'),
      fresh('', 'int'),
      fresh('x', ''),
      fresh('y', 'cat[Gene]'),
      fresh('age', 'float'),
      fresh('z', 'nope'),
    );
    expect(tell(wrong)).toEqual([
      [null, 1, '"donor" is there already, in row 1.'],
      [null, 2, 'Name the feature.'],
      [null, 3, 'Say what values "x" has.'],
      [null, 4, expect.stringContaining("'Gene' is an invalid dtype")],
      [null, 5, 'There is a feature "age" already, with the type int. Take that one, or another name.'],
      [null, 6, expect.stringContaining('"nope" is no dtype')],
    ]);
    expect(tell(draft({ key: 'Donors', members: ['age'] }))).toEqual([
      [null, null, expect.stringContaining('There is a schema "Donors" already')],
    ]);
    expect(tell(draft({ otype: 'AnnData' }))).toEqual([
      [null, null, expect.stringContaining('obs, var, var.T')],
    ]);
    const slots = draft({ otype: 'AnnData' });
    slots.slots = [
      { slot: 'obsm', schema: part({ members: ['age'] }) },
      { slot: 'obs', schema: { uid: 'gone' } },
    ];
    expect(tell(slots)).toEqual([
      ['obsm', null, expect.stringContaining('AnnData has no slot "obsm"')],
      ['obs', null, 'This schema is gone. Choose another one.'],
    ]);
    const before = m.state();
    expect((await refusal(() => e.buildSchema(wrong))).message).toContain('"donor" is there already');
    expect(m.state()).toBe(before);
  });

  it('says which terms, suffix, type and slots are none that could be asked for', () => {
    const tell = (given: SchemaDraft) =>
      e
        .lookAtSchema(given)
        .problems.map(({ slot, member, field, message }) => [slot, member ?? field ?? null, message]);
    e.create('Gene', { symbol: 'GENE1', ensembl_gene_id: 'ENSG00000000009', organism: 'human' });
    const genes = { itype: 'bionty.Gene.symbol', terms: ['GENE1', 'GENE2', 'GENE3', 'GENE2'] };
    expect(tell(draft(genes))).toEqual([
      [null, 0, expect.stringContaining('Several rows of Gene have the symbol "GENE1"')],
      [null, 2, expect.stringContaining('No Gene has the symbol "GENE3"')],
      [null, 3, '"GENE2" is there already, in row 2.'],
    ]);
    expect(tell(draft({ itype: 'bionty.CellType', terms: ['T cell'] }))[0]?.[2]).toContain(
      'Schemas have no CellType rows as members',
    );
    expect(tell(draft({ itype: 'bionty.CellType' }))).toEqual([]);
    expect(tell(draft({ itype: 'Feature[N0thing00000]' }))).toEqual([
      [null, null, 'This type of features is gone. Choose another one.'],
    ]);
    expect(tell(draft({ members: ['donor'], suffix: 'csv' }))).toEqual([
      [null, 'suffix', expect.stringContaining('"csv" is no suffix that artifacts have')],
    ]);
    expect(tell(draft({ members: ['donor'], dtype: 'cat[ULabel]' }))).toEqual([
      [null, null, 'The type of all members is a simple one, not "cat[ULabel]".'],
    ]);
    const attrs = draft({ members: ['donor'] });
    attrs.slots = [{ slot: 'attrs', schema: part({ members: ['age'] }) }];
    expect(tell(attrs)[0]?.[2]).toContain('Say what datasets it is for');
    attrs.otype = 'DataFrame';
    expect(tell(attrs)).toEqual([]);
  });

  it('is of a type, and asks for a suffix, once it is made', () => {
    const type = e.create('Schema', { name: 'Panels', is_type: true });
    const made = e.buildSchema(
      draft(
        { key: 'Panel', itype: 'bionty.Gene.symbol', terms: ['GENE2'], suffix: '.csv' },
        { type: type.uid },
      ),
    );
    expect(
      m.rows(
        `SELECT s.suffix, t.name, g.symbol FROM lamindb_schema s JOIN lamindb_schema t ON t.id = s.type_id
         JOIN bionty_schemagene l ON l.schema_id = s.id JOIN bionty_gene g ON g.id = l.gene_id WHERE s.uid = ?`,
        [made.uid],
      ),
    ).toEqual([['.csv', 'Panels', 'GENE2']]);
  });

  it('makes features, slots and a sheet in one act, with one undo', async () => {
    const type = e.create('Record', { name: 'Samples', is_type: true });
    const before = m.state();
    const asked = draft({ key: 'Sample sheet' }, { sheet: type.uid });
    asked.members = [
      fresh('sample', 'str'),
      { ...fresh('tissue', 'cat[bionty.Tissue]'), coerce: true, optional: true },
      known('age'),
    ];
    asked.index = 0;
    expect(e.lookAtSchema(asked)).toEqual({ hash: null, same: null, problems: [] });
    const made = e.buildSchema(asked);
    expect(made).toMatchObject({ name: 'Sample sheet', created: true, features: ['sample', 'tissue'] });
    expect(
      m.rows(
        'SELECT name, _dtype_str, coerce, nullable FROM lamindb_feature WHERE name IN (?, ?) ORDER BY id',
        ['sample', 'tissue'],
      ),
    ).toEqual([
      ['sample', 'str', null, 1],
      ['tissue', 'cat[bionty.Tissue]', 1, 1],
    ]);
    expect(
      m.value(
        'SELECT s.name FROM lamindb_record r JOIN lamindb_schema s ON s.id = r.schema_id WHERE r.uid = ?',
        [type.uid],
      ),
    ).toBe('Sample sheet');
    expect((await e.undo())?.title).toBe('New Schema Sample sheet');
    expect(m.state()).toBe(before);

    const composite = draft({ key: 'Cells', otype: 'AnnData' });
    const obs = part({ key: 'Cells obs' });
    obs.members = [fresh('cell_type', 'cat[bionty.CellType]')];
    composite.slots = [
      { slot: 'obs', schema: obs },
      { slot: 'var.T', schema: part({ key: 'Genes', itype: 'bionty.Gene.ensembl_gene_id' }) },
    ];
    const cells = e.buildSchema(composite);
    expect(
      m.rows(
        `SELECT l.slot, c.name, c.itype FROM lamindb_schemacomponent l JOIN lamindb_schema s ON s.id = l.composite_id
         JOIN lamindb_schema c ON c.id = l.component_id WHERE s.uid = ? ORDER BY l.id`,
        [cells.uid],
      ),
    ).toEqual([
      ['obs', 'Cells obs', 'Feature'],
      ['var.T', 'Genes', 'bionty.Gene.ensembl_gene_id'],
    ]);
    await e.undo();
    expect(m.state()).toBe(before);
  });

  it('takes a slot’s schema that is there without renaming it', () => {
    const there = e.buildSchema(draft({ key: 'Observed', members: ['age'] }));
    const composite = draft({ key: 'Cells', otype: 'AnnData' });
    composite.slots = [{ slot: 'obs', schema: part({ key: 'Cells obs', members: ['age'] }) }];
    e.buildSchema(composite);
    expect(m.value('SELECT name FROM lamindb_schema WHERE uid = ?', [there.uid])).toBe('Observed');
    expect(m.value('SELECT count(*) FROM lamindb_schema')).toBe(2);
  });

  it('refuses a sheet of what is no type of records', async () => {
    const record = e.create('Record', { name: 'one sample' });
    const error = await refusal(() =>
      e.buildSchema(draft({ key: 'x', members: ['age'] }, { sheet: record.uid })),
    );
    expect(error.message).toContain('no type of records');
  });

  it('is shown on its page as it was made: marks, index, rules, slots', () => {
    const asked = draft({
      key: 'Donors',
      members: ['age', 'kind?'],
      index: 'donor',
      ordered: true,
      coerce: true,
    });
    const made = e.buildSchema(asked);
    expect(e.schemaContents(made.uid)).toMatchObject([
      {
        slot: null,
        registry: 'Feature',
        total: 3,
        rules: { minimal: true, ordered: true, maximal: false, flexible: false, coerce: true },
        members: [
          { name: 'donor', dtype: 'str', optional: false, index: true },
          { name: 'age', dtype: 'int', optional: false, index: false },
          { name: 'kind', dtype: 'cat[ULabel]', optional: true, index: false },
        ],
      },
    ]);
    const cells = draft({ key: 'Cells', otype: 'AnnData' });
    cells.slots = [
      { slot: 'obs', schema: { uid: made.uid } },
      { slot: 'var.T', schema: part({ key: 'Genes', itype: 'bionty.Gene.ensembl_gene_id', maximal: true }) },
    ];
    const slots = e.schemaContents(e.buildSchema(cells).uid);
    expect(slots.map(({ slot, schema, registry, total }) => [slot, schema.name, registry, total])).toEqual([
      ['obs', 'Donors', 'Feature', 3],
      ['var.T', 'Genes', 'bionty.Gene', 0],
    ]);
    expect(() => e.schemaContents('gone')).toThrow('There is no schema "gone" here.');
  });
});
