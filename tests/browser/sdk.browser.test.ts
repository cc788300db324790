// `ln` in a page: the guide's program over the worker that the page has, and the way by which the console gets at it.
import { afterAll, expect, it } from 'vitest';
import guide from '../../docs/guide/sdk.md?raw';
import { connectEngine } from '../../src/lib/client/engine.ts';
import { offerLn } from '../../src/lib/client/ln.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import type { EngineStatus } from '../../src/lib/workers/wire.ts';
import { runGuide } from '../sdk/guide.ts';

const client = connectEngine();
let status: EngineStatus | null = null;
offerLn({
  engine: client.engine,
  get status() {
    return status;
  },
});
afterAll(() => client.close());

/** A new database is brought and worked in, since files of one run share a profile. */
async function onEmptyDatabase(): Promise<void> {
  const driver = await openMemory();
  const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  createInstance(driver, { model, clock: () => Date.now(), random, name: 'guide' });
  const file = new File([driver.serialize() as Uint8Array<ArrayBuffer>], 'guide.db');
  await client.engine.examineDatabase('guide', { file, wal: null });
  const id = await client.engine.openDatabase('guide', 'work', 'guide');
  await expect.poll(async () => (await client.engine.status()).database, { timeout: 20_000 }).toBe(id);
  status = await client.engine.status();
}

it('runs the guide as Node does', async () => {
  await onEmptyDatabase();
  const results = await runGuide(guide, await window.ln);
  expect(results.length).toBeGreaterThan(25);
  expect(results.map(({ line, found }) => [line, found])).toEqual(
    results.map(({ line, expected }) => [line, expected]),
  );
});

it('waits in calls that come before it is loaded, and is the object itself afterwards', async () => {
  const own: { ln?: unknown } = {};
  expect(await window.ln.Artifact.filter({ key: 'counts/a.csv' }).count()).toBe(2);
  expect(Object.keys(window.ln)).toContain('Artifact');
  offerLn({ engine: client.engine, status });
  own.ln = window.ln;
  expect(typeof own.ln).toBe('function');
  expect(await window.ln.Artifact.filter({ key__startswith: 'counts' }).toList('suffix')).toEqual([
    '.csv',
    '.csv',
  ]);
  expect((await window.ln.ULabel({ name: 'from the console' }).save()).uid).toMatch(/^\w{8}$/);
  await expect(window.ln.ULabel.get('nothing')).rejects.toMatchObject({ name: 'DoesNotExist' });
});

it('refuses rows of a database that is no longer open', async () => {
  const label = await (await window.ln).ULabel.get({ name: 'from the console' });
  let database = status?.database ?? '';
  offerLn({
    engine: client.engine,
    get status() {
      return { database };
    },
  });
  const row = await (await window.ln).ULabel.get(label.uid);
  database = 'another';
  await expect(row.refresh()).rejects.toMatchObject({ name: 'DatabaseChanged' });
});
