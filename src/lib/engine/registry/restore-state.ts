// Puts a row, with what hangs on it, back to how it was after a record: all of it or single parts, as one act. What is in the
// way (a value that is taken, a row that is gone) is told before and left as it is. Where a row is (branch, trash), who made it
// and the bytes of artifacts are not part of it.
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { one, type Steps } from '../statement.ts';
import { refusalOf } from '../write/attempt.ts';
import { reinsert, remove, update } from '../write/apply.ts';
import { fieldPart, notePart, tiePart, tieWords } from '../write/history-cells.ts';
import { shownCell, type Logged, type Names } from '../write/history-names.ts';
import { sourcesOf } from '../write/history-sources.ts';
import type { RestoreLine } from '../write/history-types.ts';
import { idsByKey, type Journal } from '../write/journal.ts';
import type { Author, Transaction } from '../write/transaction.ts';
import { saveBlock } from './block.ts';
import { refuseLocked } from './locked.ts';
import { rowsAt, type RowThen, type SourceThen } from './row-at.ts';
import { labelOf } from './tables.ts';

/** Columns that are not a person's to put back: identity, place, and what says where bytes lie. */
const kept = new Set([
  ...['id', 'uid', 'created_at', 'updated_at', 'created_by_id', 'branch_id', 'created_on_id', 'space_id'],
  ...['run_id', 'storage_id', 'size', 'hash', '_hash_type', 'n_files', '_real_key', '_key_is_virtual'],
  ...['_overwrite_versions', 'is_locked'],
]);

interface Planned extends RestoreLine {
  apply: (tx: Transaction) => Steps<unknown>;
}

export interface Restored {
  done: number;
  /** What stayed as it is, with the reason. */
  left: RestoreLine[];
}

/** What would change; nothing where the row is as it was. `parts`: only these. */
export function* restorePlan(
  journal: Journal,
  author: Author,
  table: Table,
  id: number,
  record: number,
  parts: readonly string[] | null,
): Steps<RestoreLine[]> {
  const lines = yield* planned(journal, author, table, id, record);
  return lines
    .filter(({ part }) => parts === null || parts.includes(part))
    .map(({ part, field, now, then, problem }) => ({ part, field, now, then, problem }));
}

export function* restoreState(
  tx: Transaction,
  table: Table,
  id: number,
  record: number,
  parts: readonly string[] | null,
): Steps<Restored> {
  yield* refuseLocked(table, [id]);
  const lines = (yield* planned(tx.journal, tx.author, table, id, record)).filter(
    ({ part }) => parts === null || parts.includes(part),
  );
  const left: RestoreLine[] = [];
  let done = 0;
  for (const { apply, ...line } of lines) {
    let { problem } = line;
    // Rules that no list of unique columns tells (without regard to case) refuse here.
    if (problem === null && (yield* refusalOf(tx, () => apply(tx))))
      problem = 'another row has this value now';
    if (problem === null) done++;
    else left.push({ ...line, problem });
  }
  return { done, left };
}

function* planned(
  journal: Journal,
  author: Author,
  table: Table,
  id: number,
  record: number,
): Steps<Planned[]> {
  const names: Names = new Map();
  const sources = yield* sourcesOf(journal, table, id);
  const states = yield* rowsAt(journal, sources, record, author);
  const lines: Planned[] = [];
  for (const state of states) {
    const { source } = state;
    if (source.hosts.length === 0) lines.push(...(yield* fieldLines(journal, names, state, id)));
    else if (source.table.family === 'block') lines.push(...noteLine(state, table, id));
    else lines.push(...(yield* tieLines(journal, names, state, id)));
  }
  return lines;
}

/* ---------- fields ---------- */

function* fieldLines(journal: Journal, names: Names, state: SourceThen, id: number): Steps<Planned[]> {
  const { table } = state.source;
  const [now, then] = [state.now.get(id), state.then.get(id)];
  if (!now || !then) return [];
  const lines: Planned[] = [];
  const wanted = new Map<string, SqlValue>();
  for (const column of table.columns) {
    const { name } = column;
    if (kept.has(name) || column.derived || column.foreign) continue;
    const [is, was] = [now.get(name) ?? { id: null }, then.get(name) ?? { id: null }];
    const raw = yield* rawOf(journal, column, was);
    if (raw.known && raw.value === ('id' in is ? is.id : undefined)) continue;
    lines.push({
      part: fieldPart(name),
      field: name.replace(/_id$/, ''),
      now: (yield* shownCell(journal, names, column, is)).text,
      then: (yield* shownCell(journal, names, column, was)).text,
      problem: raw.known ? null : goneWords(journal, column),
      apply: (tx) => update(tx, table.name, [id], { [name]: raw.value }),
    });
    if (raw.known) wanted.set(name, raw.value);
  }
  for (const name of yield* takenBy(table, now, wanted, id)) {
    const line = lines.find(({ part }) => part === fieldPart(name));
    if (line) line.problem = `another ${labelOf(table)} has this value now`;
  }
  return lines;
}

/** The value in this device's ids; unknown where the row it names is gone. */
function* rawOf(journal: Journal, column: Column, value: Logged): Steps<{ known: boolean; value: SqlValue }> {
  const target = column.references?.table;
  if ('key' in value) {
    if (!target || value.key === null) return { known: true, value: value.key as SqlValue };
    const [found] = yield* idsByKey(journal, target, [value.key]);
    return { known: found !== null && found !== undefined, value: found ?? null };
  }
  if (!target || value.id === null) return { known: true, value: value.id };
  const there = yield* one(`SELECT 1 FROM "${target}" WHERE id = ?`, [value.id]);
  return { known: there !== undefined, value: value.id };
}

function goneWords(journal: Journal, column: Column): string {
  const target = journal.model.tables.get(column.references?.table ?? '');
  return `the ${target ? labelOf(target) : 'row'} it names was deleted for good`;
}

/** Columns whose wanted values another row has, alone or together with the others of a unique index. */
function* takenBy(
  table: Table,
  now: NonNullable<RowThen>,
  wanted: ReadonlyMap<string, SqlValue>,
  id: number,
): Steps<string[]> {
  const single = table.columns
    .filter((c) => c.unique)
    .map(({ name }) => ({ columns: [name], expression: null }));
  const taken: string[] = [];
  for (const { columns, expression } of [...single, ...table.uniques]) {
    if (!columns.some((name) => wanted.has(name))) continue;
    const values = columns.map((name): SqlValue => {
      const value = now.get(name);
      return wanted.get(name) ?? (value && 'id' in value ? value.id : null);
    });
    // Nulls are never the same to an index.
    if (values.includes(null)) continue;
    const same = columns.map((name) =>
      expression === null ? `"${name}" = ?` : `lower("${name}") = lower(?)`,
    );
    const other = yield* one(`SELECT id FROM "${table.name}" WHERE ${same.join(' AND ')} AND id <> ?`, [
      ...values,
      id,
    ]);
    if (other) taken.push(...columns.filter((name) => wanted.has(name)));
  }
  return taken;
}

/* ---------- links and values ---------- */

function* tieLines(journal: Journal, names: Names, state: SourceThen, own: number): Steps<Planned[]> {
  const { source, now, then } = state;
  const { table } = source;
  const lines: Planned[] = [];
  for (const id of source.ids) {
    const [is, was] = [now.get(id) ?? null, then.get(id) ?? null];
    if (!is && !was) continue;
    const part = tiePart(table.name, id);
    const cells = (was ?? is) as NonNullable<RowThen>;
    const { field, text } = yield* tieWords(journal, names, source, own, cells, id);
    if (is && !was) {
      const apply: Planned['apply'] = (tx) => remove(tx, table.name, [id]);
      lines.push({ part, field, now: text, then: null, problem: null, apply });
    } else if (was) {
      const raw = yield* rawRow(journal, table, was, is);
      if (is && raw.known && raw.changed === 0) continue;
      const same = is ? null : yield* sameTie(table, raw.values);
      if (same !== null) continue;
      const shown = is ? (yield* tieWords(journal, names, source, own, is, id)).text : null;
      lines.push({
        part,
        field,
        now: shown,
        then: text,
        problem: raw.known ? null : 'what it leads to was deleted for good',
        apply: (tx) =>
          is ? update(tx, table.name, [id], raw.values) : reinsert(tx, table.name, [id], raw.values),
      });
    }
  }
  return lines;
}

/** All values of a row that was there, or of one that is there those that differ. */
function* rawRow(
  journal: Journal,
  table: Table,
  was: NonNullable<RowThen>,
  is: RowThen,
): Steps<{ known: boolean; changed: number; values: Record<string, SqlValue> }> {
  const values: Record<string, SqlValue> = {};
  let known = true;
  for (const column of table.columns) {
    const { name } = column;
    const value = was.get(name);
    if (name === 'id' || column.derived || !value || (is && kept.has(name))) continue;
    const raw = yield* rawOf(journal, column, value);
    known &&= raw.known;
    const present = is?.get(name);
    if (present && 'id' in present && present.id === raw.value) continue;
    values[name] = raw.value;
  }
  return { known, changed: Object.keys(values).length, values };
}

/** A tie that says the same is there already under another id. */
function* sameTie(table: Table, values: Record<string, SqlValue>): Steps<number | null> {
  const columns = table.rowKey.columns.filter((c) => c in values || table.column.get(c)?.nullable);
  if (columns.length === 0) return null;
  const found = yield* one(
    `SELECT id FROM "${table.name}" WHERE ${columns.map((c) => `"${c}" IS ?`).join(' AND ')}`,
    columns.map((c) => values[c] ?? null),
  );
  return found ? Number(found[0]) : null;
}

/* ---------- notes ---------- */

/** A note goes back by a new version of it. */
function noteLine({ now, then }: SourceThen, table: Table, id: number): Planned[] {
  const [is, was] = [noteOf(now), noteOf(then)];
  if (is === was || was === null) return [];
  const input = { kind: 'readme', content: was } as const;
  return [
    {
      part: notePart,
      field: 'note',
      now: is,
      then: was,
      problem: null,
      apply: (tx) => saveBlock(tx, table, id, input),
    },
  ];
}

function noteOf(rows: ReadonlyMap<number, RowThen>): string | null {
  const plain = (row: NonNullable<RowThen>, name: string): SqlValue => {
    const value = row.get(name);
    return value ? ('id' in value ? value.id : (value.key as SqlValue)) : null;
  };
  let newest = -1;
  let text: string | null = null;
  for (const [id, row] of rows) {
    if (!row || id < newest || plain(row, 'kind') !== 'readme') continue;
    newest = id;
    text = String(plain(row, 'content') ?? '');
  }
  return text;
}
