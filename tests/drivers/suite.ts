// One suite over every SQL driver. The cases are data (title + function that throws), so that vitest in Node and a
// dedicated worker in the browser run the same ones.
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import { endless, equal, throwsCode, type DriverCase } from './cases.ts';
import { readerCases } from './reader-cases.ts';

function roundTrip(driver: SqlDriver, value: SqlValue): SqlValue | undefined {
  return driver.all('SELECT ?', [value])[0]?.[0];
}

export const driverCases: DriverCase[] = [
  ...readerCases,
  {
    title: 'null, integers and floats come back as they were',
    run(driver) {
      for (const value of [
        null,
        0,
        1,
        -1,
        255,
        2 ** 31 - 1,
        -(2 ** 31),
        2 ** 31,
        2 ** 53 - 1,
        -(2 ** 53 - 1),
        0.1,
        -1.5e300,
        5e-324,
        Infinity,
      ]) {
        equal(roundTrip(driver, value), value);
      }
    },
  },
  {
    title: 'integers beyond 2^53 come back as bigint, smaller bigints as numbers',
    run(driver) {
      for (const value of [2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)])
        equal(roundTrip(driver, value), value);
      equal(roundTrip(driver, 42n), 42);
      equal(driver.all('SELECT 9007199254740993')[0], [2n ** 53n + 1n]);
      throwsCode('InvalidArgument', () => roundTrip(driver, 2n ** 63n));
    },
  },
  {
    title:
      'a statement that writes and gives rows does both, once, in and out of a transaction; BLOBs are copied between tables',
    run(driver) {
      driver.exec(
        'CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, b BLOB); CREATE TABLE u (id INTEGER, b BLOB)',
      );
      driver.run('INSERT INTO t VALUES (1, 5, ?)', [new Uint8Array([0, 255, 0])]);
      const next = 'UPDATE t SET n = n + ?1 WHERE id = ?2 RETURNING n';
      equal(driver.all(next, [3, 1]), [[8]]);
      driver.exec('BEGIN');
      equal(driver.all(next, [2 ** 47, 1]), [[8 + 2 ** 47]]);
      equal(driver.all(next, [1, 2]), []);
      driver.exec('ROLLBACK');
      equal(driver.all('SELECT n FROM t'), [[8]]);
      driver.run('INSERT INTO u SELECT ?1, b FROM t WHERE id = ?1', [1]);
      equal(driver.all('SELECT b FROM u'), [[new Uint8Array([0, 255, 0])]]);
    },
  },
  {
    title: 'NaN becomes null',
    run(driver) {
      equal(roundTrip(driver, NaN), null);
    },
  },
  {
    title: 'text: unicode, emoji, right-to-left, 4,000 and 300,000 characters, empty',
    run(driver) {
      const long = 'zellkultur-äöü '.repeat(267).slice(0, 4000);
      const texts = [
        '',
        'a',
        'TNF-α',
        '👩‍🔬🧬',
        'مرحبا بالعالم',
        'שלום',
        '中文字符',
        'a\tb\nc"d\'e',
        '\uFEFFmark',
        long,
        'ß'.repeat(300_000),
      ];
      for (const value of texts) equal(roundTrip(driver, value), value);
      equal(driver.all('SELECT length(?), hex(?)', ['é', 'é'])[0], [1, 'C3A9']);
    },
  },
  {
    title: 'text with U+0000 is refused, not cut',
    run(driver) {
      driver.exec('CREATE TABLE t(a)');
      throwsCode('InvalidArgument', () => driver.run('INSERT INTO t VALUES (?)', ['a\0b']));
      throwsCode('InvalidArgument', () => driver.many('INSERT INTO t VALUES (?)', 2, [['a', '\0']]));
      equal(driver.all('SELECT count(*) FROM t'), [[0]]);
    },
  },
  {
    title: 'blobs: bytes, empty, 1 MB',
    run(driver) {
      const big = new Uint8Array(1_000_000).map((_, i) => i * 31);
      for (const value of [new Uint8Array([0, 1, 255]), new Uint8Array(0)])
        equal(roundTrip(driver, value), value);
      const back = roundTrip(driver, big) as Uint8Array;
      equal([back.length, back[999_999], back[12_345]], [big.length, big[999_999], big[12_345]]);
      equal(driver.all('SELECT typeof(?), typeof(?)', [new Uint8Array(0), ''])[0], ['blob', 'text']);
    },
  },
  {
    title: 'run counts changes and gives the last id; statements that change nothing count 0',
    run(driver) {
      driver.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)');
      equal(driver.run('INSERT INTO t(a) VALUES (?)', ['x']), { changes: 1, lastId: 1 });
      equal(driver.run('INSERT INTO t(a) VALUES (?), (?)', ['y', 'z']), { changes: 2, lastId: 3 });
      equal(driver.run('UPDATE t SET a = a || ?', ['!']).changes, 3);
      equal(
        driver.run('-- note\nWITH k(i) AS (SELECT 2) DELETE FROM t WHERE id IN (SELECT i FROM k)').changes,
        1,
      );
      equal(driver.run('CREATE TABLE u(a)').changes, 0);
      equal(driver.run('DELETE FROM t WHERE id = 99').changes, 0);
    },
  },
  {
    title: 'all keeps columns of the same name; columns gives names and counts; RETURNING works',
    run(driver) {
      equal(driver.all('SELECT 1 AS a, 2 AS a, 3 AS b'), [[1, 2, 3]]);
      driver.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)');
      equal(driver.all('INSERT INTO t(a) VALUES (?), (?) RETURNING id, a', ['x', 'y']), [
        [1, 'x'],
        [2, 'y'],
      ]);
      equal(driver.columns('SELECT id, a AS "näme" FROM t ORDER BY id'), {
        names: ['id', 'näme'],
        columns: [
          [1, 2],
          ['x', 'y'],
        ],
        count: 2,
      });
      equal(driver.columns('SELECT id, a FROM t WHERE id = ?', [7]), {
        names: ['id', 'a'],
        columns: [[], []],
        count: 0,
      });
      equal(driver.run('INSERT INTO t(a) VALUES (?), (?) RETURNING id', ['p', 'q']).changes, 2);
      equal(driver.all('SELECT count(*) FROM t'), [[4]]);
    },
  },
  {
    title: 'a wrong number of parameters, two statements and bad SQL are refused with the SQL in the details',
    run(driver) {
      throwsCode('SqlError', () => driver.all('SELECT ?, ?', [1]));
      throwsCode('SqlError', () => driver.all('SELECT 1', [1]));
      throwsCode('SqlError', () => driver.all(''));
      const error = throwsCode('SqlError', () => driver.all('SELECT nothing FROM nowhere'));
      equal(error.details.sql, 'SELECT nothing FROM nowhere');
      equal(driver.all("SELECT '?', 1 -- ?"), [['?', 1]]);
    },
  },
  {
    title: 'many inserts column arrays and leaves nothing when a row fails',
    run(driver) {
      driver.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b REAL)');
      driver.many('INSERT INTO t VALUES (?, ?, ?)', 3, [
        [1, 2, 3],
        ['a', 'b', null],
        [0.5, 1.5, 2.5],
      ]);
      equal(driver.all('SELECT * FROM t'), [
        [1, 'a', 0.5],
        [2, 'b', 1.5],
        [3, null, 2.5],
      ]);
      throwsCode('IntegrityError', () => driver.many('INSERT INTO t(id) VALUES (?)', 3, [[10, 11, 1]]));
      equal(driver.all('SELECT count(*) FROM t'), [[3]]);
      equal(driver.inTransaction, false);
      driver.many('INSERT INTO t(id) VALUES (?)', 0, [[]]);
    },
  },
  {
    title: 'cached statements see a changed schema, and 500 different texts do not break the cache',
    run(driver) {
      driver.exec('CREATE TABLE t(a)');
      driver.run('INSERT INTO t VALUES (1)');
      equal(driver.columns('SELECT * FROM t'), { names: ['a'], columns: [[1]], count: 1 });
      driver.exec("ALTER TABLE t ADD COLUMN b DEFAULT 'new'");
      equal(driver.all('SELECT * FROM t'), [[1, 'new']]);
      equal(driver.columns('SELECT * FROM t').names, ['a', 'b']);
      driver.exec('ALTER TABLE t RENAME COLUMN b TO c');
      equal(driver.columns('SELECT * FROM t').names, ['a', 'c']);
      for (let i = 0; i < 500; i++) equal(driver.all(`SELECT ${i}, ?`, [i]), [[i, i]]);
      equal(driver.all('SELECT * FROM t'), [[1, 'new']]);
      driver.exec('DROP TABLE t');
      throwsCode('SqlError', () => driver.all('SELECT * FROM t'));
    },
  },
  {
    title: 'transactions commit and roll back, savepoints nest',
    run(driver) {
      driver.exec('CREATE TABLE t(a)');
      equal(driver.inTransaction, false);
      driver.exec('BEGIN');
      equal(driver.inTransaction, true);
      driver.run('INSERT INTO t VALUES (1)');
      driver.exec('SAVEPOINT s');
      driver.run('INSERT INTO t VALUES (2)');
      driver.exec('ROLLBACK TO s; RELEASE s; COMMIT');
      equal(driver.all('SELECT a FROM t'), [[1]]);
      driver.exec('BEGIN');
      driver.run('DELETE FROM t');
      driver.exec('ROLLBACK');
      equal(driver.all('SELECT a FROM t'), [[1]]);
      equal(driver.inTransaction, false);
    },
  },
  {
    title: 'unique, foreign key, check and not-null failures are IntegrityErrors that name the column',
    run(driver) {
      driver.exec(`CREATE TABLE p(id INTEGER PRIMARY KEY, uid TEXT UNIQUE, n INTEGER CHECK (n > 0), m TEXT NOT NULL DEFAULT '');
        CREATE TABLE c(p_id INTEGER REFERENCES p(id))`);
      driver.run("INSERT INTO p(uid) VALUES ('u')");
      const unique = throwsCode('IntegrityError', () => driver.run("INSERT INTO p(uid) VALUES ('u')"));
      equal(
        [unique.details.table, unique.details.columns, unique.details.constraint],
        ['p', ['p.uid'], 'UNIQUE'],
      );
      if (!unique.message.includes('p.uid')) throw new Error(`message lacks the column: ${unique.message}`);
      equal(
        throwsCode('IntegrityError', () => driver.run('INSERT INTO c VALUES (99)')).details.constraint,
        'FOREIGN KEY',
      );
      equal(
        throwsCode('IntegrityError', () => driver.run('INSERT INTO p(n) VALUES (0)')).details.constraint,
        'CHECK',
      );
      const missing = throwsCode('IntegrityError', () => driver.run('INSERT INTO p(m) VALUES (NULL)'));
      equal(missing.details.columns, ['p.m']);
      equal(driver.all('SELECT count(*) FROM p'), [[1]]);
    },
  },
  {
    title: 'a deadline stops a statement that yields endless rows; the connection works afterwards',
    run(driver) {
      driver.deadline(60);
      throwsCode('StatementCancelled', () => driver.all(`${endless} SELECT i FROM n LIMIT 100000000`));
      driver.deadline(null);
      equal(driver.all('SELECT 1'), [[1]]);
      equal(driver.all(`${endless} SELECT count(*) FROM (SELECT i FROM n LIMIT 10000)`), [[10000]]);
    },
  },
  {
    title: 'a deadline stops a statement inside one step',
    needsInterrupt: true,
    run(driver) {
      const start = performance.now();
      driver.deadline(60);
      throwsCode('StatementCancelled', () => driver.all(`${endless} SELECT count(*) FROM n`));
      throwsCode('StatementCancelled', () => driver.exec(`${endless} SELECT count(*) FROM n`));
      driver.deadline(null);
      if (performance.now() - start > 3000) throw new Error('stopped too late');
      equal(driver.all('SELECT 1'), [[1]]);
    },
  },
  {
    title: 'functions: values in and out, null, wide integers, errors',
    run(driver) {
      driver.createFunction('regexp', 2, (pattern, value) =>
        value === null ? null : new RegExp(String(pattern)).test(String(value)) ? 1 : 0,
      );
      equal(driver.all("SELECT 'artifact' REGEXP '^art', 'x' REGEXP 'y', NULL REGEXP 'y'"), [[1, 0, null]]);
      driver.createFunction('same', 1, (value) => value);
      for (const value of [null, 1, 2 ** 40, 0.5, 2n ** 60n, 'ü👍', new Uint8Array([1, 2])])
        equal(driver.all('SELECT same(?)', [value])[0]?.[0], value);
      driver.createFunction('fails', 0, () => {
        throw new Error('no such gene');
      });
      const error = throwsCode('SqlError', () => driver.all('SELECT fails()'));
      if (!error.message.includes('no such gene')) throw new Error(`message lost: ${error.message}`);
    },
  },
  {
    title: 'serialize gives a file that opens elsewhere with the same rows',
    async run(driver, tools) {
      driver.exec("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (2, 'ü')");
      const bytes = driver.serialize();
      equal(new TextDecoder().decode(bytes.subarray(0, 15)), 'SQLite format 3');
      const copy = await tools.openBytes(bytes);
      equal(copy.all('SELECT * FROM t'), [
        [1, 'x'],
        [2, 'ü'],
      ]);
      equal(copy.all('PRAGMA integrity_check'), [['ok']]);
      copy.run('INSERT INTO t VALUES (3, NULL)');
      copy.close();
      equal(driver.all('SELECT count(*) FROM t'), [[2]]);
    },
  },
  {
    title: '20,000 rows in and out with an index',
    run(driver) {
      driver.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, uid TEXT UNIQUE, n REAL)');
      const ids = Array.from({ length: 20_000 }, (_, i) => i + 1);
      driver.many('INSERT INTO t VALUES (?, ?, ?)', ids.length, [
        ids,
        ids.map((i) => `uid-${i}`),
        ids.map((i) => i / 4),
      ]);
      const batch = driver.columns('SELECT * FROM t ORDER BY id');
      equal([batch.count, batch.columns[1]?.[19_999], batch.columns[2]?.[1]], [20_000, 'uid-20000', 0.5]);
      equal(driver.all('SELECT id FROM t WHERE uid = ?', ['uid-777']), [[777]]);
    },
  },
  {
    title: 'defaults: foreign keys on, schema not trusted, 4096-byte pages',
    run(driver) {
      equal(driver.all('PRAGMA foreign_keys'), [[1]]);
      equal(driver.all('PRAGMA trusted_schema'), [[0]]);
      equal(driver.all('PRAGMA page_size'), [[4096]]);
    },
  },
  {
    title: 'a closed connection says so',
    run(driver) {
      driver.close();
      throwsCode('ConnectionLost', () => driver.all('SELECT 1'));
      driver.close();
    },
  },
];
