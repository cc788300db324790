// The page's door to the engine: starts this tab's worker, gets a port into the leading worker from the broker, sends
// requests, and sends unanswered ones again when another tab takes over. It knows nothing about what methods do.
import { LoamError, fromWire } from '../engine/errors.ts';
import { methodKinds, type MethodKind } from '../workers/methods.ts';
import { ring } from './bell.ts';
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
  /** The same methods about another database of this device, of which those that read are answered. */
  engineOf(db: string | null): Api;
  readonly state: EngineState;
  /** Why the state is `failed`. */
  readonly error: LoamError | null;
  /** True while this tab's worker holds the database. */
  readonly leads: boolean;
  /** Engine events; the answer takes the listener away again. */
  onEvent(listener: (event: EngineEvent) => void): () => void;
  onState(listener: (state: EngineState) => void): () => void;
  /**
   * Ends the leading worker, in whichever tab it is, because it cannot be interrupted: what was committed is kept, the
   * next worker takes over, and waiting requests are sent to it. Only for a database that outlives its worker.
   */
  replaceLeader(): void;
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
  /** Whether this device has kept a database before: none that cannot be reached is then replaced by an empty one. */
  keptBefore?: () => boolean;
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

/** A request that is not answered by then may be waiting for a step of SQL, which gives way when it is told. */
const ringAfterMs = 150;

/** A worker that dies each time it opens the database must not be started for ever; one that lived for a while may be. */
const maxStarts = 5;
const shortLifeMs = 20_000;

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
  /** Id of the database in use, as `status` told it last. */
  let database: string | null = null;
  /** Uid of the branch that is checked out, as this page was told last. */
  let branch: string | null = null;
  let requests = 0;
  let worker: Worker | null = null;
  let shared: SharedWorker | null = null;
  let starts = 0;
  let shortLives = 0;
  let startedAt = 0;
  /** Its worker did not even start: without another one this tab could never lead. */
  let missing = false;
  let closed = false;
  const replacing = new BroadcastChannel(`loam-replace-${name}`);

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

  /** Rings again and again, ever more seldom, until it is done: each ring lets what waits by then go first. */
  function ringUntil(done: () => boolean, wait: number): void {
    setTimeout(() => {
      if (closed || done()) return;
      void ring();
      ringUntil(done, Math.max(wait, ringAfterMs) * 2);
    }, wait);
  }

  function send(call: Pending): void {
    if (!port) return;
    if (call.sent && (call.transfer.length > 0 || methods[call.request.method] === 'long')) {
      pending.delete(call.request.id);
      const why = 'Another tab or a new worker took the database over meanwhile. Try again.';
      return call.reject(new LoamError('ConnectionLost', why));
    }
    try {
      port.postMessage(call.request, call.transfer);
      call.sent = true;
    } catch (e) {
      pending.delete(call.request.id);
      call.reject(new LoamError('InvalidArgument', `The arguments cannot be sent: ${String(e)}`));
    }
  }

  /** `db`: another database to ask. Writes name the database this page knows as the one in use. */
  function call(method: string, args: unknown[], db: string | null = null): Promise<unknown> {
    if (state === 'failed' && error) return Promise.reject(error);
    return new Promise((resolve, reject) => {
      const op = methods[method] === 'write' ? randomUid() : null;
      const about = db ?? (op === null ? null : database);
      const request: WireRequest = {
        id: ++requests,
        method: method as WireRequest['method'],
        args,
        op,
        db: about,
        branch: op === null ? null : branch,
      };
      const transfer = args.filter((arg): arg is ReadableStream => arg instanceof ReadableStream);
      const made = { request, transfer, sent: false, resolve, reject };
      pending.set(request.id, made);
      send(made);
      // A long statement waits for its like; what steers one may not wait at all.
      const kind = methods[method];
      if (kind !== 'long') ringUntil(() => !pending.has(request.id), kind === 'control' ? 0 : ringAfterMs);
    });
  }

  function receive(message: PortMessage): void {
    if ('event' in message) {
      if (message.event.type === 'status') branch = message.event.status.branch?.uid ?? branch;
      return emit(message.event);
    }
    const waiting = pending.get(message.id);
    if (!waiting) return;
    pending.delete(message.id);
    if (!message.ok) return waiting.reject(fromWire(message.error));
    let { value } = message;
    // The worker cannot know which tab asks.
    if (waiting.request.method === 'status' && waiting.request.db === null) {
      database = (value as EngineStatus).database;
      branch = (value as EngineStatus).branch?.uid ?? null;
      value = { ...(value as EngineStatus), leader: leader === tab };
    }
    // Without a SharedWorker a stream comes as a whole.
    if (value instanceof Blob && !(value instanceof File)) value = value.stream();
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
        if (missing) start();
        break;
      case 'failed':
        if (!port) fail(fromWire(message.error));
        break;
      case 'port':
        // Events that were on their way through the old port are lost: whoever follows them has to ask again.
        if (port) setState('moving');
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
    missing = false;
    let lives = false;
    worker = (options.createWorker ?? engineWorker)();
    const life = `loam-worker-${tab}-${++starts}`;
    startedAt = performance.now();
    worker.onmessage = ({ data }: MessageEvent<AliveMessage>) => {
      if (data?.type !== 'loam-alive') return;
      lives = true;
      void navigator.locks.request(life, () => restart());
    };
    worker.onerror = (event) => {
      missing = !lives;
      if (port) return; // a leader elsewhere serves this tab
      const why = event.message || 'its script did not load';
      fail(
        new LoamError('StorageUnavailable', `The database worker did not start: ${why}. Reload the page.`),
      );
    };
    const kept = options.keptBefore?.() ?? false;
    const message: StartMessage = { type: 'loam-start', tab, life, kept, broker: null, page: null };
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

  replacing.onmessage = ({ data }: MessageEvent<string>) => data === tab && worker?.terminate();

  function restart(): void {
    if (closed) return;
    shortLives = performance.now() - startedAt < shortLifeMs ? shortLives + 1 : 0;
    if (shortLives > maxStarts) {
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
    replacing.close();
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
      ringUntil(() => port !== null || state === 'failed', ringAfterMs);
      return new Promise(() => {});
    });
  }

  const engineOf = (db: string | null) =>
    new Proxy({} as Api, {
      get: (_target, property) => {
        // `then` would make the proxy look like a promise to `await`.
        if (typeof property !== 'string' || property === 'then') return undefined;
        return (...args: unknown[]) => call(property, args, db);
      },
    });
  const engine = engineOf(null);

  return {
    engine,
    engineOf,
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
    replaceLeader() {
      if (leader === tab) worker?.terminate();
      else if (leader !== null) replacing.postMessage(leader);
    },
    close,
  };
}
