// The names Django gives to indexes and constraints (5.2, `_create_index_name`): LaminDB's migrations drop some of
// them by name, so a database made here must carry exactly the same ones.

import { md5Hex } from '../md5.ts';

/** Longest name per backend: Django's own limit on SQLite, the server's limit on Postgres. */
export const nameLimit = { sqlite: 200, postgres: 63 } as const;

/** Suffix: '' plain index, '_uniq' unique, '_like' Postgres pattern index, '_fk_<table>_<column>' foreign key. */
export function djangoName(
  table: string,
  columns: readonly string[],
  suffix = '',
  limit: number = nameLimit.sqlite,
): string {
  const joined = columns.join('_');
  let tail = md5Hex(table + columns.join('')).slice(0, 8) + suffix;
  const name = `${table}_${joined}_${tail}`;
  if (name.length <= limit) return name;
  if (tail.length > limit / 3) tail = tail.slice(0, Math.floor(limit / 3));
  const part = Math.floor((limit - tail.length) / 2) - 1;
  return `${table.slice(0, part)}_${joined.slice(0, part)}_${tail}`;
}
