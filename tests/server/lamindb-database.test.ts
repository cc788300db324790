// A LaminDB database on Postgres: made with its first rows, taken where it is there, refused where it is another's; its
// rules hold, its sequences give ids that nobody else gets.
import { expect, test } from 'vitest';
import { alignSequences, reserveBlock, reserveIds } from '../../server/ids.ts';
import { openLamindb } from '../../server/lamindb-database.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import { runSteps, type PostgresSession } from '../../server/postgres.ts';
import type { LoamError } from '../../src/lib/engine/errors.ts';
import { model, table } from '../../src/lib/engine/model/model.ts';
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import { seedStatements } from '../../src/lib/engine/schema/seed.ts';
import { all, inTransaction, run, type Steps } from '../../src/lib/engine/statement.ts';
import { createJournal, idsByKey, keysOf } from '../../src/lib/engine/write/journal.ts';
import { onBoth, seed } from './both.ts';

onBoth('[row 69] a LaminDB database', (at, kind) => {
  const use = <T>(work: (session: PostgresSession) => Promise<T>) => at().postgres.session(work);
  const steps = <T>(made: Steps<T>) => use((session) => runSteps(session, made));
  const ask = async (sql: string, params: SqlValue[] = []) =>
    (await use((session) => session.query(sql, params))).rows;
  const refused = async (sql: string) =>
    await ask(sql).then(
      () => null,
      (error: LoamError) => error,
    );

  test('is made once, with the rows of a new instance, and found after that', async () => {
    expect(await openLamindb(at().postgres, model, seed)).toBe('made');
    expect(await openLamindb(at().postgres, model, seed)).toBe('found');
    for (const { table: name, columns, rows } of seedStatements(seed, model.modules)) {
      const list = columns.map((column) => `"${column}"`).join(', ');
      // JSON, times and truth values are the same as on SQLite: the engine reads one form.
      expect(await ask(`SELECT ${list} FROM "${name}" ORDER BY id`), name).toEqual(
        [...rows].sort((a, b) => Number(a[0]) - Number(b[0])),
      );
    }
    const next = await ask(
      `INSERT INTO lamindb_branch(uid, name, created_by_id) VALUES ('bbbbbbbbbbbb', 'next', 1) RETURNING id`,
    );
    expect(next).toEqual([[2]]);
  });

  test('row keys and ids are found by the engine’s own steps', async () => {
    const journal = createJournal(
      model,
      () => 0,
      (bytes) => bytes,
    );
    expect(await steps(keysOf(journal, 'lamindb_branch', [1, -1, 77]))).toEqual([
      'mmmmmmmmmmmm',
      'tttttttttttt',
      null,
    ]);
    expect(await steps(idsByKey(journal, 'lamindb_space', ['aaaaaaaaaaaa', 'nobody']))).toEqual([1, null]);
    await ask(
      `INSERT INTO lamindb_feature(uid, name, _dtype_str, array_rank, array_size, created_by_id, _aux) VALUES ('fffffffffff1', 'depth', 'float', 0, 0, 1, NULL)`,
    );
    await ask(
      `INSERT INTO lamindb_jsonvalue(value, hash, feature_id, created_by_id) VALUES ('1', 'h1', 1, 1), ('2', NULL, 1, 1)`,
    );
    const keys = [
      ['fffffffffff1', 'h1'],
      ['fffffffffff1', null],
    ];
    expect(await steps(keysOf(journal, 'lamindb_jsonvalue', [1, 2]))).toEqual(keys);
    expect(await steps(idsByKey(journal, 'lamindb_jsonvalue', keys))).toEqual([1, 2]);
  });

  test('LaminDB’s rules hold: types that are none, circles, names of features', async () => {
    const label = (uid: string, more = '') =>
      `INSERT INTO lamindb_ulabel(uid, name, created_by_id, is_type${more && ', type_id'}) VALUES ('${uid}', '${uid}', 1, true${more && `, ${more}`})`;
    await ask(label('label001'));
    await ask(label('label002', `(SELECT id FROM lamindb_ulabel WHERE uid = 'label001')`));
    expect(await refused(label('label003', '4711'))).toMatchObject({
      code: 'ValidationError',
      details: { constraint: 'ulabel_type_is_valid_fk' },
    });
    expect(
      await refused(
        `UPDATE lamindb_ulabel SET type_id = (SELECT id FROM lamindb_ulabel WHERE uid = 'label002') WHERE uid = 'label001'`,
      ),
    ).toMatchObject({ code: 'ValidationError', message: expect.stringContaining('would create a cycle') });
    await ask(`UPDATE lamindb_feature SET name = 'read depth' WHERE uid = 'fffffffffff1'`);
    const renamed = await ask(
      `SELECT synonyms, _aux #>> '{renamed}' LIKE '%depth%' FROM lamindb_feature WHERE uid = 'fffffffffff1'`,
    );
    expect(renamed).toEqual([['depth', 1]]);
    // References are looked at with COMMIT, so the order within a transaction is free.
    const link = `INSERT INTO lamindb_ulabel_parents(from_ulabel_id, to_ulabel_id) VALUES (1, 999)`;
    expect(await refused(link)).toMatchObject({ code: 'IntegrityError' });
    const free = inTransaction(
      (function* () {
        yield* run(link);
        yield* run('DELETE FROM lamindb_ulabel_parents');
      })(),
    );
    await steps(free);
  });

  test('ids come in blocks from the sequence that Python draws from', async () => {
    const feature = table('lamindb_feature');
    const [first] = await steps(reserveIds(feature, 3));
    expect(await steps(reserveIds(feature, 0))).toEqual([]);
    const block = await steps(reserveBlock(feature, 1000));
    expect(block).toBe(Number(first) + 3);
    const python = await ask(`SELECT nextval('lamindb_feature_id_seq')`);
    expect(python).toEqual([[block + 1000]]);
    await expect(steps(reserveBlock(table('lamindb_space'), 40_000))).rejects.toMatchObject({
      code: 'DataError',
    });
  });

  test.runIf(kind === 'postgres')('many who draw at once never get the same id', async () => {
    const artifact = table('lamindb_artifact');
    const drawn = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const mine: number[] = [];
        for (let round = 0; round < 10; round++) {
          if (i % 2) mine.push(...(await steps(reserveIds(artifact, 50))));
          else mine.push(Number((await ask(`SELECT nextval('lamindb_artifact_id_seq')`))[0]?.[0]));
          if (i === 0) {
            const from = await steps(reserveBlock(artifact, 200));
            mine.push(...Array.from({ length: 200 }, (_at, k) => from + k));
          }
        }
        return mine;
      }),
    );
    const ids = drawn.flat();
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('a sequence that fell behind is brought forward, never back', async () => {
    const ids = (await ask('SELECT last_value FROM lamindb_project_id_seq'))[0];
    await ask(
      `INSERT INTO lamindb_project(id, uid, name, created_by_id, _status_code) VALUES (500, 'pppppppppppp', 'p', 1, 0)`,
    );
    expect(await steps(inTransaction(alignSequences(model)))).toEqual(['lamindb_project']);
    expect(await steps(inTransaction(alignSequences(model)))).toEqual([]);
    expect(ids).toEqual([1]);
    expect(await steps(reserveIds(table('lamindb_project'), 1))).toEqual([501]);
  });

  test('another version’s database is refused, and nothing is changed', async () => {
    await ask('ALTER TABLE lamindb_run RENAME COLUMN cli_args TO arguments');
    await ask('ALTER TABLE lamindb_ulabel ADD COLUMN from_the_future text');
    await expect(openLamindb(at().postgres, model, seed)).rejects.toMatchObject({
      code: 'SchemaDrift',
      message: expect.stringMatching(/lamindb_run\.cli_args is missing.*lamin migrate deploy/),
      details: { differences: ['lamindb_run.cli_args is missing, where character varying is wanted'] },
    });
    await ask('ALTER TABLE lamindb_run RENAME COLUMN arguments TO cli_args');
    expect(await openLamindb(at().postgres, model, seed)).toBe('found');
    expect(await steps(all('SELECT count(*) FROM lamindb_branch'))).toEqual([[4]]);
  });

  test.runIf(kind === 'postgres')('two servers that start at once make it once', async () => {
    const address = at().cluster?.database('at_once') ?? '';
    const servers = await Promise.all([openPostgres({ address }), openPostgres({ address })]);
    try {
      const ends = await Promise.all(servers.map((server) => openLamindb(server, model, seed)));
      expect(ends.sort()).toEqual(['found', 'made']);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });
});
