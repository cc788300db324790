// Queries over artifacts in a real browser: answers against plain JavaScript, every failure an error in words, and a
// session that outlives what breaks it. Runs over each engine that is built in.
import { DataType, tableFromIPC, type Table } from 'apache-arrow';
import { afterAll, describe, expect, it } from 'vitest';
import { createQueries, type Queries, type QueryResult } from '../../src/lib/client/duckdb.ts';
import type { LoamError } from '../../src/lib/engine/errors.ts';
import { cells, gzipped, packedParquet, parquetOf, shelfOf, textFile, type Packing } from './duckdb-files.ts';

const known = ['static', 'signed'];
const vendored = Object.keys(import.meta.glob('/vendor/duckdb/duckdb-browser-blocking.mjs')).length > 0;

for (const bundle of known) {
  const absent = bundle === 'signed' && !vendored;
  const why = absent ? ' (skipped: scripts/vendor-duckdb.mjs has fetched no signed engine)' : '';
  describe.skipIf(absent)(`queries on the ${bundle} engine${why}`, () => suite(bundle));
}

function suite(bundle: string): void {
  const opened: Queries[] = [];
  const queriesOver = (files: Parameters<typeof shelfOf>[0], patienceMs?: number) => {
    const shelf = shelfOf(files);
    const made = createQueries({
      engine: shelf,
      bundle,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    opened.push(made);
    return { ...shelf, queries: made };
  };
  afterAll(() => opened.forEach((one) => one.restart()));

  const table = cells(5000);
  const csv = [
    'id,cell_type,score',
    ...table.id.map((id, i) => `${id},${table.cell_type[i]},${table.score[i] ?? ''}`),
  ].join('\n');
  const json = table.id
    .map((id, i) => JSON.stringify({ id, cell_type: table.cell_type[i], score: table.score[i] }))
    .join('\n');
  const lab = queriesOver({
    "lab/it's.parquet": parquetOf(table),
    'lab/more.parquet': parquetOf(cells(10, 5000)),
    'lab/cells.csv': textFile(csv, 'cells.csv'),
    'lab/cells.json': textFile(json, 'cells.json'),
    'lab/cells.jsonl': textFile(json, 'cells.jsonl'),
    'lab/parts': [
      { path: 'donor=1/a.parquet', file: parquetOf(cells(3)) },
      { path: 'donor=2/b c.parquet', file: parquetOf(cells(4, 3)) },
      { path: 'donor=2/_SUCCESS', file: textFile('', '_SUCCESS') },
    ],
    'lab/wide.csv': textFile('id,extra\n7,x\n', 'wide.csv'),
  });
  const { queries } = lab;

  const expected = Object.entries(Object.groupBy(table.id, (i) => table.cell_type[i] ?? ''))
    .map(([type, ids]) => {
      const scores = (ids ?? []).map((i) => table.score[i]).filter((one) => typeof one === 'number');
      return [type, ids?.length ?? 0, scores.length, scores.reduce((sum, one) => sum + one, 0)];
    })
    .sort((a, b) => String(a[0]).localeCompare(String(b[0]), 'en', { sensitivity: 'variant' }));
  const grouped = (source: string) =>
    `SELECT cell_type, count(*), count(score), sum(score) FROM ${source} GROUP BY 1 ORDER BY lower(cell_type)`;

  it('answers over parquet, CSV, JSON and packed text as plain JavaScript does', async () => {
    lab.files['lab/cells.csv.gz'] = await gzipped(csv, 'cells.csv.gz');
    lab.files['lab/cells.jsonl.gz'] = await gzipped(json, 'cells.jsonl.gz');
    for (const source of [
      "artifact('lab/it''s.parquet')",
      `artifact('${lab.uidOf("lab/it's.parquet")}')`,
      `"lab/it's.parquet"`,
      "artifact('lab/cells.csv')",
      "'lab/cells.csv'",
      "artifact('lab/cells.csv.gz')",
      "artifact('lab/cells.json')",
      "artifact('lab/cells.jsonl')",
      "artifact('lab/cells.jsonl.gz')",
      "artifact('lab/cells.csv', header = true, delim = ',')",
    ])
      expect([source, await rowsOf(queries, grouped(source))]).toEqual([source, expected]);
  });

  it('several artifacts are one table by column names, with the uid and key each row comes from', async () => {
    const rows = await rowsOf(
      queries,
      `SELECT artifact_key, artifact_uid, count(*), max(id), count(extra)
       FROM artifact(['lab/it''s.parquet', 'lab/more.parquet', 'lab/wide.csv', 'lab/cells.json']) GROUP BY 1, 2 ORDER BY 1`,
    );
    const of = (key: string, ...rest: unknown[]) => [key, lab.uidOf(key), ...rest];
    expect(rows).toEqual([
      of('lab/cells.json', 5000, 4999, 0),
      of("lab/it's.parquet", 5000, 4999, 0),
      of('lab/more.parquet', 10, 5009, 0),
      of('lab/wide.csv', 1, 7, 1),
    ]);
    const one = await queries.run("SELECT * FROM artifact(['lab/wide.csv'])");
    expect(columnsOf(one)).toEqual(['id', 'extra', 'artifact_uid', 'artifact_key']);
    const plain = await queries.run("SELECT * FROM artifact('lab/wide.csv')");
    expect(columnsOf(plain)).toEqual(['id', 'extra']);
    expect(plain.sources).toEqual([{ uid: lab.uidOf('lab/wide.csv'), key: 'lab/wide.csv' }]);
  });

  it('a folder is one table, with the columns of its partitions', async () => {
    expect(
      await rowsOf(
        queries,
        "SELECT donor, count(*), sum(id) FROM artifact('lab/parts') GROUP BY 1 ORDER BY 1",
      ),
    ).toEqual([
      [1, 3, 3],
      [2, 4, 18],
    ]);
  });

  it('names in strings, comments and other places are left alone', async () => {
    const sql = `WITH "art.1" AS (SELECT 'artifact(''lab/none'')' AS x -- FROM artifact('lab/none')
      /* FROM artifact('lab/none') */)
      SELECT é.x, $$ FROM 'lab/none.csv' $$, w.id, 'lab/none.csv' IS DISTINCT FROM 'lab/none.csv'
      FROM "art.1" AS é, 'lab/wide.csv' AS w JOIN artifact('lab/more.parquet') m ON m.id > w.id LIMIT 1;`;
    // A table expression may have a dot in its name too: then which is meant is not clear, and nothing is guessed.
    await expect(rowsOf(queries, sql)).rejects.toThrow(/art\.1/);
    expect(await rowsOf(queries, sql.replaceAll('art.1', 'art1'))).toEqual([
      ["artifact('lab/none')", " FROM 'lab/none.csv' ", 7, false],
    ]);
    const described = await rowsOf(queries, "DESCRIBE artifact('lab/wide.csv')");
    expect(described.map((row) => row.slice(0, 2))).toEqual([
      ['id', 'BIGINT'],
      ['extra', 'VARCHAR'],
    ]);
    expect((await rowsOf(queries, "SUMMARIZE 'lab/wide.csv'")).map((row) => row[0])).toEqual(['id', 'extra']);
    expect(String(await rowsOf(queries, "EXPLAIN SELECT id FROM artifact('lab/more.parquet')"))).toMatch(
      /READ_PARQUET/i,
    );
  });

  it('files that the page holds are tables, also after the worker was replaced', async () => {
    queries.hold('dropped.csv', textFile('a\n1\n2\n', 'x'));
    expect(await rowsOf(queries, "SELECT sum(a) FROM 'dropped.csv'")).toEqual([[3]]);
    queries.restart();
    expect(await rowsOf(queries, 'SELECT sum(a) FROM "dropped.csv"')).toEqual([[3]]);
    queries.hold('dropped.csv', textFile('a\n5\n', 'x'));
    expect(await rowsOf(queries, "SELECT sum(a) FROM artifact('dropped.csv')")).toEqual([[5]]);
    queries.release('dropped.csv');
    await expect(rowsOf(queries, "FROM 'dropped.csv'")).rejects.toMatchObject({ code: 'DoesNotExist' });
    expect(() => queries.hold('notes.docx', textFile('', 'x'))).toThrow(/notes.docx cannot be asked/);
  });

  it('comes in pages that are whole Arrow streams', async () => {
    const result = await queries.run("SELECT id, cell_type FROM artifact('lab/it''s.parquet') ORDER BY id", {
      rows: 2048,
    });
    const pages = [result.first];
    while (pages.at(-1)?.more) pages.push(await result.next());
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.map(({ from }) => from)).toEqual(
      pages.map((_, i) => pages.slice(0, i).reduce((sum, { rows }) => sum + rows, 0)),
    );
    const ids = pages.flatMap(({ ipc, rows }) => {
      const part = tableFromIPC(ipc);
      expect(part.numRows).toBe(rows);
      return Array.from(part.getChild('id') ?? []);
    });
    expect(ids).toEqual(table.id);
    await expect(result.next()).rejects.toMatchObject({ code: 'StatementCancelled' });
    const meter = result.first.meter;
    expect(meter).toMatchObject({
      files: 1,
      totalBytes: lab.files["lab/it's.parquet"] instanceof File ? lab.files["lab/it's.parquet"].size : 0,
    });
  });

  it('values of every kind keep what they are', async () => {
    const result = await queries.run(
      `SELECT 'a'::ENUM('a', 'b') AS e, NULL::ENUM('a') AS n, 9223372036854775807 AS big, 1.25::DECIMAL(9, 2) AS d,
       TIMESTAMP '2024-02-29 12:00:00.000001' AS t, DATE '2024-02-29' AS day, [1, NULL] AS l, {'x': 'y'} AS s, '\\xC3'::BLOB AS b`,
    );
    const [row] = tableFromIPC(result.first.ipc).toArray() as Record<string, unknown>[];
    expect(row?.['e']).toBe('a');
    expect(row?.['n']).toBeNull();
    expect(row?.['big']).toBe(9223372036854775807n);
    expect(String(row?.['d'])).toBe('125');
    expect(JSON.stringify(row?.['l'])).toBe('[1,null]');
    await expect(queries.run("SELECT ['a'::ENUM('a')] AS deep")).rejects.toThrow(/"deep".*Cast/);
  });

  it('a cast that fails at row 50,000 is an error, never fewer rows', async () => {
    const late =
      "SELECT CAST(CASE WHEN range = 50000 THEN 'x' ELSE range::VARCHAR END AS INT) AS n FROM range(100000)";
    for (const rows of [2048, 1_000_000]) {
      const outcome = await drained(queries, late, rows);
      expect(outcome.error?.message).toMatch(/Could not convert|Conversion Error/);
      expect(outcome.error?.message).toMatch(/TRY_CAST/);
      expect(outcome.ended).toBe(false);
    }
    const file = textFile(
      `n\n${Array.from({ length: 60_000 }, (_, i) => (i === 50_000 ? 'x' : i)).join('\n')}\n`,
      'n.csv',
    );
    queries.hold('late.csv', file);
    const outcome = await drained(
      queries,
      "FROM artifact('late.csv', types = {'n': 'INTEGER'}, header = true)",
      2048,
    );
    expect(outcome.error?.message).toMatch(/late\.csv|convert/i);
    expect((await drained(queries, "SELECT error('boom')", 10)).error?.message).toMatch(/boom/);
    expect(await rowsOf(queries, 'SELECT 7')).toEqual([[7]]);
  });

  it('reads every packing of parquet, those that the engine does not by a copy made once', async () => {
    const packings: Packing[] = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD', 'BROTLI', 'LZ4', 'LZ4_RAW'];
    const files: Record<string, File> = {};
    for (const packing of packings) files[`${packing}.parquet`] = await packedParquet(table, packing);
    const packed = queriesOver(files);
    for (const packing of packings) {
      const phases = new Set<string>();
      const rows = await rowsOf(packed.queries, grouped(`artifact('${packing}.parquet')`), (phase) =>
        phases.add(phase),
      );
      expect([packing, rows]).toEqual([packing, expected]);
    }
    // A fresh worker finds the copies again.
    packed.queries.restart();
    const before = await copies();
    expect(before.length).toBeGreaterThanOrEqual(bundle === 'static' ? 3 : 0);
    expect(await rowsOf(packed.queries, grouped("artifact('BROTLI.parquet')"))).toEqual(expected);
    expect(await copies()).toEqual(before);
  });

  it('damaged, cut and vanished files are told in words', async () => {
    const whole = parquetOf(table);
    const bytes = new Uint8Array(await whole.arrayBuffer());
    const bent = bytes.slice();
    bent.fill(0xff, 4, 40);
    const brotli = new Uint8Array(await (await packedParquet(table, 'BROTLI')).arrayBuffer());
    brotli.fill(0x5a, 40, 400);
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle('changing.parquet', { create: true });
    await rewrite(handle, bytes);
    const broken = queriesOver({
      'cut.parquet': new File([bytes.subarray(0, bytes.length - 20)], 'cut.parquet'),
      'empty.parquet': new File([], 'empty.parquet'),
      'bent.parquet': new File([bent], 'bent.parquet'),
      'brotli.parquet': new File([brotli], 'brotli.parquet'),
      'changed.parquet': await handle.getFile(),
      'latin1.csv': new File([new Uint8Array([0x61, 0x0a, 0xe9, 0x0a])], 'latin1.csv'),
      'picture.png': new File([], 'picture.png'),
      'good.parquet': whole,
    });
    // Longer, so that ranges of the old description still exist.
    await rewrite(handle, new Uint8Array([...bytes, ...bytes]));
    for (const [key, words] of [
      ['cut.parquet', /cut\.parquet.*incomplete/],
      ['empty.parquet', /empty\.parquet.*incomplete/],
      ['bent.parquet', /bent\.parquet is probably damaged/],
      ['brotli.parquet', /brotli\.parquet.*BROTLI/],
      ['changed.parquet', /changed\.parquet.*changed/],
      ['latin1.csv', /UTF-8/],
      ['picture.png', /picture\.png cannot be asked.*\.parquet/],
    ] as const) {
      const { error, ended } = await drained(broken.queries, `SELECT * FROM artifact('${key}')`, 1_000_000);
      expect([key, error?.message ?? 'no error', ended]).toEqual([key, expect.stringMatching(words), false]);
      expect(error?.message).not.toMatch(/loam\//);
    }
    await root.removeEntry('changing.parquet');
    expect(await rowsOf(broken.queries, grouped("artifact('good.parquet')"))).toEqual(expected);
  });

  it('a file of which a read failed is opened anew by the next statement, even where it looks the same', async () => {
    // So large that the first statement leaves columns unread.
    const long = cells(200_000);
    const bytes = new Uint8Array(await parquetOf(long).arrayBuffer());
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle('flaky.parquet', { create: true });
    await rewrite(handle, bytes);
    const seen = async () => new File([await handle.getFile()], 'flaky.parquet', { lastModified: 1 });
    const flaky = queriesOver({ 'flaky.parquet': await seen(), 'good.parquet': parquetOf(table) });
    const first = await rowsOf(flaky.queries, "SELECT count(id) FROM artifact('flaky.parquet')");
    expect(first).toEqual([[long.id.length]]);
    // The same bytes, but what was handed out before cannot be read any more.
    await rewrite(handle, bytes);
    const { error } = await drained(flaky.queries, `SELECT * FROM artifact('flaky.parquet')`, 1_000_000);
    expect(error?.message).toMatch(/flaky\.parquet was changed or cannot be read/);
    flaky.files['flaky.parquet'] = await seen();
    const sum = long.score.reduce<number>((all, one) => all + (one ?? 0), 0);
    expect(await rowsOf(flaky.queries, "SELECT sum(score) FROM artifact('flaky.parquet')")).toEqual([[sum]]);
    expect(await rowsOf(flaky.queries, grouped("artifact('good.parquet')"))).toEqual(expected);
    await root.removeEntry('flaky.parquet');
  });

  it('a statement is cancelled while it works and between its pages; others go on', async () => {
    const stop = new AbortController();
    const endless = queries.run(
      'SELECT count(*) FROM range(100000000) a, range(1000) b WHERE a.range % 7 = b.range % 11',
      { signal: stop.signal },
    );
    const beside = await rowsOf(queries, grouped("artifact('lab/it''s.parquet')"));
    expect(beside).toEqual(expected);
    stop.abort();
    await expect(endless).rejects.toMatchObject({ code: 'StatementCancelled' });
    const paged = await queries.run('FROM range(1000000)', { rows: 2048 });
    paged.close();
    await expect(paged.next()).rejects.toMatchObject({ code: 'StatementCancelled' });
    expect(await rowsOf(queries, 'SELECT 7')).toEqual([[7]]);
  });

  it('one that cannot be interrupted loses its worker, and the next statement starts another', async () => {
    const stubborn = queriesOver({ 'good.parquet': parquetOf(table) }, 300);
    await stubborn.queries.status();
    const stop = new AbortController();
    // One call of one function, within which nothing listens.
    const hung = stubborn.queries.run("SELECT levenshtein(repeat('a', 60000), repeat('b', 60000))", {
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 200);
    await expect(hung).rejects.toMatchObject({ code: 'StatementCancelled' });
    expect(await rowsOf(stubborn.queries, grouped("artifact('good.parquet')"))).toEqual(expected);
  });

  it('out of memory is said with what to do; the session goes on in a fresh engine with its sources', async () => {
    const big = queriesOver({ 'good.parquet': parquetOf(table) });
    big.queries.hold('own.csv', textFile('a\n1\n', 'own.csv'));
    const greedy = "FROM (SELECT repeat('x', 10000) || range AS long FROM range(2000000)) ORDER BY long";
    const error = await big.queries.run(greedy).then(
      () => null,
      (reason: unknown) => reason as LoamError,
    );
    expect(error).toMatchObject({ code: 'OutOfMemory' });
    expect(error?.message).toMatch(/1\.4 GB.*LIMIT/);
    expect(
      await rowsOf(big.queries, "SELECT (SELECT a FROM 'own.csv'), count(*) FROM artifact('good.parquet')"),
    ).toEqual([[1, 5000]]);
    const { memory, memoryLimit } = await big.queries.status();
    expect(memory).toBeLessThan(memoryLimit / 4);
  });
}

/* ---------- reading results ---------- */

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

function rowsIn(table: Table): unknown[][] {
  const columns = table.schema.fields.map(({ type }, i) => {
    const values = Array.from(table.getChildAt(i) ?? []);
    // Sums of whole numbers are decimals of scale 0.
    return DataType.isDecimal(type)
      ? values.map((one) => (one === null ? null : Number(one) / 10 ** type.scale))
      : values.map(plain);
  });
  return Array.from({ length: table.numRows }, (_, row) => columns.map((column) => column[row]));
}

async function rowsOf(
  queries: Queries,
  sql: string,
  onPhase: (phase: string) => void = () => {},
): Promise<unknown[][]> {
  const result = await queries.run(sql, { rows: 1_000_000, onProgress: ({ phase }) => onPhase(phase) });
  expect(result.first.more).toBe(false);
  return rowsIn(tableFromIPC(result.first.ipc));
}

const columnsOf = (result: QueryResult) =>
  tableFromIPC(result.first.ipc).schema.fields.map(({ name }) => name);

/** All pages, or the error that came instead of one. */
async function drained(queries: Queries, sql: string, rows: number) {
  let ended = false;
  try {
    const result = await queries.run(sql, { rows });
    let page = result.first;
    while (page.more) page = await result.next();
    ended = true;
    return { error: null, ended };
  } catch (error) {
    return { error: error as LoamError, ended };
  }
}

async function copies(): Promise<[string, number][]> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('query-copies', { create: true });
  const found: [string, number][] = [];
  for await (const [name, handle] of folder.entries())
    found.push([name, (await (handle as FileSystemFileHandle).getFile()).lastModified]);
  return found.sort();
}

async function rewrite(handle: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const writable = await handle.createWritable();
  await writable.write(bytes);
  await writable.close();
}
