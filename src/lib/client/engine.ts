// The page's door to the engine: starts this tab's worker, gets a port into the leading worker from the broker, sends
// requests, and sends unanswered ones again when another tab takes over. It knows nothing about what methods do.
import { LoamError, fromWire } from '../engine/errors.ts';
import { methodKinds, type MethodKind } from '../workers/methods.ts';
import {
  tabLock,
  type AliveMessage,
  type JoinMessage,
  type PageMessage,
  type PortMessage,
  type StartMessage,
} from '../workers/tab-messages.ts';
import type { EngineApi, EngineEvent, EngineStatus, WireRequest } from '../workers/wire.ts';

export type EngineState = 'opening' | 'ready' | 'moving' | 'failed';

export interface EngineClient<Api extends object = EngineApi> {
  readonly engine: Api;
  readonly state: EngineState;
  /** Why the state is `failed`. */
  readonly error: LoamError | null;
  /** True while this tab's worker holds the database. */
  readonly leads: boolean;
  /** Engine events; the answer takes the listener away again. */
  onEvent(listener: (event: EngineEvent) => void): () => void;
  onState(listener: (state: EngineState) => void): () => void;
  /** Ends this tab's worker, as leaving the page does. */
  close(): void;
}

export interface ConnectOptions {
  /** Separates databases of one origin; the worker must use the same name. */
  name?: string;
  createWorker?: () => Worker;
  methods?: Readonly<Record<string, MethodKind>>;
  /** False tries the relay that browsers without SharedWorker use. */
  sharedWorker?: boolean;
  /** How long to wait for any tab to lead before saying so. */
  patienceMs?: number;
}

interface Pending {
  request: WireRequest;
  /** A stream can be sent only once. */
  transfer: Transferable[];
  sent: boolean;
  resolve(value: unknown): void;
  reject(error: LoamError): void;
}

/** A worker that dies each time it opens the database must not be started for ever. */
const maxStarts = 5;

const engineWorker = () =>
  new Worker(new URL('../workers/engine.worker.ts', import.meta.url), { type: 'module' });

function randomUid(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

export function connectEngine<Api extends object = EngineApi>(
  options: ConnectOptions = {},
): EngineClient<Api> {
  const name = options.name ?? 'loam';
  const methods: Readonly<Record<string, MethodKind>> = options.methods ?? methodKinds;
  const tab = randomUid();
  const pending = new Map<number, Pending>();
  const eventListeners = new Set<(event: EngineEvent) => void>();
  const stateListeners = new Set<(state: EngineState) => void>();
  let state: EngineState = 'opening';
  let error: LoamError | null = null;
  let port: MessagePort | null = null;
  let leader: string | null = null;
  let requests = 0;
  let worker: Worker | null = null;
  let shared: SharedWorker | null = null;
  let starts = 0;
  let closed = false;

  function emit(event: EngineEvent): void {
    for (const listener of eventListeners) listener(event);
  }

  function setState(next: EngineState, why: LoamError | null = null): void {
    error = why;
    if (next !== state) {
      state = next;
      for (const listener of stateListeners) listener(state);
    }
    if (why) emit({ type: 'fatal', error: { code: why.code, message: why.message, details: why.details } });
  }

  /** Calls fail rather than wait for a database that may never come. */
  function fail(why: LoamError): void {
    setState('failed', why);
    for (const call of pending.values()) call.reject(why);
    pending.clear();
  }

  /* ---------- calls ---------- */

  function send(call: Pending): void {
    if (!port) return;
    if (call.sent && call.transfer.length > 0) {
      pending.delete(call.request.id);
      return call.reject(
        new LoamError('ConnectionLost', 'Another tab took the database over during the transfer. Try again.'),
      );
    }
    try {
      port.postMessage(call.request, call.transfer);
      call.sent = true;
    } catch (e) {
      pending.delete(call.request.id);
      call.reject(new LoamError('InvalidArgument', `The arguments cannot be sent: ${String(e)}`));
    }
  }

  function call(method: string, args: unknown[]): Promise<unknown> {
    if (state === 'failed' && error) return Promise.reject(error);
    return new Promise((resolve, reject) => {
      const op = methods[method] === 'read' ? null : randomUid();
      const request: WireRequest = { id: ++requests, method: method as WireRequest['method'], args, op };
      const transfer = args.filter((arg): arg is ReadableStream => arg instanceof ReadableStream);
      const made = { request, transfer, sent: false, resolve, reject };
      pending.set(request.id, made);
      send(made);
    });
  }

  function receive(message: PortMessage): void {
    if ('event' in message) return emit(message.event);
    const waiting = pending.get(message.id);
    if (!waiting) return;
    pending.delete(message.id);
    if (!message.ok) return waiting.reject(fromWire(message.error));
    let { value } = message;
    // The worker cannot know which tab asks.
    if (waiting.request.method === 'status') value = { ...(value as EngineStatus), leader: leader === tab };
    if (waiting.request.method === 'exportDatabase' && value instanceof Blob) value = value.stream();
    waiting.resolve(value);
  }

  /* ---------- leadership ---------- */

  function fromBroker(message: PageMessage): void {
    switch (message.type) {
      case 'moving':
        port?.close();
        port = null;
        leader = null;
        if (state === 'ready') setState('moving');
        break;
      case 'failed':
        if (!port) fail(fromWire(message.error));
        break;
      case 'port':
        port?.close();
        port = message.port;
        leader = message.leader;
        port.onmessage = ({ data }: MessageEvent<PortMessage>) => receive(data);
        clearTimeout(patience);
        for (const waiting of [...pending.values()]) send(waiting);
        setState('ready');
        break;
    }
  }

  const patience = setTimeout(() => {
    if (state !== 'opening') return;
    const why =
      'Another tab or window holds the database but does not answer. Close the other tabs of this page.';
    fail(new LoamError('DatabaseLocked', why));
  }, options.patienceMs ?? 15_000);

  /** Starts this tab's worker, the first time or in place of one that died (out of memory, a wasm trap). */
  function start(): void {
    worker?.terminate();
    worker = (options.createWorker ?? engineWorker)();
    const life = `loam-worker-${tab}-${++starts}`;
    worker.onmessage = ({ data }: MessageEvent<AliveMessage>) => {
      if (data?.type === 'loam-alive') void navigator.locks.request(life, () => restart());
    };
    worker.onerror = (event) => {
      if (port) return; // a leader elsewhere serves this tab
      const why = event.message || 'its script did not load';
      fail(
        new LoamError('StorageUnavailable', `The database worker did not start: ${why}. Reload the page.`),
      );
    };
    const message: StartMessage = { type: 'loam-start', tab, life, broker: null, page: null };
    const { port1, port2 } = new MessageChannel();
    if (typeof SharedWorker !== 'undefined' && options.sharedWorker !== false) {
      if (!shared) {
        shared = new SharedWorker(new URL('../workers/broker.worker.ts', import.meta.url), {
          type: 'module',
        });
        shared.port.onmessage = ({ data }: MessageEvent<PageMessage>) => fromBroker(data);
      }
      shared.port.postMessage({ type: 'join', name, tab, worker: port1 } satisfies JoinMessage, [port1]);
      worker.postMessage({ ...message, broker: port2 }, [port2]);
    } else {
      port1.onmessage = ({ data }: MessageEvent<PageMessage>) => fromBroker(data);
      worker.postMessage({ ...message, page: port2 }, [port2]);
    }
  }

  function restart(): void {
    if (closed) return;
    if (starts > maxStarts) {
      return fail(
        new LoamError('StorageUnavailable', 'The database worker keeps stopping. Reload the page.'),
      );
    }
    // Without a broker every request went through that worker.
    if (!shared || leader === tab) fromBroker({ type: 'moving' });
    start();
  }

  function close(): void {
    closed = true;
    clearTimeout(patience);
    port?.close();
    worker?.terminate();
  }

  // A page kept for the back button must let go too, but it may come back: it is then told by a failed call.
  addEventListener('pagehide', (event: PageTransitionEvent) => {
    if (!event.persisted) close();
  });

  if (!navigator.locks) {
    fail(
      new LoamError('StorageUnavailable', 'This browser has no Web Locks here. Open the page over https.'),
    );
  } else {
    // Held for the page's life; the broker waits for it to learn that the page is gone.
    void navigator.locks.request(tabLock(tab), () => {
      start();
      return new Promise(() => {});
    });
  }

  const engine = new Proxy({} as Api, {
    get: (_target, property) => {
      // `then` would make the proxy look like a promise to `await`.
      if (typeof property !== 'string' || property === 'then') return undefined;
      return (...args: unknown[]) => call(property, args);
    },
  });

  return {
    engine,
    get state() {
      return state;
    },
    get error() {
      return error;
    },
    get leads() {
      return leader === tab;
    },
    onEvent(listener) {
      eventListeners.add(listener);
      return () => eventListeners.delete(listener);
    },
    onState(listener) {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    close,
  };
}
