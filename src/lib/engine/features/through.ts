// Features whose values are not kept under the feature: in a field of the record (`values_through="description"`), as its
// name (the index of its sheet), or as the links that other records hold to it (`values_through` of another feature).
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { columnOf, readValue } from '../registry/fields.ts';
import type { ValueReading } from '../registry/registry-types.ts';
import { idIn, readRow, write } from '../registry/rows.ts';
import { checkType } from '../registry/typing.ts';
import { tableOf } from '../write/journal.ts';
import { all, type Steps } from '../statement.ts';
import { insert, remove } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { resolveCategories } from './categories.ts';
import { featureByUid, type FeatureHandle } from './find.ts';
import type { Host } from './hosts.ts';
import type { Rules } from './rules.ts';
import { isNull, type Assignment } from './write.ts';

export interface Through {
  fields: { feature: FeatureHandle; field: string; value: unknown }[];
  inverse: Assignment[];
}

/** Only records keep values elsewhere; artifacts and runs hold them like any other. */
export function splitThrough(
  host: Host,
  rules: Rules | null,
  assignments: readonly Assignment[],
): { own: Assignment[]; through: Through } {
  const through: Through = { fields: [], inverse: [] };
  if (host.registry !== 'Record') return { own: [...assignments], through };
  const own: Assignment[] = [];
  for (const { feature, value } of assignments) {
    const field = feature.id === rules?.index?.id ? 'name' : feature.field;
    if (field !== null) through.fields.push({ feature, field, value });
    else if (feature.through !== null) through.inverse.push({ feature, value });
    else own.push({ feature, value });
  }
  return { own, through };
}

/** `replace` empties fields for null and takes away links that are not named. */
export function* writeThrough(
  tx: Transaction,
  host: Host,
  id: number,
  { fields, inverse }: Through,
  replace: boolean,
  options: ValueReading,
): Steps<void> {
  if (fields.length > 0) {
    const table = tableOf(tx.journal.model, host.table);
    const values: Record<string, SqlValue> = {};
    for (const { feature, field, value } of fields) {
      if (isNull(value, options.typed)) {
        if (replace) values[columnFor(table, field)] = null;
      } else values[columnFor(table, field)] = yield* readField(tx, table, feature, field, value);
    }
    if (values['type_id'] !== undefined) yield* checkNewType(tx, table, id, values['type_id']);
    yield* write(tx, table, id, values);
  }
  for (const { feature, value } of inverse)
    yield* writeInverse(tx, host, id, feature, value, replace, options);
}

/** `created_at` and the like are no fields a caller sets, but a feature may stand for them. */
function columnFor(table: Table, field: string): string {
  return columnOf(table, field)?.name ?? (table.column.has(field) ? field : `${field}_id`);
}

export function* readField(
  tx: Transaction,
  table: Table,
  feature: FeatureHandle,
  field: string,
  value: unknown,
): Steps<SqlValue> {
  if (field === 'name' && typeof value !== 'string') {
    throw new LoamError(
      'TypeError',
      `index feature '${feature.name}' value must be a string, not ${Array.isArray(value) ? 'list' : typeof value}.`,
      { feature: feature.name, field: feature.name },
    );
  }
  const column = table.column.get(columnFor(table, field));
  if (!column)
    throw new LoamError('FieldError', `Records have no field "${field}".`, { field: feature.name });
  return yield* readValue(tx, table, column, value);
}

function* checkNewType(tx: Transaction, table: Table, id: number, typeId: SqlValue): Steps<void> {
  const row = (yield* readRow(table, id)) ?? {};
  yield* checkType(tx, table, {
    id,
    typeId: idIn(typeId),
    isType: row['is_type'] === 1,
    schemaId: idIn(row['schema_id']),
    spaceId: idIn(row['space_id']),
  });
}

/** `author.books = [book]` is the link `book.author = author`; a book with one author gets a new one. */
function* writeInverse(
  tx: Transaction,
  host: Host,
  id: number,
  feature: FeatureHandle,
  value: unknown,
  replace: boolean,
  options: ValueReading,
): Steps<void> {
  const link = host.links.get(host.table);
  if (!link) return;
  const source = yield* featureByUid(feature.through ?? '');
  const items = isNull(value, options.typed) ? [] : Array.isArray(value) ? (value as unknown[]) : [value];
  const wanted = [...new Set((yield* resolveCategories(tx, feature, items, options)).map((row) => row.id))];
  const there = yield* all(
    `SELECT id, "${link.own}" FROM "${link.table}" WHERE "${link.value}" = ? AND feature_id = ? ORDER BY id`,
    [id, source.id],
  );
  const stale = replace ? there.filter((r) => !wanted.includes(Number(r[1]))).map((r) => Number(r[0])) : [];
  const fresh = wanted.filter((other) => !there.some((r) => Number(r[1]) === other));
  if (!source.dtype.list && fresh.length > 0) {
    const other = yield* all(
      `SELECT id FROM "${link.table}" WHERE "${link.own}" IN (SELECT value FROM json_each(?)) AND feature_id = ? AND "${link.value}" <> ? ORDER BY id`,
      [JSON.stringify(fresh), source.id, id],
    );
    stale.push(...other.map((r) => Number(r[0])));
  }
  if (stale.length > 0) yield* remove(tx, link.table, stale);
  if (fresh.length > 0)
    yield* insert(tx, link.table, fresh.length, {
      [link.own]: fresh,
      [link.value]: id,
      feature_id: source.id,
    });
}
