// Many artifacts as one table: lists, collections and views with what their artifacts are annotated with, files that do
// not agree, files that need not be opened, and tables of the registries beside them.
import { tableFromIPC } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQueries, type Drift, type QueryResult } from '../../src/lib/client/duckdb.ts';
import { connectEngine } from '../../src/lib/client/engine.ts';
import { emptyView, viewQuery } from '../../src/lib/client/view-address.ts';
import { isLoamError, type LoamError } from '../../src/lib/engine/errors.ts';
import type { View } from '../../src/lib/workers/wire.ts';
import { cells, parquetOf, saveFile, shelfOf, textFile } from './duckdb-files.ts';

const client = connectEngine({ name: 'duckdb-lists' });
const { engine } = client;
const queries = createQueries({ engine });
afterAll(() => {
  queries.restart();
  client.close();
});

const save = (key: string, file: File) => saveFile(engine, key, file);

function rowsOf(result: QueryResult): unknown[][] {
  const table = tableFromIPC(result.first.ipc);
  const plain = (value: unknown): unknown => {
    if (typeof value === 'bigint') return Number(value);
    return typeof value === 'object' && value !== null && 'toArray' in value
      ? [...(value as { toArray(): unknown[] }).toArray()]
      : value;
  };
  return Array.from({ length: table.numRows }, (_, row) =>
    table.schema.fields.map((_, column) => plain(table.getChildAt(column)?.get(row))),
  );
}
/** Artifacts of other files of this profile are left alone. */
const under = (start: string): View => ({
  ...emptyView('Artifact'),
  filter: { kind: 'all', items: [{ kind: 'test', field: 'key', op: 'istartswith', value: start }] },
});
const ask = async (sql: string) => rowsOf(await queries.run(sql));
const refused = async (sql: string): Promise<LoamError> => {
  const error: unknown = await queries.run(sql).then(
    () => null,
    (failure: unknown) => failure,
  );
  if (!isLoamError(error)) throw new Error(`Not refused: ${sql}`);
  return error;
};

/**
 * Six plates, 100 wells each; ids 1000–1099 on the first, 1100–1199 on the second … Other files of this profile's database
 * have other content.
 */
const plates: string[] = [];

beforeAll(async () => {
  for (let i = 0; i < 6; i++)
    plates.push(await save(`screen/plate-${i}.parquet`, parquetOf(cells(100, 1000 + i * 100))));
  await save('screen/notes.md', textFile('# Notes', 'notes.md'));
  await engine.createFeature('donor', 'str');
  await engine.createFeature('dose', 'float');
  await engine.createFeature('key', 'str');
  for (const [i, uid] of plates.entries())
    await engine.setFeatures(uid, { donor: `D${i % 2}`, dose: i / 2, key: `k${i}` });
  await engine.addLabels(plates.slice(0, 3), ['treated', 'batch 1']);
}, 60_000);

describe('many artifacts as one table', () => {
  it('[row 30] a filtered list is one table with uid, key and annotations of each artifact', async () => {
    const address = viewQuery(under('screen/plate'));
    const result = await queries.run(
      `SELECT artifact_key, artifact_donor, artifact_dose, artifact_feature_key, artifact_labels, count(*), min(id) - 1000
       FROM artifacts('${address}') GROUP BY ALL ORDER BY artifact_key`,
    );
    expect(rowsOf(result)).toEqual(
      plates.map((_, i) => [
        `screen/plate-${i}.parquet`,
        `D${i % 2}`,
        i / 2,
        `k${i}`,
        i < 3 ? ['batch 1', 'treated'] : [],
        100,
        i * 100,
      ]),
    );
    expect(result.sources.map(({ uid }) => uid).sort()).toEqual([...plates].sort());
    const star = await queries.run(`FROM artifacts('${address}') LIMIT 1`);
    expect(tableFromIPC(star.first.ipc).schema.fields.map(({ name }) => name)).toEqual([
      ...['id', 'cell_type', 'score', 'artifact_uid', 'artifact_key', 'artifact_description'],
      ...['artifact_created_at', 'artifact_labels', 'artifact_projects'],
      ...['artifact_donor', 'artifact_dose', 'artifact_feature_key'],
    ]);
  });

  it('[row 30] a saved view and a collection are tables; what is no table in a view is counted, in a collection refused', async () => {
    await engine.saveView({
      registry: 'Artifact',
      name: 'The screen',
      view: under('screen/'),
    });
    const result = await queries.run(`SELECT count(*) FROM artifacts('The screen')`);
    expect(rowsOf(result)).toEqual([[600]]);
    expect(result.others).toBe(1);
    await engine.create('Collection', { key: 'screens/first', artifacts: plates.slice(0, 2) });
    expect(
      await ask(`SELECT artifact_key, count(*) FROM collection('screens/first') GROUP BY 1 ORDER BY 1`),
    ).toEqual([
      ['screen/plate-0.parquet', 100],
      ['screen/plate-1.parquet', 100],
    ]);
    expect((await refused(`FROM artifacts('The scren')`)).message).toMatch(/Did you mean 'The screen'\?/);
    expect((await refused(`FROM collection('screens/frist')`)).message).toMatch(
      /Did you mean 'screens\/first'\?/,
    );
    expect((await refused(`FROM artifacts('?where=nonsense')`)).code).toBe('InvalidArgument');
  });

  it('[row 30] conditions on annotations and on columns leave files unopened, and change no answer', async () => {
    const all = `artifacts('?where=key:starts:screen/plate')`;
    const by = async (where: string) => {
      const { first } = await queries.run(
        `SELECT count(*), min(id) - 1000, max(id) - 1000 FROM ${all} t WHERE ${where}`,
      );
      const [row] = rowsOf({ first } as QueryResult);
      const { byAnnotations, byFooters } = first.meter.leftOut;
      return [...(row ?? []), byAnnotations, byFooters];
    };
    expect(await by(`artifact_donor = 'D1'`)).toEqual([300, 100, 599, 3, 0]);
    expect(await by(`t.artifact_dose BETWEEN 1 AND 1.5 AND id >= 1250`)).toEqual([150, 250, 399, 4, 0]);
    expect(await by(`id < 1150`)).toEqual([150, 0, 149, 0, 4]);
    expect(await by(`id IN (1020, 1520) AND list_contains(artifact_labels, 'treated')`)).toEqual([
      1, 20, 20, 3, 2,
    ]);
    // Not every row must meet these.
    expect(await by(`id < 1050 OR artifact_donor = 'D1'`)).toEqual([350, 0, 599, 0, 0]);
    expect(await by(`artifact_donor IS NULL`)).toEqual([0, null, null, 5, 0]);
    const outer = `SELECT count(*) FROM range(1) r LEFT JOIN ${all} t ON true WHERE t.artifact_donor IS NULL`;
    expect(await ask(outer)).toEqual([[0]]);
    // Scores hold no NaN here, but could: the engine takes it for the greatest.
    expect(await by(`score > 1000`)).toEqual([0, null, null, 0, 0]);
  });

  it('[row 31] files that miss a column are told; files that do not agree are refused before anything runs', async () => {
    const table = (data: { name: string; data: unknown[]; type: 'INT32' | 'STRING' }[], name: string) =>
      new File([parquetWriteBuffer({ columnData: data })], name);
    await save('drift/a.parquet', table([{ name: 'n', data: [1, 2], type: 'INT32' }], 'a.parquet'));
    await save('drift/b.parquet', table([{ name: 'n', data: [3, 4], type: 'INT32' }], 'b.parquet'));
    await save(
      'drift/c.parquet',
      table(
        [
          { name: 'n', data: ['5', '6'], type: 'STRING' },
          { name: 'more', data: ['x', 'y'], type: 'STRING' },
        ],
        'c.parquet',
      ),
    );
    const list = `artifact(['drift/a.parquet', 'drift/b.parquet', 'drift/c.parquet'])`;
    const error = await refused(`SELECT sum(n) FROM ${list}`);
    expect(error.code).toBe('SchemaDrift');
    expect(error.message).toMatch(
      /"n" is INTEGER in 2 \(such as drift\/a\.parquet\) and VARCHAR in 1.*types = \{'n': 'INTEGER'\}/,
    );
    const [drift] = JSON.parse(String(error.details['drift'])) as Drift[];
    expect(drift?.columns).toMatchObject([
      { name: 'n', proposal: 'INTEGER', missing: 0 },
      { name: 'more', types: [], missing: 2, missingExample: 'drift/a.parquet' },
    ]);
    const fixed = await queries.run(
      `SELECT sum(n)::INTEGER, count(more) FROM ${list.replace('])', `], types = {'n': 'INTEGER'})`)}`,
    );
    expect(rowsOf(fixed)).toEqual([[21, 2]]);
    expect(fixed.first.drift).toMatchObject([{ use: 0, files: 3, columns: [{ name: 'more', missing: 2 }] }]);
    const mixed = await queries.run(`SELECT max(n) FROM ${list}`, { mixed: true });
    expect(rowsOf(mixed)).toEqual([['6']]);
    // A column that only files left unopened have is still there.
    const narrow = await queries.run(
      `SELECT more FROM ${list.replace('])', `], types = {'n': 'INTEGER'})`)} WHERE artifact_key LIKE '%/a.parquet'`,
    );
    expect(rowsOf(narrow)).toEqual([[null], [null]]);
    const wrong = await refused(`FROM artifact('drift/a.parquet', types = {'n': 'INTEGER); DROP TABLE x'})`);
    expect(wrong.message).toMatch(/is no type/);
  });

  it('[row 31] texts are compared by what their reader makes of them', async () => {
    await save('texts/a.csv', textFile('id,when\n1,2026-01-02\n', 'a.csv'));
    await save('texts/b.csv', textFile('id,when\n2,soon\n', 'b.csv'));
    const error = await refused(`FROM artifact(['texts/a.csv', 'texts/b.csv'])`);
    expect(error.message).toMatch(/"when" is DATE in 1 .*VARCHAR in 1/);
    expect(
      await ask(
        `SELECT "when" FROM artifact(['texts/a.csv', 'texts/b.csv'], types = {'when': 'VARCHAR'}) ORDER BY id`,
      ),
    ).toEqual([['2026-01-02'], ['soon']]);
  });

  it('[row 35] tables of the registries stand beside files in one statement', async () => {
    const sql = `SELECT a.size > 0, u.name, count(*) FROM artifacts('?where=key:starts:screen/plate') t
      JOIN lamindb_artifact a ON a.uid = t.artifact_uid
      JOIN lamindb_artifactulabel l ON l.artifact_id = a.id JOIN lamindb_ulabel u ON u.id = l.ulabel_id
      WHERE u.name = 'treated' GROUP BY ALL`;
    expect(await ask(sql)).toEqual([[true, 'treated', 300]]);
    await engine.createULabel('made later');
    expect(
      await ask(
        `SELECT u.name FROM lamindb_ulabel u, artifact('${plates[0]}') t WHERE u.name = 'made later' LIMIT 1`,
      ),
    ).toEqual([['made later']]);
    // A name that the statement makes itself hides the registry's.
    expect(
      await ask(
        `WITH lamindb_ulabel AS (SELECT 7 AS x) SELECT x FROM lamindb_ulabel, artifact('${plates[0]}') LIMIT 1`,
      ),
    ).toEqual([[7]]);
    expect((await refused(`FROM lamindb_nothing, artifact('${plates[0]}')`)).message).toMatch(
      /no registry table "lamindb_nothing"/,
    );
    expect((await refused(`FROM loam_act, artifact('${plates[0]}')`)).message).toMatch(/no registry table/);
  });
});

it('hundreds of text files are one table, in the memory that the engine counts', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [
      `part${i}.csv`,
      // One file has a number with a point, one a code that is no number; the zeros of the others count.
      textFile(`id,half,code\n${i},${i === 250 ? 0.5 : i},${i === 7 ? 'x' : '01'}\n`, 'part.csv'),
    ]),
  );
  const held = createQueries({ engine: shelfOf(files) });
  const all = `artifact([${Object.keys(files)
    .map((name) => `'${name}'`)
    .join(', ')}])`;
  try {
    const asked = async (sql: string) => rowsOf(await held.run(sql));
    expect(
      await asked(
        `SELECT count(*), sum(id)::INTEGER, sum(half), count(DISTINCT artifact_key), min(code) FROM ${all}`,
      ),
    ).toEqual([[300, 44_850, 44_600.5, 300, '01']]);
    expect(await asked(`SELECT artifact_key, code FROM ${all} WHERE id = 7`)).toEqual([['part7.csv', 'x']]);
    expect((await held.status()).memory).toBeLessThan(600e6);
  } finally {
    held.restart();
  }
});
