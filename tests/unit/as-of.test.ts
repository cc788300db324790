// [row 57] The database as of a moment: for random histories what is there as of a time is what was there then, cell by cell, and
// after going back nothing is different from before. Nothing can be written meanwhile.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { emptyView } from '../../src/lib/engine/view/view.ts';
import { insert, update } from '../../src/lib/engine/write/apply.ts';
import type { PastState } from '../../src/lib/engine/branch/as-of.ts';
import { numbers } from '../fixtures/numbers.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

interface Made extends MemoryEngine {
  now: () => number;
  past: (PastState | null)[];
}

async function lab(seed: number, options: { searchIndex?: boolean } = {}): Promise<Made> {
  const next = numbers(seed);
  let now = 1_700_000_000_000;
  const past: (PastState | null)[] = [];
  const made = await memoryEngine(model, {
    clock: () => (now += 1 + Math.floor(next() * 30)),
    random: (bytes) => bytes.map(() => Math.floor(next() * 256)),
    onPast: (state) => past.push(state),
    ...options,
  });
  return { ...made, now: () => now, past };
}

/** Every cell of every registry, `updated_at` and `is_latest` included; interned values may stay after an undo. */
function digest({ rows }: MemoryEngine): string {
  const hash = createHash('sha256');
  for (const table of model.tables.values()) {
    const columns = table.columns.map(({ name }) => `"${name}"`).join();
    const found = rows(`SELECT ${columns} FROM "${table.name}" ORDER BY id`);
    if (found.length > 0) hash.update(table.name + JSON.stringify(found));
  }
  return hash.digest('hex');
}

/** What screens show: lists, facets, counts, search, acts. */
async function shown({ engine }: MemoryEngine): Promise<unknown> {
  const view = { ...emptyView('Artifact'), columns: ['ulabels'] };
  const facets: unknown[] = [];
  for (const spec of engine.facetSpecs(view)) {
    const { values, missing } = await engine.listFacet(view, spec);
    facets.push([spec.field, values.map(({ label, count }) => [label, count]).sort(), missing]);
  }
  const uids = engine.listKeys({ ...view, versions: true });
  return {
    list: engine.listRows(view, { after: null, limit: 50 }).rows,
    counts: engine.registryCounts(),
    facets,
    found: engine.listKeys({ ...view, search: 'words 1' }),
    acts: engine.acts(500).map(({ uid, undone }) => [uid, undone]),
    log: engine.auditLog({ limit: 500 }).acts.map(({ uid, undone }) => [uid, undone]),
    history: uids.slice(0, 3).map((uid) => engine.timeline('Artifact', { uid }, { limit: 500 })),
    trash: engine.bin({ where: 'trash' }),
  };
}

const long = process.env['LOAM_LONG'] === '1';
const seeds = long ? Array.from({ length: 12 }, (_, i) => i + 1) : [1, 2, 3];
const steps = long ? 120 : 45;

async function something(choose: () => number, made: Made): Promise<void> {
  const { engine: e, rows } = made;
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(choose() * list.length)];
  const live = rows('SELECT uid FROM lamindb_artifact WHERE branch_id = 1 ORDER BY id').map(([u]) =>
    String(u),
  );
  const gone = rows('SELECT uid FROM lamindb_artifact WHERE branch_id = -1 ORDER BY id').map(([u]) =>
    String(u),
  );
  const uid = pick(live) ?? 'none';
  const n = Math.floor(choose() * 1000);
  const label = `label ${n % 9}`;
  const act = pick(e.acts(30).filter(({ kind, undone }) => kind !== 'purge' && !undone))?.uid ?? 'none';
  const labels = rows('SELECT id, name FROM lamindb_ulabel ORDER BY id');
  const choices: (() => unknown)[] = [
    () => e.updateArtifact(uid, { description: `words ${n % 4}` }),
    () => e.updateArtifact(uid, { key: `moved/${n}.csv` }),
    () => e.addLabels([uid], [label, `label ${(n + 1) % 9}`]),
    () => e.addLabels(live.slice(0, 5), [label]),
    () => {
      const [tag] = e.artifact(uid).labels;
      return tag && e.removeLabel(uid, tag.registry, tag.uid);
    },
    () => e.setFeatures(uid, { weight: String((n % 5) / 8), tissue: `tissue ${n % 4}` }),
    () => e.saveNote(uid, `# Note ${n}`),
    () => e.trashArtifacts([uid]),
    () => e.restoreArtifacts([pick(gone) ?? 'none']),
    () => e.archive('Artifact', [{ uid }]),
    () => e.purgeArtifacts([pick(gone) ?? 'none']),
    () => e.undo(),
    () => e.redo(),
    () => e.undoAct(act),
    // A new version of a row.
    () => {
      if (uid === 'none') return;
      const [last] = rows(
        `SELECT uid FROM lamindb_artifact WHERE uid >= ? AND uid < ? ORDER BY uid DESC LIMIT 1`,
        [uid.slice(0, 16), `${uid.slice(0, 16)}~`],
      );
      const suffix = Number(String(last?.[0] ?? '').slice(16)) + 1;
      return e.writer.act({ kind: 'version', title: `version ${n}` }, (tx) =>
        insert(tx, 'lamindb_artifact', 1, {
          uid: `${uid.slice(0, 16)}${String(suffix).padStart(4, '0')}`,
          key: `set/v${n}.csv`,
          suffix: '.csv',
          storage_id: 1,
          _hash_type: 'md5',
          _key_is_virtual: 1,
          _overwrite_versions: 0,
        }),
      );
    },
    // Two rows swap a unique value.
    () => {
      const [a, b] = rows("SELECT id, handle FROM lamindb_user WHERE handle LIKE 'guest%' ORDER BY id");
      if (!a || !b) return;
      return e.writer.act({ kind: 'swap', title: 'swap' }, (tx) =>
        update(tx, 'lamindb_user', [Number(a[0]), Number(b[0])], { handle: [b[1] ?? null, a[1] ?? null] }),
      );
    },
    () =>
      e.relate('ULabel', { id: Number(pick(labels)?.[0] ?? 0) }, 'parents', {
        add: [{ id: Number(pick(labels)?.[0] ?? 0) }],
      }),
    () => e.purge('ULabel', [{ id: Number(pick(labels)?.[0] ?? 0) }]),
    // An act of several transactions.
    () =>
      e.writer.longAct(
        { kind: 'import', title: `long ${n}` },
        (() => {
          let slices = 0;
          return () =>
            ++slices > 3
              ? null
              : (tx) =>
                  (function* () {
                    yield* insert(tx, 'lamindb_ulabel', 3, {
                      uid: [0, 1, 2].map((i) => `${String(n).padStart(4, '0')}${slices}${i}xx`),
                      name: [0, 1, 2].map((i) => `bulk ${n} ${slices} ${i}`),
                    });
                  })();
        })(),
      ),
  ];
  try {
    await pick(choices)?.();
  } catch (error) {
    if (!isLoamError(error)) throw error;
  }
}

describe('the database as of a moment', () => {
  it.each(seeds)('is what it was then, and the present is what it was before, seed %i', async (seed) => {
    const made = await lab(seed, { searchIndex: seed % 2 === 0 });
    const { engine } = made;
    made.artifacts(...Array.from({ length: 8 }, (_, i) => `set/${i}.csv`));
    engine.createFeature('weight', 'float');
    engine.createFeature('tissue', 'cat[ULabel]');
    engine.writer.act({ kind: 'seed', title: 'guests' }, (tx) =>
      insert(tx, 'lamindb_user', 2, { uid: ['guest001', 'guest002'], handle: ['guest1', 'guest2'] }),
    );
    const choose = numbers(seed * 31);
    const seen: { at: number; digest: string; shown: unknown }[] = [];
    for (let step = 0; step < steps; step++) {
      await something(choose, made);
      if (choose() < 0.3) while (engine.writer.pack({ size: 7, keep: 3, bytes: 700 }) > 0);
      if (choose() < 0.5) while (engine.writer.feed() > 0);
      if (step % 6 === 5) seen.push({ at: made.now(), digest: digest(made), shown: await shown(made) });
      made.now();
      engine.status();
    }
    // Something newer than the last mark.
    engine.createULabel('the newest');
    const before = { digest: digest(made), shown: await shown(made) };
    for (const moment of [...seen, ...seen.slice().reverse()]) {
      const state = await engine.goToPast({ time: new Date(moment.at).toISOString() });
      expect(state.state).toBe('there');
      expect(digest(made)).toBe(moment.digest);
      expect(await shown(made)).toEqual(moment.shown);
      if (choose() < 0.5) {
        engine.backToNow();
        expect(digest(made)).toBe(before.digest);
      }
    }
    engine.backToNow();
    expect(engine.past()).toBeNull();
    expect(digest(made)).toBe(before.digest);
    expect(await shown(made)).toEqual(before.shown);
    expect(made.rows('PRAGMA foreign_key_check')).toEqual([]);
    expect(made.rows('PRAGMA foreign_keys')).toEqual([[1]]);
    // It goes on as if nothing had been.
    engine.createULabel('after');
    expect((await engine.undo())?.restored).toBe(1);
    expect(digest(made)).toBe(before.digest);
  });

  it('refuses every write in words, and takes them again afterwards', async () => {
    const made = await lab(40);
    const { engine } = made;
    const [uid = ''] = made.artifacts('a.csv');
    const first = engine.acts(1)[0]?.uid ?? '';
    engine.createULabel('later');
    await engine.goToPast({ act: first, side: 'after' });
    expect(engine.ulabels('', 9)).toEqual([]);
    for (const write of [
      () => engine.createULabel('x'),
      () => engine.updateArtifact(uid, { description: 'x' }),
      () => engine.trashArtifacts([uid]),
      () => engine.undo(),
      () => engine.redo(),
      () => engine.undoAct(first),
      () => engine.purgeArtifacts([uid]),
      () => engine.drop([], {} as never),
      () => engine.saveView({} as never),
      () => engine.annotate([uid], { labels: ['x'] } as never),
    ]) {
      const error = await refusal(write);
      expect(error.code).toBe('ReadOnly');
      expect(error.message).toMatch(
        /You are looking at the database as it was after “seed” .*go back to now to write/,
      );
    }
    // Whatever only asks is answered, also what looks into the log.
    const asked: (() => unknown)[] = [
      () => engine.status(),
      () => engine.branches(),
      () => engine.registryCounts(),
      () => engine.elsewhere('Artifact'),
      () => engine.row('Artifact', uid),
      () => engine.artifact(uid),
      () => engine.rowHistory('Artifact', { uid }),
      () => engine.gone('ULabel', 'none'),
      () => engine.goneIn(first),
      () => engine.auditChoices(),
      () => engine.auditRows(first),
      () => engine.restorePlan('Artifact', { uid }, 1),
      () => engine.emptyPlan(),
      () => engine.binCounts('archive'),
      () => engine.purgePlan('Artifact', [{ uid }]),
      () => engine.findObjects('a', 5),
      () => engine.listMarks(emptyView('Artifact'), null, 10, 5),
      () => engine.savedViews('Artifact'),
      () => engine.describeRow('Artifact', { uid }),
      () => engine.lineageEdges('Artifact', { uid }),
      () => engine.sqlSchema(),
      () => engine.integrityCheck(),
    ];
    for (const ask of asked) await ask();
    // Whatever goes round the write path is refused by the database itself.
    expect(() => made.driver.run("UPDATE lamindb_artifact SET description = 'x'")).toThrow(/readonly/i);
    expect(engine.writer.pack({ size: 1, keep: 0, bytes: 9999 })).toBe(0);
    expect(engine.writer.feed()).toBe(0);
    engine.backToNow();
    engine.backToNow();
    expect(engine.ulabels('', 9).map(({ name }) => name)).toEqual(['later']);
    engine.createULabel('x');
  });

  it('stops before an act and after it, and says where there is nothing to see', async () => {
    const made = await lab(41);
    const { engine } = made;
    for (const name of ['a', 'b', 'c']) engine.createULabel(name);
    const [, b] = engine.acts(3);
    const names = () =>
      engine
        .ulabels('', 9)
        .map(({ name }) => name)
        .sort();
    const before = await engine.goToPast({ act: b?.uid ?? '', side: 'before' });
    expect(before.act).toEqual({ uid: b?.uid, title: 'New ULabel b', side: 'before' });
    expect(names()).toEqual(['a']);
    expect(engine.acts(9).map(({ title }) => title)).toEqual(['New ULabel a']);
    await engine.goToPast({ act: b?.uid ?? '', side: 'after' });
    expect(names()).toEqual(['a', 'b']);
    engine.backToNow();
    for (const [stop, words] of [
      [{ time: '2100-01-01T00:00:00Z' }, /Nothing was changed since then/],
      [{ time: 'yesterday' }, /is no time/],
      [{ act: 'none', side: 'before' }, /no such act/],
    ] as const) {
      const error = await refusal(() => engine.goToPast(stop));
      expect(error.message).toMatch(words);
      expect(engine.past()).toBeNull();
    }
    // Before everything.
    await engine.goToPast({ time: '1999-01-01T00:00:00Z' });
    expect(names()).toEqual([]);
    engine.backToNow();
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('can be cancelled on the way, which leads back to the present', async () => {
    let now = 1_700_000_000_000;
    const past: (PastState | null)[] = [];
    let between = () => {};
    const made = await memoryEngine(model, {
      // Each look costs 25 ms, so that there are many slices.
      clock: () => (now += 25),
      breathe: async () => between(),
      onPast: (state) => past.push(state),
    });
    const { engine } = made;
    for (let i = 0; i < 40; i++) engine.createULabel(`l ${i}`);
    const before = digest(made);
    between = () => engine.cancelPast();
    const error = await refusal(() => engine.goToPast({ time: '2000-01-01T00:00:00Z' }));
    expect(error.code).toBe('Cancelled');
    expect(engine.past()).toBeNull();
    expect(digest(made)).toBe(before);
    between = () => {};
    await engine.goToPast({ time: '2000-01-01T00:00:00Z' });
    expect(past.some((state) => state?.state === 'going' && state.done > 0 && state.done < state.total)).toBe(
      true,
    );
    expect(engine.ulabels('', 9)).toEqual([]);
    engine.backToNow();
    expect(digest(made)).toBe(before);
  });

  it('shows an act that was under way then as it was seen: what it had inserted is not there yet', async () => {
    let between = () => {};
    let now = 1_700_000_000_000;
    const made = await memoryEngine(model, { clock: () => (now += 25), breathe: async () => between() });
    const { engine } = made;
    const first = engine.createULabel('first');
    const seen: { at: number; labels: string[]; first: unknown; acts: string[] }[] = [];
    const look = () => ({
      labels: engine
        .ulabels('', 99)
        .map(({ name }) => name)
        .sort(),
      first: engine.row('ULabel', first.uid).fields['description'],
      acts: engine.acts(9).map(({ title }) => title),
    });
    between = () => seen.push({ at: now, ...look() });
    let slices = 0;
    await engine.writer.longAct({ kind: 'import', title: 'long' }, () =>
      ++slices > 3
        ? null
        : function* (tx) {
            yield* insert(tx, 'lamindb_ulabel', 1, { uid: `long000${slices}`, name: `long ${slices}` });
            const [[id = 0] = []] = made.rows("SELECT id FROM lamindb_ulabel WHERE name = 'first'");
            yield* update(tx, 'lamindb_ulabel', [Number(id)], { description: `slice ${slices}` });
          },
    );
    between = () => {};
    expect(seen.map(({ labels }) => labels)).toEqual([['first'], ['first'], ['first']]);
    engine.createULabel('last');
    // The last look was after all of its records; the ones before lie between two of them.
    for (const { at, ...then } of seen.slice(0, 2)) {
      await engine.goToPast({ time: new Date(at).toISOString() });
      expect(look()).toEqual(then);
      engine.backToNow();
    }
    expect(look().labels).toEqual(['first', 'last', 'long 1', 'long 2', 'long 3']);
  });

  it('is that of main: what branches did is not in it, a merge is, and a branch is told to switch first', async () => {
    const made = await lab(50);
    const { engine } = made;
    const [uid = ''] = made.artifacts('a.csv');
    engine.addLabels([uid], ['lung']);
    const seen: { at: number; shown: unknown }[] = [];
    const mark = async () => {
      const artifact = engine.artifact(uid);
      const labels = artifact.labels.map(({ name }) => name).sort();
      seen.push({
        at: made.now(),
        shown: [artifact.description, labels, engine.ulabels('', 9), await shown(made)],
      });
      made.now();
      engine.status();
    };
    await mark();
    const { uid: branch } = engine.createBranch('exp', { switch: true });
    engine.updateArtifact(uid, { description: 'on the branch' });
    engine.addLabels([uid], ['liver']);
    engine.setFeatures(uid, {});
    const error = await refusal(() => engine.goToPast({ time: '2000-01-01T00:00:00Z' }));
    expect(error.message).toMatch(/The past is that of main. Switch to main first/);
    engine.switchBranch('main');
    await mark();
    engine.updateArtifact(uid, { key: 'b.csv' });
    await mark();
    engine.mergeBranch(branch);
    await mark();
    engine.updateArtifact(uid, { description: 'later' });
    const before = digest(made);
    for (const { at, shown: then } of [...seen, ...seen.slice().reverse()]) {
      await engine.goToPast({ time: new Date(at).toISOString() });
      const artifact = engine.artifact(uid);
      const labels = artifact.labels.map(({ name }) => name).sort();
      expect([artifact.description, labels, engine.ulabels('', 9), await shown(made)]).toEqual(then);
      // Before it was made there is no such branch.
      const { code } = await refusal(() => engine.onBranch(branch, () => 1));
      expect(code).toBe(at === seen[0]?.at ? 'DoesNotExist' : 'ReadOnly');
    }
    engine.backToNow();
    expect(digest(made)).toBe(before);
  });
});
