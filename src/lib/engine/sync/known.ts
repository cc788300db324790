// Who had seen what: the records that were projected here, and for each of them its causal past. A client's records see all
// of its earlier ones, and what came to it in between; the steps of that are kept, so that the past of any record is found
// by one look. Times only order what nobody ordered.
import { all, many, one, run, type Steps } from '../statement.ts';

/** Where a record stands. A record of this device that has no place yet was seen by nobody. */
export interface Place {
  rec: number;
  client: number;
  clock: number;
  at: number;
}

/** Client of own records that have no place yet. */
export const unplaced = -1;

export interface Known {
  /** Of each client all records below this clock are here. */
  vector: Map<number, number>;
  /** Newest record of this device that is among the known ones. */
  indexed: number;
  /** Of each client what its newest record had seen. */
  pasts: Map<number, Map<number, number>>;
  /** client -> other -> the steps in which it came to see more of it. */
  steps: Map<number, Map<number, { clocks: number[]; upto: number[] }>>;
  /** Author's times by place, the few that were asked for. */
  times: Map<string, { rec: number; at: number }>;
  /** Places whose records were refused: they hold nothing, and their clients go on behind them. */
  voids: Map<number, Set<number>>;
  /** Records of the history here that were refused -> the newest record when that was known. */
  refused: Map<number, number>;
  /** Records of which words mean other rows than when they came. */
  reassigned: Set<number>;
}

/** Name of the newest record of this device that was looked through. */
const indexedUpTo = 'sync indexed';

export function* loadKnown(): Steps<Known> {
  const vector = new Map<number, number>();
  for (const [client, clock] of yield* all('SELECT client, max(clock) FROM loam_known GROUP BY client'))
    vector.set(Number(client), Number(clock) + 1);
  const row = yield* one('SELECT value FROM loam_setting WHERE name = ?', [indexedUpTo]);
  const known: Known = {
    vector,
    indexed: Number(row?.[0] ?? 0),
    pasts: new Map(),
    steps: new Map(),
    times: new Map(),
    voids: new Map(),
    refused: new Map(),
    reassigned: new Set((yield* all('SELECT rec FROM loam_moved')).map(([rec]) => Number(rec))),
  };
  for (const [client, clock, rec, since] of yield* all('SELECT client, clock, rec, since FROM loam_void')) {
    keepVoid(known, Number(client), Number(clock));
    if (rec !== null) known.refused.set(Number(rec), Number(since));
  }
  for (const client of known.voids.keys()) skipVoids(known, client);
  return known;
}

export function keepVoid(known: Known, client: number, clock: number): void {
  const clocks = known.voids.get(client);
  if (clocks) clocks.add(clock);
  else known.voids.set(client, new Set([clock]));
}

export const isVoid = ({ voids }: Known, client: number, clock: number): boolean =>
  voids.get(client)?.has(clock) ?? false;

/** A refused record is no reason to wait for it. */
export function skipVoids(known: Known, client: number): void {
  if (!known.voids.has(client)) return;
  let next = known.vector.get(client) ?? 0;
  while (isVoid(known, client, next)) next++;
  if (next > 0) known.vector.set(client, next);
}

export function* keepIndexed(known: Known, rec: number): Steps<void> {
  known.indexed = rec;
  yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [indexedUpTo, String(rec)]);
}

/** Loads what the client had seen at each of its records, so that `saw` answers at once. */
export function* loadSteps(known: Known, client: number): Steps<void> {
  if (known.steps.has(client) || client === unplaced) return;
  const steps = new Map<number, { clocks: number[]; upto: number[] }>();
  for (const [other, clock, upto] of yield* all(
    'SELECT other, clock, upto FROM loam_saw WHERE client = ? ORDER BY other, clock',
    [client],
  )) {
    let of = steps.get(Number(other));
    if (!of) steps.set(Number(other), (of = { clocks: [], upto: [] }));
    of.clocks.push(Number(clock));
    of.upto.push(Number(upto));
  }
  known.steps.set(client, steps);
}

/** What the newest record of the client had seen. */
export function* pastOf(known: Known, client: number): Steps<Map<number, number>> {
  let past = known.pasts.get(client);
  if (past) return past;
  past = new Map();
  for (const [other, upto] of yield* all(
    'SELECT other, max(upto) FROM loam_saw WHERE client = ? GROUP BY other',
    [client],
  ))
    past.set(Number(other), Number(upto));
  known.pasts.set(client, past);
  return past;
}

/** Whether `later` had seen `earlier`; the steps of both clients are loaded. */
export function saw(known: Known, later: Place, earlier: Place): boolean {
  // This device's own newest: all that is in its log before them.
  if (later.client === unplaced) return earlier.rec < later.rec;
  if (earlier.client === unplaced) return false;
  if (later.client === earlier.client) return earlier.clock < later.clock;
  const of = known.steps.get(later.client)?.get(earlier.client);
  if (!of) return false;
  let low = 0;
  let high = of.clocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((of.clocks[middle] ?? 0) <= later.clock) low = middle + 1;
    else high = middle;
  }
  return low > 0 && (of.upto[low - 1] ?? 0) > earlier.clock;
}

/** Notes a record as known, with what had come to its author since the one before. */
export function* noteKnown(
  known: Known,
  place: Place,
  seen: readonly (readonly [client: number, clock: number])[],
): Steps<void> {
  const { client, clock } = place;
  yield* run('INSERT INTO loam_known(client, clock, rec, at) VALUES (?, ?, ?, ?)', [
    client,
    clock,
    place.rec,
    place.at,
  ]);
  keepTime(known, client, clock, { rec: place.rec, at: place.at });
  known.vector.set(client, clock + 1);
  skipVoids(known, client);
  const past = yield* pastOf(known, client);
  const grown = seen.filter(([other, upto]) => other !== client && upto > (past.get(other) ?? 0));
  if (grown.length === 0) return;
  yield* loadSteps(known, client);
  const steps = known.steps.get(client);
  for (const [other, upto] of grown) {
    past.set(other, upto);
    let of = steps?.get(other);
    if (!of) steps?.set(other, (of = { clocks: [], upto: [] }));
    of?.clocks.push(clock);
    of?.upto.push(upto);
  }
  yield* many(
    'INSERT OR REPLACE INTO loam_saw(client, other, clock, upto) VALUES (?, ?, ?, ?)',
    grown.length,
    [[client], grown.map(([other]) => other), [clock], grown.map(([, upto]) => upto)],
  );
}

/** The record here and the author's time of what stands at a place; null where that is not known. */
export function* placeAt(
  known: Known,
  client: number,
  clock: number,
): Steps<{ rec: number; at: number } | null> {
  const key = `${client} ${clock}`;
  const kept = known.times.get(key);
  if (kept) return kept;
  const row = yield* one('SELECT rec, at FROM loam_known WHERE client = ? AND clock = ?', [client, clock]);
  if (!row) return null;
  const found = { rec: Number(row[0]), at: Number(row[1]) };
  keepTime(known, client, clock, found);
  return found;
}

function keepTime({ times }: Known, client: number, clock: number, found: { rec: number; at: number }): void {
  if (times.size > 10_000) times.clear();
  times.set(`${client} ${clock}`, found);
}

/**
 * The oldest record here that the client's next record has not seen, given what that one has seen; Infinity where it has
 * seen all. `unplacedFrom` is the oldest own record without a place.
 */
export function* firstUnseen(
  known: Known,
  client: number,
  past: ReadonlyMap<number, number>,
  unplacedFrom: number,
): Steps<number> {
  let first = unplacedFrom;
  for (const [other, here] of known.vector) {
    if (other === client) continue;
    const upto = past.get(other) ?? 0;
    if (upto >= here) continue;
    const found =
      (yield* placeAt(known, other, upto)) ?? (known.voids.has(other) ? yield* placeFrom(other, upto) : null);
    if (found && found.rec < first) first = found.rec;
  }
  return first;
}

/** The first record of a client from this clock on that was not refused. */
function* placeFrom(client: number, clock: number): Steps<{ rec: number } | null> {
  const row = yield* one(
    'SELECT rec FROM loam_known WHERE client = ? AND clock >= ? ORDER BY clock LIMIT 1',
    [client, clock],
  );
  return row ? { rec: Number(row[0]) } : null;
}
