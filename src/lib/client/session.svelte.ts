// The one connection of this page as rune state: how the engine is doing, what it says of itself, and its feed.
// Every engine call of the screens goes through `session.engine`, so that "Saving…" is true when it is shown.
/* eslint-disable svelte/prefer-svelte-reactivity -- listeners are no state of any screen */
import type { WireError } from '../engine/errors.ts';
import type { EngineApi, EngineEvent, EngineStatus, FeedEvent } from '../workers/wire.ts';
import { connectEngine } from './engine.ts';

const WRITES = new Set<string>([
  'drop',
  'updateArtifact',
  'trashArtifacts',
  'restoreArtifacts',
  'purgeArtifacts',
  'annotate',
  'addLabels',
  'removeLabel',
  'addProjects',
  'removeProject',
  'setFeatures',
  'addFeatures',
  'updateFeatures',
  'removeFeatures',
  'saveNote',
  'createFeature',
  'createULabel',
  'createProject',
  'undo',
  'redo',
  'undoAct',
  'restoreFields',
  'createSampleLab',
]);

const client = connectEngine();
const feedListeners = new Set<(feed: FeedEvent) => void>();
const eventListeners = new Set<(event: EngineEvent) => void>();

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

const engine = new Proxy({} as EngineApi, {
  get(_target, name: string) {
    // A proxy with a `then` would be awaited as a promise.
    if (name === 'then') return undefined;
    const target = client.engine as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const call = async (...args: unknown[]) => target[name]?.(...args);
    return WRITES.has(name) ? counted(call) : call;
  },
});

let statusTimer: ReturnType<typeof setTimeout> | null = null;

async function loadStatus(): Promise<void> {
  if (client.state !== 'ready') return;
  try {
    status = await client.engine.status();
  } catch (problem) {
    // A failed status call is told by the engine's own state; nothing to add here.
    console.warn('status', problem);
  }
}

/** Counts, undo and redo change with each act; at most three questions a second. */
function statusSoon(): void {
  statusTimer ??= setTimeout(() => {
    statusTimer = null;
    void loadStatus();
  }, 300);
}

client.onState(() => {
  state = client.state;
  error = client.error;
  void loadStatus();
});

client.onEvent((event) => {
  if (event.type === 'feed') {
    for (const listener of feedListeners) listener(event.feed);
    statusSoon();
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
  get online() {
    return online;
  },
  onFeed(listener: (feed: FeedEvent) => void): () => void {
    feedListeners.add(listener);
    return () => feedListeners.delete(listener);
  },
  onEvent(listener: (event: EngineEvent) => void): () => void {
    eventListeners.add(listener);
    return () => eventListeners.delete(listener);
  },
};
