// Sentences of findings: what is wrong, which values, what to do. Lists are cut, since a table may have thousands.
import type { DtypeFault } from './check-dtype.ts';
import type { FindingValue } from './finding.ts';
import { firstRows, mostValues } from './finding.ts';
import type { ValueRead } from './frame.ts';

const shown = 5;

/** 'a', 'b', 'c' and 4 more. */
export function listed(names: readonly string[]): string {
  const few = names.slice(0, shown).map((name) => `'${clip(name)}'`);
  const more = names.length - few.length;
  return few.join(', ') + (more > 0 ? ` and ${more.toLocaleString('en')} more` : '');
}

export const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** "rows 1, 5 and 9" as people count them: the header is no row. */
export function rowsText(rows: readonly number[], cells: number): string {
  if (rows.length === 0) return '';
  const few = rows.slice(0, firstRows).map((row) => (row + 1).toLocaleString('en'));
  const more = cells - few.length;
  return ` (${few.length === 1 && more <= 0 ? 'row' : 'rows'} ${few.join(', ')}${more > 0 ? ', …' : ''})`;
}

/** How a column's type is told to people: with pandas' word where it says more. */
export function dtypeText(dtype: string): string {
  if (dtype === 'object' || dtype === 'string') return 'text or mixed values (object)';
  if (dtype === 'category') return 'categories (category)';
  if (dtype === 'bool' || dtype === 'boolean') return `true and false (${dtype})`;
  if (/^u?int/i.test(dtype)) return `whole numbers (${dtype})`;
  if (/^float/i.test(dtype)) return `numbers (${dtype})`;
  if (dtype.startsWith('datetime64')) return `times (${dtype})`;
  return dtype;
}

export function dtypeMessage(
  place: string,
  asked: string,
  dtype: string,
  fault: DtypeFault,
  coerces: boolean,
): string {
  const cells = fault.values.reduce((sum, { count: n }) => sum + n, 0);
  const rows = fault.values.flatMap((value) => value.rows).sort((a, b) => a - b);
  const which =
    fault.values.length > 0
      ? `: ${listed(fault.values.map((value) => value.text))}${rowsText(rows, cells)}`
      : `: it holds ${dtypeText(dtype)}`;
  if (fault.coerced) return `${place} cannot be read as ${asked}${which}. Mend these values in the file.`;
  const hint = coerces ? 'Save the values in that type' : hints(asked);
  return `${place} is no ${asked}${which}. ${hint}.`;
}

function hints(asked: string): string {
  if (asked.startsWith('cat['))
    return 'Save the column as categories, or set coerce on the feature, so that texts are taken as categories';
  if (asked.startsWith('list[')) return 'Save a list in each cell, or choose another dtype for the feature';
  return 'Save the values in that type, or set coerce on the feature, so that they are converted';
}

/** Values of a finding, most frequent first, cut to what a finding keeps. */
export function valuesOf(read: readonly ValueRead[]): FindingValue[] {
  return [...read]
    .sort((a, b) => b.count - a.count || (a.rows[0] ?? 0) - (b.rows[0] ?? 0))
    .slice(0, mostValues)
    .map(({ text, count: n, rows }) => ({
      text,
      count: n,
      rows: rows.slice(0, firstRows),
      standard: null,
      inPublic: null,
      suggestions: [],
    }));
}
