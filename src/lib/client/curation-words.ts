// Fixes and findings in words.
import type { CastTo, Finding, Fix, ReportFinding } from '../workers/curation-wire.ts';
import { count, plural } from './words.ts';

export function fixWords(fix: Fix): string {
  switch (fix.kind) {
    case 'map': {
      const pairs = Object.entries(fix.values);
      const [first] = pairs;
      if (pairs.length > 1 || !first) return `${plural(pairs.length, 'value')} mapped`;
      return first[1] === '' ? `“${first[0]}” emptied` : `“${first[0]}” → “${first[1]}”`;
    }
    case 'fill':
      return `empty cells filled with “${fix.value}”`;
    case 'rename':
      return `renamed to ${fix.to}`;
    case 'drop':
      return 'removed';
    case 'cast':
      return `converted to ${castWords[fix.to]}`;
  }
}

/** What a column can be converted to, as people call it. */
export const castWords: Record<CastTo, string> = {
  int: 'whole numbers',
  float: 'numbers',
  bool: 'true and false',
  str: 'text',
  category: 'categories',
};

/** What a column has to be converted to for a feature's dtype; null where no conversion makes it that. */
export function castFor(dtype: string): CastTo | null {
  if (dtype.startsWith('cat')) return 'category';
  const known: Record<string, CastTo> = {
    int: 'int',
    float: 'float',
    num: 'float',
    bool: 'bool',
    str: 'str',
  };
  return known[dtype] ?? null;
}

/** "3 rows: 12, 40, 41" as people count them; the header is none. */
export function rowsWords(rows: readonly number[], cells: number | null): string {
  const listed = rows.map((row) => count(row + 1)).join(', ');
  if (cells === null || rows.length === 0) return '';
  return cells > rows.length ? `${listed}, …` : listed;
}

/** The class of a registry without its module, as people call it. */
export const registryWord = (registry: string): string => registry.split('.').pop() ?? registry;

/** "Not valid: 3 problems in 82 cells". */
export function verdictWords(ok: boolean, counts: { errors: number; cells: number }): string {
  return ok ? 'Valid' : `Not valid${counts.errors > 0 ? `: ${problemWords(counts)}` : ''}`;
}

/** "3 problems in 82 cells". */
export function problemWords({ errors, cells }: { errors: number; cells: number }): string {
  return `${plural(errors, 'problem')}${cells > 0 ? ` in ${plural(cells, 'cell')}` : ''}`;
}

/** By slot, then by column, in the order in which they were found. */
export function grouped<F extends { slot: string; column: string | null }>(
  findings: readonly F[],
): { slot: string; column: string | null; findings: F[] }[] {
  const groups: { slot: string; column: string | null; findings: F[] }[] = [];
  for (const finding of findings) {
    const known = groups.find(({ slot, column }) => slot === finding.slot && column === finding.column);
    if (known) known.findings.push(finding);
    else groups.push({ slot: finding.slot, column: finding.column, findings: [finding] });
  }
  return groups;
}

/** What a validation found as a report shows it: rows counted from 1. */
export const shownFindings = (findings: readonly Finding[]): ReportFinding[] =>
  findings.map(({ values, severity, kind, slot, column, message, valueCount, cells }) => ({
    severity,
    kind,
    slot,
    column,
    message,
    valueCount,
    cells,
    values: values.map(({ text, count: n, rows, standard }) => ({
      text,
      cells: n,
      rows: rows.map((row) => row + 1),
      standard,
    })),
  }));
