// Facts: what records say about rows, own records and those of others alike, with the ids of this device. A record whose
// effect here was another than what it says keeps its words in loam_shadow; all others are read from the history itself.
import { timeText } from '../time.ts';
import type { Column } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import type { Journal } from '../write/journal.ts';
import { consequence, decode, idsOf, type LocalPart, type RowKey } from '../write/operation.ts';
import { readRecord } from '../write/packs.ts';
import { recordsTouching } from '../write/touch.ts';
import { isVoid, loadSteps, placeAt, unplaced, type Known, type Place } from './known.ts';
import type { SyncOperation } from './record.ts';
import type { Twins } from './twins.ts';

export interface FactOperation {
  k: 'i' | 'u' | 'd';
  t: string;
  ids: readonly number[];
  c: Record<string, RowKey>;
  v: Record<string, RowKey[]>;
  /** Row keys of changed and deleted rows. */
  r: readonly RowKey[] | null;
  /** Of rows that come back: the operation that first wrote them. */
  born: { fact: Fact; operation: FactOperation } | null;
  /** id -> position, made when first asked for. */
  at: Map<number, number> | null;
}

export interface Fact extends Place {
  author: string;
  branch: string;
  kind: string;
  operations: FactOperation[];
}

/** What is kept of a record in `loam_shadow`: its operations and, for each, the ids of its rows here. */
export interface Shadow {
  o: SyncOperation[];
  ids: number[][];
}

export interface FactReader {
  journal: Journal;
  known: Known;
  /** Records up to this one were there before anybody shared the database: what they made is the ground. */
  base: number;
  cache: FactCache;
  /** Families in which uids clashed. */
  twins: Twins;
  /** Branches of one name that several made at once are one: their uids. */
  branches: Map<string, number>;
}

/** Ids of branches that answer to several uids. */
export function* loadBranches(): Steps<Map<string, number>> {
  const rows = yield* all(
    "SELECT a.uid, a.id FROM loam_alias a JOIN loam_table t ON t.id = a.tab WHERE t.name = 'lamindb_branch'",
  );
  return new Map(rows.map(([uid, id]) => [String(uid), Number(id)]));
}

/** The branch that a record names; null where it is not here. */
export function* branchIdOf(reader: FactReader, uid: string): Steps<number | null> {
  const row = yield* one('SELECT id FROM lamindb_branch WHERE uid = ?', [uid]);
  if (row) return Number(row[0]);
  reader.branches = yield* loadBranches();
  const id = reader.branches.get(uid) ?? null;
  const there = id !== null && (yield* one('SELECT 1 FROM lamindb_branch WHERE id = ?', [id]));
  return there ? id : null;
}

const sameBranch = ({ branches }: FactReader, one: string, other: string): boolean =>
  one === other || (branches.has(one) && branches.get(one) === branches.get(other));

/** Facts that were read, the newest used last. */
export interface FactCache {
  facts: Map<number, Fact | null>;
  /** Rows that they speak of: what they take of memory. */
  rows: number;
}

const mostRows = 60_000;

export const createFactCache = (): FactCache => ({ facts: new Map(), rows: 0 });

export function clearFacts(cache: FactCache): void {
  cache.facts.clear();
  cache.rows = 0;
}

const rowsOf = (fact: Fact | null): number =>
  10 + (fact?.operations.reduce((sum, { ids }) => sum + ids.length, 0) ?? 0);

/** The fact that a record here is, or null: it only says what followed here from other facts. */
export function* readFact(reader: FactReader, rec: number): Steps<Fact | null> {
  const { cache } = reader;
  const kept = cache.facts.get(rec);
  if (kept !== undefined) {
    cache.facts.delete(rec);
    cache.facts.set(rec, kept);
    return kept;
  }
  const fact = yield* makeFact(reader, rec);
  // It may have a place the next time.
  if (fact?.client === unplaced) return fact;
  cache.facts.set(rec, fact);
  cache.rows += rowsOf(fact);
  for (const [oldest, one] of cache.facts) {
    if (cache.rows <= mostRows || oldest === rec) break;
    cache.facts.delete(oldest);
    cache.rows -= rowsOf(one);
  }
  return fact;
}

function* makeFact(reader: FactReader, rec: number): Steps<Fact | null> {
  if (reader.known.refused.has(rec)) return null;
  const record = yield* readRecord(reader.journal, rec);
  if (record.client === consequence) return null;
  const fact: Fact = {
    rec,
    client: record.client ?? unplaced,
    clock: record.clock ?? 0,
    at: record.at,
    author: record.body.u,
    branch: record.body.b,
    kind: record.body.k,
    operations: [],
  };
  const place = record.client === null ? null : yield* placeAt(reader.known, fact.client, fact.clock);
  if (place) {
    fact.at = place.at;
    yield* loadSteps(reader.known, fact.client);
    // Its place is not taken up yet where an older one has none.
  } else fact.client = unplaced;
  const shadow = record.body.o.length === 0 ? yield* shadowOf(rec) : null;
  const operations: { o: SyncOperation; ids: number[]; born: [number, number] | null }[] = [];
  if (shadow)
    for (const [i, o] of shadow.o.entries()) {
      const birth = o.w ? yield* placeAt(reader.known, o.w[0], o.w[1]) : null;
      const nothing = o.w !== undefined && isVoid(reader.known, o.w[0], o.w[1]);
      operations.push({
        o,
        ids: nothing ? [] : (shadow.ids[i] ?? []),
        born: birth && o.w ? [birth.rec, o.w[2]] : null,
      });
    }
  else
    for (const [i, o] of record.body.o.entries()) {
      const { w, ...rest } = o;
      const ids = idsOf(record.locals[i] as LocalPart);
      const since = w && reader.known.refused.get(w[0]);
      if (w === undefined || since === undefined) operations.push({ o: rest, ids, born: w ?? null });
      // Others have nothing of what was refused: what took it back takes nothing, and what came later was spelled out.
      else if (rec <= since) operations.push({ o: rest, ids: [], born: null });
      else {
        const v = rest.k === 'i' ? yield* bornWords(reader.journal, w, ids) : {};
        operations.push({ o: { ...rest, v }, ids, born: null });
      }
    }
  const moved = reader.known.reassigned.has(rec) ? yield* movedIds(rec) : null;
  for (const [i, { o, ids: first, born }] of operations.entries()) {
    const ids = moved?.[i] ?? first;
    const birth = born && born[0] !== rec ? yield* readFact(reader, born[0]) : born ? fact : null;
    const operation = birth?.operations[born?.[1] ?? -1];
    fact.operations.push({
      k: o.k,
      t: o.t,
      ids,
      c: o.c ?? {},
      v: o.v ?? {},
      r: o.r ?? null,
      born: birth && operation ? { fact: birth, operation } : null,
      at: null,
    });
  }
  return fact;
}

/** Ids of the rows of each operation, where it means others now than when it came (reassign.ts). */
function* movedIds(rec: number): Steps<number[][] | null> {
  const row = yield* one('SELECT ids FROM loam_moved WHERE rec = ?', [rec]);
  return row ? decode<number[][]>(row[0] as Uint8Array) : null;
}

/** The words of an insert that was refused, as what brings its rows back spells them out (births.ts). */
function* bornWords(
  journal: Journal,
  [rec, index]: [number, number],
  ids: readonly number[],
): Steps<Record<string, RowKey[]>> {
  const birth = yield* readRecord(journal, rec);
  const made = birth.body.o[index];
  const table = made && journal.model.tables.get(made.t);
  if (!table) return {};
  const born = idsOf(birth.locals[index] as LocalPart);
  const words: Record<string, RowKey[]> = {};
  for (const { name, type, nullable, derived, foreign } of table.columns) {
    if (name === 'id' || derived || foreign) continue;
    const list = made.v?.[name];
    const implied = type === 'datetime' && !nullable ? timeText(birth.at) : null;
    const constant = made.c?.[name] ?? implied;
    words[name] = ids.map((id) => (list ? (list[born.indexOf(id)] ?? null) : constant));
  }
  return words;
}

/** What a record says, where its effect here was another. */
export function* shadowOf(rec: number): Steps<Shadow | null> {
  const row = yield* one('SELECT body FROM loam_shadow WHERE rec = ?', [rec]);
  return row ? decode<Shadow>(row[0] as Uint8Array) : null;
}

/** Position of a row in an operation, -1 where it is not in it. */
export function positionOf(operation: FactOperation, id: number): number {
  const { ids } = operation;
  if (ids.length < 8) return ids.indexOf(id);
  operation.at ??= new Map(ids.map((one, i) => [one, i]));
  return operation.at.get(id) ?? -1;
}

/** What an operation says of one cell; undefined where an update does not name it. */
export function wordOf(fact: Fact, operation: FactOperation, id: number, column: Column): RowKey | undefined {
  if (operation.born) {
    const { fact: first, operation: birth } = operation.born;
    return wordOf(first, birth, id, column);
  }
  const list = operation.v[column.name];
  if (list) return list[positionOf(operation, id)] ?? null;
  const constant = operation.c[column.name];
  if (constant !== undefined) return constant;
  if (operation.k !== 'i') return undefined;
  return column.type === 'datetime' && !column.nullable ? timeText(fact.at) : null;
}

/** One thing that a fact does to a row. `index` orders what one fact does. */
export interface FactEvent {
  fact: Fact;
  operation: FactOperation;
  index: number;
}

/** All that is said of a row, in the order in which it came here. `branch`: on that one alone; null for all of them. */
export function* eventsOf(
  reader: FactReader,
  table: string,
  id: number,
  branch: string | null,
): Steps<FactEvent[]> {
  const events: FactEvent[] = [];
  for (const rec of yield* recordsTouching(reader.journal, table, [id], reader.base)) {
    const fact = yield* readFact(reader, rec);
    if (!fact || (branch !== null && !sameBranch(reader, fact.branch, branch))) continue;
    for (const [index, operation] of fact.operations.entries())
      if (operation.t === table && positionOf(operation, id) >= 0) events.push({ fact, operation, index });
  }
  return events;
}
