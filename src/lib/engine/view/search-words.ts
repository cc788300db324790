// What the search box of a list asks: every word is in some text of the row, or begins its uid.
import type { Model, Table } from '../model/types.ts';
import type { FilterGroup, FilterNode } from './view.ts';

/** Long or technical texts that nobody looks for by a word of a list. */
const unsearched = new Set(['uid', 'hash', 'md5', 'source_code', 'content', 'region', 'instance_uid']);

/** Text fields that are searched, in the order of the model. */
export function searchedFields(table: Table): string[] {
  return table.columns
    .filter((c) => (c.type === 'varchar' || c.type === 'text') && !c.name.startsWith('_'))
    .map((c) => c.name)
    .filter((name) => !unsearched.has(name));
}

export const canSearch = (_model: Model, table: Table): boolean =>
  searchedFields(table).length > 0 || table.column.has('uid');

export const searchWords = (search: string): string[] =>
  search.trim().split(/\s+/).filter(Boolean).slice(0, 12);

/** One group per word; empty for no words. */
export function searchConditions(table: Table, search: string): FilterGroup[] {
  return searchWords(search).map((word) => {
    const items: FilterNode[] = searchedFields(table).map((field) => ({
      kind: 'test',
      field,
      op: 'icontains',
      value: word,
    }));
    if (table.column.has('uid')) items.push({ kind: 'test', field: 'uid', op: 'istartswith', value: word });
    return { kind: 'any', items };
  });
}
