// The browser killed in the middle of drops, as a power cut would: what was acknowledged is there with its bytes, what was
// not leaves nothing behind. 20 times with LOAM_LONG=1.
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  checkInApp,
  drop,
  listCounts,
  listShows,
  onAcknowledged,
  showList,
  startSuite,
  type Suite,
} from './app.ts';
import { expectWhole, give, quiet, type Given } from './whole.ts';

const long = process.env.LOAM_LONG === '1';
let suite: Suite;

beforeAll(async () => {
  // High enough for all rows of one drop.
  suite = await startSuite('kills', 5000);
});
afterAll(() => suite.end());

test(
  '[row 95] the browser killed in the middle of drops: every acknowledged artifact is whole, no orphan stays',
  async () => {
    const rounds = long ? 20 : 4;
    // Most go in batches, some are large enough to go alone. All of one round fit in the sheet and in the list.
    const files = 100;
    const given = new Map<string, Given>();
    const acknowledged = new Map<string, string>();
    let cut = 0;
    let app = await suite.open({ path: '/' });
    for (let round = 0; round < rounds; round++) {
      const names: Given[] = [];
      for (let i = 0; i < files; i++) {
        const size = i % 15 === 7 ? 1_200_000 + i : 2000 + ((i * 7919 + round * 104_729) % 80_000);
        names.push(await give(suite.folder, `cut-${round}-${i}.${i % 3 ? 'bin' : 'csv'}`, randomBytes(size)));
      }
      for (const one of names) given.set(one.key, one);
      const { page } = app;
      // Each round dies at another moment: before anything was saved, between two batches, near the end, and at last
      // when all are saved and their bytes are being laid out.
      const wanted = round === rounds - 1 ? files : Math.round((round / rounds) * files);
      const inRound = new Map<string, string>();
      const reached = new Promise<void>((resolve) => {
        if (wanted === 0) resolve();
        void onAcknowledged(page, (key, uid) => {
          inRound.set(key, uid);
          if (inRound.size >= wanted) resolve();
        });
      });
      await drop(
        page,
        names.map(({ path }) => path),
      );
      await reached;
      await suite.kill(app);
      for (const [key, uid] of inRound) acknowledged.set(key, uid);

      app = await suite.open({ profile: app.profile });
      await showList(app.page);
      await listShows(app.page, [...inRound.values()]);
      const database = await expectWhole(app.page, given);
      await showList(app.page);
      await listCounts(app.page, database.artifacts.length);
      const uids = new Map(database.artifacts.map(({ key, uid }) => [key, uid]));
      expect([...acknowledged].filter(([key, uid]) => uids.get(key) !== uid)).toEqual([]);
      expect(await checkInApp(app.page)).toMatch(/sound/);
      if (database.artifacts.filter(({ key }) => key?.startsWith(`cut-${round}-`)).length < files) cut += 1;
      expect(app.problems).toMatchObject(quiet);
      for (const { path } of names) await rm(path);
    }
    // Otherwise nothing was tested: at least half of the kills came in the middle of a drop.
    expect(cut).toBeGreaterThanOrEqual(rounds / 2);
    await suite.close(app);
  },
  long ? 900_000 : 300_000,
);
