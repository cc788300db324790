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
import { rowRanker } from './rank.ts';
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
  const rank = rowRanker({ string: trimmed, caseSensitive }, separator);
  const ranked = createBest(limit ?? Infinity);
  for (const [id, text] of rows) {
    const points = rank(String(text));
    if (points !== null) ranked.add({ id: Number(id), rank: points });
  }
  return ranked.rows();
}

const better = (a: RankedRow, b: RankedRow): number => b.rank - a.rank || a.id - b.id;

/** Keeps the best rows of many without sorting all of them. */
function createBest(most: number) {
  let kept: RankedRow[] = [];
  let last: RankedRow | null = null;
  const settle = (): void => {
    kept.sort(better);
    if (kept.length < most) return;
    kept = kept.slice(0, most);
    last = kept[most - 1] ?? null;
  };
  return {
    add(row: RankedRow): void {
      if (last && better(last, row) <= 0) return;
      kept.push(row);
      if (kept.length >= 2 * most + 50) settle();
    },
    rows(): RankedRow[] {
      settle();
      return kept;
    },
  };
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
  const like = `%${escapeLike(string)}%`;
  const params: SqlValue[] = [];
  const hits = possibleHits(of.scope.index, table, string);
  // Of what the index names only texts count. Every SQLite that has such an index knows concat_ws.
  const parts = hits ? fields.map((name) => column(root, name)) : texts;
  const whole = hits
    ? `concat_ws('${separator}', ${parts.join(', ')})`
    : parts.join(` || '${separator}' || `);
  // What the index names are mostly hits, and the ranking tells the others. Without it a long text that is nowhere is sooner
  // seen field by field.
  if (hits) of.wheres.push(among(of, hits));
  else if (texts.length > 0) {
    const test = texts.map((text) => `${text} LIKE ? ESCAPE '\\'`).join(' OR ');
    of.wheres.push({ sql: test, params: texts.map(() => like), strict: new Set() });
  }
  const from = fromWhere(of, params);
  return yield* all(`SELECT ${root.sql}."id", ${whole || "''"} ${from}`, params);
}
