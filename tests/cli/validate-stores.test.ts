// MuData and SpatialData against a schema, from a shell and in code: files of a generator, and real ones where LOAM_FIXTURES has
// them (mudata 0.4.1's own and spatialdata 0.7's blobs).
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withInstance } from '../../cli/instance.ts';
import { connect, type Ln } from '../../cli/ln.ts';
import { h5muBytes } from '../fixtures/write-h5ad.ts';
import { spatialData, type AnnDataFacts } from '../fixtures/write-zarr.ts';
import { refusal } from '../unit/memory-engine.ts';
import { inProcess, scratch } from './run.ts';

const here = scratch();
const run = (...args: string[]) => inProcess(here, args);
const cells = (kinds: string[], more: Partial<AnnDataFacts> = {}): AnnDataFacts => ({
  obsNames: ['c1', 'c2', 'c3'],
  varNames: ['CD8A', 'CD4'],
  category: { name: 'kind', categories: kinds, codes: [0, 1, 0] },
  number: { name: 'n', values: [1, 2, 3] },
  ...more,
});
const right = ['T cell', 'B cell'];
const wrong = ['T lymphocyte', 'K cell'];

function written(files: readonly { path: string; bytes: Uint8Array }[]): void {
  for (const { path, bytes } of files) {
    mkdirSync(dirname(join(here, path)), { recursive: true });
    writeFileSync(join(here, path), bytes);
  }
}

beforeAll(async () => {
  await run('init', '--name', 'lab');
  await withInstance({ cwd: here }, ({ engine: e }) => {
    e.create('bionty.CellType', { name: 'T cell', synonyms: 'T lymphocyte' });
    e.create('bionty.CellType', { name: 'B cell' });
    e.create('bionty.Organism', { name: 'human', ontology_id: 'NCBITaxon:9606' });
    for (const [symbol, id] of [
      ['CD8A', 'ENSG00000153563'],
      ['CD4', 'ENSG00000010610'],
    ] as const)
      e.create('bionty.Gene', { symbol, ensembl_gene_id: id, organism: 'human' });
    const feature = (name: string, dtype: string, more = {}) => ({
      id: e.create('Feature', { name, dtype, ...more }, { searchNames: false }).id,
    });
    const part = (name: string, fields: Record<string, unknown>) => ({
      id: e.create('Schema', { name, ...fields }).id,
    });
    const obs = part('obs of cells', {
      features: [feature('kind', 'cat[bionty.CellType]'), feature('n', 'float')],
    });
    const genes = part('genes', { itype: 'bionty.Gene.symbol', maximal_set: true });
    e.create('Schema', {
      name: 'Modalities',
      otype: 'MuData',
      slots: { 'rna:obs': obs, 'rna:var.T': genes, 'protein:obs': obs },
    });
    const study = part('study', { features: [feature('study', 'str')] });
    e.create('Schema', {
      name: 'Places',
      otype: 'SpatialData',
      slots: { attrs: study, 'tables:cells:obs': obs, 'tables:cells:var.T': genes },
    });
  });
  const protein = { varNames: ['P1'] };
  writeFileSync(
    join(here, 'right.h5mu'),
    await h5muBytes({ rna: cells(right), protein: cells(right, protein) }),
  );
  writeFileSync(
    join(here, 'wrong.h5mu'),
    await h5muBytes({ rna: cells(right, { varNames: ['CD8A', 'CD4x'] }), protein: cells(wrong, protein) }),
  );
  written(spatialData('right.zarr', { cells: cells(right) }));
  written(spatialData('wrong.zarr', { cells: cells(wrong) }));
  written(spatialData('bare.zarr', { others: cells(right) }));
});

describe('[row 43] MuData and SpatialData against a schema, from a shell', () => {
  it('are valid where all their parts are', async () => {
    const mudata = await run('validate', 'right.h5mu', '--schema', 'Modalities');
    expect(mudata.out.split('\n')).toEqual([
      'right.h5mu: valid for schema "Modalities"',
      '  rna:obs: valid, 3 rows, 2 columns, 2 known',
      '  rna:var.T: valid, 0 rows, 2 columns, 2 known',
      '  protein:obs: valid, 3 rows, 2 columns, 2 known',
    ]);
    const spatial = await run('validate', 'right.zarr', '--schema', 'Places');
    expect(spatial.out).toMatch(/^right\.zarr: valid for schema "Places"\n {2}attrs: valid, 1 row, /);
    expect([mudata.code, spatial.code]).toEqual([0, 0]);
  });

  it('tell what is wrong in which part', async () => {
    const mudata = await run('validate', 'wrong.h5mu', '--schema', 'Modalities');
    expect(mudata.code).toBe(1);
    expect(mudata.out).toMatch(/^ {2}rna:obs: valid/m);
    expect(mudata.out).toMatch(/^ {2}protein:obs: not valid/m);
    expect(mudata.out).toMatch(/'T lymphocyte' \(2 cells\) → 'T cell'/);
    expect(mudata.out).toContain("'CD4x'");
    const spatial = await run('validate', 'wrong.zarr', '--schema', 'Places', '--json');
    expect(spatial.code).toBe(1);
    expect(JSON.parse(spatial.out)).toMatchObject({
      ok: false,
      slots: [
        { slot: 'attrs', ok: true },
        { slot: 'tables:cells:obs', ok: false },
        { slot: 'tables:cells:var.T', ok: true },
      ],
      findings: [{ kind: 'terms', slot: 'tables:cells:obs', column: 'kind' }],
    });
    const bare = await run('validate', 'bare.zarr', '--schema', 'Places');
    expect(bare.out).toContain("no table 'cells'");
    expect(bare.out).toContain('others');
  });

  it('are told apart', async () => {
    expect((await run('validate', 'right.zarr', '--schema', 'Modalities')).out).toContain(
      'The schema is for MuData, but this is SpatialData',
    );
    expect((await run('validate', 'right.h5mu', '--schema', 'Places')).out).toContain(
      'The schema is for SpatialData, but this is MuData',
    );
  });
});

describe('[row 51] MuData and SpatialData saved under a schema, in code', () => {
  let ln: Ln;
  let close = (): void => {};
  beforeAll(async () => {
    ({ ln, close } = await connect(here, { tell: () => {} }));
  });
  afterAll(() => close());

  it('are saved where they are valid, with what was found in each part', async () => {
    const mudata = await (await ln.Artifact.fromMudata('right.h5mu', { schema: 'Modalities' })).save();
    expect(mudata).toMatchObject({ key: 'right.h5mu', otype: 'MuData', suffix: '.h5mu' });
    expect(await mudata.schemas.count()).toBe(3);
    expect(await mudata.cell_types.toList('name')).toEqual(['T cell', 'B cell']);
    const spatial = await (await ln.Artifact.fromSpatialdata('right.zarr', { schema: 'Places' })).save();
    expect(spatial).toMatchObject({ key: 'right.zarr', otype: 'SpatialData' });
    expect((await spatial.schema)?.name).toBe('Places');
    expect(await spatial.cell_types.toList('name')).toEqual(['T cell', 'B cell']);
    expect(spatial.n_files).toBe(spatialData('x', { cells: cells(right) }).length);
  });

  it('are refused where they are not, and leave nothing', async () => {
    const before = await ln.Artifact.filter().count();
    const mudata = await ln.Artifact.fromMudata('wrong.h5mu', { schema: 'Modalities' });
    const spatial = await ln.Artifact.fromSpatialdata('wrong.zarr', { schema: 'Places' });
    expect((await refusal(() => mudata.save())).message).toContain("'K cell'");
    expect((await refusal(() => spatial.save())).message).toContain("'K cell'");
    expect(await ln.Artifact.filter().count()).toBe(before);
    const curator = new ln.curators.SpatialDataCurator('wrong.zarr', 'Places');
    expect(await refusal(() => curator.validate())).toMatchObject({ name: 'ValidationError' });
    expect(curator.result?.slots.map(({ slot, ok }) => [slot, ok])).toEqual([
      ['attrs', true],
      ['tables:cells:obs', false],
      ['tables:cells:var.T', true],
    ]);
    await new ln.curators.MuDataCurator('right.h5mu', 'Modalities').validate();
  });
});

const bio = resolve(process.env['LOAM_FIXTURES'] ?? '../shared', 'fixtures/bio');
const mudata = join(bio, 'h5ad/mudata_v0.4.1_axis0.h5mu');
const blobs = join(bio, 'zarr/spatialdata_0.7_blobs.sdata.zarr');
const there = existsSync(mudata) && existsSync(blobs);

describe.skipIf(!there)(
  `[row 43] real files${there ? '' : ` (skipped: none below ${bio}, set LOAM_FIXTURES)`}`,
  () => {
    const tables = there ? readdirSync(join(blobs, 'tables')) : [];
    const table = tables.find((name) => existsSync(join(blobs, 'tables', name, 'obs/region'))) ?? '';
    beforeAll(async () => {
      await withInstance({ cwd: here }, ({ engine: e }) => {
        const feature = (name: string, dtype: string) => ({
          id: e.create('Feature', { name, dtype }, { searchNames: false }).id,
        });
        const part = (name: string, features: { id: unknown }[]) => ({
          id: e.create('Schema', { name, features }).id,
        });
        const variables = part('variables', [feature('feature_type', 'str'), feature('assert-bool', 'bool')]);
        e.create('Schema', {
          name: 'Real modalities',
          otype: 'MuData',
          slots: { 'mod1:var': variables, 'mod2:var': variables },
        });
        const strict = part('no such type', [feature('assert-boolean-1', 'float')]);
        e.create('Schema', {
          name: 'Odd modalities',
          otype: 'MuData',
          slots: { 'mod1:var': strict, 'mod3:obs': strict },
        });
        const places = part('places', [feature('region', 'str'), feature('instance_id', 'int')]);
        e.create('Schema', {
          name: 'Real places',
          otype: 'SpatialData',
          slots: { [`tables:${table}:obs`]: places },
        });
      });
    });

    it('of mudata', async () => {
      const { code, out } = await run('validate', mudata, '--schema', 'Real modalities');
      expect(out).toMatch(
        /: valid for schema "Real modalities" \(2 notices\)\n {2}mod1:var: valid, 20 rows, 3 columns, 2 known\n {2}mod2:var: valid, 30 rows, /,
      );
      expect(code).toBe(0);
      const odd = await run('validate', mudata, '--schema', 'Odd modalities');
      expect(odd.code).toBe(1);
      expect(odd.out).toContain('assert-boolean-1');
      expect(odd.out).toContain("no modality 'mod3'");
    });

    it('of spatialdata', async () => {
      expect(readFileSync(join(blobs, 'zarr.json'), 'utf8')).toContain('spatialdata_attrs');
      const { code, out } = await run('validate', blobs, '--schema', 'Real places');
      expect(out).toMatch(
        new RegExp(
          `: valid for schema "Real places"\\n {2}tables:${table}:obs: valid, \\d+ rows, 2 columns, 2 known`,
        ),
      );
      expect(code).toBe(0);
    });
  },
);
