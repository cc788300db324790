// Comparing two versions of an artifact: what the query engine is asked, step by step, and its answers as plain values.
import { LoamError } from '../engine/errors.ts';
import { type FilesPage, type FilesResult, runOverFiles } from './file-statements.ts';
import { callOf } from './sql-statements.ts';
import {
  comparedColumns,
  countsSql,
  type DiffColumn,
  type DiffSpec,
  distinctSql,
  keyCandidates,
  keySql,
  rowsSql,
  type RowsWanted,
  type SchemaDiff,
  schemaDiff,
  withinSql,
} from './version-diff.ts';

/** Says in words what is being done. */
export type Told = (doing: string) => void;

/** The versions as tables, before anybody has said what names a row. */
export interface OpenedVersions {
  before: string;
  after: string;
  schema: SchemaDiff;
  /** Columns that may be keys, likeliest first. */
  candidates: string[];
  /** Unique in both; null where no column is. */
  suggested: string | null;
}

export interface DiffCounts {
  added: number;
  removed: number;
  changed: number;
  same: number;
  /** Rows in which a column changed, most first; empty without keys. */
  columns: { name: string; rows: number }[];
}

/** So many candidates are counted exactly. */
const countedMost = 6;
/** What is nearly as many different values as rows by an estimate. */
const near = 0.9;

async function oneRow(sql: string, signal: AbortSignal): Promise<unknown[]> {
  const { first, close } = await runOverFiles(sql, signal);
  close();
  return first.page.values.map(([value]) => value);
}

async function describe(source: string, signal: AbortSignal): Promise<DiffColumn[]> {
  const { first, close } = await runOverFiles(`DESCRIBE SELECT * FROM ${source}`, signal, false);
  close();
  const [names = [], types = []] = first.page.values;
  return names.map((name, i) => ({ name: String(name), type: String(types[i]) }));
}

/** `of`: the function that reads them, `obs` where the versions hold tables instead of being some. */
export async function openVersions(
  [before, after]: readonly [uid: string, uid: string],
  of: 'artifact' | 'obs',
  signal: AbortSignal,
  told: Told,
): Promise<OpenedVersions> {
  told('Looking at the columns of both versions');
  const sources = { before: callOf(before, of), after: callOf(after, of) };
  const schema = schemaDiff(await describe(sources.before, signal), await describe(sources.after, signal));
  await settleNumbers(sources, schema, signal);
  if (!schema.shared.some(({ as }) => as !== null))
    throw new LoamError(
      'InvalidArgument',
      'These versions have no column in common whose values can be compared, so no rows can be compared.',
    );
  told('Looking for a column that names the rows');
  const candidates = keyCandidates(schema).map(({ name }) => name);
  return { ...sources, schema, candidates, suggested: await suggestedKey(sources, schema, signal) };
}

type Sources = Pick<OpenedVersions, 'before' | 'after'>;

/** A whole number beyond 2^53 has no equal among floats: such columns are not compared. */
async function settleNumbers(sources: Sources, schema: SchemaDiff, signal: AbortSignal): Promise<void> {
  for (const side of ['before', 'after'] as const) {
    const open = schema.shared.filter(({ within }) => within === side);
    if (open.length === 0) continue;
    const fits = await oneRow(
      withinSql(
        sources[side],
        open.map(({ name }) => name),
      ),
      signal,
    );
    for (const [i, column] of open.entries()) {
      column.within = null;
      if (!isTrue(fits[i])) column.as = null;
    }
  }
}

/** Truths of a page are texts, as the grid shows them. */
const isTrue = (value: unknown): boolean => value === true || value === 'true' || value === 1;

async function suggestedKey(
  sources: Sources,
  schema: SchemaDiff,
  signal: AbortSignal,
): Promise<string | null> {
  const candidates = keyCandidates(schema);
  const [rows, ...distinct] = (await oneRow(distinctSql(sources.after, candidates), signal)).map(Number);
  const likely = candidates.filter((_, i) => (distinct[i] ?? 0) >= near * (rows ?? 0)).slice(0, countedMost);
  for (const { name } of likely) if ((await keyProblem(sources, [name], signal)) === null) return name;
  return null;
}

/** In words why these columns name no row; null where they are different for each row of both versions. */
export async function keyProblem(
  { before, after }: Sources,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  for (const [source, version] of [
    [before, 'older'],
    [after, 'newer'],
  ] as const) {
    const [rows, different, example] = await oneRow(keySql(source, keys), signal);
    if (Number(rows) > Number(different))
      return `${keys.join(', ')} ${keys.length > 1 ? 'do' : 'does'} not name rows: the ${version} version has ${Number(rows).toLocaleString('en')} rows but ${Number(different).toLocaleString('en')} different values, ${String(example)} more than once. Choose further columns.`;
  }
  return null;
}

export async function countDiff(spec: DiffSpec, signal: AbortSignal): Promise<DiffCounts> {
  const [added, removed, changed, same, ...columns] = (await oneRow(countsSql(spec), signal)).map(Number);
  const { values } = comparedColumns(spec);
  return {
    added: added ?? 0,
    removed: removed ?? 0,
    changed: changed ?? 0,
    same: same ?? 0,
    columns: columns
      .map((rows, i) => ({ name: values[i]?.name ?? '', rows }))
      .filter(({ rows }) => rows > 0)
      .sort((a, b) => b.rows - a.rows),
  };
}

/** The rows that differ, page by page. */
export const openRows = (spec: DiffSpec, wanted: RowsWanted, signal: AbortSignal): Promise<FilesResult> =>
  runOverFiles(rowsSql(spec, wanted), signal);

/** A cell as it is shown: what it was and what it is. */
export interface DiffCell {
  before: string | null;
  after: string | null;
  changed: boolean;
}

export interface DiffRow {
  change: 'added' | 'removed' | 'changed';
  /** How often a whole row was added or removed; null with keys. */
  times: number | null;
  keys: (string | null)[];
  cells: DiffCell[];
}

const shown = (value: unknown): string | null => {
  if (value === null || value === undefined) return null;
  if (!(value instanceof Uint8Array)) return String(value as string | number | bigint);
  const start = Array.from(value.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return value.length > 32 ? `${start}…` : start;
};

/** Rows of a page as the grid has them. Values are compared as they came, since both sides have one type. */
export function rowsOf(spec: DiffSpec, { page }: FilesPage): DiffRow[] {
  const { keys, values } = comparedColumns(spec);
  const at = (column: number, row: number) => page.values[column]?.[row] ?? null;
  return Array.from({ length: page.count }, (_, row): DiffRow => {
    const change = String(at(0, row)) as DiffRow['change'];
    if (keys.length === 0) {
      const cells = values.map((_, i) => {
        const text = shown(at(2 + i, row));
        return {
          before: change === 'added' ? null : text,
          after: change === 'removed' ? null : text,
          changed: false,
        };
      });
      return { change, times: Number(at(1, row)), keys: [], cells };
    }
    return {
      change,
      times: null,
      keys: keys.map((_, i) => shown(at(1 + i, row))),
      cells: values.map((_, i) => {
        const [before, after] = [at(1 + keys.length + 2 * i, row), at(2 + keys.length + 2 * i, row)];
        const [was, is] = [shown(before), shown(after)];
        return { before: was, after: is, changed: change === 'changed' && was !== is };
      }),
    };
  });
}
