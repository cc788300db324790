// Removing the database worked in from this device, after another one has taken its place: there is always one to work in.
import type { DeviceDatabase } from '../workers/databases-wire.ts';
import { session } from './session.svelte.ts';

/** The newest other database of this device that can be worked in. */
export async function otherDatabase(): Promise<DeviceDatabase | null> {
  const all = await session.engine.databases();
  const others = all.filter(({ own, readOnly, url }) => !own && readOnly === null && url === null);
  return others.sort((a, b) => b.added.localeCompare(a.added))[0] ?? null;
}

/** Works in `next` and removes the one before, with its bytes, from this device. */
export async function leaveDatabase(next: DeviceDatabase): Promise<void> {
  const own = (await session.engine.databases()).find((one) => one.own);
  await session.engine.useDatabase(next.id);
  if (own) await session.engine.closeDatabase(own.id);
}
