// How often each value of a facet comes among all rows of a large registry, kept so that nobody has to look at a million of
// them. Derived and never logged. Idle time takes rows up, slice by slice; a row that a change is about to touch is taken
// out first, with all that it counts for, and waits among the unsettled ones until it is taken up again. So the counters
// are at every moment those of the settled rows, and a question adds the few others.
import type { Model } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, inTransaction, one, run, type Steps } from '../statement.ts';
import { contributions, none, rowsSource, type CountedTable } from './facet-sources.ts';
import { nothingHidden, type Hidden } from './hidden.ts';

export interface FacetCounters {
  /** Table -> what is counted of its rows. */
  readonly counted: ReadonlyMap<string, CountedTable>;
  /** Table -> the last id that was taken up. Of those up to it, rows are settled unless they are marked. */
  readonly upto: Map<string, number>;
  /** Table that is written -> whose counters that concerns. */
  readonly touches: ReadonlyMap<string, readonly Touch[]>;
  /** Whether tables of links and cells may hold rows, as far as it was asked: most of them never do. */
  readonly filled: Map<string, boolean>;
}

interface Touch {
  counted: CountedTable;
  /** Column that names the counted row; `id` for its own table. Null: rows of `links` that point here lead to it. */
  host: string | null;
  links?: { table: string; host: string; value: string };
  /** Columns that matter. */
  columns: ReadonlySet<string>;
}

/** Smaller registries are looked through as fast. */
const worthIt = 2_000;
/** Unsettled rows are looked at; more than this are worth a slice. */
const few = 200;
const state = 'loam_facets';
const stale = 'loam_facets_unsettled';

const countersOf = (table: string): string => `loam_facets_${table}`;

function touchesOf(counted: Iterable<CountedTable>): Map<string, Touch[]> {
  const touches = new Map<string, Touch[]>();
  const add = (table: string, touch: Touch): void => {
    const known = touches.get(table);
    if (known) known.push(touch);
    else touches.set(table, [touch]);
  };
  for (const one of counted) {
    const own = [one.branch, one.latest, one.aside?.column ?? null];
    const links = new Map<string, { host: string; columns: Set<string> }>();
    for (const source of one.sources) {
      if (source.kind === 'column') {
        own.push(source.column);
        continue;
      }
      const { table, host, value } = source;
      const known = links.get(table) ?? { host, columns: new Set() };
      for (const column of [host, value, 'feature_id']) known.columns.add(column);
      links.set(table, known);
      if (source.kind === 'values')
        add('lamindb_jsonvalue', {
          counted: one,
          host: null,
          links: { table, host, value },
          columns: new Set(['feature_id']),
        });
    }
    add(one.table, { counted: one, host: 'id', columns: new Set(own.filter((name) => name !== null)) });
    for (const [table, { host, columns }] of links) add(table, { counted: one, host, columns });
  }
  return touches;
}

/**
 * Takes up what is kept in the file. Only for a database that nobody else writes: another program's changes would be
 * missed. Counters of other sources than the model has now go.
 */
export function* openFacetCounters(model: Model, tables: readonly CountedTable[]): Steps<FacetCounters> {
  const counted = new Map(
    tables.filter(({ table }) => model.tables.has(table)).map((one) => [one.table, one]),
  );
  const counters: FacetCounters = {
    counted,
    upto: new Map(),
    touches: touchesOf(counted.values()),
    filled: new Map(),
  };
  if (!(yield* one('SELECT 1 FROM sqlite_schema WHERE name = ?', [state]))) return counters;
  for (const [tab, sources, upto] of yield* all(`SELECT tab, sources, upto FROM ${state}`)) {
    const table = counted.get(String(tab));
    if (table && JSON.stringify(table) === sources) counters.upto.set(table.table, Number(upto));
    else yield* inTransaction(discard(String(tab)));
  }
  return counters;
}

function* discard(table: string): Steps<void> {
  yield* run(`DROP TABLE IF EXISTS "${countersOf(table)}"`);
  yield* run(`DELETE FROM ${state} WHERE tab = ?`, [table]);
  yield* run(`DELETE FROM ${stale} WHERE tab = ?`, [table]);
}

/* ---------- before a change ---------- */

/** A value for all rows, or one for each. */
type Given = Record<string, SqlValue | readonly SqlValue[]>;

/** Call it before rows are inserted: rows that come back, and links to rows that are settled. */
export function* beforeInsert(
  counters: FacetCounters | null,
  table: string,
  ids: readonly number[],
  values: Given,
): Steps<void> {
  noteFilled(counters, table);
  for (const { counted, host } of touching(counters, table)) {
    if (host === null) continue;
    yield* unsettle(counters as FacetCounters, counted, host === 'id' ? ids : listed(values[host]));
  }
}

/** Call it before the named columns of rows change. `values` are the new ones. */
export function* beforeUpdate(
  counters: FacetCounters | null,
  table: string,
  ids: readonly number[],
  values: Given,
): Steps<void> {
  for (const touch of touching(counters, table)) {
    if (!Object.keys(values).some((name) => touch.columns.has(name))) continue;
    yield* unsettle(counters as FacetCounters, touch.counted, yield* hostsOf(touch, table, ids));
    // A link that moves to another row.
    if (touch.host !== null && touch.host !== 'id' && touch.host in values)
      yield* unsettle(counters as FacetCounters, touch.counted, listed(values[touch.host]));
  }
}

/** Call it before rows are deleted. */
export function* beforeRemove(
  counters: FacetCounters | null,
  table: string,
  ids: readonly number[],
): Steps<void> {
  noteFilled(counters, table);
  for (const touch of touching(counters, table))
    yield* unsettle(counters as FacetCounters, touch.counted, yield* hostsOf(touch, table, ids));
}

/** Call it before the latest of these families are chosen again. */
export function* beforeLatest(
  counters: FacetCounters | null,
  table: string,
  from: string,
  before: string,
): Steps<void> {
  const counted = counters?.upto.has(table) ? counters.counted.get(table) : undefined;
  if (!counters || !counted || counted.latest === null) return;
  const rows = yield* all(`SELECT id, "${counted.latest}" FROM "${table}" WHERE uid >= ? AND uid < ?`, [
    from,
    before,
  ]);
  // A version that is alone is the latest.
  if (rows.length === 1 && rows[0]?.[1] === 1) return;
  yield* unsettle(
    counters,
    counted,
    rows.map(([id]) => Number(id)),
  );
}

/** Only tables whose counting has begun. */
const touching = (counters: FacetCounters | null, table: string): Touch[] =>
  counters?.touches.get(table)?.filter(({ counted }) => counters.upto.has(counted.table)) ?? [];

const listed = (value: SqlValue | readonly SqlValue[] | undefined): SqlValue[] =>
  Array.isArray(value) ? (value as SqlValue[]) : [value as SqlValue];

function* hostsOf({ host, links }: Touch, table: string, ids: readonly number[]): Steps<readonly SqlValue[]> {
  if (host === 'id') return ids;
  const among = 'IN (SELECT value FROM json_each(?))';
  const sql = links
    ? `SELECT DISTINCT "${links.host}" FROM "${links.table}" WHERE "${links.value}" ${among}`
    : `SELECT DISTINCT "${host}" FROM "${table}" WHERE id ${among}`;
  return (yield* all(sql, [JSON.stringify(ids)])).map(([id]) => id ?? null);
}

/** Takes settled rows out, with all that they count for now. */
function* unsettle(counters: FacetCounters, counted: CountedTable, ids: readonly SqlValue[]): Steps<void> {
  const { table } = counted;
  const upto = counters.upto.get(table) ?? 0;
  const known = [...new Set(ids)].filter((id) => id !== null && Number(id) <= upto);
  if (known.length === 0) return;
  const rows = yield* all(
    `SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM ${stale} WHERE tab = ? AND id = value)`,
    [JSON.stringify(known), table],
  );
  if (rows.length === 0) return;
  const settled = JSON.stringify(rows.map(([id]) => id));
  const sources = yield* filledSources(counters, counted);
  yield* run(addition(counted, '-n', 't.id IN (SELECT value FROM json_each(?))', sources), [settled]);
  yield* run(`INSERT INTO ${stale}(tab, id) SELECT ?, value FROM json_each(?)`, [table, settled]);
}

/** Said before rows come or go, so that it holds whether or not the transaction is rolled back. */
function noteFilled(counters: FacetCounters | null, table: string): void {
  if (counters?.touches.has(table)) counters.filled.set(table, true);
}

/** Numbers of the sources that can give anything. */
export function* filledSources(counters: FacetCounters, { sources }: CountedTable): Steps<number[]> {
  const found = [rowsSource];
  for (const [i, source] of sources.entries()) {
    if (source.kind !== 'column' && !(yield* holdsRows(counters, source.table))) continue;
    found.push(i);
  }
  return found;
}

function* holdsRows({ filled }: FacetCounters, table: string): Steps<boolean> {
  const known = filled.get(table);
  if (known !== undefined) return known;
  const found = (yield* one(`SELECT 1 FROM "${table}" LIMIT 1`)) !== undefined;
  filled.set(table, found);
  return found;
}

const addition = (counted: CountedTable, n: string, which: string, sources: readonly number[]): string =>
  `INSERT INTO "${countersOf(counted.table)}"(source, feature, cls, key, n) SELECT source, feature, cls, key, ${n} FROM (${contributions(counted, which, nothingHidden, sources)}) WHERE true ON CONFLICT DO UPDATE SET n = n + excluded.n`;

/* ---------- in idle time ---------- */

/**
 * One slice of taking rows up, about `rows` of them: how many were, 0 when nothing is left to do. Waits while an act is
 * open, since readers do not see all that it wrote.
 */
export function* feedFacetCounters(counters: FacetCounters, rows = 1_000): Steps<number> {
  if (yield* one("SELECT 1 FROM loam_act WHERE status = 'open' LIMIT 1")) return 0;
  for (const counted of counters.counted.values()) {
    const { table } = counted;
    const upto = counters.upto.get(table);
    const [top = 0] = (yield* one(`SELECT max(id) FROM "${table}"`)) ?? [];
    const behind = Number(top ?? 0) - (upto ?? 0);
    if (upto === undefined) {
      if (behind < worthIt) continue;
      yield* begin(counted);
      counters.upto.set(table, 0);
      return 1;
    }
    const [marked = 0] = (yield* one(`SELECT count(*) FROM ${stale} WHERE tab = ?`, [table])) ?? [];
    if (behind < few && Number(marked) < few) continue;
    const sources = yield* filledSources(counters, counted);
    const fed = yield* inTransaction(slice(counted, sources, upto, rows));
    counters.upto.set(table, fed.upto);
    if (fed.rows > 0) return fed.rows;
  }
  return 0;
}

function* begin(counted: CountedTable): Steps<void> {
  yield* inTransaction(
    (function* () {
      yield* run(
        `CREATE TABLE IF NOT EXISTS ${state} (tab TEXT PRIMARY KEY, sources TEXT NOT NULL, upto INTEGER NOT NULL) WITHOUT ROWID`,
      );
      yield* run(
        `CREATE TABLE IF NOT EXISTS ${stale} (tab TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tab, id)) WITHOUT ROWID`,
      );
      // A key is an id, or a value as it stands in its column.
      yield* run(
        `CREATE TABLE "${countersOf(counted.table)}" (source INTEGER NOT NULL, feature INTEGER NOT NULL, cls INTEGER NOT NULL, key NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (source, feature, cls, key)) WITHOUT ROWID`,
      );
      yield* run(`INSERT INTO ${state}(tab, sources, upto) VALUES (?, ?, 0)`, [
        counted.table,
        JSON.stringify(counted),
      ]);
    })(),
  );
}

function* slice(
  counted: CountedTable,
  sources: readonly number[],
  upto: number,
  rows: number,
): Steps<{ rows: number; upto: number }> {
  const { table } = counted;
  const changed = yield* all(`SELECT id FROM ${stale} WHERE tab = ? ORDER BY id LIMIT ?`, [table, rows]);
  if (changed.length > 0) {
    const ids = JSON.stringify(changed.map(([id]) => id));
    yield* run(addition(counted, 'n', 't.id IN (SELECT value FROM json_each(?))', sources), [ids]);
    yield* run(`DELETE FROM ${stale} WHERE tab = ? AND id IN (SELECT value FROM json_each(?))`, [table, ids]);
  }
  const last = yield* one(
    `SELECT max(id) FROM (SELECT id FROM "${table}" WHERE id > ? ORDER BY id LIMIT ?)`,
    [upto, rows - changed.length],
  );
  const to = Number(last?.[0] ?? upto) || upto;
  if (to > upto) {
    yield* run(addition(counted, 'n', 't.id > ? AND t.id <= ?', sources), [upto, to]);
    yield* run(`UPDATE ${state} SET upto = ? WHERE tab = ?`, [to, table]);
  }
  return { rows: changed.length + (to - upto), upto: to };
}

/* ---------- for questions ---------- */

/** Rows that were never taken up, in parts that one statement each looks at; those that wait again are not among them. */
export function* newParts(table: string, upto: number): Steps<[after: number, last: number][]> {
  const [top = null] = (yield* one(`SELECT max(id) FROM "${table}"`)) ?? [];
  const parts: [number, number][] = [];
  for (let from = upto; from < Number(top ?? 0); from += partRows) parts.push([from, from + partRows]);
  return parts;
}

const partRows = 5_000;

/**
 * `SELECT source, key, n` of all rows up to the last one taken up, in one statement, since a row may be settled or not any
 * more between two. Parameters: feature, table, feature.
 */
export function countedSql(counted: CountedTable, asked: Asked): string {
  const { table } = counted;
  const waiting = `t.id IN (SELECT id FROM ${stale} WHERE tab = ?)${asked.hidden(table, 't.id')}`;
  return `SELECT source, key, n FROM "${countersOf(table)}" WHERE source IN (${asked.sources.join(', ')}) AND feature = ? AND cls IN (${asked.classes.join(', ')})${asked.noneOnly ? ` AND key = ${none}` : ''}
    UNION ALL ${gathered(counted, waiting, asked)}`;
}

/** The same of one part of the new rows. Parameters: the part, feature. */
export const newSql = (counted: CountedTable, asked: Asked): string =>
  gathered(counted, `t.id > ? AND t.id <= ?${asked.hidden(counted.table, 't.id')}`, asked);

export interface Asked {
  sources: readonly number[];
  classes: readonly number[];
  hidden: Hidden;
  /** Only how many rows have none, or any. */
  noneOnly?: boolean;
}

const gathered = (
  counted: CountedTable,
  which: string,
  { sources, classes, hidden, noneOnly }: Asked,
): string =>
  `SELECT source, key, n FROM (${contributions(counted, which, hidden, sources)}) WHERE feature = ? AND cls IN (${classes.join(', ')})${noneOnly ? ` AND key = ${none}` : ''}`;
