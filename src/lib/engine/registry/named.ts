// Registries of names (ULabel, Project, Feature) as the annotation form needs them: lists with how many artifacts carry
// each, and rows by name.
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import type { Hidden } from '../write/hidden.ts';
import type { Transaction } from '../write/transaction.ts';
import { create } from './create.ts';
import { registryOf, visible } from './tables.ts';

export interface NamedRow {
  uid: string;
  name: string;
  count: number;
}

export interface FeatureRow extends NamedRow {
  dtype: string;
  description: string | null;
}

export type NamedTable = 'lamindb_ulabel' | 'lamindb_project' | 'lamindb_feature';

const usage = (hidden: Hidden): Record<NamedTable, string> => ({
  lamindb_ulabel: `(SELECT count(DISTINCT artifact_id) FROM lamindb_artifactulabel l WHERE ulabel_id = t.id${hidden('lamindb_artifactulabel', 'l.id')})`,
  lamindb_project: `(SELECT count(DISTINCT artifact_id) FROM lamindb_artifactproject l WHERE project_id = t.id${hidden('lamindb_artifactproject', 'l.id')})`,
  lamindb_feature: `(SELECT count(DISTINCT l.artifact_id) FROM lamindb_artifactjsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id WHERE v.feature_id = t.id${hidden('lamindb_artifactjsonvalue', 'l.id')})
    + (SELECT count(DISTINCT artifact_id) FROM lamindb_artifactulabel l WHERE feature_id = t.id${hidden('lamindb_artifactulabel', 'l.id')})`,
});

const extra = (table: NamedTable) => (table === 'lamindb_feature' ? ', t._dtype_str, t.description' : '');

const toRow = (r: SqlValue[], table: NamedTable): NamedRow | FeatureRow => ({
  uid: String(r[0]),
  name: String(r[1]),
  count: Number(r[2]),
  ...(table === 'lamindb_feature' ? { dtype: String(r[3]), description: r[4] as string | null } : {}),
});

/** Names that start with the search come first, then those that contain it. */
export function* listNamed(
  hidden: Hidden,
  table: NamedTable,
  search: string,
  limit: number,
): Steps<(NamedRow | FeatureRow)[]> {
  const escaped = search.trim().replace(/[\\%_]/g, (c) => `\\${c}`);
  const rows = yield* all(
    `SELECT t.uid, t.name, ${usage(hidden)[table]}${extra(table)} FROM "${table}" t
     WHERE t.is_type = 0 AND +t.branch_id IN (${hidden.branches().join(', ')}) AND t.name LIKE '%' || ?1 || '%' ESCAPE '\\'${hidden(table, 't.id')}
     ORDER BY t.name LIKE ?1 || '%' ESCAPE '\\' DESC, t.name COLLATE NOCASE LIMIT ?2`,
    [escaped, Math.max(1, Math.min(500, Math.floor(limit)))],
  );
  return rows.map((r) => toRow(r, table));
}

/** One row as such a list shows it. */
export function* namedRow(hidden: Hidden, table: NamedTable, uid: string): Steps<NamedRow | FeatureRow> {
  const row = yield* one(
    `SELECT t.uid, t.name, ${usage(hidden)[table]}${extra(table)} FROM "${table}" t WHERE t.uid = ?`,
    [uid],
  );
  return toRow(row ?? [], table);
}

/** Rows by name, as labels are typed: the one that queries show, else a new one. */
export function* namedRows(tx: Transaction, registry: string, names: readonly string[]): Steps<number[]> {
  const table = registryOf(tx.journal.model, registry);
  const clean = [...new Set(names.map((n) => n.trim()).filter((n) => n !== ''))];
  const rows = yield* all(
    `SELECT name, min(id) FROM "${table.name}" WHERE name IN (SELECT value FROM json_each(?)) AND is_type = 0 AND ${visible(table, tx.author)} GROUP BY name`,
    [JSON.stringify(clean)],
  );
  const known = new Map(rows.map((r) => [String(r[0]), Number(r[1])]));
  const ids: number[] = [];
  for (const name of clean)
    ids.push(known.get(name) ?? (yield* create(tx, registry, { name }, { searchNames: false })).id);
  return ids;
}
