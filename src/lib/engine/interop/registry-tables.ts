// Whole registry tables as portable columns and back (LaminDB 2.12.1 `exportdb` / `importdb`, one parquet file per table).
// Reads and fills tables only; the file format is the caller's. Filling makes a new database out of an empty instance:
// ids are kept, as LaminDB keeps them, so it is not an act of the write path and is refused where rows exist.
import { LoamError } from '../errors.ts';
import type { Column, ColumnType, Model, Table } from '../model/types.ts';
import type { SqlDriver, SqlValue, TableColumn, TableType, TableValue } from '../ports.ts';

const types: Record<ColumnType, TableType> = {
  varchar: 'text',
  text: 'text',
  json: 'json',
  bool: 'bool',
  integer: 'int',
  smallint: 'int',
  bigint: 'int',
  datetime: 'datetime',
  date: 'date',
};

/** The tables of the modules in insert order; django's own are not exported, as LaminDB leaves them out. */
export function portableTables(model: Model, modules: readonly string[]): Table[] {
  const known = model.modules.map(({ name }) => name);
  for (const module of modules) {
    if (!known.includes(module))
      throw new LoamError('InvalidArgument', `There is no module "${module}"; known: ${known.join(', ')}.`);
  }
  return model.order
    .map((name) => model.tables.get(name) as Table)
    .filter((table) => modules.includes(table.module));
}

/** Rows by id, the first ones or those behind the id `after`, as columns; `id` is one of them. */
export function readTable(
  driver: SqlDriver,
  table: Table,
  after: number | null,
  limit: number,
): TableColumn[] {
  const names = table.columns.map((c) => `"${c.name}"`).join(', ');
  const batch = driver.columns(`SELECT ${names} FROM "${table.name}" WHERE id > ? ORDER BY id LIMIT ?`, [
    // The trash is the branch −1.
    after ?? Number.MIN_SAFE_INTEGER,
    limit,
  ]);
  return table.columns.map((column, i) => ({
    name: column.name,
    type: types[column.type],
    nullable: column.nullable,
    values: (batch.columns[i] ?? []).map((value) => portable(value, column)),
  }));
}

/** A whole table in parts of so many rows; the first part may be empty. */
export function* tableParts(driver: SqlDriver, table: Table, limit: number): Generator<TableColumn[]> {
  for (let after: number | null = null; ;) {
    const part: TableColumn[] = readTable(driver, table, after, limit);
    yield part;
    const ids = part.find(({ name }) => name === 'id')?.values ?? [];
    if (ids.length < limit) return;
    after = Number(ids.at(-1));
  }
}

export function countRows(driver: SqlDriver, table: Table): number {
  return Number(driver.all(`SELECT count(*) FROM "${table.name}"`)[0]?.[0]);
}

function portable(value: SqlValue, column: Column): TableValue {
  if (value === null) return null;
  switch (types[column.type]) {
    case 'bool':
      return value !== 0;
    case 'int':
      return typeof value === 'bigint' ? value : Number(value);
    case 'datetime':
      return microsOf(String(value));
    default:
      return String(value);
  }
}

/** `YYYY-MM-DD HH:MM:SS[.f…]`, UTC. */
function microsOf(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  const seconds = Date.parse(`${whole.replace(' ', 'T')}Z`);
  if (Number.isNaN(seconds)) throw new LoamError('ValidationError', `"${text}" is not a time.`);
  return BigInt(seconds) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

function timeOf(micros: bigint): string {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const whole = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, 19).replace('T', ' ');
  return `${whole}.${String(rest).padStart(6, '0')}`;
}

/** Tables that a new instance has rows in; they are replaced by those of the import. */
const seededAlways = ['lamindb_space', 'lamindb_user', 'lamindb_branch', 'lamindb_storage'];

const seededTables = (model: Model) =>
  new Set([
    ...seededAlways,
    ...model.modules.flatMap(({ seeds }) =>
      (seeds?.({ now: '', userId: 1 }) ?? []).map(({ table }) => table),
    ),
  ]);

/**
 * Fills a new instance with whole tables. Tables that are not given keep what they have. Throws `IntegrityError`
 * where the instance holds rows of its own, where a reference leads nowhere or where a rule of the tables is broken;
 * nothing is changed then.
 * @param read gives a table's columns, or null where there is no file for it.
 */
export async function fillTables(
  driver: SqlDriver,
  model: Model,
  read: (table: Table) => Promise<TableColumn[] | null>,
  onTable: (table: string, rows: number) => void = () => {},
): Promise<void> {
  const tables = portableTables(
    model,
    model.modules.map(({ name }) => name),
  );
  const seeded = seededTables(model);
  const held = tables.find((t) => !seeded.has(t.name) && countRows(driver, t) > 0);
  if (held) {
    throw new LoamError(
      'IntegrityError',
      `This database holds rows already (${held.name}). Import into a new one, so that nothing is mixed up.`,
      { table: held.name },
    );
  }
  // Read before the transaction begins: no `await` may stand between its statements.
  const given: { table: Table; columns: TableColumn[] }[] = [];
  for (const table of tables) {
    const columns = await read(table);
    if (columns) given.push({ table, columns });
  }
  if (given.length === 0) throw new LoamError('DoesNotExist', 'There is no table to import.');
  driver.exec('BEGIN');
  try {
    driver.exec('PRAGMA defer_foreign_keys = on');
    for (const { table } of [...given].reverse()) driver.exec(`DELETE FROM "${table.name}"`);
    for (const { table, columns } of given) {
      fillTable(driver, table, columns);
      onTable(table.name, columns[0]?.values.length ?? 0);
    }
    const broken = driver.all('PRAGMA foreign_key_check');
    if (broken.length > 0) {
      const [table, row, target] = broken[0] ?? [];
      throw new LoamError(
        'IntegrityError',
        `${broken.length} references lead nowhere; the first is in ${String(table)}, row ${String(row)}, to ${String(target)}. Export the missing table too.`,
        { table: String(table) },
      );
    }
    driver.exec('COMMIT');
  } catch (error) {
    if (driver.inTransaction) driver.exec('ROLLBACK');
    throw error;
  }
}

function fillTable(driver: SqlDriver, table: Table, columns: TableColumn[]): void {
  const count = columns[0]?.values.length ?? 0;
  const known = columns.filter((c) => table.column.has(c.name));
  const lost = columns.filter((c) => !table.column.has(c.name) && c.values.some((v) => v !== null));
  if (lost.length > 0) {
    throw new LoamError(
      'FieldError',
      `${table.name} has no column ${lost.map((c) => `"${c.name}"`).join(', ')}. The export comes from another version of LaminDB.`,
      { table: table.name },
    );
  }
  if (count === 0) return;
  const names = known.map((c) => `"${c.name}"`).join(', ');
  const values = known.map((c) => {
    const column = table.column.get(c.name) as Column;
    return c.values.map((value) => stored(value, column, table));
  });
  driver.many(
    `INSERT INTO "${table.name}" (${names}) VALUES (${known.map(() => '?').join(', ')})`,
    count,
    values,
  );
}

/**
 * A value as the table keeps it. LaminDB 2.12.1 exports every SQLite column that holds a NULL as text with the word
 * "None", so that word counts as missing where a column may be empty.
 */
function stored(value: TableValue, column: Column, table: Table): SqlValue {
  if (value === null || (value === 'None' && column.nullable)) return null;
  const refuse = () =>
    new LoamError(
      'ValidationError',
      `${table.name}.${column.name}: "${String(value).slice(0, 60)}" is not ${column.type}.`,
      {
        field: column.name,
      },
    );
  switch (types[column.type]) {
    case 'bool':
      if (value === true || value === 'True' || value === 1) return 1;
      if (value === false || value === 'False' || value === 0) return 0;
      throw refuse();
    case 'int': {
      if (typeof value === 'bigint') return value;
      const number = Number(value);
      if (!Number.isInteger(number)) throw refuse();
      return number;
    }
    case 'datetime':
      if (typeof value === 'bigint') return timeOf(value);
      return timeOf(microsOf(String(value)));
    case 'date':
      return String(value).slice(0, 10);
    case 'json':
      return jsonText(value);
    default: {
      const text = String(value);
      if (column.length !== null && [...text].length > column.length) {
        throw new LoamError(
          'DataError',
          `${table.name}.${column.name} takes ${column.length} characters, not ${[...text].length}.`,
          { field: column.name },
        );
      }
      return text;
    }
  }
}

/** JSON text as it stands; Python's notation of a dict (what `str` gives) is not JSON and is refused by the table's CHECK. */
function jsonText(value: TableValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
