// Readers on every driver: what is refused and allowed, values as they are, where an error stands, what stops a
// hostile statement, and what a reader does to the writes and checkpoints beside it.
import type { ReaderRow, SqlDriver, SqlReader, SqlValue } from '../../src/lib/engine/ports.ts';
import { endless, equal, throwsCode, type DriverCase } from './cases.ts';

const never = () => false;

/** A stop that says so after `ms`. */
function after(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() > end;
}

function collect(reader: SqlReader, most = Infinity): { rows: SqlValue[][]; more: boolean } {
  const rows: SqlValue[][] = [];
  const width = reader.columns.length;
  const more = reader.read((row: ReaderRow) => {
    rows.push(Array.from({ length: width }, (_, i) => row.value(i)));
    return rows.length < most;
  });
  return { rows, more };
}

const rowsOf = (driver: SqlDriver, sql: string): SqlValue[][] =>
  collect(driver.reader(sql, { stop: never })).rows;

function filled(driver: SqlDriver): void {
  driver.exec(`CREATE TABLE t(id INTEGER PRIMARY KEY, name varchar(20), n REAL);
    CREATE VIEW v AS SELECT name FROM t;
    INSERT INTO t VALUES (1, 'one', 1.0), (2, 'two', 2.5), (3, 'three', NULL)`);
}

/** Each would change the database, the connection or the disk. */
const changing = [
  "INSERT INTO t VALUES (9, 'x', 1)",
  "REPLACE INTO t VALUES (1, 'x', 1)",
  "UPDATE t SET name = 'x'",
  'DELETE FROM t',
  "WITH k(i) AS (SELECT 1) INSERT INTO t SELECT i + 10, 'x', 1 FROM k",
  "WITH k(i) AS (SELECT 1) UPDATE t SET name = 'x' WHERE id IN (SELECT i FROM k)",
  'WITH k(i) AS (SELECT 1) DELETE FROM t WHERE id IN (SELECT i FROM k)',
  "INSERT INTO t VALUES (9, 'x', 1) RETURNING id",
  'CREATE TABLE u(a)',
  'CREATE TEMP TABLE u(a)',
  'CREATE TEMP VIEW w AS SELECT 1',
  'CREATE INDEX i ON t(name)',
  'CREATE VIRTUAL TABLE f USING fts5(a)',
  'CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END',
  'DROP TABLE t',
  'DROP VIEW v',
  'ALTER TABLE t RENAME TO u',
  'ANALYZE',
  'REINDEX',
  'VACUUM',
  "VACUUM INTO '/tmp/loam-console.db'",
  "ATTACH ':memory:' AS other",
  'DETACH main',
  'BEGIN',
  'BEGIN IMMEDIATE',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT s',
  'RELEASE s',
  'PRAGMA writable_schema=on',
  'PRAGMA writable_schema(1)',
  'PRAGMA user_version=7',
  'PRAGMA main.user_version = 7',
  'PRAGMA journal_mode=delete',
  'PRAGMA foreign_keys=off',
  'PRAGMA query_only=off',
  'PRAGMA trusted_schema=on',
  'PRAGMA wal_checkpoint(TRUNCATE)',
  'PRAGMA wal_checkpoint',
  'PRAGMA optimize',
  'PRAGMA incremental_vacuum',
  'PRAGMA shrink_memory',
  'PRAGMA hard_heap_limit=1',
  'EXPLAIN PRAGMA user_version=7',
  '/* look */ -- harmless\n DELETE FROM t',
  ';; DELETE FROM t',
  'SELECT 1; DELETE FROM t',
  "SELECT ';'; DELETE FROM t",
  'SELECT 1 /* ; */; -- one\n DELETE FROM t',
  'SELECT 1;; DELETE FROM t',
  '',
  '  -- nothing\n ; ',
];

const reading: [sql: string, rows: SqlValue[][]][] = [
  ['SELECT id, name FROM t ORDER BY id DESC LIMIT 1', [[3, 'three']]],
  ['-- a question\nselect count(*) from v;', [[3]]],
  [
    'VALUES (1, 2), (3, 4)',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 4) SELECT sum(i) FROM n', [[10]]],
  ['SELECT \'a;b\' AS "c;d" ; -- end', [['a;b']]],
  ["SELECT group_concat(value) FROM json_each('[1,2]')", [['1,2']]],
  ['SELECT name FROM t GROUP BY name HAVING count(*) = 1 ORDER BY name LIMIT 1', [['one']]],
  ['SELECT name, row_number() OVER (ORDER BY id DESC) FROM t LIMIT 1', [['three', 1]]],
  ['PRAGMA user_version', [[0]]],
  ['pragma MAIN.page_size', [[4096]]],
  ["SELECT name FROM pragma_table_info('t') WHERE pk = 1", [['id']]],
  ["SELECT type FROM sqlite_schema WHERE name = 'v'", [['view']]],
  ['SELECT CASE WHEN EXISTS (SELECT 1 FROM t WHERE id = 2) THEN 1 END', [[1]]],
];

export const readerCases: DriverCase[] = [
  {
    title: 'a reader refuses whatever changes something, by name and place, and nothing is changed',
    run(driver) {
      filled(driver);
      const before = driver.all('SELECT * FROM t');
      const schema = driver.all('SELECT * FROM sqlite_schema');
      for (const sql of changing) {
        try {
          throwsCode('ReadOnly', () => collect(driver.reader(sql, { stop: never })));
        } catch (error) {
          throw new Error(`${sql}: ${String(error)}`, { cause: error });
        }
      }
      equal(driver.all('SELECT * FROM t'), before);
      equal(driver.all('SELECT * FROM sqlite_schema'), schema);
      equal(driver.all('PRAGMA user_version'), [[0]]);
      equal(driver.all('PRAGMA foreign_keys'), [[1]]);
      equal(driver.all('PRAGMA database_list').length, 1);
      equal(driver.inTransaction, false);
      // Afterwards the connection writes as before.
      equal(driver.run("UPDATE t SET name = 'ONE' WHERE id = 1").changes, 1);
      driver.exec('PRAGMA user_version=3; CREATE TABLE u(a)');
      equal(driver.all('PRAGMA user_version'), [[3]]);
    },
  },
  {
    title: 'a reader answers SELECT, VALUES, WITH, EXPLAIN and pragmas that ask',
    run(driver) {
      filled(driver);
      for (const [sql, rows] of reading) {
        try {
          equal(rowsOf(driver, sql), rows);
        } catch (error) {
          throw new Error(`${sql}: ${String(error)}`, { cause: error });
        }
      }
      const plan = rowsOf(driver, "EXPLAIN QUERY PLAN SELECT * FROM t WHERE name = 'one'");
      equal(plan.length, 1);
      if (!String(plan[0]?.[3]).includes('SCAN')) throw new Error(`no plan: ${String(plan)}`);
      if (rowsOf(driver, 'EXPLAIN SELECT 1').length < 3) throw new Error('EXPLAIN gave no program');
      equal(rowsOf(driver, 'PRAGMA table_info(t)').length, 3);
      equal(rowsOf(driver, 'PRAGMA quick_check'), [['ok']]);
    },
  },
  {
    title: 'a reader keeps types, exact integers and bytes, names columns and cuts long values when asked to',
    run(driver) {
      const reader = driver.reader(
        "SELECT 1 AS a, 1.0 AS a, 9223372036854775807 AS big, 'é' AS t, x'00ff' AS b, NULL AS n, zeroblob(0) AS e",
        { stop: never },
      );
      equal(
        reader.columns.map(({ name }) => name),
        ['a', 'a', 'big', 't', 'b', 'n', 'e'],
      );
      reader.read((row) => {
        equal(
          [0, 1, 2, 3, 4, 5, 6].map((i) => row.kind(i)),
          ['integer', 'real', 'integer', 'text', 'blob', 'null', 'blob'],
        );
        equal(
          [0, 1, 2, 3, 4, 5, 6].map((i) => row.value(i)),
          [1, 1, 2n ** 63n - 1n, 'é', new Uint8Array([0, 255]), null, new Uint8Array(0)],
        );
        equal(
          [0, 1, 2, 3, 4, 5, 6].map((i) => row.bytes(i)),
          [0, 0, 0, 2, 2, 0, 0],
        );
        return true;
      });
      const cutting = driver.reader("SELECT 'aé👩x' AS t, x'010203' AS b", { stop: never });
      cutting.read((row) => {
        equal(
          [row.value(0, 2), row.value(0, 3), row.value(0, 6), row.value(0, 7)],
          ['a', 'aé', 'aé', 'aé👩'],
        );
        equal([row.value(1, 2), row.bytes(1)], [new Uint8Array([1, 2]), 3]);
        return true;
      });
    },
  },
  {
    title: 'a reader pauses where it is told to and goes on from there; at the end it is closed',
    run(driver) {
      driver.exec('CREATE TABLE t(a)');
      driver.many('INSERT INTO t VALUES (?)', 10, [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]);
      const reader = driver.reader('SELECT a FROM t ORDER BY a', { stop: never });
      equal(collect(reader, 4), { rows: [[1], [2], [3], [4]], more: true });
      equal(driver.all('SELECT max(a) FROM t'), [[10]]);
      equal(collect(reader, 6), { rows: [[5], [6], [7], [8], [9], [10]], more: true });
      equal(collect(reader), { rows: [], more: false });
      equal([reader.open, collect(reader).more], [false, false]);
      const empty = driver.reader('SELECT a FROM t WHERE a > 99', { stop: never });
      equal([empty.columns[0]?.name, collect(empty)], ['a', { rows: [], more: false }]);
      const closed = driver.reader('SELECT 1', { stop: never });
      closed.close();
      throwsCode('ConnectionLost', () => collect(closed));
    },
  },
  {
    title: 'errors of a reader say where in the text they are',
    run(driver) {
      filled(driver);
      const place = (sql: string) =>
        throwsCode('SqlError', () => collect(driver.reader(sql, { stop: never }))).details['offset'];
      equal(place("SELECT 'ü', nme FROM t"), 12);
      equal(place('SELECT * FROM nowhere'), 14);
      equal(place('SELECT id FROM t WHER x = 1'), 22);
      const start = throwsCode('ReadOnly', () => driver.reader('-- x\n  delete FROM t', { stop: never }));
      equal(start.details['offset'], 7);
      const second = throwsCode('ReadOnly', () => driver.reader('SELECT 1;\nSELECT 2', { stop: never }));
      equal(second.details['offset'], 10);
    },
  },
  {
    title: 'a reader is stopped between rows, and the connection works afterwards',
    run(driver) {
      const reader = driver.reader(`${endless} SELECT i FROM n`, { stop: after(60) });
      throwsCode('StatementCancelled', () => reader.read(() => true));
      equal(reader.open, false);
      equal(driver.all('SELECT 1'), [[1]]);
    },
  },
  {
    title: 'a reader is stopped inside one step: cross join, recursion, sort, compilation',
    needsInterrupt: true,
    run(driver) {
      driver.exec('CREATE TABLE t(a)');
      driver.many('INSERT INTO t VALUES (?)', 2000, [Array.from({ length: 2000 }, (_, i) => i)]);
      const bombs = [
        'SELECT count(*) FROM t a, t b, t c, t d',
        `${endless} SELECT count(*) FROM n`,
        `${endless} SELECT i FROM n ORDER BY i DESC`,
        'SELECT a.a FROM t a, t b, t c, t d WHERE a.a + b.a + c.a + d.a < 0',
      ];
      for (const sql of bombs) {
        const start = performance.now();
        throwsCode('StatementCancelled', () => collect(driver.reader(sql, { stop: after(60) })));
        if (performance.now() - start > 3000) throw new Error(`stopped too late: ${sql}`);
      }
      // The connection's own time limit is untouched by a reader's.
      driver.deadline(10_000);
      equal(driver.all('SELECT count(*) FROM t a, t b'), [[4_000_000]]);
      driver.deadline(null);
      equal(driver.all('SELECT 1'), [[1]]);
    },
  },
  {
    title:
      'values and statements that want too much memory are errors in words, and the connection works afterwards',
    needsInterrupt: true,
    run(driver) {
      const refusedBombs = [
        'SELECT randomblob(1000000000)',
        'SELECT length(hex(zeroblob(30000000)))',
        "SELECT replace(hex(zeroblob(8000000)), '0', 'abcdefgh')",
      ];
      for (const sql of refusedBombs) {
        const error = throwsCode('SqlError', () => collect(driver.reader(sql, { stop: after(20_000) })));
        if (!/32 MiB/.test(error.message)) throw new Error(`${sql}: ${error.message}`);
      }
      // 4 MB a row, kept to be sorted.
      const hoard = `${endless} SELECT zeroblob(4000000 + i) AS z FROM n ORDER BY z`;
      const error = throwsCode('StatementCancelled', () =>
        driver.reader(hoard, { stop: after(20_000) }).read(() => true),
      );
      if (!/memory/.test(error.message)) throw new Error(error.message);
      equal(driver.all('SELECT length(zeroblob(40000000))'), [[40_000_000]]);
      equal(rowsOf(driver, 'SELECT 1'), [[1]]);
    },
  },
  {
    title: 'functions written in JavaScript are refused in a reader: nothing could stop them',
    run(driver) {
      driver.createFunction('regexp', 2, (pattern, value) =>
        new RegExp(String(pattern)).test(String(value)) ? 1 : 0,
      );
      equal(driver.all("SELECT 'a' REGEXP 'a'"), [[1]]);
      const hostile = [
        "SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' REGEXP '(a+)+$'",
        "SELECT regexp('a', 'a')",
      ];
      for (const sql of hostile) throwsCode('ReadOnly', () => collect(driver.reader(sql, { stop: never })));
      equal(driver.all("SELECT 'b' REGEXP 'a'"), [[0]]);
    },
  },
  {
    title: 'a write closes a reader in the middle, but not a kept one; DDL and checkpoints close both',
    run(driver) {
      driver.exec('CREATE TABLE t(a)');
      driver.many('INSERT INTO t VALUES (?)', 100, [Array.from({ length: 100 }, (_, i) => i)]);
      const open = (keep: boolean) => {
        const reader = driver.reader('SELECT a FROM t', { stop: never, keep });
        equal(collect(reader, 10).more, true);
        return reader;
      };
      const plain = open(false);
      const kept = open(true);
      equal([driver.reading, plain.open, kept.open], [true, true, true]);
      driver.exec('BEGIN');
      driver.run('UPDATE t SET a = a + 1000 WHERE a = 99');
      driver.exec('COMMIT');
      equal([plain.open, kept.open], [false, true]);
      equal(collect(kept).rows.length, 90);
      equal(driver.reading, false);
      for (const sql of ['CREATE TABLE u(a)', 'DROP TABLE u', 'PRAGMA wal_checkpoint', 'VACUUM']) {
        const readers = [open(false), open(true)];
        driver.exec(sql);
        equal(
          readers.map((reader) => reader.open),
          [false, false],
        );
      }
      const last = open(true);
      driver.close();
      equal(last.open, false);
    },
  },
];
