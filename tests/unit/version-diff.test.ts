// Two versions of a table compared: the statements' answers are looked at with DuckDB itself, over tables made here.
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  comparedColumns,
  countsSql,
  type DiffColumn,
  distinctSql,
  keyCandidates,
  keySql,
  rowsSql,
  schemaDiff,
  withinSql,
} from '../../src/lib/client/version-diff.ts';

let db: DuckDBConnection;
beforeAll(async () => {
  db = await (await DuckDBInstance.create(':memory:')).connect();
  await db.run(`CREATE TABLE v1 AS SELECT * FROM (VALUES
    (1, 'a', 1.5::DOUBLE, 7, 'x'), (2, 'b', 'NaN'::DOUBLE, 8, 'x'), (3, NULL, NULL, 9, 'x'), (4, 'd', 0.1, NULL, 'x'), (NULL, 'e', 1, 1, 'x')
  ) t(id, name, score, n, gone)`);
  await db.run(`CREATE TABLE v2 AS SELECT * FROM (VALUES
    (1, 'a', 1.5::DOUBLE, 7::DOUBLE, true), (2, 'b', 'NaN'::DOUBLE, 8, true), (3, 'c', NULL, 9, true), (5, 'f', 2, 2, true), (NULL, 'E', 1.25, 1, true)
  ) t(id, Name, score, n, fresh)`);
});
const ask = async (sql: string): Promise<unknown[][]> => {
  const rows = (await (await db.runAndReadAll(sql)).getRowsJson()) as unknown[][];
  return rows.map((row) =>
    row.map((value) => (typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value)),
  );
};
const columns = async (table: string): Promise<DiffColumn[]> =>
  (await ask(`DESCRIBE ${table}`)).map(([name, type]) => ({ name: String(name), type: String(type) }));
const specOf = async (keys: string[]) => {
  const schema = schemaDiff(await columns('v1'), await columns('v2'));
  return { before: 'v1', after: 'v2', schema, keys };
};

describe('columns', () => {
  it('come, go and change their types; whether a cast keeps all values is known', async () => {
    const { schema } = await specOf([]);
    expect(schema.added).toEqual([{ name: 'fresh', type: 'BOOLEAN' }]);
    expect(schema.removed).toEqual([{ name: 'gone', type: 'VARCHAR' }]);
    expect(schema.shared.map(({ name, as }) => `${name} ${as}`)).toEqual([
      'id INTEGER',
      'Name VARCHAR',
      'score DOUBLE',
      'n DOUBLE',
    ]);
    const one = (before: string, after: string) =>
      schemaDiff([{ name: 'x', type: before }], [{ name: 'x', type: after }]).shared[0];
    expect(one('BIGINT', 'DOUBLE')).toMatchObject({ as: 'DOUBLE', within: 'before' });
    expect(one('FLOAT', 'UBIGINT')).toMatchObject({ as: 'DOUBLE', within: 'after' });
    expect(one('BIGINT', 'UBIGINT')).toMatchObject({ as: 'HUGEINT' });
    expect(one('INTEGER', 'VARCHAR')).toMatchObject({ as: 'VARCHAR' });
    expect(one('DOUBLE', 'VARCHAR')).toMatchObject({ as: null });
    expect(one('DATE', 'TIMESTAMP')).toMatchObject({ as: 'TIMESTAMP' });
    expect(one('INTEGER[]', 'VARCHAR')).toMatchObject({ as: null });
    expect(await ask(withinSql('(SELECT 9007199254740993 AS x, 1 AS y)', ['x', 'y']))).toEqual([
      [false, true],
    ]);
  });
});

describe('rows', () => {
  it('[row 42] with a key rows are added, removed, changed or the same; null is a key and NaN equal to itself', async () => {
    const spec = await specOf(['id']);
    expect(comparedColumns(spec).values.map(({ name }) => name)).toEqual(['Name', 'score', 'n']);
    // added, removed, changed, same, then in how many rows name, score and n changed
    expect(await ask(countsSql(spec))).toEqual([[1, 1, 2, 2, 2, 1, 0]]);
    const all = ['added', 'removed', 'changed'] as const;
    expect(await ask(rowsSql(spec, { kinds: all, column: null }))).toEqual([
      ['changed', 3, null, 'c', null, null, 9, 9],
      ['removed', 4, 'd', null, 0.1, null, null, null],
      ['added', 5, null, 'f', null, 2, null, 2],
      ['changed', null, 'e', 'E', 1, 1.25, 1, 1],
    ]);
    expect((await ask(rowsSql(spec, { kinds: ['changed'], column: 'score' }))).map(([, id]) => id)).toEqual([
      null,
    ]);
    expect((await ask(rowsSql(spec, { kinds: ['added'], column: null }))).length).toBe(1);
    expect(await ask(rowsSql(spec, { kinds: [], column: null }))).toEqual([]);
  });

  it('[row 42] without a key whole rows are counted as often as they are there', async () => {
    await db.run(
      `CREATE TABLE w1 AS SELECT * FROM (VALUES ('a', 1), ('a', 1), ('b', NULL), ('c', 3)) t(k, n)`,
    );
    await db.run(
      `CREATE TABLE w2 AS SELECT * FROM (VALUES ('a', 1), ('b', NULL), ('b', NULL), ('b', NULL), ('d', 4)) t(k, n)`,
    );
    const spec = {
      before: 'w1',
      after: 'w2',
      schema: schemaDiff(await columns('w1'), await columns('w2')),
      keys: [],
    };
    expect(await ask(countsSql(spec))).toEqual([[3, 2, 0, 2]]);
    expect(await ask(rowsSql(spec, { kinds: ['added', 'removed'], column: null }))).toEqual([
      ['added', 1, 'd', 4],
      ['added', 2, 'b', null],
      ['removed', 1, 'a', 1],
      ['removed', 1, 'c', 3],
    ]);
    const same = { ...spec, after: 'w1' };
    expect(await ask(countsSql(same))).toEqual([[0, 0, 0, 4]]);
  });

  it('columns with the names of ours, and quotes in names, do no harm', async () => {
    await db.run(`CREATE TABLE q1 AS SELECT 1 AS "k""0", 'x' AS change, 'y' AS here, 1 AS a_old, 2 AS a`);
    await db.run(`CREATE TABLE q2 AS SELECT 1 AS "k""0", 'x' AS change, 'z' AS here, 1 AS a_old, 3 AS a`);
    const spec = {
      before: 'q1',
      after: 'q2',
      schema: schemaDiff(await columns('q1'), await columns('q2')),
      keys: ['k"0'],
    };
    const reader = await db.runAndReadAll(rowsSql(spec, { kinds: ['changed'], column: null }));
    const names = reader.columnNames();
    expect(new Set(names).size).toBe(names.length);
    expect((await ask(countsSql(spec)))[0]?.slice(0, 4)).toEqual([0, 0, 1, 0]);
  });
});

describe('keys', () => {
  it('are suggested by name and type, and checked to be different in each row', async () => {
    const { schema } = await specOf([]);
    expect(keyCandidates(schema).map(({ name }) => name)).toEqual(['id', 'Name']);
    expect(await ask(keySql('v1', ['id']))).toEqual([[5, 5, null]]);
    expect(
      await ask(keySql('(SELECT * FROM v1 UNION ALL SELECT * FROM v1 WHERE id = 4)', ['id', 'name'])),
    ).toEqual([[6, 5, '4, d']]);
    expect(await ask(keySql('(SELECT * FROM v1 WHERE false)', ['id']))).toEqual([[0, 0, null]]);
    const [[n, ...distinct] = []] = await ask(distinctSql('v1', keyCandidates(schema)));
    expect(n).toBe(5);
    expect(distinct.length).toBe(2);
  });
});
