// The write path on a fresh in-memory instance: acts, history, undo, redo, and what must survive them.
import { beforeEach, describe, expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { createInstance, readAuthor } from '../../src/lib/engine/schema/open.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import { insert, insertOne, remove, update } from '../../src/lib/engine/write/apply.ts';
import { openAct, slice } from '../../src/lib/engine/write/commit.ts';
import { historyPage, restoreFields } from '../../src/lib/engine/write/history.ts';
import { createWriter, type FeedChange, type Writer } from '../../src/lib/engine/write/writer.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);

let driver: SqlDriver;
let writer: Writer;
let feed: FeedChange[];

function open(author = readAuthor(driver)): Writer {
  return createWriter({
    driver,
    model,
    clock: () => Date.now(),
    random,
    author,
    onFeed: (c) => feed.push(c),
  });
}

beforeEach(async () => {
  driver = await openMemory();
  createInstance(driver, { model, clock: () => Date.now(), random, name: 'test' });
  feed = [];
  writer = open();
});

const names = (n: number, prefix = 'label') => Array.from({ length: n }, (_, i) => `${prefix} ${i}`);
const uids = (n: number, length = 8) => Array.from({ length: n }, () => randomUid(length, random));
const rows = (sql: string) => driver.all(sql);
const count = (table: string) => Number(rows(`SELECT count(*) FROM ${table}`)[0]?.[0]);

function importLabels(n: number, prefix?: string): number {
  return writer.act({ kind: 'import', title: `Import ${n} labels` }, (tx) =>
    insert(tx, 'lamindb_ulabel', n, { uid: uids(n), name: names(n, prefix) }),
  ) as number;
}

function rename(id: number, name: string): void {
  writer.act({ kind: 'rename', title: `Rename to ${name}` }, (tx) =>
    update(tx, 'lamindb_ulabel', [id], { name }),
  );
}

/** Everything LaminDB can see, as text, to compare states; updated_at moves with every act. */
function registry(): string {
  return JSON.stringify(
    [...model.tables.keys()].map((t) => {
      const columns = [...(model.tables.get(t)?.column.keys() ?? [])].filter((c) => c !== 'updated_at');
      return rows(`SELECT ${columns.map((c) => `"${c}"`).join()} FROM "${t}" ORDER BY id`);
    }),
  );
}

describe('acts', () => {
  it('writes defaults, author, branch and times explicitly', () => {
    const id = importLabels(1);
    const [row] = rows(
      `SELECT name, is_type, branch_id, space_id, created_by_id, _aux, created_at = updated_at, length(created_at) FROM lamindb_ulabel WHERE id = ${id}`,
    );
    expect(row).toEqual(['label 0', 0, 1, 1, 1, null, 1, 26]);
  });

  it('keeps nothing of an act that fails half-way', () => {
    const before = registry();
    expect(() =>
      writer.act({ kind: 'x', title: 'x' }, function* (tx) {
        yield* insertOne(tx, 'lamindb_ulabel', { uid: 'AAAAAAAA', name: 'one' });
        yield* insertOne(tx, 'lamindb_ulabel', { uid: 'AAAAAAAA', name: 'two' });
      }),
    ).toThrow(/UNIQUE|uid/);
    expect(registry()).toBe(before);
    expect(count('loam_act')).toBe(0);
    importLabels(2);
    expect(count('lamindb_ulabel')).toBe(2);
  });

  it('refuses values the mirror would refuse, naming column and value', () => {
    const save = (values: Record<string, string | number>) => () =>
      writer.act({ kind: 'x', title: 'x' }, (tx) =>
        insertOne(tx, 'lamindb_ulabel', { uid: 'AAAAAAAA', name: 'n', ...values }),
      );
    expect(save({ name: 'x'.repeat(151) })).toThrow(/150 characters/);
    expect(save({ name: 'a\u0000b' })).toThrow(/U\+0000/);
    expect(save({ is_type: 2 })).toThrow(/true or false/);
    expect(save({ _aux: '{' })).toThrow(/JSON/);
    expect(save({ nonsense: 1 })).toThrow(/no column "nonsense"/);
    expect(save({ name: '🧬'.repeat(150) })).not.toThrow();
  });

  it('applies an act with a known uid once', () => {
    const spec = { uid: 'op-1', kind: 'x', title: 'x' };
    const body = (name: string) => (tx: Parameters<Parameters<Writer['act']>[1]>[0]) =>
      insertOne(tx, 'lamindb_ulabel', { uid: randomUid(8, random), name });
    expect(writer.act(spec, body('a'))).toBe(1);
    expect(writer.act(spec, body('b'))).toBeNull();
    expect(rows('SELECT name FROM lamindb_ulabel')).toEqual([['a']]);
  });

  it('tells the feed after each commit which rows changed', () => {
    const id = importLabels(3);
    rename(id, 'new');
    expect(feed.map((f) => f.tables.map((t) => [t.table, t.inserted, t.updated, t.ids]))).toEqual([
      [['lamindb_ulabel', 3, 0, [id, id + 1, id + 2]]],
      [['lamindb_ulabel', 0, 1, [id]]],
    ]);
  });

  it('writes nothing where nothing changed', () => {
    const id = importLabels(1);
    const records = count('loam_record');
    rename(id, 'label 0');
    expect(count('loam_record')).toBe(records);
  });

  it('logs an imported row in at most 15 bytes and a single edit in at most 450', async () => {
    const size = () => Number(rows("SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%loam_%'")[0]?.[0]);
    const fresh = size();
    importLabels(20_000);
    expect((size() - fresh) / 20_000).toBeLessThan(15);
    const before = size();
    for (let i = 0; i < 500; i++) rename(i + 1, `renamed ${i}`);
    expect((size() - before) / 500).toBeLessThan(450);
  });
});

describe('deletes', () => {
  it('takes cascading children along and brings them back', async () => {
    const label = importLabels(1);
    const run = writer.act({ kind: 'x', title: 'run' }, function* (tx) {
      const transform = yield* insertOne(tx, 'lamindb_transform', {
        uid: 'T'.repeat(12) + '0000',
        key: 't',
        kind: 'function',
      });
      const id = yield* insertOne(tx, 'lamindb_run', { uid: 'R'.repeat(16), transform_id: transform });
      yield* insertOne(tx, 'lamindb_runulabel', { run_id: id, ulabel_id: label });
      return id;
    }) as number;
    const before = registry();
    writer.act({ kind: 'delete', title: 'Delete run' }, (tx) => remove(tx, 'lamindb_run', [run]));
    expect([count('lamindb_run'), count('lamindb_runulabel')]).toEqual([0, 0]);
    await writer.undo();
    expect(registry()).toBe(before);
  });

  it('refuses to delete what is protected and says by whom', () => {
    const label = importLabels(1);
    writer.act({ kind: 'x', title: 'run' }, function* (tx) {
      const transform = yield* insertOne(tx, 'lamindb_transform', {
        uid: 'T'.repeat(12) + '0000',
        key: 't',
        kind: 'function',
      });
      yield* insertOne(tx, 'lamindb_transformulabel', { transform_id: transform, ulabel_id: label });
    });
    expect(() =>
      writer.act({ kind: 'delete', title: 'x' }, (tx) => remove(tx, 'lamindb_ulabel', [label])),
    ).toThrow(/transformulabel/);
    expect(count('lamindb_ulabel')).toBe(1);
  });
});

describe('undo and redo', () => {
  it('undoing an import of 3,000 rows leaves and lists every cell changed since; redo restores identical uids', async () => {
    const first = importLabels(3000);
    const all = rows('SELECT id, uid, name FROM lamindb_ulabel ORDER BY id');
    for (let i = 0; i < 10; i++) rename(first + i * 7, `kept ${i}`);
    const act = rows("SELECT uid FROM loam_act WHERE kind = 'import'")[0]?.[0] as string;
    const undone = await writer.undo(act);
    expect(undone?.restored).toBe(2990);
    expect(undone?.skippedCount).toBe(10);
    expect(undone?.skipped[0]).toMatchObject({
      table: 'lamindb_ulabel',
      row: expect.any(String),
      reason: 'changed since',
      by: 'anonymous',
    });
    expect(count('lamindb_ulabel')).toBe(10);
    await writer.redo();
    const kept = new Set(Array.from({ length: 10 }, (_, i) => first + i * 7));
    const again = rows('SELECT id, uid, name FROM lamindb_ulabel ORDER BY id');
    expect(again.map((r) => [r[0], r[1]])).toEqual(all.map((r) => [r[0], r[1]]));
    expect(again.filter((r) => !kept.has(Number(r[0])))).toEqual(all.filter((r) => !kept.has(Number(r[0]))));
  });

  it('goes back and forth any number of steps and ends where it was', async () => {
    const states = [registry()];
    const id = importLabels(4);
    states.push(registry());
    for (const name of ['a', 'b', 'c']) {
      rename(id, name);
      states.push(registry());
    }
    for (let round = 0; round < 3; round++) {
      for (let i = states.length - 2; i >= 0; i--) {
        expect((await writer.undo())?.skippedCount).toBe(0);
        expect(registry()).toBe(states[i]);
      }
      expect(await writer.undo()).toBeNull();
      for (let i = 1; i < states.length; i++) {
        expect((await writer.redo())?.skippedCount).toBe(0);
        expect(registry()).toBe(states[i]);
      }
      expect(await writer.redo()).toBeNull();
    }
  });

  it('survives a reload', async () => {
    const id = importLabels(3);
    rename(id, 'before');
    const state = registry();
    rename(id, 'after');
    const bytes = driver.serialize();
    driver.close();
    driver = await openMemory({ bytes });
    writer = open();
    await writer.undo();
    expect(registry()).toBe(state);
    await writer.redo();
    expect(rows(`SELECT name FROM lamindb_ulabel WHERE id = ${id}`)).toEqual([['after']]);
  });

  it('undoes once when the request is sent twice', async () => {
    const id = importLabels(1);
    rename(id, 'second');
    await writer.undo(undefined, 'request-1');
    expect(await writer.undo(undefined, 'request-1')).toBeNull();
    expect(rows('SELECT name FROM lamindb_ulabel')).toEqual([['label 0']]);
  });

  it('does not let an edit that was undone block the undo of the import', async () => {
    const id = importLabels(2);
    rename(id, 'x');
    await writer.undo();
    const undone = await writer.undo();
    expect(undone?.skippedCount).toBe(0);
    expect(count('lamindb_ulabel')).toBe(0);
  });

  it('keeps a row that is used from outside and says by what', async () => {
    const id = importLabels(2);
    const act = rows('SELECT uid FROM loam_act')[0]?.[0] as string;
    writer.act({ kind: 'x', title: 'use it' }, function* (tx) {
      const transform = yield* insertOne(tx, 'lamindb_transform', {
        uid: 'T'.repeat(12) + '0000',
        key: 't',
        kind: 'function',
      });
      yield* insertOne(tx, 'lamindb_transformulabel', { transform_id: transform, ulabel_id: id });
    });
    const undone = await writer.undo(act);
    expect(undone?.skipped.map((s) => [s.row, s.reason])).toEqual([
      [String(id), 'used by lamindb_transformulabel'],
    ]);
    expect(count('lamindb_ulabel')).toBe(1);
  });

  it('leaves a cell that went A → B → A by somebody else', async () => {
    const id = importLabels(1);
    rename(id, 'mine');
    const mine = rows("SELECT uid FROM loam_act WHERE kind = 'rename'")[0]?.[0] as string;
    rename(id, 'theirs');
    rename(id, 'mine');
    const undone = await writer.undo(mine);
    expect(undone?.skippedCount).toBe(1);
    expect(rows('SELECT name FROM lamindb_ulabel')).toEqual([['mine']]);
  });

  it('undoes a swap of two unique values', async () => {
    const id = importLabels(2);
    const before = registry();
    const [[a], [b]] = rows(`SELECT uid FROM lamindb_ulabel WHERE id IN (${id}, ${id + 1}) ORDER BY id`) as [
      [string],
      [string],
    ];
    writer.act({ kind: 'swap', title: 'swap' }, (tx) =>
      update(tx, 'lamindb_ulabel', [id, id + 1], { uid: [b, a] }),
    );
    expect(rows('SELECT uid FROM lamindb_ulabel ORDER BY id')).toEqual([[b], [a]]);
    await writer.undo();
    expect(registry()).toBe(before);
  });

  it('lists a row whose unique value was taken since instead of forcing it', async () => {
    const id = importLabels(2);
    const uid = rows(`SELECT uid FROM lamindb_ulabel WHERE id = ${id}`)[0]?.[0] as string;
    writer.act({ kind: 'delete', title: 'delete both' }, (tx) => remove(tx, 'lamindb_ulabel', [id, id + 1]));
    const act = rows("SELECT uid FROM loam_act WHERE kind = 'delete'")[0]?.[0] as string;
    writer.act({ kind: 'x', title: 'take it' }, (tx) =>
      insertOne(tx, 'lamindb_ulabel', { uid, name: 'taker' }),
    );
    const undone = await writer.undo(act);
    expect(undone?.skipped.map((s) => s.reason)).toEqual(['a unique value has been taken since']);
    expect(rows('SELECT name FROM lamindb_ulabel ORDER BY id')).toEqual([['label 1'], ['taker']]);
  });

  it('marks one latest version after undoing a version in the middle of the log', async () => {
    const stem = 'S'.repeat(12);
    const save = (v: string) =>
      writer.act({ kind: 'save', title: v }, (tx) =>
        insertOne(tx, 'lamindb_transform', { uid: stem + v, key: 'k', kind: 'function' }),
      );
    save('0000');
    save('0001');
    const second = rows("SELECT uid FROM loam_act WHERE title = '0001'")[0]?.[0] as string;
    save('0002');
    const latest = () =>
      rows('SELECT uid FROM lamindb_transform WHERE is_latest = 1').map((r) => String(r[0]).slice(-4));
    expect(latest()).toEqual(['0002']);
    await writer.undo(second);
    expect(latest()).toEqual(['0002']);
    await writer.undo();
    expect(latest()).toEqual(['0000']);
  });
});

describe('acts of many transactions', () => {
  it('are taken back from their own records after a crash', () => {
    importLabels(5);
    const state = registry();
    const act = runSync(
      driver,
      openAct(writer.journal, writer.author, { uid: 'crash', kind: 'import', title: 'Half an import' }),
    );
    for (let i = 0; i < 3; i++) {
      runSync(
        driver,
        slice(writer.journal, writer.author, act, function* (tx) {
          yield* insert(tx, 'lamindb_ulabel', 100, { uid: uids(100), name: names(100) });
          yield* update(tx, 'lamindb_ulabel', [1], { name: `step ${i}` });
        }),
      );
    }
    expect(count('lamindb_ulabel')).toBe(305);
    writer = open();
    expect(writer.recover()).toEqual(['Half an import']);
    expect(registry()).toBe(state);
    expect(count('loam_record')).toBe(1);
    expect(writer.recover()).toEqual([]);
  });

  it('can be cancelled and then leave nothing', async () => {
    const state = registry();
    let slices = 0;
    const half = writer.longAct(
      { kind: 'import', title: 'Long' },
      () => (tx) =>
        (function* () {
          slices++;
          yield* insert(tx, 'lamindb_ulabel', 10, { uid: uids(10), name: names(10) });
        })(),
      () => slices >= 3,
    );
    await expect(half).rejects.toMatchObject({ code: 'Cancelled' });
    expect(registry()).toBe(state);
  });
});

describe('history', () => {
  it('tells who changed which field from what to what, and restores it', () => {
    const id = importLabels(1);
    rename(id, 'second');
    rename(id, 'third');
    const { entries: history } = runSync(driver, historyPage(writer.journal, 'lamindb_ulabel', id));
    expect(history.map((h) => [h.kind, h.changes.filter((c) => c.field === 'name')])).toEqual([
      ['update', [{ field: 'name', part: 'field name', old: 'second', new: 'third' }]],
      ['update', [{ field: 'name', part: 'field name', old: 'label 0', new: 'second' }]],
      ['create', [{ field: 'name', part: 'field name', old: null, new: 'label 0' }]],
    ]);
    expect(history[0]?.act).toMatchObject({ by: 'anonymous', title: 'Rename to third', undone: false });
    const ref = history[1]?.ref;
    if (!ref) throw new Error('no entry');
    writer.act({ kind: 'restore', title: 'Restore' }, (tx) => restoreFields(tx, ref));
    expect(rows('SELECT name FROM lamindb_ulabel')).toEqual([['label 0']]);
  });
});
