// Joins sync in the engine worker of the leading tab: the socket of the page's own server, timers, what the browser says of the
// network, and an event for every tab when something changes. A worker of another tab has no engine, and so no connection.
import { LoamError } from '../engine/errors.ts';
import type { Engine } from '../engine/index.ts';
import type { Later } from '../engine/ports.ts';
import { socketPath } from '../engine/sync/frames.ts';
import { socketAddress, webSockets } from '../storage/net/websocket.ts';
import type { WorkerRooms } from './rooms.ts';
import type { SyncApi, SyncStatus } from './sync-wire.ts';

export interface SyncingDeps {
  engine: Engine;
  /** Live texts and presence, which share the socket. */
  rooms?: Pick<WorkerRooms, 'connect' | 'connected' | 'disconnected' | 'received'>;
  /** Origin of the page. */
  origin: string;
  app: string;
  tell: (status: SyncStatus) => void;
}

const later: Later = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** Connects where the database belongs to this server and nobody has paused it. */
export function createSyncing({ engine, rooms, origin, app, tell }: SyncingDeps): SyncApi {
  let welcome = false;
  /** Rooms are heard of from the welcome on. */
  function note({ state }: SyncStatus): void {
    const now = state === 'live' || state === 'catching up';
    if (now === welcome) return;
    welcome = now;
    if (now) rooms?.connected();
    else rooms?.disconnected();
  }
  rooms?.connect((room, bytes) => engine.sendRoom(room, bytes));
  engine.startSync({
    app,
    later,
    token: () => null,
    open: (server) => (server === origin ? webSockets(() => socketAt(server)) : elsewhere(server, origin)),
    onStatus(status) {
      note(status);
      tell(status);
    },
    onRoom: (room, bytes) => rooms?.received(room, bytes),
  });
  addEventListener('online', () => engine.syncNetwork(true));
  addEventListener('offline', () => engine.syncNetwork(false));
  return {
    syncStatus: async () => engine.syncStatus(),
    syncNow: async () => engine.syncNow(),
    pauseSync: async () => engine.pauseSync(),
    attention: async (most) => engine.attention(most),
    settleConflict: async (registry, uid, column, place) =>
      engine.settleConflict(registry, uid, column, place),
    discardRejected: async (act) => engine.discardRejected(act),
    reviseRejected: async (act) => engine.reviseRejected(act),
  };
}

const socketAt = (server: string): WebSocket => new WebSocket(socketAddress(server, socketPath));

/** The cookie of one server is of no use at another, and the page may speak to its own alone. */
const elsewhere = (server: string, origin: string): LoamError =>
  new LoamError(
    'NotSupportedError',
    `This database belongs to ${server}, and this page came from ${origin}. Open ${server} in this browser to sync it; here it is kept as it is.`,
    { server },
  );
