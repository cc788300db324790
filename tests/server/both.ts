// One suite over both kinds of Postgres: the embedded one always, a server where LOAM_POSTGRES names its programs.
import { afterAll, beforeAll, describe } from 'vitest';
import { openEmbedded } from '../../server/embedded-postgres.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import type { Postgres } from '../../server/postgres.ts';
import type { SeedOptions } from '../../src/lib/engine/schema/seed.ts';
import { programs, startCluster, whyNot, type Cluster } from './cluster.ts';

export const seed: SeedOptions = {
  now: '2026-01-02 03:04:05.000006',
  user: { uid: 'abcd1234', handle: 'tester', name: 'A tester' },
  storage: { uid: 'abcdefghijkl', root: '/data/lamin', type: 'local', instanceUid: 'mnopqrstuvwx' },
};

export interface Place {
  readonly postgres: Postgres;
  /** Null where nobody else can connect. */
  readonly address: string | null;
  readonly cluster: Cluster | null;
}

/** Describes the same for both; `at()` is the opened database, empty at first. */
export function onBoth(title: string, tests: (at: () => Place, kind: Postgres['kind']) => void): void {
  describe(`${title}: the embedded Postgres`, () => {
    let place: Place | undefined;
    beforeAll(async () => {
      place = { postgres: await openEmbedded(), address: null, cluster: null };
    });
    afterAll(() => place?.postgres.close());
    tests(() => place as Place, 'embedded');
  });
  describe.skipIf(programs === null)(`${title}: a server${whyNot}`, () => {
    let place: Place | undefined;
    beforeAll(async () => {
      const cluster = await startCluster();
      try {
        const address = cluster.database('loam');
        place = { postgres: await openPostgres({ address }), address, cluster };
      } catch (error) {
        cluster.stop();
        throw error;
      }
    });
    afterAll(async () => {
      await place?.postgres.close();
      place?.cluster?.stop();
    });
    tests(() => place as Place, 'postgres');
  });
}
