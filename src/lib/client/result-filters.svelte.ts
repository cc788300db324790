// The filters that charts and profiles have put on the rows of the statement that ran last. They belong to that
// statement: another one begins without any.
import { filtered, type ResultFilter } from './result-sql.ts';

let list = $state.raw<readonly ResultFilter[]>([]);
let of = $state('');

const same = (a: ResultFilter, b: Pick<ResultFilter, 'of' | 'column'>) =>
  a.of === b.of && a.column.name === b.column.name;

export const resultFilters = {
  get list(): readonly ResultFilter[] {
    return list;
  },
  /** Those of other places than this one, which shows what it leaves out. */
  but: (place: string): readonly ResultFilter[] => list.filter((one) => one.of !== place),
  from: (place: string): readonly ResultFilter[] => list.filter((one) => one.of === place),

  /** In place of what the same place said about the same column. */
  put(filter: ResultFilter): void {
    list = [...list.filter((one) => !same(one, filter)), filter];
  },
  remove(filter: Pick<ResultFilter, 'of' | 'column'>): void {
    list = list.filter((one) => !same(one, filter));
  },
  /** All that a place put there. */
  drop(place: string): void {
    if (list.some((one) => one.of === place)) list = list.filter((one) => one.of !== place);
  },
  clear(): void {
    if (list.length > 0) list = [];
  },
  /** Another statement takes the filters of the one before away. */
  belongTo(sql: string): void {
    if (of === sql) return;
    of = sql;
    list = [];
  },
  sql: (statement: string): string => filtered(statement, list),
};
