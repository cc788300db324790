// `loam validate` as a person and a script meet it: tables and AnnData against a schema of the database, what is wrong in
// words or as JSON, and an exit code to stop at.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { withInstance } from '../../cli/instance.ts';
import { h5adBytes } from '../fixtures/write-h5ad.ts';
import { writeParquet } from '../fixtures/write-parquet.ts';
import { inProcess, loam, scratch } from './run.ts';

describe('[row 43] a dataset against a schema, from a shell', () => {
  const here = scratch();
  const run = (...args: string[]) => inProcess(here, args);

  beforeAll(async () => {
    await run('init', '--name', 'lab');
    await withInstance({ cwd: here }, ({ engine }) => {
      engine.create('bionty.CellType', { name: 'T cell', synonyms: 'T lymphocyte' });
      engine.create('bionty.CellType', { name: 'B cell' });
      const feature = (name: string, dtype: string, more = {}) => {
        const made = engine.create('Feature', { name, dtype, ...more }, { searchNames: false });
        return { id: made.id };
      };
      const donor = feature('donor', 'str', { nullable: false });
      const age = feature('age', 'int');
      const kind = feature('kind', 'cat[bionty.CellType]', { coerce: true });
      engine.create('Schema', {
        name: 'Donors',
        otype: 'DataFrame',
        features: [donor, age, { feature: kind, optional: true }],
      });
      const obs = engine.create('Schema', { name: 'cells', features: [kind] });
      engine.create('Schema', { name: 'Cells', otype: 'AnnData', slots: { obs: { id: obs.id } } });
    });
    writeFileSync(join(here, 'good.csv'), 'donor,age,kind\na,1,T cell\nb,2,B cell\n');
    writeFileSync(join(here, 'bad.csv'), 'donor,kind,note\na,T lymphocyte,x\n,T-cell,y\na,T-cell,y\n');
    mkdirSync(join(here, 'd'));
    writeFileSync(
      join(here, 'd', 'ages.parquet'),
      writeParquet([
        { name: 'donor', type: 'string', values: ['a', 'b'] },
        { name: 'age', type: 'double', values: [1, 2] },
      ]),
    );
    const data = {
      obsNames: ['c1', 'c2'],
      varNames: ['g1'],
      category: { name: 'kind', categories: ['T cell', 'K cell'], codes: [0, 1] },
      number: { name: 'n', values: [1, 2] },
    };
    writeFileSync(join(here, 'cells.h5ad'), await h5adBytes(data as Parameters<typeof h5adBytes>[0]));
  });

  it('says that a file is valid, and ends with 0', async () => {
    const { code, out } = await run('validate', 'good.csv', '--schema', 'Donors');
    expect(out.split('\n')).toEqual([
      'good.csv: valid for schema "Donors"',
      '  columns: valid, 2 rows, 3 columns, 3 known',
    ]);
    expect(code).toBe(0);
  });

  it('tells what is wrong, where, and what a name stands for, and ends with 1', async () => {
    const { code, out, err } = await run('validate', 'bad.csv', '--schema', 'Donors');
    expect(code).toBe(1);
    expect(err).toBe('');
    expect(out).toMatch(/^bad\.csv: not valid for schema "Donors" \(3 problems, 1 notice\)\n/);
    expect(out).toMatch(/^problem {2}age .*missing/m);
    expect(out).toMatch(/^problem {2}donor .*row 2/m);
    expect(out).toMatch(/^problem {2}kind .*'T-cell'/m);
    expect(out).toMatch(/^ {11}'T lymphocyte' \(1 cell\) → 'T cell'$/m);
    expect(out).toMatch(/^ {11}'T-cell' \(2 cells\)$/m);
    expect(out).toMatch(/^notice {3}columns .*'note'/m);
  });

  it('gives everything as JSON for a script', async () => {
    const { code, out } = await run('validate', 'd/ages.parquet', '--schema', 'Donors', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      file: 'd/ages.parquet',
      ok: false,
      schema: { name: 'Donors' },
      findings: [{ severity: 'error', kind: 'dtype', column: 'age', check: 'WRONG_DATATYPE' }],
    });
  });

  it('looks into AnnData, and takes a schema by its uid', async () => {
    const uid = await withInstance(
      { cwd: here },
      ({ engine }) => engine.getRow('Schema', { name: 'Cells' }, ['uid'])[0],
    );
    const { code, out } = await run('validate', 'cells.h5ad', '--schema', String(uid));
    expect(code).toBe(1);
    expect(out).toContain('obs: not valid, 2 rows, 2 columns, 1 known');
    expect(out).toContain("'K cell'");
  });

  it('names what is missing: a schema, a file, a flag', async () => {
    expect(await run('validate', 'good.csv', '--schema', 'Nobody')).toMatchObject({
      code: 1,
      err: expect.stringContaining("Schema 'Nobody' not found"),
    });
    expect(await run('validate', 'gone.csv', '--schema', 'Donors')).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no file or folder'),
    });
    expect(await run('validate', 'good.csv')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--schema'),
    });
    expect(await run('validate', 'good.csv', '--schema', 'Cells')).toMatchObject({
      code: 1,
      out: expect.stringContaining('The schema is for AnnData, but this is DataFrame'),
    });
  });

  it('runs as the program that is installed', () => {
    const { code, out } = loam(here, 'validate', 'cells.h5ad', '--schema', 'Cells', '--json');
    expect(code).toBe(1);
    expect((JSON.parse(out) as { ok: boolean }).ok).toBe(false);
  });
});
