// Objects in JSON columns on branches: told, decided and merged key by key, values of features among them.
import { describe, expect, test } from 'vitest';
import { jsonOfKeys, jsonOfWords, jsonWords, keysOfJson, sameJson } from '../../src/lib/engine/json-text.ts';
import { keyChanges, mergedObject } from '../../src/lib/engine/branch/json-keys.ts';
import { update } from '../../src/lib/engine/write/apply.ts';
import { labWorld, numbers, seen } from './branch-world.ts';
import type { MemoryEngine } from './memory-engine.ts';

describe('the text of an object', () => {
  test('is taken apart as it is written, and put together again', () => {
    const text =
      '{ "lr" : 1.0 , "of":{"x":[1,2,{"y":"}\\""}]}, "a:b, c": "q, \\"{", "n":null,"":[ ], "big": 12345678901234567890}';
    const keys = keysOfJson(text);
    expect([...(keys ?? [])]).toEqual([
      ['lr', '1.0'],
      ['of', '{"x":[1,2,{"y":"}\\""}]}'],
      ['a:b, c', '"q, \\"{"'],
      ['n', 'null'],
      ['', '[ ]'],
      ['big', '12345678901234567890'],
    ]);
    expect(sameJson(jsonOfKeys(keys ?? new Map()), text)).toBe(true);
    expect([...(keysOfJson('{"a":1,"b":2,"a":3}') ?? [])]).toEqual([
      ['b', '2'],
      ['a', '3'],
    ]);
    for (const other of ['[1]', '"{}"', '{bad', '', 'null', 7, null]) expect(keysOfJson(other)).toBeNull();
    expect(keysOfJson(' {} ')?.size).toBe(0);
  });

  test('equal values are equal, however they are written; large numbers are not rounded', () => {
    expect(sameJson('{"b": 1.0, "a": ["\\u00e9", 2.50]}', '{"a":["é",2.5],"b":1}')).toBe(true);
    expect(sameJson('12345678901234567890', '12345678901234567891')).toBe(false);
    expect(sameJson('"1"', '1')).toBe(false);
    expect(sameJson(null, 'null')).toBe(false);
  });

  test('typed words mean what they show', () => {
    for (const text of [
      '"left"',
      '"5"',
      '5',
      'true',
      '"true"',
      '{"a": 1}',
      '"null"',
      '""',
      '" a "',
      '"say \\"hi\\""',
    ])
      expect(jsonOfWords(jsonWords(text) ?? '')).toBe(text);
    expect(jsonWords('"left"')).toBe('left');
    expect(jsonOfWords('  ')).toBeNull();
  });

  test('two that came from one are brought together the same way round and the other', () => {
    const random = numbers(7);
    const any = (): Record<string, number> =>
      Object.fromEntries(
        ['a', 'b', 'c', 'd'].filter(() => random() < 0.6).map((key) => [key, Math.floor(random() * 3)]),
      );
    let clean = 0;
    for (let i = 0; i < 3000; i++) {
      const [base, parent, mine] = [any(), any(), any()].map((one) => JSON.stringify(one));
      const there = { base: base ?? '', parent: parent ?? '', mine: mine ?? '' };
      const back = { base: there.base, parent: there.mine, mine: there.parent };
      const disputed = (sides: typeof there) =>
        (keyChanges(sides) ?? [])
          .filter((k) => k.base !== k.parent && k.base !== k.mine && k.parent !== k.mine)
          .map(({ key }) => key);
      expect(disputed(there).sort()).toEqual(disputed(back).sort());
      if (disputed(there).length > 0) continue;
      clean++;
      const merge = (sides: typeof there) => mergedObject(sides, keyChanges(sides) ?? [], () => undefined);
      expect(sameJson(String(merge(there)), String(merge(back)))).toBe(true);
    }
    expect(clean).toBeGreaterThan(300);
  });
});

describe('[row 61] [row 62] an object that both sides changed', () => {
  /** A run with parameters. */
  async function withRun(params: string) {
    const lab = await labWorld(31);
    const { engine, world } = lab;
    const transform = engine.create('Transform', { key: 'train.py', kind: 'script' });
    const run = engine.create('Run', { transform: { uid: transform.uid } });
    const id = Number(world.value('SELECT id FROM lamindb_run WHERE uid = ?', [run.uid]));
    const set = (text: string | null) =>
      engine.writer.act({ kind: 'update', title: 'Set params' }, (tx) =>
        update(tx, 'lamindb_run', [id], { params: text }),
      );
    const get = () => String(world.value('SELECT params FROM lamindb_run WHERE id = ?', [id]));
    set(params);
    return { ...lab, set, get, run: run.uid };
  }

  test('in different keys is no conflict: it is merged by its keys, and a revert is as before', async () => {
    const { engine, world, set, get } = await withRun(
      '{"lr": 1.0, "epochs": 5, "seed": 12345678901234567890}',
    );
    engine.createBranch('try', { switch: true });
    set('{"lr": 0.5, "epochs": 5, "seed": 12345678901234567890, "layers": [1, 2]}');
    engine.switchBranch('main');
    set('{"lr": 1.0, "epochs": 9, "note": "long"}');
    expect(engine.branchConflicts('try')).toEqual([]);
    const told = engine.branchDiff('try').objects[0]?.fields;
    expect(told).toMatchObject([
      { field: 'params', key: 'lr', base: '1.0', parent: '1.0', branch: '0.5', conflict: null },
      { field: 'params', key: 'layers', base: null, parent: null, branch: '[1, 2]', conflict: null },
    ]);
    expect(told).toHaveLength(2);
    const before = seen(world);
    const { act } = engine.mergeBranch('try');
    expect(get()).toBe('{"lr": 0.5, "epochs": 9, "note": "long", "layers": [1, 2]}');
    await engine.undoAct(act);
    expect(seen(world)).toEqual(before);
  });

  test('in the same key is a conflict of that key: ours, theirs, or another value', async () => {
    for (const [choice, result] of [
      [{ side: 'branch' }, '{"lr": 0.5, "epochs": 9}'],
      [{ side: 'parent' }, '{"lr": 0.1, "epochs": 9}'],
      [{ side: 'edit', value: 'warm up' }, '{"lr": "warm up", "epochs": 9}'],
      [{ side: 'edit', value: '"0.2"' }, '{"lr": "0.2", "epochs": 9}'],
      [{ side: 'edit', value: '0.2' }, '{"lr": 0.2, "epochs": 9}'],
      [{ side: 'edit', value: null }, '{"epochs": 9}'],
    ] as const) {
      const { engine, set, get } = await withRun('{"lr": 1.0, "epochs": 5}');
      engine.createBranch('try', { switch: true });
      set('{"lr": 0.5, "epochs": 5}');
      engine.switchBranch('main');
      set('{"lr": 0.1, "epochs": 9}');
      const [conflict, ...more] = engine.branchConflicts('try');
      expect(more).toEqual([]);
      expect(conflict).toMatchObject({
        kind: 'changed',
        field: 'params',
        key: 'lr',
        base: '1.0',
        parent: '0.1',
        branch: '0.5',
      });
      const names = [conflict?.name ?? { tab: 0, id: 0, column: '' }];
      engine.chooseForBranch('try', names, choice);
      // What the parent does to other keys leaves the choice as it is.
      set('{"epochs": 9, "lr": 0.10}');
      set('{"lr": 0.1, "epochs": 9}');
      expect(engine.branchConflicts('try')[0]).toMatchObject({
        choice: { side: choice.side },
        chosen: 'value' in choice ? choice.value : null,
      });
      engine.mergeBranch('try');
      expect(get()).toBe(result);
    }
  });

  test('lists, values and what one side cleared stay whole', async () => {
    for (const [mine, theirs] of [
      ['[1, 2]', '[1, 3]'],
      ['{"lr": 1}', '5'],
      [null, '{"lr": 2}'],
    ] as const) {
      const { engine, set } = await withRun('{"lr": 1.0}');
      engine.createBranch('try', { switch: true });
      set(mine);
      engine.switchBranch('main');
      set(theirs);
      expect(engine.branchConflicts('try')).toMatchObject([{ kind: 'changed', field: 'params', key: null }]);
    }
  });

  test('is taken over from the parent key by key; what is merged then is the branch’s alone', async () => {
    const { engine, set, get } = await withRun('{"lr": 1.0, "epochs": 5}');
    engine.createBranch('try', { switch: true });
    set('{"lr": 0.5, "epochs": 5}');
    engine.switchBranch('main');
    set('{"lr": 1.0, "epochs": 9}');
    engine.updateBranch('try');
    expect(get()).toBe('{"lr": 0.5, "epochs": 9}');
    expect(engine.branchDiff('try').objects[0]?.fields).toMatchObject([
      { key: 'lr', base: '1.0', parent: '1.0', branch: '0.5' },
    ]);
    engine.switchBranch('main');
    set('{"lr": 1.0, "epochs": 10}');
    engine.mergeBranch('try');
    expect(get()).toBe('{"lr": 0.5, "epochs": 10}');
  });

  test('beside another branch the keys in which the two differ are told', async () => {
    const { engine, set } = await withRun('{"lr": 1.0, "epochs": 5, "seed": 1}');
    for (const [name, text] of [
      ['one', '{"lr": 0.5, "epochs": 5, "seed": 2}'],
      ['two', '{"lr": 1.0, "epochs": 9, "seed": 2}'],
    ] as const) {
      engine.switchBranch('main');
      engine.createBranch(name, { switch: true });
      set(text);
    }
    const fields = engine.branchDiff('one', { against: 'two' }).objects[0]?.fields;
    expect(fields?.map(({ key, parent, branch }) => [key, parent, branch])).toEqual([
      ['lr', '1.0', '0.5'],
      ['epochs', '9', '5'],
    ]);
  });
});

describe('[row 62] a feature whose value is an object', () => {
  const dictOf = (world: MemoryEngine, uid: string): unknown =>
    world.engine.artifact(uid).features.find(({ feature }) => feature.name === 'meta')?.raw[0];

  test('of an artifact is merged by its keys, decided where both changed one, and taken over', async () => {
    for (const way of ['merge', 'update', 'from both sides'] as const) {
      const { engine, world, uid } = await labWorld(33);
      engine.createFeature('meta', 'dict');
      engine.setFeatures(uid, { meta: { site: 'left', dose: 1, unit: 'mg' } });
      engine.createBranch('try', { switch: true });
      engine.updateFeatures(uid, { meta: { site: 'right', dose: 2, unit: 'mg' } });
      engine.switchBranch('main');
      engine.updateFeatures(uid, { meta: { site: 'left', dose: 3, unit: 'g' } });
      if (way === 'from both sides') engine.switchBranch('try');
      const conflicts = engine.branchConflicts('try');
      expect(conflicts).toMatchObject([
        {
          kind: 'value',
          registry: 'Artifact',
          field: 'meta',
          key: 'dose',
          base: '1',
          parent: '3',
          branch: '2',
        },
      ]);
      expect(engine.branchDiff('try').objects[0]?.fields).toMatchObject([
        { field: 'meta', key: 'site', base: 'left', parent: 'left', branch: 'right', conflict: null },
        { field: 'meta', key: 'dose', base: '1', parent: '3', branch: '2', conflict: { kind: 'value' } },
      ]);
      engine.switchBranch('main');
      const before = seen(world);
      engine.chooseForBranch(
        'try',
        conflicts.map(({ name }) => name),
        { side: 'edit', value: '2.5' },
      );
      if (way === 'update') {
        engine.updateBranch('try');
        expect(dictOf(world, uid)).toEqual({ site: 'right', dose: 2.5, unit: 'g' });
        engine.switchBranch('main');
        expect(seen(world)).toEqual(before);
        expect(engine.branchConflicts('try')).toEqual([]);
      }
      const { act } = engine.mergeBranch('try');
      expect(dictOf(world, uid)).toEqual({ site: 'right', dose: 2.5, unit: 'g' });
      expect(engine.artifact(uid).features.filter(({ feature }) => feature.name === 'meta')).toHaveLength(1);
      await engine.undoAct(act);
      expect(seen(world)).toEqual(before);
    }
  });

  test('changed in different keys is no conflict; the value is one row that LaminDB would make', async () => {
    const { engine, world, uid } = await labWorld(34);
    engine.createFeature('meta', 'dict');
    engine.setFeatures(uid, { meta: { site: 'left', dose: 1 } });
    engine.createBranch('try', { switch: true });
    engine.updateFeatures(uid, { meta: { site: 'right', dose: 1 } });
    engine.switchBranch('main');
    engine.updateFeatures(uid, { meta: { site: 'left', dose: 3 } });
    expect(engine.branchConflicts('try')).toEqual([]);
    expect(engine.checkBranch('try')).toMatchObject({ ok: true, open: 0, failures: [] });
    engine.mergeBranch('try');
    expect(dictOf(world, uid)).toEqual({ site: 'right', dose: 3 });
    // Set by hand it is the same row.
    const rows = () => world.value('SELECT count(*) FROM lamindb_jsonvalue');
    const known = rows();
    engine.updateFeatures(uid, { meta: { site: 'right', dose: 3 } });
    expect(rows()).toBe(known);
  });

  test.each([
    ['its cell', 'changed'],
    ['update', 'value'],
  ] as const)(
    'of a record is told by the name of the feature, whatever way it was written (%s)',
    async (act, kind) => {
      const { engine, world, uidOf } = await labWorld(35);
      engine.createFeature('meta', 'dict');
      const record = { uid: uidOf('record', "name = 'sample 1'") };
      const id = Number(world.value("SELECT id FROM lamindb_record WHERE name = 'sample 1'"));
      const set = (meta: object): unknown =>
        act === 'update' || world.rows('SELECT 1 FROM lamindb_recordjson').length === 0
          ? engine.writeFeatures('Record', [record], 'update', { meta })
          : engine.writer.act({ kind: 'features', title: 'Set the cell' }, (tx) =>
              update(tx, 'lamindb_recordjson', [cell()], { value: JSON.stringify(meta) }),
            );
      const cell = () => Number(world.value('SELECT id FROM lamindb_recordjson WHERE record_id = ?', [id]));
      await set({ site: 'left', dose: 1 });
      engine.createBranch('try', { switch: true });
      await set({ site: 'right', dose: 2 });
      engine.switchBranch('main');
      await set({ site: 'left', dose: 3, unit: 'g' });
      const conflicts = engine.branchConflicts('try');
      expect(conflicts).toMatchObject([
        { kind, registry: 'Record', row: 'sample 1', field: 'meta', key: 'dose' },
      ]);
      engine.chooseForBranch(
        'try',
        conflicts.map(({ name }) => name),
        { side: 'parent' },
      );
      engine.mergeBranch('try');
      expect(JSON.parse(String(world.value('SELECT value FROM lamindb_recordjson')))).toEqual({
        site: 'right',
        dose: 3,
        unit: 'g',
      });
    },
  );
});
