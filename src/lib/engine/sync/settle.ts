// Brings one row of the tables to what all facts about it come to: it is put in, changed or taken out by the one applier.
// What rules of the tables keep out (a row it refers to is not there, another row has its unique value) is kept beside them
// and waits for that; what waits for a row that came or went is settled next. All of it follows from the facts alone.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { one, run, type Steps } from '../statement.ts';
import { reinsert, update } from '../write/apply.ts';
import { refusalOf } from '../write/attempt.ts';
import { isBranched } from '../write/branch-log.ts';
import { tableOf } from '../write/journal.ts';
import { reachOf } from '../write/reach.ts';
import { mainBranch } from '../write/seen.ts';
import type { Transaction } from '../write/transaction.ts';
import { keepConflicts } from './conflicts.ts';
import { eventsOf } from './facts.ts';
import { fold, type Cell, type Folded } from './fold.ts';
import { followParent, groundFor } from './ground.ts';
import { noteMoved } from './moved.ts';
import { rowsNamed } from './names.ts';
import type { Settling } from './settling.ts';
import { assigned, familyOf, type Naming } from './twins.ts';
import { settleUniques } from './uniques.ts';
import { keepGround, keepWaits, takeOut, wake, type Wait } from './waits.ts';

/** Settles what is in the queue, and what that leads to. */
export function* settleQueue(settling: Settling): Steps<void> {
  const { queue } = settling;
  // Each step follows from one change of a row; more than this is a circle, which no rule here can make.
  for (let left = 100_000 + queue.size * 100; queue.size > 0; left--) {
    if (left === 0) throw new Error('Rows that wait for each other do not settle.');
    const [key, { table, id }] = queue.entries().next().value as [string, { table: Table; id: number }];
    queue.delete(key);
    yield* settleGuarded(settling, table, id);
  }
}

/** Rules that look at more than this row (of a branch and its parent) may keep it as it is: that is told, and stops nothing. */
export function* settleGuarded(settling: Settling, table: Table, id: number): Steps<void> {
  const refused = yield* refusalOf(settling.tx, () => settleRow(settling, table, id), true);
  if (!refused) return;
  if (!held.has(refused.code)) throw refused;
  yield* keepWaits(settling, table, id, [{ column: '', table, id, reason: 'taken', whole: false }]);
}

const held: ReadonlySet<string> = new Set(['IntegrityError', 'ProtectedError', 'DoesNotExist']);

/** On which branch words about the table's rows count; null: on all. */
const branchNamed = (tx: Transaction, table: Table): string | null =>
  reachOf(table) === 'shared' ? null : tx.author.branchUid;

export function* foldedRow(settling: Settling, table: Table, id: number): Steps<Folded | null> {
  const { tx, reader } = settling;
  const events = yield* eventsOf(reader, table.name, id, branchNamed(tx, table));
  return events.length === 0 ? null : fold(reader.known, table, id, events);
}

function* settleRow(settling: Settling, table: Table, id: number): Steps<void> {
  const { tx, reader } = settling;
  const folded = yield* foldedRow(settling, table, id);
  const columns = table.columns.filter(({ name, derived, foreign }) => name !== 'id' && !derived && !foreign);
  const row = yield* one(
    `SELECT ${columns.map(({ name }) => `"${name}"`).join(', ')} FROM "${table.name}" WHERE id = ?`,
    [id],
  );
  const now = row && new Map(columns.map(({ name }, c) => [name, row[c] ?? null]));
  const { values: ground, follow } = yield* groundFor(settling, table, id, now ?? null, folded);
  // Nobody has told more of it than that it is meant somewhere; or who told it was refused.
  if (!ground && !folded?.made) {
    yield* keepWaits(settling, table, id, []);
    yield* keepConflicts(settling, table, id, null);
    if (now) yield* takeOut(settling, table, id);
    return;
  }
  const waits: Wait[] = [];
  let wanted: Map<string, SqlValue> | null = null;
  if (folded?.alive ?? true) {
    wanted = yield* wantedValues(settling, table, folded, ground, waits);
    // Of versions that were made at once each has the uid that is its own by now.
    const family = familyOf(reader.twins, table, wanted.get('uid') ?? null);
    const uid = family && assigned(reader.known, family).uids.get(id);
    if (uid !== undefined) wanted.set('uid', uid);
    if (!waits.some(({ whole }) => whole))
      yield* settleUniques(settling, table, id, wanted, now ?? null, waits);
  }
  yield* keepWaits(settling, table, id, waits);
  yield* keepGround(settling, table, id, wanted && waits.length > 0 ? ground : null);
  yield* keepConflicts(settling, table, id, folded?.alive ? folded : null);
  if (!wanted || waits.some(({ whole }) => whole)) {
    if (now) yield* takeOut(settling, table, id);
    return;
  }
  if (!now) {
    yield* putBack(tx, table, id, wanted);
    yield* wake(settling, table, id);
    return;
  }
  const changed = [...wanted].filter(([name, value]) => name !== 'updated_at' && value !== now.get(name));
  const stamp = wanted.get('updated_at');
  const uid = changed.find(([name]) => name === 'uid')?.[1];
  if (uid != null) yield* noteMoved(settling, table, id, String(now.get('uid')), String(uid));
  if (changed.length > 0) {
    yield* update(tx, table.name, [id], {
      ...Object.fromEntries(changed),
      ...(stamp === undefined ? {} : { updated_at: stamp }),
    });
    yield* wake(settling, table, id);
  } else if (stamp !== undefined && stamp !== now.get('updated_at') && tx.author.branchId === mainBranch)
    // The time of a change that is not shown is no change of anybody's.
    yield* run(`UPDATE "${table.name}" SET updated_at = ? WHERE id = ?`, [stamp, id]);
  yield* followParent(settling, table, id, follow);
}

/** A row that was made on the branch and went elsewhere (the trash) is the branch's own all the same. */
function* putBack(
  tx: Transaction,
  table: Table,
  id: number,
  wanted: ReadonlyMap<string, SqlValue>,
): Steps<void> {
  const values = Object.fromEntries(wanted);
  const place = wanted.get('branch_id') ?? null;
  const home = tx.author.branchId;
  const away = isBranched(tx, table) && wanted.get('created_on_id') === home && place !== home;
  yield* reinsert(tx, table.name, [id], away ? { ...values, branch_id: home } : values);
  if (!away) return;
  const stamp = wanted.get('updated_at');
  yield* update(tx, table.name, [id], {
    branch_id: place,
    ...(stamp === undefined ? {} : { updated_at: stamp }),
  });
}

/** The values that the row is to have; references to rows that are not there are empty, or the row waits for them. */
function* wantedValues(
  settling: Settling,
  table: Table,
  folded: Folded | null,
  ground: ReadonlyMap<string, SqlValue> | null,
  waits: Wait[],
): Steps<Map<string, SqlValue>> {
  const { tx } = settling;
  const wanted = new Map<string, SqlValue>();
  const { known, twins } = settling.reader;
  const by = ({ heads: [head] }: Cell): Naming | undefined => head && { twins, known, by: head.fact };
  for (const column of table.columns) {
    const { name, references } = column;
    if (name === 'id' || column.derived || column.foreign) continue;
    const cell = folded?.cells.get(name);
    let value: SqlValue;
    if (name === 'updated_at') value = (folded?.updatedAt ?? ground?.get(name) ?? null) as SqlValue;
    else if (!cell) value = ground?.get(name) ?? null;
    else if (references && cell.value !== null)
      value =
        (yield* rowsNamed(
          tx.journal,
          tableOf(tx.journal.model, references.table),
          [cell.value],
          true,
          by(cell),
        ))[0]?.id ?? null;
    else value = cell.value as SqlValue;
    if (references && value !== null) {
      const there = yield* one(`SELECT 1 FROM "${references.table}" WHERE id = ?`, [value]);
      if (!there) {
        waits.push({
          column: name,
          table: tableOf(tx.journal.model, references.table),
          id: Number(value),
          reason: 'missing',
          whole: !column.nullable,
        });
        value = null;
      }
    }
    wanted.set(name, value);
  }
  return wanted;
}
