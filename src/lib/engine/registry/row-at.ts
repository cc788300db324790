// One row and what hangs on it as they were after a record: from how they are now, back through every record since.
import { LoamError } from '../errors.ts';
import { all, type Steps } from '../statement.ts';
import { oldCells } from '../write/history-cells.ts';
import type { Logged } from '../write/history-names.ts';
import { newestFirst, placesIn, recordsBefore, type HistorySource } from '../write/history-sources.ts';
import type { Journal } from '../write/journal.ts';
import type { LocalPart, Operation } from '../write/operation.ts';
import { readRecord } from '../write/packs.ts';
import { columnsOf } from '../write/touch.ts';
import type { Author } from '../write/transaction.ts';

/** Values by column; null where there was no such row. */
export type RowThen = Map<string, Logged> | null;

export interface SourceThen {
  source: HistorySource;
  now: Map<number, RowThen>;
  then: Map<number, RowThen>;
}

const mostRecords = 5_000;

export function* rowsAt(
  journal: Journal,
  sources: readonly HistorySource[],
  record: number,
  author: Author,
): Steps<SourceThen[]> {
  const states: SourceThen[] = [];
  for (const source of sources) {
    const now = yield* rowsNow(source);
    const then = new Map([...now].map(([id, row]) => [id, row && new Map(row)] as const));
    states.push({ source, now, then });
  }
  const seen = yield* seenRecords(journal, sources, author);
  let read = 0;
  for (let cursor = newestFirst(journal); cursor > record + 1;) {
    const part = (yield* recordsBefore(sources, cursor, 200)).filter((id) => id > record);
    if (part.length === 0) break;
    for (const id of part) {
      cursor = id;
      if (++read > mostRecords)
        throw new LoamError(
          'NotSupportedError',
          `More than ${mostRecords.toLocaleString('en')} changes lie between then and now. Look at the whole database as it was then instead.`,
        );
      yield* stepBack(journal, states, seen, id);
    }
  }
  return states;
}

function* rowsNow({ table, ids }: HistorySource): Steps<Map<number, RowThen>> {
  const columns = table.columns.map(({ name }) => name);
  const rows = yield* all(
    `SELECT ${columns.map((c) => `"${c}"`).join(', ')} FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify([...ids])],
  );
  const at = columns.indexOf('id');
  const found = new Map<number, RowThen>([...ids].map((id) => [id, null]));
  for (const row of rows)
    found.set(Number(row[at]), new Map(columns.map((c, i): [string, Logged] => [c, { id: row[i] ?? null }])));
  return found;
}

function* stepBack(journal: Journal, states: readonly SourceThen[], seen: Seen, id: number): Steps<void> {
  const record = yield* readRecord(journal, id);
  const rank = seen.ranks.get(record.body.b);
  // What was done on a branch that is not seen from here never was in this row.
  if (rank === undefined) return;
  for (let index = record.body.o.length - 1; index >= 0; index--) {
    const operation = record.body.o[index] as Operation;
    for (const { source, then } of states) {
      if (source.table.name !== operation.t) continue;
      for (const { place, id: row } of placesIn(record.locals[index] as LocalPart, source.ids)) {
        if (operation.k === 'i') {
          then.set(row, null);
          continue;
        }
        const old = yield* oldCells(journal, record, index, place);
        const known = operation.k === 'u' ? then.get(row) : new Map<string, Logged>();
        if (!known) continue;
        for (const [column, value] of old) {
          // A cell that a nearer branch had changed by then did not follow this one.
          const holder = seen.held.get(cellKey(operation.t, row, column));
          if (!holder?.some((one) => one.rank < rank && one.record < id)) known.set(column, value);
        }
        then.set(row, known);
      }
    }
  }
}

/** Branches that are seen, the checked-out one first, and which cells those before main have changed. */
interface Seen {
  ranks: ReadonlyMap<string, number>;
  held: ReadonlyMap<string, { rank: number; record: number }[]>;
}

const cellKey = (table: string, id: number, column: string): string => `${table} ${id} ${column}`;

function* seenRecords(journal: Journal, sources: readonly HistorySource[], author: Author): Steps<Seen> {
  const uids = new Map(
    (yield* all('SELECT id, uid FROM lamindb_branch')).map(([id, uid]) => [Number(id), String(uid)]),
  );
  const ranks = new Map(author.visible.map((id, rank) => [uids.get(id) ?? '', rank]));
  const held = new Map<string, { rank: number; record: number }[]>();
  const main = ranks.size - 1;
  if (main === 0) return { ranks, held };
  for (const id of yield* recordsBefore(sources, newestFirst(journal), mostRecords)) {
    const { body, locals } = yield* readRecord(journal, id);
    const rank = ranks.get(body.b);
    if (rank === undefined || rank === main) continue;
    for (const [i, operation] of body.o.entries()) {
      if (operation.k !== 'u') continue;
      for (const { table, ids } of sources.map(({ table, ids }) => ({ table: table.name, ids }))) {
        if (table !== operation.t) continue;
        for (const { id: row } of placesIn(locals[i] as LocalPart, ids))
          for (const column of columnsOf(operation)) {
            const key = cellKey(table, row, column);
            const known = held.get(key);
            if (known) known.push({ rank, record: id });
            else held.set(key, [{ rank, record: id }]);
          }
      }
    }
  }
  return { ranks, held };
}
