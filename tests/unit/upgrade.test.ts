// A newer app on an older database: what is missing is found by one look, added as a whole or not at all, and known to
// be there at the next start.
import { afterEach, expect, it } from 'vitest';
import { createModel, model } from '../../src/lib/engine/model/model.ts';
import type { Module } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { fingerprint, planUpgrade, upgrade } from '../../src/lib/engine/schema/upgrade.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { fixedClock, lamindbDriver } from '../fixtures/lamindb-file.ts';
import { wetlab } from '../fixtures/wetlab.ts';

let driver: SqlDriver;
afterEach(() => driver.close());

const extended = createModel([wetlab]);
const rows = (sql: string) => driver.all(sql);

it('[row 109] an update that brings a module adds its tables, once; nothing else changes', async () => {
  driver = await lamindbDriver();
  expect(planUpgrade(driver, model)).toBeNull();
  expect(fingerprint(extended)).not.toBe(fingerprint(model));
  const before = rows('SELECT * FROM lamindb_artifact');
  const plan = planUpgrade(driver, extended);
  expect(plan).toMatchObject({ missingModules: ['wetlab'], missingTables: [], missingColumns: [] });
  if (plan) upgrade(driver, extended, plan, fixedClock);
  expect(planUpgrade(driver, extended)).toBeNull();
  expect(rows('SELECT count(*) FROM wetlab_artifactsample')).toEqual([[0]]);
  expect(rows('SELECT * FROM lamindb_artifact')).toEqual(before);
  expect(rows('PRAGMA foreign_keys')).toEqual([[1]]);
});

it('[row 109] columns, tables and indexes that are missing are added in one transaction, or none of them is', async () => {
  driver = await lamindbDriver();
  driver.exec(`DROP TABLE lamindb_artifactartifact; DROP INDEX unique_branch_name_lower;
    ALTER TABLE lamindb_artifact DROP COLUMN extra_data; DELETE FROM django_migrations WHERE name = '0193_squashed';
    UPDATE loam_setting SET value = 'older' WHERE name = 'model'`);
  const bytes = driver.serialize();
  const plan = planUpgrade(driver, model);
  expect(plan).toMatchObject({
    missingTables: ['lamindb_artifactartifact'],
    missingColumns: [{ table: 'lamindb_artifact', column: 'extra_data' }],
  });
  if (plan) upgrade(driver, model, plan, fixedClock);
  expect(planUpgrade(driver, model)).toBeNull();
  expect(rows("SELECT count(*) FROM django_migrations WHERE name = '0193_squashed'")).toEqual([[1]]);
  driver.close();

  driver = await openMemory({ bytes });
  const again = planUpgrade(driver, model);
  const broken: Module = {
    name: 'broken',
    declarations: [],
    migrations: [],
    seeds: () => [{ table: 'nowhere', columns: ['a'], rows: [[1]] }],
  };
  const withBroken = createModel([broken]);
  expect(() => upgrade(driver, withBroken, { ...again!, missingModules: ['broken'] }, fixedClock)).toThrow();
  expect(rows("SELECT count(*) FROM sqlite_schema WHERE name = 'lamindb_artifactartifact'")).toEqual([[0]]);
  expect(rows("SELECT value FROM loam_setting WHERE name = 'model'")).toEqual([['older']]);
});
