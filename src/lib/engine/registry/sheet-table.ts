// A table of values read as rows of a sheet (lamindb 2.12.1 `Record.from_dataframe`): the whole table is read before a row is
// written, part by part, each label is looked up once, and what is wrong names the row.
import { resolveCategories, type Category } from '../features/categories.ts';
import { checked, coerce } from '../features/dtype.ts';
import type { FeatureHandle } from '../features/find.ts';
import { hostOf } from '../features/hosts.ts';
import { sharedNames, type Rules } from '../features/rules.ts';
import { readField } from '../features/through.ts';
import { isNull, textOf } from '../features/write.ts';
import { LoamError, isLoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import type { Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Columns, ImportOptions, ValueReading } from './registry-types.ts';
import { registryOf } from './tables.ts';

/** One entry per row in each array, filled as far as the table was read. */
interface Cells {
  kind: 'cells';
  feature: FeatureHandle;
  values: readonly unknown[];
  texts: (string | null)[];
}
interface Links {
  kind: 'links';
  feature: FeatureHandle;
  values: readonly unknown[];
  rows: (readonly Category[] | null)[];
  known: Map<string, Category>;
}
interface Field {
  kind: 'field';
  feature: FeatureHandle;
  values: readonly unknown[];
  column: string;
  stored: SqlValue[];
}
/** Values that other records hold; they are resolved where they are written. */
interface Inverse {
  kind: 'inverse';
  feature: FeatureHandle;
  values: readonly unknown[];
}
type SheetColumn = Cells | Links | Field | Inverse;

export interface SheetRows {
  sheet: string;
  count: number;
  names: (string | null)[];
  columns: SheetColumn[];
  /** Columns that no feature of the sheet is called by. */
  ignored: string[];
  options: ValueReading;
}

/** LaminDB's column for names, where the sheet has no index. */
const nameColumn = '__lamindb_record_name__';

/** The table with its names and columns known and all that is required there; its values are read by `readPart`. */
export function openTable(
  sheet: { name: string; rules: Rules | null },
  given: Columns,
  options: ImportOptions,
): SheetRows {
  const count = lengthOf(given);
  const members = sheet.rules?.members ?? [];
  const index = sheet.rules?.index ?? null;
  const shared = sharedNames(members);
  if (shared.length > 0)
    throw refused(sheet.name, `features ${listed(shared)} share a name`, shared[0] ?? '');
  const named = nameOf(given, members, index, options.name);
  const names =
    named === null
      ? Array<null>(count).fill(null)
      : readNames(named, given[named] ?? [], named === index?.name);
  const byName = new Map(members.map((f) => [f.name, f]));
  const rest = Object.keys(given).filter((name) => name !== named);
  const ignored = rest.filter((name) => !byName.has(name));
  if (!sheet.rules && ignored.length > 0) {
    throw new LoamError(
      'ValidationError',
      'Bulk setting features in records requires all records to have the same non-null type schema. Choose a sheet, or leave out all columns but the names.',
      { registry: 'Record', field: ignored[0] ?? '' },
    );
  }
  const columns = members.flatMap((feature) =>
    feature !== index && feature.name !== named && given[feature.name]
      ? [columnOf(feature, given[feature.name] ?? [])]
      : [],
  );
  const table = { sheet: sheet.name, count, names, columns, ignored, options };
  if (sheet.rules) checkRequired(table, sheet.rules);
  return table;
}

function columnOf(feature: FeatureHandle, values: readonly unknown[]): SheetColumn {
  if (feature.field !== null) return { kind: 'field', feature, values, column: feature.field, stored: [] };
  if (feature.through !== null) return { kind: 'inverse', feature, values };
  if (feature.dtype.categories.length > 0)
    return { kind: 'links', feature, values, rows: [], known: new Map<string, Category>() };
  return { kind: 'cells', feature, values, texts: [] };
}

function lengthOf(columns: Columns): number {
  const all = columns !== null && typeof columns === 'object' ? Object.values(columns) : [];
  const lengths = new Set(all.map((values) => (Array.isArray(values) ? values.length : -1)));
  const [count = 0] = lengths;
  if (lengths.size === 1 && count >= 0) return count;
  throw new LoamError('ValueError', 'A table is columns by name, each a list of the same length.', {
    field: 'columns',
  });
}

/** The column whose values are the rows' names. */
function nameOf(
  columns: Columns,
  members: readonly FeatureHandle[],
  index: FeatureHandle | null,
  wanted: string | undefined,
): string | null {
  if (index && columns[index.name]) return index.name;
  for (const name of [wanted ?? nameColumn, 'name']) {
    const isFeature = members.some((f) => f.name === name && f.field !== 'name');
    if (columns[name] && !isFeature) return name;
  }
  return null;
}

function readNames(column: string, values: readonly unknown[], isIndex: boolean): (string | null)[] {
  return values.map((value, row) => {
    if (isNull(value, true)) return null;
    if (typeof value === 'string') return value;
    if (!isIndex && typeof value === 'number') return String(value);
    throw new LoamError(
      'TypeError',
      `${isIndex ? 'index feature' : 'column'} '${column}' value must be a string, not ${typeof value} (row ${row + 1}).`,
      { registry: 'Record', field: column, row: row + 1 },
    );
  });
}

/** Every row has what the sheet requires. A column without any value stands for values that were passed as null. */
function checkRequired(table: SheetRows, rules: Rules): void {
  const { typed } = table.options;
  const present = new Map(table.columns.map((c) => [c.feature.id, c.values]));
  const empty = new Set(
    table.columns.filter((c) => c.values.every((v) => isNull(v, typed))).map((c) => c.feature.id),
  );
  const bad = rules.members.find((f) => empty.has(f.id) && !f.nullable && table.count > 0);
  if (bad) {
    throw refused(
      table.sheet,
      `Feature "${bad.name}" is not nullable, so it needs a value of "${bad.dtype.text}".`,
      bad.name,
    );
  }
  const isMissing = (feature: FeatureHandle, row: number): boolean => {
    if (feature === rules.index || (feature.field === 'name' && !present.has(feature.id)))
      return table.names[row] === null;
    return !empty.has(feature.id) && isNull(present.get(feature.id)?.[row], typed);
  };
  let gaps = 0;
  let first = -1;
  for (let row = 0; row < table.count; row++) {
    if (!rules.required.some((f) => isMissing(f, row))) continue;
    gaps++;
    if (first < 0) first = row;
  }
  if (gaps === 0) return;
  const missing = rules.required.filter((f) => isMissing(f, first)).map((f) => f.name);
  const name = table.names[first] ?? null;
  const more = gaps > 1 ? `, and in ${gaps - 1} more` : '';
  throw new LoamError(
    'ValidationError',
    `Cannot set type to '${table.sheet}' on Record${name === null ? '' : ` '${name}'`}: missing required features ${listed(missing)} (row ${first + 1}${more})`,
    { registry: 'Record', field: missing[0] ?? '', row: first + 1, rows: gaps },
  );
}

/** Reads the values of some rows; they have to follow those read before. */
export function* readPart(tx: Transaction, table: SheetRows, from: number, to: number): Steps<void> {
  for (const column of table.columns) {
    try {
      if (column.kind === 'cells') readCells(column, from, to, table.options);
      else if (column.kind === 'field') yield* readFields(tx, column, from, to, table.options);
      else if (column.kind === 'links') yield* readLabels(tx, column, from, to, table.options);
    } catch (error) {
      if (!isLoamError(error, 'ValidationError')) throw error;
      throw new LoamError('ValidationError', `Cannot set type to '${table.sheet}': ${error.message}`, {
        ...error.details,
        field: column.feature.name,
      });
    }
  }
}

function readCells(column: Cells, from: number, to: number, { typed }: ValueReading): void {
  const { feature, values, texts } = column;
  const read = typed || feature.coerce ? coerce : checked;
  for (let row = from; row < to; row++) {
    const value = values[row];
    if (isNull(value, typed)) texts.push(null);
    else texts.push(inRow(row, () => textOf(feature, read(feature.name, feature.dtype, value))));
  }
}

function* readFields(
  tx: Transaction,
  column: Field,
  from: number,
  to: number,
  { typed }: ValueReading,
): Steps<void> {
  const table = registryOf(tx.journal.model, 'Record');
  const { feature } = column;
  for (let row = from; row < to; row++) {
    const value = column.values[row];
    column.stored.push(
      isNull(value, typed) ? null : yield* readField(tx, table, feature, feature.field ?? '', value),
    );
  }
}

/** Labels that were not looked up yet are looked up together. */
function* readLabels(
  tx: Transaction,
  column: Links,
  from: number,
  to: number,
  options: ValueReading,
): Steps<void> {
  const { feature, known } = column;
  const lists: (unknown[] | null)[] = [];
  const fresh = new Map<string, unknown>();
  for (let row = from; row < to; row++) {
    const value = column.values[row];
    const list = isNull(value, options.typed) ? null : inRow(row, () => namesIn(feature, value, options));
    lists.push(list);
    for (const item of list ?? []) if (!known.has(keyOf(item))) fresh.set(keyOf(item), item);
  }
  if (fresh.size > 0) {
    const resolved = yield* resolveCategories(tx, feature, [...fresh.values()], options);
    const { links } = hostOf(tx.journal.model, 'Record');
    if (resolved.some((row) => !links.has(row.table)))
      throw refused('', `Record rows cannot carry values of feature "${feature.name}".`, feature.name);
    for (const [i, key] of [...fresh.keys()].entries()) known.set(key, resolved[i] as Category);
  }
  for (const list of lists) {
    const own = list?.map((item) => known.get(keyOf(item)) as Category) ?? null;
    column.rows.push(
      own && own.length > 1 ? [...new Map(own.map((r) => [`${r.table} ${r.id}`, r])).values()] : own,
    );
  }
}

function namesIn(feature: FeatureHandle, value: unknown, { typed }: ValueReading): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (feature.dtype.list && !typed) checked(feature.name, feature.dtype, value);
  if (typeof value !== 'string') return [value];
  const read = coerce(feature.name, feature.dtype, value);
  return Array.isArray(read) ? (read as unknown[]) : [read];
}

/** Texts apart from references. */
const keyOf = (item: unknown): string => (typeof item === 'string' ? `"${item}` : JSON.stringify(item));

function inRow<T>(row: number, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!isLoamError(error)) throw error;
    throw new LoamError(error.code, `${error.message} (row ${row + 1})`, { ...error.details, row: row + 1 });
  }
}

const refused = (sheet: string, problem: string, field: string): LoamError =>
  new LoamError('ValidationError', sheet === '' ? problem : `Cannot set type to '${sheet}': ${problem}`, {
    registry: 'Record',
    field,
  });

const listed = (names: readonly string[]): string => names.map((n) => `'${n}'`).join(', ');
