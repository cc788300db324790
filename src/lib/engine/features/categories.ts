// The rows that a categorical feature's values stand for (lamindb 2.12.1 `CatVector`): looked for in the dtype's registries
// one after the other, by their field, within their type and filters; unknown terms refused with LaminDB's sentence.
import { LoamError, isLoamError } from '../errors.ts';
import type { Model, Table } from '../model/types.ts';
import type { Ref, ValueReading } from '../registry/registry-types.ts';
import { byNames, findRef, topmost, type Scope } from '../registry/resolve.ts';
import { isTyped, nameOf } from '../registry/tables.ts';
import { isBelow } from '../registry/typing.ts';
import { one, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { insertOne } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { categoryTable, filterSql, typeOf } from './dtype-rows.ts';
import type { FeatureHandle } from './find.ts';

/** A row of some registry. */
export interface Category {
  table: string;
  id: number;
}

/** One row per value, in the order of the values. */
export function* resolveCategories(
  tx: Transaction,
  feature: FeatureHandle,
  values: readonly unknown[],
  options: ValueReading = {},
): Steps<Category[]> {
  const { model } = tx.journal;
  const names = [...new Set(values.filter((v): v is string => typeof v === 'string'))];
  const found = new Map<string, Category>();
  for (const category of feature.dtype.categories) {
    const rest = names.filter((name) => !found.has(name));
    if (rest.length === 0) break;
    const { table, field } = categoryTable(model, category);
    const type = category.typeUid === null ? null : yield* typeOf(table, category.typeUid);
    const where = yield* filterSql(model, table, category.filters);
    const scope: Scope = { author: tx.author, field, type: type?.id ?? null };
    if (where !== '') scope.where = where;
    const rows = yield* byNames(table, rest, scope);
    for (const name of rest) {
      const match = unambiguous(feature, table, name, rows);
      if (match !== null) found.set(name, { table: table.name, id: match });
    }
  }
  const unknown = names.filter((name) => !found.has(name));
  if (unknown.length > 0) {
    const labels = options.createLabels ? labelsOf(feature) : null;
    if (!labels) yield* refuseUnknown(model, feature, unknown);
    for (const name of unknown) {
      const type = labels?.typeUid
        ? (yield* one('SELECT id FROM lamindb_ulabel WHERE uid = ?', [labels.typeUid]))?.[0]
        : null;
      const uid = randomUid(8, tx.journal.random);
      const id = yield* insertOne(tx, 'lamindb_ulabel', { uid, name, type_id: type ?? null });
      found.set(name, { table: 'lamindb_ulabel', id });
    }
  }
  const rows: Category[] = [];
  for (const value of values) {
    if (typeof value === 'string') rows.push(found.get(value) as Category);
    else rows.push(yield* exact(tx, feature, value as Ref));
  }
  return rows;
}

/** Free labels can be made by their name: the dtype is ULabel by name alone, with or without a type. */
function labelsOf(feature: FeatureHandle): { typeUid: string | null } | null {
  const [only, ...more] = feature.dtype.categories;
  if (!only || more.length > 0 || only.registry !== 'ULabel') return null;
  return only.field === 'name' && only.filters.length === 0 ? only : null;
}

function unambiguous(
  feature: FeatureHandle,
  table: Table,
  name: string,
  rows: Parameters<typeof topmost>[2],
): number | null {
  try {
    return topmost(table, name, rows)?.id ?? null;
  } catch (error) {
    if (!isLoamError(error)) throw error;
    throw new LoamError(
      'ValidationError',
      `Cannot unambiguously resolve '${name}' for feature '${feature.name}': ${error.message}`,
      { feature: feature.name, field: feature.name, value: name },
    );
  }
}

/** A row named by uid or id: of one of the dtype's registries, and below its type. */
function* exact(tx: Transaction, feature: FeatureHandle, ref: Ref): Steps<Category> {
  for (const category of feature.dtype.categories) {
    const { table } = categoryTable(tx.journal.model, category);
    const id = yield* findRef(table, ref, { author: tx.author });
    if (id === null) continue;
    if (category.typeUid === null) return { table: table.name, id };
    const type = yield* typeOf(table, category.typeUid);
    if (yield* isBelow(table, id, type.id)) return { table: table.name, id };
    const row = yield* one(
      `SELECT r."${nameOf(table)}", t.name FROM "${table.name}" r LEFT JOIN "${table.name}" t ON t.id = r.type_id WHERE r.id = ?`,
      [id],
    );
    throw new LoamError(
      'ValidationError',
      `Expected a record of type '${type.name}' for feature '${feature.name}', but received '${String(row?.[0])}' of type '${String(row?.[1] ?? 'None')}'.`,
      { feature: feature.name, field: feature.name },
    );
  }
  throw new LoamError(
    'ValidationError',
    `Expected dtype for "${feature.name}" is "${feature.dtype.text}", got ${JSON.stringify(ref)?.slice(0, 80)}.`,
    { feature: feature.name, field: feature.name, dtype: feature.dtype.text },
  );
}

function* refuseUnknown(model: Model, feature: FeatureHandle, unknown: string[]): Steps<never> {
  const [first] = feature.dtype.categories;
  const { table, field } = categoryTable(model, first as FeatureHandle['dtype']['categories'][number]);
  const synonyms = yield* synonymsOf(table, field, unknown);
  const terms = unknown.map((n) => `'${n}'`).join(', ');
  const known = synonyms.map(([from, to]) => `"${from}" → "${to}"`).join(', ');
  const hint =
    known === '' ? '' : ` ${synonyms.length} synonym${synonyms.length === 1 ? '' : 's'} found: ${known}.`;
  const type = first?.typeUid && isTyped(table) ? yield* typeOf(table, first.typeUid) : null;
  const where = type ? ` under the type '${type.name}'` : '';
  throw new LoamError(
    'ValidationError',
    `${unknown.length} term${unknown.length === 1 ? '' : 's'} not validated in feature '${feature.name}': ${terms}.${hint} Fix typos, or create them in ${feature.dtype.categories.map((c) => c.registry).join(' or ')}${where} first.`,
    { feature: feature.name, field: feature.name, unknown },
  );
}

function* synonymsOf(table: Table, field: string, names: readonly string[]): Steps<[string, string][]> {
  if (!table.column.has('synonyms')) return [];
  const found: [string, string][] = [];
  for (const name of names.slice(0, 20)) {
    const row = yield* one(
      `SELECT "${field}" FROM "${table.name}" WHERE '|' || lower(synonyms) || '|' LIKE '%|' || ?1 || '|%' ESCAPE '\\' AND loam_present(branch_id) LIMIT 1`,
      [name.toLowerCase().replace(/[\\%_]/g, (c) => `\\${c}`)],
    );
    if (row) found.push([name, String(row[0])]);
  }
  return found;
}
