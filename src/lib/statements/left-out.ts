// Columns that a copy of a table does not have: they stand in it, beside its rows.
import type { LeftOutColumn } from '../formats/table-batches.ts';

/** Under this name the columns that are not in a copy stand in it. */
export const leftOutKey = 'loam:left_out';

/** The columns that a copy says are not in it. A stranger's file may say anything. */
export function leftOutOf(note: string | undefined): LeftOutColumn[] {
  try {
    const said: unknown = JSON.parse(note ?? '[]');
    const isOne = (one: unknown): one is LeftOutColumn =>
      typeof (one as LeftOutColumn | null)?.column === 'string' &&
      typeof (one as LeftOutColumn).why === 'string';
    return Array.isArray(said) ? said.filter(isOne).slice(0, 1000) : [];
  } catch {
    return [];
  }
}
