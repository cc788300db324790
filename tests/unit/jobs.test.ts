// Acts on many artifacts: cut into slices between which others read, and still one act: undone in one step, and when
// cancelled, failed or cut off by a crash as if it had never begun.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import type { JobProgress } from '../../src/lib/engine/jobs.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import { emptyView, type View } from '../../src/lib/engine/view/view.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import type { FeedChange } from '../../src/lib/engine/write/writer.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const n = 3000;

let driver: SqlDriver;
let engine: Engine;
let feed: FeedChange[];
let told: JobProgress[];
/** Runs between two slices, where another tab's questions are answered. */
let between: () => void;
let now = 1_700_000_000_000;

async function open(): Promise<void> {
  feed = [];
  told = [];
  between = () => {};
  engine = await createEngine({
    driver,
    model,
    blobs: createMemoryBlobs(),
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    // Each look at the clock costs 25 ms, so that a job of this size has many slices on any machine.
    clock: () => (now += 25),
    random,
    onFeed: (change) => feed.push(change),
    onDrop: () => {},
    onJob: (job) => told.push(job),
    breathe: async () => between(),
  });
}
const refuse = () => Promise.reject(new Error('no bytes here'));

beforeEach(async () => {
  driver = await openMemory();
  createInstance(driver, { model, clock: () => now, random, name: 'test' });
  await open();
  engine.writer.act({ kind: 'import', title: 'seed' }, (tx) =>
    insert(tx, 'lamindb_artifact', n, {
      uid: Array.from({ length: n }, () => `${randomUid(16, random)}0000`),
      key: Array.from({ length: n }, (_, i) => `set/${i}.csv`),
      suffix: Array.from({ length: n }, (_, i) => (i % 3 === 0 ? '.csv' : '.parquet')),
      storage_id: 1,
      size: 1,
      hash: Array.from({ length: n }, (_, i) => String(i).padStart(22, '0')),
      _hash_type: 'md5',
      _key_is_virtual: 1,
      _overwrite_versions: 0,
    }),
  );
  engine.createFeature('weight', 'float');
  engine.createFeature('tissue', 'cat[ULabel]');
});

const everything = { matching: emptyView('Artifact'), except: [] };
const csv: View['filter'] = {
  kind: 'all',
  items: [{ kind: 'test', field: 'suffix', op: 'in', value: ['.csv'] }],
};
const options = {
  labels: ['done'],
  projects: ['atlas'],
  features: { weight: '1.5', tissue: 'lung' },
  description: 'x',
};
const tables = ['artifact', 'artifactulabel', 'artifactproject', 'artifactjsonvalue', 'ulabel', 'project'];

/**
 * Digest of all rows of the tables an annotation writes, and the log's sizes. Interned values may stay (undo never takes
 * them), and updated_at tells that a row was touched, as after an undo.
 */
function state(): string {
  const rows = tables.map((table) => {
    const names = driver.columns(`SELECT * FROM lamindb_${table} LIMIT 0`).names;
    const kept = names.filter((name) => name !== 'updated_at').map((name) => `"${name}"`);
    return driver.all(`SELECT ${kept.join(', ')} FROM lamindb_${table} ORDER BY id`);
  });
  const log = ['act', 'record', 'span', 'touch'].map((name) =>
    Number(driver.all(`SELECT count(*) FROM loam_${name}`)[0]?.[0]),
  );
  return `${log.join()} ${createHash('sha256').update(JSON.stringify(rows)).digest('hex')}`;
}
const count = (table: string) => Number(driver.all(`SELECT count(*) FROM lamindb_${table}`)[0]?.[0]);

describe('annotating all artifacts', () => {
  it('lets others read between slices, tells how far it is, and is one act', async () => {
    let reads = 0;
    let halfway = 0;
    between = () => {
      expect(driver.inTransaction).toBe(false);
      expect(engine.listArtifacts({ offset: 0, limit: 10 }).total).toBe(n);
      const labelled = count('artifactproject');
      if (labelled > 0 && labelled < n) halfway++;
      reads++;
    };
    await engine.annotate(everything, options);
    expect(reads).toBeGreaterThan(20);
    expect(halfway).toBeGreaterThan(10);
    // 'done' as a label and 'lung' as a value.
    expect([count('artifactulabel'), count('artifactproject'), count('artifactjsonvalue')]).toEqual([
      2 * n,
      n,
      n,
    ]);
    expect(engine.listArtifacts({ offset: 0, limit: 1 }).rows[0]).toMatchObject({ description: 'x' });

    expect(told.at(0)).toMatchObject({
      state: 'running',
      done: 0,
      total: n,
      title: `Annotate ${n} artifacts`,
    });
    expect(told.at(-1)).toMatchObject({ state: 'done', done: n });
    expect(told.length).toBeGreaterThan(5);
    const done = told.map((job) => job.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(engine.jobs()).toEqual([]);
    // Readers that waited for the end hear then which tables to look at.
    expect(feed.at(-1)?.last).toBe(true);
    expect(feed.at(-1)?.tables.map(({ table }) => table)).toContain('lamindb_artifactjsonvalue');
    expect(feed.slice(-10, -1).every(({ last }) => !last)).toBe(true);

    expect(
      engine
        .acts(10)
        .map(({ title }) => title)
        .slice(0, 1),
    ).toEqual([`Annotate ${n} artifacts`]);
    expect((await engine.undo())?.skippedCount).toBe(0);
    expect([count('artifactulabel'), count('artifactproject'), count('artifactjsonvalue')]).toEqual([
      0, 0, 0,
    ]);
    expect((await engine.redo())?.skippedCount).toBe(0);
    expect([count('artifactulabel'), count('artifactproject'), count('artifactjsonvalue')]).toEqual([
      2 * n,
      n,
      n,
    ]);
  });

  it('cancelled leaves nothing, and others read while it is taken back', async () => {
    const before = state();
    let back = 0;
    between = () => {
      const [job] = engine.jobs();
      if (job && job.done > n / 2) engine.cancelJob(job.act);
      if (job?.state === 'cancelling') back++;
    };
    await expect(engine.annotate(everything, options)).rejects.toMatchObject({ code: 'Cancelled' });
    expect(back).toBeGreaterThan(3);
    expect(state()).toBe(before);
    expect(told.at(-1)?.state).toBe('cancelled');
    expect(feed.at(-1)).toMatchObject({ last: true });
    expect(engine.jobs()).toEqual([]);
    // Nothing stands in the way of doing it after all.
    between = () => {};
    await engine.annotate(everything, options);
    expect(count('artifactproject')).toBe(n);
  });

  it('is undone as a job too, told in the job bar, and an undo cancelled half-way has undone nothing', async () => {
    await engine.annotate(everything, options);
    const before = state();
    told = [];
    between = () => {
      const [job] = engine.jobs();
      if (job && job.done > job.total / 2) engine.cancelJob(job.act);
    };
    await expect(engine.undo()).rejects.toMatchObject({ code: 'Cancelled' });
    expect(state()).toBe(before);
    expect(told.at(0)).toMatchObject({ title: `Undo: Annotate ${n} artifacts`, state: 'running' });
    expect(told.map((job) => job.state).slice(-2)).toEqual(['cancelling', 'cancelled']);
    expect(engine.jobs()).toEqual([]);

    told = [];
    between = () => {};
    expect(await engine.undo()).toMatchObject({ skippedCount: 0 });
    expect(count('artifactproject')).toBe(0);
    expect(told.at(-1)).toMatchObject({ title: `Undo: Annotate ${n} artifacts`, state: 'done' });
    // What fits into one slice is no job.
    told = [];
    engine.createULabel('one');
    await engine.undo();
    expect(told).toEqual([]);
  });

  it('cut off by a crash is taken back at the next start; sent again it is applied once', async () => {
    const before = state();
    let slices = 0;
    between = () => {
      if (++slices === 12) throw new Error('power cut');
    };
    // The process is gone: not even the taking back happens.
    const { run } = driver;
    engine.withOperation('request-1');
    const cut = engine.annotate(everything, options);
    driver.run = (sql, params) => {
      if (slices >= 12) throw new Error('power cut');
      return run.call(driver, sql, params);
    };
    await expect(cut).rejects.toThrow('power cut');
    driver.run = run;
    expect(state()).not.toBe(before);
    expect(driver.inTransaction).toBe(false);

    await open();
    expect(engine.recovered).toEqual([`Annotate ${n} artifacts`]);
    expect(state()).toBe(before);
    for (let sent = 0; sent < 2; sent++) {
      engine.withOperation('request-1');
      await engine.annotate(everything, options);
      expect(count('artifactproject')).toBe(n);
      expect(count('artifactulabel')).toBe(2 * n);
    }
    expect(engine.acts(10).filter(({ title }) => title.startsWith('Annotate')).length).toBe(1);
  });

  it('refused for one wrong value leaves nothing', async () => {
    const before = state();
    const wrong = { ...options, features: { weight: 'heavy' } };
    await expect(engine.annotate(everything, wrong)).rejects.toMatchObject({ code: 'ValidationError' });
    expect(state()).toBe(before);
    expect(told.at(-1)?.state).toBe('failed');
  });
});

describe('a set by filter', () => {
  it('is what the list shows, apart from what was left out', async () => {
    const matching = { ...emptyView('Artifact'), filter: csv, search: 'set' };
    const { rows } = engine.listRows(matching, { after: null, limit: 2 });
    await engine.annotate({ matching, except: rows.map(({ key }) => key) }, { labels: ['third'] });
    expect(count('artifactulabel')).toBe(n / 3 - 2);
    const [kept] = rows;
    expect(engine.artifact(kept?.key ?? '').labels).toEqual([]);
    expect(engine.countList(matching)).toBe(n / 3);
  });

  it('that fits nothing is refused in words', async () => {
    const none = engine.annotate(
      { matching: { ...emptyView('Artifact'), search: 'nowhere' }, except: [] },
      { labels: ['x'] },
    );
    await expect(none).rejects.toMatchObject({
      code: 'DoesNotExist',
      message: expect.stringMatching(/Nothing was changed/),
    });
  });

  it('goes to the trash and comes back as one act each', async () => {
    await engine.trashArtifacts({ matching: { ...emptyView('Artifact'), filter: csv }, except: [] });
    expect(engine.listArtifacts({ offset: 0, limit: 0 }).total).toBe((n * 2) / 3);
    await engine.restoreArtifacts({ matching: { ...emptyView('Artifact'), trash: true }, except: [] });
    expect(engine.listArtifacts({ offset: 0, limit: 0 }).total).toBe(n);
    expect(engine.listArtifacts({ trash: true, offset: 0, limit: 0 }).total).toBe(0);
    expect(engine.acts(2).map(({ title }) => title)).toEqual([
      `Restore ${n / 3} artifacts`,
      `Move to trash: ${n / 3} artifacts`,
    ]);
  });

  it('names uids and stems alike, each once, and says which is not here', async () => {
    const uids = engine.listArtifacts({ offset: 0, limit: 3 }).rows.map(({ uid }) => uid);
    await engine.annotate([...uids, uids[0]?.slice(0, 16) ?? ''], { labels: ['few'] });
    expect(count('artifactulabel')).toBe(3);
    await expect(engine.annotate([...uids, 'nothere'], { labels: ['x'] })).rejects.toMatchObject({
      code: 'DoesNotExist',
    });
    expect(count('artifactulabel')).toBe(3);
  });
});
