// The database that the questions of the benchmark are put to: artifacts with keys, sizes, descriptions on every tenth,
// five of 20 labels each, a number each as a feature value, and an empty sheet. Written by the write path like any import.
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';

export const labels = 20;
export const labelsEach = 5;
/** Different values of the feature `score`. */
export const scores = 10_000;

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const clock = () => Date.now();
const kinds = ['.parquet', '.h5ad', '.fasta', '.csv'];
const rowsPerAct = 20_000;

/** Key of artifact `i`, counted from 0. */
export const keyOf = (i: number): string => `proj${i % 50}/set${i % 997}/file_${i}${kinds[i % 4]}`;

/** The engine as the app runs it, but with nothing to inspect files with. */
export function openEngine(driver: SqlDriver): Promise<Engine> {
  const refuse = () => Promise.reject(new Error('The benchmark has no files.'));
  return createEngine({
    driver,
    model,
    blobs: createMemoryBlobs(),
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    clock,
    random,
    onFeed: () => {},
    onDrop: () => {},
    searchIndex: true,
  });
}

/** Fills an empty driver; the index of texts is complete at the end. */
export async function fillQuestions(driver: SqlDriver, artifacts: number): Promise<void> {
  createInstance(driver, { model, clock, random, name: 'bench' });
  const engine = await openEngine(driver);
  const { writer } = engine;
  const score = engine.create('Feature', { name: 'score', dtype: 'float' });
  const note = engine.create('Feature', { name: 'note', dtype: 'str' });
  const schema = engine.create('Schema', {
    name: 'bench sheet',
    features: [score, note].map(({ uid }) => ({ feature: { uid } })),
  });
  engine.create('Record', { name: 'BenchSheet', is_type: true, schema: { uid: schema.uid } });
  const [[feature = null] = []] = driver.all('SELECT id FROM lamindb_feature WHERE name = ?', ['score']);

  writer.act({ kind: 'import', title: 'Labels and numbers' }, function* (tx) {
    const names = Array.from({ length: labels }, (_, i) => `lab ${i}`);
    yield* insert(tx, 'lamindb_ulabel', labels, { uid: names.map(() => randomUid(8, random)), name: names });
    const numbers = Array.from({ length: scores }, (_, i) => i);
    yield* insert(tx, 'lamindb_jsonvalue', scores, {
      feature_id: feature,
      value: numbers.map((i) => String(i + 0.5)),
      hash: numbers.map((i) => String(i).padStart(22, 'v')),
    });
  });
  const idOf = (sql: string) => Number(driver.all(sql)[0]?.[0]);
  const firstLabel = idOf("SELECT id FROM lamindb_ulabel WHERE name = 'lab 0'");
  const firstScore = idOf('SELECT min(id) FROM lamindb_jsonvalue');
  for (let from = 0; from < artifacts; from += rowsPerAct) {
    const count = Math.min(rowsPerAct, artifacts - from);
    const all = Array.from({ length: count }, (_, i) => from + i);
    writer.act({ kind: 'import', title: `Artifacts from ${from}` }, function* (tx) {
      const first = yield* insert(tx, 'lamindb_artifact', count, {
        uid: all.map(() => `${randomUid(16, random)}0000`),
        key: all.map(keyOf),
        suffix: all.map((i) => kinds[i % 4] ?? ''),
        size: all.map((i) => (i * 37) % 10_000_000),
        hash: all.map((i) => String(i).padStart(22, '0')),
        _hash_type: 'md5',
        storage_id: 1,
        _key_is_virtual: 1,
        _overwrite_versions: 0,
        description: all.map((i) => (i % 10 === 0 ? `dataset number ${i} of T cell atlas` : null)),
      });
      const each = all.flatMap((i) => Array.from({ length: labelsEach }, (_, n) => [i, n] as const));
      yield* insert(tx, 'lamindb_artifactulabel', each.length, {
        artifact_id: each.map(([i]) => first + i - from),
        ulabel_id: each.map(([i, n]) => firstLabel + ((i * 7 + n * (1 + (i % 3))) % labels)),
      });
      yield* insert(tx, 'lamindb_artifactjsonvalue', count, {
        artifact_id: all.map((i) => first + i - from),
        jsonvalue_id: all.map((i) => firstScore + (i % scores)),
      });
    });
  }
  while (writer.feed() > 0);
}
