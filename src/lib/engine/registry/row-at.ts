// One row and what hangs on it as they were after a record: from how they are now, back through every record since.
import { LoamError } from '../errors.ts';
import { all, type Steps } from '../statement.ts';
import { oldCells } from '../write/history-cells.ts';
import type { Logged } from '../write/history-names.ts';
import { placesIn, recordsBefore, type HistorySource } from '../write/history-sources.ts';
import type { Journal } from '../write/journal.ts';
import type { LocalPart, Operation } from '../write/operation.ts';
import { readRecord } from '../write/packs.ts';

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
): Steps<SourceThen[]> {
  const states: SourceThen[] = [];
  for (const source of sources) {
    const now = yield* rowsNow(source);
    const then = new Map([...now].map(([id, row]) => [id, row && new Map(row)] as const));
    states.push({ source, now, then });
  }
  let read = 0;
  for (let cursor = Number.MAX_SAFE_INTEGER; cursor > record + 1;) {
    const part = (yield* recordsBefore(sources, cursor, 200)).filter((id) => id > record);
    if (part.length === 0) break;
    for (const id of part) {
      cursor = id;
      if (++read > mostRecords)
        throw new LoamError(
          'NotSupportedError',
          `More than ${mostRecords.toLocaleString('en')} changes lie between then and now. Look at the whole database as it was then instead.`,
        );
      yield* stepBack(journal, states, id);
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

function* stepBack(journal: Journal, states: readonly SourceThen[], id: number): Steps<void> {
  const record = yield* readRecord(journal, id);
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
        for (const [column, value] of old) known.set(column, value);
        then.set(row, known);
      }
    }
  }
}
