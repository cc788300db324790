// Queries over artifacts of the database in use: files dropped, found by key in SQL, asked where they lie in the browser's
// private file system. And the odd files of others: their values, or a refusal in words.
import { DataType, tableFromIPC } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { createQueries } from '../../src/lib/client/duckdb.ts';
import { connectEngine } from '../../src/lib/client/engine.ts';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { cells, packedParquet, parquetOf, saveFile, textFile } from './duckdb-files.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of odd and real data files. */
    bio: string | null;
  }
}

const client = connectEngine({ name: 'duckdb-artifacts' });
const { engine } = client;
const queries = createQueries({ engine });
afterAll(() => {
  queries.restart();
  client.close();
});

const save = (key: string, file: File) => saveFile(engine, key, file);

const first = async (sql: string): Promise<unknown[]> => {
  const { first: page } = await queries.run(sql);
  const table = tableFromIPC(page.ipc);
  return table.schema.fields.map((_, i) => {
    const value = table.getChildAt(i)?.get(0) as unknown;
    return typeof value === 'bigint' ? Number(value) : value;
  });
};

describe('queries over artifacts', () => {
  it('asks files where they lie, by key and uid; the newest version of a key; near names for a wrong one', async () => {
    const old = await save('queries/cells.parquet', parquetOf(cells(100)));
    expect(await first("SELECT count(*), max(id) FROM artifact('queries/cells.parquet')")).toEqual([100, 99]);
    await save('queries/cells.parquet', parquetOf(cells(150)));
    await save('queries/more.parquet', await packedParquet(cells(5, 1000), 'BROTLI'));
    await save('queries/names.csv', textFile('cell_type,short\nB cell,B\nT cell,T\n', 'names.csv'));
    expect(await first("SELECT count(*) FROM 'queries/cells.parquet'")).toEqual([150]);
    expect(await first(`SELECT count(*) FROM artifact('${old}')`)).toEqual([100]);
    const joined = await queries.run(
      `SELECT short, count(*) FROM artifact(['queries/cells.parquet', 'queries/more.parquet']) c
       JOIN 'queries/names.csv' n USING (cell_type) GROUP BY 1 ORDER BY 1`,
    );
    expect(joined.sources.map(({ key }) => key)).toEqual([
      'queries/cells.parquet',
      'queries/more.parquet',
      'queries/names.csv',
    ]);
    expect(tableFromIPC(joined.first.ipc).getChild('short')?.toArray()).toEqual(['B', 'T']);
    const refused = await queries
      .run("FROM artifact('querys/cells.parquet')")
      .catch((error: unknown) => error);
    expect(isLoamError(refused, 'DoesNotExist')).toBe(true);
    expect((refused as Error).message).toMatch(/Did you mean 'queries\/cells\.parquet'/);
  });

  it('a write to the registry goes on beside a query', async () => {
    const page = queries.run('SELECT count(*) FROM range(2000000) a WHERE hash(range) % 7 = 3');
    expect(await engine.createULabel('made beside a query')).toMatchObject({ name: 'made beside a query' });
    expect((await page).first.rows).toBe(1);
  });
});

const bio = inject('bio');
const why = bio === null ? ' (skipped: LOAM_FIXTURES has no fixtures/bio)' : '';
const odd = [
  ...[
    'parquet/adam_genotypes',
    'parquet/alltypes_plain.snappy',
    'parquet/alltypes_tiny_pages',
    'parquet/list_columns',
  ],
  ...['parquet/bad_ARROW-GH-43605', 'parquet/nation.dict-malformed', 'parquet/nested_maps.snappy'],
  ...[
    'parquet/uniform_encryption',
    'odd/types_mix',
    'odd/wide_5000_columns',
    'odd/zero_bytes',
    'odd/zero_rows',
  ],
];

describe.skipIf(bio === null)(`odd parquet files${why}`, () => {
  it.each(odd)('%s: the values that hyparquet reads, or a refusal in words', async (name) => {
    const bytes = await (await fetch(`/@fs${bio}/${name}.parquet`)).arrayBuffer();
    queries.hold('odd.parquet', new File([bytes], 'odd.parquet'));
    const outcome = await queries
      .run("FROM 'odd.parquet'", { rows: 1_000_000 })
      .catch((error: unknown) => error);
    if (isLoamError(outcome)) {
      expect(outcome.code).toMatch(/^(?:FileUnreadable|SqlError)$/);
      expect(outcome.message).toMatch(/odd\.parquet/);
      expect(refusedOnes).toContain(name);
      return;
    }
    expect(refusedOnes).not.toContain(name);
    if (outcome instanceof Error) throw outcome;
    const { first: page } = outcome as Awaited<ReturnType<typeof queries.run>>;
    const table = tableFromIPC(page.ipc);
    const file = { byteLength: bytes.byteLength, slice: (a: number, b?: number) => bytes.slice(a, b) };
    const rows = await parquetReadObjects({ file, compressors, utf8: false }).catch(() => null);
    expect(table.numRows).toBe(rows?.length ?? rowsByPython[name]);
    if (rows === null) return;
    for (const [i, field] of table.schema.fields.entries()) {
      const { type } = field;
      if (
        ![DataType.isInt, DataType.isFloat, DataType.isBool, DataType.isUtf8, DataType.isBinary].some((is) =>
          is(type),
        )
      )
        continue;
      const own = Array.from(table.getChildAt(i) ?? []).map(comparable);
      expect([field.name, own]).toEqual([field.name, rows.map((row) => comparable(row[field.name]))]);
    }
  });
});

/** Of what hyparquet does not read, as pyarrow counts. */
const rowsByPython: Record<string, number> = { 'parquet/nation.dict-malformed': 25 };

/** Encrypted, and empty. */
const refusedOnes = ['parquet/uniform_encryption', 'odd/zero_bytes'];

function comparable(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isNaN(value) ? 'NaN' : String(Math.fround(value));
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return value ?? null;
}
