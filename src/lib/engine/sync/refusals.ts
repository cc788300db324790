// Records that the server refused after they were in the tables here. From then on they say nothing: what they touched is
// settled from what is left, so that the tables are those of a device that never had them. Their content stays in the history,
// to be looked at and done again (revise.ts). What their authors had seen is known by their other records alone, as elsewhere.
import { all, one, run, type Steps } from '../statement.ts';
import { rowsHere, tableOf } from '../write/journal.ts';
import { consequence } from '../write/operation.ts';
import { actOfRecord, readRecord, recordsOf } from '../write/packs.ts';
import { reachOf } from '../write/reach.ts';
import { mainBranch } from '../write/seen.ts';
import { flushSettled, goTo, isHere, settleElsewhere, standing } from './acts.ts';
import { branchIdOf, clearFacts, readFact, type Fact } from './facts.ts';
import { isVoid, keepVoid, placeAt, skipVoids, type Known } from './known.ts';
import { reassign } from './reassign.ts';
import { forgetNames, namesMadeBy, regroup, type MadeName } from './regroup.ts';
import { enqueueOn, type Settling } from './settling.ts';
import { renameTwins } from './twins.ts';

/** A record that was refused. `record`: the one of the history, where it was made here. */
export interface RefusedPlace {
  client: number;
  clock: number;
  record?: number | null;
}

/** Status of acts of which all was refused: nobody undoes them. */
export const refusedStatus = 'refused';

/** Told after each part of what was taken out, on the branch that shows it: of which act it was. */
export type WhenTakenOut = (act: string, title: string) => void;

/** Takes the records out. Gives the uids of the acts that they belonged to. */
export function* takeOutRefused(
  settling: Settling,
  refused: readonly RefusedPlace[],
  whenOut: WhenTakenOut,
): Steps<string[]> {
  const { reader } = settling;
  const { known } = reader;
  const newest = yield* one('SELECT max(id) FROM loam_record');
  const since = Number(newest?.[0] ?? 0);
  const facts: Fact[] = [];
  for (const { client, clock, record = null } of refused) {
    if (isVoid(known, client, clock)) continue;
    const place = yield* placeAt(known, client, clock);
    const fact = place && (yield* readFact(reader, place.rec));
    if (fact) facts.push(fact);
    const rec = place?.rec ?? record;
    yield* run('INSERT INTO loam_void(client, clock, rec, since) VALUES (?, ?, ?, ?)', [
      client,
      clock,
      rec,
      since,
    ]);
    yield* run('DELETE FROM loam_waiting WHERE client = ? AND clock = ?', [client, clock]);
    keepVoid(known, client, clock);
    // One of this device that has not joined the facts yet is taken out when it would (own.ts).
    if (place) known.refused.set(place.rec, since);
    skipVoids(known, client);
  }
  return yield* forgetFacts(settling, facts, whenOut);
}

/** One of this device that was refused before it joined the facts. */
export function* takeOutLate(settling: Settling, rec: number): Steps<void> {
  const { known } = settling.reader;
  const fact = yield* readFact(settling.reader, rec);
  if (!fact) return;
  const { client, clock } = yield* readRecord(settling.tx.journal, rec);
  const row = yield* one('SELECT since FROM loam_void WHERE client = ? AND clock = ?', [client, clock]);
  known.refused.set(rec, Number(row?.[0] ?? rec));
  yield* forgetFacts(settling, [fact], () => {});
}

function* forgetFacts(settling: Settling, facts: readonly Fact[], whenOut: WhenTakenOut): Steps<string[]> {
  const { tx, reader } = settling;
  const lost: LostSight[] = [];
  const acts = new Map<number, Fact[]>();
  for (const fact of facts) {
    lost.push(...(yield* forgetPlace(reader.known, fact)));
    const act = yield* actOfRecord(tx.journal, fact.rec);
    const list = acts.get(act);
    if (list) list.push(fact);
    else acts.set(act, [fact]);
  }
  clearFacts(reader.cache);
  // A branch that was refused is left before it goes.
  const branches = facts.some(({ operations }) => operations.some(({ t }) => t === 'lamindb_branch'));
  if (branches && tx.author.branchId !== mainBranch) yield* goTo(tx, mainBranch);
  for (const fact of facts) {
    for (const { t, ids } of fact.operations) for (const id of ids) settling.uprooted.add(`${t} ${id}`);
  }
  const names = yield* forgetBirths(settling, facts);
  yield* renameTwins(settling, 0);
  const unseen: number[] = [];
  for (const sight of lost) unseen.push(...(yield* settleUnseen(settling, sight)));
  yield* regroup(settling, names, yield* namesMadeBy(unseen));
  yield* flushSettled(settling);
  yield* settleElsewhere(settling);
  whenOut('settle', '');
  const uids: string[] = [];
  for (const [act, some] of acts) {
    const row = yield* one('SELECT uid, title, root, sign FROM loam_act WHERE id = ?', [act]);
    const title = `Taken out, since the server refused it: ${String(row?.[1])}`;
    const reason = { title, takesOut: { root: Number(row?.[2]), sign: -Number(row?.[3]) } };
    uids.push(String(row?.[0]));
    for (const fact of some) yield* enqueueRows(settling, fact);
    yield* flushSettled(settling, reason);
    whenOut(String(row?.[0]), title);
    yield* settleElsewhere(settling, reason);
    whenOut(String(row?.[0]), title);
    yield* markAct(settling, act);
  }
  for (const fact of facts) yield* tellLost(settling, fact);
  yield* flushSettled(settling);
  whenOut('settle', '');
  yield* settleElsewhere(settling);
  whenOut('settle', '');
  return uids;
}

/** Of rows that it made and that nobody makes any more: what others say of them may be about one that was called so before. */
function* tellLost(settling: Settling, fact: Fact): Steps<void> {
  const { tx } = settling;
  for (const { k, t, ids, born } of fact.operations) {
    const table = k === 'i' && !born ? tx.journal.model.tables.get(t) : undefined;
    const branch = table && (yield* branchOfFact(settling, fact, t));
    if (!table || branch === null || branch === undefined || !(yield* isHere(branch || mainBranch))) continue;
    if (branch !== 0 && tx.author.branchId !== branch) yield* goTo(tx, branch);
    const there = yield* rowsHere(table.name, ids);
    const lost = new Set(ids.filter((id) => !there.has(id)));
    if (lost.size > 0) yield* reassign(settling, table, lost, true);
  }
}

/** On which branch a fact speaks of rows of this table; null where that branch is not here. */
function* branchOfFact({ tx, reader }: Settling, fact: Fact, table: string): Steps<number | null> {
  if (reachOf(tableOf(tx.journal.model, table)) === 'shared') return 0;
  return yield* branchIdOf(reader, fact.branch);
}

function* enqueueRows(settling: Settling, fact: Fact, only?: ReadonlySet<string>): Steps<void> {
  const { model } = settling.tx.journal;
  for (const { t, ids } of fact.operations) {
    const table = model.tables.get(t);
    const branch = table && (yield* branchOfFact(settling, fact, t));
    if (!table || branch === null || branch === undefined) continue;
    for (const id of ids) if (!only || only.has(`${t} ${id}`)) enqueueOn(settling, branch, table, id);
  }
}

/* ---------- who had seen what ---------- */

/** Records of `client` from one clock to before another were thought to have seen those of `other`, by a record that is none. */
interface LostSight {
  client: number;
  after: number;
  before: number;
  other: number;
  from: number;
  upto: number;
}

function* forgetPlace(known: Known, { client, clock, rec }: Fact): Steps<LostSight[]> {
  const steps = yield* all('SELECT other, upto FROM loam_saw WHERE client = ? AND clock = ?', [
    client,
    clock,
  ]);
  yield* run('DELETE FROM loam_saw WHERE client = ? AND clock = ?', [client, clock]);
  yield* run('DELETE FROM loam_known WHERE client = ? AND clock = ?', [client, clock]);
  yield* run('DELETE FROM loam_parked WHERE rec = ?', [rec]);
  known.pasts.delete(client);
  known.steps.delete(client);
  known.times.delete(`${client} ${clock}`);
  const lost: LostSight[] = [];
  for (const [other, upto] of steps) {
    const row = yield* one(
      `SELECT max(CASE WHEN clock < ?3 THEN upto END), min(CASE WHEN clock > ?3 THEN clock END) FROM loam_saw
       WHERE client = ?1 AND other = ?2`,
      [client, other ?? null, clock],
    );
    lost.push({
      client,
      after: clock,
      before: row?.[1] == null ? Infinity : Number(row[1]),
      other: Number(other),
      from: Number(row?.[0] ?? 0),
      upto: Number(upto),
    });
  }
  return lost;
}

/** Rows of which both speak are settled again: what one of them wrote did not see the other, as far as anybody knows. Gives the later ones. */
function* settleUnseen(settling: Settling, sight: LostSight): Steps<number[]> {
  const earlier = yield* factsAt(settling, sight.other, sight.from, sight.upto);
  if (earlier.length === 0) return [];
  const rows = new Set(
    earlier.flatMap(({ operations }) => operations.flatMap(({ t, ids }) => ids.map((id) => `${t} ${id}`))),
  );
  const later = yield* factsAt(settling, sight.client, sight.after + 1, sight.before);
  for (const fact of later) yield* enqueueRows(settling, fact, rows);
  return later.map(({ rec }) => rec);
}

function* factsAt({ reader }: Settling, client: number, from: number, to: number): Steps<Fact[]> {
  const facts: Fact[] = [];
  for (const [rec] of yield* all(
    'SELECT rec FROM loam_known WHERE client = ? AND clock >= ? AND clock < ? ORDER BY clock',
    [client, from, Math.min(to, Number.MAX_SAFE_INTEGER)],
  )) {
    const fact = yield* readFact(reader, Number(rec));
    if (fact) facts.push(fact);
  }
  return facts;
}

/* ---------- names and uids that it made ---------- */

function* forgetBirths(settling: Settling, facts: readonly Fact[]): Steps<MadeName[]> {
  const { reader } = settling;
  const names: MadeName[] = [];
  for (const { client, clock } of facts) {
    names.push(...(yield* forgetNames(client, clock)));
    for (const [key, family] of reader.twins) {
      const left = family.filter((twin) => twin.client !== client || twin.clock !== clock);
      if (left.length === family.length) continue;
      reader.twins.set(key, left);
      settling.renamed.add(key);
    }
    yield* run('DELETE FROM loam_twin WHERE client = ? AND clock = ?', [client, clock]);
  }
  return names;
}

/* ---------- acts ---------- */

/** An act of which nothing is left is no step to undo; what it undid stands again, or the other way round. */
function* markAct({ tx, reader }: Settling, act: number): Steps<void> {
  for (const rec of yield* recordsOf(tx.journal, act)) {
    if (reader.known.refused.has(rec)) continue;
    if ((yield* readRecord(tx.journal, rec)).client !== consequence) return;
  }
  yield* run('UPDATE loam_act SET status = ? WHERE id = ?', [refusedStatus, act]);
  const row = yield* one('SELECT root FROM loam_act WHERE id = ?', [act]);
  if (row && Number(row[0]) !== act) yield* standing(Number(row[0]));
}
