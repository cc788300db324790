// Counters of facets never change an answer: after any acts, at every moment of being fed, they are what counting all
// settled rows gives, and each facet of a whole list is what looking at its rows gives.
import { beforeAll, expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { emptyView, type View } from '../../src/lib/engine/view/view.ts';
import { insert, update } from '../../src/lib/engine/write/apply.ts';
import { openFacetCounters } from '../../src/lib/engine/write/facet-counters.ts';
import { contributions } from '../../src/lib/engine/write/facet-sources.ts';
import { countedTables } from '../../src/lib/engine/view/facet-counts.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

const n = 2_100;
const suffixes = ['.csv', '.parquet', '', '.h5ad'];
/** After every act in CI, now and then otherwise: looking at all rows is what takes long. */
const long = process.env['LOAM_LONG'] === '1';
let m: MemoryEngine;
/** Uids of artifacts, as they were made. */
let artifacts: string[] = [];
let records: string[] = [];

/** The same numbers on every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function makeArtifacts(count: number, from: number, open?: (uids: string[]) => string[]): string[] {
  const all = Array.from({ length: count }, (_, i) => from + i);
  const uids = all.map((i) => `${String(i).padStart(16, 'A')}0000`);
  m.engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
    insert(tx, 'lamindb_artifact', count, artifactValues(open ? open(uids) : uids, all)),
  );
  return uids;
}

const artifactValues = (uids: string[], all: number[]) => ({
  uid: uids,
  key: all.map((i) => `set/${i}`),
  suffix: all.map((i) => suffixes[i % 4] ?? ''),
  otype: all.map((i) => (i % 3 ? 'DataFrame' : null)),
  kind: all.map((i) => [null, 'dataset', '__lamindb_run__', 'model'][(i >> 2) % 4] ?? null),
  size: all.map((i) => i),
  hash: uids.map((uid) => uid.padStart(22, 'h')),
  storage_id: 1,
  _hash_type: 'md5',
  _key_is_virtual: 1,
  _overwrite_versions: 0,
});

beforeAll(async () => {
  m = await memoryEngine(undefined, { searchIndex: true });
  const { engine } = m;
  engine.create('Feature', { name: 'score', dtype: 'float' });
  engine.create('Feature', { name: 'grade', dtype: 'cat[ULabel]' });
  const note = engine.create('Feature', { name: 'note', dtype: 'str' });
  artifacts = makeArtifacts(n, 0);
  for (let i = 0; i < 6; i++)
    engine.addLabels(
      artifacts.filter((_, at) => at % 7 === i),
      [`label ${i}`, 'shared'],
    );
  for (let i = 0; i < 5; i++) {
    const uids = artifacts.filter((_, at) => at % 11 === i);
    engine.addFeatures(uids, { score: i / 2, grade: `label ${i}` });
  }
  engine.addProjects(artifacts.slice(3, 400), ['one']);
  const schema = engine.create('Schema', { name: 'sheet', features: [{ feature: { uid: note.uid } }] });
  engine.create('Record', { name: 'Sheet', is_type: true, schema: { uid: schema.uid } });
  await engine.importRows('Sheet', { note: Array.from({ length: n }, (_, i) => `note ${i % 40}`) });
  records = m
    .rows('SELECT uid FROM lamindb_record WHERE is_type = 0 ORDER BY id')
    .map(([uid]) => String(uid));
}, 60_000);

/** The kept numbers, and what the settled rows give now. */
function expectSound(): void {
  const { facets } = m.engine.writer.journal;
  for (const [table, upto] of facets?.upto ?? []) {
    const counted = facets?.counted.get(table);
    if (!counted) throw new Error(`${table} is not counted`);
    const settled = `t.id <= ${upto} AND t.id NOT IN (SELECT id FROM loam_facets_unsettled WHERE tab = '${table}')`;
    const columns = 'source, feature, cls, hex(key), n';
    const order = 'ORDER BY 1, 2, 3, 4';
    expect(m.rows(`SELECT ${columns} FROM "loam_facets_${table}" WHERE n <> 0 ${order}`), table).toEqual(
      m.rows(`SELECT ${columns} FROM (${contributions(counted, settled)}) ${order}`),
    );
  }
}

const views: View[] = [
  emptyView('Artifact'),
  { ...emptyView('Artifact'), versions: true },
  emptyView('Record'),
];

async function answers(): Promise<unknown> {
  const all: unknown[] = [];
  for (const view of views) {
    all.push(m.engine.countList(view));
    const specs = m.engine.facetSpecs(view);
    for (const spec of [...specs, { field: 'ulabels__name', search: '3', limit: 2 }])
      if (view.registry === 'Artifact' || spec.field !== 'ulabels__name')
        all.push([view.registry, view.versions, await m.engine.listFacet(view, spec)]);
  }
  return all;
}

async function expectSame(): Promise<void> {
  const { journal } = m.engine.writer;
  const found = await answers();
  const kept = journal.facets;
  journal.facets = null;
  try {
    expect(found).toEqual(await answers());
  } finally {
    journal.facets = kept;
  }
}

function feedAll(rows = 400): number {
  let slices = 0;
  while (m.engine.writer.feedFacets(rows) > 0) slices++;
  return slices;
}

it('[row 11] facets are the same before, while and after rows are taken up', async () => {
  await expectSame();
  while (m.engine.writer.feedFacets(1_100) > 0) {
    expectSound();
    await expectSame();
  }
  const { facets } = m.engine.writer.journal;
  expect([...(facets?.upto.keys() ?? [])].sort()).toEqual(['lamindb_artifact', 'lamindb_record']);
  expect(n - Number(facets?.upto.get('lamindb_artifact'))).toBeLessThan(200);
  // They are asked at all: what they say is told, right or wrong.
  m.driver.run('UPDATE loam_facets_lamindb_artifact SET n = n + 1000 WHERE source = -1');
  expect(m.engine.countList(emptyView('Artifact'))).toBeGreaterThan(n);
  m.driver.run('UPDATE loam_facets_lamindb_artifact SET n = n - 1000 WHERE source = -1');
});

it('[row 11] stay so after any acts, undone, redone and taken back', async () => {
  const { engine } = m;
  const next = numbers(20261127);
  const some = (uids: string[], most: number): string[] => [
    ...new Set(Array.from({ length: 1 + next(most) }, () => uids[next(uids.length)] ?? '')),
  ];
  const alive = (uids: string[]): string[] => {
    const known = new Set(m.rows('SELECT uid FROM lamindb_artifact').map(([uid]) => String(uid)));
    return uids.filter((uid) => known.has(uid));
  };
  const refs = (uids: string[]) => uids.map((uid) => ({ uid }));
  const labelUids = () => m.rows('SELECT uid FROM lamindb_ulabel ORDER BY id').map(([uid]) => String(uid));
  let made = n;
  /** Acts of this test that stand; what it begins with is kept until the end. */
  let standing = 0;
  const back = async () => {
    if (standing < 3) return;
    standing -= 1;
    await engine.undo();
  };
  const acts: Record<string, () => unknown> = {
    create: () => (artifacts = [...artifacts, ...makeArtifacts(1 + next(5), (made += 10))]),
    version: () => {
      const stems = [...new Set(alive(some(artifacts, 4)).map((uid) => uid.slice(0, -4)))];
      const uids = stems.map((stem) => {
        const top = m.value('SELECT max(uid) FROM lamindb_artifact WHERE uid LIKE ?', [`${stem}____`]);
        return `${stem}${String(Number(String(top).slice(-4)) + 1).padStart(4, '0')}`;
      });
      if (uids.length === 0) return;
      const all = uids.map(() => (made += 1));
      engine.writer.act({ kind: 'seed', title: 'versions' }, (tx) =>
        insert(tx, 'lamindb_artifact', uids.length, artifactValues(uids, all)),
      );
      artifacts = [...artifacts, ...uids];
    },
    kind: () => {
      const ids = m
        .rows('SELECT id FROM lamindb_artifact WHERE id % 31 = ?', [next(31)])
        .map(([id]) => Number(id));
      const kind = [null, 'plan', '__lamindb_config__'][next(3)] ?? null;
      engine.writer.act({ kind: 'test', title: 'kinds' }, (tx) =>
        update(tx, 'lamindb_artifact', ids, { kind: kind as SqlValue }),
      );
    },
    describe: () => {
      const [uid] = alive(some(artifacts, 1));
      if (uid) engine.updateArtifact(uid, { description: `told ${next(99)}`, kind: 'model' });
    },
    trash: () => engine.trash('Artifact', refs(alive(some(artifacts, 40)))),
    restore: () => engine.restore('Artifact', refs(alive(some(artifacts, 60)))),
    purge: async () => {
      const uids = alive(some(artifacts, 6));
      await engine.trash('Artifact', refs(uids));
      await engine.purge('Artifact', refs(uids));
    },
    label: () => engine.addLabels(alive(some(artifacts, 50)), [`label ${next(9)}`]),
    unlabel: () => {
      const uid = alive(some(artifacts, 1))[0];
      const label = uid
        ? m.value(
            `SELECT x.uid FROM lamindb_artifactulabel l JOIN lamindb_ulabel x ON x.id = l.ulabel_id
             JOIN lamindb_artifact a ON a.id = l.artifact_id WHERE a.uid = ? LIMIT 1`,
            [uid],
          )
        : null;
      if (uid && label !== null) engine.removeLabel(uid, 'ULabel', String(label));
    },
    rename: () => {
      const uids = labelUids();
      engine.update(
        'ULabel',
        { uid: uids[next(uids.length)] ?? '' },
        { name: `renamed ${next(3)}${made++}` },
      );
    },
    values: () =>
      engine.addFeatures(alive(some(artifacts, 30)), { score: next(8) / 2, grade: `label ${next(5)}` }),
    novalues: () => {
      const [uid] = alive(some(artifacts, 1));
      if (uid) engine.removeFeatures(uid, ['score']);
    },
    records: () => engine.importRows('Sheet', { note: [`note ${next(50)}`, 'new'] }),
    cells: () =>
      engine.writeFeatures('Record', [{ uid: records[next(records.length)] ?? '' }], 'set', {
        note: `told ${next(9)}`,
      }),
    longCell: () =>
      engine.writeFeatures('Record', [{ uid: records[next(records.length)] ?? '' }], 'set', {
        note: 'long '.repeat(50) + String(next(2)),
      }),
    recordTrash: () => engine.trash('Record', refs(some(records, 20))),
    undo: () => back(),
    undo2: () => back(),
    redo: () => engine.redo(),
    feed: () => feedAll(300),
    slice: () => engine.writer.feedFacets(50),
  };
  const names = Object.keys(acts);
  const done: string[] = [];
  for (let i = 0; i < 120; i++) {
    const name = names[next(names.length)] ?? '';
    try {
      await acts[name]?.();
      done.push(name);
      if (!/undo|redo|feed|slice/.test(name)) standing += 1;
    } catch (error) {
      done.push(`${name}: ${String(error)}`);
    }
    if (long || i % 4 === 3) expectSound();
    if (i % (long ? 30 : 60) === 29) await expectSame();
  }
  await expectSame();
  feedAll();
  expectSound();
  await expectSame();
  for (let i = 0; i < standing + 6; i++) await engine.undo();
  expectSound();
  await expectSame();
  while (await engine.redo());
  expectSound();
  feedAll();
  await expectSame();
  // Each kind of act went well at least once.
  for (const name of names)
    expect(done, done.filter((one) => one.startsWith(name)).join('\n')).toContain(name);
}, 120_000);

it('[row 11] leave out what an open act has made, and take it back with it', async () => {
  feedAll();
  const { writer } = m.engine;
  const label = Number(m.value('SELECT min(id) FROM lamindb_ulabel'));
  const free = m
    .rows(
      'SELECT id FROM lamindb_artifact WHERE id NOT IN (SELECT artifact_id FROM lamindb_artifactulabel WHERE ulabel_id = ?)',
      [label],
    )
    .map(([id]) => Number(id));
  let at = 0;
  await expect(
    writer.longAct({ kind: 'test', title: 'many' }, () => {
      expectSound();
      if (at > 0) expect(writer.feedFacets()).toBe(0);
      const ids = free.slice(at * 30, at * 30 + 30);
      if (at++ === 3) throw new Error('stopped');
      return function* (tx) {
        yield* insert(tx, 'lamindb_artifactulabel', ids.length, { artifact_id: ids, ulabel_id: label });
        yield* insert(
          tx,
          'lamindb_artifact',
          2,
          artifactValues([`X${at}`.padEnd(20, '0'), `Y${at}`.padEnd(20, '0')], [at, at + 1]),
        );
      };
    }),
  ).rejects.toThrow('stopped');
  expectSound();
  await expectSame();
  let slices = 0;
  await writer.longAct({ kind: 'test', title: 'many' }, () =>
    slices++ === 3
      ? null
      : (tx) =>
          insert(tx, 'lamindb_artifactulabel', 20, {
            artifact_id: free.slice(slices * 20, slices * 20 + 20),
            ulabel_id: label,
          }) as never,
  );
  await expectSame();
  feedAll();
  await expectSame();
});

it('are kept in the file, and made anew where they count something else', () => {
  const { journal } = m.engine.writer;
  const open = () => runSync(m.driver, openFacetCounters(model, countedTables(model)));
  expect(open().upto).toEqual(journal.facets?.upto);
  m.driver.run("UPDATE loam_facets SET sources = '[]' WHERE tab = 'lamindb_artifact'");
  journal.facets = open();
  expect([...journal.facets.upto.keys()]).toEqual(['lamindb_record']);
  expect(m.rows("SELECT name FROM sqlite_schema WHERE name = 'loam_facets_lamindb_artifact'")).toEqual([]);
  feedAll(5_000);
  expectSound();
});
