// What was written here since the last records of others came: it joins the facts. The ordinary write path knows nothing of
// the projection; what that needs of own records (places, names of new rows, keys of deleted ones) is read off the history
// here, once for each record.
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { tableNumber, tableOf } from '../write/journal.ts';
import { consequence, type RowKey } from '../write/operation.ts';
import { readRecord, recordsAfter } from '../write/packs.ts';
import { reachOf } from '../write/reach.ts';
import { hasNames, nameOf, isNamePart, noteBirths, type Birth } from './made-once.ts';
import { eventsOf, readFact, wordOf, type Fact, type FactOperation } from './facts.ts';
import { hadGround } from './ground.ts';
import { isVoid, keepIndexed, noteKnown, placeAt } from './known.ts';
import { goneKey, keyTexts, nameColumn, rememberNames, rowsNamed } from './names.ts';
import { reassign } from './reassign.ts';
import { takeOutLate } from './refusals.ts';
import { enqueueOn, type Settling } from './settling.ts';
import { addTwin, allBirths, beginFamily, familyOf, type Naming } from './twins.ts';

const atOnce = 500;

/** Takes own records up. Gives the oldest one that has no place yet (Infinity: none); from there on nobody has seen any. */
export function* takeOwn(settling: Settling): Steps<number> {
  const { tx, reader } = settling;
  const { journal } = tx;
  const { known } = reader;
  let last = known.indexed;
  let unplacedFrom = Infinity;
  for (;;) {
    const records = yield* recordsAfter(journal, last, atOnce);
    for (const rec of records) {
      last = rec;
      if (rec <= reader.base) continue;
      const { client, clock, at } = yield* readRecord(journal, rec);
      if (client === consequence) continue;
      if (client === null || clock === null) {
        unplacedFrom = Math.min(unplacedFrom, rec);
        continue;
      }
      // Of another, or taken up already.
      if (known.refused.has(rec) || (yield* placeAt(known, client, clock))) continue;
      if (unplacedFrom < Infinity) continue;
      if (isVoid(known, client, clock)) {
        yield* takeOutLate(settling, rec);
        continue;
      }
      const seen: [number, number][] = [];
      for (const [other] of known.vector) {
        if (other === client) continue;
        const row = yield* all('SELECT max(clock) FROM loam_known WHERE client = ? AND rec < ?', [
          other,
          rec,
        ]);
        if (row[0]?.[0] != null) seen.push([other, Number(row[0][0]) + 1]);
      }
      yield* noteKnown(known, { rec, client, clock, at }, seen);
      const fact = yield* readFact(reader, rec);
      if (fact) yield* takeFact(settling, fact);
    }
    if (records.length < atOnce) break;
  }
  const upto = Math.min(unplacedFrom - 1, last);
  if (upto > known.indexed) yield* keepIndexed(known, upto);
  return unplacedFrom;
}

function* takeFact(settling: Settling, fact: Fact): Steps<void> {
  const { tx } = settling;
  for (const operation of fact.operations) {
    const table = tableOf(tx.journal.model, operation.t);
    if (operation.k === 'i' && hasNames(table)) yield* takeBirths(settling, table, fact, operation);
    if (operation.k === 'i' && !operation.born) yield* takeTwins(settling, table, fact, operation);
    if (operation.k === 'i' && !operation.born) yield* takeAgain(settling, table, fact, operation);
    if (operation.k === 'd') yield* takeDeleted(settling, table, fact, operation);
    if (!settling.waits && !settling.conflicts) continue;
    const tab = yield* tableNumber(tx.journal, table.name);
    const ids = JSON.stringify(operation.ids);
    for (const [id, branch] of yield* all(
      `SELECT id, branch FROM loam_conflict WHERE tab = ?1 AND id IN (SELECT value FROM json_each(?2))
       UNION SELECT id, branch FROM loam_wait WHERE tab = ?1 AND id IN (SELECT value FROM json_each(?2))`,
      [tab, ids],
    ))
      enqueueOn(settling, Number(branch), table, Number(id));
    yield* wakeAll(
      settling,
      `SELECT DISTINCT t.name, w.id, w.branch FROM loam_wait w JOIN loam_table t ON t.id = w.tab
       WHERE w.on_tab = ? AND w.on_id IN (SELECT value FROM json_each(?))`,
      [tab, ids],
    );
    if (operation.k === 'i' && !operation.born) yield* wakeByName(settling, table, tab, fact, operation);
  }
}

/**
 * Links that were there before and are made again have new ids here, and are the same rows everywhere else. What was said of
 * the old ones is said of the new.
 */
function* takeAgain(settling: Settling, table: Table, fact: Fact, operation: FactOperation): Steps<void> {
  if (nameColumn(table) !== null) return;
  const { journal } = settling.tx;
  const tab = yield* tableNumber(journal, table.name);
  if ((yield* all("SELECT 1 FROM loam_gone WHERE tab = ? AND key >= '#' LIMIT 1", [tab])).length === 0)
    return;
  const columns = table.rowKey.columns.map((name) => table.column.get(name));
  const keys = operation.ids.map((id) =>
    columns.map((column) => (column ? (wordOf(fact, operation, id, column) ?? null) : null)),
  );
  const texts = yield* keyTexts(journal, table, keys, namingOf(settling, fact));
  const ids = new Map(texts.map((text, i) => [text, operation.ids[i] ?? 0]));
  for (const [key, gone] of yield* all(
    'SELECT key, id FROM loam_gone WHERE tab = ? AND key IN (SELECT value FROM json_each(?))',
    [tab, JSON.stringify(texts)],
  )) {
    const [from, to] = [Number(gone), ids.get(String(key)) ?? 0];
    if (from === to) continue;
    const events = yield* eventsOf(settling.reader, table.name, from, null);
    // One of another branch is another; what was there before anybody shared has its ground under the old id.
    if (reachOf(table) === 'loose' && events.some((event) => event.fact.branch !== fact.branch)) continue;
    if (yield* hadGround(settling, table, from)) continue;
    yield* reassign(settling, table, new Set([from]), true);
  }
}

const namingOf = ({ reader }: Settling, by: Fact): Naming => ({
  twins: reader.twins,
  known: reader.known,
  by,
});

/** New versions of families in which uids clashed before, or of which another had the uid before. */
function* takeTwins(settling: Settling, table: Table, fact: Fact, operation: FactOperation): Steps<void> {
  const [uid, hash, created] = ['uid', 'hash', 'created_at'].map((name) => table.column.get(name));
  if (!uid || !table.versioned) return;
  const { twins } = settling.reader;
  const again = yield* mintedAgain(settling, table, fact, operation);
  for (const id of operation.ids) {
    const named = String(wordOf(fact, operation, id, uid));
    if (again.has(named)) yield* beginFamily(settling, table, named);
    if (!familyOf(twins, table, named)) continue;
    const word = (column: Column | undefined) =>
      column ? ((wordOf(fact, operation, id, column) ?? null) as SqlValue) : null;
    yield* addTwin(settling, table, {
      ...place(fact),
      uid: named,
      id,
      hash: word(hash),
      created: word(created),
      branch: fact.branch,
    });
  }
}

/** Uids of new rows that others had here before, which are gone. */
function* mintedAgain(
  settling: Settling,
  table: Table,
  fact: Fact,
  operation: FactOperation,
): Steps<Set<string>> {
  const again = new Set<string>();
  const column = table.column.get('uid');
  if (!column) return again;
  const ids = new Map(operation.ids.map((id) => [String(wordOf(fact, operation, id, column)), id]));
  for (const [uid, gone] of yield* all(
    'SELECT key, id FROM loam_gone WHERE tab = ? AND key IN (SELECT value FROM json_each(?))',
    [yield* tableNumber(settling.tx.journal, table.name), JSON.stringify([...ids.keys()])],
  )) {
    if (Number(gone) === ids.get(String(uid))) continue;
    if ((yield* allBirths(settling, table, Number(gone), String(uid))).length > 0) again.add(String(uid));
  }
  return again;
}

/** A uid that was free again: what waits for the row that had it finds the new one. */
function* wakeByName(
  settling: Settling,
  table: Table,
  tab: number,
  fact: Fact,
  operation: FactOperation,
): Steps<void> {
  const column = table.column.get(nameColumn(table) ?? '');
  if (!column) return;
  const uids = operation.ids.map((id) => wordOf(fact, operation, id, column) ?? null);
  yield* wakeAll(
    settling,
    `SELECT DISTINCT t.name, w.id, w.branch FROM loam_gone g JOIN loam_wait w ON w.on_tab = g.tab AND w.on_id = g.id
     JOIN loam_table t ON t.id = w.tab WHERE g.tab = ? AND g.key IN (SELECT value FROM json_each(?))`,
    [tab, JSON.stringify(uids)],
  );
}

function* wakeAll(settling: Settling, sql: string, params: SqlValue[]): Steps<void> {
  for (const [name, id, branch] of yield* all(sql, params))
    enqueueOn(settling, Number(branch), tableOf(settling.tx.journal.model, String(name)), Number(id));
}

function* takeBirths(settling: Settling, table: Table, fact: Fact, operation: FactOperation): Steps<void> {
  if (operation.born) return;
  const { journal } = settling.tx;
  const births: Birth[] = [];
  const targets = new Map<string, Map<string, number | null>>();
  for (const { name, references } of table.columns) {
    if (!references || !isNamePart(table, name)) continue;
    const column = table.column.get(name);
    if (!column) continue;
    const words = [...new Set(operation.ids.map((id) => wordOf(fact, operation, id, column) ?? null))];
    const rows = yield* rowsNamed(
      journal,
      tableOf(journal.model, references.table),
      words,
      true,
      namingOf(settling, fact),
    );
    targets.set(name, new Map(words.map((word, i) => [JSON.stringify(word), rows[i]?.id ?? null])));
  }
  for (const id of operation.ids) {
    const valueOf = (name: string): SqlValue => {
      const column = table.column.get(name);
      const word = column ? (wordOf(fact, operation, id, column) ?? null) : null;
      const target = targets.get(name);
      return target ? (target.get(JSON.stringify(word)) ?? null) : (word as SqlValue);
    };
    const name = nameOf(table, fact.branch, valueOf);
    if (name !== null) births.push({ name, uid: String(valueOf('uid')), id });
  }
  yield* noteBirths(settling, table, place(fact), births);
}

const place = ({ rec, client, clock, at }: Fact) => ({ rec, client, clock, at });

/** Rows that are gone are found by their keys, should somebody who does not know yet speak of them. */
function* takeDeleted(settling: Settling, table: Table, fact: Fact, operation: FactOperation): Steps<void> {
  const { journal } = settling.tx;
  const single = nameColumn(table);
  const columns = table.rowKey.columns.map((name) => table.column.get(name));
  const ids: number[] = [];
  const texts: string[] = [];
  const record = operation.born ? null : yield* readRecord(journal, fact.rec);
  const keys = record?.body.o[fact.operations.indexOf(operation)]?.r;
  for (const [i, id] of operation.ids.entries()) {
    const parts: RowKey[] = [];
    for (const [c, column] of columns.entries()) {
      if (!column) continue;
      const key = keys?.[i] ?? null;
      const word = operation.born
        ? (wordOf(fact, operation, id, column) ?? null)
        : single !== null
          ? key
          : Array.isArray(key)
            ? (key[c] ?? null)
            : null;
      const target = column.references?.table;
      parts.push(
        target === undefined || word === null
          ? word
          : ((yield* rowsNamed(
              journal,
              tableOf(journal.model, target),
              [word],
              true,
              namingOf(settling, fact),
            ))[0]?.id ?? null),
      );
    }
    ids.push(id);
    texts.push(single !== null ? String(parts[0]) : goneKey(parts as (string | number | null)[]));
  }
  yield* rememberNames(journal, table, ids, texts);
}
