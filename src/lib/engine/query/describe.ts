// What an object is, as LaminDB's `describe()` prints it: header, the facts in two columns, features, labels, notes.
import { ownNameField } from '../model/name-field.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { latestReadme } from './attributes.ts';
import { describeFeatures, describeLabels } from './describe-features.ts';
import { factsOf, handleOf, nameOf, timeOf, twoColumns, uidAndRun, type RowFacts } from './describe-facts.ts';
import { describeSchema } from './describe-schema.ts';
import { statusCodes } from './keywords.ts';
import type { QueryScope } from './prepare.ts';
import { parsePython, str } from './python-values.ts';
import { isObject, type QueryValue } from './query.ts';
import { branch, layTree, type Branch } from './text-layout.ts';

export interface DescribeOptions {
  /** Characters of a line. */
  width: number;
  /** Text of a stored artifact (a run's report or environment); null where its bytes are not at hand. */
  textOf?: (artifact: number) => string | null;
  /** Comments behind the notes, oldest first. */
  include?: 'comments' | null;
}

/** Lines of the description, without trailing blanks. */
export function* describe(
  scope: QueryScope,
  table: Table,
  id: number,
  options: DescribeOptions = { width: 100 },
): Steps<string[]> {
  const row = yield* factsOf(table, id);
  const tree = yield* treeOf(scope, table, row, options);
  const notes = table.registry === 'Schema' ? null : yield* latestReadme(table, id);
  if (notes) tree.children.push(textNode('Notes', notes, 30));
  if (options.include === 'comments') tree.children.push(...(yield* comments(scope, table, id)));
  return layTree(tree, options.width);
}

function* comments(scope: QueryScope, table: Table, id: number): Steps<Branch[]> {
  const own = `${(table.registry ?? '').toLowerCase()}_id`;
  const blocks = scope.model.tables.get(`${table.module}_${(table.registry ?? '').toLowerCase()}block`);
  if (!blocks?.column.has(own)) return [];
  const rows = yield* all(
    `SELECT b.content, b.created_at, u.handle FROM "${blocks.name}" b LEFT JOIN lamindb_user u ON u.id = b.created_by_id
     WHERE b."${own}" = ? AND b.kind = 'comment' ORDER BY b.created_at, b.id`,
    [id],
  );
  return rows.map(([content, at, by]) =>
    textNode(`comment by ${String(by ?? '?')} at ${timeOf(at ?? null)}`, String(content), 30),
  );
}

function* treeOf(scope: QueryScope, table: Table, row: RowFacts, options: DescribeOptions): Steps<Branch> {
  switch (table.registry) {
    case 'Artifact':
      return yield* artifact(scope, table, row);
    case 'Run':
      return yield* run(scope, table, row, options);
    case 'Record':
      return yield* record(scope, table, row);
    case 'Collection':
      return branch(header(table, row), twoColumns([...(yield* uidAndRun(row)), ...(yield* where(row))]));
    case 'Transform':
      return yield* transform(table, row);
    case 'Branch':
      return branch(
        header(table, row),
        twoColumns([
          `status: ${statusOf('Branch', row)}`,
          `space: ${yield* nameOf('lamindb_space', row['space_id'])}`,
          `created_at: ${timeOf(row['created_at'])}`,
          `created_by: ${yield* handleOf(row)}`,
        ]),
      );
    case 'Schema':
      return yield* describeSchema(scope, row);
    default:
      return branch(header(table, row));
  }
}

/* ---------- parts ---------- */

function header(table: Table, row: RowFacts): string {
  const name = table.registry ?? table.name;
  if (table.versioned) {
    const version = (row['version_tag'] as string | null) || String(row['uid']).slice(-4);
    const described = row['description'] ? `\n|   description: ${String(row['description'])}` : '';
    return `${name}: ${String(row['key'] ?? '')} (${version})${described}`;
  }
  const field = ownNameField(table) ?? 'name';
  const shown = row[field];
  return `${name}: ${shown === null || shown === undefined || shown === '' ? String(row['uid'] ?? '').slice(0, 7) : String(shown)}`;
}

/** Branch, space, time and author. */
function* where(row: RowFacts): Steps<string[]> {
  return [
    `branch: ${yield* nameOf('lamindb_branch', row['branch_id'])}`,
    `space: ${yield* nameOf('lamindb_space', row['space_id'])}`,
    `created_at: ${timeOf(row['created_at'])}`,
    `created_by: ${yield* handleOf(row)}`,
  ];
}

function statusOf(registry: string, row: RowFacts): string {
  const known = Object.entries(statusCodes[registry] ?? {}).find(([, code]) => code === row['_status_code']);
  return known?.[0] ?? String(row['_status_code']);
}

/** A title and the first lines of a text behind it, each cut at 80 characters. */
function textNode(title: string, text: string, maxLines: number, uid = ''): Branch {
  const lines = text.split('\n');
  const shown = lines
    .slice(0, maxLines)
    .map((line) => `\n│ ${line.slice(0, 80)}${line.length > 80 ? ' …' : ''}`);
  return branch(`${title}: ${uid}${shown.join('')}${lines.length > maxLines ? '\n│ …' : ''}`);
}

function bytes(size: number): string {
  const steps = ['KB', 'MB', 'GB', 'TB'];
  if (size < 1024) return `${size} B`;
  let shown = size / 1024;
  let step = 0;
  while (shown >= 1024 && step < steps.length - 1) {
    shown /= 1024;
    step++;
  }
  return `${shown.toFixed(1)} ${steps[step]}`;
}

/* ---------- registries ---------- */

function* artifact(scope: QueryScope, table: Table, row: RowFacts): Steps<Branch> {
  const id = Number(row['id']);
  const items = yield* uidAndRun(row);
  const none = (value: SqlValue | undefined) => String(value ?? 'None');
  if (row['kind'] || row['otype']) items.push(`kind: ${none(row['kind'])}`, `otype: ${none(row['otype'])}`);
  items.push(`hash: ${none(row['hash'])}`);
  items.push(`size: ${row['size'] === null ? 'None' : bytes(Number(row['size']))}`);
  items.push(...(yield* where(row)));
  if (row['n_observations']) items.push(`n_observations: ${String(row['n_observations'])}`);
  if (row['n_files']) items.push(`n_files: ${String(row['n_files'])}`);
  const schema = yield* one('SELECT name, uid FROM lamindb_schema WHERE id = ?', [row['schema_id'] ?? null]);
  if (schema) items.push(`schema: ${String(schema[0] ?? String(schema[1]).slice(0, 7))}`);
  const root = yield* one('SELECT root FROM lamindb_storage WHERE id = ?', [row['storage_id'] ?? null]);
  const path = branch(`storage/path: ${String(root?.[0] ?? '')}/${shownKey(row)}`);
  const tree = branch(header(table, row), twoColumns(items), path);
  tree.children.push(...(yield* describeFeatures(scope, table, id)));
  const labels = yield* describeLabels(scope, table, id);
  if (labels) tree.children.push(labels);
  return tree;
}

function shownKey(row: RowFacts): string {
  const uid = String(row['uid']);
  const virtual = row['_key_is_virtual'] === 1 || row['key'] === null;
  const key = virtual ? String(row['_real_key'] ?? `.lamindb/${uid}`) : String(row['key']);
  if (!key.includes(uid)) return key;
  return `${row['_overwrite_versions'] === 1 ? key.slice(0, -4) : key}${String(row['suffix'])}`;
}

function* run(scope: QueryScope, table: Table, row: RowFacts, options: DescribeOptions): Steps<Branch> {
  const made = yield* one('SELECT key, version_tag, uid FROM lamindb_transform WHERE id = ?', [
    row['transform_id'] ?? null,
  ]);
  const key = String(made?.[0] ?? '');
  const version = (made?.[1] as string | null) || String(made?.[2]).slice(-4);
  const title = `Run: ${String(row['name'] ?? String(row['uid']).slice(0, 7))} (${key})`;
  const tree = branch(
    title,
    twoColumns([
      `uid: ${String(row['uid'])}`,
      `transform: ${key} (${version})`,
      `started_at: ${timeOf(row['started_at'], '')}`,
      `finished_at: ${timeOf(row['finished_at'], '')}`,
      `status: ${statusOf('Run', row)}`,
      row['reference'] ? `reference: ${String(row['reference'])}` : '',
      ...(yield* where(row)),
    ]),
  );
  if (row['cli_args']) tree.children.push(textNode('cli_args', String(row['cli_args']).trim(), 4));
  for (const [title, column] of [
    ['report', 'report_id'],
    ['environment', 'environment_id'],
  ] as const) {
    if (row[column] === null) continue;
    const text = options.textOf?.(Number(row[column])) ?? '';
    const uid = yield* one('SELECT uid FROM lamindb_artifact WHERE id = ?', [row[column] ?? null]);
    if (text.trim() !== '') tree.children.push(textNode(title, text.trim(), 4, String(uid?.[0]).slice(0, 7)));
  }
  const params: QueryValue = row['params'] === null ? null : parsePython(String(row['params']));
  if (isObject(params) && Object.keys(params).length > 0) {
    const lines = Object.entries(params).map(([name, value]) =>
      branch(`${name}: ${str(value as QueryValue)}`),
    );
    tree.children.push(branch('Params', ...lines));
  }
  const features = yield* describeFeatures(scope, table, Number(row['id']));
  tree.children.push(...features);
  return tree;
}

function* record(scope: QueryScope, table: Table, row: RowFacts): Steps<Branch> {
  const items = [
    ...(yield* uidAndRun(row)),
    `type: ${yield* nameOf('lamindb_record', row['type_id'])}`,
    `is_type: ${row['is_type'] === 1 ? 'True' : 'False'}`,
    `schema: ${yield* nameOf('lamindb_schema', row['schema_id'])}`,
    `reference: ${String(row['reference'] ?? '')}`,
    ...(yield* where(row)),
  ];
  const tree = branch(header(table, row), twoColumns(items));
  tree.children.push(...(yield* describeFeatures(scope, table, Number(row['id']))));
  return tree;
}

function* transform(table: Table, row: RowFacts): Steps<Branch> {
  const items = [
    `uid: ${String(row['uid'])}`,
    row['reference'] ? `reference: ${String(row['reference'])}` : '',
    `hash: ${String(row['hash'] ?? 'None')}`,
    `type: ${String(row['kind'])}`,
    ...(yield* where(row)),
  ];
  const tree = branch(header(table, row), twoColumns(items));
  if (row['source_code']) tree.children.push(textNode('source_code', String(row['source_code']).trim(), 30));
  return tree;
}
