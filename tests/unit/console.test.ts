// Statements that people write, on the engine: pages and what they say of a database that changes, slices between which
// others get their turn, the bell, time and cancelling, CSV, and the tables as the console shows them.
import { beforeEach, describe, expect, it } from 'vitest';
import { realText } from '../../src/lib/engine/console/csv.ts';
import { kindNames, type SqlPage, type SqlSpec } from '../../src/lib/engine/console/types.ts';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { Bell, SqlDriver } from '../../src/lib/engine/ports.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const refuse = () => Promise.reject(new Error('no bytes here'));
const numbers = (n: number) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n}) SELECT i FROM n`;

let driver: SqlDriver;
let engine: Engine;
/** Milliseconds that pass with each look at the clock. */
let tick: number;
let now: number;
/** Where other people's messages are served. */
let between: () => void;
let turns: number;
let bell: Bell;
let opened: string[];
let uids = 0;

beforeEach(async () => {
  driver = await openMemory();
  createInstance(driver, { model, clock: () => 1_700_000_000_000, random, name: 'test' });
  const reader = driver.reader.bind(driver);
  opened = [];
  driver.reader = (sql, options) => {
    opened.push(sql);
    return reader(sql, options);
  };
  tick = 0;
  now = 1_700_000_000_000;
  turns = 0;
  between = () => {};
  bell = { hang: async () => {}, rung: () => false };
  engine = await createEngine({
    driver,
    model,
    blobs: createMemoryBlobs(),
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    clock: () => (now += tick),
    random,
    onFeed: () => {},
    onDrop: () => {},
    breathe: async () => {
      turns++;
      between();
    },
    bell: { hang: () => bell.hang(), rung: () => bell.rung() },
  });
});

const run = (sql: string, rest: Partial<SqlSpec> = {}): Promise<SqlPage> =>
  engine.runSql({ uid: `s${++uids}`, sql, skip: 0, limit: 1000, timeLimitMs: 10_000, ...rest });
const failure = async (work: Promise<unknown>) => {
  const error: unknown = await work.catch((e: unknown) => e);
  return error as { code: string; message: string; details: Record<string, unknown> };
};
const label = (name: string) => engine.createULabel(name);

describe('pages', () => {
  it('come one after the other on the statement left open, and end with the last row', async () => {
    const sql = numbers(2500);
    const first = await run(sql);
    expect([first.count, first.more, first.values[0]?.at(-1)]).toEqual([1000, true, 1000]);
    const second = await run(sql, { skip: 1000, stamp: first.stamp });
    expect([second.count, second.more, second.values[0]?.[0], second.changed]).toEqual([
      1000,
      true,
      1001,
      false,
    ]);
    const third = await run(sql, { skip: 2000, stamp: second.stamp });
    expect([third.count, third.more, third.values[0]?.at(-1)]).toEqual([500, false, 2500]);
    expect(opened).toEqual([sql]);
  });

  it('of exactly as many rows as asked for say that there are no more', async () => {
    expect(await run(numbers(1000))).toMatchObject({ count: 1000, more: false });
    expect(await run('SELECT 1 WHERE 0')).toMatchObject({ count: 0, more: false, columns: [{ name: '1' }] });
  });

  it('after a write are read again from the beginning, and say that the database is another one', async () => {
    for (const name of ['a', 'b', 'c']) label(name);
    const sql = 'SELECT name FROM lamindb_ulabel ORDER BY name';
    const first = await run(sql, { limit: 2 });
    expect(first.values).toEqual([['a', 'b']]);
    label('d');
    const second = await run(sql, { limit: 2, skip: 2, stamp: first.stamp });
    expect([second.values, second.changed, opened.length]).toEqual([[['c', 'd']], true, 2]);
  });

  it('keep types: REAL beside INTEGER, exact 64-bit numbers, blobs, and what is cut is said', async () => {
    const page = await run(
      "SELECT 1 AS i, 1.0 AS r, 9223372036854775807 AS big, 'ü' AS t, zeroblob(5000) AS b, NULL AS n, printf('%.*c', 40000, 'x') AS long",
    );
    expect(page.kinds.map((kinds) => kindNames[kinds[0] ?? 0])).toEqual([
      'integer',
      'real',
      'integer',
      'text',
      'blob',
      'null',
      'text',
    ]);
    expect(page.values[2]?.[0]).toBe(2n ** 63n - 1n);
    expect(page.cut).toEqual([
      { column: 4, row: 0, bytes: 5000 },
      { column: 6, row: 0, bytes: 40_000 },
    ]);
    expect(String(page.values[6]?.[0]).length).toBe(32 * 1024);
  });

  it('of large values end before they are full, and the rows after them follow', async () => {
    const sql = `${numbers(400)}`.replace('SELECT i FROM n', "SELECT i, printf('%.*c', 32000, 'x') FROM n");
    const first = await run(sql);
    expect(first.count).toBeGreaterThan(200);
    expect([first.count < 400, first.more]).toEqual([true, true]);
    const rest = await run(sql, { skip: first.count });
    expect([rest.values[0]?.[0], rest.count]).toEqual([first.count + 1, 400 - first.count]);
  });

  it('name artifacts among the values, whatever their column is called', async () => {
    driver.exec(`INSERT INTO lamindb_artifact (uid, suffix, storage_id, created_at, updated_at, is_latest, is_locked, _key_is_virtual, _overwrite_versions, branch_id, space_id, created_by_id)
      SELECT 'AbCdEfGhIjKlMnOp0000', '.csv', 1, '2024-01-01', '2024-01-01', 1, 0, 1, 0, 1, 1, 1`);
    const page = await run("SELECT uid AS which, 'ZZZZZZZZZZZZZZZZ0000' AS other FROM lamindb_artifact");
    expect(page.artifacts).toEqual(['AbCdEfGhIjKlMnOp0000']);
    expect(page.columns[0]).toEqual({
      name: 'which',
      declared: 'varchar(20)',
      table: 'lamindb_artifact',
      column: 'uid',
    });
  });
});

describe('beside other work', () => {
  it('rows come in slices, between which others are served', async () => {
    tick = 5;
    const answers: unknown[] = [];
    between = () => answers.push(engine.ulabels('', 5));
    const page = await run(numbers(900));
    expect([page.count, page.values[0]?.[899]]).toEqual([900, 900]);
    expect(answers.length).toBeGreaterThan(3);
  });

  it('a write in between makes the page begin again, so that its rows are of one state', async () => {
    for (let i = 0; i < 200; i++) label(`label ${String(i).padStart(3, '0')}`);
    tick = 5;
    between = () => turns === 1 && engine.createULabel('label 000a');
    const page = await run('SELECT name FROM lamindb_ulabel ORDER BY name');
    expect(page.values[0]?.slice(0, 3)).toEqual(['label 000', 'label 000a', 'label 001']);
    expect([page.count, page.changed]).toEqual([201, false]);
  });

  it('where writes never end, the rows are given all the same, and that is said', async () => {
    driver.exec(`CREATE TABLE t(a); INSERT INTO t ${numbers(3000)}`);
    tick = 20;
    between = () => driver.run('INSERT INTO t VALUES (?)', [10_000 + turns]);
    const page = await run('SELECT a FROM t', { timeLimitMs: 600_000, limit: 5000 });
    expect(page.count).toBeGreaterThanOrEqual(3000);
    expect(turns).toBeGreaterThan(4);
    expect(page.changed).toBe(true);
  });

  it('a step without rows gives way when the bell rings, and the statement begins again', async () => {
    let rings = 0;
    let hung = 0;
    tick = 1;
    bell = { hang: async () => void hung++, rung: () => ++rings <= 2 };
    const served: number[] = [];
    between = () => served.push(engine.ulabels('', 5).length);
    const page = await run(`SELECT count(*) FROM (${numbers(300_000)})`);
    expect(page.values).toEqual([[300_000]]);
    expect(served.length).toBe(2);
    expect(hung).toBe(3); // before, and after each ring
    expect(opened.length).toBe(3);
  });

  it('a bell that never stops ringing ends with the time limit, and the words say why', async () => {
    tick = 10;
    bell = { hang: async () => {}, rung: () => true };
    const error = await failure(
      run(`SELECT count(*) FROM (${numbers(2_000_000_000)})`, { timeLimitMs: 2000 }),
    );
    expect(error.code).toBe('StatementCancelled');
    expect(error.message).toMatch(/stopped after 2 s.*began again \d+ times/);
  });

  it('cancelling reaches a statement between slices and at the bell, and one that has not begun', async () => {
    tick = 5;
    between = () => engine.cancelSql('mine');
    expect((await failure(run(numbers(100_000), { uid: 'mine', limit: 10_000 }))).code).toBe('Cancelled');
    bell = { hang: async () => {}, rung: () => true };
    const stuck = run(`SELECT count(*) FROM (${numbers(2_000_000_000)})`, { uid: 'mine' });
    expect((await failure(stuck)).code).toBe('Cancelled');
    engine.cancelSql('early');
    expect((await failure(run('SELECT 1', { uid: 'early' }))).code).toBe('Cancelled');
    expect((await run('SELECT 1', { uid: 'early' })).count).toBe(1);
  });
});

describe('limits', () => {
  it('time: what was found is given with the news; nothing found is an error in words', async () => {
    tick = 1;
    const rare = `SELECT i FROM (${numbers(2_000_000_000)}) WHERE i < 4`;
    const page = await run(rare, { timeLimitMs: 200 });
    expect(page).toMatchObject({ values: [[1, 2, 3]], stopped: true, more: true });
    const none = await failure(
      run(`SELECT i FROM (${numbers(2_000_000_000)}) WHERE i < 0`, { timeLimitMs: 200 }),
    );
    expect([none.code, none.details['reason']]).toEqual(['StatementCancelled', 'time']);
    expect(none.message).toMatch(/0.2 s/);
  });

  it('writes, several statements and texts without end are refused; the database is as before', async () => {
    label('kept');
    const before = engine.sqlSchema();
    for (const sql of [
      'DELETE FROM lamindb_ulabel',
      'WITH x AS (SELECT 1) UPDATE lamindb_ulabel SET name = 1',
      'SELECT 1; DROP TABLE lamindb_ulabel',
      'PRAGMA writable_schema=on',
    ])
      expect((await failure(run(sql))).code).toBe('ReadOnly');
    expect((await failure(run(`SELECT '${'x'.repeat(1_000_001)}'`))).code).toBe('InvalidArgument');
    expect((await failure(engine.runSql(null as never))).code).toBe('InvalidArgument');
    expect((await failure(run('SELECT nothing'))).details['offset']).toBe(7);
    expect(engine.sqlSchema()).toEqual(before);
    expect(engine.ulabels('', 5).map(({ name }) => name)).toEqual(['kept']);
    // Writing and its history go on as before.
    label('after');
    expect((await engine.undo())?.title).toContain('after');
  });
});

describe('CSV', () => {
  async function csv(sql: string, uid = `e${++uids}`): Promise<string> {
    let text = '';
    for await (const chunk of await engine.exportSql({ uid, sql, timeLimitMs: 10_000 })) text += chunk;
    return text;
  }

  it('keeps NULL and empty text apart, quotes what needs it, and writes numbers and blobs exactly', async () => {
    const text = await csv(
      `SELECT NULL AS n, '' AS "a,b", 'say "hi"' AS q, 'x' || char(10) || 'y' AS l, 1.0 AS r, 9223372036854775807 AS big, x'00ff' AS b, 1e999 AS inf`,
    );
    expect(text).toBe(
      'n,"a,b",q,l,r,big,b,inf\r\n,"","say ""hi""","x\ny",1.0,9223372036854775807,x\'00ff\',Inf\r\n',
    );
    expect([realText(0.1), realText(-0), realText(1e21), realText(2 ** 60)]).toEqual([
      '0.1',
      '-0.0',
      '1e+21',
      '1152921504606847000.0',
    ]);
    expect(await csv('SELECT 1 AS a WHERE 0')).toBe('a\r\n');
  });

  it('of many rows comes in chunks with turns in between, and tells the rows; writes do not cut it', async () => {
    tick = 5;
    between = () => turns === 3 && label('beside');
    const chunks: string[] = [];
    for await (const chunk of await engine.exportSql({
      uid: 'big',
      sql: numbers(60_000),
      timeLimitMs: 10_000,
    }))
      chunks.push(chunk);
    const lines = chunks.join('').trimEnd().split('\r\n');
    expect(lines.length).toBe(60_001);
    expect(lines.at(-1)).toBe('60000');
    expect(chunks.length).toBeGreaterThan(1);
    expect(turns).toBeGreaterThan(5);
    expect(engine.exportedSql('big')).toEqual({ rows: 60_000, changed: true });
    expect(driver.reading).toBe(false);
  });

  it('that is given up lets go of its statement; errors come before the first byte', async () => {
    const chunks = await engine.exportSql({ uid: 'left', sql: numbers(2_000_000_000), timeLimitMs: 10_000 });
    await chunks.next();
    expect(driver.reading).toBe(true);
    await chunks.return(undefined);
    expect(driver.reading).toBe(false);
    expect((await failure(engine.exportSql({ uid: 'x', sql: 'DELETE FROM t', timeLimitMs: 1 }))).code).toBe(
      'ReadOnly',
    );
  });
});

it('the tables are those of the database, with what they are to LaminDB, their keys and references', () => {
  driver.exec('CREATE TABLE extra_thing (id INTEGER PRIMARY KEY, note TEXT)');
  const tables = new Map(engine.sqlSchema().map((table) => [table.name, table]));
  expect(tables.get('lamindb_artifact')).toMatchObject({ kind: 'registry', registry: 'Artifact' });
  expect(tables.get('lamindb_artifactulabel')).toMatchObject({ kind: 'link', registry: null });
  expect(tables.get('loam_record')?.kind).toBe('own');
  expect(tables.get('extra_thing')).toEqual({
    name: 'extra_thing',
    kind: 'other',
    registry: null,
    columns: [
      { name: 'id', type: 'integer', notNull: false, primary: true, references: null },
      { name: 'note', type: 'text', notNull: false, primary: false, references: null },
    ],
  });
  const column = tables.get('lamindb_artifact')?.columns.find(({ name }) => name === 'created_by_id');
  expect(column?.references).toEqual({ table: 'lamindb_user', column: 'id' });
  for (const name of model.tables.keys()) expect(tables.has(name)).toBe(true);
});
