// What people call the rows that a history speaks of, also of rows that are gone: the log knows what they were called.
import { registryName } from '../model/name-field.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import type { NamedRow } from './history-types.ts';
import { ownSource, placesIn, recordsBefore } from './history-sources.ts';
import { idsByKey, tableOf, type Journal } from './journal.ts';
import type { LocalPart, RowKey } from './operation.ts';
import { readRecord } from './packs.ts';

/** A value as the log has it: by this device's id, or by row key. */
export type Logged = { id: SqlValue } | { key: RowKey };

export interface Shown {
  text: string | null;
  row?: NamedRow;
}

/** Rows are named often in one page; each is looked up once. */
export type Names = Map<string, Shown>;

const nothing: Shown = { text: null };
/** Of a row that is gone so many records are read for its name. */
const deep = 20;

/** A cell in words: rows by name, everything else as it is. */
export function* shownCell(journal: Journal, names: Names, column: Column, value: Logged): Steps<Shown> {
  const target = column.references?.table;
  if (column.type === 'bool') {
    const truth = 'id' in value ? value.id : value.key;
    return truth === null ? nothing : { text: truth === 1 ? 'true' : 'false' };
  }
  if ('id' in value) {
    if (value.id === null) return nothing;
    return target ? yield* namedRow(journal, names, target, Number(value.id)) : { text: text(value.id) };
  }
  if (value.key === null) return nothing;
  if (!target) return { text: text(value.key) };
  const [id] = yield* idsByKey(journal, target, [value.key]);
  if (id !== null && id !== undefined) return yield* namedRow(journal, names, target, id);
  return yield* goneByKey(journal, names, target, value.key);
}

const text = (value: SqlValue | RowKey): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);

export function* namedRow(journal: Journal, names: Names, name: string, id: number): Steps<Shown> {
  const at = `${name} ${id}`;
  const known = names.get(at);
  if (known) return known;
  const table = tableOf(journal.model, name);
  const row = yield* one(
    `SELECT "${nameColumn(table)}"${table.column.has('uid') ? ', uid' : ', id'} FROM "${name}" WHERE id = ?`,
    [id],
  );
  const shown: Shown = row
    ? { text: String(row[0] ?? row[1]), ...linkTo(table, row[1] ?? null) }
    : { text: (yield* goneName(journal, table, id)) ?? String(id) };
  names.set(at, shown);
  return shown;
}

const linkTo = (table: Table, key: SqlValue): { row?: NamedRow } =>
  table.registry && table.family === 'registry' && table.registry !== 'JsonValue'
    ? { row: { registry: registryName(table), key: String(key) } }
    : {};

function* goneByKey(journal: Journal, names: Names, name: string, key: RowKey): Steps<Shown> {
  if (typeof key !== 'string') return { text: text(key) };
  const found = yield* one(
    'SELECT g.id FROM loam_gone g JOIN loam_table t ON t.id = g.tab WHERE t.name = ? AND g.key = ?',
    [name, key],
  );
  return found ? yield* namedRow(journal, names, name, Number(found[0])) : { text: key };
}

/** What a row was called when it was deleted. */
function* goneName(journal: Journal, table: Table, id: number): Steps<string | null> {
  const source = yield* ownSource(table, id);
  if (!source) return null;
  for (const record of yield* recordsBefore([source], Number.MAX_SAFE_INTEGER, deep)) {
    const { body, locals } = yield* readRecord(journal, record);
    for (const [i, operation] of body.o.entries()) {
      const local = locals[i] as LocalPart;
      if (operation.k !== 'd' || operation.t !== table.name || !local.pre) continue;
      for (const { place } of placesIn(local, source.ids)) {
        const name = local.pre[nameColumn(table)]?.[place] ?? local.pre['uid']?.[place];
        if (name !== null && name !== undefined) return String(name);
      }
    }
  }
  return null;
}

/** What people call a row: its name, key or handle; else its uid or value. */
export function* nameOf(journal: Journal, name: string, id: number): Steps<string> {
  return (yield* namedRow(journal, new Map(), name, id)).text ?? String(id);
}

export function nameColumn(table: Table): string {
  return ['name', 'key', 'handle', 'symbol', 'root', 'uid', 'value'].find((c) => table.column.has(c)) ?? 'id';
}

/** The name of a feature that a value of it belongs to. */
export function* featureOfValue(journal: Journal, names: Names, value: Logged): Steps<string | null> {
  let id: SqlValue | undefined;
  if ('id' in value) ({ id } = value);
  else if (Array.isArray(value.key)) {
    const [feature] = value.key;
    if (feature === undefined) return null;
    const column = tableOf(journal.model, 'lamindb_jsonvalue').column.get('feature_id');
    return column ? (yield* shownCell(journal, names, column, { key: feature })).text : null;
  }
  const rows = yield* all(
    'SELECT f.id FROM lamindb_jsonvalue j JOIN lamindb_feature f ON f.id = j.feature_id WHERE j.id = ?',
    [id ?? null],
  );
  return rows[0] ? (yield* namedRow(journal, names, 'lamindb_feature', Number(rows[0][0]))).text : null;
}
