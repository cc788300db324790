// What of sync a person has to look at, in words: values that several wrote at once, rows that are kept out of the tables, and
// what a newer version wrote; and to settle one of them, which is an ordinary edit.
import { LoamError } from '../errors.ts';
import { aboutOf, fieldName, type About } from '../branch/told.ts';
import { all, one, type Steps } from '../statement.ts';
import { affirm, update, type Values } from '../write/apply.ts';
import { nameColumn, namedRow, nameOf, shownCell, type Names } from '../write/history-names.ts';
import { tableOf, type Journal } from '../write/journal.ts';
import { idsOf, type LocalPart, type Operation } from '../write/operation.ts';
import { readRecord } from '../write/packs.ts';
import type { Transaction } from '../write/transaction.ts';
import type { KeptOut, SyncConflict } from './conflicts.ts';
import { rowsNamed } from './names.ts';
import type { RejectedAct } from './revise.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';

export interface ConflictEntry {
  kind: 'conflict';
  registry: string;
  uid: string;
  name: string;
  field: string;
  /** Registry column, for `settleConflict`. */
  column: string;
  values: {
    client: number;
    clock: number;
    value: unknown;
    text: string;
    author: string;
    at: number;
    shown: boolean;
  }[];
}

export interface KeptOutEntry {
  kind: 'kept out';
  registry: string;
  uid: string;
  name: string;
  field: string | null;
  reason: string;
}

export interface NewerEntry {
  kind: 'newer';
  records: number;
  reason: string;
}

export interface RejectedEntry {
  kind: 'rejected';
  /** Names it for `discardRejected` and `reviseRejected`. */
  act: string;
  title: string;
  reason: string;
  at: number;
  /** What it changed, in words, the first few. */
  changes: string[];
}

/** One thing that a person has to look at. */
export type Attention = RejectedEntry | ConflictEntry | KeptOutEntry | NewerEntry;

/** So many changes of an act are told. */
const changesTold = 6;

/** An own act that the server refused. */
export function* rejectedEntry(journal: Journal, act: RejectedAct): Steps<RejectedEntry> {
  return {
    ...{ kind: 'rejected', act: act.uid, title: act.title, at: Math.floor(act.at / 1000) },
    reason: act.reason || 'The server gave no reason.',
    changes: yield* changesOf(journal, act.records),
  };
}

/** What records did, in words, the first few. */
function* changesOf(journal: Journal, records: readonly number[]): Steps<string[]> {
  const told: string[] = [];
  const names: Names = new Map();
  for (const rec of records) {
    const { body, locals } = yield* readRecord(journal, rec);
    for (const [i, operation] of body.o.entries()) {
      const table = journal.model.tables.get(operation.t);
      if (!table) continue;
      for (const [place, id] of idsOf(locals[i] as LocalPart).entries()) {
        if (told.length === changesTold) return told;
        told.push(yield* changeInWords(journal, names, table, operation, place, id));
      }
    }
  }
  return told;
}

function* changeInWords(
  journal: Journal,
  names: Names,
  table: Table,
  { k, v, c }: Operation,
  place: number,
  id: number,
): Steps<string> {
  const said = (column: string) => v?.[column]?.[place] ?? c?.[column] ?? null;
  const own = nameColumn(table);
  const called =
    said(own) === null
      ? ((yield* namedRow(journal, names, table.name, id)).text ?? String(id))
      : String(said(own));
  const what = `${table.registry ?? table.name} “${called}”`;
  if (k === 'i') return `${what} created`;
  if (k === 'd') return `${what} deleted`;
  const fields: string[] = [];
  for (const column of table.columns) {
    if (!(column.name in (v ?? {})) && !(column.name in (c ?? {}))) continue;
    const { text } = yield* shownCell(journal, names, column, { key: said(column.name) });
    fields.push(`${fieldName(column.name)} → ${(text ?? 'empty').slice(0, 80)}`);
  }
  return `${what}: ${fields.join(', ')}`;
}

/** A conflict as people read it. */
export function* conflictEntry(journal: Journal, conflict: SyncConflict): Steps<ConflictEntry> {
  const table = tableOf(journal.model, conflict.table);
  const about = yield* aboutOf(journal, table, conflict.id, null);
  const column = table.column.get(conflict.column) as Column;
  const names: Names = new Map();
  const values: ConflictEntry['values'] = [];
  for (const { client, clock, value, author, at, shown } of conflict.values) {
    const { text } = yield* shownCell(journal, names, column, { key: value });
    values.push({
      ...{ client, clock, value, shown, at: Math.floor(at / 1000) },
      text: text ?? 'no value',
      author: yield* handleOf(author),
    });
  }
  return {
    ...{ kind: 'conflict', ...titleOf(about, conflict.row), column: conflict.column, values },
    field: fieldName(conflict.column),
  };
}

const titleOf = (about: About, row: unknown): Pick<ConflictEntry, 'registry' | 'uid' | 'name'> => ({
  registry: about.registry,
  uid: about.uid ?? JSON.stringify(row),
  name: about.row,
});

function* handleOf(author: string): Steps<string> {
  const row = yield* one('SELECT coalesce(name, handle) FROM lamindb_user WHERE uid = ?', [author]);
  return String(row?.[0] ?? author);
}

/** What is kept out of the tables, and what would bring it in. */
export function* keptOutEntry(journal: Journal, kept: KeptOut): Steps<KeptOutEntry> {
  const table = tableOf(journal.model, kept.table);
  const on = tableOf(journal.model, kept.onTable);
  const name = yield* nameOf(journal, table.name, kept.id);
  const other = yield* nameOf(journal, on.name, kept.onId);
  const uid = table.column.has('uid')
    ? yield* one(`SELECT uid FROM "${table.name}" WHERE id = ?`, [kept.id])
    : undefined;
  const what = `${on.registry ?? on.name} “${other}”`;
  return {
    ...{ kind: 'kept out', registry: table.registry ?? table.name, name },
    uid: uid ? String(uid[0]) : String(kept.id),
    field: kept.whole ? null : fieldName(kept.column),
    reason:
      kept.reason === 'missing'
        ? `It refers to ${what}, which is not there.`
        : `${what} has the same ${fieldName(kept.column)}, which only one may have.`,
  };
}

/** Operations with tables or columns that this version does not know; null where there are none. */
export function* newerEntry(): Steps<NewerEntry | null> {
  const rows = yield* all(
    'SELECT reason, count(DISTINCT rec) FROM loam_parked GROUP BY reason ORDER BY 2 DESC',
  );
  const [first] = rows;
  if (!first) return null;
  const [count] = (yield* one('SELECT count(DISTINCT rec) FROM loam_parked')) ?? [];
  return {
    kind: 'newer',
    records: Number(count),
    reason: `A newer version of Loam wrote ${String(first[0])}${rows.length > 1 ? ' and more' : ''}. Update Loam to see it; it is kept until then.`,
  };
}

/** Takes one of the values that several wrote: an edit of that cell, also where it is the one that is shown. */
export function* settleConflict(
  tx: Transaction,
  { table: name, id, column, values }: SyncConflict,
  place: { client: number; clock: number },
): Steps<void> {
  const table = tableOf(tx.journal.model, name);
  const chosen = values.find(({ client, clock }) => client === place.client && clock === place.clock);
  if (!chosen) throw settled();
  const fresh: Values = { [column]: yield* valueHere(tx.journal, table, column, chosen.value) };
  if ((yield* update(tx, name, [id], fresh)) === 0) yield* affirm(tx, name, [id], fresh);
}

function* valueHere(journal: Journal, table: Table, column: string, value: unknown): Steps<SqlValue> {
  const target = table.column.get(column)?.references?.table;
  if (target === undefined || value === null) return value as SqlValue;
  const to = tableOf(journal.model, target);
  const [row] = yield* rowsNamed(journal, to, [value as string], true);
  if (row?.here) return row.id;
  throw new LoamError(
    'DoesNotExist',
    `The ${to.registry ?? to.name} that this value refers to is not there any more. Choose the other one.`,
    { registry: to.registry ?? to.name },
  );
}

export const settled = () =>
  new LoamError(
    'DoesNotExist',
    'This is settled already: somebody has chosen or changed the value meanwhile. Look at the list again.',
  );
