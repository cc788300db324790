// Our validation beside lamindb's own curators: the same files against the same schemas of the same database, with the same
// verdict, the same columns at fault and the same values that no registry has. Python writes the files and says what it thinks.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ValidationResult } from '../../src/lib/engine/curate/finding.ts';
import { openedEngine } from './opened.ts';
import { python, pythonInstance, whyNot } from './python.ts';
import { differences, validateFile, type Case } from './validate-cases.ts';

const here = dirname(fileURLToPath(import.meta.url));

describe.skipIf(python === null)(`validation${whyNot}`, () => {
  let cases: Case[] = [];
  const ours = new Map<Case, ValidationResult | Error>();

  beforeAll(async () => {
    const theirs = pythonInstance();
    const files = join(theirs.folder, 'files');
    const shared = process.env.LOAM_FIXTURES;
    const fixtures = shared ? [join(shared, 'fixtures')] : [];
    const out = theirs.script(join(here, 'python/validate.py'), files, ...fixtures);
    ({ cases } = JSON.parse(out.slice(out.indexOf('{"cases"'))) as { cases: Case[] });
    const database = new Uint8Array(readFileSync(join(theirs.storage, '.lamindb', 'lamin.db')));
    const { engine } = await openedEngine(database);
    for (const one of cases)
      ours.set(one, await validateFile(engine, files, one).catch((error: unknown) => error as Error));
  }, 600_000);

  it('[row 43] says of tables what lamindb says: verdict, columns at fault, unknown values', () => {
    const tables = cases.filter(({ file }) => /\.(parquet|csv|tsv|feather|rows\.json)$/.test(file));
    expect(new Set(tables.map(({ file }) => file)).size).toBeGreaterThan(150);
    // Both verdicts are there, and each way of failing.
    expect(tables.filter(({ ok }) => ok).length).toBeGreaterThan(50);
    const faults = new Set(
      tables.flatMap(({ slots }) =>
        Object.values(slots).flatMap((slot) => (slot.faults ?? []).map(([check]) => check)),
      ),
    );
    expect([...faults].sort()).toEqual(
      expect.arrayContaining([
        'COLUMN_NOT_IN_DATAFRAME',
        'COLUMN_NOT_IN_SCHEMA',
        'COLUMN_NOT_ORDERED',
        'DATAFRAME_CHECK',
        'DATATYPE_COERCION',
        'MISMATCH_INDEX',
        'SERIES_CONTAINS_NULLS',
        'WRONG_DATATYPE',
      ]),
    );
    expect(tables.flatMap((one) => differences(one, ours.get(one) ?? new Error('not asked')))).toEqual([]);
  });

  const of = (pattern: RegExp, ...without: string[]): Case[] =>
    cases.filter(({ file, key }) => pattern.test(file) && !without.includes(key));
  const compared = (some: Case[]): string[] =>
    some.flatMap((one) => differences(one, ours.get(one) ?? new Error('not asked')));

  it('[row 48] says of the slots of AnnData, MuData and SpatialData what lamindb says', () => {
    // lamindb fails on every schema whose members are genes; those are asked for here.
    const stores = of(/\.(h5ad|zarr|h5mu)$/, 'ann_members');
    for (const pattern of [/h5ad$/, /ann_.*zarr$/, /h5mu$/, /sd_.*zarr$/]) {
      const some = of(pattern, 'ann_members');
      expect(some.filter(({ ok }) => ok).length, String(pattern)).toBeGreaterThan(0);
      expect(some.filter(({ ok }) => !ok).length, String(pattern)).toBeGreaterThan(3);
    }
    expect(compared(stores)).toEqual([]);
  });

  it('[row 48] asks for the genes that a schema names, on which lamindb fails', () => {
    const some = cases.filter(({ key }) => key === 'ann_members');
    expect(new Set(some.map(({ slots }) => slots['']?.error))).toEqual(new Set(['AttributeError']));
    const verdicts = new Map(some.map((one) => [one.file, ours.get(one) as ValidationResult]));
    expect(verdicts.get('ann_good.h5ad')?.ok).toBe(true);
    expect(verdicts.get('ann_unknown_genes.h5ad')?.findings[0]).toMatchObject({
      kind: 'missing_column',
      values: [{ text: 'ENSG00000000002' }, { text: 'ENSG00000000003' }],
    });
  });

  it('[row 43] what lamindb lets pass without a word is a notice', () => {
    const said = (file: string, key: string): ValidationResult =>
      ours.get(cases.find((one) => one.file === file && one.key === key) as Case) as ValidationResult;
    const genes = said('ann_unknown_genes.h5ad', 'ann_genes');
    expect(genes).toMatchObject({ ok: true, counts: { errors: 0, notices: 1 } });
    expect(genes.findings[0]).toMatchObject({
      severity: 'notice',
      kind: 'names',
      slot: 'var.T',
      check: null,
    });
    expect(genes.findings[0]?.values.map(({ text }) => text)).toEqual(['NOTAGENE1', 'ENSG00000000999']);
    const columns = said('table_unknown_only.parquet', 'valid_features');
    expect(columns).toMatchObject({ ok: true, counts: { errors: 0, notices: 1 } });
    expect(columns.findings[0]?.values.map(({ text }) => text)).toEqual(['foo', 'bar']);
  });
});
