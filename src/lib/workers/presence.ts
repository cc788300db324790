// Who else is connected, and where they look. Held in memory by the leading worker for all tabs; the server writes who
// somebody is, and says when they are gone.
import { encodePresence, type PresenceState } from '../engine/rooms/messages.ts';
import type { Present } from './sync-wire.ts';

/** Tabs that were closed without a word are forgotten after this; pages repeat themselves well before (client/presence). */
export const forgetAfter = 60_000;
const longestWhere = 200;

export interface WorkerPresence {
  /** A tab says where it is; null: it is nowhere any more. Answers with the message for the room. */
  say(client: number, where: string | null): Uint8Array;
  /** What others said. True where somebody is to be shown otherwise. */
  heard(states: readonly PresenceState[]): boolean;
  /** All that this device's tabs said, for a connection that is new. */
  own(): Uint8Array | null;
  /** Nobody is heard of without a connection. */
  forgetOthers(): void;
  /** One entry for each tab of others. */
  list(): Present[];
}

export function createWorkerPresence(now: () => number = Date.now): WorkerPresence {
  const mine = new Map<number, { clock: number; where: string; at: number }>();
  const others = new Map<number, { clock: number; present: Present | null }>();
  let clock = Math.floor(now() / 1000);

  const stateOf = (where: string) => ({ where: where.slice(0, longestWhere) });

  return {
    say(client, where) {
      clock++;
      if (where === null) mine.delete(client);
      else mine.set(client, { clock, where, at: now() });
      return encodePresence([{ client, clock, state: where === null ? null : stateOf(where) }]);
    },
    heard(states) {
      let changed = false;
      for (const { client, clock: at, state } of states) {
        const before = others.get(client);
        if (mine.has(client) || (before && before.clock > at)) continue;
        const present = state && presentOf(state);
        others.set(client, { clock: at, present });
        changed ||= JSON.stringify(before?.present ?? null) !== JSON.stringify(present);
      }
      return changed;
    },
    own() {
      const late = now() - forgetAfter;
      for (const [client, { at }] of mine) if (at < late) mine.delete(client);
      if (mine.size === 0) return null;
      return encodePresence(
        [...mine].map(([client, said]) => ({ client, clock: said.clock, state: stateOf(said.where) })),
      );
    },
    forgetOthers: () => others.clear(),
    list: () => [...others.values()].flatMap(({ present }) => (present ? [present] : [])),
  };
}

/** What a stranger's state says; nobody where it does not say who. */
function presentOf(state: Record<string, unknown>): Present | null {
  const { user, where } = state;
  if (typeof user !== 'object' || user === null) return null;
  const { uid, handle, name, color } = user as Record<string, unknown>;
  if (typeof uid !== 'string' || typeof handle !== 'string') return null;
  return {
    ...{ account: uid.slice(0, 64), handle: handle.slice(0, 64) },
    name: typeof name === 'string' ? name.slice(0, 200) : handle.slice(0, 64),
    // A route of this app, never an address.
    where: typeof where === 'string' && /^\/(?!\/)[^\s]{0,199}$/.test(where) ? where : null,
    color: typeof color === 'string' && /^#[0-9a-f]{6}$/.test(color) ? color : '#555555',
  };
}
