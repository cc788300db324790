// Where the history of a row lies: its own entries in the index from rows to records, and those of what hangs on it (links,
// values, notes), present or gone. Gives the numbers of records, newest first, without reading any.
import type { Table } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import { hostColumns } from './cuts.ts';
import type { Journal } from './journal.ts';
import { recordRows } from './journal-tables.ts';
import type { LocalPart } from './operation.ts';

export interface HistorySource {
  table: Table;
  /** Its number in the log. */
  tab: number;
  /** Columns that name the row this hangs on; none for the row itself. */
  hosts: readonly string[];
  ids: ReadonlySet<number>;
  /** The ids as runs, for SQL. */
  runs: string;
}

/** The row itself, then every table of what hangs on it and was ever written by the log. */
export function* sourcesOf(journal: Journal, table: Table, id: number): Steps<HistorySource[]> {
  // Not by `tableNumber`: a question must not write.
  const numbers = new Map(
    (yield* all('SELECT name, id FROM loam_table')).map(([name, tab]) => [String(name), Number(tab)]),
  );
  const sources: HistorySource[] = [];
  const add = (of: Table, hosts: readonly string[], ids: readonly number[]): void => {
    const tab = numbers.get(of.name);
    if (tab !== undefined && ids.length > 0)
      sources.push({ table: of, tab, hosts, ids: new Set(ids), runs: runsOf(ids) });
  };
  add(table, [], [id]);
  const children = new Set((journal.model.incoming.get(table.name) ?? []).map((child) => child.table));
  for (const name of children) {
    const child = journal.model.tables.get(name);
    const tab = numbers.get(name);
    if (!child || tab === undefined) continue;
    const hosts = hostColumns(child).filter((c) => child.column.get(c)?.references?.table === table.name);
    if (hosts.length === 0) continue;
    const present = hosts.map((column) => `SELECT id FROM "${name}" WHERE "${column}" = ?1`);
    const rows = yield* all(
      `${present.join(' UNION ')} UNION SELECT id FROM loam_cut WHERE tab = ?2 AND host = ?1 ORDER BY 1`,
      [id, tab],
    );
    add(
      child,
      hosts,
      rows.map(([link]) => Number(link)),
    );
  }
  return sources;
}

/** A row alone, without what hangs on it; null where the log never wrote its table. */
export function* ownSource(table: Table, id: number): Steps<HistorySource | null> {
  const [tab] = (yield* one('SELECT id FROM loam_table WHERE name = ?', [table.name])) ?? [];
  return tab === undefined
    ? null
    : { table, tab: Number(tab), hosts: [], ids: new Set([id]), runs: runsOf([id]) };
}

/** Where reading from the newest record down begins: behind the last one that counts. */
export const newestFirst = ({ until }: Journal): number =>
  until ? until.record + 1 : Number.MAX_SAFE_INTEGER;

/** Links that were made together stand side by side, so that thousands are a few runs. `ids` ascend. */
function runsOf(ids: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const id of ids) {
    const last = runs.at(-1);
    if (last && id === last[1] + 1) last[1] = id;
    else runs.push([id, id]);
  }
  return JSON.stringify(runs);
}

/** The newest `most` records before one that concern any of the sources. */
export function* recordsBefore(
  sources: readonly HistorySource[],
  before: number,
  most: number,
): Steps<number[]> {
  const found = new Set<number>();
  for (const { tab, runs } of sources) {
    const rows = yield* all(
      `WITH run AS MATERIALIZED (SELECT json_extract(value, '$[0]') a, json_extract(value, '$[1]') z FROM json_each(?1))
       SELECT rec FROM (SELECT DISTINCT t.rec FROM run CROSS JOIN loam_touch t ON t.tab = ?2 AND t.id BETWEEN run.a AND run.z
         WHERE t.rec < ?3 ORDER BY t.rec DESC LIMIT ?4)
       UNION SELECT rec FROM (SELECT DISTINCT s.rec FROM run CROSS JOIN loam_span s
         ON s.tab = ?2 AND s.id_from BETWEEN run.a - ${recordRows - 1} AND run.z AND s.id_to >= run.a
         WHERE s.rec < ?3 ORDER BY s.rec DESC LIMIT ?4)`,
      [runs, tab, before, most],
    );
    for (const [rec] of rows) found.add(Number(rec));
  }
  return [...found].sort((a, b) => b - a).slice(0, most);
}

/** Which rows of an operation belong to a source: their places and ids. */
export function placesIn(local: LocalPart, ids: ReadonlySet<number>): { place: number; id: number }[] {
  const found: { place: number; id: number }[] = [];
  if (local.contiguous) {
    const [from = 0, n = 0] = local.ids;
    if (ids.size < n) {
      for (const id of ids) if (id >= from && id < from + n) found.push({ place: id - from, id });
    } else
      for (let place = 0; place < n; place++)
        if (ids.has(from + place)) found.push({ place, id: from + place });
    return found;
  }
  if (ids.size === 1) {
    const [id = 0] = ids;
    const place = local.ids.indexOf(id);
    return place < 0 ? [] : [{ place, id }];
  }
  for (const [place, id] of local.ids.entries()) if (ids.has(id)) found.push({ place, id });
  return found;
}
