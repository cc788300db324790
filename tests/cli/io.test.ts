// Registries as parquet files and back, and a snapshot: nothing lost, nothing mixed up.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { createParquetTable, readParquetTable } from '../../src/lib/formats/parquet-table.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { loam, scratch } from './run.ts';

/** Every row of every exported table, without the storage that an import adds. */
function rowsOf(database: string, storages: string): Record<string, unknown> {
  const driver = openNode(database);
  try {
    const all: Record<string, unknown> = {};
    for (const table of model.tables.values()) {
      if (table.family === 'django') continue;
      const names = table.columns.map((c) => `"${c.name}"`).join(', ');
      const where = table.name === 'lamindb_storage' ? `WHERE root = '${storages}'` : '';
      all[table.name] = driver.all(`SELECT ${names} FROM "${table.name}" ${where} ORDER BY id`);
    }
    return all;
  } finally {
    driver.close();
  }
}

it('exportdb writes one parquet file a table, which importdb brings back row for row', () => {
  const here = scratch();
  loam(here, 'init', '--name', 'first');
  writeFileSync(join(here, 'a.csv'), 'x\n1\n');
  loam(
    here,
    'save',
    'a.csv',
    '--ulabel',
    'pilot “α”',
    '--project',
    'P',
    '--description',
    'one, "two"\nthree',
  );
  loam(here, 'save', 'a.csv', '--key', 'b.csv');
  const exported = loam(here, 'io', 'exportdb', '--output-dir', 'out', '--chunk-size', '2');
  expect(exported).toMatchObject({ code: 0, err: '' });
  const files = readdirSync(join(here, 'out'));
  expect(files).toHaveLength([...model.tables.values()].filter((t) => t.family !== 'django').length);

  const there = scratch();
  loam(there, 'init', '--name', 'second');
  const imported = loam(there, 'io', 'importdb', '--input-dir', join(here, 'out'));
  expect(imported).toMatchObject({ code: 0, err: '' });
  const root = join(here, 'storage');
  const databaseOf = (folder: string) => join(folder, 'storage', '.lamindb', 'lamin.db');
  expect(rowsOf(databaseOf(there), root)).toEqual(rowsOf(databaseOf(here), root));

  // What is saved next goes to the folder of the new database, and a second import is refused.
  const saved = loam(there, 'save', join(here, 'a.csv'), '--key', 'new.csv');
  expect(saved).toMatchObject({ code: 0 });
  writeFileSync(join(there, 'c.csv'), 'y\n2\n');
  const fresh = loam(there, 'save', 'c.csv').out;
  expect(readdirSync(join(there, 'storage', '.lamindb'))).toContain(`${fresh}.csv`);
  const again = loam(there, 'io', 'importdb', '--input-dir', join(here, 'out'));
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('holds rows already') });
});

it('reads the word None of LaminDB’s exports as missing, and refuses what does not fit', async () => {
  const here = scratch();
  mkdirSync(join(here, 'in'));
  const labels = (type: string): Uint8Array => {
    const column = (name: string, of: 'int' | 'bool' | 'text' | 'datetime', value: never) => ({
      name,
      type: of,
      nullable: true,
      values: [value],
    });
    const columns = [
      column('id', 'int', 7 as never),
      column('uid', 'text', 'abcdefgh' as never),
      column('name', 'text', 'None of it' as never),
      column('description', 'text', 'None' as never),
      column('type_id', 'text', type as never),
      column('is_type', 'bool', false as never),
      column('created_at', 'datetime', 1_790_000_000_123_456n as never),
      column('created_by_id', 'int', 1 as never),
    ];
    const table = createParquetTable(columns);
    table.write(columns);
    return table.finish();
  };
  const bytes = labels('None');
  const back = await readParquetTable({ size: bytes.length, read: async (a, b) => bytes.slice(a, b) });
  expect(back.find((c) => c.name === 'created_at')?.values).toEqual([1_790_000_000_123_456n]);

  loam(here, 'init', '--storage', 's');
  writeFileSync(join(here, 'in', 'lamindb_ulabel.parquet'), labels('99'));
  const dangling = loam(here, 'io', 'importdb', '--input-dir', 'in');
  expect(dangling).toMatchObject({ code: 1, err: expect.stringContaining('lamindb_ulabel') });

  writeFileSync(join(here, 'in', 'lamindb_ulabel.parquet'), bytes.slice(0, 60));
  expect(loam(here, 'io', 'importdb', '--input-dir', 'in')).toMatchObject({
    code: 1,
    err: expect.stringContaining('cannot be read'),
  });

  writeFileSync(join(here, 'in', 'lamindb_ulabel.parquet'), bytes);
  expect(loam(here, 'io', 'importdb', '--input-dir', 'in')).toMatchObject({ code: 0, err: '' });
  const driver = openNode(join(here, 's', '.lamindb', 'lamin.db'));
  const row = driver.all('SELECT id, name, description, type_id, created_at FROM lamindb_ulabel')[0];
  driver.close();
  expect(row).toEqual([7, 'None of it', null, null, '2026-09-21 14:13:20.123456']);
});

it('a snapshot is a whole database and never replaces a file', () => {
  const here = scratch();
  loam(here, 'init');
  expect(loam(here, 'io', 'snapshot', '--output', 'copy.db').code).toBe(0);
  const driver = openNode(join(here, 'copy.db'));
  expect(driver.all('PRAGMA integrity_check')).toEqual([['ok']]);
  expect(driver.all('SELECT count(*) FROM lamindb_branch')).toEqual([[3]]);
  driver.close();
  expect(loam(here, 'io', 'snapshot', '--output', 'copy.db')).toMatchObject({
    code: 1,
    err: expect.stringContaining('exists already'),
  });
});
