// A schema proposed for a file: columns as pandas reads them, the features that have their names, registries that know their
// values, and the types of new features; then confirmed, and the file is valid for it.
import { beforeAll, describe, expect, it } from 'vitest';
import type { ColumnProposal } from '../../src/lib/engine/curate/propose.ts';
import type { DatasetReader } from '../../src/lib/engine/curate/part.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { h5adBytes } from '../fixtures/write-h5ad.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let e: MemoryEngine['engine'];
let samples = '';

const reader =
  (bytes: Uint8Array, name: string): DatasetReader =>
  (asks) =>
    readDataset(
      {
        size: bytes.length,
        read: async (start, end) => bytes.subarray(start, end),
        readSync: (start, end) => bytes.subarray(start, end),
      },
      name,
      asks,
    );
const csv = (lines: string[]) => reader(new TextEncoder().encode(`${lines.join('\n')}\n`), 'table.csv');

const table = csv([
  'sample,donor,age,weight,tissue,batch,note,checked,gene,cell_type,empty',
  ...Array.from({ length: 12 }, (_, i) =>
    [
      `s${i}`,
      `d${i % 3}`,
      20 + i,
      i === 3 ? '' : 60.5 + i,
      ['liver', 'lung', 'skin'][i % 3],
      ['b1', 'b2'][i % 2],
      `"remark ${i}, long"`,
      i % 2 === 0 ? 'True' : 'False',
      ['ENSG00000000001', 'ENSG00000000002'][i % 2],
      ['alpha', 'beta'][i % 2],
      '',
    ].join(','),
  ),
]);

beforeAll(async () => {
  m = await memoryEngine();
  e = m.engine;
  for (const name of ['liver', 'lung']) e.create('bionty.Tissue', { name });
  const human = e.create('bionty.Organism', { name: 'human', ontology_id: 'NCBITaxon:9606' });
  for (const id of ['ENSG00000000001', 'ENSG00000000002'])
    e.create('bionty.Gene', { ensembl_gene_id: id, symbol: `G${id.at(-1)}`, organism: { id: human.id } });
  for (const name of ['b1', 'b2', 'b3']) e.create('ULabel', { name });
  const type = e.create('Record', { name: 'Donors', is_type: true });
  samples = type.uid;
  for (const name of ['d0', 'd1', 'd2']) e.create('Record', { name, type: { id: type.id } });
  e.create('Feature', { name: 'age', dtype: 'int' });
  e.create('Feature', { name: 'weight', dtype: 'str' });
});

describe('[row 49] a schema proposed for a file', () => {
  it('has each column as it is read, with its feature or types for a new one', async () => {
    const { otype, slots } = await e.proposeSchema(table);
    expect(otype).toBe('DataFrame');
    const [slot] = slots;
    expect(slot).toMatchObject({
      slot: 'columns',
      rows: 12,
      columns: 11,
      itype: 'Feature',
      known: 2,
      index: null,
    });
    const by = new Map(slot?.members.map((one) => [one.name, one]));
    const first = (name: string) => by.get(name)?.choices[0];
    expect(by.get('sample')).toMatchObject({
      dtype: 'object',
      distinct: 12,
      nulls: 0,
      examples: ['s0', 's1', 's2', 's3'],
    });
    expect(first('sample')).toEqual({ dtype: 'str', coerce: false, why: 'text' });
    expect(first('donor')).toEqual({
      dtype: `cat[Record[${samples}]]`,
      coerce: true,
      why: 'all 3 values are there',
    });
    expect(first('tissue')).toEqual({
      dtype: 'cat[bionty.Tissue]',
      coerce: true,
      why: '2 of 3 values are there',
    });
    expect(first('batch')).toEqual({ dtype: 'cat[ULabel]', coerce: true, why: 'all 2 values are there' });
    expect(first('gene')?.dtype).toBe('cat[bionty.Gene.ensembl_gene_id]');
    expect(first('cell_type')).toEqual({
      dtype: 'cat[bionty.CellType]',
      coerce: true,
      why: 'the column is called like it',
    });
    expect(by.get('cell_type')?.choices.map(({ dtype }) => dtype)).toEqual([
      'cat[bionty.CellType]',
      'cat[ULabel]',
      'str',
    ]);
    expect(first('note')?.dtype).toBe('str');
    expect(first('checked')?.dtype).toBe('bool');
    expect(by.get('empty')).toMatchObject({ nulls: 12, dtype: 'float64' });
    expect(by.get('age')).toMatchObject({ dtype: 'int64', features: [{ dtype: 'int', misfit: null }] });
    expect(by.get('weight')).toMatchObject({ dtype: 'float64', nulls: 1 });
    expect(by.get('weight')?.features[0]?.misfit).toContain("The column 'weight' is no str");
  });

  it('becomes, once confirmed, a schema that the file is valid for', async () => {
    const [slot] = (await e.proposeSchema(table)).slots;
    const member = ({ name, features, choices }: ColumnProposal) => {
      const [there] = features;
      const choice = choices[0];
      return {
        uid: there && there.misfit === null ? there.uid : null,
        name: name === 'weight' ? 'body weight' : name,
        dtype: choice?.dtype ?? '',
        coerce: choice?.coerce ?? false,
        optional: name === 'empty',
      };
    };
    const taken = slot?.members.filter(({ name }) => !['weight', 'cell_type', 'tissue'].includes(name)) ?? [];
    const made = e.buildSchema({
      name: 'Samples',
      description: null,
      otype: 'DataFrame',
      suffix: null,
      type: null,
      itype: 'Feature',
      dtype: null,
      size: null,
      members: taken.map(member),
      index: null,
      minimal: true,
      ordered: false,
      maximal: false,
      flexible: null,
      coerce: false,
      slots: [],
      sheet: null,
    });
    expect(made.features).not.toContain('age');
    expect(await e.validateDataset(made.uid, table)).toMatchObject({ ok: true, counts: { errors: 0 } });
  });

  it('looks into the parts of AnnData, genes by the shape of their ids', async () => {
    const bytes = await h5adBytes({
      obsNames: ['c1', 'c2', 'c3', 'c4'],
      varNames: ['ENSG00000000001', 'ENSG00000000009'],
      category: { name: 'tissue', categories: ['liver', 'lung'], codes: [0, 1, 1, 0] },
      number: { name: 'depth', values: [1, 2, 3, 4] },
    } as Parameters<typeof h5adBytes>[0]);
    const { otype, slots } = await e.proposeSchema(reader(bytes, 'cells.h5ad'));
    expect(otype).toBe('AnnData');
    expect(slots.map(({ slot, itype, columns, known }) => [slot, itype, columns, known])).toEqual([
      ['obs', 'Feature', 2, 0],
      ['var.T', 'bionty.Gene.ensembl_gene_id', 2, 1],
    ]);
    expect(
      slots[0]?.members.map(({ name, choices }) => [name, choices[0]?.dtype, choices[0]?.coerce]),
    ).toEqual([
      ['tissue', 'cat[bionty.Tissue]', false],
      ['depth', 'float', false],
    ]);
  });

  it('says that a picture has no columns', async () => {
    const png = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 0]);
    const error = await refusal(() => e.proposeSchema(reader(png, 'a.png')));
    expect(error.message).toContain('no columns to make a schema of');
  });
});
