// Registries with versions and hashes: transforms, runs, collections, pages, shared values, with LaminDB's outcomes. Facts
// marked "run" were read off lamindb 2.12.1; tests/compat runs them again.
import { beforeEach, describe, expect, it } from 'vitest';
import { insertOne } from '../../src/lib/engine/write/apply.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let e: MemoryEngine['engine'];
beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  e = m.engine;
});

describe('transforms', () => {
  const all = () =>
    m.rows(
      'SELECT uid, key, kind, is_latest, hash, source_code, description FROM lamindb_transform ORDER BY id',
    );

  it('are versions of a key as soon as there is code; known code is the transform that has it (run)', () => {
    const first = e.create('Transform', { key: 'p.py' });
    expect(first.row).toMatchObject({ kind: 'pipeline', is_latest: 1, hash: null });
    expect(first.uid).toMatch(/^[0-9A-Za-z]{12}0000$/);
    const again = e.create('Transform', { key: 'p.py', kind: 'script', description: 'd' });
    expect(again).toMatchObject({
      id: first.id,
      created: false,
      row: { kind: 'pipeline', description: 'd' },
    });
    // LaminDB gives the row back without the code; here it takes it.
    const coded = e.create('Transform', { key: 'p.py', source_code: 'print(1)' });
    expect(coded).toMatchObject({ id: first.id, created: false, row: { hash: 'GGvb5B556mlkELoKno0nYg' } });
    const second = e.create('Transform', { key: 'p.py', source_code: 'print(3)' });
    expect(second).toMatchObject({ created: true, uid: `${first.uid.slice(0, 12)}0001` });
    expect(second.row).toMatchObject({ hash: 'u2q1LvbqTyxUG3XR8Vy3kQ', description: 'd' });
    const known = e.create('Transform', { key: 'other.py', source_code: 'print(3)' });
    expect(known).toMatchObject({
      id: second.id,
      created: false,
      message: expect.stringContaining('keeps its key p.py'),
    });
    const copy = e.create(
      'Transform',
      { key: 'other.py', source_code: 'print(3)' },
      { skipHashLookup: true },
    );
    expect(copy).toMatchObject({ created: true, row: { hash: null, source_code: 'print(3)' } });
    expect(all().map((r) => [r[1], r[3]])).toEqual([
      ['p.py', 0],
      ['p.py', 1],
      ['other.py', 1],
    ]);
  });

  it('revise an older version from the head, also under a new key (run)', () => {
    const one = e.create('Transform', { key: 'p.py', source_code: 'a' });
    const two = e.create('Transform', { revises: { uid: one.uid }, source_code: 'b' });
    const three = e.create('Transform', { revises: { uid: one.uid }, key: 'renamed.py', source_code: 'c' });
    expect(two.row).toMatchObject({ key: 'p.py', is_latest: 1 });
    expect(three).toMatchObject({
      uid: `${one.uid.slice(0, 12)}0002`,
      row: { key: 'renamed.py', is_latest: 1 },
    });
    expect(e.update('Transform', one.uid.slice(0, 12), { description: 'by stem' }).uid).toBe(three.uid);
  });

  it('keep hash and code in step, and refuse what they cannot be', async () => {
    const one = e.create('Transform', { key: 'p.py', source_code: 'a', version: '1' });
    e.update('Transform', { uid: one.uid }, { source_code: 'print(1)' });
    expect(all()[0]?.[4]).toBe('GGvb5B556mlkELoKno0nYg');
    const before = m.state();
    const cases: [object, string, string][] = [
      [{}, 'FieldValidationError', 'key'],
      [{ key: 'q.py', kind: 'nonsense' }, 'FieldValidationError', 'kind'],
      [{ key: '../q.py' }, 'ValueError', 'key'],
      [{ key: 'a\\q.py' }, 'ValueError', 'key'],
      [{ revises: { uid: one.uid }, source_code: 'x', version: '1' }, 'ValueError', 'version'],
    ];
    for (const [fields, code, field] of cases)
      expect(await refusal(() => e.create('Transform', { ...fields }))).toMatchObject({
        code,
        details: { field },
      });
    expect(m.state()).toBe(before);
  });

  it('have predecessors without circles', async () => {
    for (const key of ['a', 'b']) e.create('Transform', { key });
    e.relate('Transform', 'a', 'predecessors', { add: ['b'] });
    expect((await refusal(() => e.relate('Transform', 'b', 'predecessors', { add: ['a'] }))).code).toBe(
      'ValidationError',
    );
  });
});

describe('runs', () => {
  it('start as scheduled or started, end with an end, and keep params', async () => {
    e.create('Transform', { key: 'p.py' });
    const parent = e.create('Run', { transform: 'p.py' });
    expect(parent.row).toMatchObject({ _status_code: -3, finished_at: null });
    expect(parent.uid).toMatch(/^[0-9A-Za-z]{16}$/);
    const run = e.create('Run', {
      transform: 'p.py',
      name: 'r',
      params: { a: 1, b: [true, 'é'] },
      status: 'started',
      initiated_by_run: { uid: parent.uid },
    });
    expect(run.row).toMatchObject({
      _status_code: -1,
      params: '{"a": 1, "b": [true, "\\u00e9"]}',
      initiated_by_run_id: parent.id,
    });
    e.update('Run', { uid: run.uid }, { status: 'completed' });
    expect(m.rows('SELECT _status_code, finished_at IS NULL FROM lamindb_run ORDER BY id')).toEqual([
      [-3, 1],
      [0, 0],
    ]);
    e.update('Run', { uid: run.uid }, { status: 'restarted' });
    expect(m.value('SELECT finished_at FROM lamindb_run WHERE uid = ?', [run.uid])).toBe(null);
    for (const [fields, code] of [
      [{}, 'TypeError'],
      [{ transform: 'p.py', status: 'completed' }, 'ValueError'],
      [{ transform: 'p.py', params: 'x' }, 'ValidationError'],
      [{ transform: 'nothing.py' }, 'DoesNotExist'],
      [{ transform: 'p.py', foo: 1 }, 'FieldValidationError'],
    ] as const)
      expect((await refusal(() => e.create('Run', fields))).code).toBe(code);
    expect((await refusal(() => e.update('Run', { uid: run.uid }, { status: 'lost' }))).code).toBe(
      'ValueError',
    );
  });

  it('have inputs and outputs, and take report and environment along when deleted for good', async () => {
    e.create('Transform', { key: 'p.py' });
    const run = e.create('Run', { transform: 'p.py' });
    const [input = '', output = '', report = '', shared = ''] = m.artifacts(
      'in.csv',
      'out.csv',
      'report.txt',
      'env.txt',
    );
    e.relate('Run', { uid: run.uid }, 'input_artifacts', { add: [input] });
    e.update('Artifact', output, { run: { uid: run.uid } });
    for (const uid of [report, shared]) e.update('Artifact', uid, { kind: '__lamindb_run__' });
    e.update('Run', { uid: run.uid }, { report: { uid: report }, environment: { uid: shared } });
    const other = e.create('Run', { transform: 'p.py' });
    e.update('Run', { uid: other.uid }, { environment: { uid: shared } });
    expect((await e.purgePlan('Run', [{ uid: run.uid }])).refused).toMatchObject([
      { registry: 'Artifact', column: 'run_id', names: ['out.csv'] },
    ]);
    e.update('Artifact', output, { run: null });
    const plan = await e.purgePlan('Run', [{ uid: run.uid }]);
    expect(plan.tables.map((t) => [t.registry ?? t.table, t.names])).toEqual([
      ['Run', [run.uid]],
      ['Artifact', ['report.txt']],
      ['lamindb_artifact_input_of_runs', []],
    ]);
    await e.purge('Run', [{ uid: run.uid }]);
    expect(m.rows('SELECT key FROM lamindb_artifact ORDER BY id').flat()).toEqual([
      'in.csv',
      'out.csv',
      'env.txt',
    ]);
  });
});

describe('collections', () => {
  const members = (uid: string) =>
    m
      .rows(
        'SELECT a.key FROM lamindb_collection c JOIN lamindb_collectionartifact l ON l.collection_id = c.id JOIN lamindb_artifact a ON a.id = l.artifact_id WHERE c.uid = ? ORDER BY l.id',
        [uid],
      )
      .flat();

  it('[row 40] append makes a new version; the old version still gives the old rows, in order', async () => {
    const [a = '', b = '', c = ''] = m.artifacts('a', 'b', 'c');
    const one = e.create('Collection', { key: 'col', artifacts: [b, a], description: 'first' });
    const two = e.appendToCollection({ uid: one.uid }, [c]);
    expect(two).toMatchObject({ created: true, uid: `${one.uid.slice(0, 16)}0001` });
    expect(two.row).toMatchObject({ key: 'col', description: 'first', is_latest: 1 });
    expect(members(one.uid)).toEqual(['b', 'a']);
    expect(members(two.uid)).toEqual(['b', 'a', 'c']);
    expect(m.rows('SELECT is_latest FROM lamindb_collection ORDER BY id').flat()).toEqual([0, 1]);
    await e.undo();
    expect(members(one.uid)).toEqual(['b', 'a']);
    expect(m.rows('SELECT is_latest FROM lamindb_collection ORDER BY id').flat()).toEqual([1]);
    await e.redo();
    expect(members(two.uid)).toEqual(['b', 'a', 'c']);
  });

  it('of the same content are the one that is there, whatever the order (run)', () => {
    const [a = '', b = '', c = ''] = m.artifacts('a', 'b', 'c');
    const one = e.create('Collection', { key: 'col', artifacts: [a, b] });
    expect(e.create('Collection', { key: 'col', artifacts: [b, a] })).toMatchObject({
      id: one.id,
      created: false,
    });
    const renamed = e.create('Collection', { key: 'other', artifacts: [a, b], description: 'dd' });
    expect(renamed).toMatchObject({ id: one.id, message: expect.stringContaining('Its key was col') });
    expect(renamed.changed).toEqual([
      { field: 'description', old: null, new: 'dd' },
      { field: 'key', old: 'col', new: 'other' },
    ]);
    const copy = e.create('Collection', { key: 'copy', artifacts: [a, b] }, { skipHashLookup: true });
    expect(copy).toMatchObject({ created: true, row: { hash: one.row['hash'] } });
    const next = e.create('Collection', { key: 'other', artifacts: [c] });
    expect(next.uid).toBe(`${one.uid.slice(0, 16)}0001`);
    expect(e.create('Collection', { key: 'other', artifacts: [a, b] }).message).toContain('older version');
  });

  it('know what a run took in and made', () => {
    const [a = '', b = ''] = m.artifacts('a', 'b');
    e.create('Transform', { key: 't' });
    const run = e.create('Run', { transform: 't' });
    const one = e.create('Collection', { key: 'col', artifacts: [a], run: { uid: run.uid } });
    const later = e.create('Run', { transform: 't' });
    e.appendToCollection({ uid: one.uid }, [b], { run: { uid: later.uid } });
    e.create('Collection', { key: 'col', artifacts: [a], run: { uid: later.uid } });
    const runs = (table: string) => m.rows(`SELECT run_id FROM lamindb_${table} ORDER BY id`).flat();
    expect(runs('collection')).toEqual([run.id, later.id]);
    expect(runs('artifact_input_of_runs')).toEqual([run.id, later.id, later.id]);
    // What a run took in it did not make again.
    expect(runs('collection_input_of_runs')).toEqual([later.id]);
    expect(runs('collection_recreating_runs')).toEqual([]);
  });

  it('refuse what they cannot hold', async () => {
    const [a = ''] = m.artifacts('a');
    e.create('Collection', { key: 'col', artifacts: [a] });
    e.writer.act({ kind: 'seed', title: 'seed' }, function* (tx) {
      yield* insertOne(tx, 'lamindb_schema', { uid: 'schemaschemasche', name: 's' });
    });
    const cases: [() => unknown, string, string][] = [
      [() => e.create('Collection', { key: 'x', artifacts: [] }), 'ValueError', 'artifacts'],
      [() => e.create('Collection', { artifacts: [a] }), 'FieldValidationError', 'key'],
      [() => e.create('Collection', { key: 'x', artifacts: ['nothing'] }), 'DoesNotExist', ''],
      [() => e.create('Collection', { key: 'x', artifacts: [a], schema: 's' }), 'ValidationError', 'schema'],
      [() => e.update('Collection', 'col', { schema: 's' }), 'ValidationError', 'schema'],
      [() => e.update('Collection', 'col', { artifacts: [] }), 'FieldValidationError', 'artifacts'],
    ];
    for (const [call, code, field] of cases)
      expect(await refusal(call)).toMatchObject({ code, details: { field } });
  });
});

describe('pages and values', () => {
  it('a page is a row of its registry, too', () => {
    const one = e.create('Block', { key: 'README.md', content: 'x' });
    expect(e.create('Block', { key: 'README.md', content: 'x' })).toMatchObject({
      id: one.id,
      created: false,
    });
    const two = e.create('Block', { key: 'README.md', content: 'y' });
    expect(two).toMatchObject({
      created: true,
      uid: `${one.uid.slice(0, 16)}0001`,
      row: { hash: 'QVKQdpWURg4uSFkikE80XQ' },
    });
  });

  it('a value is one row per feature and value', async () => {
    e.create('Feature', { name: 'f', dtype: 'float' });
    const one = e.create('JsonValue', { feature: 'f', value: 1 });
    expect(one.row).toMatchObject({ value: '1.0', hash: '5MLo7aw2Ksq3EjZUuec0Mg' });
    expect(e.create('JsonValue', { feature: 'f', value: 1 })).toMatchObject({ id: one.id, created: false });
    for (const fields of [{ value: 1 }, { feature: 'f' }])
      expect((await refusal(() => e.create('JsonValue', fields))).code).toBe('FieldValidationError');
  });
});
