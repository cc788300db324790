// A database and copies of it for tests of branches in files; all are closed after each test, since memory of the SQLite
// module is one for all.
import { afterEach } from 'vitest';
import type { EngineDeps } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { seedWorld, worldEngine } from './branch-world.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

const opened: SqlDriver[] = [];
afterEach(() => {
  for (const driver of opened.splice(0)) driver.close();
});

/** Another device's copy. */
export async function copyOf(bytes: Uint8Array, deps: Partial<EngineDeps> = {}): Promise<MemoryEngine> {
  let now = Date.UTC(2026, 5, 1);
  const copy = await memoryEngine(model, { clock: () => (now += 1000), ...deps }, bytes);
  opened.push(copy.driver);
  return copy;
}

/** A world that has begun, and the file of its database as it is then. */
export async function seeded(seed: number): Promise<{ world: MemoryEngine; before: Uint8Array }> {
  const world = await worldEngine(seed);
  opened.push(world.driver);
  seedWorld(world);
  return { world, before: world.driver.serialize() };
}

export const uidOf = (world: MemoryEngine, key: string): string =>
  String(world.value('SELECT uid FROM lamindb_artifact WHERE key = ?', [key]));
