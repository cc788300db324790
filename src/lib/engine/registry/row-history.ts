// History of one row of any registry: its own changes and those of what hangs on it (ties, values, notes, members of a
// sheet), newest first, with who, when and on which branch; and what a re-sent request had made.
import type { Model, Table } from '../model/types.ts';
import { all, type Steps } from '../statement.ts';
import { historyOf, linkHistory } from '../write/history.ts';
import type { HistoryEntry } from '../write/history-types.ts';
import type { Journal } from '../write/journal.ts';
import { idsOf, type LocalPart } from '../write/operation.ts';
import { readRecord, recordsOf, type LogRecord } from '../write/packs.ts';

const most = 500;

export function* rowHistory(journal: Journal, table: Table, id: number): Steps<HistoryEntry[]> {
  const entries = yield* historyOf(journal, table.name, id);
  // Tables that no record ever wrote have no history; most of the many ties are such.
  const written = new Set((yield* all('SELECT name FROM loam_table')).map((r) => String(r[0])));
  for (const { child, column } of hanging(journal.model, table))
    if (written.has(child)) entries.push(...(yield* linkHistory(journal, child, column, id)));
  return entries
    .sort((a, b) => b.ref.record - a.ref.record || b.ref.operation - a.ref.operation)
    .slice(0, most);
}

/** Tables whose rows belong to a row of this one: they go with it. */
function hanging(model: Model, table: Table): { child: string; column: string }[] {
  const children: { child: string; column: string }[] = [];
  for (const { table: child, column, onDelete } of model.incoming.get(table.name) ?? []) {
    const family = model.tables.get(child)?.family;
    if (onDelete === 'CASCADE' && family !== 'registry') children.push({ child, column });
  }
  return children;
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
