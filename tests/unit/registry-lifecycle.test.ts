// What becomes of rows of every registry: trash and restore, deletion for good with everything it takes, notes and
// comments, history. Facts marked "run" were read off lamindb 2.12.1; tests/compat runs them again.
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

describe('the trash', () => {
  it('[row 58] takes rows of every registry and gives them back to the branch they came from', async () => {
    const branch = e.create('Branch', { name: 'draft' });
    e.create('Organism', { name: 'human' });
    const made: [string, string][] = [];
    const fields: [string, object][] = [
      ['ULabel', { name: 'x' }],
      ['Project', { name: 'x' }],
      ['Reference', { name: 'x' }],
      ['Record', { name: 'x' }],
      ['Feature', { name: 'x', dtype: 'int' }],
      ['CellType', { name: 'x' }],
      ['Gene', { symbol: 'x', organism: 'human' }],
      ['Source', { entity: 'e', organism: 'o', name: 'n', version: 'v' }],
    ];
    for (const [registry, own] of fields)
      made.push([registry, e.create(registry, { ...own, branch: 'draft' }).uid]);
    for (const [registry, uid] of made) {
      const table = `${registry === 'CellType' || registry === 'Gene' || registry === 'Source' ? 'bionty' : 'lamindb'}_${registry.toLowerCase()}`;
      const at = () => m.value(`SELECT branch_id FROM ${table} WHERE uid = ?`, [uid]);
      await e.trash(registry, [{ uid }]);
      expect(at()).toBe(-1);
      await e.restore(registry, [{ uid }]);
      expect(at()).toBe(branch.id);
      await e.archive(registry, [{ uid }]);
      expect(at()).toBe(0);
      await e.undo();
      expect(at()).toBe(branch.id);
      await e.trash(registry, [{ uid }]);
      await e.undo();
      await e.redo();
      await e.restore(registry, [{ uid }]);
      expect(at()).toBe(branch.id);
    }
  });

  it('takes a type with all rows below it; the type comes back alone (run)', async () => {
    e.create('ULabel', { name: 'Top', is_type: true });
    e.create('ULabel', { name: 'Sub', is_type: true, type: 'Top' });
    e.create('ULabel', { name: 'leaf', type: 'Sub' });
    e.create('ULabel', { name: 'other' });
    const trashed = () => m.rows('SELECT name FROM lamindb_ulabel WHERE branch_id = -1 ORDER BY id').flat();
    await e.trash('ULabel', ['Top']);
    expect(trashed()).toEqual(['Top', 'Sub', 'leaf']);
    await e.restore('ULabel', [1]);
    expect(trashed()).toEqual(['Sub', 'leaf']);
  });

  it('is not for registries without one', async () => {
    e.create('Branch', { name: 'b' });
    const error = await refusal(() => e.trash('Branch', ['b']));
    expect(error).toMatchObject({ code: 'ValueError', message: expect.stringContaining('Soft delete') });
    await e.purge('Branch', ['b']);
    expect(m.value("SELECT count(*) FROM lamindb_branch WHERE name = 'b'")).toBe(0);
    await e.undo();
    expect(m.value("SELECT count(*) FROM lamindb_branch WHERE name = 'b'")).toBe(1);
  });
});

describe('deleting for good', () => {
  it('[row 58] lists rows by table, stored bytes and what is in the way, by name, before anything is touched', async () => {
    e.create('ULabel', { name: 'used' });
    e.create('ULabel', { name: 'child' }, { links: { parents: ['used'] } });
    const [artifact = ''] = m.artifacts('a.csv');
    e.relate('Artifact', artifact, 'ulabels', { add: ['used'] });
    e.saveBlock('ULabel', 'used', { kind: 'readme', content: 'note' });
    const before = m.state();
    const plan = await e.purgePlan('ULabel', ['used']);
    expect(plan.rows).toEqual([{ uid: expect.any(String), name: 'used' }]);
    expect(plan.tables.map((t) => [t.table, t.count, t.names])).toEqual([
      ['lamindb_ulabel', 1, ['used']],
      ['lamindb_ulabelblock', 1, []],
      ['lamindb_ulabel_parents', 1, []],
    ]);
    expect(plan.refused).toEqual([
      { table: 'lamindb_artifactulabel', registry: null, column: 'ulabel_id', count: 1, names: [] },
    ]);
    const error = await refusal(() => e.purge('ULabel', ['used']));
    expect(error).toMatchObject({
      code: 'ProtectedError',
      message: expect.stringContaining('artifactulabel'),
    });
    expect(m.state()).toBe(before);
    e.relate('Artifact', artifact, 'ulabels', { remove: ['used'] });
    expect(await e.purge('ULabel', ['used'])).toEqual({ rows: 3, bytes: 0, kept: 0 });
    expect(m.value("SELECT count(*) FROM lamindb_ulabel WHERE name = 'used'")).toBe(0);
    const acts = e.acts(50).length;
    expect((await e.undo())?.skipped).toMatchObject([{ reason: 'refers to a row that is gone' }]);
    expect(m.value("SELECT count(*) FROM lamindb_ulabel WHERE name = 'used'")).toBe(0);
    expect(e.acts(50)).toHaveLength(acts);
  });

  it('warns of whole objects that fall with a row: a schema’s records, a transform by its environment', async () => {
    const [environment = ''] = m.artifacts('env.txt');
    const id = (uid: string) => Number(m.value('SELECT id FROM lamindb_artifact WHERE uid = ?', [uid]));
    e.writer.act({ kind: 'seed', title: 'seed' }, function* (tx) {
      const transform = yield* insertOne(tx, 'lamindb_transform', {
        uid: 'abcdefghijkl0000',
        key: 'script.py',
        environment_id: id(environment),
      });
      yield* insertOne(tx, 'lamindb_run', {
        uid: 'abcdefghijklmnop',
        transform_id: transform,
        started_at: tx.time,
      });
      const schema = yield* insertOne(tx, 'lamindb_schema', { uid: 'schemaschemasche', name: 'sheet' });
      yield* insertOne(tx, 'lamindb_record', {
        uid: 'recordrecordreco',
        name: 'Samples',
        is_type: 1,
        schema_id: schema,
      });
    });
    const danger = async (registry: string, uid: string) =>
      (await e.purgePlan(registry, [{ uid }])).tables
        .filter((t) => t.dangerous)
        .map((t) => [t.registry, t.names]);
    expect(await danger('Schema', 'schemaschemasche')).toEqual([['Record', ['Samples']]]);
    expect(await danger('Artifact', environment)).toEqual([
      ['Transform', ['script.py']],
      ['Run', ['abcdefghijklmnop']],
    ]);
    expect(await danger('Transform', 'abcdefghijkl0000')).toEqual([['Run', ['abcdefghijklmnop']]]);
  });

  it('takes a type only with or after its rows', async () => {
    e.create('ULabel', { name: 'T', is_type: true });
    e.create('ULabel', { name: 'x', type: 'T' });
    const plan = await e.purgePlan('ULabel', ['T']);
    expect(plan.refused).toMatchObject([{ registry: 'ULabel', column: 'type_id', count: 1, names: ['x'] }]);
    expect(await e.purge('ULabel', ['T', 'x'])).toEqual({ rows: 2, bytes: 0, kept: 0 });
  });
});

describe('notes and comments', () => {
  it('readmes have versions, comments none; the same content is the same version (run)', () => {
    e.create('Record', { name: 'noted' });
    const note = (content: string) => e.saveBlock('Record', 'noted', { kind: 'readme', content });
    const first = note('c');
    expect(first).toMatchObject({ created: true, uid: expect.stringMatching(/0000$/) });
    expect(note('c')).toMatchObject({ uid: first.uid, created: false });
    expect(note('d').uid).toBe(`${first.uid.slice(0, 16)}0001`);
    expect(note('').uid).toBe(`${first.uid.slice(0, 16)}0002`);
    // LaminDB gives the empty block back and drops the content; here the empty one takes it.
    expect(note('e')).toMatchObject({ uid: `${first.uid.slice(0, 16)}0002`, created: false });
    const comment = e.saveBlock('Record', 'noted', { kind: 'comment', content: 'c1' });
    e.saveBlock('Record', 'noted', { kind: 'comment', content: 'c1' });
    e.saveBlock('Record', 'noted', { kind: 'comment', content: 'c2', uid: comment.uid });
    expect(m.rows('SELECT content, kind, hash, is_latest FROM lamindb_recordblock ORDER BY id')).toEqual([
      ['c', 'readme', 'SooI8J03tzeVZJA4QItfMw', 0],
      ['d', 'readme', 'gnfgkQ11AZW0SHl2FuCRrQ', 0],
      ['e', 'readme', expect.any(String), 1],
      ['c2', 'comment', expect.any(String), 1],
      ['c1', 'comment', 'qffpeWXWz3maUpECqXO4uQ', 1],
    ]);
    e.removeBlock('Record', `${first.uid.slice(0, 16)}0002`);
    expect(m.value("SELECT content FROM lamindb_recordblock WHERE kind = 'readme' AND is_latest = 1")).toBe(
      'd',
    );
  });

  it('every registry with a block table takes them, the instance has pages by key', async () => {
    const [artifact = ''] = m.artifacts('a.csv');
    e.create('ULabel', { name: 'x' });
    e.create('Feature', { name: 'x', dtype: 'str' });
    e.create('Project', { name: 'x' });
    e.create('Space', { name: 'x' });
    for (const [registry, ref] of [
      ['Artifact', artifact],
      ['ULabel', 'x'],
      ['Feature', 'x'],
      ['Project', 'x'],
      ['Space', 'x'],
      ['Branch', 'main'],
    ] as const) {
      e.saveBlock(registry, ref, { kind: 'readme', content: 'hello' });
      e.saveBlock(registry, ref, { kind: 'comment', content: 'hello' });
      expect(m.value(`SELECT count(*) FROM lamindb_${registry.toLowerCase()}block`)).toBe(2);
    }
    const page = e.saveBlock(null, 'README.md', { kind: 'readme', content: 'x' });
    expect(e.saveBlock(null, 'README.md', { kind: 'readme', content: 'x' }).uid).toBe(page.uid);
    expect(e.saveBlock(null, 'README.md', { kind: 'readme', content: 'y' }).uid).toBe(
      `${page.uid.slice(0, 16)}0001`,
    );
    expect(m.rows('SELECT key, hash, is_latest FROM lamindb_block ORDER BY id')).toEqual([
      ['README.md', 'ndTkYSaMgDT1yFZOFVxnpg', 0],
      ['README.md', 'QVKQdpWURg4uSFkikE80XQ', 1],
    ]);
    for (const call of [
      () => e.saveBlock(null, 'other', { kind: 'readme', content: 'x' }),
      () => e.saveBlock(null, 'README.md', { kind: 'comment', content: 'x' }),
      () => e.saveBlock('ULabel', 'x', { kind: 'issue' as 'comment', content: 'x' }),
    ])
      expect((await refusal(call)).code).toBe('ValueError');
    expect((await refusal(() => e.saveBlock('Storage', 1, { kind: 'readme', content: 'x' }))).code).toBe(
      'InvalidArgument',
    );
  });
});

describe('history', () => {
  it('[row 56] of one row of any registry: who changed what, when, on which branch; restored by entry', () => {
    e.create('Project', { name: 'p' });
    e.create('Project', { name: 'q' });
    e.update('Project', 'p', { description: 'one' });
    e.update('Project', 'p', { description: 'two', status: 'active' });
    e.relate('Project', 'p', 'parents', { add: ['q'] });
    e.saveBlock('Project', 'p', { kind: 'readme', content: 'note' });
    const entries = e.rowHistory('Project', 'p');
    expect(entries.map((h) => [h.kind, h.table, h.branch, h.act.by])).toEqual([
      ['link', 'lamindb_projectblock', 'main', 'anonymous'],
      ['link', 'lamindb_project_parents', 'main', 'anonymous'],
      ['update', 'lamindb_project', 'main', 'anonymous'],
      ['update', 'lamindb_project', 'main', 'anonymous'],
      ['create', 'lamindb_project', 'main', 'anonymous'],
    ]);
    expect(entries[2]?.changes).toEqual([
      { field: '_status_code', part: 'field _status_code', old: '-3', new: '-1' },
      { field: 'description', part: 'field description', old: 'one', new: 'two' },
    ]);
    e.restoreFields(entries[2]?.ref as (typeof entries)[number]['ref']);
    expect(m.rows("SELECT description, _status_code FROM lamindb_project WHERE name = 'p'")).toEqual([
      ['one', -3],
    ]);
  });
});

describe('a request sent twice', () => {
  it('makes one row and answers the same', () => {
    e.withOperation('op-1');
    const first = e.create('ULabel', { name: 'x' }, { searchNames: false });
    e.withOperation('op-1');
    const again = e.create('ULabel', { name: 'x' }, { searchNames: false });
    expect(again).toEqual(first);
    expect(m.value('SELECT count(*) FROM lamindb_ulabel')).toBe(1);
  });
});
