// What lamindb's curators said of a dataset, and whether ours says the same: the verdict of every slot, the columns at fault
// by what is wrong with them, and the values that no registry has.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../src/lib/engine/index.ts';
import type { Finding, ValidationResult } from '../../src/lib/engine/curate/finding.ts';
import { readDataset, type ReadInput, type RowsTable } from '../../src/lib/formats/curate/read-dataset.ts';
import { fileSource, folderSource } from '../fixtures/sources.ts';

export interface Case {
  file: string;
  schema: string;
  key: string;
  ok: boolean;
  slots: Record<
    string,
    {
      ok: boolean;
      error?: string;
      message?: string;
      faults?: [string, string][];
      terms?: Record<string, string[]>;
    }
  >;
}

/** Pandera's keys that mean the same to a person: the column's values are of another type. */
const kinds: Record<string, string> = {
  WRONG_DATATYPE: 'dtype',
  DATATYPE_COERCION: 'dtype',
  DATAFRAME_CHECK: 'dtype',
  CHECK_ERROR: 'dtype',
  SERIES_CONTAINS_NULLS: 'nulls',
};

export async function validateFile(engine: Engine, folder: string, one: Case): Promise<ValidationResult> {
  const path = one.file.startsWith('fixtures:')
    ? join(process.env.LOAM_FIXTURES ?? '', 'fixtures/bio', one.file.slice('fixtures:'.length))
    : join(folder, one.file);
  const input = inputOf(path);
  return engine.validateDataset(one.schema, (asks) => readDataset(input, one.file, asks));
}

function inputOf(path: string): ReadInput {
  if (path.endsWith('.rows.json'))
    return { rows: { columns: JSON.parse(readFileSync(path, 'utf8')) as RowsTable['columns'] } };
  return statSync(path).isDirectory() ? folderSource(path) : fileSource(path);
}

/** What differs, in words; empty where all is the same. */
export function differences(one: Case, ours: ValidationResult | Error): string[] {
  const said: string[] = [];
  const label = `${one.file} × ${one.key}`;
  const ok = !(ours instanceof Error) && ours.ok;
  if (ok !== one.ok)
    return [
      `${label}: lamindb ${one.ok ? 'accepts' : 'refuses'}, we ${ok ? 'accept' : 'refuse'}: ${told(one, ours)}`,
    ];
  if (ours instanceof Error) return [];
  for (const [slot, theirs] of Object.entries(one.slots)) {
    const own = ours.findings.filter((finding) => finding.slot === slot && finding.severity === 'error');
    if (slot !== '' && theirs.ok !== (own.length === 0)) said.push(`${label}, ${slot}: ${told(one, ours)}`);
    // What is no dictionary is a table of one odd column to lamindb; here it is told as what it is.
    else if (own.some(({ kind }) => kind === 'slot')) continue;
    else if (theirs.faults) {
      const wanted = new Set(theirs.faults.map(([check, column]) => `${kinds[check] ?? check} ${column}`));
      const got = new Set(own.filter(isShape).map((finding) => shapeOf(finding)));
      if ([...wanted].sort().join() !== [...got].sort().join())
        said.push(`${label}, ${slot}: lamindb ${[...wanted].join(', ')}; we ${[...got].join(', ')}`);
    } else if (theirs.terms) {
      const got = Object.fromEntries(
        own
          .filter(({ kind }) => kind === 'terms' || kind === 'names' || kind === 'index')
          .map((finding) => [
            finding.kind === 'names' ? 'columns' : finding.kind === 'index' ? 'index' : finding.column,
            finding.valueCount > finding.values.length
              ? finding.valueCount
              : finding.values.map(({ text }) => text).sort(),
          ]),
      );
      const wanted = Object.fromEntries(
        Object.entries(theirs.terms).map(([column, values]) => [
          column === 'var_index' ? 'columns' : column,
          values.length > 1000 ? values.length : [...values].sort(),
        ]),
      );
      if (JSON.stringify(sorted(wanted)) !== JSON.stringify(sorted(got)))
        said.push(
          `${label}, ${slot}: lamindb ${JSON.stringify(wanted).slice(0, 300)}; we ${JSON.stringify(got).slice(0, 300)}`,
        );
    }
  }
  return said;
}

const sorted = (values: Record<string, unknown>): [string, unknown][] =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));

/** What pandera would tell, and not what is looked up in registries. */
const isShape = ({ check }: Finding): boolean =>
  check !== null && (check in kinds || check.startsWith('COLUMN_') || check === 'MISMATCH_INDEX');

function shapeOf({ check, column, kind }: Finding): string {
  return `${kinds[check ?? ''] ?? check} ${kind === 'index' ? '<index>' : (column ?? '')}`;
}

function told(one: Case, ours: ValidationResult | Error): string {
  const theirs = Object.entries(one.slots)
    .filter(([, slot]) => !slot.ok)
    .map(
      ([slot, { error, message, faults, terms }]) =>
        `${slot} ${error} ${JSON.stringify(faults ?? terms ?? message)}`,
    );
  const own =
    ours instanceof Error
      ? ours.message
      : ours.findings.filter((f) => f.severity === 'error').map((f) => f.message);
  return `lamindb: ${theirs.join('; ').slice(0, 400)} | we: ${String(own).slice(0, 400)}`;
}
