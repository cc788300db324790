// Values that both sides gave the same feature of the same row: rows of their own on either side, so that no cell says it. The
// parent's came after the branch's, and the branch did not take it out. Features that hold lists take both. Of a branch that came in a
// file the parent's may have been here before it: what is newer than all that the branch began with, it had not seen either.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { featureById } from '../features/find.ts';
import { internValues, jsonOf } from '../features/write.ts';
import type { Journal } from '../write/journal.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Branch } from './branches.ts';
import { carriedState } from './carried-state.ts';
import { hostColumn } from './hosts.ts';
import { byTable, ofKind, type CellChange, type RowChange } from './changes.ts';
import { keyChanges, type KeyChange } from './json-keys.ts';
import { markOf } from './marks.ts';

export interface ValueClash {
  /** The branch's row. */
  change: RowChange;
  /** The parent's rows for the same feature, with all their columns. */
  others: Record<string, SqlValue>[];
  seen: SqlValue;
  /** The texts of both objects and of the one both began with; null where the value is one. */
  sides: Pick<CellChange, 'base' | 'parent' | 'mine'> | null;
  keys: KeyChange[] | null;
}

export function* valueClashes(
  journal: Journal,
  branch: Branch,
  changes: readonly RowChange[],
): Steps<ValueClash[]> {
  const found: ValueClash[] = [];
  const fromFile = (yield* carriedState(branch.uid)) !== null;
  for (const [table, rows] of byTable(changes, ofKind('added'))) {
    const host = hostColumn(table)?.name;
    if (host === undefined) continue;
    const json = isShared(table);
    if (!json && !table.column.has('feature_id')) continue;
    // Its own, and what it has seen and taken out.
    const known = new Set(changes.flatMap(({ table: of, id }) => (of === table ? [id] : [])));
    const of = json ? 'v.feature_id' : 'o.feature_id';
    const columns = table.columns.map((column) => column.name);
    const asked = rows.map(({ id, values }) => [
      id,
      values?.[host] ?? null,
      values?.[json ? 'jsonvalue_id' : 'feature_id'] ?? null,
    ]);
    const theirs = yield* all(
      `SELECT json_extract(j.value, '$[0]'), ${columns.map((column) => `o."${column}"`).join(', ')}
       FROM json_each(?1) j JOIN "${table.name}" o ON o."${host}" = json_extract(j.value, '$[1]')
       ${json ? "JOIN lamindb_jsonvalue v ON v.id = o.jsonvalue_id JOIN lamindb_jsonvalue w ON w.id = json_extract(j.value, '$[2]')" : ''}
       JOIN lamindb_feature f ON f.id = ${of}
       WHERE ${of} = ${json ? 'w.feature_id' : "json_extract(j.value, '$[2]')"} AND f._dtype_str NOT LIKE 'list%'
         AND (o.id > json_extract(j.value, '$[0]') OR ?2) ORDER BY o.id`,
      [JSON.stringify(asked), fromFile ? 1 : 0],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    const others = new Map<RowChange, Record<string, SqlValue>[]>();
    for (const [id, ...values] of theirs) {
      const change = byId.get(Number(id));
      const row = Object.fromEntries(columns.map((column, c) => [column, values[c] ?? null]));
      const other = Number(row['id']);
      if (!change || known.has(other)) continue;
      if (other < change.id && (yield* markOf(journal, { ...change, id: other }, branch)) === 0) continue;
      others.set(change, [...(others.get(change) ?? []), row]);
    }
    const taken = new Map<SqlValue, RowChange[]>();
    for (const change of changes) {
      if (change.kind !== 'taken' || change.table !== table) continue;
      const of = change.values?.[host] ?? null;
      taken.set(of, [...(taken.get(of) ?? []), change]);
    }
    const held = table.rowKey.columns.filter((column) => column !== host && column !== 'feature_id');
    const values = [...held, ...(table.column.has('value') ? ['value'] : [])];
    for (const [change, list] of others) {
      const same = list.some((row) => values.every((column) => row[column] === change.values?.[column]));
      if (same) continue;
      const seen = values.map((column) => String(list.at(-1)?.[column] ?? '')).join(' ');
      found.push({
        change,
        others: list,
        seen,
        ...(yield* apart(taken.get(change.values?.[host] ?? null) ?? [], change, list)),
      });
    }
  }
  return found;
}

/** Values of features as rows that all carriers share; else the value stands in the row itself. */
const isShared = (table: Table): boolean => table.column.has('jsonvalue_id');

/** Both objects, where the values are such; `taken` are rows that the branch took out of the same row. */
function* apart(
  taken: readonly RowChange[],
  change: RowChange,
  others: readonly Record<string, SqlValue>[],
): Steps<Pick<ValueClash, 'sides' | 'keys'>> {
  const whole = { sides: null, keys: null };
  const [other, ...more] = others;
  if (!other || more.length > 0 || !change.values) return whole;
  const mine = yield* valueOf(change.table, change.values);
  const parent = yield* valueOf(change.table, other);
  if (!mine || !parent) return whole;
  let base: SqlValue = null;
  for (const { table, values } of taken) {
    const before = yield* valueOf(table, values ?? {});
    if (before?.feature === mine.feature) base = before.text;
  }
  const sides = { base, parent: parent.text, mine: mine.text };
  const keys = keyChanges(sides);
  return keys ? { sides, keys } : whole;
}

/** A value with the feature that it is of; null for rows that are no values. */
function* valueOf(
  table: Table,
  row: Readonly<Record<string, SqlValue>>,
): Steps<{ feature: number; text: SqlValue } | null> {
  if (!isShared(table))
    return table.column.get('value')?.type === 'json'
      ? { feature: Number(row['feature_id']), text: row['value'] ?? null }
      : null;
  const found = yield* one('SELECT feature_id, value FROM lamindb_jsonvalue WHERE id = ?', [
    row['jsonvalue_id'] ?? null,
  ]);
  return found ? { feature: Number(found[0]), text: found[1] ?? null } : null;
}

/** The branch's row with another object as its value. */
export function* withObject(
  tx: Transaction,
  { table, values }: RowChange,
  text: SqlValue,
): Steps<Record<string, SqlValue>> {
  if (!isShared(table)) return { ...values, value: text };
  const own = yield* valueOf(table, values ?? {});
  const feature = yield* featureById(own?.feature ?? 0);
  // Equal objects are one row, by LaminDB's hash of them.
  const { hash } = jsonOf(feature, JSON.parse(String(text)));
  const [id = 0] = yield* internValues(tx, [{ featureId: feature.id, text: String(text), hash }]);
  return { ...values, jsonvalue_id: id };
}
