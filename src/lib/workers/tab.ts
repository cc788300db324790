// One tab's side of leadership, inside its dedicated worker: wait for the database's Web Lock, open, announce, serve.
// The lock is held until the worker ends, so the next tab can open the files the moment this one is gone.
import { LoamError, isLoamError, toWire } from '../engine/errors.ts';
import { methodKinds } from './methods.ts';
import { createRelay, type Link } from './relay.ts';
import { serveEngine, type EngineServer, type ServeOptions } from './serve.ts';
import { databaseLock, type AliveMessage, type LeaderMessage, type StartMessage } from './tab-messages.ts';
import type { EngineApi, EngineEvent } from './wire.ts';

export interface TabOptions extends Partial<ServeOptions> {
  /** Names the database: one leader per name. */
  name: string;
  /**
   * Opens the database; called once, in the tab that got the lock. `emit` reaches every tab; `keptBefore` says that
   * the page remembers a database on this device. A worker that ends itself (to open another database) is started
   * again by its page.
   */
  open(emit: (event: EngineEvent) => void, keptBefore: boolean): Promise<EngineApi>;
  /** Loads what opening will need while another tab leads. */
  warm?: () => Promise<void>;
}

/** A worker that has just died can hold its file handles for a moment. */
const lockedRetries = 15;
const retryPause = 200;

async function openPatiently(open: () => Promise<EngineApi>): Promise<EngineApi> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (!isLoamError(error, 'DatabaseLocked') || attempt >= lockedRetries) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryPause));
    }
  }
}

/** Called once by the worker's entry file. */
export function startTab(options: TabOptions): void {
  addEventListener('message', ({ data }: MessageEvent<StartMessage>) => {
    if (data?.type === 'loam-start') void run(options, data);
  });
}

async function run(options: TabOptions, start: StartMessage): Promise<void> {
  let server: EngineServer | null = null;
  const transfers = start.broker !== null;

  function receive(message: LeaderMessage): void {
    // Its own page gets a real port even in a relay.
    if (message.type === 'serve')
      server?.connect(message.tab, message.port, transfers || message.tab === start.tab);
    else server?.disconnect(message.tab);
  }

  function connectLink(): Link {
    const { broker, page } = start;
    if (!broker) {
      if (!page) throw new Error('The tab gave neither a broker nor a page port.');
      return createRelay(options.name, start.tab, page, receive);
    }
    broker.onmessage = ({ data }: MessageEvent<LeaderMessage>) => receive(data);
    return { send: (message) => broker.postMessage(message) };
  }

  const link = connectLink();
  if (!navigator.locks) {
    const error = new LoamError(
      'StorageUnavailable',
      'This browser cannot share a database between tabs (no Web Locks). Open the page over https or update the browser.',
    );
    return link.send({ type: 'failed', error: toWire(error) });
  }
  void navigator.locks.request(start.life, () => {
    postMessage({ type: 'loam-alive' } satisfies AliveMessage);
    return new Promise(() => {});
  });
  void options.warm?.().catch(() => {}); // opening reports the same failure

  await navigator.locks.request(databaseLock(options.name), async () => {
    link.send({ type: 'taking' });
    try {
      const api = await openPatiently(() => options.open((event) => server?.emit(event), start.kept));
      server = serveEngine(api, { methods: methodKinds, ...options });
    } catch (error) {
      // The lock goes to the next tab, which may have better luck; this one keeps following.
      return link.send({ type: 'failed', error: toWire(error) });
    }
    link.send({ type: 'lead' });
    await new Promise(() => {}); // until the worker ends
  });
}
