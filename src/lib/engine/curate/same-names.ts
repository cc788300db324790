// Names of rows that fixes made equal. LaminDB lets them pass and anndata only warns when the file is read, so whoever maps two
// names to one hears of it while the choice can be taken back.
import { finding } from './check-table.ts';
import type { Finding } from './finding.ts';
import { firstRows, mostValues } from './finding.ts';
import { count, listed } from './words.ts';

/** Null where no two names became one that were different before. */
export function sameNames(slot: string, before: readonly string[], after: readonly string[]): Finding | null {
  const places = new Map<string, number[]>();
  for (const [at, name] of after.entries()) {
    const own = places.get(name);
    if (own === undefined) places.set(name, [at]);
    else own.push(at);
  }
  const same = [...places].filter(([, rows]) => new Set(rows.map((at) => before[at])).size > 1);
  if (same.length === 0) return null;
  const rows = same.reduce((sum, [, own]) => sum + own.length, 0);
  const message = `${count(same.length, 'name')} now ${same.length === 1 ? 'stands' : 'stand'} for ${count(rows, 'row')}: ${listed(same.map(([name]) => name))}. anndata asks for names that differ; take a fix back, or go on if they are meant to be one.`;
  return {
    ...finding({ slot }, 'names', null, null, message),
    values: same.slice(0, mostValues).map(([text, own]) => ({
      text,
      count: own.length,
      rows: own.slice(0, firstRows),
      standard: null,
      inPublic: null,
      suggestions: [],
    })),
    valueCount: same.length,
  };
}
