// The index of a record sheet's schema is the feature whose values are the rows' names (lamindb 2.12.1
// `migrate_record_sheet_index_on_schema_save`): when it changes, names move to cells and cells to names.
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { toPythonJson } from '../python-json.ts';
import { all, one, type Steps } from '../statement.ts';
import { insert, remove, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';

/** Which of the two is kept where a row has both a name and a value of the new index, and they differ. */
export type IndexConflict = 'keep_name' | 'keep_feature';

/** A record's name can stand for a text only. */
export function* checkIndex(uid: string): Steps<{ id: number; name: string }> {
  const row = yield* one('SELECT id, name, _dtype_str FROM lamindb_feature WHERE uid = ?', [uid]);
  if (!row)
    throw new LoamError('DoesNotExist', `There is no Feature with the uid "${uid}".`, { field: 'index' });
  if (row[2] === 'str') return { id: Number(row[0]), name: String(row[1]) };
  throw new LoamError(
    'ValueError',
    `schema index feature '${String(row[1])}' must have dtype str because it is stored on Record.name, not '${String(row[2])}'.`,
    { registry: 'Schema', field: 'index' },
  );
}

export function* migrateIndex(
  tx: Transaction,
  schema: number,
  from: string | null,
  to: string | null,
  conflict: IndexConflict | null,
): Steps<void> {
  if (from === to) return;
  const rows = yield* all(
    `SELECT id, name FROM lamindb_record WHERE is_type = 0 AND type_id IN
       (SELECT id FROM lamindb_record WHERE is_type = 1 AND schema_id = ?) ORDER BY id`,
    [schema],
  );
  const sheets = yield* one('SELECT 1 FROM lamindb_record WHERE is_type = 1 AND schema_id = ? LIMIT 1', [
    schema,
  ]);
  if (!sheets) return;
  const names = new Map(rows.map((r) => [Number(r[0]), r[1] === '' ? null : (r[1] as string | null)]));
  if (from !== null) yield* demote(tx, from, names);
  if (to !== null) yield* promote(tx, yield* checkIndex(to), names, conflict);
}

/** Names become values of the former index. */
function* demote(tx: Transaction, uid: string, names: Map<number, string | null>): Steps<void> {
  const feature = yield* one('SELECT id FROM lamindb_feature WHERE uid = ?', [uid]);
  if (!feature) return;
  const named = [...names].filter((pair): pair is [number, string] => pair[1] !== null);
  const cells = yield* cellsOf(Number(feature[0]), [...names.keys()]);
  const has = new Set(cells.map((c) => c.record));
  const fresh = named.filter(([id]) => !has.has(id));
  if (fresh.length > 0) {
    yield* insert(tx, 'lamindb_recordjson', fresh.length, {
      record_id: fresh.map(([id]) => id),
      feature_id: Number(feature[0]),
      value: fresh.map(([, name]) => toPythonJson(name)),
    });
  }
  const ids = named.map(([id]) => id);
  if (ids.length > 0) yield* update(tx, 'lamindb_record', ids, { name: null });
  for (const id of ids) names.set(id, null);
}

/** Values of the new index become names. */
function* promote(
  tx: Transaction,
  feature: { id: number; name: string },
  names: Map<number, string | null>,
  conflict: IndexConflict | null,
): Steps<void> {
  const cells = yield* cellsOf(feature.id, [...names.keys()]);
  const differ = cells.filter((c) => {
    const name = names.get(c.record) ?? null;
    return name !== null && c.value !== null && name !== c.value;
  });
  if (differ.length > 0 && conflict === null) {
    const [first] = differ;
    throw new LoamError(
      'ValueError',
      `${differ.length} data record(s) have both Record.name and '${feature.name}' values that differ, e.g. name '${String(names.get(first?.record ?? 0))}' and '${String(first?.value)}'. Pass index_name_conflict: "keep_name" or "keep_feature".`,
      { registry: 'Schema', field: 'index' },
    );
  }
  const renamed = cells.filter(
    (c) => c.value !== null && ((names.get(c.record) ?? null) === null || conflict === 'keep_feature'),
  );
  if (renamed.length > 0) {
    yield* update(
      tx,
      'lamindb_record',
      renamed.map((c) => c.record),
      { name: renamed.map((c) => c.value) },
    );
  }
  if (cells.length > 0)
    yield* remove(
      tx,
      'lamindb_recordjson',
      cells.map((c) => c.id),
    );
}

function* cellsOf(
  feature: number,
  records: readonly number[],
): Steps<{ id: number; record: number; value: string | null }[]> {
  const rows = yield* all(
    'SELECT id, record_id, value FROM lamindb_recordjson WHERE feature_id = ? AND record_id IN (SELECT value FROM json_each(?)) ORDER BY id',
    [feature, JSON.stringify(records)],
  );
  return rows.map((r) => ({ id: Number(r[0]), record: Number(r[1]), value: textOf(r[2] ?? null) }));
}

function textOf(json: SqlValue): string | null {
  const value: unknown = typeof json === 'string' ? JSON.parse(json) : null;
  return typeof value === 'string' ? value : null;
}
