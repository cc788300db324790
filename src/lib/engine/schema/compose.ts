// The empty database in one go. SQLite scans its whole schema table after every CREATE, so 1,169 statements cost as
// much as 100,000 rows; here the rows of the schema table and the empty root pages are written as they would end up.
// Only for a database that is empty and in memory, by a SQLite that has `sqlite_dbpage` (ours does); for a file see image.ts.
import type { Model, Table } from '../model/types.ts';
import type { SqlDriver } from '../ports.ts';
import { schemaEntries, type Entry } from './entries.ts';

/** True where `composeSchema` may be used; elsewhere the statements of `sqliteDdl` do the same, slowly. */
export function canCompose(driver: SqlDriver): boolean {
  if (driver.kind !== 'memory' || driver.inTransaction) return false;
  // On smaller pages the schema's rows overflow, and their numbers no longer say how many pages they take.
  if (Number(driver.all('PRAGMA page_size')[0]?.[0]) < 4096) return false;
  const modules = driver.all("SELECT 1 FROM pragma_module_list WHERE name = 'sqlite_dbpage'");
  return modules.length > 0 && driver.all('SELECT 1 FROM sqlite_schema LIMIT 1').length === 0;
}

export function composeSchema(driver: SqlDriver, model: Model): void {
  const entries = schemaEntries(
    model.order.map((name) => model.tables.get(name) as Table),
    [],
  );
  const pageSize = Number(driver.all('PRAGMA page_size')[0]?.[0]);
  driver.exec('PRAGMA writable_schema=on');
  driver.exec('BEGIN');
  // The placeholder takes as many bytes as any page number will: setting those moves no row to another page.
  driver.many(
    'INSERT INTO sqlite_schema(type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, 30000, ?)',
    entries.length,
    [
      entries.map((e) => e.type),
      entries.map((e) => e.name),
      entries.map((e) => e.table),
      entries.map((e) => e.sql),
    ],
  );
  const used = Number(driver.all('PRAGMA page_count')[0]?.[0]);
  driver.run('UPDATE sqlite_schema SET rootpage = ? + rowid', [used]);
  const pages = entries.map((_, i) => used + i + 1);
  const page = 'INSERT INTO sqlite_dbpage(pgno, data) VALUES (?, ?)';
  driver.many(page, pages.length, [pages, entries.map((e) => emptyPage(e.type, pageSize))]);
  const header = driver.all('SELECT data FROM sqlite_dbpage WHERE pgno = 1')[0]?.[0] as Uint8Array;
  new DataView(header.buffer, header.byteOffset).setUint32(28, used + entries.length);
  driver.run(page, [1, header]);
  driver.exec('COMMIT');
  driver.exec('PRAGMA writable_schema=reset');
}

/** A leaf without cells: kind, no free block, no cells, content begins at the page's end. */
function emptyPage(type: Entry['type'], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = type === 'table' ? 0x0d : 0x0a;
  new DataView(bytes.buffer).setUint16(5, size === 65536 ? 0 : size);
  return bytes;
}
