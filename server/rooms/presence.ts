// Who is in a room, and where they look. Nothing is kept. A connection speaks for its own account alone: who somebody is
// stands in no message, the server writes it.
import { encodePresence, mostStateBytes, type PresenceState } from '../../src/lib/engine/rooms/messages.ts';
import { refusedUpdate } from '../../src/lib/engine/sync/bytes.ts';
import { colourOf } from '../../src/lib/engine/rooms/colour.ts';

/** Tabs of one connection. */
const mostClients = 32;

export interface Speaker {
  readonly id: string;
  readonly account: { readonly uid: string; readonly handle: string; readonly name: string };
}

export interface Presence {
  /** States as others are to see them; empty where nothing is new. Throws `UpdateRefused`. */
  said(by: Speaker, states: readonly PresenceState[]): PresenceState[];
  /** Everybody's state. */
  all(): Uint8Array | null;
  /** A connection is gone; the answer is what others are told. */
  left(by: string): Uint8Array | null;
}

export function createPresence(): Presence {
  const known = new Map<number, { by: string; clock: number; state: PresenceState['state'] }>();

  const message = (states: PresenceState[]) => (states.length > 0 ? encodePresence(states) : null);

  return {
    said(by, states) {
      const told: PresenceState[] = [];
      for (const { client, clock, state } of states) {
        const before = known.get(client);
        // A stock client repeats what it heard of others; that says nothing.
        if (before && before.by !== by.id) continue;
        if (before && clock < before.clock) continue;
        if (before && clock === before.clock && (state !== null || before.state === null)) continue;
        if (!before) {
          if (state === null) continue;
          const own = [...known.values()].filter((one) => one.by === by.id && one.state !== null).length;
          if (own >= mostClients)
            throw refusedUpdate('full', `A connection may be in a room ${mostClients} times, not more.`);
        }
        const { user: _, ...rest } = state ?? {};
        const user = { uid: by.account.uid, handle: by.account.handle, name: by.account.name };
        const stamped = state === null ? null : { ...rest, user: { ...user, ...colourOf(by.account.uid) } };
        if (stamped && JSON.stringify(stamped).length > mostStateBytes) continue;
        known.set(client, { by: by.id, clock, state: stamped });
        told.push({ client, clock, state: stamped });
      }
      return told;
    },
    all: () =>
      message(
        [...known]
          .filter(([, { state }]) => state !== null)
          .map(([client, { clock, state }]) => ({ client, clock, state })),
      ),
    left(by) {
      const gone: PresenceState[] = [];
      for (const [client, one] of known) {
        if (one.by !== by) continue;
        known.delete(client);
        if (one.state !== null) gone.push({ client, clock: one.clock + 1, state: null });
      }
      return message(gone);
    },
  };
}
