// Feature values of artifacts, where LaminDB keeps them (lamindb.md §8): plain values in `jsonvalue`, shared per feature
// and hash and linked by `artifactjsonvalue`; categories as rows of the label's link table with `feature_id`.
// `set` replaces all external values, `add` adds, `update` replaces the named ones, `remove` takes them away.
import { LoamError } from '../errors.ts';
import { hashText } from '../hash.ts';
import { all, one, type Steps } from '../statement.ts';
import { insert, insertOne, remove } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { coerce, parseDtype, type Dtype } from './dtype.ts';
import { resolveCategory } from './labels.ts';

export interface FeatureHandle {
  id: number;
  uid: string;
  name: string;
  dtype: Dtype;
}

/** Finds features by name; unknown ones are listed together with how to make them, as LaminDB does. */
export function* featuresByName(names: readonly string[]): Steps<FeatureHandle[]> {
  const found: FeatureHandle[] = [];
  const unknown: string[] = [];
  for (const name of names) {
    const rows = yield* all(
      'SELECT id, uid, name, _dtype_str, type_id FROM lamindb_feature WHERE name = ? AND is_type = 0 AND +branch_id <> -1 ORDER BY type_id IS NOT NULL, id',
      [name],
    );
    const row = rows[0];
    if (!row) unknown.push(name);
    else if (rows.length > 1 && rows[1]?.[4] === row[4]) {
      throw new LoamError(
        'MultipleObjectsReturned',
        `${rows.length} features are called "${name}". Rename one of them.`,
        { feature: name },
      );
    } else found.push({ id: Number(row[0]), uid: String(row[1]), name, dtype: parseDtype(String(row[3])) });
  }
  if (unknown.length > 0) {
    throw new LoamError(
      'ValidationError',
      `These keys could not be validated: ${JSON.stringify(unknown)}. Create the features first.`,
      { unknown },
    );
  }
  return found;
}

export function* setValues(
  tx: Transaction,
  artifacts: readonly number[],
  values: Record<string, unknown>,
): Steps<void> {
  const features = yield* featuresByName(Object.keys(values));
  for (const artifact of artifacts) yield* clear(tx, artifact, null);
  yield* put(tx, artifacts, features, values);
}

export function* addValues(
  tx: Transaction,
  artifacts: readonly number[],
  values: Record<string, unknown>,
): Steps<void> {
  yield* put(tx, artifacts, yield* featuresByName(Object.keys(values)), values);
}

export function* updateValues(
  tx: Transaction,
  artifacts: readonly number[],
  values: Record<string, unknown>,
): Steps<void> {
  const features = yield* featuresByName(Object.keys(values));
  for (const artifact of artifacts)
    yield* clear(
      tx,
      artifact,
      features.map((f) => f.id),
    );
  yield* put(tx, artifacts, features, values);
}

export function* removeValues(
  tx: Transaction,
  artifacts: readonly number[],
  names: readonly string[],
): Steps<void> {
  const features = yield* featuresByName(names);
  for (const artifact of artifacts)
    yield* clear(
      tx,
      artifact,
      features.map((f) => f.id),
    );
}

function* put(
  tx: Transaction,
  artifacts: readonly number[],
  features: FeatureHandle[],
  values: Record<string, unknown>,
): Steps<void> {
  for (const feature of features) {
    const raw = values[feature.name];
    if (raw === null || raw === undefined || raw === '') continue;
    const value = coerce(feature.name, feature.dtype, raw);
    if (feature.dtype.category)
      yield* putCategories(tx, artifacts, feature, Array.isArray(value) ? value : [value]);
    else yield* putJson(tx, artifacts, feature, value);
  }
}

function* putJson(
  tx: Transaction,
  artifacts: readonly number[],
  feature: FeatureHandle,
  value: unknown,
): Steps<void> {
  const jsonvalue = yield* internValue(tx, feature.id, value, feature.dtype.simple === 'float');
  const linked = yield* all('SELECT artifact_id FROM lamindb_artifactjsonvalue WHERE jsonvalue_id = ?', [
    jsonvalue,
  ]);
  const known = new Set(linked.map((r) => Number(r[0])));
  const fresh = artifacts.filter((a) => !known.has(a));
  if (fresh.length > 0)
    yield* insert(tx, 'lamindb_artifactjsonvalue', fresh.length, {
      artifact_id: fresh,
      jsonvalue_id: jsonvalue,
    });
}

/**
 * One row per feature and value, shared by all that carry it. 1 and "1" share a hash in LaminDB; the first value stays.
 * `float`: whole numbers are written as Python writes floats (`1.0`), since JavaScript cannot tell them apart.
 */
export function* internValue(
  tx: Transaction,
  featureId: number,
  value: unknown,
  float = false,
): Steps<number> {
  const json = toPythonJson(value, { float });
  const isDict = value !== null && typeof value === 'object' && !Array.isArray(value);
  const hash = hashText(isDict ? toPythonJson(value, { sorted: true }) : pythonText(value, float));
  const row = yield* one(
    'SELECT id FROM lamindb_jsonvalue WHERE feature_id = ? AND hash = ? ORDER BY id LIMIT 1',
    [featureId, hash],
  );
  if (row) return Number(row[0]);
  return yield* insertOne(tx, 'lamindb_jsonvalue', { feature_id: featureId, value: json, hash });
}

function* putCategories(
  tx: Transaction,
  artifacts: readonly number[],
  feature: FeatureHandle,
  names: unknown[],
): Steps<void> {
  const { link, column, ids } = yield* resolveCategory(tx, feature, names.map(String));
  for (const target of ids) {
    const rows = yield* all(`SELECT artifact_id FROM "${link}" WHERE "${column}" = ? AND feature_id = ?`, [
      target,
      feature.id,
    ]);
    const known = new Set(rows.map((r) => Number(r[0])));
    const fresh = artifacts.filter((a) => !known.has(a));
    if (fresh.length > 0)
      yield* insert(tx, link, fresh.length, { artifact_id: fresh, [column]: target, feature_id: feature.id });
  }
}

/** Link tables that hold categories of artifacts, with the column of the category. */
export function categoryLinks(tx: {
  journal: Transaction['journal'];
}): { link: string; column: string; table: string }[] {
  const out: { link: string; column: string; table: string }[] = [];
  for (const table of tx.journal.model.tables.values()) {
    if (
      !/^(lamindb|bionty)_artifact/.test(table.name) ||
      !table.column.has('artifact_id') ||
      !table.column.has('feature_id')
    )
      continue;
    const other = table.columns.find(
      (c) => c.references && !['artifact_id', 'feature_id', 'created_by_id', 'run_id'].includes(c.name),
    );
    if (other?.references) out.push({ link: table.name, column: other.name, table: other.references.table });
    else if (table.name === 'lamindb_artifactrun')
      out.push({ link: table.name, column: 'run_id', table: 'lamindb_run' });
  }
  return out;
}

/**
 * Takes away values: all external ones, or those of the given features. Values a dataset's own columns gave
 * (features of a schema linked by slot) are not external and stay.
 */
function* clear(tx: Transaction, artifact: number, features: number[] | null): Steps<void> {
  const chosen = features === null ? '' : 'AND f.id IN (SELECT value FROM json_each(?2))';
  const internal = `f.id NOT IN (SELECT sf.feature_id FROM lamindb_artifactschema a JOIN lamindb_schemafeature sf ON sf.schema_id = a.schema_id WHERE a.artifact_id = ?1)`;
  const params = features === null ? [artifact] : [artifact, JSON.stringify(features)];
  const json = yield* all(
    `SELECT l.id FROM lamindb_artifactjsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id JOIN lamindb_feature f ON f.id = v.feature_id
     WHERE l.artifact_id = ?1 AND ${internal} ${chosen}`,
    params,
  );
  yield* remove(
    tx,
    'lamindb_artifactjsonvalue',
    json.map((r) => Number(r[0])),
  );
  for (const { link } of categoryLinks(tx)) {
    const rows = yield* all(
      `SELECT l.id FROM "${link}" l JOIN lamindb_feature f ON f.id = l.feature_id WHERE l.artifact_id = ?1 AND ${internal} ${chosen}`,
      params,
    );
    if (rows.length > 0)
      yield* remove(
        tx,
        link,
        rows.map((r) => Number(r[0])),
      );
  }
}

interface PythonStyle {
  sorted?: boolean;
  /** Whole numbers are floats: `1.0`. */
  float?: boolean;
}

/** JSON as Python's json.dumps writes it (spaces after separators), so that equal values are equal bytes in both. */
export function toPythonJson(value: unknown, style: PythonStyle = {}): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return asciiJson(value);
  if (typeof value === 'number') return pythonNumber(value, style.float ?? false);
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((v) => toPythonJson(v, style)).join(', ')}]`;
  const entries = Object.entries(value);
  if (style.sorted) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([k, v]) => `${asciiJson(k)}: ${toPythonJson(v, style)}`).join(', ')}}`;
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Python's repr of a number: exponents from 1e16 on and below 1e-4, of at least two digits. */
function pythonNumber(value: number, float: boolean): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return float ? `${value}.0` : String(value);
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e16) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Python's str(): what LaminDB hashes for every value that is no dict. */
function pythonText(value: unknown, float: boolean): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return pythonNumber(value, float);
  if (!Array.isArray(value)) return String(value);
  return `[${value.map((v) => (typeof v === 'string' ? pythonQuoted(v) : pythonText(v, float))).join(', ')}]`;
}

/** Single quotes, unless the text has some and no double ones. */
function pythonQuoted(text: string): string {
  const escaped = text
    .replace(/\\/g, '\\\\')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t');
  if (text.includes("'") && !text.includes('"')) return `"${escaped}"`;
  return `'${escaped.replace(/'/g, "\\'")}'`;
}
