// Records and what is annotated: sheets with required features, values of all dtypes on records, runs and artifacts, values
// kept in fields and read backwards. Outcomes marked "run" were read off lamindb 2.12.1; tests/compat runs them again.
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let e: MemoryEngine['engine'];
beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  e = m.engine;
});

const features = (...all: [name: string, dtype: string, more?: Record<string, unknown>][]) => {
  for (const [name, dtype, more] of all) e.create('Feature', { name, dtype, ...more });
};
const cells = (uid: string) =>
  m.rows(
    `SELECT f.name, j.value FROM lamindb_recordjson j JOIN lamindb_feature f ON f.id = j.feature_id
     JOIN lamindb_record r ON r.id = j.record_id WHERE r.uid = ? ORDER BY j.id`,
    [uid],
  );
const labels = (uid: string) =>
  m.rows(
    `SELECT f.name, u.name FROM lamindb_recordulabel l JOIN lamindb_feature f ON f.id = l.feature_id
     JOIN lamindb_ulabel u ON u.id = l.value_id JOIN lamindb_record r ON r.id = l.record_id WHERE r.uid = ? ORDER BY l.id`,
    [uid],
  );

function sheet(): string {
  features(
    ['experiment', 'str'],
    ['n_cells', 'int'],
    ['gc', 'float'],
    ['tissue', 'cat[ULabel]'],
    ['tags', 'list[cat[ULabel]]'],
  );
  for (const name of ['lung', 'liver']) e.create('ULabel', { name }, { searchNames: false });
  const optional = ['gc', 'tissue', 'tags'].map((feature) => ({ feature, optional: true }));
  const schema = e.create('Schema', { name: 'sheet', features: ['experiment', 'n_cells', ...optional] });
  return e.create('Record', { name: 'Samples', schema: { uid: schema.uid } }).uid;
}

describe('a sheet', () => {
  it('is a record type with a schema, and its rows carry the features (run)', async () => {
    const type = sheet();
    expect(m.value('SELECT is_type FROM lamindb_record WHERE uid = ?', [type])).toBe(1);
    const values = { experiment: 'e', n_cells: 5, tissue: 'lung', tags: ['lung', 'liver'] };
    const row = e.create('Record', { name: 'x', type: { uid: type }, features: values });
    expect(cells(row.uid)).toEqual([
      ['experiment', '"e"'],
      ['n_cells', '5'],
    ]);
    expect(labels(row.uid)).toEqual([
      ['tissue', 'lung'],
      ['tags', 'lung'],
      ['tags', 'liver'],
    ]);
    // The same name in the sheet is the row that is there; its values are set.
    const again = e.create('Record', {
      name: 'x',
      type: { uid: type },
      features: { experiment: 'f', n_cells: 1 },
    });
    expect(again).toMatchObject({ uid: row.uid, created: false });
    expect(cells(row.uid)).toEqual([
      ['experiment', '"f"'],
      ['n_cells', '1'],
    ]);
    await e.undo();
    expect(labels(row.uid)).toHaveLength(3);
  });

  it.each([
    [{}, "Cannot set type to 'Samples' on Record 'x': missing required features 'experiment', 'n_cells'"],
    [{ experiment: 'e' }, "Cannot set type to 'Samples' on Record 'x': missing required features 'n_cells'"],
    [
      { experiment: 'e', n_cells: 'five' },
      `Cannot set type to 'Samples' on Record 'x': Expected dtype for "n_cells" is "int", got "five".`,
    ],
    [
      { experiment: 'e', n_cells: 5, tissue: 'nope' },
      "Cannot set type to 'Samples' on Record 'x': 1 term not validated in feature 'tissue': 'nope'.",
    ],
    [
      { experiment: 'e', n_cells: 5, tags: 'lung' },
      'Expected dtype for "tags" is "list[cat[ULabel]]", got "lung"',
    ],
    [{ experiment: 'e', n_cells: 5, zzz: 3 }, "These feature keys are not in the provided schema: ['zzz']"],
  ])('refuses a row with %j (run)', async (values, words) => {
    const type = sheet();
    const before = m.state();
    const error = await refusal(() =>
      e.create('Record', { name: 'x', type: { uid: type }, features: values }),
    );
    expect([error.code, error.message]).toEqual(['ValidationError', expect.stringContaining(words)]);
    expect(m.state()).toBe(before);
  });

  it('takes a row in only with what it requires (run)', async () => {
    const type = sheet();
    const free = e.create('Record', { name: 'free' });
    const join = () => e.update('Record', { uid: free.uid }, { type: { uid: type } });
    expect((await refusal(join)).message).toContain(
      "on Record 'free': missing required features 'experiment'",
    );
    await e.writeFeatures('Record', [{ uid: free.uid }], 'set', { experiment: 'e', n_cells: 1 });
    expect(join().changed).toHaveLength(1);
    expect(
      (await refusal(() => e.create('Record', { name: 'sub', type: { uid: type }, is_type: true }))).code,
    ).toBe('IntegrityError');
  });

  it('keeps its rules when values are set, updated and removed (run)', async () => {
    const type = sheet();
    const row = e.create('Record', {
      name: 'x',
      type: { uid: type },
      features: { experiment: 'e', n_cells: 5 },
    });
    const ref = [{ uid: row.uid }];
    const missing = await refusal(() => e.writeFeatures('Record', ref, 'set', { experiment: 'e2' }));
    expect(missing.message).toBe(
      `Failed to set features on Record 'x' (uid=${row.uid}, type='Samples'): 'experiment' (str)='e2'. missing required features 'n_cells'`,
    );
    const both = await refusal(() =>
      e.writeFeatures('Record', ref, 'set', { experiment: 4, n_cells: 'three' }),
    );
    expect(both.message).toContain("'experiment' (str)=4, 'n_cells' (int)='three'.");
    expect(both.message).toMatch(/"experiment" is "str", got 4.*"n_cells" is "int", got "three"/);
    features(['other', 'int']);
    const other = await refusal(() =>
      e.writeFeatures('Record', ref, 'set', { experiment: 'e', n_cells: 1, other: 3 }),
    );
    expect(other.message).toContain("not in the provided schema: ['other']");
    await e.writeFeatures('Record', ref, 'update', { n_cells: 7, tags: ['lung'] });
    await e.writeFeatures('Record', ref, 'add', { tags: ['liver'] });
    expect(cells(row.uid)).toEqual([
      ['experiment', '"e"'],
      ['n_cells', '7'],
    ]);
    expect(labels(row.uid)).toHaveLength(2);
    const single = await refusal(() => e.writeFeatures('Record', ref, 'add', { tissue: 'lung' }));
    expect(single.message).toContain("Cannot use add_values() for to-one features on a Record: ['tissue']");
    // A value may be taken away although it is required; it is asked for when values are set again.
    expect(await e.writeFeatures('Record', ref, 'remove', ['n_cells'])).toEqual([]);
    expect(await e.writeFeatures('Record', ref, 'remove', ['n_cells'])).toEqual([
      `No feature 'n_cells' found on Record 'x' (uid=${row.uid}, type='Samples').`,
    ]);
    expect(cells(row.uid)).toEqual([['experiment', '"e"']]);
  });

  it('names its rows by the index (run)', async () => {
    features(['sample_id', 'str'], ['n', 'int'], ['number', 'int']);
    const schema = e.create('Schema', { features: ['n'], index: 'sample_id' });
    const type = e.create('Record', { name: 'Indexed', schema: { uid: schema.uid } });
    const row = e.create('Record', { type: { uid: type.uid }, features: { sample_id: 's1', n: 1 } });
    expect(row.row['name']).toBe('s1');
    expect(cells(row.uid)).toEqual([['n', '1']]);
    const twin = e.create('Record', { type: { uid: type.uid }, features: { sample_id: 's1', n: 2 } });
    expect(twin.created).toBe(true);
    const unnamed = await refusal(() => e.create('Record', { type: { uid: type.uid }, features: { n: 1 } }));
    expect(unnamed.message).toBe(
      "Cannot set type to 'Indexed' on Record: missing required features 'sample_id'",
    );
    const number = await refusal(() =>
      e.create('Record', { type: { uid: type.uid }, features: { sample_id: 4, n: 1 } }),
    );
    expect(number.code).toBe('TypeError');
    await e.writeFeatures('Record', [{ uid: row.uid }], 'update', { sample_id: 's9' });
    expect(m.value('SELECT name FROM lamindb_record WHERE uid = ?', [row.uid])).toBe('s9');
    const bad = e.create('Schema', { features: ['n'], index: 'number' });
    const refused = await refusal(() => e.create('Record', { name: 'Bad', schema: { uid: bad.uid } }));
    expect(refused.message).toBe(
      "schema index feature 'number' must have dtype str because it is stored on Record.name, not 'int'.",
    );
  });

  it('moves names to cells and back when its index changes', async () => {
    features(['sample_id', 'str'], ['n', 'int']);
    const schema = { uid: e.create('Schema', { features: ['n'], index: 'sample_id' }).uid };
    const type = e.create('Record', { name: 'Indexed', schema });
    const row = e.create('Record', { type: { uid: type.uid }, features: { sample_id: 's1', n: 1 } });
    const before = m.state();
    e.update('Schema', schema, { index: null });
    expect(m.value('SELECT name FROM lamindb_record WHERE uid = ?', [row.uid])).toBeNull();
    expect(cells(row.uid)).toEqual([
      ['n', '1'],
      ['sample_id', '"s1"'],
    ]);
    e.update('Record', { uid: row.uid }, { name: 'other' });
    const conflict = await refusal(() => e.update('Schema', schema, { index: 'sample_id' }));
    expect(conflict.message).toContain('1 data record(s) have both Record.name');
    e.update('Schema', schema, { index: 'sample_id', index_name_conflict: 'keep_feature' });
    expect(m.value('SELECT name FROM lamindb_record WHERE uid = ?', [row.uid])).toBe('s1');
    expect(cells(row.uid)).toEqual([['n', '1']]);
    for (let i = 0; i < 3; i++) await e.undo();
    expect(m.state()).toBe(before);
  });

  it('without a minimal set takes blank rows (run)', () => {
    features(['gc', 'float']);
    const schema = e.create('Schema', { features: ['gc'], minimal_set: false });
    const type = e.create('Record', { name: 'NoMin', schema: { uid: schema.uid } });
    expect(e.create('Record', { name: 'blank', type: { uid: type.uid } }).created).toBe(true);
  });
});

describe('feature values', () => {
  it('of every dtype are kept as LaminDB keeps them, on records and runs (run)', async () => {
    features(
      ['d', 'dict'],
      ['t', 'datetime'],
      ['day', 'date'],
      ['b', 'bool'],
      ['f', 'float'],
      ['l', 'list[int]'],
      ['u', 'url'],
      ['c', 'int', { coerce: true }],
    );
    const record = e.create('Record', { name: 'free' });
    const values = {
      d: { b: 1, a: [1, 2] },
      t: '2026-01-02 03:04:05',
      day: '2026-01-02',
      b: true,
      f: 1,
      l: [3, 1],
      u: 'https://a.b/c',
      c: '7',
    };
    await e.writeFeatures('Record', [{ uid: record.uid }], 'set', values);
    expect(Object.fromEntries(cells(record.uid) as [string, string][])).toEqual({
      d: '{"b": 1, "a": [1, 2]}',
      t: '"2026-01-02T03:04:05"',
      day: '"2026-01-02"',
      b: 'true',
      f: '1.0',
      l: '[3, 1]',
      u: '"https://a.b/c"',
      c: '7',
    });
    await e.writeFeatures('Record', [{ uid: record.uid }], 'set', { f: null });
    expect(cells(record.uid)).toEqual([]);
    const transform = e.create('Transform', { key: 't.py' });
    const run = e.create('Run', { transform: { uid: transform.uid }, features: { f: 2 } });
    await e.writeFeatures('Run', [{ uid: run.uid }], 'add', { f: 3 });
    const held = () =>
      m.rows(
        'SELECT v.value FROM lamindb_runjsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id ORDER BY l.id',
      );
    expect(held()).toEqual([['2.0'], ['3.0']]);
    await e.writeFeatures('Run', [{ uid: run.uid }], 'remove', { f: 2 });
    expect(held()).toEqual([['3.0']]);
  });

  it.each([
    ['int', 'x', 'ValidationError'],
    ['int', 1.5, 'ValidationError'],
    ['float', '1', 'ValidationError'],
    ['bool', 1, 'ValidationError'],
    ['str', 4, 'ValidationError'],
    ['date', '2026-02-30', 'ValidationError'],
    ['dict', '{}', 'ValidationError'],
    ['list[int]', 4, 'ValidationError'],
    ['cat[ULabel]', 'nope', 'ValidationError'],
  ])('of the wrong type are refused: %s, %j', async (dtype, value, code) => {
    features(['f', dtype]);
    const record = e.create('Record', { name: 'free' });
    const before = m.state();
    const error = await refusal(() => e.writeFeatures('Record', [{ uid: record.uid }], 'set', { f: value }));
    expect([error.code, error.details['field']]).toEqual([code, 'f']);
    expect(error.message).toContain(
      `Failed to set features on Record 'free' (uid=${record.uid}): 'f' (${dtype})=`,
    );
    expect(m.state()).toBe(before);
  });

  it('of features that are not there, or are two, are refused in words', async () => {
    const record = [{ uid: e.create('Record', { name: 'free' }).uid }];
    const unknown = await refusal(() => e.writeFeatures('Record', record, 'set', { nope: 1 }));
    expect(unknown.message).toContain('These keys could not be validated');
    for (const type of ['A', 'B']) {
      e.create('Feature', { name: type, is_type: true });
      e.create('Feature', { name: 'depth', dtype: 'int', type });
    }
    const two = await refusal(() => e.writeFeatures('Record', record, 'set', { depth: 1 }));
    expect(two.message).toContain("Ambiguous match for Feature 'depth': found 2 features at depth 1");
    const uid = String(m.value("SELECT uid FROM lamindb_feature WHERE name = 'depth' ORDER BY id LIMIT 1"));
    await e.writeFeatures('Record', record, 'set', [[{ uid }, 1]]);
    // The linked one is meant when it is removed by name.
    expect(await e.writeFeatures('Record', record, 'remove', ['depth'])).toEqual([]);
    expect(cells(record[0]?.uid ?? '')).toEqual([]);
  });

  it('that may not be null are refused as null', async () => {
    features(['must', 'float', { nullable: false }]);
    const record = [{ uid: e.create('Record', { name: 'free' }).uid }];
    const error = await refusal(() => e.writeFeatures('Record', record, 'set', { must: null }));
    expect(error.message).toContain('"must" is not nullable');
  });

  it('of a locked row stay', async () => {
    features(['f', 'int']);
    const record = e.create('Record', { name: 'free', is_locked: true });
    const error = await refusal(() => e.writeFeatures('Record', [{ uid: record.uid }], 'set', { f: 1 }));
    expect(error.code).toBe('NoWriteAccess');
  });

  it('are kept in a field of the record, or read backwards (run)', async () => {
    features(['author', 'cat[Record]'], ['note', 'str', { values_through: 'description' }]);
    e.create('Feature', { name: 'books', dtype: 'list[cat[Record]]', values_through: 'author' });
    const [ann, bob] = ['Ann', 'Bob'].map((name) => ({ uid: e.create('Record', { name }).uid }));
    const book = { uid: e.create('Record', { name: 'Book' }).uid };
    if (!ann || !bob) throw new Error('no records');
    await e.writeFeatures('Record', [ann], 'set', { note: 'a text', books: ['Book'] });
    const authors = () =>
      m.rows(
        'SELECT a.name, b.name FROM lamindb_recordrecord l JOIN lamindb_record a ON a.id = l.record_id JOIN lamindb_record b ON b.id = l.value_id',
      );
    expect(m.value('SELECT description FROM lamindb_record WHERE uid = ?', [ann.uid])).toBe('a text');
    expect(authors()).toEqual([['Book', 'Ann']]);
    await e.writeFeatures('Record', [bob], 'add', { books: [book] });
    expect(authors()).toEqual([['Book', 'Bob']]);
    await e.writeFeatures('Record', [bob], 'set', { books: [] });
    expect(authors()).toEqual([]);
    // What is not named stays in its field; null empties it.
    await e.writeFeatures('Record', [ann], 'set', { author: 'Bob' });
    expect(m.value('SELECT description FROM lamindb_record WHERE uid = ?', [ann.uid])).toBe('a text');
    await e.writeFeatures('Record', [ann], 'update', { note: null });
    expect(m.value('SELECT description FROM lamindb_record WHERE uid = ?', [ann.uid])).toBeNull();
  });

  it('of an artifact with an external schema are set as a whole (run)', async () => {
    features(['n', 'int'], ['s', 'str']);
    const schema = e.create('Schema', { features: ['n', { feature: 's', optional: true }] });
    const [uid] = m.artifacts('plain.bin');
    const artifact = [{ uid: String(uid) }];
    e.update('Artifact', artifact[0] as { uid: string }, { schema: { uid: schema.uid } });
    const add = await refusal(() => e.writeFeatures('Artifact', artifact, 'add', { n: 4 }));
    expect([add.code, add.message]).toEqual([
      'ValueError',
      expect.stringContaining('Cannot add values if artifact has external schema.'),
    ]);
    expect((await refusal(() => e.writeFeatures('Artifact', artifact, 'set', { s: 'x' }))).message).toContain(
      "missing required features 'n'",
    );
    await e.writeFeatures('Artifact', artifact, 'set', { n: 9 });
    await e.writeFeatures('Artifact', artifact, 'update', { s: 'x' });
    expect(m.value('SELECT count(*) FROM lamindb_artifactjsonvalue')).toBe(2);
    expect((await refusal(() => e.writeFeatures('Artifact', artifact, 'set', {}))).message).toContain(
      '(none)',
    );
  });

  it('of a dataset itself are not changed', async () => {
    features(['col', 'int']);
    const schema = e.create('Schema', { features: ['col'] });
    const [uid] = m.artifacts('t.csv');
    e.relate('Artifact', { uid: String(uid) }, 'schemas', { add: [{ uid: schema.uid }], slot: 'columns' });
    const error = await refusal(() =>
      e.writeFeatures('Artifact', [{ uid: String(uid) }], 'update', { col: 3 }),
    );
    expect([error.code, error.message]).toEqual(['ValueError', expect.stringContaining('dataset features')]);
  });

  it('of many rows are one act', async () => {
    features(['batch', 'int']);
    const uids = m.artifacts(...Array.from({ length: 300 }, (_, i) => `f${i}.csv`)).map((uid) => ({ uid }));
    const before = m.state();
    await e.writeFeatures('Artifact', uids, 'set', { batch: 4 });
    expect(m.value('SELECT count(*) FROM lamindb_artifactjsonvalue')).toBe(300);
    await e.undo();
    expect(m.state()).toBe(before);
  });
});
