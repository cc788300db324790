// Fixes and findings in words.
import type { CastTo, Fix } from '../workers/curation-wire.ts';
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
