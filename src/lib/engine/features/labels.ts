// Labels on artifacts: ULabels and Projects by name, and the rows a categorical feature's values stand for.
// A plain label is the same link table with feature NULL (lamindb.md §8).
import { LoamError } from '../errors.ts';
import { all, type Steps } from '../statement.ts';
import { insert, insertOne, remove } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { randomUid } from '../uid.ts';
import type { FeatureHandle } from './values.ts';

/** Existing ULabels by name, new ones for names not yet there (in the trash counts as not there). */
export function* ulabelsByName(tx: Transaction, names: readonly string[]): Steps<number[]> {
  return yield* byName(tx, 'lamindb_ulabel', 8, names);
}

export function* projectsByName(tx: Transaction, names: readonly string[]): Steps<number[]> {
  return yield* byName(tx, 'lamindb_project', 12, names);
}

function* byName(
  tx: Transaction,
  table: string,
  uidLength: number,
  names: readonly string[],
): Steps<number[]> {
  const clean = [...new Set(names.map((n) => n.trim()).filter((n) => n !== ''))];
  const rows = yield* all(
    `SELECT name, min(id) FROM "${table}" WHERE name IN (SELECT value FROM json_each(?)) AND is_type = 0 AND +branch_id <> -1 GROUP BY name`,
    [JSON.stringify(clean)],
  );
  const known = new Map(rows.map((r) => [String(r[0]), Number(r[1])]));
  const missing = clean.filter((n) => !known.has(n));
  if (missing.length > 0) {
    const from = yield* insert(tx, table, missing.length, {
      uid: missing.map(() => randomUid(uidLength, tx.journal.random)),
      name: missing,
    });
    for (const [i, name] of missing.entries()) known.set(name, from + i);
  }
  return clean.map((n) => known.get(n) ?? 0);
}

/** Links every artifact to every target, skipping links that are there. */
export function* link(
  tx: Transaction,
  table: string,
  column: string,
  artifacts: readonly number[],
  targets: readonly number[],
): Steps<void> {
  for (const target of targets) {
    const rows = yield* all(
      `SELECT artifact_id FROM "${table}" WHERE "${column}" = ? AND feature_id IS NULL`,
      [target],
    );
    const known = new Set(rows.map((r) => Number(r[0])));
    const fresh = artifacts.filter((a) => !known.has(a));
    if (fresh.length > 0) yield* insert(tx, table, fresh.length, { artifact_id: fresh, [column]: target });
  }
}

export function* unlink(
  tx: Transaction,
  table: string,
  column: string,
  artifact: number,
  target: number,
): Steps<void> {
  const rows = yield* all(
    `SELECT id FROM "${table}" WHERE artifact_id = ? AND "${column}" = ? AND feature_id IS NULL`,
    [artifact, target],
  );
  yield* remove(
    tx,
    table,
    rows.map((r) => Number(r[0])),
  );
}

/** Link table and rows for a categorical feature's values; unknown names are refused with LaminDB's sentence. */
export function* resolveCategory(
  tx: Transaction,
  feature: FeatureHandle,
  names: readonly string[],
): Steps<{ link: string; column: string; ids: number[] }> {
  const category = feature.dtype.category;
  const registry = category?.registry.replace(/^bionty\./, '') ?? '';
  const table = tx.journal.model.registry.get(registry);
  if (!table || !category)
    throw new LoamError('ValidationError', `"${feature.dtype.text}" names no registry.`, {
      dtype: feature.dtype.text,
    });
  const prefix = table.module === 'bionty' ? 'bionty_artifact' : 'lamindb_artifact';
  const linkName = `${prefix}${registry.toLowerCase()}`;
  const target = registry === 'Artifact' ? 'value_id' : `${registry.toLowerCase()}_id`;
  if (!tx.journal.model.tables.has(linkName)) {
    throw new LoamError('ValidationError', `Artifacts cannot carry values of ${registry}.`, { registry });
  }
  const field =
    category.field === 'name' && !table.column.has('name')
      ? table.column.has('key')
        ? 'key'
        : 'handle'
      : category.field;
  if (!table.column.has(field))
    throw new LoamError('FieldError', `${registry} has no field "${field}".`, { registry, field });
  const live = table.column.has('branch_id') ? 'AND +branch_id <> -1' : '';
  const ids: number[] = [];
  const unknown: string[] = [];
  for (const name of names) {
    const rows = yield* all(
      `SELECT id FROM "${table.name}" WHERE "${field}" = ? ${live} ORDER BY id LIMIT 1`,
      [name],
    );
    if (rows[0]) ids.push(Number(rows[0][0]));
    // ULabels are free labels: LaminDB's own GUI creates them by typing; all other registries must know the term.
    else if (registry === 'ULabel' && field === 'name') {
      ids.push(yield* insertOne(tx, 'lamindb_ulabel', { uid: randomUid(8, tx.journal.random), name }));
    } else unknown.push(name);
  }
  if (unknown.length > 0) {
    const terms = unknown.map((n) => `'${n}'`).join(', ');
    throw new LoamError(
      'ValidationError',
      `${unknown.length} ${unknown.length === 1 ? 'term' : 'terms'} not validated in feature '${feature.name}': ${terms}. Register them in ${registry} first.`,
      { feature: feature.name, unknown },
    );
  }
  return { link: linkName, column: target, ids };
}
