// Deleting for good: the whole fall is walked first, over every table, by Django's rules (CASCADE takes rows along, PROTECT
// refuses), so that it can be shown before anything is touched, and is then carried out row for row as shown.
// Beside Django, as LaminDB has it: the newest version of a folder takes its older ones, which share its bytes; a run takes
// its report and environment when nothing else uses them.
import { LoamError } from '../errors.ts';
import type { Model, Table } from '../model/types.ts';
import { all, run, type Steps } from '../statement.ts';
import { removeWalked } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { storedUnder } from './artifact.ts';
import { refuseLocked } from './locked.ts';
import type { PurgePlan } from './registry-types.ts';
import { labelOf, nameOf } from './tables.ts';

const shownNames = 5;
const artifacts = 'lamindb_artifact';

/** Every row that goes, by table; what refuses; the storage keys whose bytes go. */
export interface Fall {
  rows: Map<string, Set<number>>;
  refused: { table: string; column: string; ids: number[] }[];
  /** Storage keys in this instance's own storage. */
  keys: string[];
}

export function* walkFall(
  model: Model,
  table: Table,
  ids: readonly number[],
  storageId: number,
): Steps<Fall> {
  const rows = new Map<string, Set<number>>();
  yield* spread(model, rows, table.name, table.name === artifacts ? yield* withFolderVersions(ids) : ids);
  for (let more = yield* leftByRuns(model, rows); more.length > 0; more = yield* leftByRuns(model, rows))
    yield* spread(model, rows, artifacts, more);
  return {
    rows,
    refused: yield* protectors(model, rows),
    keys: yield* storedUnder([...(rows.get(artifacts) ?? [])], storageId),
  };
}

/** Adds the rows and everything that CASCADE takes along with them. */
function* spread(
  model: Model,
  rows: Map<string, Set<number>>,
  table: string,
  ids: readonly number[],
): Steps<void> {
  let own = rows.get(table);
  if (!own) rows.set(table, (own = new Set()));
  const fresh = ids.filter((id) => !own.has(id));
  if (fresh.length === 0) return;
  for (const id of fresh) own.add(id);
  for (const child of model.incoming.get(table) ?? []) {
    if (child.onDelete !== 'CASCADE') continue;
    const found = yield* pointing(child.table, child.column, fresh);
    if (found.length > 0) yield* spread(model, rows, child.table, found);
  }
}

function* pointing(table: string, column: string, ids: readonly number[]): Steps<number[]> {
  const rows = yield* all(
    `SELECT id FROM "${table}" WHERE "${column}" IN (SELECT value FROM json_each(?)) ORDER BY id`,
    [JSON.stringify(ids)],
  );
  return rows.map((r) => Number(r[0]));
}

/** Rows that stay and refer to rows that go. */
function* protectors(model: Model, rows: Map<string, Set<number>>): Steps<Fall['refused']> {
  const refused: Fall['refused'] = [];
  for (const [table, ids] of rows) {
    for (const child of model.incoming.get(table) ?? []) {
      if (child.onDelete !== 'PROTECT') continue;
      const going = rows.get(child.table);
      const staying = (yield* pointing(child.table, child.column, [...ids])).filter((id) => !going?.has(id));
      if (staying.length > 0) refused.push({ table: child.table, column: child.column, ids: staying });
    }
  }
  return refused;
}

/** Folders: all versions share one path, so the newest takes the others with it. */
function* withFolderVersions(ids: readonly number[]): Steps<number[]> {
  const rows = yield* all(
    `SELECT DISTINCT v.id FROM lamindb_artifact a JOIN lamindb_artifact v
       ON v.uid >= substr(a.uid, 1, 16) || '0000' AND v.uid < substr(a.uid, 1, 16) || 'zzzz~'
     WHERE a.id IN (SELECT value FROM json_each(?)) AND (v.id = a.id OR (a._overwrite_versions = 1 AND a.is_latest = 1)) ORDER BY v.id`,
    [JSON.stringify(ids)],
  );
  return rows.map((r) => Number(r[0]));
}

/** Reports and environments of the runs that go, where no row that stays refers to them (LaminDB's run clean-up). */
function* leftByRuns(model: Model, rows: Map<string, Set<number>>): Steps<number[]> {
  const runs = [...(rows.get('lamindb_run') ?? [])];
  if (runs.length === 0) return [];
  const found = yield* all(
    `SELECT DISTINCT a.id FROM lamindb_run r JOIN lamindb_artifact a ON a.id IN (r.report_id, r.environment_id)
     WHERE r.id IN (SELECT value FROM json_each(?)) AND a.kind = '__lamindb_run__' ORDER BY a.id`,
    [JSON.stringify(runs)],
  );
  const free: number[] = [];
  for (const [id] of found) {
    const artifact = Number(id);
    if (rows.get(artifacts)?.has(artifact)) continue;
    const fall = new Map([...rows].map(([table, ids]) => [table, new Set(ids)]));
    yield* spread(model, fall, artifacts, [artifact]);
    // Taking it must neither be refused nor take more than itself and its ties.
    const refused = yield* protectors(model, fall);
    const takesMore = [...fall].some(
      ([table, ids]) =>
        table !== artifacts &&
        model.tables.get(table)?.family === 'registry' &&
        ids.size > (rows.get(table)?.size ?? 0),
    );
    if (refused.length === 0 && !takesMore) free.push(artifact);
  }
  return free;
}

/** The fall in words and numbers; `sizes` are the stored bytes by key. */
export function* describeFall(
  model: Model,
  table: Table,
  asked: readonly number[],
  fall: Fall,
  sizes: ReadonlyMap<string, number>,
): Steps<PurgePlan> {
  const tables: PurgePlan['tables'] = [];
  for (const [name, ids] of fall.rows) {
    const gone = model.tables.get(name) as Table;
    tables.push({
      table: name,
      registry: gone.registry,
      count: ids.size,
      names: yield* namesOf(gone, [...ids]),
      dangerous: gone.family === 'registry' && name !== table.name && gone.registry !== 'JsonValue',
    });
  }
  const refused: PurgePlan['refused'] = [];
  for (const { table: name, column, ids } of fall.refused) {
    const holder = model.tables.get(name) as Table;
    refused.push({
      table: name,
      registry: holder.registry,
      column,
      count: ids.length,
      names: yield* namesOf(holder, ids),
    });
  }
  const rows = yield* all(
    `SELECT ${table.column.has('uid') ? 'uid' : 'id'}, coalesce("${nameOf(table)}", id) FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
    [JSON.stringify(asked)],
  );
  const blobs = fall.keys.map((key) => ({ key, bytes: sizes.get(key) ?? 0 }));
  return {
    registry: labelOf(table),
    rows: rows.map((r) => ({ uid: String(r[0]), name: String(r[1]) })),
    tables: tables.sort((a, b) => rank(a, table) - rank(b, table) || b.count - a.count),
    blobs,
    bytes: blobs.reduce((sum, b) => sum + b.bytes, 0),
    refused,
  };
}

const rank = (row: PurgePlan['tables'][number], asked: Table): number =>
  row.table === asked.name ? 0 : row.dangerous ? 1 : row.registry !== null ? 2 : 3;

/** A few names of rows; ties and cells have none, so what they belong to is named by its own table. */
function* namesOf(table: Table, ids: readonly number[]): Steps<string[]> {
  if (!table.registry) return [];
  const rows = yield* all(
    `SELECT coalesce("${nameOf(table)}", ${table.column.has('uid') ? 'uid' : 'id'}) FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ${shownNames}`,
    [JSON.stringify(ids)],
  );
  return rows.map((r) => String(r[0]));
}

/**
 * Deletes all of the fall. Bytes go after COMMIT; should the browser die in between, the next start finds their names in
 * `loam_drop`.
 */
export function* carryOut(
  tx: Transaction,
  table: Table,
  asked: readonly number[],
  fall: Fall,
): Steps<number> {
  const { model } = tx.journal;
  yield* refuseLocked(table, asked);
  if (fall.refused.length > 0) yield* refuse(model, fall);
  // Ties before what they tie, since a deleted row is logged by the keys of what it refers to.
  const order = [...model.order].reverse();
  let count = 0;
  for (const name of order) {
    const ids = fall.rows.get(name);
    if (!ids) continue;
    count += ids.size;
    yield* removeWalked(
      tx,
      name,
      [...ids].sort((a, b) => a - b),
    );
  }
  const gone = JSON.stringify([...(fall.rows.get(artifacts) ?? [])]);
  yield* run('DELETE FROM loam_blob WHERE artifact_id IN (SELECT value FROM json_each(?))', [gone]);
  for (const key of fall.keys) {
    yield* run(
      "INSERT OR REPLACE INTO loam_drop(uid, item, state, detail, at) VALUES ('purge', ?, 'purged', '', ?)",
      [key, tx.at],
    );
  }
  return count;
}

function* refuse(model: Model, fall: Fall): Steps<never> {
  const parts: string[] = [];
  for (const { table, column, ids } of fall.refused) {
    const holder = model.tables.get(table) as Table;
    const names = yield* namesOf(holder, ids);
    const list = names.length > 0 ? ` (${names.join(', ')}${ids.length > names.length ? ' …' : ''})` : '';
    parts.push(`${ids.length} ${labelOf(holder)}.${column.replace(/_id$/, '')}${list}`);
  }
  throw new LoamError(
    'ProtectedError',
    `Cannot delete: still referred to by ${parts.join('; ')}. Remove or change those first.`,
    { usedBy: fall.refused.map((r) => r.table), count: fall.refused.reduce((n, r) => n + r.ids.length, 0) },
  );
}
