// Rows that were one under a name, told anew once a record that made one of them was refused: it is none of them any more, and
// who had seen it and made a second of that name had, as far as anybody knows, seen none.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, run, type Steps } from '../statement.ts';
import { setCells } from '../write/exchange.ts';
import { dropKeys, reserveIds, tableNumber, tableOf } from '../write/journal.ts';
import { saw, type Place } from './known.ts';
import { noteMoved } from './moved.ts';
import { nameColumn, rememberNames } from './names.ts';
import { reassign } from './reassign.ts';
import type { Settling } from './settling.ts';
import { takeOut } from './waits.ts';

/** A name that a record made, and the row that has it here. */
export interface MadeName {
  tab: number;
  name: string;
  uid: string;
  id: number;
}

/** Names that the record at this place made: they are forgotten here. */
export function* forgetNames(client: number, clock: number): Steps<MadeName[]> {
  const rows = yield* all('SELECT tab, name, uid, id FROM loam_birth WHERE client = ? AND clock = ?', [
    client,
    clock,
  ]);
  yield* run('DELETE FROM loam_birth WHERE client = ? AND clock = ?', [client, clock]);
  return rows.map(([tab, name, uid, id]) => ({
    tab: Number(tab),
    name: String(name),
    uid: String(uid),
    id: Number(id),
  }));
}

/** Names that some of these records made: whether they were the first may be another matter now. */
export function* namesMadeBy(recs: readonly number[]): Steps<{ tab: number; name: string }[]> {
  const rows = yield* all(
    'SELECT DISTINCT tab, name FROM loam_birth WHERE rec IN (SELECT value FROM json_each(?))',
    [JSON.stringify(recs)],
  );
  return rows.map(([tab, name]) => ({ tab: Number(tab), name: String(name) }));
}

/** Settles which rows are one: without those that are forgotten, and by what is known now of who had seen what. */
export function* regroup(
  settling: Settling,
  gone: readonly MadeName[],
  others: readonly { tab: number; name: string }[] = [],
): Steps<void> {
  const names = new Map([...gone, ...others].map(({ tab, name }) => [`${tab} ${name}`, { tab, name }]));
  for (const { tab, name } of names.values()) {
    const row = yield* one('SELECT name FROM loam_table WHERE id = ?', [tab]);
    const table = tableOf(settling.tx.journal.model, String(row?.[0]));
    const lost = gone.filter((made) => made.tab === tab && made.name === name);
    const changed = yield* regroupName(settling, table, name, lost);
    if (changed.size > 0) yield* reassign(settling, table, changed);
  }
}

interface Birth {
  uid: string;
  id: number;
  place: Place;
  sole: boolean;
}

/** Gives rows of which words may mean others now. */
function* regroupName(
  settling: Settling,
  table: Table,
  name: string,
  lost: readonly MadeName[],
): Steps<Set<number>> {
  const { known } = settling.reader;
  const tab = yield* tableNumber(settling.tx.journal, table.name);
  const births: Birth[] = (yield* all(
    `SELECT b.uid, b.id, b.rec, b.client, b.clock, k.at, b.sole FROM loam_birth b
     LEFT JOIN loam_known k ON k.client = b.client AND k.clock = b.clock WHERE b.tab = ? AND b.name = ?`,
    [tab, name],
  )).map(([uid, id, rec, client, clock, at, sole]) => ({
    uid: String(uid),
    id: Number(id),
    place: { rec: Number(rec), client: Number(client), clock: Number(clock), at: Number(at ?? 0) },
    sole: sole === 1,
  }));
  births.sort(({ place: a }, { place: b }) => a.at - b.at || a.client - b.client || a.clock - b.clock);
  const changed = new Set<number>();
  for (const birth of births) {
    const sole = births.every((other) => other === birth || !saw(known, birth.place, other.place));
    if (sole !== birth.sole)
      yield* run(
        'UPDATE loam_birth SET sole = ? WHERE tab = ? AND name = ? AND uid = ? AND client = ? AND clock = ?',
        [Number(sole), ...[tab, name, birth.uid, birth.place.client, birth.place.clock]],
      );
    birth.sole = sole;
  }
  for (const { uid, id } of lost) {
    yield* run('DELETE FROM loam_alias WHERE tab = ? AND uid = ?', [tab, uid]);
    const left = births.filter((birth) => birth.id === id);
    const [first] = left;
    if (!first || left.some((birth) => birth.uid === uid)) continue;
    // The row is the others'. Who still speaks of the one that was refused means a row that is not there.
    yield* callIt(settling, table, id, uid, first.uid);
    yield* rememberNames(
      settling.tx.journal,
      table,
      [yield* reserveIds(settling.tx.journal, table.name, 1)],
      [uid],
    );
    changed.add(id);
  }
  const [target, ...rest] = births.filter(({ sole }) => sole);
  if (!target || rest.length === 0) return changed;
  for (const birth of rest) {
    if (birth.id === target.id) continue;
    changed.add(birth.id).add(target.id);
    settling.aliases = true;
    yield* run('UPDATE loam_birth SET id = ? WHERE tab = ? AND name = ? AND uid = ?', [
      target.id,
      ...[tab, name, birth.uid],
    ]);
    for (const { uid } of [target, birth])
      yield* run('INSERT OR REPLACE INTO loam_alias(tab, uid, id) VALUES (?, ?, ?)', [tab, uid, target.id]);
    yield* takeOut(settling, table, birth.id);
  }
  return changed;
}

/** The row in the table is called as it is to be from now on, so that it is found. */
function* callIt(settling: Settling, table: Table, id: number, from: string, to: string): Steps<void> {
  const column = nameColumn(table);
  if (column === null) return;
  const row = yield* one(`SELECT "${column}" FROM "${table.name}" WHERE id = ?`, [id]);
  if (row?.[0] !== from) return;
  yield* setCells(settling.tx, table, [id], [column], [[to as SqlValue]]);
  yield* noteMoved(settling, table, id, from, to);
  dropKeys(settling.tx.journal);
}
