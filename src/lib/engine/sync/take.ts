// One record of somebody else: what it says is done, or settled row by row; or it is refused, here as everywhere.
import { isLoamError } from '../errors.ts';
import { inSavepoint, type Steps } from '../statement.ts';
import { dropKeys } from '../write/journal.ts';
import { idsOf, jsonText, type Operation, type RowKey } from '../write/operation.ts';
import type { Transaction } from '../write/transaction.ts';
import { actOf, flushSettled } from './acts.ts';
import { emptyRecord, writeConsequences, writeSaid } from './chronicle.ts';
import { clearFacts } from './facts.ts';
import { applyOperations } from './incoming.ts';
import { firstUnseen, noteKnown, pastOf, type Place } from './known.ts';
import { numberBirths } from './made-once.ts';
import { keepShadow } from './parked.ts';
import type { PlacedRecord, SyncOperation } from './record.ts';
import { settleGuarded } from './settle.ts';
import { enqueue, type Settling } from './settling.ts';
import { loadTwins, renameTwins } from './twins.ts';

/** What content that no Loam writes leads to; everything else is no fault of the record. */
const refusals: ReadonlySet<string> = new Set([
  'ValidationError',
  'DataError',
  'FieldError',
  'InvalidArgument',
  'IntegrityError',
  'ProtectedError',
  'DoesNotExist',
]);

/** Gives why the record was refused; null where it was done. Refused or not, it counts as seen. */
export function* take(settling: Settling, placed: PlacedRecord, unplacedFrom: number): Steps<string | null> {
  const { tx, reader } = settling;
  const { client, clock, record } = placed;
  const past = yield* pastOf(reader.known, client);
  const seen = new Map(past);
  for (const [other, upto] of record.seen) seen.set(other, Math.max(upto, seen.get(other) ?? 0));
  reader.known.pasts.set(client, seen);
  const since = yield* firstUnseen(reader.known, client, seen, unplacedFrom);
  reader.known.pasts.set(client, seen);
  const place: Place = { rec: 0, client, clock, at: record.at };
  let reason: string | null = null;
  const before = { log: tx.log.length, queue: new Map(settling.queue) };
  try {
    yield* inSavepoint(
      (function* () {
        yield* doRecord(settling, placed, place, since, past);
      })(),
    );
  } catch (error) {
    if (!isLoamError(error) || !refusals.has(error.code)) throw error;
    reason = error.message;
    tx.log.length = before.log;
    settling.queue = before.queue;
    settling.born = [];
    settling.renamed.clear();
    reader.twins = yield* loadTwins(tx.journal, reader.known);
    clearFacts(settling.reader.cache);
    dropKeys(tx.journal);
    reader.known.vector.delete(client);
    if (clock > 0) reader.known.vector.set(client, clock);
    reader.known.steps.delete(client);
    reader.known.pasts.set(client, past);
    // It stands for nothing, here as everywhere: the next records go on after it.
    const act = yield* actOf(tx, record);
    yield* noteKnown(reader.known, { ...place, rec: yield* emptyRecord(tx, act.id, placed) }, record.seen);
  }
  return reason;
}

function* doRecord(
  settling: Settling,
  placed: PlacedRecord,
  place: Place,
  since: number,
  past: Map<number, number>,
): Steps<void> {
  const { tx, reader } = settling;
  const { client, record } = placed;
  const act = yield* actOf(tx, record);
  tx.undoing = record.act.sign < 0;
  const done = yield* applyOperations({ settling, place, record, since });
  const renamed = settling.aliases || reader.twins.size > 0;
  const asSaid =
    done.open.length === 0 &&
    done.parked.length === 0 &&
    tx.log.length === record.operations.length &&
    tx.log.every(({ operation, local }, i) => {
      const said = record.operations[i];
      const { k, t, n } = operation;
      return (
        k === said?.k &&
        t === said.t &&
        n === (done.ids[i]?.length ?? 0) &&
        (!renamed || sameWords(tx, operation, idsOf(local), said, done.ids[i] ?? []))
      );
    });
  let rec: number;
  if (asSaid && record.operations.length > 0) {
    rec = yield* writeSaid(tx, act.id, placed);
  } else {
    yield* writeConsequences(tx, act, record.author);
    rec = yield* emptyRecord(tx, act.id, placed);
    yield* keepShadow(tx, rec, placed, done);
  }
  reader.known.pasts.set(client, past);
  yield* noteKnown(reader.known, { ...place, rec }, record.seen);
  yield* numberBirths(settling, rec);
  yield* renameTwins(settling, rec);
  // First its own rows, which are part of the act, then what follows for others.
  const others = settling.queue;
  settling.queue = new Map();
  for (const { table, id } of done.open) {
    enqueue(settling, table, id);
    others.delete(`${table.name} ${id}`);
  }
  const own = [...settling.queue.values()];
  settling.queue = others;
  for (const { table, id } of own) yield* settleGuarded(settling, table, id);
  yield* writeConsequences(tx, act, record.author);
  tx.undoing = false;
  yield* flushSettled(settling);
}

/** Rows may be called otherwise here than where the record was written: then its own words are kept, beside those of here. */
function sameWords(
  { journal }: Transaction,
  logged: Operation,
  loggedIds: readonly number[],
  said: SyncOperation,
  saidIds: readonly number[],
): boolean {
  const table = journal.model.tables.get(said.t);
  if (!table) return false;
  const at = new Map(loggedIds.map((id, i) => [id, i]));
  const same = (one: (i: number) => RowKey, other: (i: number) => RowKey): boolean =>
    saidIds.every((id, i) => {
      const place = at.get(id);
      return place !== undefined && jsonText(one(i)) === jsonText(other(place));
    });
  if (
    said.r &&
    !same(
      (i) => said.r?.[i] ?? null,
      (i) => logged.r?.[i] ?? null,
    )
  )
    return false;
  return table.columns
    .filter(({ name, references }) => references || table.rowKey.columns.includes(name))
    .every(({ name }) =>
      same(
        (i) => said.v?.[name]?.[i] ?? said.c?.[name] ?? null,
        (i) => logged.v?.[name]?.[i] ?? logged.c?.[name] ?? null,
      ),
    );
}
