// Versions of one family that several devices made at once. LaminDB counts versions up, so each of them minted the same uid
// for something else. They are rows of their own: the one that was made first keeps the uid, later ones have the next free one,
// in the order in which they were made. A record that names such a uid means the row that had it where the record was written.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, run, type Steps } from '../statement.ts';
import { nextVersion, splitUid } from '../uid.ts';
import { setCells } from '../write/exchange.ts';
import { dropKeys, tableNumber, tableOf, type Journal } from '../write/journal.ts';
import { idsOf, type LocalPart } from '../write/operation.ts';
import { readRecord } from '../write/packs.ts';
import { recordsTouching } from '../write/touch.ts';
import { noteFamily } from '../write/transaction.ts';
import { eventsOf, wordOf, type FactReader } from './facts.ts';
import { loadSteps, saw, type Known, type Place } from './known.ts';
import { noteMoved } from './moved.ts';
import type { Settling } from './settling.ts';

/** How a row of such a family was made. */
export interface Twin extends Place {
  /** The uid that it was made with. */
  uid: string;
  id: number;
  hash: SqlValue;
  /** Its created_at: whoever brings a row back, says that of the row; a new one has the time at which it was made. */
  created: SqlValue;
  /** Uid of the branch that it was made on; the same on two branches is for their merge. */
  branch: string;
}

/** `table stem` -> the rows of families in which uids clashed once. */
export type Twins = Map<string, Twin[]>;

/** Whose words are read: which births their author had seen. */
export interface Naming {
  twins: Twins;
  known: Known;
  by: Place;
}

/** Client of rows that were there before anybody shared. */
const ground = -2;

const familyKey = (table: Table, uid: string): string => `${table.name} ${splitUid(uid).stem}`;

export const familyOf = (twins: Twins, table: Table, uid: SqlValue): Twin[] | undefined =>
  table.versioned && twins.size > 0 && typeof uid === 'string' ? twins.get(familyKey(table, uid)) : undefined;

export function* loadTwins(journal: Journal, known: Known): Steps<Twins> {
  const twins: Twins = new Map();
  for (const [name, stem, uid, client, clock, rec, at, id, hash, created, branch] of yield* all(
    `SELECT t.name, w.stem, w.uid, w.client, w.clock, w.rec, w.at, w.id, w.hash, w.created, w.branch FROM loam_twin w JOIN loam_table t ON t.id = w.tab`,
  )) {
    if (!journal.model.tables.has(String(name))) continue;
    const key = `${String(name)} ${String(stem)}`;
    const twin: Twin = {
      uid: String(uid),
      client: Number(client),
      clock: Number(clock),
      rec: Number(rec),
      at: Number(at),
      id: Number(id),
      hash: hash ?? null,
      created: created ?? null,
      branch: String(branch),
    };
    const list = twins.get(key);
    if (list) list.push(twin);
    else twins.set(key, [twin]);
    yield* loadSteps(known, twin.client);
  }
  return twins;
}

/** Whether the author of a record had seen a birth. A record on its way in is not among the known ones: its past is in `pasts`. */
export function sees(known: Known, by: Place, birth: Place): boolean {
  if (birth.client === ground) return true;
  if (by.client === birth.client) return birth.clock <= by.clock;
  if (by.rec > 0) return saw(known, by, birth);
  return (known.pasts.get(by.client)?.get(birth.client) ?? 0) > birth.clock;
}

/** Which uid each of these rows has, and which row each uid means. */
export function assigned(
  known: Known,
  births: readonly Twin[],
): { uids: Map<number, string>; ids: Map<string, number>; holders: Map<string, Twin> } {
  const uids = new Map<number, string>();
  const taken = new Map<string, Twin>();
  const inOrder = [...births].sort(
    (a, b) => a.at - b.at || a.client - b.client || a.clock - b.clock || a.id - b.id,
  );
  for (const birth of inOrder) {
    let { uid } = birth;
    for (let before = taken.get(uid); before; before = taken.get(uid)) {
      if (before.id === birth.id || before === replacedBy(known, births, birth)) break;
      const { stem, version } = splitUid(uid);
      uid = stem + nextVersion(version);
    }
    taken.set(uid, birth);
    uids.set(birth.id, uid);
  }
  return { uids, ids: new Map([...taken].map(([uid, { id }]) => [uid, id])), holders: taken };
}

/** Whoever minted a uid that another row had where it was minted knew that this row was gone: it takes its place. */
function replacedBy(known: Known, births: readonly Twin[], birth: Twin): Twin | undefined {
  const seen = births.filter((other) => other !== birth && sees(known, birth, other));
  return assigned(known, seen).holders.get(birth.uid);
}

/** The row that a uid meant where the record was written; undefined outside of such families. */
export function meant({ twins, known, by }: Naming, table: Table, uid: SqlValue): number | undefined {
  const family = familyOf(twins, table, uid);
  if (!family) return undefined;
  return assigned(
    known,
    family.filter((birth) => sees(known, by, birth)),
  ).ids.get(String(uid));
}

/** A row that a record makes, and who made it. */
export type Made = Pick<Twin, 'uid' | 'hash' | 'created' | 'branch'>;

/**
 * Which row a new one is, of those that had its uid here: that which its author brings back, or one of the same content that
 * somebody made at the same time. Undefined: another one.
 */
export function sameAmong(known: Known, by: Place, made: Made, births: readonly Twin[]): number | undefined {
  return births.find((birth) =>
    sees(known, by, birth)
      ? birth.created === made.created
      : birth.uid === made.uid &&
        birth.branch === made.branch &&
        made.hash !== null &&
        birth.hash === made.hash,
  )?.id;
}

/** All that is known of how a row was made; empty where it was only spoken of. */
export function* allBirths(settling: Settling, table: Table, id: number, uid: string): Steps<Twin[]> {
  const births = yield* birthsOf(settling.reader, table, id);
  if (births.length > 0) return births;
  const created = yield* createdOf(settling, table, id);
  const place = { client: ground, clock: id, rec: 0, at: 0 };
  return created === null ? [] : [{ ...place, uid, id, hash: null, created, branch: '' }];
}

/** When a row was made that was there before anybody shared the database; null where there was none. */
function* createdOf({ tx, reader }: Settling, table: Table, id: number): Steps<SqlValue> {
  const row = yield* one(`SELECT created_at FROM "${table.name}" WHERE id = ?`, [id]);
  if (row) return row[0] ?? null;
  for (const rec of yield* recordsTouching(tx.journal, table.name, [id], reader.base)) {
    const { body, locals } = yield* readRecord(tx.journal, rec);
    for (const [i, { k, t }] of body.o.entries()) {
      const at = k === 'd' && t === table.name ? idsOf(locals[i] as LocalPart).indexOf(id) : -1;
      if (at >= 0) return locals[i]?.pre?.['created_at']?.[at] ?? null;
    }
  }
  return null;
}

/** From here on uids of this family mean what they meant where they were written. */
export function* beginFamily(settling: Settling, table: Table, uid: string): Steps<void> {
  const { twins } = settling.reader;
  if (twins.has(familyKey(table, uid))) return;
  const { stem } = splitUid(uid);
  const tab = yield* tableNumber(settling.tx.journal, table.name);
  const rows = yield* all(
    `SELECT uid, id FROM "${table.name}" WHERE uid >= ?1 AND uid < ?2
     UNION SELECT key, id FROM loam_gone WHERE tab = ?3 AND key >= ?1 AND key < ?2`,
    [`${stem}0000`, `${stem}zzzz~`, tab],
  );
  twins.set(familyKey(table, uid), []);
  for (const [known, member] of rows)
    for (const twin of yield* allBirths(settling, table, Number(member), String(known)))
      yield* addTwin(settling, table, twin);
}

/** How a row was made, by each that made it; the first comes first. */
function* birthsOf(reader: FactReader, table: Table, id: number): Steps<Twin[]> {
  const uid = table.column.get('uid');
  const hash = table.column.get('hash');
  const created = table.column.get('created_at');
  if (!uid) return [];
  return (yield* eventsOf(reader, table.name, id, null))
    .filter(({ operation }) => operation.k === 'i' && !operation.born)
    .map(({ fact, operation }) => ({
      ...{ rec: fact.rec, client: fact.client, clock: fact.clock, at: fact.at, id, branch: fact.branch },
      uid: String(wordOf(fact, operation, id, uid)),
      hash: hash ? ((wordOf(fact, operation, id, hash) ?? null) as SqlValue) : null,
      created: created ? ((wordOf(fact, operation, id, created) ?? null) as SqlValue) : null,
    }))
    .sort((a, b) => a.at - b.at || a.client - b.client);
}

/** A row of such a family. */
export function* addTwin(settling: Settling, table: Table, twin: Twin): Steps<void> {
  const { tx, reader } = settling;
  const key = familyKey(table, twin.uid);
  const family = reader.twins.get(key);
  if (
    !family ||
    family.some(
      ({ uid, client, clock }) => uid === twin.uid && client === twin.client && clock === twin.clock,
    )
  )
    return;
  family.push(twin);
  settling.renamed.add(key);
  yield* loadSteps(reader.known, twin.client);
  yield* run(
    'INSERT OR REPLACE INTO loam_twin(tab, stem, uid, client, clock, rec, at, id, hash, created, branch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    [
      yield* tableNumber(tx.journal, table.name),
      splitUid(twin.uid).stem,
      ...[
        twin.uid,
        twin.client,
        twin.clock,
        twin.rec,
        twin.at,
        twin.id,
        twin.hash,
        twin.created,
        twin.branch,
      ],
    ],
  );
}

/** Gives the rows of families that grew their uids. The record in hand has this number now. */
export function* renameTwins(settling: Settling, rec: number): Steps<void> {
  const { tx, reader } = settling;
  for (const key of settling.renamed) {
    const [name = '', stem = ''] = key.split(' ');
    const table = tableOf(tx.journal.model, name);
    const family = reader.twins.get(key) ?? [];
    for (const twin of family) if (twin.rec === 0 && twin.client !== ground) twin.rec = rec;
    yield* run('UPDATE loam_twin SET rec = ? WHERE tab = ? AND stem = ? AND rec = 0 AND client <> ?', [
      rec,
      yield* tableNumber(tx.journal, name),
      stem,
      ground,
    ]);
    const { uids } = assigned(reader.known, family);
    const rows = yield* all(`SELECT id, uid FROM "${name}" WHERE id IN (SELECT value FROM json_each(?))`, [
      JSON.stringify(family.map(({ id }) => id)),
    ]);
    const moved = rows.filter(([id, uid]) => uids.get(Number(id)) !== uid);
    if (moved.length === 0) continue;
    const ids = moved.map(([id]) => Number(id));
    // On every branch, and no change of anybody's: a row is called otherwise than the device that made it thought.
    yield* setCells(tx, table, ids, ['uid'], [ids.map((id) => uids.get(id) ?? null)]);
    for (const [id, uid = null] of moved) {
      noteFamily(tx, name, uid);
      yield* noteMoved(settling, table, Number(id), String(uid), uids.get(Number(id)) ?? '');
    }
    dropKeys(tx.journal);
  }
  settling.renamed.clear();
}
