// Which row here a row key of a record means, whether that row is in the tables or not: rows that were deleted, are kept
// out of the tables, or were only heard of have an id as well, so that whatever is told about them finds them again.
// A row that several people made at once answers to each of its uids (loam_alias).
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, run, type Steps } from '../statement.ts';
import { reserveIds, rowsHere, tableNumber, tableOf, type Journal } from '../write/journal.ts';
import type { RowKey } from '../write/operation.ts';
import { meant, type Naming } from './twins.ts';

export interface Named {
  id: number;
  /** It is in the table. */
  here: boolean;
  /** Nobody spoke of it before: its id is new. */
  fresh: boolean;
}

/** The one column that names rows of this table by itself; null where several do. */
export function nameColumn(table: Table): string | null {
  const [first, second] = table.rowKey.columns;
  if (first === undefined || second !== undefined || table.column.get(first)?.references) return null;
  return first;
}

/** How a row that is not in the table is found: its uid, or the ids and values that its key consists of. */
export const goneKey = (parts: readonly SqlValue[]): string => `#${JSON.stringify(parts)}`;

/**
 * Rows with these keys. What nobody spoke of gets an id; with `remember` it is found again under it, without, the caller
 * puts a row there. A key of null has no row.
 */
export function* rowsNamed(
  journal: Journal,
  table: Table,
  keys: readonly RowKey[],
  remember: boolean,
  naming?: Naming,
): Steps<(Named | null)[]> {
  if (keys.length === 0) return [];
  const column = nameColumn(table);
  if (naming && table.versioned && naming.twins.size > 0) {
    const means = keys.map((key) => meant(naming, table, key as SqlValue));
    if (means.some((id) => id !== undefined)) return yield* amongTwins(journal, table, keys, remember, means);
  }
  const texts =
    column === null ? yield* keyTexts(journal, table, keys, naming) : keys.map((key) => key as SqlValue);
  const here = column === null ? yield* hereByParts(table, texts) : yield* hereByName(table, column, texts);
  const found: (Named | null)[] = texts.map((text, i) => {
    const id = here.get(i);
    return text === null || id === undefined ? null : { id, here: true, fresh: false };
  });
  const missing = texts.flatMap((text, i) => (text !== null && found[i] === null ? [i] : []));
  if (missing.length === 0) return found;
  const tab = yield* tableNumber(journal, table.name);
  const asked = JSON.stringify([...new Set(missing.map((i) => String(texts[i])))]);
  const known = new Map<string, number>();
  for (const from of ['SELECT key, id FROM loam_gone', 'SELECT uid, id FROM loam_alias'])
    for (const [key, id] of yield* all(
      `${from} WHERE tab = ? AND ${from.includes('alias') ? 'uid' : 'key'} IN (SELECT value FROM json_each(?))`,
      [tab, asked],
    ))
      known.set(String(key), Number(id));
  if (known.size > 0) {
    const present = yield* rowsHere(table.name, [...known.values()]);
    for (const i of missing) {
      const id = known.get(String(texts[i]));
      if (id !== undefined) found[i] = { id, here: present.has(id), fresh: false };
    }
  }
  const unknown = [...new Set(missing.filter((i) => found[i] === null).map((i) => String(texts[i])))];
  if (unknown.length === 0) return found;
  const from = yield* reserveIds(journal, table.name, unknown.length);
  const fresh = new Map(unknown.map((text, i) => [text, from + i]));
  for (const i of missing) {
    const id = fresh.get(String(texts[i]));
    if (found[i] === null && id !== undefined) found[i] = { id, here: false, fresh: true };
  }
  if (remember) yield* rememberNames(journal, table, [...fresh.values()], unknown);
  return found;
}

/** Rows that are not in the table are found under these texts from now on. No other row gets their ids. */
export function* rememberNames(
  journal: Journal,
  table: Table,
  ids: readonly number[],
  texts: readonly string[],
): Steps<void> {
  yield* holdIds(
    table,
    ids.reduce((most, id) => Math.max(most, id), 0),
  );
  yield* many('INSERT OR REPLACE INTO loam_gone(tab, key, id) VALUES (?, ?, ?)', ids.length, [
    [yield* tableNumber(journal, table.name)],
    texts,
    ids,
  ]);
}

/** The table's own counter knows of ids that were given to rows which never were in it. */
function* holdIds(table: Table, upto: number): Steps<void> {
  const done = yield* run('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?', [upto, table.name]);
  if (done.changes === 0)
    yield* run('INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)', [table.name, upto]);
}

/** The texts under which rows of the table are found once they are not in it; call it while they are. */
export function* namesOf(table: Table, ids: readonly number[]): Steps<{ ids: number[]; texts: string[] }> {
  const columns = table.rowKey.columns;
  const rows = yield* all(
    `SELECT id, ${columns.map((name) => `"${name}"`).join(', ')} FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(ids)],
  );
  const single = nameColumn(table) !== null;
  return {
    ids: rows.map(([id]) => Number(id)),
    texts: rows.map(([, ...parts]) => (single ? String(parts[0]) : goneKey(parts))),
  };
}

function* hereByName(table: Table, column: string, names: readonly SqlValue[]): Steps<Map<number, number>> {
  const rows = yield* all(
    `SELECT j.key, t.id FROM json_each(?) j JOIN "${table.name}" t ON t."${column}" = j.value`,
    [JSON.stringify(names)],
  );
  return new Map(rows.map(([i, id]) => [Number(i), Number(id)]));
}

/** Rows of families in which uids clashed are told by what their author knew. */
function* amongTwins(
  journal: Journal,
  table: Table,
  keys: readonly RowKey[],
  remember: boolean,
  means: readonly (number | undefined)[],
): Steps<(Named | null)[]> {
  const rest = keys.map((key, i) => (means[i] === undefined ? key : null));
  const found = yield* rowsNamed(journal, table, rest, remember);
  const present = yield* rowsHere(
    table.name,
    means.filter((id) => id !== undefined),
  );
  return found.map((row, i) => {
    const id = means[i];
    return id === undefined ? row : { id, here: present.has(id), fresh: false };
  });
}

/** Keys of several columns as the texts they are found by: references as ids. */
export function* keyTexts(
  journal: Journal,
  table: Table,
  keys: readonly RowKey[],
  naming?: Naming,
): Steps<(string | null)[]> {
  const parts: SqlValue[][] = keys.map(() => []);
  for (const [c, name] of table.rowKey.columns.entries()) {
    const values = keys.map((key) => (Array.isArray(key) ? (key[c] ?? null) : null));
    const target = table.column.get(name)?.references?.table;
    const found: SqlValue[] =
      target === undefined
        ? (values as SqlValue[])
        : (yield* rowsNamed(journal, tableOf(journal.model, target), values, true, naming)).map(
            (row) => row?.id ?? null,
          );
    for (const [i, value] of found.entries()) parts[i]?.push(value);
  }
  return keys.map((key, i) => (Array.isArray(key) ? goneKey(parts[i] ?? []) : null));
}

function* hereByParts(table: Table, texts: readonly SqlValue[]): Steps<Map<number, number>> {
  const columns = table.rowKey.columns;
  // Without a unique index over all of it, the left end finds the row: a label may be on everything.
  const whole = table.uniques.some(
    ({ columns: set, where, expression }) =>
      where === null && expression === null && set.every((name) => columns.includes(name)),
  );
  const tests = columns.map((name, c) => {
    const free = c === 0 || (whole && table.column.get(name)?.nullable !== true);
    const equals = table.column.get(name)?.nullable === true ? 'IS' : '=';
    return `${free ? '' : '+'}t."${name}" ${equals} json_extract(j.value, '$[${c}]')`;
  });
  // Rows of a weak key may be several; the smallest id names them (model.md §3.2).
  const rows = yield* all(
    `SELECT j.key, min(t.id) FROM json_each(?) j JOIN "${table.name}" t ON ${tests.join(' AND ')} GROUP BY j.key`,
    [`[${texts.map((text) => (text === null ? '[]' : String(text).slice(1))).join(',')}]`],
  );
  return new Map(rows.map(([i, id]) => [Number(i), Number(id)]));
}
