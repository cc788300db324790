// What a database says, whatever integer ids it has: rows by their row keys, references by those of what they refer to.
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import type { Table } from '../../src/lib/engine/model/types.ts';

/** Rows of these came with the database, and no act of the simulation changes them. */
const fixed = (table: Table): boolean =>
  (table.module !== 'lamindb' && table.registry !== 'CellType') || table.family === 'django';

/** One line for each row and each open conflict, in order. */
export function digestLines(driver: SqlDriver, options: { stamps?: boolean } = {}): string[] {
  const rows = new Map<string, { columns: string[]; byId: Map<number, readonly SqlValue[]> }>();
  const read = (table: Table) => {
    const known = rows.get(table.name);
    if (known) return known;
    const columns = table.columns.flatMap(({ name, derived }) => (derived ? [] : [name]));
    const found = driver.all(`SELECT ${columns.map((name) => `"${name}"`).join()} FROM "${table.name}"`);
    const made = { columns, byId: new Map(found.map((row) => [Number(row[0]), row])) };
    rows.set(table.name, made);
    return made;
  };
  const keys = new Map<string, string>();
  function keyOf(table: Table, id: SqlValue): string {
    if (id === null) return 'null';
    const name = `${table.name} ${String(id)}`;
    const known = keys.get(name);
    if (known !== undefined) return known;
    const { columns, byId } = read(table);
    const row = byId.get(Number(id));
    const key = row
      ? table.rowKey.columns
          .map((column) => shown(table, column, row[columns.indexOf(column)] ?? null))
          .join('+')
      : `lost ${name}`;
    keys.set(name, key);
    return key;
  }
  function shown(table: Table, column: string, value: SqlValue): string {
    const target = table.column.get(column)?.references?.table;
    const of = target === undefined ? undefined : model.tables.get(target);
    return of ? `<${keyOf(of, value)}>` : JSON.stringify(value);
  }
  const lines: string[] = [];
  for (const table of model.tables.values()) {
    if (fixed(table)) continue;
    const { columns, byId } = read(table);
    for (const [id, row] of byId) {
      const cells = columns.flatMap((name, c) =>
        name === 'id' || (name === 'updated_at' && options.stamps === false)
          ? []
          : [`${name}=${shown(table, name, row[c] ?? null)}`],
      );
      lines.push(`${table.name} ${keyOf(table, id)}: ${cells.join(' ')}`);
    }
  }
  const names = new Map(
    driver.all('SELECT id, name FROM loam_table').map(([id, name]) => [Number(id), String(name)]),
  );
  for (const [branch, tab, id, col, client, clock, isShown, value] of driver.all(
    'SELECT branch, tab, id, col, client, clock, shown, value FROM loam_conflict',
  )) {
    const table = model.tables.get(names.get(Number(tab)) ?? '');
    if (table)
      lines.push(
        `conflict ${branch === 0 ? 'all' : keyOf(model.tables.get('lamindb_branch') as Table, branch ?? null)} ${table.name} ${keyOf(table, id ?? null)} ${String(col)} ${String(client)}.${String(clock)} ${String(isShown)} ${String(value)}`,
      );
  }
  return lines.sort();
}
