// `search`: rows whose text fields contain a string, best first, ranked as LaminDB ranks. Candidates come from the index
// of texts where there is one (write/search-index.ts), else from a scan; only they are ranked.
import { LoamError } from '../errors.ts';
import { fieldOrder } from '../model/python-order.ts';
import { findField } from '../model/relations.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { fromWhere } from './compile.ts';
import { among, draft, draftOf, tableOf, type Draft } from './draft.ts';
import { column } from './joins.ts';
import { escapeLike } from './lookups.ts';
import { unknownField } from './paths.ts';
import type { QueryScope } from './prepare.ts';
import type { Query } from './query.ts';
import { ranker } from './rank.ts';
import { possibleHits } from '../write/search-index.ts';

export interface SearchOptions {
  /** One field or several; all text fields otherwise. */
  field?: string | string[];
  /** 20 unless said otherwise; null for all. */
  limit?: number | null;
  caseSensitive?: boolean;
}

export interface RankedRow {
  id: number;
  rank: number;
}

const separator = '\u001f';

/** The text fields of a registry, in LaminDB's order. */
export function textFields(scope: QueryScope, table: Table): string[] {
  return fieldOrder(scope.model, table).columns.filter((name) =>
    ['varchar', 'text'].includes(table.column.get(name)?.type ?? ''),
  );
}

/**
 * The rows in rank order, those of equal rank by id. `query` null searches the whole registry, as
 * `Registry.search` does in LaminDB: all branches and the trash too.
 */
export function* search(
  scope: QueryScope,
  registry: string,
  query: Query | null,
  string: string,
  options: SearchOptions = {},
): Steps<RankedRow[]> {
  const table = tableOf(scope, registry);
  const { caseSensitive = false, limit = 20 } = options;
  const trimmed = string.trim();
  const fields = searchedFields(scope, table, options.field);
  const of = query ? yield* draft(scope, query) : draftOf(scope, { registry }, table, []);
  const rows = yield* found(of, table, fields, trimmed);
  const rank = ranker({ string: trimmed, caseSensitive });
  const ranked: RankedRow[] = [];
  for (const [id, text] of rows) {
    let sum = 0;
    let any = false;
    for (const field of String(text).split(separator)) {
      const points = rank(field);
      if (points === null) continue;
      any = true;
      sum += points;
    }
    if (any) ranked.push({ id: Number(id), rank: sum });
  }
  ranked.sort((a, b) => b.rank - a.rank || a.id - b.id);
  return limit === null ? ranked : ranked.slice(0, limit);
}

function searchedFields(scope: QueryScope, table: Table, asked: SearchOptions['field']): string[] {
  if (asked === undefined || asked === null) return textFields(scope, table);
  const names = Array.isArray(asked) ? asked : [asked];
  return names.map((name) => {
    const field = findField(scope.model, table, name);
    if (!field) throw unknownField(scope.model, table, name);
    if (field.kind === 'column') return field.column.name;
    if (field.column) return field.column.name;
    throw new LoamError('FieldError', `"${name}" is no field to search in.`, { field: name });
  });
}

/** Id and fields of each row that may contain the string, the fields in one text. */
function* found(of: Draft, table: Table, fields: readonly string[], string: string): Steps<SqlValue[][]> {
  const { root } = of.joins;
  const texts = fields.map((name) => `coalesce(${column(root, name)}, '')`);
  const whole = texts.length === 0 ? "''" : texts.join(` || '${separator}' || `);
  const like = `%${escapeLike(string)}%`;
  const params: SqlValue[] = [];
  const hits = possibleHits(of.scope.index, table, string);
  // A long text that is nowhere is sooner seen field by field; the fields of a hit are read anyway.
  const test = texts.map((text) => `${text} LIKE ? ESCAPE '\\'`).join(' OR ');
  if (texts.length > 0) of.wheres.push({ sql: test, params: texts.map(() => like), strict: new Set() });
  if (hits) of.wheres.push(among(of, hits));
  const from = fromWhere(of, params);
  return yield* all(`SELECT ${root.sql}."id", ${whole} ${from}`, params);
}
