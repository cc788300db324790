// What a running act has inserted is not there for readers until its last transaction: lists, facets, counts, look-ups,
// pages and histories. What it changes and deletes is seen as it goes. After a crash or a cancel nothing stays hidden.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/lib/engine/index.ts';
import { createEngine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { FeedChange } from '../../src/lib/engine/write/writer.ts';
import { insert, remove, update } from '../../src/lib/engine/write/apply.ts';
import { emptyView } from '../../src/lib/engine/view/view.ts';
import { createHiddenRows } from '../../src/lib/engine/write/hidden.ts';
import { memoryEngine, random, type MemoryEngine } from './memory-engine.ts';

const n = 600;
let made: MemoryEngine;
let engine: Engine;
let uids: string[];
let feed: FeedChange[];
/** Runs between two slices, where another tab's questions are answered. */
let between: () => void | Promise<void>;
let now = 1_700_000_000_000;
/** Each look at the clock costs 25 ms, so that an act of this size has many slices on any machine. */
const clock = () => (now += 25);

beforeEach(async () => {
  feed = [];
  between = () => {};
  made = await memoryEngine(model, {
    clock,
    onFeed: (change) => feed.push(change),
    breathe: async () => await between(),
  });
  ({ engine } = made);
  uids = made.artifacts(...Array.from({ length: n }, (_, i) => `set/${i}.csv`));
  engine.createFeature('weight', 'float');
  engine.createFeature('tissue', 'cat[ULabel]');
});

/** Everything a reader can see of the artifacts' annotations. While it looks, nobody else does. */
async function seen() {
  const looking = between;
  between = () => {};
  const spec = { offset: 0, limit: 5, sort: { by: 'key' as const, descending: false } };
  const view = { ...emptyView('Artifact'), columns: ['ulabels', 'projects', '@weight', '@tissue'] };
  const facets: Record<string, [number[], number]> = {};
  for (const spec of engine.facetSpecs(view)) {
    const { title, values, missing } = await engine.listFacet(view, spec);
    facets[title] = [values.map((v) => v.count), missing];
  }
  between = looking;
  const { cells } = engine.listRows(view, { after: null, limit: 1 }).rows[0] ?? {};
  const { relations, features } = engine.row('Artifact', uids[0] ?? '');
  const [first] = engine.listArtifacts(spec).rows;
  const page = engine.artifact(uids[0] ?? '');
  return {
    facets,
    cells,
    row: [relations, features],
    labelled: engine
      .listRows(emptyView('ULabel'), { after: null, limit: 9 })
      .rows.map(({ cells: [, , , used] }) => used),
    labels: first?.labels.map(({ name }) => name),
    page: [page.labels.map(({ name }) => name), page.features.map(({ values }) => values), page.projects],
    byLabel: engine.ulabels('', 10).map(({ name, count }) => [name, count]),
    byProject: engine.projects('', 10).map(({ name, count }) => [name, count]),
    byFeature: engine.features('', 10).map(({ name, count }) => [name, count]),
    history: engine.history(uids[0] ?? '').map(({ act }) => act.title),
  };
}

const everything = { matching: emptyView('Artifact'), except: [] };
const options = { labels: ['done'], projects: ['atlas'], features: { weight: '1.5', tissue: 'lung' } };

describe('a running act', () => {
  it('shows none of the labels, projects and values it adds, and then all of them at once', async () => {
    const before = await seen();
    let looked = 0;
    between = async () => {
      looked += 1;
      expect(await seen()).toEqual(before);
    };
    await engine.annotate(everything, options);
    expect(looked).toBeGreaterThan(5);
    const after = await seen();
    expect(after.facets).toMatchObject({
      labels: [[n, n], 0],
      projects: [[n], 0],
      weight: [[n], 0],
      tissue: [[n], 0],
    });
    expect(after.labels?.toSorted()).toEqual(['atlas', 'done', 'lung']);
    expect(after.byLabel).toEqual([
      ['done', n],
      ['lung', n],
    ]);
    expect(after.history[0]).toBe(`Annotate ${n} artifacts`);
    // Nobody was asked to look at rows that were not to be seen; at the end everybody is.
    const slices = feed.filter(({ title, last }) => title.startsWith('Annotate') && !last);
    expect(slices.flatMap(({ tables }) => tables.filter((t) => t.updated + t.deleted === 0))).toEqual([]);
    expect(feed.at(-1)?.tables.map(({ table }) => table)).toContain('lamindb_artifactulabel');

    // Undo takes them away as it goes; redo brings them back at once.
    between = () => {};
    await engine.undo();
    const undone = await seen();
    looked = 0;
    between = async () => {
      looked += 1;
      expect(await seen()).toEqual({ ...undone, history: expect.any(Array) as string[] });
    };
    await engine.redo();
    expect(looked).toBeGreaterThan(2);
    expect({ ...(await seen()), history: [] }).toEqual({ ...after, history: [] });
  });

  it('lets everybody see what it changes, and what others add meanwhile', async () => {
    const labels: number[] = [];
    const described: number[] = [];
    let at = 0;
    const ids = made.rows('SELECT id FROM lamindb_artifact ORDER BY id').map(([id]) => Number(id));
    await engine.writer.longAct({ kind: 'import', title: 'slow' }, () => {
      labels.push(engine.ulabels('', 100).length);
      described.push(engine.listArtifacts({ search: 'seen', offset: 0, limit: 0 }).total);
      if (at === 5) return null;
      const step = at++;
      // Another person's label between each two slices: the act's own ids lie in pieces.
      engine.createULabel(`mine ${step}`);
      return function* (tx) {
        yield* insert(tx, 'lamindb_ulabel', 2, {
          uid: [`aaaaaaa${2 * step}`, `aaaaaaa${2 * step + 1}`],
          name: [`a ${2 * step}`, `a ${2 * step + 1}`],
        });
        yield* update(tx, 'lamindb_artifact', [ids[step] ?? 0], { description: 'seen' });
      };
    });
    expect(labels).toEqual([0, 1, 2, 3, 4, 5]);
    expect(described).toEqual([0, 1, 2, 3, 4, 5]);
    expect(engine.ulabels('', 100).length).toBe(15);
  });

  it('brings back any number of scattered rows at once', async () => {
    const count = 300;
    engine.writer.act({ kind: 'import', title: 'labels' }, (tx) =>
      insert(tx, 'lamindb_ulabel', count, {
        uid: Array.from({ length: count }, (_, i) => `b${String(i).padStart(7, '0')}`),
        name: Array.from({ length: count }, (_, i) => `b ${i}`),
      }),
    );
    const ids = made.rows('SELECT id FROM lamindb_ulabel ORDER BY id').map(([id]) => Number(id));
    const odd = ids.filter((_, i) => i % 2 === 1);
    let slices = 0;
    await engine.writer.longAct({ kind: 'tidy', title: 'remove odd ones' }, () => {
      const part = odd.slice(slices * 50, ++slices * 50);
      return part.length > 0 ? (tx) => remove(tx, 'lamindb_ulabel', part) : null;
    });
    expect(engine.ulabels('', 500).length).toBe(count / 2);
    const shown = new Set<number>();
    between = () => {
      shown.add(engine.ulabels('', 500).length);
      // More pieces than a statement writes out.
      if (made.rows('SELECT count(*) FROM lamindb_ulabel')[0]?.[0] === count - 50)
        expect(engine.writer.journal.hidden.without('lamindb_ulabel', 'id')).toMatch(
          /loam_hidden\(\d+, id\)/,
        );
    };
    await engine.undo();
    expect([...shown]).toEqual([count / 2]);
    expect(engine.ulabels('', 500).length).toBe(count);
  });

  it('keeps the version that people see the latest one until its own version is shown', async () => {
    const [uid = ''] = uids;
    const newer = `${uid.slice(0, 16)}0001`;
    const row = (key: string, hash: string) => ({
      key,
      suffix: '.csv',
      storage_id: 1,
      size: 2,
      hash,
      _hash_type: 'md5',
      _key_is_virtual: 1,
      _overwrite_versions: 0,
    });
    let slices = 0;
    await engine.writer.longAct({ kind: 'import', title: 'versions' }, () => {
      const page = engine.listArtifacts({ search: 'set/0.csv', offset: 0, limit: 5 });
      expect(page.rows.map((r) => [r.uid, r.versions])).toEqual([[uid, 1]]);
      expect(engine.artifact(uid.slice(0, 16)).uid).toBe(uid);
      expect(() => engine.artifact(newer)).toThrow(/no artifact/);
      slices += 1;
      if (slices === 3) return null;
      return function* (tx) {
        if (slices === 1)
          yield* insert(tx, 'lamindb_artifact', 1, { uid: newer, ...row('set/0.csv', 'x'.repeat(22)) });
        else yield* update(tx, 'lamindb_artifact', [1], { description: 'older' });
      };
    });
    const page = engine.listArtifacts({ search: 'set/0.csv', offset: 0, limit: 5 });
    expect(page.rows.map((r) => [r.uid, r.versions])).toEqual([[newer, 2]]);
    expect(
      made.rows('SELECT uid, is_latest FROM lamindb_artifact WHERE key = ? ORDER BY id', ['set/0.csv']),
    ).toEqual([
      [uid, 0],
      [newer, 1],
    ]);
  });
});

describe('an act that does not come to its end', () => {
  const half = (stop: () => void) => {
    let slices = 0;
    return engine.writer.longAct({ kind: 'import', title: 'half' }, () => {
      if (slices++ === 3) stop();
      return function* (tx) {
        yield* insert(tx, 'lamindb_ulabel', 1, { uid: `ccccccc${slices}`, name: `c ${slices}` });
      };
    });
  };

  it('hides nothing after it was taken back: ids it had used are free for others', async () => {
    const failed = half(() => {
      throw new Error('no more');
    });
    await expect(failed).rejects.toThrow('no more');
    expect(engine.writer.journal.hidden.without('lamindb_ulabel', 'id')).toBe('');
    engine.createULabel('mine');
    expect(engine.ulabels('', 10).map(({ name }) => name)).toEqual(['mine']);
  });

  it('hides nothing of a transaction that failed in the middle of it', async () => {
    let slices = 0;
    const failed = engine.writer.longAct({ kind: 'import', title: 'twice' }, () => {
      slices += 1;
      return function* (tx) {
        yield* insert(tx, 'lamindb_ulabel', 1, { uid: 'dddddddd', name: `d ${slices}` });
      };
    });
    // The second uid is taken: the slice is rolled back and so is the act.
    await expect(failed).rejects.toMatchObject({ code: 'IntegrityError' });
    expect(engine.writer.journal.hidden.without('lamindb_ulabel', 'id')).toBe('');
    expect(engine.ulabels('', 10)).toEqual([]);
  });

  it('cut off by a crash is gone at the next start, with the latest versions as before', async () => {
    const [uid = ''] = uids;
    const newer = `${uid.slice(0, 16)}0001`;
    const state = made.state();
    const { run } = made.driver;
    let slices = 0;
    const cut = engine.writer.longAct({ kind: 'import', title: 'cut' }, () => {
      slices += 1;
      if (slices === 3) {
        // The process is gone: not even the taking back happens.
        made.driver.run = () => {
          throw new Error('power cut');
        };
      }
      return function* (tx) {
        if (slices === 1) return void (yield* update(tx, 'lamindb_artifact', [2], { description: 'half' }));
        yield* remove(tx, 'lamindb_artifact', [1]);
        yield* insert(tx, 'lamindb_artifact', 1, {
          uid: newer,
          key: 'set/0.csv',
          suffix: '.csv',
          storage_id: 1,
          _key_is_virtual: 1,
          _overwrite_versions: 0,
        });
      };
    });
    await expect(cut).rejects.toThrow('power cut');
    made.driver.run = run;
    expect(made.state()).not.toBe(state);

    const refuse = () => Promise.reject(new Error('no bytes here'));
    engine = await createEngine({
      driver: made.driver,
      model,
      blobs: made.blobs,
      inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
      clock,
      random,
      onFeed: () => {},
      onDrop: () => {},
    });
    expect(engine.recovered).toEqual(['cut']);
    expect(made.state()).toBe(state);
    expect(engine.writer.journal.hidden.without('lamindb_artifact', 'id')).toBe('');
    expect(engine.listArtifacts({ offset: 0, limit: 0 }).total).toBe(n);
  });
});

describe('the condition', () => {
  it('is nothing while no act is open, joins neighbours, and knows each piece', () => {
    const hidden = createHiddenRows(model);
    expect(hidden.without('t', 'a.id')).toBe('');
    hidden.hide(1, 't', 10, 19);
    hidden.hide(1, 't', 20, 29);
    hidden.hide(2, 't', 40, 40);
    expect(hidden.without('other', 'a.id')).toBe('');
    expect(hidden.without('t', 'a.id')).toBe(' AND NOT (a.id BETWEEN 10 AND 29 OR a.id BETWEEN 40 AND 40)');
    const mark = hidden.mark(1);
    hidden.hide(1, 't', 30, 39);
    expect(hidden.without('t', 'id')).toBe(' AND NOT (id BETWEEN 10 AND 40)');
    hidden.rollback(1, mark);
    hidden.reveal(2);
    expect(hidden.without('t', 'id')).toBe(' AND NOT (id BETWEEN 10 AND 29)');
    for (let i = 0; i < 100; i++) hidden.hide(3, 't', 1000 + 3 * i, 1001 + 3 * i);
    expect(hidden.without('t', 'id')).toBe(' AND NOT loam_hidden(0, id)');
    for (const id of [9, 30, 999, 1002, 1296, 1300])
      expect([id, hidden.covers(0, id)]).toEqual([
        id,
        id === 1300 ? false : id > 1002 && (id - 1000) % 3 < 2,
      ]);
    for (const id of [10, 29, 1000, 1001, 1297, 1298]) expect([id, hidden.covers(0, id)]).toEqual([id, true]);
    hidden.reveal(1);
    hidden.reveal(3);
    expect(hidden.without('t', 'id')).toBe('');
  });
});
