// A waiting tab's rehearsal: it asks what a first screen asks, of a database of its own, and keeps nothing of it.
import { beforeEach, expect, it, vi } from 'vitest';
import type { createEngine, EngineDeps } from '../../src/lib/engine/index.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { rehearse } from '../../src/lib/workers/rehearsal.ts';

/** What was asked of the engine, the driver it was given, and whether it opens at all. */
const seen = vi.hoisted(() => ({ asked: [] as string[], driver: null as SqlDriver | null, fails: false }));

vi.mock('../../src/lib/engine/index.ts', async (actual) => {
  const real = await actual<{ createEngine: typeof createEngine }>();
  return {
    ...real,
    async createEngine(deps: EngineDeps) {
      seen.driver = deps.driver;
      if (seen.fails) throw new Error('no engine');
      return new Proxy(await real.createEngine(deps), {
        get(engine, name: string) {
          // The engine comes out of a promise.
          if (name !== 'then') seen.asked.push(name);
          return (engine as unknown as Record<string, unknown>)[name];
        },
      });
    },
  };
});

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);

const isClosed = (driver: SqlDriver | null) =>
  expect(() => driver?.all('SELECT 1')).toThrow(
    expect.objectContaining({ code: 'ConnectionLost' }) as unknown as Error,
  );

beforeEach(() => Object.assign(seen, { asked: [], driver: null, fails: false }));

it('asks what the first screen asks, in memory, and closes its database', async () => {
  await rehearse(random);
  const first = ['status', 'registries', 'listRows', 'countList', 'facetSpecs', 'savedViews'];
  for (const name of first) expect(seen.asked).toContain(name);
  expect(seen.asked.filter((name) => name === 'listFacet').length).toBeGreaterThan(5);
  expect(seen.driver).toMatchObject({ kind: 'memory', durable: false });
  isClosed(seen.driver);
});

it('closes its database when the engine does not open, and says so', async () => {
  seen.fails = true;
  await expect(rehearse(random)).rejects.toThrow('no engine');
  isClosed(seen.driver);
});

it('ends when the tab is to lead, without asking on', async () => {
  let turns = 0;
  await rehearse(random, () => ++turns > 3);
  expect(seen.asked).toContain('listRows');
  expect(seen.asked.filter((name) => name === 'listFacet').length).toBeLessThan(5);
  isClosed(seen.driver);
});
