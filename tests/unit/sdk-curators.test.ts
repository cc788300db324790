// Datasets that `ln` saves under a schema: only where they are valid, with the schema noted, what was found in them and their
// labels; what is refused leaves nothing behind. Schemas and synonyms in code.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initInstance } from '../../cli/instance.ts';
import { connect, type Ln } from '../../cli/ln.ts';
import { writeSettings } from '../../cli/settings.ts';
import type { LnObject } from '../../src/lib/sdk/types.ts';
import { h5adBytes } from '../fixtures/write-h5ad.ts';
import { refusal as refused } from './memory-engine.ts';

const here = mkdtempSync(join(tmpdir(), 'loam-curators-'));
let ln: Ln;
let close = () => {};
let schema: LnObject<'Schema'>;

beforeAll(async () => {
  await initInstance(join(here, 'store'), 'lab');
  writeSettings(here, { storage: join(here, 'store') });
  ({ ln, close } = await connect(here, { tell: () => {} }));
  await ln.bionty.CellType({ name: 'T cell', synonyms: 'T lymphocyte' }).save();
  await ln.bionty.CellType({ name: 'B cell' }).save();
  const donor = await ln.Feature({ name: 'donor', dtype: 'str' }).save();
  const age = await ln.Feature({ name: 'age', dtype: 'int' }).save();
  const kind = await ln.Feature({ name: 'kind', dtype: ln.bionty.CellType, coerce: true }).save();
  schema = await ln.Schema({ name: 'Donors', features: [donor, age, kind] }).save();
  const obs = await ln.Schema({ name: 'cells', features: [kind] }).save();
  await ln.Schema({ name: 'Cells', otype: 'AnnData', slots: { obs } }).save();
});
afterAll(() => {
  close();
  rmSync(here, { recursive: true, force: true });
});

const good = [
  { donor: 'a', age: 1, kind: 'T cell' },
  { donor: 'b', age: 2, kind: 'B cell' },
];
const bad = [
  { donor: 'a', kind: 'T lymphocyte' },
  { donor: 'b', kind: 'K cell' },
];

describe('[row 43] a dataset under a schema', () => {
  it('is saved where it is valid, with the schema and what was found in it', async () => {
    const artifact = await (await ln.Artifact.fromDataFrame(good, { key: 'good.parquet', schema })).save();
    expect((await artifact.schema)?.name).toBe('Donors');
    expect(await schema.validated_artifacts.toList('key')).toEqual(['good.parquet']);
    expect(await artifact.cell_types.toList('name')).toEqual(['T cell', 'B cell']);
    expect(await artifact.schemas.count()).toBe(1);
    const [columns] = await artifact.schemas.all();
    expect(await columns?.features.toList('name')).toEqual(['donor', 'age', 'kind']);
  });

  it('is refused with what is wrong, and nothing of it is kept', async () => {
    const before = await ln.Artifact.filter().count();
    const artifact = await ln.Artifact.fromDataFrame(bad, { key: 'bad.parquet', schema: 'Donors' });
    const error = await refused(() => artifact.save());
    expect(error.name).toBe('ValidationError');
    expect(error.message).toMatch(/^The dataset is not valid for the schema "Donors"\./);
    expect(error.message).toContain('age');
    expect(error.message).toContain("'K cell'");
    expect(await ln.Artifact.filter().count()).toBe(before);
  });

  it('may be a file: a table, AnnData, or a built-in schema by its name', async () => {
    writeFileSync(join(here, 'good.csv'), 'donor,age,kind\na,1,T cell\n');
    const table = await (await ln.Artifact.fromDataFrame('good.csv', { schema })).save();
    expect(table).toMatchObject({ key: 'good.csv', otype: 'DataFrame', schema_id: schema.id });
    const bytes = await h5adBytes({
      obsNames: ['c1', 'c2'],
      varNames: ['g1'],
      category: { name: 'kind', categories: ['T cell', 'B cell'], codes: [0, 1] },
      number: { name: 'n', values: [1, 2] },
    } as Parameters<typeof h5adBytes>[0]);
    writeFileSync(join(here, 'cells.h5ad'), bytes);
    const cells = await (await ln.Artifact.fromAnndata('cells.h5ad', { schema: 'Cells' })).save();
    expect((await cells.schema)?.name).toBe('Cells');
    const held = new Blob([bytes as Uint8Array<ArrayBuffer>]);
    const again = await (await ln.Artifact.fromAnndata(held, { key: 'more.h5ad', schema: 'Cells' })).save();
    expect(again.id).toBe(cells.id);
    const built = await (
      await ln.Artifact.fromDataFrame([{ donor: 'z', other: 1 }], {
        key: 'z.parquet',
        schema: 'valid_features',
      })
    ).save();
    expect((await built.schema)?.uid).toBe('0000000000000000');
    expect(await refused(() => ln.Artifact.fromAnndata('good.csv'))).toMatchObject({
      name: 'InvalidArgument',
    });
    expect(await refused(() => ln.Artifact.fromMudata(good as never, { key: 'x.h5mu' }))).toMatchObject({
      name: 'TypeError',
    });
    const nobody = await ln.Artifact.fromDataFrame(good, { key: 'n.parquet', schema: 'Nobody' });
    expect(await refused(() => nobody.save())).toMatchObject({ name: 'DoesNotExist' });
  });

  it('stands beside its schema in a curator', async () => {
    const curator = new ln.curators.DataFrameCurator(bad, schema);
    expect(curator.result).toBeNull();
    expect(await refused(() => curator.validate())).toMatchObject({ name: 'ValidationError' });
    expect(
      curator.result?.findings.some(
        ({ column, values }) => column === 'kind' && values[0]?.standard === 'T cell',
      ),
    ).toBe(true);
    expect((await curator.inspect()).ok).toBe(false);
    expect(await refused(() => curator.saveArtifact({ key: 'c.parquet' }))).toMatchObject({
      name: 'ValidationError',
    });
    const fine = ln.curators.DataFrameCurator(
      good.map((row) => ({ ...row, age: row.age + 10 })),
      'Donors',
    );
    await fine.validate();
    const artifact = await fine.saveArtifact({ key: 'c.csv', description: 'curated' });
    expect(artifact).toMatchObject({ key: 'c.csv', description: 'curated', schema_id: schema.id });
    const wrongKind = new ln.curators.AnnDataCurator('cells.h5ad', 'Donors');
    expect((await refused(() => wrongKind.validate())).message).toContain('The schema is for');
  });
});

describe('schemas', () => {
  it('[row 47] take optional members, an index, rules, and slots', async () => {
    const [donor, age] = await Promise.all(['donor', 'age'].map((name) => ln.Feature.get({ name })));
    const made = await ln
      .Schema({
        name: 'Marked',
        features: [age?.withConfig({ optional: true })],
        index: donor,
        ordered_set: true,
        coerce: true,
      })
      .save();
    expect(made).toMatchObject({ n_members: 2, ordered_set: true, coerce: true, itype: 'Feature' });
    expect(await made.features.toList('name')).toEqual(['donor', 'age']);
    const parts = await ln
      .Schema({ name: 'Parts', otype: 'AnnData', slots: { obs: made, uns: schema } })
      .save();
    expect(await parts.components.toList('name')).toEqual(['Donors', 'Marked']);
    expect(await parts.describe()).toContain('obs');
    const error = await refused(() =>
      ln.Schema({ name: 'x', features: [age?.withConfig({ optional: true }), 'nobody'] as never }).save(),
    );
    expect(error.name).toBe('DoesNotExist');
  });
});

describe('synonyms', () => {
  it('are added and removed, and refused where they mean another row', async () => {
    const cell = await ln.bionty.CellType.get({ name: 'B cell' });
    await cell.addSynonym(['B lymphocyte', 'B-cell', 'B cell']);
    expect(cell.synonyms).toBe('B lymphocyte|B-cell');
    expect(await ln.bionty.CellType.standardize(['b-CELL', 'T lymphocyte'])).toEqual(['B cell', 'T cell']);
    expect(await refused(() => cell.addSynonym('T lymphocyte'))).toMatchObject({ name: 'ValidationError' });
    expect(await refused(() => cell.addSynonym('T cell'))).toMatchObject({ name: 'ValidationError' });
    expect(await refused(() => cell.addSynonym('a|b'))).toMatchObject({ name: 'ValueError' });
    await cell.addSynonym('T lymphocyte', { force: true });
    await cell.removeSynonym(['T lymphocyte', 'B-cell']);
    expect((await ln.bionty.CellType.get({ name: 'B cell' })).synonyms).toBe('B lymphocyte');
  });
});
