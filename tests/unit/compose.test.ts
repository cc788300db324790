// A composed database must be the one that the statements make, and a sound one for every later reader.
import { expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { canCompose, composeSchema } from '../../src/lib/engine/schema/compose.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { sqliteDdl } from '../../src/lib/engine/schema/sqlite.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

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
