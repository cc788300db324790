// A database file on trial: read with every guard up, freed of what runs by itself, checked, compared with the model,
// and judged in words. It lies in a place of its own; the database in use is never touched by any of this.
import { LoamError, isLoamError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import type { SqlDriver, UntrustedDriver } from '../ports.ts';
import { runSync } from '../statement.ts';
import { compareSchema, type Comparison } from './compare.ts';
import type { FileHeader } from './file-header.ts';
import { judgeMigrations, type MigrationState } from './file-migrations.ts';
import { listed, notesOf } from './examination-notes.ts';
import { disarm, readFileSchema, type FileSchema } from './file-schema.ts';
import { judgeOwnTables, refuseNewer } from './own-tables.ts';

export interface Examination {
  /** Name of the instance as the file suggests it. */
  instance: string | null;
  /** LaminDB's uid of the instance, of its first storage. */
  instanceUid: string | null;
  /** The LaminDB that made it, in words, and its newest migration. */
  made: string;
  migration: string | null;
  storages: { uid: string; root: string; type: string }[];
  /** Rows of every registry, and of tables that only the file has. */
  counts: { table: string; registry: string | null; module: string; rows: number }[];
  /** `read-only`: it can be shown, but not worked in; `reason` says why. */
  verdict: 'open' | 'read-only';
  reason: string | null;
  /** What was or will be done to the copy, and what is worth knowing. */
  notes: string[];
  /** What becomes of the history of edits that Loam wrote. */
  history: 'none' | 'kept' | 'closed';
}

/** What adopting needs to know again. */
export interface Judged {
  examination: Examination;
  schema: FileSchema;
  comparison: Comparison;
  migrations: MigrationState;
}

export type ExamineStep = 'schema' | 'integrity' | 'references' | 'counts';

/** Without one of these nothing can be shown. */
const essential = ['artifact', 'branch', 'space', 'storage', 'transform', 'run', 'user'].map(
  (x) => `lamindb_${x}`,
);

/**
 * Looks at a file's content; throws `FileUnreadable` in words where it cannot be opened at all. `whole` is false for one
 * that is read by ranges and never written: then its tables are compared, but not all of its pages are read.
 */
export function examine(
  driver: UntrustedDriver,
  header: FileHeader,
  model: Model,
  tell: (step: ExamineStep) => void = () => {},
  whole = true,
): Judged {
  try {
    tell('schema');
    const disarmed = disarm(driver);
    const schema = runSync(driver, readFileSchema());
    refuseStrangers(schema);
    const own = judgeOwnTables(schema);
    if (own === 'ok') refuseNewer(driver);
    const migrations = judgeMigrations(appliedMigrations(driver, schema), model);
    const comparison = compareSchema(schema, model);
    refuseDiffering(comparison);
    tell('integrity');
    if (whole) refuseDamaged(driver);
    refuseWithoutRows(driver);
    tell('references');
    const broken = whole ? brokenReferences(driver) : 0;
    tell('counts');
    const { verdict, reason } = judge(comparison, migrations);
    const history = own === 'ok' ? (header.untouched ? 'kept' : 'closed') : 'none';
    const examination: Examination = {
      ...instanceOf(driver, schema, own === 'ok'),
      made: migrations.made,
      migration: migrations.newest,
      storages: storagesOf(driver, schema),
      counts: whole ? countsOf(driver, model, comparison, schema) : [],
      verdict,
      reason,
      notes: notesOf({ header, disarmed, comparison, migrations, broken, history, own }),
      history,
    };
    return { examination, schema, comparison, migrations };
  } catch (error) {
    throw inWords(error);
  }
}

/** SQLite's errors over a foreign file say something about that file, never about the database in use. */
export function inWords(error: unknown): LoamError {
  if (isLoamError(error, 'FileUnreadable') || isLoamError(error, 'Cancelled')) return error;
  if (isLoamError(error, 'StorageFull')) return error;
  if (isLoamError(error, 'StatementCancelled'))
    return new LoamError(
      'FileUnreadable',
      'Checking the file took too long and was stopped. Nothing was changed.',
    );
  const raw = error instanceof Error ? error.message : String(error);
  const said = /\((.*)\)\. Restore it/.exec(raw)?.[1] ?? raw;
  return new LoamError(
    'FileUnreadable',
    `The database file is damaged: ${said.slice(0, 300)}. Nothing was changed.`,
  );
}

function refuseStrangers(schema: FileSchema): void {
  const missing = essential.filter((name) => !schema.tables.has(name));
  if (missing.length === 0) return;
  const names = [...schema.tables.values()].map(({ name }) => name);
  if (names.some((name) => name.startsWith('lnschema_core_'))) {
    throw new LoamError(
      'FileUnreadable',
      'This database was made by a LaminDB before 1.0. Migrate it in Python first (lamin migrate deploy), then open it again. Nothing was changed.',
    );
  }
  const what =
    names.length === 0
      ? 'it has no tables'
      : missing.length < essential.length
        ? `it lacks ${missing.join(', ')}`
        : `its tables are ${listed(names)}`;
  throw new LoamError(
    'FileUnreadable',
    `This is a SQLite file, but not a LaminDB database: ${what}. Nothing was changed.`,
  );
}

function refuseDiffering({ differing }: Comparison): void {
  const [first] = differing;
  if (!first) return;
  const more = differing.length > 1 ? ` and ${differing.length - 1} more columns` : '';
  throw new LoamError(
    'FileUnreadable',
    `The tables are not LaminDB's: ${first.table}.${first.column} is ${first.found} instead of ${first.wanted}${more}. Nothing was changed.`,
    { table: first.table, column: first.column },
  );
}

/** The whole of SQLite's own check: quick_check would pass over the content of indexes (reliability.md §0.9). */
function refuseDamaged(driver: SqlDriver): void {
  const lines = driver.all('PRAGMA integrity_check(20)').map(([line]) => String(line));
  if (lines.length === 1 && lines[0] === 'ok') return;
  throw new LoamError(
    'FileUnreadable',
    `The database file is damaged: ${lines.slice(0, 3).join('; ').slice(0, 300)}${lines.length > 3 ? ' …' : ''}. Nothing was changed.`,
    { found: lines },
  );
}

function refuseWithoutRows(driver: SqlDriver): void {
  const wanted: [string, string][] = [
    ['SELECT 1 FROM lamindb_user LIMIT 1', 'a user'],
    ['SELECT 1 FROM lamindb_branch WHERE id = 1', 'the main branch'],
    ['SELECT 1 FROM lamindb_space WHERE id = 1', 'the space of all'],
    ['SELECT 1 FROM lamindb_storage LIMIT 1', 'a storage location'],
  ];
  for (const [sql, what] of wanted) {
    if (driver.all(sql).length === 0)
      throw new LoamError(
        'FileUnreadable',
        `The database lacks ${what}, which every LaminDB instance has. Nothing was changed.`,
      );
  }
}

/** References that lead nowhere; a table they lead to may be missing as a whole. */
function brokenReferences(driver: SqlDriver): number {
  try {
    return Number(driver.all('SELECT count(*) FROM pragma_foreign_key_check')[0]?.[0] ?? 0);
  } catch (error) {
    if (isLoamError(error, 'SqlError')) return 0;
    throw error;
  }
}

function judge(
  { missingTables, missingColumns, blocking }: Comparison,
  { state, made, newest }: MigrationState,
): Pick<Examination, 'verdict' | 'reason'> {
  const missing = [...missingTables, ...missingColumns.map(({ table, column }) => `${table}.${column}`)];
  if (missing.length > 0 && state === 'newer')
    return readOnly(
      `It was made by ${made} (${newest}), which no longer has ${listed(missing)}. Update Loam to work in it.`,
    );
  if (missing.length > 0)
    return readOnly(
      `It was made by ${made}${newest ? ` (${newest})` : ''} and lacks ${listed(missing)}. To work in it, migrate it in Python with LaminDB 2.9 to 2.12 (lamin migrate deploy) and open it again.`,
    );
  if (blocking.length > 0)
    return readOnly(
      `It was made by ${made}; every row needs ${listed(blocking.map(({ table, column }) => `${table}.${column}`))}, which this Loam cannot fill. Update Loam to work in it.`,
    );
  return { verdict: 'open', reason: null };
}

const readOnly = (reason: string) => ({ verdict: 'read-only' as const, reason });

function appliedMigrations(driver: SqlDriver, schema: FileSchema): [string, string][] {
  const table = schema.tables.get('django_migrations');
  if (!table?.columns.has('app') || !table.columns.has('name')) return [];
  return driver
    .all('SELECT app, name FROM django_migrations ORDER BY id LIMIT 5000')
    .map(([app, name]) => [String(app), String(name)]);
}

function instanceOf(
  driver: SqlDriver,
  schema: FileSchema,
  ours: boolean,
): Pick<Examination, 'instance' | 'instanceUid'> {
  const setting = ours ? driver.all("SELECT value FROM loam_setting WHERE name = 'instance'")[0]?.[0] : null;
  // Old files lack the column.
  const known = schema.tables.get('lamindb_storage')?.columns.has('instance_uid');
  const [root, uid] =
    driver.all(
      `SELECT root, ${known ? 'instance_uid' : 'NULL'} FROM lamindb_storage ORDER BY id LIMIT 1`,
    )[0] ?? [];
  const folder =
    String(root ?? '')
      .replace(/\/+$/, '')
      .split('/')
      .pop() ?? '';
  return { instance: text(setting) ?? text(folder), instanceUid: text(uid) };
}

const text = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 120) : null;

function storagesOf(driver: SqlDriver, schema: FileSchema): Examination['storages'] {
  const typed = schema.tables.get('lamindb_storage')?.columns.has('type');
  return driver
    .all(`SELECT uid, root, ${typed ? 'type' : "'local'"} FROM lamindb_storage ORDER BY id LIMIT 50`)
    .map(([uid, root, type]) => ({ uid: String(uid), root: String(root), type: String(type) }));
}

function countsOf(
  driver: SqlDriver,
  model: Model,
  { foreignTables }: Comparison,
  schema: FileSchema,
): Examination['counts'] {
  const rows = (name: string) =>
    Number(driver.all(`SELECT count(*) FROM "${name.replaceAll('"', '""')}"`)[0]?.[0] ?? 0);
  const registries = [...model.registry.entries()]
    .filter(([, table]) => schema.tables.has(table.name))
    .map(([registry, table]) => ({
      table: table.name,
      registry,
      module: table.module,
      rows: rows(table.name),
    }));
  const others = foreignTables.slice(0, 200).map(({ name }) => ({
    table: name,
    registry: null,
    module: name.split('_')[0] ?? name,
    rows: rows(name),
  }));
  return [...registries, ...others];
}
