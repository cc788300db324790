// A composed database must be the one that the statements make, and a sound one for every later reader.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { canCompose, composeSchema } from '../../src/lib/engine/schema/compose.ts';
import { databaseImage } from '../../src/lib/engine/schema/image.ts';
import { createInstance, emptyInstance, isUnseeded } from '../../src/lib/engine/schema/open.ts';
import { sqliteDdl } from '../../src/lib/engine/schema/sqlite.ts';
import { journalDdl } from '../../src/lib/engine/write/journal-tables.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';

const schema = 'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name';

it.each([4096, 8192])('writes the schema of the statements, page size %i', async (pageSize) => {
  const slow = await openMemory();
  slow.exec(sqliteDdl(model).join(';\n'));
  const quick = await openMemory({ pageSize });
  expect(canCompose(quick)).toBe(true);
  composeSchema(quick, model);
  expect(quick.all(schema)).toEqual(slow.all(schema));
  expect(quick.all('PRAGMA integrity_check')).toEqual([['ok']]);
  expect(canCompose(quick)).toBe(false);
});

it('makes an instance that is sound as a file', async () => {
  const driver = await openMemory();
  createInstance(driver, {
    model,
    clock: () => Date.now(),
    random: (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
    name: 'test',
  });
  const reopened = await openMemory({ bytes: driver.serialize() });
  expect(reopened.all('PRAGMA integrity_check')).toEqual([['ok']]);
  expect(reopened.all('PRAGMA foreign_key_check')).toEqual([]);
  expect(reopened.all("SELECT seq FROM sqlite_sequence WHERE name = 'lamindb_branch'")).toEqual([[1]]);
});

const given = {
  model,
  clock: () => 1_700_000_000_000,
  random: (bytes: Uint8Array) => bytes.fill(7),
  name: 'test',
};

it('is made as a file without SQLite, too: the same schema, and the same instance once the seed rows are there', async () => {
  const slow = await openMemory();
  slow.exec([...sqliteDdl(model), ...journalDdl].join(';\n'));
  const bytes = emptyInstance(model);
  expect(bytes.length % 4096).toBe(0);
  const image = await openMemory({ bytes });
  expect(image.all(schema)).toEqual(slow.all(schema));
  expect(image.all('PRAGMA integrity_check')).toEqual([['ok']]);
  expect(image.all('PRAGMA page_count')).toEqual([[bytes.length / 4096]]);
  expect(isUnseeded(image)).toBe(true);

  createInstance(image, given);
  const composed = await openMemory();
  createInstance(composed, given);
  expect(isUnseeded(image)).toBe(false);
  expect(image.all('PRAGMA integrity_check')).toEqual([['ok']]);
  expect(image.all('PRAGMA foreign_key_check')).toEqual([]);
  for (const [name] of slow.all("SELECT name FROM sqlite_schema WHERE type = 'table'"))
    expect([name, image.all(`SELECT * FROM "${String(name)}"`)]).toEqual([
      name,
      composed.all(`SELECT * FROM "${String(name)}"`),
    ]);
});

it('holds statements of any length', async () => {
  const lengths = [1, 3970, 3980, 3990, 4000, 4010, 4020, 4050, 4100, 8050, 8100, 8200, 30_000];
  const own = lengths.map(
    (n) => `CREATE TABLE IF NOT EXISTS loam_long${n} (a TEXT UNIQUE, b INTEGER /* ${'ü'.repeat(n / 2)} */)`,
  );
  const image = await openMemory({ bytes: databaseImage(model, own) });
  expect(image.all('PRAGMA integrity_check')).toEqual([['ok']]);
  expect(
    image
      .all("SELECT sql FROM sqlite_schema WHERE name LIKE 'loam_long%' ORDER BY rowid")
      .map(([sql]) => sql),
  ).toEqual(own.map((sql) => sql.replace(' IF NOT EXISTS', '')));
  for (const n of lengths) image.run(`INSERT INTO loam_long${n} VALUES ('x', 1)`);
  expect(image.all('PRAGMA integrity_check')).toEqual([['ok']]);
});

it('as a file is sound for another SQLite', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'loam-image-')), 'image.db');
  writeFileSync(path, emptyInstance(model));
  const driver = openNode(path);
  expect(driver.all('PRAGMA integrity_check')).toEqual([['ok']]);
  createInstance(driver, given);
  expect(driver.all('PRAGMA integrity_check')).toEqual([['ok']]);
  expect(driver.all('SELECT count(*) FROM lamindb_branch')).toEqual([[3]]);
  driver.close();
  rmSync(dirname(path), { recursive: true });
});
