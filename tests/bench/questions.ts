// Our side of the questions, bundled and run by scripts/bench-questions.mjs: `make FOLDER N` writes the database for both
// sides, `ask FOLDER` opens it cold in SQLite's wasm build and prints one round, with the answers to compare.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { model } from '../../src/lib/engine/model/model.ts';
import type { Engine } from '../../src/lib/engine/index.ts';
import { prepareForPython } from '../../src/lib/engine/interop/python-export.ts';
import { pythonScript, storageMarker } from '../../src/lib/engine/interop/python-script.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { emptyView, type FilterTest, type View } from '../../src/lib/engine/view/view.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { fillQuestions, keyOf, openEngine } from './questions-database.ts';

const [command, folder = '.', size = '100000'] = process.argv.slice(2);
const ours = join(folder, 'loam.db');

/** SQLite's wasm build holds a file of 1 GB in memory at most; a larger one stays on disk, read through 64 MB of cache. */
const mostInMemory = 300_000;

async function make(): Promise<void> {
  if (Number(size) > mostInMemory) {
    const driver = openNode(ours, { engine: 'wasm' });
    driver.exec('PRAGMA synchronous=off');
    await fillQuestions(driver, Number(size));
    driver.close();
    return;
  }
  const driver = await openMemory();
  await fillQuestions(driver, Number(size));
  const bytes = driver.serialize();
  writeFileSync(ours, bytes);
  const [[uid = ''] = []] = driver.all('SELECT uid FROM lamindb_storage WHERE id = 1');
  driver.close();
  const copy = await openMemory({ bytes });
  prepareForPython(copy, model);
  copy.exec('VACUUM');
  mkdirSync(join(folder, 'python/.lamindb'), { recursive: true });
  writeFileSync(join(folder, 'python/.lamindb/lamin.db'), copy.serialize());
  writeFileSync(join(folder, 'python/.lamindb/storage_uid.txt'), storageMarker(String(uid)));
  const storages = { [String(uid)]: '' };
  const script = pythonScript({ owner: 'anonymous', name: 'bench', modules: ['bionty'], storages });
  writeFileSync(join(folder, 'python/open_in_python.py'), script);
  copy.close();
}

/** The file without anything of it in memory yet. */
const openCold = (): Promise<SqlDriver> | SqlDriver =>
  statSync(ours).size > mostBytes
    ? openNode(ours, { engine: 'wasm' })
    : openMemory({ bytes: new Uint8Array(readFileSync(ours)) });

const mostBytes = 700_000_000;

const out: Record<string, number> = {};
const answers: Record<string, unknown> = {};
/** What native SQLite counts too: the values of each facet with their numbers. */
const counted: Record<string, unknown> = {};
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Asked once each: for the answers, not the times. */
const short = process.env['LOAM_BENCH_SHORT'] === '1';

/** Median of `times` calls; answers what the last one did. */
async function reps<T>(name: string, times: number, ask: () => T | Promise<T>): Promise<T> {
  const [walls, cpus]: [number[], number[]] = [[], []];
  let last: T;
  do {
    const [wall, cpu] = [performance.now(), cpuMs()];
    last = await ask();
    walls.push(performance.now() - wall);
    cpus.push(cpuMs() - cpu);
  } while (!short && walls.length < times);
  out[name] = middle(walls);
  out[`${name}Cpu`] = middle(cpus);
  return last;
}

/** What Python is asked too (questions.py, in the same order and under the same names). */
async function besidePython(engine: Engine): Promise<void> {
  const key = keyOf(7);
  const fields = ['uid', 'key', 'description', 'size', 'hash', 'created_at'];
  const shown = (ids: number[]) =>
    engine.queryRows({ registry: 'Artifact', filters: [{ id__in: ids }] }, fields);
  for (const [name, words] of [
    ['searchWords', 'T cell'],
    ['searchName', 'file_12345'],
  ] as const)
    answers[name] = (
      await reps(name, 5, () =>
        shown(engine.searchRows('Artifact', words, { limit: 20 }).map(({ id }) => id)),
      )
    ).length;
  const above = { registry: 'Artifact', filters: [{ score__gt: 9000.5 }] };
  answers['featureFilter'] = await reps('featureFilter', 5, () => engine.queryCount(above));
  const found = await reps('getByKey', 15, () => engine.getRow('Artifact', { key }, fields));
  answers['getByKey'] = found[0];
  const uid = String(found[0]);
  answers['getByUid'] = (await reps('getByUid', 15, () => engine.getRow('Artifact', uid, fields)))[1];
  const include = ['ulabels__name', 'created_by__handle'];
  const frame = await reps('frame', 5, () =>
    engine.dataFrame({ registry: 'Artifact' }, { limit: 1000, include }),
  );
  answers['frame'] = [frame.index.length, frame.columns.length];
  const lines = await reps('describe', 5, () => engine.describeRow('Artifact', { key }));
  answers['describe'] = lines.join('\n').includes('score');
  const rows = 10_000;
  const table = {
    score: Array.from({ length: rows }, (_, i) => i / 7),
    note: Array.from({ length: rows }, (_, i) => `n${i}`),
  };
  const done = await reps('sheet', 1, () => engine.importRows('BenchSheet', table));
  answers['sheet'] = done.created;
}

const filtered = (...items: FilterTest[]): View => ({
  ...emptyView('Artifact'),
  filter: { kind: 'all', items },
});

/** First pages under a filter on each indexed field, by several comparisons; the slowest counts. */
async function firstPages(engine: Engine, driver: SqlDriver): Promise<void> {
  const table = model.registry.get('Artifact');
  if (!table) throw new Error('There is no Artifact.');
  const tests: FilterTest[] = [
    { kind: 'test', field: 'ulabels__name', op: 'exact', value: 'lab 3' },
    { kind: 'test', field: 'created_by__handle', op: 'exact', value: 'anonymous' },
    { kind: 'test', field: 'score', feature: true, op: 'gt', value: 9000.5 },
  ];
  for (const { name, references, indexed, unique } of table.columns) {
    if (references || !(indexed || unique || name === 'id')) continue;
    const [[value = null] = []] = driver.all(
      `SELECT "${name}" FROM lamindb_artifact WHERE "${name}" IS NOT NULL ORDER BY abs(id - (SELECT max(id) FROM lamindb_artifact) / 2) LIMIT 1`,
    );
    tests.push({ kind: 'test', field: name, op: 'isnull', value: true });
    if (value === null || typeof value === 'object') continue;
    for (const op of ['exact', 'gt', 'lt'] as const)
      tests.push({
        kind: 'test',
        field: name,
        op,
        value: Number.isInteger(value) ? Number(value) : String(value),
      });
  }
  const times: Record<string, number> = {};
  const spent: Record<string, number> = {};
  for (const test of tests) {
    const name = `${test.field} ${test.op}`;
    try {
      await reps(name, 3, () => engine.listRows(filtered(test), { after: null, limit: 100 }));
      times[name] = out[name] ?? NaN;
      spent[name] = out[`${name}Cpu`] ?? NaN;
    } catch (error) {
      times[name] = NaN;
      console.error(`${name} is no filter of a list: ${String(error)}`);
    }
    delete out[name];
    delete out[`${name}Cpu`];
  }
  const slowest = Object.entries(times).filter(([, ms]) => ms > 0);
  out['firstPage'] = Math.max(...slowest.map(([, ms]) => ms));
  out['firstPageCpu'] = Math.max(...slowest.map(([name]) => spent[name] ?? NaN));
  const shown = slowest
    .sort(([, a], [, b]) => b - a)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)} (${spent[name]?.toFixed(1)})`);
  console.error('first pages, in brackets CPU', shown.join(', '));
}

/** All facets of a list; questions-native.py asks for the filtered ones too. */
async function facets(engine: Engine): Promise<void> {
  const narrow = filtered(
    { kind: 'test', field: 'suffix', op: 'exact', value: '.csv' },
    { kind: 'test', field: 'size', op: 'gt', value: 500_000 },
  );
  for (const [name, view] of [
    ['facets', emptyView('Artifact')],
    ['facetsFiltered', narrow],
  ] as const) {
    const specs = engine.facetSpecs(view);
    const each: number[] = [];
    const values: unknown[] = [];
    for (const spec of specs) {
      const facet = await reps('one', 3, () => engine.listFacet(view, spec));
      each.push(out['one'] ?? NaN);
      values.push([spec.field, facet.missing, facet.values.map(({ value, count }) => [value, count])]);
    }
    counted[name] = values;
    out[name] = each.reduce((sum, ms) => sum + ms, 0);
    out[`${name}Most`] = Math.max(...each);
    console.error(name, specs.map(({ field }, i) => `${field} ${each[i]?.toFixed(1)}`).join(', '));
  }
  delete out['one'];
  delete out['oneCpu'];
}

async function ask(): Promise<void> {
  const start = performance.now();
  const driver = await openCold();
  const engine = await openEngine(driver);
  if (engine.listRows(emptyView('Artifact'), { after: null, limit: 100 }).rows.length < 100)
    throw new Error('The first page is not full.');
  out['firstRow'] = performance.now() - start;
  await firstPages(engine, driver);
  await facets(engine);
  await besidePython(engine);
  console.log(JSON.stringify({ measures: out, answers, counted }));
}

await (command === 'make' ? make() : ask());
