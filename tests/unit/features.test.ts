// Feature values and labels land in LaminDB's tables exactly as lamindb.md §8 tells; dtypes coerce and refuse as told.
import { beforeEach, describe, expect, it } from 'vitest';
import { coerce, parseDtype } from '../../src/lib/engine/features/dtype.ts';
import { link, ulabelsByName, unlink } from '../../src/lib/engine/features/labels.ts';
import { addValues, removeValues, setValues, updateValues } from '../../src/lib/engine/features/values.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { toPythonJson } from '../../src/lib/engine/python-json.ts';
import { featureValues } from '../../src/lib/engine/query/artifact-detail.ts';
import { insertArtifact, planSave } from '../../src/lib/engine/registry/artifact.ts';
import { create } from '../../src/lib/engine/registry/create.ts';
import { createInstance, readAuthor } from '../../src/lib/engine/schema/open.ts';
import type { Steps } from '../../src/lib/engine/statement.ts';
import type { Transaction } from '../../src/lib/engine/write/transaction.ts';
import { createWriter, type Writer } from '../../src/lib/engine/write/writer.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
let driver: SqlDriver;
let writer: Writer;
let artifact = 0;

const act = <T>(body: (tx: Transaction) => Steps<T>): T =>
  writer.act({ kind: 'test', title: 'test' }, body) as T;
const rows = (sql: string) => driver.all(sql);

function save(key: string, hash: string): number {
  const facts = { key, hash, suffix: '.txt', size: 1, hashType: 'md5', nFiles: null };
  const extra = { storageId: 1, kind: null, otype: null, nObservations: null, description: null };
  return act((tx) =>
    insertArtifact(tx, { ...facts, ...extra, uid: `${hash.padEnd(16, '0').slice(0, 16)}0000` }, null),
  ).id;
}

function feature(name: string, dtype: string): void {
  act((tx) => create(tx, 'Feature', { name, dtype }));
}

const valuesOf = (id: number) =>
  Object.fromEntries(writer.read(featureValues(writer.journal, id)).map((f) => [f.feature.name, f.raw]));

beforeEach(async () => {
  driver = await openMemory();
  createInstance(driver, { model, clock: () => Date.now(), random, name: 'test' });
  writer = createWriter({ driver, model, clock: () => Date.now(), random, author: readAuthor(driver) });
  artifact = save('a.txt', 'a');
});

describe('dtypes', () => {
  it.each([
    ['int', '12', 12],
    ['float', '1,5', 1.5],
    ['num', '-3e2', -300],
    ['bool', 'yes', true],
    ['str', ' kept ', ' kept '],
    ['date', '2024-02-29', '2024-02-29'],
    ['datetime', '2024-01-01 10:30', '2024-01-01T10:30'],
    ['datetime64[ns, UTC]', '2024-01-01', '2024-01-01'],
    ['dict', '{"a": 1}', { a: 1 }],
    ['url', 'https://example.org/x', 'https://example.org/x'],
    ['list[int]', '1; 2,3', [1, 2, 3]],
    ['list[str]', ['a', 'b'], ['a', 'b']],
    ['cat[ULabel]', ' T cell ', 'T cell'],
  ])('%s takes %j as %j', (dtype, value, stored) => {
    expect(coerce('f', parseDtype(dtype), value)).toEqual(stored);
  });

  it.each([
    ['int', '1.5'],
    ['int', ''],
    ['int', 'twelve'],
    ['float', 'NaN'],
    ['bool', 'maybe'],
    ['date', '2023-02-29'],
    ['datetime', 'yesterday'],
    ['dict', '[1]'],
    ['url', 'no url'],
    ['list[int]', '1;x'],
    ['str', 5],
  ])('%s refuses %j and says what it expected', (dtype, value) => {
    expect(() => coerce('f', parseDtype(dtype), value)).toThrow(/Expected dtype for "f"/);
  });

  it('refuses a dtype that is none', () => {
    expect(() => parseDtype('integer')).toThrow(/no dtype/);
  });
});

describe('values', () => {
  it('share one jsonvalue row per feature and value', () => {
    feature('gc', 'float');
    const other = save('b.txt', 'b');
    act((tx) => addValues(tx, [artifact, other], { gc: '0.5' }));
    expect(rows('SELECT value, hash FROM lamindb_jsonvalue')).toEqual([
      ['0.5', expect.stringMatching(/^[\w-]{22}$/)],
    ]);
    expect(rows('SELECT count(*) FROM lamindb_artifactjsonvalue')).toEqual([[2]]);
  });

  it('set replaces all, update replaces the named, add adds, remove takes away', () => {
    feature('gc', 'float');
    feature('day', 'int');
    act((tx) => setValues(tx, [artifact], { gc: 0.5, day: 1 }));
    act((tx) => updateValues(tx, [artifact], { day: 2 }));
    expect(valuesOf(artifact)).toEqual({ gc: [0.5], day: [2] });
    act((tx) => addValues(tx, [artifact], { day: 3 }));
    expect(valuesOf(artifact)).toEqual({ gc: [0.5], day: [2, 3] });
    act((tx) => removeValues(tx, [artifact], ['day']));
    expect(valuesOf(artifact)).toEqual({ gc: [0.5] });
    act((tx) => setValues(tx, [artifact], { day: 9 }));
    expect(valuesOf(artifact)).toEqual({ day: [9] });
  });

  it('categories are rows of the label link table with the feature', () => {
    feature('cell_type', 'cat[ULabel]');
    act((tx) => addValues(tx, [artifact], { cell_type: 'T cell' }));
    expect(
      rows(
        'SELECT u.name, f.name FROM lamindb_artifactulabel l JOIN lamindb_ulabel u ON u.id = l.ulabel_id JOIN lamindb_feature f ON f.id = l.feature_id',
      ),
    ).toEqual([['T cell', 'cell_type']]);
    expect(valuesOf(artifact)).toEqual({ cell_type: ['T cell'] });
  });

  it('list and dict are one JSON cell each', () => {
    feature('tags', 'list[str]');
    feature('meta', 'dict');
    act((tx) => addValues(tx, [artifact], { tags: 'a, b', meta: '{"x": [1, 2]}' }));
    expect(rows('SELECT value FROM lamindb_jsonvalue ORDER BY id')).toEqual([
      ['["a", "b"]'],
      ['{"x": [1, 2]}'],
    ]);
  });

  it('unknown features and unknown terms are refused by name and leave nothing', () => {
    feature('who', 'cat[Project]');
    expect(() => act((tx) => addValues(tx, [artifact], { nothing: 1 }))).toThrow(
      /could not be validated: \["nothing"\]/,
    );
    expect(() => act((tx) => addValues(tx, [artifact], { who: 'No project' }))).toThrow(
      /1 term not validated in feature 'who': 'No project'/,
    );
    expect(rows('SELECT count(*) FROM lamindb_artifactproject')).toEqual([[0]]);
  });

  it('a float is written and hashed as Python writes floats', () => {
    feature('gc', 'float');
    feature('day', 'int');
    feature('doses', 'list[float]');
    const values = { gc: '1', day: '1', doses: [1, 0.00001, 2e16] };
    act((tx) => addValues(tx, [artifact], values));
    // hashes: urlsafe base64 of md5 of Python's str(1.0), str(1), str([1.0, 1e-05, 2e+16])
    expect(rows('SELECT value, hash FROM lamindb_jsonvalue ORDER BY id')).toEqual([
      ['1.0', '5MLo7aw2Ksq3EjZUuec0Mg'],
      ['1', 'xMpCOKC5I4INzFCab3WEmw'],
      ['[1.0, 1e-05, 2e+16]', 'ClTmNlYjVJQ0WIK7v--ldg'],
    ]);
    expect(valuesOf(artifact)).toEqual({ gc: [1], day: [1], doses: [[1, 0.00001, 2e16]] });
  });

  it('writes JSON as Python does', () => {
    expect(toPythonJson({ b: [1, 'é'], a: null })).toBe('{"b": [1, "\\u00e9"], "a": null}');
    expect(toPythonJson({ b: 1, a: 2 }, { sorted: true })).toBe('{"a": 2, "b": 1}');
  });

  it('undo of an annotation keeps the shared value and takes the links', async () => {
    feature('gc', 'float');
    act((tx) => addValues(tx, [artifact], { gc: 1 }));
    await writer.undo();
    expect(valuesOf(artifact)).toEqual({});
    expect(rows('SELECT count(*) FROM lamindb_jsonvalue')).toEqual([[1]]);
    await writer.redo();
    expect(valuesOf(artifact)).toEqual({ gc: [1] });
  });
});

describe('labels', () => {
  it('are created once by name, linked once, and unlinked', () => {
    const label = () =>
      act(function* (tx) {
        yield* link(
          tx,
          'lamindb_artifactulabel',
          'ulabel_id',
          [artifact],
          yield* ulabelsByName(tx, ['x', ' x ', 'y']),
        );
      });
    label();
    label();
    expect(rows('SELECT name FROM lamindb_ulabel ORDER BY name')).toEqual([['x'], ['y']]);
    expect(rows('SELECT count(*) FROM lamindb_artifactulabel')).toEqual([[2]]);
    act((tx) => unlink(tx, 'lamindb_artifactulabel', 'ulabel_id', artifact, 1));
    expect(rows('SELECT count(*) FROM lamindb_artifactulabel')).toEqual([[1]]);
  });
});

describe('saving rules', () => {
  const content = (key: string | null, hash: string) => ({
    key,
    hash,
    suffix: '.txt',
    size: 1,
    hashType: 'md5',
    nFiles: null,
  });
  const plan = (key: string | null, hash: string, duplicate = false) =>
    writer.read(planSave(content(key, hash), 1, duplicate));

  it('[row 52] same key and content is the existing artifact, other content a version, other key the existing one', () => {
    expect(plan('a.txt', 'a').case).toBe('existing');
    expect(plan('a.txt', 'z').case).toBe('version');
    expect(plan('b.txt', 'a')).toMatchObject({
      case: 'existing-key',
      found: { key: 'a.txt' },
      message: expect.stringContaining('a.txt'),
    });
    expect(plan('b.txt', 'a', true).case).toBe('new');
    expect(plan('b.txt', 'b').case).toBe('new');
  });

  it('empty files are never the same file', () => {
    save('empty.txt', '1B2M2Y8AsgTpgAmY7PhCfg');
    expect(plan('other.txt', '1B2M2Y8AsgTpgAmY7PhCfg').case).toBe('new');
  });
});
