// The declared model against LaminDB: its DDL equals the reference (committed facts always; the SQL text and a real
// database where $LOAM_FIXTURES is), the comparison catches planted mutations, and keys, rules and seeds are LaminDB's.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { describe, expect, test } from 'vitest';
import { differences, factsOf, factsOfSql, withCopy } from '../../scripts/ddl-facts.mjs';
import { rowTypes } from '../../scripts/rows.mjs';
import { model, modules, registryTable, table } from '../../src/lib/engine/model/model.ts';
import type { Column, Model, Table } from '../../src/lib/engine/model/types.ts';
import { djangoName, nameLimit } from '../../src/lib/engine/schema/django-names.ts';
import { md5Hex } from '../../src/lib/engine/md5.ts';
import { seedStatements } from '../../src/lib/engine/schema/seed.ts';
import { sqliteDdl } from '../../src/lib/engine/schema/sqlite.ts';

const root = resolve(import.meta.dirname, '../..');
const fixtures = resolve(root, process.env.LOAM_FIXTURES ?? '../shared');
const inFixtures = (path: string) => {
  const file = resolve(fixtures, path);
  const there = existsSync(file);
  return { file, there, why: there ? '' : ` (skipped: no ${path} under LOAM_FIXTURES)` };
};
const referenceSql = inFixtures('reference/lamindb-schema-sqlite.sql');
const onDelete = inFixtures('reference/on-delete.csv');
const quickstart = inFixtures('fixtures/lamindb/quickstart.lamindb.sqlite');

const committed = JSON.parse(readFileSync(resolve(root, 'tests/fixtures/ddl-facts.json'), 'utf8'));
const factsOfModel = (m: Model) => factsOfSql(`${sqliteDdl(m).join(';\n')};`);
const tables = [...model.tables.values()];
const seedOptions = {
  now: '2026-01-02 03:04:05.000006',
  user: { uid: '00000000', handle: 'anonymous', name: null },
  storage: { uid: 'abcdefghijkl', root: 'loam://here', type: 'local', instanceUid: 'mnopqrstuvwx' },
};

describe('DDL', () => {
  const ours = factsOfModel(model);

  test('equals the committed facts of LaminDB, table by table', () => {
    expect(differences(ours, committed)).toEqual([]);
    const all = Object.values(committed) as { columns: object; foreignKeys: []; indexes: [] }[];
    const sum = (count: (facts: (typeof all)[number]) => number) => all.reduce((n, f) => n + count(f), 0);
    expect(all.length).toBe(142);
    expect(sum((f) => Object.keys(f.columns).length)).toBe(1223);
    expect(sum((f) => f.foreignKeys.length)).toBe(571);
    expect(sum((f) => f.indexes.length)).toBe(1088);
    expect(sqliteDdl(model).length).toBe(142 + 1027);
  });

  test.skipIf(!referenceSql.there)(`equals the reference SQL${referenceSql.why}`, () => {
    const reference = factsOfSql(readFileSync(referenceSql.file, 'utf8'));
    expect(differences(ours, reference)).toEqual([]);
    expect(differences(committed, reference)).toEqual([]);
  });

  test.skipIf(!quickstart.there)(`equals the schema of a real LaminDB database${quickstart.why}`, () => {
    expect(differences(ours, withCopy(quickstart.file, factsOf))).toEqual([]);
  });
});

describe('the comparison is not vacuous', () => {
  const column = (m: Model, tableName: string, name: string) =>
    m.tables.get(`lamindb_${tableName}`)?.columns.find((c) => c.name === name) as Column;
  const tableIn = (m: Model, name: string) => m.tables.get(`lamindb_${name}`) as Table;
  const mutations: [string, string, (m: Model) => void][] = [
    ['length', 'artifact', (m) => (column(m, 'artifact', 'uid').length = 21)],
    ['nullability', 'ulabel', (m) => (column(m, 'ulabel', 'description').nullable = false)],
    ['default', 'run', (m) => (column(m, 'run', '_status_code').ddlDefault = -2)],
    [
      'index predicate',
      'artifactulabel',
      (m) => tableIn(m, 'artifactulabel').uniques.forEach((u) => (u.where = '"feature_id" IS NULL')),
    ],
    ['unique', 'storage', (m) => (column(m, 'storage', 'root').unique = false)],
    ['check', 'feature', (m) => (tableIn(m, 'feature').checks = [])],
  ];

  test.each(mutations)('a changed %s in %s is caught', (_what, name, mutate) => {
    const copy = structuredClone({ ...model, modules: [] });
    mutate(copy);
    const found = differences(factsOfModel(copy), committed);
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((line: string) => line.startsWith(`lamindb_${name} `))).toBe(true);
  });
});

describe('names', () => {
  test("md5 equals the platform's at every length around a block, beyond ASCII too", () => {
    expect(md5Hex('abc')).toBe('900150983cd24fb0d6963f7d28e17f72');
    for (const unit of ['a', 'é', '→', '😀']) {
      for (let n = 0; n <= 130; n++) {
        const text = unit.repeat(n);
        expect(md5Hex(text)).toBe(createHash('md5').update(text).digest('hex'));
      }
    }
  });

  test('Postgres cuts a long name to 63 characters', () => {
    const args = [
      'bionty_artifactdevelopmentalstage',
      ['artifact_id', 'developmentalstage_id'],
      '_uniq',
    ] as const;
    expect(djangoName(...args).length).toBeGreaterThan(63);
    expect(djangoName(...args, nameLimit.postgres).length).toBeLessThanOrEqual(63);
    expect(djangoName('lamindb_artifact', ['uid'])).toMatch(/^lamindb_artifact_uid_[0-9a-f]{8}$/);
  });
});

describe('references', () => {
  const rules = tables.flatMap((t) =>
    t.columns.flatMap((c) =>
      c.references ? [[t.name, c.name, c.references.table, c.references.onDelete].join()] : [],
    ),
  );

  test('146 cascade, 425 protect; every one is known to its target', () => {
    expect(rules.filter((r) => r.endsWith('CASCADE')).length).toBe(146);
    expect(rules.filter((r) => r.endsWith('PROTECT')).length).toBe(425);
    expect([...model.incoming.values()].flat().length).toBe(571);
  });

  test.skipIf(!onDelete.there)(`the rules are those of LaminDB's classes${onDelete.why}`, () => {
    const lines = readFileSync(onDelete.file, 'utf8').trim().split(/\r?\n/).slice(1);
    const theirs = lines.map((line) => line.split(',').slice(0, 4).join());
    expect([...rules].sort()).toEqual(theirs.sort());
  });

  test('a NOT NULL target comes before its users in insert order', () => {
    expect(new Set(model.order).size).toBe(142);
    const at = new Map(model.order.map((name, i) => [name, i]));
    const late = tables.flatMap((t) =>
      t.columns
        .filter((c) => c.references && !c.nullable && c.references.table !== t.name)
        .filter((c) => (at.get(c.references?.table ?? '') ?? 0) > (at.get(t.name) ?? 0))
        .map((c) => `${t.name}.${c.name}`),
    );
    expect(late).toEqual([]);
  });
});

describe('row keys', () => {
  const keyed = (test: (t: Table) => boolean) => tables.filter(test).length;
  const feature = (t: Table) => t.rowKey.columns.length === 3 && t.rowKey.columns[2] === 'feature_id';

  test('142 by class', () => {
    const unique = (t: Table) => t.rowKey.backing === 'unique';
    const pair = (t: Table) => t.rowKey.columns.length === 2 && ['m2m', 'link'].includes(t.family);
    expect(tables.length).toBe(142);
    expect(keyed((t) => t.rowKey.columns.join() === 'uid' && unique(t))).toBe(40);
    expect(keyed((t) => pair(t) && unique(t))).toBe(47);
    expect(keyed((t) => t.rowKey.columns[2] === 'role' && unique(t))).toBe(2);
    expect(keyed((t) => t.rowKey.columns.join() === 'record_id,feature_id,value_id' && unique(t))).toBe(9);
    expect(keyed((t) => t.rowKey.columns.join() === 'record_id,feature_id' && unique(t))).toBe(1);
    expect(keyed((t) => feature(t) && unique(t))).toBe(13);
    expect(keyed((t) => feature(t) && t.rowKey.backing === 'weak')).toBe(26);
    expect(keyed((t) => t.rowKey.columns[2] === 'slot' && t.rowKey.backing === 'weak')).toBe(2);
    expect(keyed((t) => t.rowKey.backing === 'weak')).toBe(29);
    expect(tables.filter((t) => t.rowKey.backing === 'none').map((t) => t.name)).toEqual([
      'django_migrations',
    ]);
    expect(table('lamindb_jsonvalue').rowKey).toEqual({ columns: ['feature_id', 'hash'], backing: 'weak' });
  });

  test('a backed key is a unique of the file, over columns that are never NULL or by a pair of partial indexes', () => {
    for (const t of tables.filter((t) => t.rowKey.backing === 'unique')) {
      const columns = t.rowKey.columns.map((name) => t.column.get(name) as Column);
      const sorted = [...t.rowKey.columns].sort().join();
      const covering = t.uniques.filter((u) => [...u.columns].sort().join() === sorted);
      if (columns.length === 1) expect(columns[0]?.unique, t.name).toBe(true);
      else expect(covering.length, t.name).toBe(1);
      const nullable = columns.filter((c) => c.nullable).map((c) => c.name);
      expect(nullable, t.name).toEqual(covering[0]?.where ? ['feature_id'] : []);
    }
  });

  test('uid lengths, versions and application defaults', () => {
    const lengths = (names: string) => names.split(' ').map((name) => registryTable(name).uidLength);
    expect(lengths('ULabel User Feature Space Branch Project Reference Storage')).toEqual([
      8, 8, 12, 12, 12, 12, 12, 12,
    ]);
    expect(lengths('Schema Record Run Transform Artifact Collection Block JsonValue')).toEqual([
      16, 16, 16, 12, 16, 16, 16, 0,
    ]);
    expect(lengths('CellType Gene Source')).toEqual([14, 14, 8]);
    expect(model.registry.size).toBe(30);
    expect(keyed((t) => t.versioned)).toBe(4 + 11);
    for (const t of tables.filter((t) => t.versioned)) {
      expect(t.column.get('uid')?.length).toBe(t.uidLength + 4);
      expect(t.column.get('is_latest')).toMatchObject({ derived: true, appDefault: 1 });
    }
    const defaults = tables
      .filter((t) => t.family === 'registry')
      .flatMap((t) => t.columns.filter((c) => c.appDefault !== undefined && !c.derived))
      .map((c) => `${c.name}=${c.appDefault}`);
    expect(defaults.sort()).toEqual(
      '_key_is_virtual=1 _overwrite_versions=0 array_rank=0 array_size=0 currently_used=0 in_db=0 kind=pipeline maximal_set=0 minimal_set=1 ordered_set=0 suffix='.split(
        ' ',
      ),
    );
  });

  test('the generated row types are current', () => {
    const file = resolve(root, 'src/lib/engine/model/rows.generated.ts');
    expect(readFileSync(file, 'utf8') === rowTypes(model), 'run: node scripts/rows.mjs').toBe(true);
  });
});

describe('seed', () => {
  const seed = seedStatements(seedOptions, modules);

  test('73 rows that a new database takes with references checked', () => {
    const counts = seed.map((s) => [s.table, s.rows.length]);
    expect(counts).toEqual([
      ['lamindb_space', 1],
      ['lamindb_user', 1],
      ['lamindb_branch', 3],
      ['lamindb_storage', 1],
      ['bionty_source', 43],
      ['django_migrations', 24],
    ]);
    const db = new sqlite.Database(':memory:');
    try {
      db.exec(`PRAGMA foreign_keys = ON; ${sqliteDdl(model).join(';')}`);
      for (const { table: name, columns, rows } of seed) {
        expect(
          columns.every((c) => table(name).column.has(c)),
          name,
        ).toBe(true);
        const sql = `INSERT INTO "${name}" (${columns.map((c) => `"${c}"`)}) VALUES (${columns.map(() => '?')})`;
        for (const row of rows) {
          expect(row.length).toBe(columns.length);
          db.run(sql, row);
        }
      }
      expect(db.all('PRAGMA foreign_key_check')).toEqual([]);
      expect(db.all('SELECT id, name FROM lamindb_branch ORDER BY id')).toEqual([
        { id: -1, name: 'trash' },
        { id: 0, name: 'archive' },
        { id: 1, name: 'main' },
      ]);
    } finally {
      db.close();
    }
  });

  test.skipIf(!quickstart.there)(`equals the rows of a real LaminDB database${quickstart.why}`, () => {
    // Times, and what belongs to the one instance (its user's and storage's values), cannot be equal.
    const own = ['created_at', 'updated_at', 'root', 'instance_uid'];
    withCopy(quickstart.file, (db) => {
      for (const { table: name, columns, rows } of seed) {
        const kept = columns.filter((c) => !own.includes(c) && !(c === 'uid' && name === 'lamindb_storage'));
        const theirs = db.all(`SELECT * FROM "${name}" WHERE id < ? ORDER BY id`, [
          name.endsWith('branch') ? 2 : 1e6,
        ]);
        const ours = rows.map((row) => Object.fromEntries(columns.map((c, i) => [c, row[i]])));
        const pick = (row: Record<string, unknown>) => kept.map((c) => row[c]);
        expect(ours.map(pick), name).toEqual(theirs.map(pick));
      }
    });
  });
});
