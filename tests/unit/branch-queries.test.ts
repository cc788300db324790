// Questions that name a branch: the same answers as when it is checked out, whichever one is, and as from a database where the same
// was done on main (LaminDB's own view of a branch knows none of its edits to rows of main).
import { describe, expect, test } from 'vitest';
import type { Query } from '../../src/lib/engine/query/query.ts';
import { anyAct, labWorld, numbers, seedWorld, seen, worldEngine } from './branch-world.ts';

type World = Awaited<ReturnType<typeof worldEngine>>;
const rounds = process.env['LOAM_LONG'] === '1' ? 100 : 15;

/** Everything that can be asked of a branch, as one text. `branch` undefined is the checked-out one. */
function asked({ engine }: World, branch: string | undefined, uid: string): string {
  const of = <T extends Query>(query: T): T => (branch === undefined ? query : { ...query, branch });
  const tried = (ask: () => unknown): unknown => {
    try {
      return ask();
    } catch (error) {
      return `${(error as Error).name} ${(error as Error).message}`;
    }
  };
  const artifacts = { registry: 'Artifact', order: ['id'] } satisfies Query;
  const answers: Record<string, unknown> = {
    rows: engine.queryRows(of(artifacts), ['uid', 'key', 'description', 'is_latest']),
    count: engine.queryCount(of({ registry: 'ULabel' })),
    labelled: engine.queryIds(
      of({ ...artifacts, filters: [{ ulabels__name__startswith: 'red' }], distinct: true }),
    ),
    scored: engine.queryIds(of({ ...artifacts, filters: [{ score__gte: 1 }] })),
    described: engine.queryIds(of({ ...artifacts, filters: [{ description__isnull: false }] })),
    page: engine.queryPage(of({ ...artifacts, limit: 3 }), ['uid', 'description']).rows,
    facet: engine.queryFacet(of({ registry: 'Artifact' }), { field: 'ulabels' }),
    featureFacet: engine.queryFacet(of({ registry: 'Artifact' }), { feature: 'score' }),
    frame: engine.dataFrame(of(artifacts), { include: ['ulabels__name', 'features'] }),
    search: engine.searchRows('ULabel', 'red', { query: of({ registry: 'ULabel' }) }),
    get: tried(() => engine.getRow('Artifact', uid, ['uid', 'description', 'key'], branch)),
    byKey: tried(() => engine.getRow('Artifact', { key: 'a.csv' }, ['uid', 'description'], branch)),
    described2: tried(() => engine.describeRow('Artifact', uid, branch)),
    specs: engine.answerSpecs(
      [
        {
          op: 'filter',
          registry: 'Artifact',
          filter: { key__startswith: 'a' },
          values: ['uid', 'description'],
        },
      ],
      branch,
    ),
  };
  return JSON.stringify(answers, null, 1);
}

describe('[row 60] a question about a branch that is not checked out', () => {
  test('is answered with its edits, links and values, and nothing of it is left behind', async () => {
    const { world, engine, uid } = await labWorld(11);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine' });
    engine.addLabels([uid], ['blue 1']);
    engine.setFeatures(uid, { score: 4 });
    const there = asked(world, undefined, uid);
    engine.switchBranch('main');
    const here = asked(world, undefined, uid);
    const before = seen(world, { stamps: true });

    expect(asked(world, 'try', uid)).toBe(there);
    expect(engine.getRow('Artifact', uid, ['description'], 'try')).toEqual(['mine']);
    expect(engine.queryCount({ registry: 'Artifact', filters: [{ score: 4 }], branch: 'try' })).toBe(1);
    expect(engine.queryCount({ registry: 'Artifact', filters: [{ score: 4 }] })).toBe(0);
    expect(seen(world, { stamps: true })).toEqual(before);
    expect(asked(world, undefined, uid)).toBe(here);

    engine.switchBranch('try');
    expect(asked(world, 'main', uid)).toBe(here);
    expect(asked(world, undefined, uid)).toBe(there);
    world.driver.close();
  });

  test('a branch of a branch is seen with what its parent made, and a merged one as what it became', async () => {
    const { world, engine, uid } = await labWorld(12);
    engine.createBranch('one', { switch: true });
    engine.createULabel('made on one');
    engine.createBranch('two', { switch: true });
    engine.update('Artifact', { uid }, { description: 'two' });
    const names = (branch?: string) =>
      engine
        .queryRows(
          { registry: 'ULabel', filters: [{ name__startswith: 'made' }], ...(branch ? { branch } : {}) },
          ['name'],
        )
        .flat();
    expect(names()).toEqual(['made on one']);
    engine.switchBranch('main');
    expect(names()).toEqual([]);
    expect(names('two')).toEqual(['made on one']);
    expect(engine.getRow('Artifact', uid, ['description'], 'two')).toEqual(['two']);
    expect(engine.getRow('Artifact', uid, ['description'], 'one')).toEqual([null]);

    engine.mergeBranch('two');
    engine.mergeBranch('one');
    engine.switchBranch('main');
    engine.update('Artifact', { uid }, { description: 'after the merge' });
    expect(engine.getRow('Artifact', uid, ['description'], 'two')).toEqual(['after the merge']);
    expect(() => engine.queryCount({ registry: 'ULabel', branch: 'none' })).toThrow(
      'There is no branch "none"',
    );
    world.driver.close();
  });

  test('random histories: by name as when checked out, and as where the same was done on main', async () => {
    for (let seed = 1; seed <= rounds; seed++) {
      const [world, alone] = [await worldEngine(seed), await worldEngine(seed)];
      const random = numbers(seed * 6007);
      for (const each of [world, alone]) seedWorld(each);
      world.engine.createBranch('try', { switch: true });
      alone.engine.createBranch('try');
      for (let step = 0; step < 12; step++) {
        const drawn = Math.floor(random() * 2 ** 31);
        // A branch has no undo before it has an act; the other database has those of main.
        if ((await anyAct(world, numbers(drawn))) !== 'nothing') await anyAct(alone, numbers(drawn));
      }
      const uid = String(world.value("SELECT uid FROM lamindb_artifact WHERE key = 'b.csv'"));
      const there = asked(world, undefined, uid);
      expect(plain(there), `seed ${seed}`).toBe(plain(asked(alone, undefined, uid)));
      world.engine.switchBranch('main');
      const here = asked(world, undefined, uid);
      expect(asked(world, 'try', uid), `seed ${seed}`).toBe(there);
      world.engine.switchBranch('try');
      expect(asked(world, 'main', uid), `seed ${seed}`).toBe(here);
      for (const each of [world, alone]) each.driver.close();
    }
  }, 600_000);
});

/** What differs by nature: the name of the branch in the words about a row, times. */
const plain = (text: string): string =>
  text
    .replaceAll(/branch: \w+/g, 'branch')
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+(?: UTC|\+00:00|Z)?/g, 'time');
