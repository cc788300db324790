// How records of others stand in the history here. One that did what it says is a record like any other, with its place. Of
// one that did not, an empty record has the place (its words are in loam_shadow), and records without a place say what it did:
// they belong to its act, are undone like any others, and are never sent.
import { run, type Steps } from '../statement.ts';
import { indexRecord } from '../write/commit.ts';
import { recordRows } from '../write/journal-tables.ts';
import { consequence, encode, type RecordBody } from '../write/operation.ts';
import { noteTexts } from '../write/search-index.ts';
import type { LoggedOperation, Transaction } from '../write/transaction.ts';
import type { PlacedRecord } from './record.ts';

interface Whose {
  author: string;
  branch: string;
  kind: string;
}

/** The transaction's log as one record with a place. Gives its number. */
export function* writeSaid(
  tx: Transaction,
  act: number,
  { client, clock, record }: PlacedRecord,
): Steps<number> {
  const entries = tx.log;
  tx.log = [];
  if (tx.journal.search) yield* noteTexts(tx.journal.search, tx.journal.model.tables, entries);
  const whose = { author: record.author, branch: record.branch, kind: record.act.kind };
  const rec = yield* insertRecord(tx, act, whose, client, clock, entries);
  yield* indexRecord(tx, rec, entries);
  return rec;
}

/** The place of a record whose words are kept elsewhere, or are none of this version's. */
export function* emptyRecord(
  tx: Transaction,
  act: number,
  { client, clock, record }: PlacedRecord,
): Steps<number> {
  const whose = { author: record.author, branch: record.branch, kind: record.act.kind };
  return yield* insertRecord(tx, act, whose, client, clock, []);
}

/** What the transaction has logged, as records that are nobody's facts. */
export function* writeConsequences(
  tx: Transaction,
  act: { id: number; kind: string },
  author: string,
): Steps<void> {
  const entries = tx.log;
  tx.log = [];
  if (tx.journal.search) yield* noteTexts(tx.journal.search, tx.journal.model.tables, entries);
  const whose = { author, branch: tx.author.branchUid, kind: act.kind };
  for (let from = 0; from < entries.length;) {
    let to = from;
    for (let rows = 0; to < entries.length; to++) {
      rows += entries[to]?.operation.n ?? 0;
      if (rows > recordRows && to > from) break;
    }
    const part = entries.slice(from, to);
    const rec = yield* insertRecord(tx, act.id, whose, consequence, 0, part);
    yield* indexRecord(tx, rec, part);
    from = to;
  }
}

function* insertRecord(
  tx: Transaction,
  act: number,
  { author, branch, kind }: Whose,
  client: number,
  clock: number,
  entries: readonly LoggedOperation[],
): Steps<number> {
  const body: RecordBody = {
    f: 1,
    u: author,
    b: branch,
    k: kind,
    o: entries.map(({ operation }) => operation),
  };
  const { lastId } = yield* run(
    'INSERT INTO loam_record(act, at, client, clock, body, local) VALUES (?, ?, ?, ?, ?, ?)',
    [act, tx.at, client, clock, encode(body), encode(entries.map(({ local }) => local))],
  );
  return lastId;
}
