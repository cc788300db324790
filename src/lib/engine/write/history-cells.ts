// The values of one row in one operation of a record, old and new, and what they say: of a row its fields, of a link or value
// what it ties to what, of a note its text beside the text before it.
import type { Column } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { one, type Steps } from '../statement.ts';
import { featureOfValue, shownCell, type Logged, type Names, type Shown } from './history-names.ts';
import type { HistoryChange } from './history-types.ts';
import type { HistorySource } from './history-sources.ts';
import { idsByKey, tableOf, type Journal } from './journal.ts';
import { idsOf, type LocalPart, type Operation, type RowKey } from './operation.ts';
import { readRecord, type LogRecord } from './packs.ts';
import { columnsOf } from './touch.ts';

type Cells = Map<string, Logged>;

/** Columns every insert sets alike; listing them would hide what the user did. */
export const quietColumns = new Set([
  'created_by_id',
  'space_id',
  'branch_id',
  'created_on_id',
  'is_locked',
  'uid',
  '_key_is_virtual',
  '_overwrite_versions',
]);

/** References of a link that say who made it, not what it ties. */
const aside = new Set(['created_by_id', 'run_id', 'feature_id', 'space_id', 'branch_id', 'created_on_id']);

const cell = (operation: Operation, column: string, row: number): RowKey =>
  operation.v?.[column]?.[row] ?? operation.c?.[column] ?? null;

/** Values that the operation wrote: of an update those it changed, of an insert all but empty ones. */
export function* newCells(journal: Journal, record: LogRecord, index: number, row: number): Steps<Cells> {
  const operation = record.body.o[index] as Operation;
  if (operation.k === 'd') return new Map();
  if (operation.k === 'i' && operation.w)
    return yield* bornCells(journal, operation, idsOf(record.locals[index] as LocalPart)[row] ?? 0);
  return new Map([...columnsOf(operation)].map((c) => [c, { key: cell(operation, c, row) }] as const));
}

/** Values that the operation replaced: of an update those it changed, of a delete all. */
export function* oldCells(journal: Journal, record: LogRecord, index: number, row: number): Steps<Cells> {
  const operation = record.body.o[index] as Operation;
  const local = record.locals[index] as LocalPart;
  if (operation.k === 'i') return new Map();
  if (operation.w) return yield* bornCells(journal, operation, idsOf(local)[row] ?? 0);
  return new Map(
    Object.entries(local.pre ?? {}).map(([c, values]) => [c, { id: values[row] ?? null }] as const),
  );
}

/** Values of a row as the insert wrote them that made it first. */
function* bornCells(journal: Journal, { w }: Operation, id: number): Steps<Cells> {
  const [record = 0, index = 0] = w ?? [];
  const { body, locals } = yield* readRecord(journal, record);
  const born = body.o[index] as Operation;
  const row = idsOf(locals[index] as LocalPart).indexOf(id);
  return new Map([...columnsOf(born)].map((c) => [c, { key: cell(born, c, row) }] as const));
}

/** Fields of the row itself. */
export function* fieldChanges(
  journal: Journal,
  names: Names,
  record: LogRecord,
  index: number,
  row: number,
): Steps<HistoryChange[]> {
  const operation = record.body.o[index] as Operation;
  const table = tableOf(journal.model, operation.t);
  const [old, now] = [
    operation.k === 'u' ? yield* oldCells(journal, record, index, row) : new Map<string, Logged>(),
    operation.k === 'i' && operation.w
      ? new Map<string, Logged>()
      : yield* newCells(journal, record, index, row),
  ];
  const changes: HistoryChange[] = [];
  for (const name of now.keys()) {
    const column = table.column.get(name);
    if (!column || (operation.k === 'i' && (quietColumns.has(name) || unset(column, now.get(name)))))
      continue;
    const part = fieldPart(name);
    changes.push(yield* told(journal, names, column, [fieldName(name), part], old.get(name), now.get(name)));
  }
  return changes;
}

/** What nobody set: "no" is how flags begin. */
const unset = (column: Column, value: Logged | undefined): boolean =>
  column.type === 'bool' && value !== undefined && 'key' in value && value.key === 0;

export const fieldPart = (column: string): string => `field ${column}`;
export const tiePart = (table: string, id: number): string => `tie ${table} ${id}`;
export const notePart = 'note';

const fieldName = (column: string): string => column.replace(/_id$/, '');

function* told(
  journal: Journal,
  names: Names,
  column: Column,
  [field, part]: readonly [string, string],
  old: Logged | undefined,
  now: Logged | undefined,
): Steps<HistoryChange> {
  const none: Shown = { text: null };
  const before = old ? yield* shownCell(journal, names, column, old) : none;
  const after = now ? yield* shownCell(journal, names, column, now) : none;
  return {
    field,
    old: before.text,
    new: after.text,
    ...(before.row ? { oldRow: before.row } : {}),
    ...(after.row ? { newRow: after.row } : {}),
    part,
  };
}

/** What a link, a value or a note said about the row it hangs on, and says now. */
export function* tieChanges(
  journal: Journal,
  names: Names,
  source: HistorySource,
  own: number,
  record: LogRecord,
  index: number,
  row: number,
): Steps<HistoryChange[]> {
  const { table, hosts } = source;
  const operation = record.body.o[index] as Operation;
  const old = yield* oldCells(journal, record, index, row);
  const now = yield* newCells(journal, record, index, row);
  if (table.family === 'block')
    return yield* noteChanges(journal, source, operation, old, now, record, index, row);
  const all = operation.k === 'd' ? old : now;
  const id = idsOf(record.locals[index] as LocalPart)[row] ?? 0;
  const end = yield* otherEnd(journal, source, own, all, id);
  const field = yield* tieField(journal, names, source, all, end, id);
  const shown = end ?? table.column.get('value') ?? null;
  const changes: HistoryChange[] = [];
  const part = tiePart(table.name, id);
  if (shown && (old.has(shown.name) || now.has(shown.name)))
    changes.push(yield* told(journal, names, shown, [field, part], old.get(shown.name), now.get(shown.name)));
  if (operation.k === 'u')
    for (const name of now.keys()) {
      const column = table.column.get(name);
      if (!column || column === shown || hosts.includes(name) || quietColumns.has(name)) continue;
      const what = `${field}: ${fieldName(name).replaceAll('_', ' ')}`;
      changes.push(yield* told(journal, names, column, [what, part], old.get(name), now.get(name)));
    }
  return changes;
}

/** What a tie with these values is called, and what it says. */
export function* tieWords(
  journal: Journal,
  names: Names,
  source: HistorySource,
  own: number,
  cells: ReadonlyMap<string, Logged>,
  id: number,
): Steps<{ field: string; text: string | null }> {
  const end = yield* otherEnd(journal, source, own, cells, id);
  const field = yield* tieField(journal, names, source, cells, end, id);
  const column = end ?? source.table.column.get('value');
  const value = column && cells.get(column.name);
  return { field, text: column && value ? (yield* shownCell(journal, names, column, value)).text : null };
}

/** Of a link the column that names the other row. Where both ends are of one registry, the one that is not this row. */
function* otherEnd(
  journal: Journal,
  { table, hosts }: HistorySource,
  own: number,
  cells: ReadonlyMap<string, Logged>,
  id: number,
): Steps<Column | null> {
  const ends = table.columns.filter((c) => c.references && !aside.has(c.name));
  const others = ends.filter((c) => !hosts.includes(c.name));
  if (hosts.length < 2) return others[0] ?? null;
  for (const column of ends) {
    const value = cells.get(column.name);
    let named: SqlValue | undefined;
    if (value && 'id' in value) named = value.id;
    else if (value) [named] = yield* idsByKey(journal, column.references?.table ?? '', [value.key]);
    else named = (yield* one(`SELECT "${column.name}" FROM "${table.name}" WHERE id = ?`, [id]))?.[0];
    if (named !== own) return column;
  }
  return ends[0] ?? null;
}

/** A tie is called by its feature, else by what it leads to. */
function* tieField(
  journal: Journal,
  names: Names,
  { table }: HistorySource,
  cells: ReadonlyMap<string, Logged>,
  end: Column | null,
  id: number,
): Steps<string> {
  const feature = table.column.get('feature_id');
  if (feature) {
    let value = cells.get('feature_id');
    if (!value) {
      const [kept] = (yield* one(`SELECT feature_id FROM "${table.name}" WHERE id = ?`, [id])) ?? [];
      if (kept !== undefined) value = { id: kept };
    }
    const { text } = value ? yield* shownCell(journal, names, feature, value) : { text: null };
    if (text !== null) return text;
  }
  if (end?.references?.table === 'lamindb_jsonvalue') {
    const value = cells.get(end.name);
    const name = value ? yield* featureOfValue(journal, names, value) : null;
    if (name !== null) return name;
  }
  return end ? fieldName(end.name) : table.name.replace(/^[a-z]+_/, '');
}

/** A new version of a note says what it says in place of the version before. */
function* noteChanges(
  journal: Journal,
  { table }: HistorySource,
  operation: Operation,
  old: Cells,
  now: Cells,
  record: LogRecord,
  index: number,
  row: number,
): Steps<HistoryChange[]> {
  const plain = (cells: Cells, name: string): string | null => {
    const value = cells.get(name);
    if (!value) return null;
    const raw = 'id' in value ? value.id : value.key;
    return raw === null ? null : String(raw);
  };
  const id = idsOf(record.locals[index] as LocalPart)[row] ?? 0;
  const kept = yield* one(`SELECT kind, uid FROM "${table.name}" WHERE id = ?`, [id]);
  const kind = plain(now, 'kind') ?? plain(old, 'kind') ?? String(kept?.[0] ?? 'readme');
  let before = plain(old, 'content');
  if (operation.k === 'i' && kind === 'readme') {
    const uid = plain(now, 'uid') ?? '';
    const earlier = yield* one(
      `SELECT content FROM "${table.name}" WHERE uid >= ? AND uid < ? AND id < ? ORDER BY id DESC LIMIT 1`,
      [uid.slice(0, 16), uid, id],
    );
    before = earlier ? String(earlier[0] ?? '') : null;
  }
  const after = plain(now, 'content');
  if (before === null && after === null) return [];
  return [
    {
      field: kind === 'readme' ? 'note' : kind,
      old: before,
      new: after,
      part: kind === 'readme' ? notePart : '',
    },
  ];
}
