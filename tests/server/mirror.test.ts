// LaminDB's tables in Postgres follow the replica's rows, and the other way round.
import { expect, test } from 'vitest';
import { numbers } from '../fixtures/numbers.ts';
import { anyAct } from '../sim/acts.ts';
import type { Peer } from '../sim/peer.ts';
import { onBoth } from './both.ts';
import { mirrored } from './mirror-world.ts';

onBoth('the mirror', (at) => {
  test('[row 69] any acts of the replica are in LaminDB’s tables after a flush', async () => {
    const here = await mirrored(at().postgres);
    expect(await here.differences()).toEqual([]);
    const chance = numbers(7);
    const peer = {
      get engine() {
        return here.engine;
      },
      rows: here.rows,
      client: 3,
    } as unknown as Peer;
    let written = 0;
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 15; i++)
        await anyAct(peer, chance, { branches: false, clashes: false, merges: false });
      written += await here.flush();
      expect(await here.differences(), `round ${round}`).toEqual([]);
    }
    expect(written).toBeGreaterThan(50);
    // Nothing changed since: nothing is written.
    expect(await here.flush()).toBe(0);
  });
});
