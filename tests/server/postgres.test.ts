// Sessions, values, errors and the runner of the engine's statements, the same on both kinds of Postgres.
import { expect, test } from 'vitest';
import { openPostgres } from '../../server/node-postgres.ts';
import { inPostgresTransaction, runSteps, type PostgresSession } from '../../server/postgres.ts';
import { plainAddress } from '../../server/postgres-errors.ts';
import { rowsOf, translate } from '../../server/translate.ts';
import type { LoamError } from '../../src/lib/engine/errors.ts';
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import {
  all,
  inSavepoint,
  inTransaction,
  many,
  one,
  run,
  type Steps,
} from '../../src/lib/engine/statement.ts';
import { onBoth } from './both.ts';

const failure = async (work: Promise<unknown>): Promise<LoamError> =>
  await work.then(
    () => Promise.reject(new Error('this was to fail')),
    (error: LoamError) => error,
  );

onBoth('[row 69] Postgres', (at, kind) => {
  const use = <T>(work: (session: PostgresSession) => Promise<T>) => at().postgres.session(work);
  const steps = <T>(made: Steps<T>) => use((session) => runSteps(session, made));

  test('values come back as the engine has them', async () => {
    const there = async (type: string, value: SqlValue) =>
      (await use((session) => session.query(`SELECT $1::${type}`, [value]))).rows[0]?.[0];
    for (const value of [null, 0, -1, 2 ** 31 - 1, -(2 ** 31)])
      expect(await there('integer', value)).toBe(value);
    for (const value of [2 ** 53 - 1, 2n ** 53n + 1n, -(2n ** 63n)])
      expect(await there('bigint', value)).toBe(value);
    for (const value of [0, 1, null]) expect(await there('boolean', value)).toBe(value);
    for (const value of [0.1, -1.5e300, 5e-324, Infinity])
      expect(await there('double precision', value)).toBe(value);
    for (const value of ['', 'ß → 😀', 'it\'s \\ "so"', '$1 ?'])
      expect(await there('text', value)).toBe(value);
    expect(await there('jsonb', '{"b": [1, null], "a": "é"}')).toBe('{"a": "é", "b": [1, null]}');
    expect(await there('json', '{"b":1}')).toBe('{"b":1}');
    for (const time of [
      '2026-01-02 03:04:05.000006',
      '2026-01-02 03:04:05.600000',
      '1999-12-31 23:59:59.000000',
    ])
      expect(await there('timestamptz', time)).toBe(time);
    expect(await there('timestamptz', '2026-07-01T02:00:00+02:00')).toBe('2026-07-01 00:00:00.000000');
    expect(await there('date', '2026-02-28')).toBe('2026-02-28');
    expect(await there('bytea', new Uint8Array([0, 1, 255]))).toEqual(new Uint8Array([0, 1, 255]));
    expect(
      (await use((session) => session.query('SELECT count(*), sum(x) FROM generate_series(1, 3) x'))).rows,
    ).toEqual([[3, 6]]);
  });

  test('the engine’s steps run: many rows, one row for each list, changes, null-safe look-ups', async () => {
    const found = await steps(
      inTransaction(
        (function* () {
          yield* run('CREATE TABLE many (id integer PRIMARY KEY, name text, flag boolean, at timestamptz)');
          const ids = Array.from({ length: 1203 }, (_, i) => i + 1);
          yield* many('INSERT INTO "many" ("id", "name", "flag", "at") VALUES (?, ?, ?, ?)', ids.length, [
            ids,
            ids.map((id) => (id % 3 ? `name ${id}` : null)),
            [1],
            ['2026-01-02 03:04:05.000000'],
          ]);
          yield* many('UPDATE "many" SET "name" = ?, "flag" = ? WHERE id = ?', 3, [
            ['one', null, 'three'],
            [0],
            [1, 2, 3],
          ]);
          yield* many('DELETE FROM "many" WHERE id = ?', 0, [[]]);
          const { changes } = yield* run(
            'UPDATE many SET name = name WHERE id IN (SELECT value FROM json_each(?))',
            [JSON.stringify([4, 5, 9999])],
          );
          const some = yield* all(
            'SELECT id, name, flag, at FROM "many" WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
            [JSON.stringify([1, 2, 3, 1203])],
          );
          const none = yield* one('SELECT min(id) FROM "many" WHERE "name" IS ?', [null]);
          const joined = yield* all(
            `SELECT j.value, t.id FROM json_each(?) j LEFT JOIN "many" t ON t."name" = j.value ORDER BY 1`,
            [JSON.stringify(['one', 'nobody'])],
          );
          const missing = yield* all(
            'SELECT j.value FROM json_each(?) j WHERE NOT EXISTS (SELECT 1 FROM "many" t WHERE t.id = j.value)',
            [JSON.stringify([1, 4711])],
          );
          const ignored = yield* run('INSERT OR IGNORE INTO many(id, name) VALUES (?, ?)', [1, 'again']);
          return { changes, some, none, joined, missing, ignored: ignored.changes };
        })(),
      ),
    );
    const at = '2026-01-02 03:04:05.000000';
    expect(found).toEqual({
      changes: 2,
      some: [
        [1, 'one', 0, at],
        [2, null, 0, at],
        [3, 'three', 0, at],
        [1203, null, 1, at],
      ],
      none: [2],
      joined: [
        ['nobody', null],
        ['one', 1],
      ],
      missing: [[4711]],
      ignored: 0,
    });
  });

  test('a failure rolls back the transaction, or the savepoint alone; the session goes on', async () => {
    await use((session) =>
      session.exec('CREATE TABLE part (id integer PRIMARY KEY); INSERT INTO part VALUES (1)'),
    );
    const insert = (id: number) => run('INSERT INTO part VALUES (?)', [id]);
    const whole = steps(
      inTransaction(
        (function* () {
          yield* insert(2);
          yield* insert(1);
        })(),
      ),
    );
    expect(await failure(whole)).toMatchObject({
      code: 'IntegrityError',
      details: { constraint: 'part_pkey' },
    });
    const kept = await steps(
      inTransaction(
        (function* () {
          yield* insert(3);
          let refused = '';
          try {
            yield* inSavepoint(
              (function* () {
                yield* insert(4);
                yield* many('INSERT INTO part VALUES (?)', 2, [[5, 1]]);
              })(),
            );
          } catch (error) {
            refused = (error as LoamError).code;
          }
          yield* insert(6);
          return refused;
        })(),
      ),
    );
    expect(kept).toBe('IntegrityError');
    // Several in one trip, of which one fails.
    const sent = use((session) =>
      inPostgresTransaction(session, () => session.each('INSERT INTO part VALUES ($1)', [[7], [1], [8]])),
    );
    expect((await failure(sent)).code).toBe('IntegrityError');
    expect(await steps(all('SELECT id FROM part ORDER BY id'))).toEqual([[1], [3], [6]]);
  });

  test('work that ends inside a transaction is rolled back and told', async () => {
    await use((session) => session.exec('CREATE TABLE kept_open (id integer)'));
    const left = use(async (session) => {
      await session.query('BEGIN');
      await session.query('INSERT INTO kept_open VALUES (1)');
    });
    expect(await failure(left)).toMatchObject({ code: 'InternalError' });
    expect(await steps(all('SELECT * FROM kept_open'))).toEqual([]);
  });

  test('two pieces of work at once do not get into each other', async () => {
    await use((session) => session.exec('CREATE TABLE turns (who integer)'));
    const work = (who: number) =>
      use((session) =>
        inPostgresTransaction(session, async () => {
          for (let i = 0; i < 5; i++) await session.query('INSERT INTO turns VALUES ($1)', [who]);
          if (who === 2) throw new Error('given up');
        }),
      );
    const ends = await Promise.allSettled([work(1), work(2), work(3)]);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await steps(all('SELECT who, count(*) FROM turns GROUP BY who ORDER BY who'))).toEqual([
      [1, 5],
      [3, 5],
    ]);
  });

  test('errors say what, with which value, and what to do', async () => {
    const told = async (sql: string, params: SqlValue[] = []) =>
      await failure(use((session) => session.query(sql, params)));
    await use((session) =>
      session.exec(
        "CREATE TABLE strict (id integer PRIMARY KEY, short varchar(3) NOT NULL CHECK (short <> 'no'))",
      ),
    );
    expect(await told('SELECT * FROM nowhere')).toMatchObject({
      code: 'SchemaDrift',
      message: expect.stringMatching(/nowhere.*lamin migrate deploy/),
    });
    expect(await told('INSERT INTO strict VALUES (1, $1)', ['long'])).toMatchObject({
      code: 'DataError',
      message: expect.stringMatching(/character varying\(3\).*Shorten/),
    });
    expect(await told('INSERT INTO strict VALUES (1, NULL)')).toMatchObject({
      code: 'ValidationError',
      details: { column: 'short' },
    });
    expect(await told("INSERT INTO strict VALUES (1, 'no')")).toMatchObject({
      code: 'ValidationError',
      details: { constraint: 'strict_short_check' },
    });
    expect(await told('SELECT $1::integer', ['x'])).toMatchObject({
      code: 'DataError',
      message: expect.stringMatching(/"x"/),
    });
    expect(
      await told("DO $$ BEGIN RAISE EXCEPTION 'Cannot set type: would create a cycle'; END $$"),
    ).toMatchObject({
      code: 'ValidationError',
      message: expect.stringMatching(/would create a cycle/),
    });
    expect(await told('SELEC 1')).toMatchObject({ code: 'SqlError', details: { state: '42601' } });
    expect(await told('SET TRANSACTION READ WRITE; SELECT 1')).toMatchObject({ code: 'SqlError' });
  });

  test('notices are heard until nobody listens any more', async () => {
    const heard: string[] = [];
    const stop = await at().postgres.listen('loam_told', (payload) => heard.push(payload));
    await use((session) => session.query("SELECT pg_notify('loam_told', 'one')"));
    await expect.poll(() => heard).toEqual(['one']);
    await stop();
    await use((session) => session.query("SELECT pg_notify('loam_told', 'two')"));
    await use((session) => session.query('SELECT 1'));
    expect(heard).toEqual(['one']);
  });

  test.runIf(kind === 'postgres')(
    'a server that goes away is told, and a new start is found again',
    async () => {
      const heard: string[] = [];
      const stop = await at().postgres.listen('loam_again', (payload) => heard.push(payload));
      at().cluster?.restart();
      await expect
        .poll(
          () =>
            use((session) => session.query('SELECT 1')).then(
              ({ rows }) => rows,
              () => null,
            ),
          { timeout: 20_000 },
        )
        .toEqual([[1]]);
      // The listener says once that it may have missed something, and then hears again.
      await expect.poll(() => heard, { timeout: 20_000 }).toContain('');
      await use((session) => session.query("SELECT pg_notify('loam_again', 'back')"));
      await expect.poll(() => heard).toContain('back');
      await stop();
    },
  );

  test.runIf(kind === 'postgres')(
    'what cannot be reached, or is not there, is told without the password',
    async () => {
      const nowhere = await failure(
        openPostgres({ address: 'postgresql://me:secret@127.0.0.1:1/none', connectTimeout: 2000 }),
      );
      expect(nowhere).toMatchObject({
        code: 'ConnectionLost',
        message: expect.stringMatching(/127\.0\.0\.1:1\/none.*DATABASE_URL/),
      });
      const missing = await failure(
        openPostgres({ address: (at().address ?? '').replace(/\/loam$/, '/not_there') }),
      );
      expect(missing).toMatchObject({
        code: 'OperationalError',
        message: expect.stringMatching(/not_there.*createdb/),
      });
      for (const error of [nowhere, missing]) expect(error.message).not.toContain('secret');
    },
  );
});

test('statements are rewritten outside of quotes alone', () => {
  expect(translate(`SELECT '?' , "a?" , ? -- ?\n , ?`)).toBe(`SELECT '?' , "a?" , $1 -- ?\n , $2`);
  expect(translate('BEGIN IMMEDIATE')).toBe('BEGIN');
  expect(rowsOf('UPDATE t SET a = ? WHERE id = ?', 2)).toBeNull();
  expect(rowsOf('INSERT INTO t(a, b) VALUES (?, ?)', 2)).toBe(
    'INSERT INTO t(a, b) VALUES ($1, $2), ($3, $4)',
  );
  expect(rowsOf('INSERT OR IGNORE INTO t(a) VALUES (?)', 2)).toBe(
    'INSERT INTO t(a) VALUES ($1), ($2) ON CONFLICT DO NOTHING',
  );
  expect(plainAddress('postgresql://me:secret@db.example:5433/lab')).toBe('db.example:5433/lab');
});
