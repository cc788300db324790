// The one connection of this page as rune state: how the engine is doing, what it says of itself, and its feed.
// Every engine call of the screens goes through `session.engine`, so that "Saving…" is true when it is shown.
/* eslint-disable svelte/prefer-svelte-reactivity -- listeners are no state of any screen */
import { LoamError, type WireError } from '../engine/errors.ts';
import type { EngineApi, EngineEvent, EngineStatus, FeedEvent } from '../workers/wire.ts';
import { methodKinds } from '../workers/methods.ts';
import { createRefresher } from './refresh.ts';
import { connectEngine } from './engine.ts';
import { keptBefore } from './remembered.svelte.ts';

const MEMORY_LOST: WireError = {
  code: 'ConnectionLost',
  message:
    'The tab that held the database was closed or stopped. This browser gives Loam no storage, so what was in it is gone.',
  details: { lost: true },
};

type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

const client = connectEngine({ keptBefore: () => keptBefore.value });
const feedListeners = new Set<(feed: FeedEvent) => void>();
const eventListeners = new Set<(event: EngineEvent) => void>();
const movingListeners = new Set<() => void>();

let state = $state(client.state);
let error = $state.raw<WireError | null>(client.error);
let status = $state.raw<EngineStatus | null>(null);
let writing = $state(0);
let online = $state(typeof navigator === 'undefined' ? true : navigator.onLine);

function counted<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    writing += 1;
    try {
      return await call(...args);
    } finally {
      writing -= 1;
    }
  };
}

/** Another database of this device that this tab looks at; a tab remembers it over a reload. */
export interface Looking {
  id: string;
  title: string;
}

const lookingKey = 'loam-looking';
const looking = readLooking();

function readLooking(): Looking | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(lookingKey) ?? 'null') as Partial<Looking> | null;
    if (typeof kept?.id === 'string' && typeof kept.title === 'string')
      return { id: kept.id, title: kept.title };
  } catch {
    // Storage that is blocked or damaged: the own database then.
  }
  return null;
}

/** What is asked of this device or its own database, whatever is looked at. */
const reads: (keyof EngineApi)[] = [
  ...(['status', 'meter', 'drops', 'jobs', 'transfers', 'databases', 'exported', 'exportDatabase'] as const),
  ...([
    'device',
    'storages',
    'storedItems',
    'attachedHandle',
    'integrityCheck',
    'sqlSchema',
    'exportedSql',
    'syncStatus',
    'attention',
  ] as const),
];
const writes: (keyof EngineApi)[] = [
  ...([
    'renameDevice',
    'saveFrom',
    'undo',
    'redo',
    'undoAct',
    'openDatabase',
    'useDatabase',
    'renameDatabase',
    'settleConflict',
    'discardRejected',
    'reviseRejected',
  ] as const),
];
const own = new Set<string>([...reads, ...writes]);

/** The database that a call is about; throws where the one looked at would be written to. */
function databaseOf(name: string): string | null {
  if (!looking || own.has(name)) return null;
  const kind = methodKinds[name as keyof EngineApi];
  if (kind === 'read') return looking.id;
  if (kind === 'write')
    throw new LoamError(
      'ReadOnly',
      `You are looking at ${looking.title}, which stays as it is. Save what you need to your own database and change it there.`,
    );
  return null;
}

const engine = new Proxy({} as EngineApi, {
  get(_target, name: string) {
    // A proxy with a `then` would be awaited as a promise.
    if (name === 'then') return undefined;
    const call = async (...args: unknown[]) => {
      const target = client.engineOf(databaseOf(name)) as unknown as Methods;
      return target[name]?.(...args);
    };
    return methodKinds[name as keyof EngineApi] === 'write' ? counted(call) : call;
  },
});

/** A database in memory ends with its worker. The next worker's is another one, which must not pass for it. */
let doubted = false;
let lost = false;

async function loadStatus(): Promise<void> {
  if (client.state !== 'ready') return;
  try {
    const next = await client.engine.status();
    if (doubted && next.openedAt !== status?.openedAt) lost = true;
    else status = next;
    doubted = false;
    showState();
    if (next.durable) keptBefore.value = true;
  } catch (problem) {
    // A failed status call is told by the engine's own state; nothing to add here.
    console.warn('status', problem);
  }
}

function showState(): void {
  error = lost ? MEMORY_LOST : client.error;
  if (lost) state = 'failed';
  else state = doubted && client.state === 'ready' ? 'moving' : client.state;
}

/** Counts, undo and redo change with each act; at most three questions a second. */
const statusRefresher = createRefresher(loadStatus, { soon: 300, every: 300, seldom: 20 });

client.onState(() => {
  if (client.state === 'moving' && status && !status.durable) doubted = true;
  showState();
  if (client.state === 'moving') for (const listener of [...movingListeners]) listener();
  void loadStatus();
});

client.onEvent((event) => {
  if (event.type === 'feed') {
    for (const listener of feedListeners) listener(event.feed);
    statusRefresher.wish(!event.feed.last);
  } else if (event.type === 'status') {
    if (status) status = { ...status, ...event.status };
  } else if (event.type === 'fatal') {
    error = event.error;
    state = 'failed';
  }
  for (const listener of eventListeners) listener(event);
});

if (typeof window !== 'undefined') {
  window.addEventListener('online', () => (online = true));
  window.addEventListener('offline', () => (online = false));
}
void loadStatus();

export const session = {
  engine,
  get state() {
    return state;
  },
  get error() {
    return error;
  },
  get status() {
    return status;
  },
  get saving() {
    return writing > 0;
  },
  /** Something was done here that would be gone with the page. */
  get wouldLose() {
    if (state === 'failed' || !status) return false;
    return status.unkept !== null || (!status.durable && (status.artifacts > 0 || status.canUndo !== null));
  },
  /** The database this tab looks at instead of its own. */
  looking,
  /** Looks at another database, or at the own one again, from the start: nothing of one is shown with the other. */
  look(database: Looking | null): void {
    if (database) sessionStorage.setItem(lookingKey, JSON.stringify(database));
    else sessionStorage.removeItem(lookingKey);
    location.assign(database ? '/artifacts' : '/settings#databases');
  },
  get online() {
    return online;
  },
  onFeed(listener: (feed: FeedEvent) => void): () => void {
    feedListeners.add(listener);
    return () => feedListeners.delete(listener);
  },
  /** The tab or worker that held the database is gone, and with it what was on its way. */
  onMoving(listener: () => void): () => void {
    movingListeners.add(listener);
    return () => movingListeners.delete(listener);
  },
  /** See EngineClient. */
  replaceLeader: (): void => client.replaceLeader(),
  onEvent(listener: (event: EngineEvent) => void): () => void {
    eventListeners.add(listener);
    return () => eventListeners.delete(listener);
  },
};
