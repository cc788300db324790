// The Postgres schema of the model against LaminDB's: catalogs of a database that we make against committed facts (always,
// on the embedded Postgres) and against the reference loaded into a second database (where there are a server and the file).
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  countFacts,
  factDifferences,
  postgresFacts,
  type PostgresFacts,
} from '../../scripts/postgres-facts.mjs';
import { openEmbedded } from '../../server/embedded-postgres.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import type { Postgres } from '../../server/postgres.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { Column, Model, Table } from '../../src/lib/engine/model/types.ts';
import { postgresDdl } from '../../src/lib/engine/schema/postgres.ts';
import { programs, startCluster, whyNot, type Cluster } from './cluster.ts';

const root = resolve(import.meta.dirname, '../..');
const reference = resolve(
  root,
  process.env.LOAM_FIXTURES ?? '../shared',
  'reference/lamindb-schema-postgres.sql',
);
const committed = JSON.parse(
  readFileSync(resolve(root, 'tests/fixtures/postgres-facts.json'), 'utf8'),
) as PostgresFacts;

const factsIn = async (postgres: Postgres): Promise<PostgresFacts> =>
  await postgres.session((session) =>
    postgresFacts(async (sql) =>
      (await session.query(sql)).rows.map((row) =>
        row.map((value) => (value === null ? null : String(value))),
      ),
    ),
  );

/** Facts of a model in an emptied database. */
async function factsOf(postgres: Postgres, made: Model): Promise<PostgresFacts> {
  await postgres.session((session) =>
    session.exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${postgresDdl(made).join(';')}`),
  );
  return await factsIn(postgres);
}

const column = (m: Model, table: string, name: string) =>
  m.tables.get(`lamindb_${table}`)?.columns.find((c) => c.name === name) as Column;
const tableIn = (m: Model, name: string) => m.tables.get(`lamindb_${name}`) as Table;
const mutations: { what: string; table: string; line: RegExp; plant: (m: Model) => void }[] = [
  {
    what: 'length',
    table: 'lamindb_artifact',
    line: /ours has column uid character varying\(21\)/,
    plant: (m) => (column(m, 'artifact', 'uid').length = 21),
  },
  {
    what: 'nullability',
    table: 'lamindb_ulabel',
    line: /theirs has column description text null/,
    plant: (m) => (column(m, 'ulabel', 'description').nullable = false),
  },
  {
    what: 'default',
    table: 'lamindb_run',
    line: /ours has column _status_code .*-2/,
    plant: (m) => (column(m, 'run', '_status_code').ddlDefault = -2),
  },
  {
    what: 'index predicate',
    table: 'lamindb_artifactulabel',
    line: /theirs has index .*WHERE \(feature_id IS NOT NULL\)/,
    plant: (m) => tableIn(m, 'artifactulabel').uniques.forEach((u) => (u.where = '"feature_id" IS NULL')),
  },
  {
    what: 'unique',
    table: 'lamindb_storage',
    line: /theirs has constraint lamindb_storage_root_key/,
    plant: (m) => (column(m, 'storage', 'root').unique = false),
  },
  {
    what: 'check',
    table: 'lamindb_feature',
    line: /theirs has constraint feature_dtype_str_not_null_when_is_type_false/,
    plant: (m) => (tableIn(m, 'feature').checks = []),
  },
];

describe('the embedded Postgres', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await openEmbedded();
  });
  afterAll(() => postgres.close());

  test('[row 69] has LaminDB’s columns, keys, indexes, functions and triggers: 0 differences', async () => {
    expect(factDifferences(await factsOf(postgres, model), committed)).toEqual([]);
    expect(Object.keys(committed).length).toBe(142 + 1);
    expect(committed.functions?.length).toBe(14);
    const lines = Object.values(committed).flat();
    const count = (start: RegExp) => lines.filter((line) => start.test(line)).length;
    expect(count(/^column /)).toBe(1223);
    expect(count(/^constraint \S+ FOREIGN KEY .* DEFERRABLE INITIALLY DEFERRED$/)).toBe(571);
    expect(count(/^constraint \S+_type_is_valid_fk CHECK/)).toBe(6);
    expect(count(/^index .*_pattern_ops\)$/)).toBe(211);
    expect(count(/^trigger .* comment [0-9a-f]{40}$/)).toBe(7);
    expect(count(/^sequence .* i$/)).toBe(142);
  });

  test('six planted mutations are found, each in its table, and nothing else', async () => {
    const copy = structuredClone({ ...model, modules: [] });
    for (const { plant } of mutations) plant(copy);
    const found = factDifferences(await factsOf(postgres, copy), committed);
    for (const { what, table, line } of mutations) {
      const lines = found.filter((one) => one.startsWith(`${table}: `));
      expect(
        lines.some((one) => line.test(one)),
        what,
      ).toBe(true);
    }
    const tables = new Set(found.map((line) => line.split(':')[0]));
    expect(tables).toEqual(new Set(mutations.map(({ table }) => table)));
  });

  test('a changed function, trigger, comment and sequence are found', async () => {
    await factsOf(postgres, model);
    await postgres.session((session) =>
      session.exec(`
        CREATE OR REPLACE FUNCTION is_valid_ulabel_type(ulabel_type_id integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN TRUE; END';
        ALTER TABLE lamindb_record DISABLE TRIGGER pgtrigger_prevent_record_type_cycle_56c18;
        COMMENT ON TRIGGER pgtrigger_prevent_schema_type_cycle_b403c ON lamindb_schema IS 'another';
        ALTER SEQUENCE lamindb_run_id_seq CACHE 10`),
    );
    const found = factDifferences(await factsIn(postgres), committed);
    expect(new Set(found.map((line) => line.split(':')[0]))).toEqual(
      new Set(['functions', 'lamindb_record', 'lamindb_schema', 'lamindb_run']),
    );
  });
});

const none = programs === null || !existsSync(reference);
const why =
  whyNot || (none ? ' (skipped: no reference/lamindb-schema-postgres.sql under LOAM_FIXTURES)' : '');
describe.skipIf(none)(`two databases of one server${why}`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster?.stop());

  test('[row 69] LaminDB’s own schema and ours: 0 differences, and the committed facts are true', async () => {
    const theirs = cluster.database('theirs');
    cluster.load(theirs, reference);
    const [ours, loaded] = [
      await openPostgres({ address: cluster.database('ours') }),
      await openPostgres({ address: theirs }),
    ];
    try {
      const facts = await factsIn(loaded);
      expect(factDifferences(await factsOf(ours, model), facts)).toEqual([]);
      expect(factDifferences(committed, facts)).toEqual([]);
      expect(countFacts(facts)).toBeGreaterThan(3500);
    } finally {
      await Promise.all([ours.close(), loaded.close()]);
    }
  });
});
