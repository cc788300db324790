// Which rows hung on a row once: links, values and notes that were deleted, by what they hung on. Present ones are found by
// their own index; without this table those that are gone could only be found by reading the log.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { inTransaction, many, one, run, type Steps } from '../statement.ts';
import { tableNumber, type Journal } from './journal.ts';
import { idsOf, type LocalPart } from './operation.ts';
import { readRecord, recordsAfter } from './packs.ts';

/** Columns that name the row by whose deletion this one goes too: the ends of links, owners of values and notes. */
export const hostColumns = (table: Table): string[] =>
  table.family === 'registry' || table.family === 'django'
    ? []
    : table.columns.filter((c) => c.references?.onDelete === 'CASCADE').map(({ name }) => name);

/** Call it when rows were deleted; `values` are those they had, by column. */
export function* rememberCuts(
  journal: Journal,
  table: Table,
  ids: readonly number[],
  values: Readonly<Record<string, readonly SqlValue[]>>,
): Steps<void> {
  for (const column of hostColumns(table)) {
    const hosts = values[column];
    if (!hosts) continue;
    const held = ids.flatMap((id, i) => (hosts[i] == null ? [] : [[hosts[i], id] as const]));
    const tab = yield* tableNumber(journal, table.name);
    yield* many('INSERT OR IGNORE INTO loam_cut(tab, host, id) VALUES (?, ?, ?)', held.length, [
      [tab],
      held.map(([host]) => host),
      held.map(([, id]) => id),
    ]);
  }
}

const state = 'cuts';
const perSlice = 60;

/** One slice for idle time: a log that is older than this table is read once. 0 when nothing is left to do. */
export function* feedCuts(journal: Journal): Steps<number> {
  if (journal.cutsKnown) return 0;
  const row = yield* one('SELECT value FROM loam_setting WHERE name = ?', [state]);
  const from = row?.[0] === 'all' ? null : Number(row?.[0] ?? 0);
  const part = from === null ? [] : yield* recordsAfter(journal, from, perSlice);
  if (part.length === 0) journal.cutsKnown = true;
  if (from === null) return 0;
  yield* inTransaction(
    (function* (): Steps<void> {
      for (const id of part) yield* cutsIn(journal, id);
      yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
        state,
        part.length === 0 ? 'all' : String(part.at(-1)),
      ]);
    })(),
  );
  return part.length;
}

function* cutsIn(journal: Journal, id: number): Steps<void> {
  const { body, locals } = yield* readRecord(journal, id);
  for (const [i, operation] of body.o.entries()) {
    const table = journal.model.tables.get(operation.t);
    const local = locals[i] as LocalPart;
    if (operation.k === 'd' && table && local.pre)
      yield* rememberCuts(journal, table, idsOf(local), local.pre);
  }
}
