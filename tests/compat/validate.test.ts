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
    const out = theirs.script(join(here, 'python/validate.py'), files);
    ({ cases } = JSON.parse(out.slice(out.indexOf('{"cases"'))) as { cases: Case[] });
    const database = new Uint8Array(readFileSync(join(theirs.storage, '.lamindb', 'lamin.db')));
    const { engine } = await openedEngine(database);
    for (const one of cases)
      ours.set(one, await validateFile(engine, files, one).catch((error: unknown) => error as Error));
  }, 300_000);

  it('[row 43] says of tables what lamindb says: verdict, columns at fault, unknown values', () => {
    const tables = cases.filter(({ file }) => /\.(parquet|csv|tsv)$/.test(file));
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
});
