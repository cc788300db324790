// What one connection knows about its log: table numbers, next ids, row-key cache, the last record time.
// Caches are dropped after a rollback, since they may name rows that no longer exist.
import type { Clock, Device, Random, SqlValue } from '../ports.ts';
import type { Model, Table } from '../model/types.ts';
import { LoamError } from '../errors.ts';
import { all, one, run, type Steps } from '../statement.ts';
import type { FacetCounters } from './facet-counters.ts';
import { createHiddenRows, type HiddenRows } from './hidden.ts';
import type { RowKey } from './operation.ts';
import type { PackCache } from './packs.ts';
import type { SearchIndex } from './search-index.ts';
import type { Places } from './synced.ts';
import type { Zones } from './zones.ts';

/** The past that is looked at. */
export interface Until {
  record: number;
  act: number;
  /** "as it was on 3 March 2026 at 14:02". */
  words: string;
}

export interface Journal {
  model: Model;
  clock: Clock;
  random: Random;
  /** Table name -> its number in loam_table. */
  numbers: Map<string, number>;
  nextId: Map<string, number>;
  /** Table -> integer id -> row key. */
  keys: Map<string, Map<number, RowKey>>;
  packs: PackCache;
  /** Rows of unfinished acts, which readers leave out. */
  hidden: HiddenRows;
  /** Where texts are; null where no index is kept. */
  search: SearchIndex | null;
  /** How often values of facets come; null where they are not counted. */
  facets: FacetCounters | null;
  /** Bounds of stretches of large registries; null where none are kept. */
  zones: Zones | null;
  /** Gives records their places in a log that is synced; null where the database is not. */
  places: Places | null;
  /** The last record and act that count while the past is looked at (branch/as-of.ts); null for all. */
  until: Until | null;
  /** Every deleted row that hung on another is in loam_cut. */
  cutsKnown: boolean;
  /** Tables seen empty in the running transaction: no need to look for children there. */
  lastAt: number;
  /** Where acts are made; null where that is not told. */
  device: Device | null;
  /** Device -> its number, and the number of the one that wrote last; undefined until it was looked for. */
  devices: Map<string, number>;
  writing: number | null | undefined;
}

export function createJournal(model: Model, clock: Clock, random: Random): Journal {
  const caches = { numbers: new Map(), nextId: new Map(), keys: new Map() };
  return {
    model,
    clock,
    random,
    ...caches,
    packs: new Map(),
    hidden: createHiddenRows(model),
    search: null,
    facets: null,
    zones: null,
    places: null,
    until: null,
    cutsKnown: false,
    lastAt: 0,
    device: null,
    devices: new Map(),
    writing: undefined,
  };
}

/** While the past is looked at, nothing may be written: it would go with it. */
export function refuseInPast({ until }: Pick<Journal, 'until'>): void {
  if (until)
    throw new LoamError(
      'ReadOnly',
      `You are looking at the database ${until.words}. Nothing can be changed there; go back to now to write.`,
      { past: true },
    );
}

export function forget(journal: Journal): void {
  journal.nextId.clear();
  journal.keys.clear();
  journal.numbers.clear();
  journal.devices.clear();
  journal.writing = undefined;
}

export function tableOf(model: Model, name: string): Table {
  const table = model.tables.get(name);
  if (!table) throw new LoamError('InvalidArgument', `There is no table "${name}".`, { table: name });
  return table;
}

/** A hybrid logical time in microseconds: never earlier than any record already written. */
export function* recordTime(journal: Journal): Steps<number> {
  journal.lastAt = Math.max(Math.floor(journal.clock() * 1000), (yield* lastTime(journal)) + 1);
  return journal.lastAt;
}

/** What a record of elsewhere says that time it was: from now on it is later here too. */
export function* witnessTime(journal: Journal, at: number): Steps<void> {
  journal.lastAt = Math.max(at, yield* lastTime(journal));
}

function* lastTime(journal: Journal): Steps<number> {
  if (journal.lastAt === 0) {
    const row = yield* one('SELECT max(at) FROM loam_record');
    journal.lastAt = Number(row?.[0] ?? 0);
  }
  return journal.lastAt;
}

export function* tableNumber(journal: Journal, name: string): Steps<number> {
  const known = journal.numbers.get(name);
  if (known !== undefined) return known;
  yield* run('INSERT OR IGNORE INTO loam_table(name) VALUES (?)', [name]);
  const row = yield* one('SELECT id FROM loam_table WHERE name = ?', [name]);
  const id = Number(row?.[0]);
  journal.numbers.set(name, id);
  return id;
}

/** Reserves n consecutive ids. AUTOINCREMENT's own counter follows, so ids are never used twice. */
export function* reserveIds(journal: Journal, table: string, n: number): Steps<number> {
  let next = journal.nextId.get(table);
  if (next === undefined) {
    const row = yield* one('SELECT seq FROM sqlite_sequence WHERE name = ?', [table]);
    const top = yield* one(`SELECT max(id) FROM "${table}"`);
    next = Math.max(Number(row?.[0] ?? 0), Number(top?.[0] ?? 0)) + 1;
  }
  journal.nextId.set(table, next + n);
  return next;
}

/** Row keys of the given ids; ids without a row give null. */
export function* keysOf(journal: Journal, name: string, ids: readonly number[]): Steps<RowKey[]> {
  const cache = cacheOf(journal, name);
  const missing = [...new Set(ids.filter((id) => !cache.has(id)))];
  if (missing.length > 0) {
    const table = tableOf(journal.model, name);
    const cols = table.rowKey.columns;
    const rows = yield* all(
      `SELECT id, ${cols.map((c) => `"${c}"`).join(', ')} FROM "${name}" WHERE id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(missing)],
    );
    const parts: RowKey[][] = [];
    for (const [i, column] of cols.entries()) {
      const values = rows.map((r) => r[i + 1] as RowKey);
      const target = table.column.get(column)?.references;
      parts.push(target ? yield* nullableKeys(journal, target.table, values) : values);
    }
    for (const [i, row] of rows.entries()) {
      const key = cols.length === 1 ? (parts[0]?.[i] ?? null) : parts.map((p) => p[i] ?? null);
      cache.set(Number(row[0]), key);
    }
  }
  return ids.map((id) => cache.get(id) ?? null);
}

export function* nullableKeys(
  journal: Journal,
  table: string,
  ids: readonly (RowKey | SqlValue)[],
): Steps<RowKey[]> {
  const present = ids.filter((id) => id !== null).map(Number);
  const keys = yield* keysOf(journal, table, present);
  let next = 0;
  return ids.map((id) => (id === null ? null : (keys[next++] ?? null)));
}

/** Ids of the rows with these keys; null where there is none. Weak keys: the smallest id names the row (model.md §3.2). */
export function* idsByKey(journal: Journal, name: string, keys: readonly RowKey[]): Steps<(number | null)[]> {
  const table = tableOf(journal.model, name);
  const cols = table.rowKey.columns;
  const found = new Map<string, number | null>();
  const wanted = [...new Map(keys.filter((k) => k !== null).map((k) => [JSON.stringify(k), k])).values()];
  if (cols.length === 1 && !table.column.get(cols[0] ?? '')?.references) {
    const rows = yield* all(
      `SELECT j.value, t.id FROM json_each(?) j LEFT JOIN "${name}" t ON t."${cols[0]}" = j.value`,
      [JSON.stringify(wanted)],
    );
    for (const [key, id] of rows)
      found.set(JSON.stringify(key), id === null || id === undefined ? null : Number(id));
  } else {
    for (const key of wanted) {
      const parts = key as RowKey[];
      const values: SqlValue[] = [];
      for (const [i, column] of cols.entries()) {
        const target = table.column.get(column)?.references;
        const part = parts[i] ?? null;
        values.push(
          target && part !== null
            ? ((yield* idsByKey(journal, target.table, [part]))[0] ?? null)
            : (part as SqlValue),
        );
      }
      const row = yield* one(
        `SELECT min(id) FROM "${name}" WHERE ${cols.map((c) => `"${c}" IS ?`).join(' AND ')}`,
        values,
      );
      found.set(JSON.stringify(key), row?.[0] === null || row?.[0] === undefined ? null : Number(row[0]));
    }
  }
  return keys.map((k) => (k === null ? null : (found.get(JSON.stringify(k)) ?? null)));
}

/** Those of the ids that have a row in the table. */
export function* rowsHere(table: string, ids: readonly number[]): Steps<Set<number>> {
  if (ids.length === 0) return new Set();
  const rows = yield* all(`SELECT id FROM "${table}" WHERE id IN (SELECT value FROM json_each(?))`, [
    JSON.stringify(ids),
  ]);
  return new Set(rows.map(([id]) => Number(id)));
}

/** Those of the ids that have no row in the table; null is none. */
export function* missingRows(table: string, ids: readonly SqlValue[]): Steps<Set<number>> {
  const wanted = [...new Set(ids)].filter((id) => id !== null).map(Number);
  if (wanted.length === 0) return new Set();
  const rows = yield* all(
    `SELECT j.value FROM json_each(?) j WHERE NOT EXISTS (SELECT 1 FROM "${table}" t WHERE t.id = j.value)`,
    [JSON.stringify(wanted)],
  );
  return new Set(rows.map(([id]) => Number(id)));
}

const cacheLimit = 100_000;

function cacheOf(journal: Journal, table: string): Map<number, RowKey> {
  let cache = journal.keys.get(table);
  if (!cache || cache.size > cacheLimit) {
    cache = new Map();
    journal.keys.set(table, cache);
  }
  return cache;
}

/** Keys just written by this transaction, so that links made next need no look-up. */
export function rememberKeys(journal: Journal, table: string, from: number, keys: readonly RowKey[]): void {
  const cache = cacheOf(journal, table);
  for (const [i, key] of keys.entries()) cache.set(from + i, key);
}

/** After a key column changed, or rows went: keys of other tables may contain theirs, so everything goes. */
export function dropKeys(journal: Journal): void {
  journal.keys.clear();
}
