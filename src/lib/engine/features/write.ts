// Feature values in LaminDB's tables (lamindb.md §8), for artifacts, runs and records alike: plain values as JSON (shared
// JsonValue rows, or a record's own cell), categories as rows of the label's link table with `feature_id`. Which values may
// be written is decided by the callers; here they only land.
import { LoamError, isLoamError } from '../errors.ts';
import { hashText } from '../hash.ts';
import type { Table } from '../model/types.ts';
import { pythonText, toPythonJson } from '../python-json.ts';
import type { ValueReading } from '../registry/registry-types.ts';
import { labelOf } from '../registry/tables.ts';
import { all, type Steps } from '../statement.ts';
import { insert, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { resolveCategories, type Category } from './categories.ts';
import { checked, coerce } from './dtype.ts';
import type { FeatureHandle } from './find.ts';
import type { Host } from './hosts.ts';

export interface Assignment {
  feature: FeatureHandle;
  value: unknown;
}

/** An assignment ready to be written: JSON, rows, or nothing where the value is null. */
export interface Ready {
  feature: FeatureHandle;
  json: { text: string; hash: string } | null;
  rows: Category[];
}

/** Nothing to keep: LaminDB's nulls are None, NaN, an empty list and an empty dict; a person's is an empty field. */
export function isNull(value: unknown, typed = false): boolean {
  if (value === null || value === undefined || (typed && value === '')) return true;
  if (typeof value === 'number') return Number.isNaN(value);
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Checks and resolves all values before any is written; what is wrong is told of all of them together. */
export function* readValues(
  tx: Transaction,
  host: Host,
  assignments: readonly Assignment[],
  options: ValueReading = {},
): Steps<Ready[]> {
  const ready: Ready[] = [];
  const problems: LoamError[] = [];
  for (const assignment of assignments) {
    try {
      ready.push(yield* readOne(tx, host, assignment, options));
    } catch (error) {
      if (!isLoamError(error)) throw error;
      problems.push(error);
    }
  }
  const [first] = problems;
  if (!first) return ready;
  if (problems.length === 1) throw first;
  throw new LoamError('ValidationError', problems.map((p) => p.message).join(' '), {
    ...first.details,
    // One entry for each, so that a screen can show each where it belongs.
    features: eachOf(problems, 'feature'),
    dtypes: eachOf(problems, 'dtype'),
    values: eachOf(problems, 'value'),
  });
}

const eachOf = (problems: readonly LoamError[], detail: string): string[] =>
  problems.map(({ details }) => String(details[detail] ?? ''));

function* readOne(
  tx: Transaction,
  host: Host,
  { feature, value }: Assignment,
  options: ValueReading,
): Steps<Ready> {
  if (isNull(value, options.typed)) {
    if (feature.nullable || value === '') return { feature, json: null, rows: [] };
    throw new LoamError(
      'ValidationError',
      `Feature "${feature.name}" is not nullable, so it needs a value of "${feature.dtype.text}".`,
      { feature: feature.name, field: feature.name },
    );
  }
  if (feature.dtype.categories.length === 0) {
    const read = options.typed || feature.coerce ? coerce : checked;
    return { feature, json: jsonOf(feature, read(feature.name, feature.dtype, value)), rows: [] };
  }
  const items = Array.isArray(value) ? (value as unknown[]) : readNames(feature, value, options);
  const rows = yield* resolveCategories(tx, feature, items, options);
  refuseHost(host, feature, rows, tx);
  return { feature, json: null, rows: unique(rows) };
}

/** A person types several names with separators between; a program passes a list where the dtype says list. */
function readNames(feature: FeatureHandle, value: unknown, options: ValueReading): unknown[] {
  if (feature.dtype.list && !options.typed) checked(feature.name, feature.dtype, value);
  if (typeof value !== 'string') return [value];
  const read = coerce(feature.name, feature.dtype, value);
  return Array.isArray(read) ? read : [read];
}

function unique(rows: Category[]): Category[] {
  return [...new Map(rows.map((r) => [`${r.table} ${r.id}`, r])).values()];
}

function refuseHost(host: Host, feature: FeatureHandle, rows: readonly Category[], tx: Transaction): void {
  const lost = rows.find((row) => !host.links.has(row.table));
  if (!lost) return;
  const table = tx.journal.model.tables.get(lost.table) as Table;
  throw new LoamError(
    'ValidationError',
    `${host.registry} rows cannot carry values of ${labelOf(table)}, which feature "${feature.name}" asks for.`,
    { feature: feature.name, field: feature.name, registry: labelOf(table) },
  );
}

/** Floats are written as Python writes them (`1.0`), since JavaScript cannot tell them from whole numbers. */
export const textOf = ({ dtype }: FeatureHandle, value: unknown): string =>
  toPythonJson(value, { float: dtype.simple === 'float' });

/** With the hash by which equal values of a feature are one row. */
export function jsonOf(feature: FeatureHandle, value: unknown): { text: string; hash: string } {
  const float = feature.dtype.simple === 'float';
  const isDict = value !== null && typeof value === 'object' && !Array.isArray(value);
  const hash = hashText(isDict ? toPythonJson(value, { sorted: true }) : pythonText(value, float));
  return { text: textOf(feature, value), hash };
}

/** Adds the values to every carrier; what is there already is left as it is. */
export function* putValues(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  ready: readonly Ready[],
): Steps<void> {
  const plain: PlainValue[] = [];
  for (const { feature, json, rows } of ready) {
    if (json && host.json.shared) plain.push({ featureId: feature.id, ...json });
    else if (json) yield* putCell(tx, host, ids, feature, json.text);
    for (const row of rows) yield* putRow(tx, host, ids, feature.id, row);
  }
  if (plain.length > 0) yield* putShared(tx, host, ids, yield* internValues(tx, plain));
}

export interface PlainValue {
  featureId: number;
  text: string;
  hash: string;
}

/**
 * One row per feature and value, shared by all that carry it; answers the ids, one per value. 1 and "1" share a hash in
 * LaminDB; the first value stays.
 */
export function* internValues(tx: Transaction, values: readonly PlainValue[]): Steps<number[]> {
  const keyOf = (feature: unknown, hash: unknown) => `${String(feature)}/${String(hash)}`;
  const rows = yield* all(
    `SELECT feature_id, hash, min(id) FROM lamindb_jsonvalue WHERE feature_id IN (SELECT value FROM json_each(?))
     AND hash IN (SELECT value FROM json_each(?)) GROUP BY feature_id, hash`,
    [JSON.stringify(values.map((v) => v.featureId)), JSON.stringify(values.map((v) => v.hash))],
  );
  const ids = new Map(rows.map((r) => [keyOf(r[0], r[1]), Number(r[2])]));
  const fresh = new Map(
    values
      .filter((v) => !ids.has(keyOf(v.featureId, v.hash)))
      .map((v) => [keyOf(v.featureId, v.hash), v] as const),
  );
  if (fresh.size > 0) {
    const missing = [...fresh.values()];
    const from = yield* insert(tx, 'lamindb_jsonvalue', missing.length, {
      feature_id: missing.map((v) => v.featureId),
      value: missing.map((v) => v.text),
      hash: missing.map((v) => v.hash),
    });
    for (const [i, key] of [...fresh.keys()].entries()) ids.set(key, from + i);
  }
  return values.map((v) => ids.get(keyOf(v.featureId, v.hash)) ?? 0);
}

/** All values at once: few statements and one history entry, however many carriers they go to. */
function* putShared(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  values: readonly number[],
): Steps<void> {
  const { table, own } = host.json;
  const linked = yield* all(
    `SELECT "${own}", jsonvalue_id FROM "${table}" WHERE jsonvalue_id IN (SELECT value FROM json_each(?))
     AND "${own}" IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(values), JSON.stringify(ids)],
  );
  const known = new Set(linked.map((r) => `${r[0]}/${r[1]}`));
  const fresh = values.flatMap((value) =>
    ids.flatMap((id) => (known.has(`${id}/${value}`) ? [] : [{ id, value }])),
  );
  if (fresh.length > 0)
    yield* insert(tx, table, fresh.length, {
      [own]: fresh.map(({ id }) => id),
      jsonvalue_id: fresh.map(({ value }) => value),
    });
}

/** A record has one cell per feature: a list grows, anything else is replaced. */
function* putCell(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  feature: FeatureHandle,
  text: string,
): Steps<void> {
  const { table, own } = host.json;
  const rows = yield* all(
    `SELECT id, "${own}", value FROM "${table}" WHERE feature_id = ? AND "${own}" IN (SELECT value FROM json_each(?)) ORDER BY id`,
    [feature.id, JSON.stringify(ids)],
  );
  for (const [id, , old] of rows) {
    const grown = feature.dtype.list ? [...listOf(old), ...listOf(text)] : null;
    const float = feature.dtype.simple === 'float';
    yield* update(tx, table, [Number(id)], { value: grown ? toPythonJson(grown, { float }) : text });
  }
  const known = new Set(rows.map((r) => Number(r[1])));
  const fresh = ids.filter((id) => !known.has(id));
  if (fresh.length > 0)
    yield* insert(tx, table, fresh.length, { [own]: fresh, feature_id: feature.id, value: text });
}

function listOf(json: unknown): unknown[] {
  const parsed: unknown = typeof json === 'string' ? JSON.parse(json) : null;
  return Array.isArray(parsed) ? parsed : [];
}

function* putRow(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  featureId: number,
  row: Category,
): Steps<void> {
  const link = host.links.get(row.table);
  if (!link) return;
  // Asked per carrier: of a label in use there may be far more links than carriers here.
  const rows = yield* all(
    `SELECT "${link.own}" FROM "${link.table}" WHERE "${link.value}" = ? AND feature_id = ?
     AND "${link.own}" IN (SELECT value FROM json_each(?))`,
    [row.id, featureId, JSON.stringify(ids)],
  );
  const known = new Set(rows.map((r) => Number(r[0])));
  const fresh = ids.filter((id) => !known.has(id));
  if (fresh.length > 0)
    yield* insert(tx, link.table, fresh.length, {
      [link.own]: fresh,
      [link.value]: row.id,
      feature_id: featureId,
    });
}
