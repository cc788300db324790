// History of one row of any registry: its own changes and those of what hangs on it (ties, values, notes, members of a
// sheet), newest first, with who, when and on which branch; and what a re-sent request had made.
import type { Table } from '../model/types.ts';
import { all, type Steps } from '../statement.ts';
import { historyPage } from '../write/history.ts';
import type { HistoryAsk, HistoryEntry, HistoryPage } from '../write/history-types.ts';
import type { Journal } from '../write/journal.ts';
import { idsOf, type LocalPart } from '../write/operation.ts';
import { readRecord, recordsOf, type LogRecord } from '../write/packs.ts';
import type { Author } from '../write/transaction.ts';
import { visibleBranches } from './tables.ts';

const most = 500;

/** The newest entries, of acts on any branch. */
export function* rowHistory(journal: Journal, table: Table, id: number): Steps<HistoryEntry[]> {
  return (yield* historyPage(journal, table.name, id, { limit: most })).entries;
}

/** A page of them, of acts that the branch shows. */
export function* timeline(
  journal: Journal,
  author: Author,
  table: Table,
  id: number,
  ask: HistoryAsk,
): Steps<HistoryPage> {
  return yield* historyPage(journal, table.name, id, ask, visibleBranches(author));
}

/** The row of a table that an act made, else the one it changed; null where it did neither. */
export function* rowIn(
  journal: Journal,
  act: string,
  table: string,
): Steps<{ id: number; made: boolean } | null> {
  let changed: number | undefined;
  for (const { body, locals } of yield* recordsIn(journal, act)) {
    for (const [i, operation] of body.o.entries()) {
      if (operation.t !== table) continue;
      const id = idsOf(locals[i] as LocalPart)[0];
      if (operation.k === 'i' && id !== undefined) return { id, made: true };
      if (operation.k === 'u') changed ??= id;
    }
  }
  return changed === undefined ? null : { id: changed, made: false };
}

/** Ids of the rows of a table that an act made. */
export function* idsIn(journal: Journal, act: string, table: string): Steps<number[]> {
  const ids: number[] = [];
  for (const { body, locals } of yield* recordsIn(journal, act))
    for (const [i, operation] of body.o.entries())
      if (operation.t === table && operation.k === 'i') ids.push(...idsOf(locals[i] as LocalPart));
  return ids;
}

/** The records of an act, oldest first. */
function* recordsIn(journal: Journal, act: string): Steps<LogRecord[]> {
  const [found] = yield* all('SELECT id FROM loam_act WHERE uid = ?', [act]);
  const records: LogRecord[] = [];
  for (const id of found ? (yield* recordsOf(journal, Number(found[0]))).reverse() : [])
    records.push(yield* readRecord(journal, id));
  return records;
}
