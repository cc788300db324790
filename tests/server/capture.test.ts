// Edits that others make in the database come back as operations: what they hold, in which order, and what is no edit.
import { beforeAll, expect, test } from 'vitest';
import { asMirror, installCapture, removeCapture } from '../../server/capture.ts';
import { openLamindb } from '../../server/lamindb-database.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import { inPostgresTransaction, type PostgresSession } from '../../server/postgres.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import { onBoth, seed } from './both.ts';
import { takeAll } from './taken.ts';

const user = 'abcd1234';
const label = (uid: string, name = uid, more = {}) => {
  const values = { uid, name, is_type: false, created_by_id: 1, _aux: null, ...more };
  const columns = Object.keys(values);
  const written = Object.values(values).map((value) =>
    typeof value === 'string' ? `'${value}'` : String(value),
  );
  return `INSERT INTO lamindb_ulabel(${columns}) VALUES (${written})`;
};

onBoth('[row 69] edits of others', (at, kind) => {
  const use = <T>(work: (session: PostgresSession) => Promise<T>) => at().postgres.session(work);
  const ask = async (sql: string, params: SqlValue[] = []) =>
    (await use((session) => session.query(sql, params))).rows;
  const together = (...statements: string[]) =>
    use((session) =>
      inPostgresTransaction(session, async () => {
        for (const sql of statements) await session.query(sql);
      }),
    );
  const taken = () => use((session) => takeAll(session, model));

  beforeAll(async () => {
    await openLamindb(at().postgres, model, seed);
    await use((session) => installCapture(session, model));
  });

  test('what captures is installed once, and leaves LaminDB’s tables as they were', async () => {
    expect(await use((session) => installCapture(session, model))).toBe(false);
    const triggers = await ask(`SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'loam\\_%'`);
    expect(triggers).toEqual([[141 * 4]]);
    expect(await openLamindb(at().postgres, model, seed)).toBe('found');
    expect(await taken()).toEqual([]);
  });

  test('an insert is captured with its defaults, references by key, times as LaminDB writes them', async () => {
    const before = Date.now();
    await ask(
      label('label001', 'a label', { _aux: '{"b": 1, "a": "é"}', created_at: '2026-01-02T03:04:05.5+02:00' }),
    );
    const [one, ...more] = await taken();
    expect(more).toEqual([]);
    expect(one).toMatchObject({ who: expect.any(String), rows: 1, gaps: [] });
    expect(Math.abs((one?.at ?? 0) / 1000 - before)).toBeLessThan(600_000);
    const id = Number((await ask("SELECT id FROM lamindb_ulabel WHERE uid = 'label001'"))[0]?.[0]);
    expect(one?.operations).toEqual([
      {
        ids: [id],
        pre: {},
        operation: {
          k: 'i',
          t: 'lamindb_ulabel',
          n: 1,
          c: {
            uid: 'label001',
            name: 'a label',
            is_type: 0,
            is_locked: 0,
            _aux: '{"a": "é", "b": 1}',
            branch_id: 'mmmmmmmmmmmm',
            created_on_id: 'mmmmmmmmmmmm',
            space_id: 'aaaaaaaaaaaa',
            created_by_id: user,
            created_at: '2026-01-02 01:04:05.500000',
            updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
          },
        },
      },
    ]);
    expect(await taken()).toEqual([]);
  });

  test('an update holds the changed columns alone, with what was there; no change is no edit', async () => {
    await ask(label('label002'));
    await ask(label('label003'));
    await taken();
    await ask(`UPDATE lamindb_ulabel SET name = name, updated_at = now()`);
    expect(await taken()).toEqual([]);
    await ask(
      `UPDATE lamindb_ulabel SET name = 'new ' || name, branch_id = CASE uid WHEN 'label003' THEN -1 ELSE 1 END, description = 'one for all', updated_at = now() WHERE uid IN ('label002', 'label003')`,
    );
    const [one] = await taken();
    const byRow = one?.operations.flatMap(({ operation: { k, t, r, c, v }, pre }) =>
      (r ?? []).map((key, i) => ({
        k,
        t,
        key,
        is: { ...c, ...Object.fromEntries(Object.entries(v ?? {}).map(([n, values]) => [n, values[i]])) },
        was: Object.fromEntries(Object.entries(pre).map(([n, values]) => [n, values[i]])),
      })),
    );
    expect(byRow?.sort((a, b) => String(a.key).localeCompare(String(b.key)))).toEqual([
      {
        k: 'u',
        t: 'lamindb_ulabel',
        key: 'label002',
        is: { name: 'new label002', description: 'one for all' },
        was: { name: 'label002', description: null },
      },
      {
        k: 'u',
        t: 'lamindb_ulabel',
        key: 'label003',
        is: { name: 'new label003', description: 'one for all', branch_id: 'tttttttttttt' },
        was: { name: 'label003', description: null, branch_id: 'mmmmmmmmmmmm' },
      },
    ]);
  });

  test('links are named by both their ends, also when those go in the same transaction, in whatever order', async () => {
    const artifact = `INSERT INTO lamindb_artifact(uid, suffix, size, is_latest, _key_is_virtual, _overwrite_versions, storage_id, created_by_id)
      VALUES ('artifactartifact0000', '.csv', 9007199254740993, true, true, false, 1, 1)`;
    await together(
      artifact,
      label('label004'),
      `INSERT INTO lamindb_feature(uid, name, _dtype_str, array_rank, array_size, created_by_id) VALUES ('featurefeat1', 'f', 'float', 0, 0, 1)`,
      `INSERT INTO lamindb_artifactulabel(artifact_id, ulabel_id, feature_id, created_by_id) SELECT a.id, u.id, f.id, 1 FROM lamindb_artifact a, lamindb_ulabel u, lamindb_feature f WHERE u.uid = 'label004'`,
      `INSERT INTO lamindb_jsonvalue(value, hash, feature_id, created_by_id) SELECT '21.5', 'hash1', id, 1 FROM lamindb_feature`,
      `INSERT INTO lamindb_artifactjsonvalue(artifact_id, jsonvalue_id, created_by_id) SELECT a.id, j.id, 1 FROM lamindb_artifact a, lamindb_jsonvalue j`,
    );
    const [made] = await taken();
    expect(made?.operations.map(({ operation }) => operation)).toMatchObject([
      {
        k: 'i',
        t: 'lamindb_artifact',
        c: {
          uid: 'artifactartifact0000',
          size: 9007199254740993n,
          storage_id: 'abcdefghijkl',
          _key_is_virtual: 1,
        },
      },
      { k: 'i', t: 'lamindb_ulabel' },
      { k: 'i', t: 'lamindb_feature' },
      {
        k: 'i',
        t: 'lamindb_artifactulabel',
        c: { artifact_id: 'artifactartifact0000', ulabel_id: 'label004', feature_id: 'featurefeat1' },
      },
      { k: 'i', t: 'lamindb_jsonvalue', c: { feature_id: 'featurefeat1', hash: 'hash1', value: '21.5' } },
      {
        k: 'i',
        t: 'lamindb_artifactjsonvalue',
        c: { artifact_id: 'artifactartifact0000', jsonvalue_id: ['featurefeat1', 'hash1'] },
      },
    ]);
    // The families' newest is derived by everybody.
    expect(made?.operations[0]?.operation.c).not.toHaveProperty('is_latest');
    await together(
      // Parents first: references are looked at with COMMIT.
      `DELETE FROM lamindb_artifact`,
      `DELETE FROM lamindb_feature`,
      `DELETE FROM lamindb_artifactulabel`,
      `DELETE FROM lamindb_artifactjsonvalue`,
      `DELETE FROM lamindb_jsonvalue`,
    );
    const [gone] = await taken();
    expect(gone?.operations.map(({ operation: { k, t, r } }) => [k, t, r])).toEqual([
      ['d', 'lamindb_artifact', ['artifactartifact0000']],
      ['d', 'lamindb_feature', ['featurefeat1']],
      ['d', 'lamindb_artifactulabel', [['artifactartifact0000', 'label004', 'featurefeat1']]],
      ['d', 'lamindb_artifactjsonvalue', [['artifactartifact0000', ['featurefeat1', 'hash1']]]],
      ['d', 'lamindb_jsonvalue', [['featurefeat1', 'hash1']]],
    ]);
    expect(gone?.operations[0]?.pre).toMatchObject({
      suffix: ['.csv'],
      size: [9007199254740993n],
      created_by_id: [user],
      is_locked: [0],
    });
    expect(gone?.operations[2]?.pre).toMatchObject({ ulabel_id: ['label004'], created_by_id: [user] });
    // A link written before what it names.
    await together(
      `INSERT INTO lamindb_ulabel_parents(from_ulabel_id, to_ulabel_id) SELECT id, 9001 FROM lamindb_ulabel WHERE uid = 'label004'`,
      label('label005', 'later', { id: 9001 }),
    );
    expect((await taken())[0]?.operations[0]?.operation.c).toEqual({
      from_ulabel_id: 'label004',
      to_ulabel_id: 'label005',
    });
  });

  test('one transaction is one list in the order of its statements; what is rolled back is none', async () => {
    await together(
      label('label006'),
      `UPDATE lamindb_ulabel SET name = 'x' WHERE uid = 'label006'`,
      `DELETE FROM lamindb_ulabel WHERE uid = 'label006'`,
      label('label007'),
    );
    await expect(together(label('label008'), 'SELECT 1/0')).rejects.toMatchObject({ code: 'DataError' });
    const lists = await taken();
    expect(lists.map(({ operations }) => operations.map(({ operation: { k } }) => k).join(''))).toEqual([
      'iudi',
    ]);
  });

  test('a row and the one it refers to are never in one operation', async () => {
    await together(
      label('type0001', 'a type', { is_type: true, id: 9101 }),
      label('typed001', 'typed', { type_id: 9101 }),
      label('typed002', 'typed', { type_id: 9101 }),
    );
    const [one] = await taken();
    expect(one?.operations.map(({ operation: { n, c, v } }) => [n, v?.uid ?? c?.uid, c?.type_id])).toEqual([
      [1, 'type0001', undefined],
      [2, ['typed001', 'typed002'], 'type0001'],
    ]);
  });

  test('writes of the mirror are not captured, the next transaction is', async () => {
    await use((session) =>
      inPostgresTransaction(session, async () => {
        await asMirror(session);
        await session.query(label('label009'));
        await session.query(`UPDATE lamindb_ulabel SET name = 'by the mirror' WHERE uid = 'label009'`);
      }),
    );
    expect(await taken()).toEqual([]);
    await ask(`UPDATE lamindb_ulabel SET name = 'by Python' WHERE uid = 'label009'`);
    expect((await taken())[0]?.operations[0]?.pre).toEqual({ name: ['by the mirror'] });
  });

  test('a large transaction is read in pieces of 2,000 rows', async () => {
    await ask(
      `INSERT INTO lamindb_ulabel(uid, name, is_type, created_by_id, _aux) SELECT 'm' || lpad(i::text, 7, '0'), 'many ' || i, false, 1, NULL FROM generate_series(1, 5001) i`,
    );
    const [one] = await taken();
    expect(one?.rows).toBe(5001);
    expect(one?.operations.map(({ operation: { n } }) => n)).toEqual([2000, 2000, 1001]);
    expect(new Set(one?.operations.flatMap(({ operation: { v } }) => v?.uid)).size).toBe(5001);
    await ask(`DELETE FROM lamindb_ulabel WHERE uid LIKE 'm%'`);
    const [gone] = await taken();
    expect(gone?.operations.flatMap(({ operation: { r } }) => r).length).toBe(5001);
    expect(gone?.operations[0]?.pre.name?.length).toBe(2000);
  });

  test('an edit never fails because of the capture: what cannot be captured is a gap', async () => {
    await ask('ALTER TABLE lamindb_project RENAME COLUMN url TO address');
    await ask(`INSERT INTO lamindb_project(uid, name, created_by_id) VALUES ('projectprojX', 'p', 1)`);
    await ask('ALTER TABLE lamindb_project RENAME COLUMN address TO url');
    await ask('TRUNCATE lamindb_branchuser');
    const found = await taken();
    expect(found.map(({ rows, gaps }) => ({ rows, gaps }))).toEqual([
      { rows: 0, gaps: [{ table: 'lamindb_project', reason: expect.stringMatching(/^INSERT: .*url/) }] },
      { rows: 0, gaps: [{ table: 'lamindb_branchuser', reason: 'the table was emptied by TRUNCATE' }] },
    ]);
    expect(await ask(`SELECT count(*) FROM lamindb_project WHERE uid = 'projectprojX'`)).toEqual([[1]]);
  });

  test('a reader that fails leaves everything for the next one', async () => {
    await ask(label('label010'));
    const failing = use((session) =>
      inPostgresTransaction(session, async () => {
        await takeAll(session, model);
        throw new Error('no room for it');
      }),
    );
    await expect(failing).rejects.toThrow('no room');
    expect((await taken()).length).toBe(1);
  });

  test.runIf(kind === 'postgres')('what commits late is not passed over, and holds nobody up', async () => {
    const late = await openPostgres({ address: at().address ?? '' });
    try {
      await late.session(async (session) => {
        await session.query('BEGIN');
        await session.query(label('late0001'));
        await ask(label('soon0001'));
        expect((await taken()).map(uidsOf)).toEqual([['soon0001']]);
        await ask(label('soon0002'));
        await session.query('COMMIT');
      });
      expect((await taken()).map(uidsOf).flat().sort()).toEqual(['late0001', 'soon0002']);
    } finally {
      await late.close();
    }
  });

  test.runIf(kind === 'postgres')(
    'transactions come in the order in which they built on each other',
    async () => {
      const early = await openPostgres({ address: at().address ?? '' });
      try {
        await early.session(async (session) => {
          // Begins first and has the smaller number, but its change of the row waits for the other's.
          await session.query('BEGIN');
          await session.query(label('order001'));
          await ask(`UPDATE lamindb_ulabel SET name = 'first' WHERE uid = 'label010'`);
          await session.query(`UPDATE lamindb_ulabel SET name = 'second' WHERE uid = 'label010'`);
          await session.query('COMMIT');
        });
        const lists = await taken();
        expect(lists.map(({ operations }) => operations.at(-1)?.operation.c?.name)).toEqual([
          'first',
          'second',
        ]);
        expect(BigInt(lists[0]?.xid ?? 0) > BigInt(lists[1]?.xid ?? 0)).toBe(true);
        expect(lists[1]?.operations.at(-1)?.pre).toEqual({ name: ['first'] });
      } finally {
        await early.close();
      }
    },
  );

  test.runIf(kind === 'postgres')(
    'a role without any right in `loam` is captured, and cannot read what others did',
    async () => {
      await use((session) =>
        session.exec(
          `CREATE ROLE analyst LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO analyst; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO analyst`,
        ),
      );
      const analyst = await openPostgres({ address: (at().address ?? '').replace('loam@', 'analyst@') });
      try {
        await analyst.session((session) => session.query(label('analyst1')));
        await expect(
          analyst.session((session) => session.query('SELECT * FROM loam.inbox')),
        ).rejects.toMatchObject({ code: 'NoWriteAccess' });
      } finally {
        await analyst.close();
      }
      expect((await taken()).map(({ who }) => who)).toEqual(['analyst']);
    },
  );

  test('it can be taken out again', async () => {
    await use((session) => removeCapture(session));
    await ask(label('label011'));
    expect(await ask(`SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'loam\\_%'`)).toEqual([[0]]);
    expect(await use((session) => installCapture(session, model))).toBe(true);
    expect(await taken()).toEqual([]);
  });
});

const uidsOf = ({ operations }: Awaited<ReturnType<typeof takeAll>>[number]) =>
  operations.flatMap(({ operation: { c, v } }) => (v?.uid ?? [c?.uid ?? null]) as SqlValue[]);
