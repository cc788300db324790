// Answers requests that arrive on tabs' ports: only methods of the allow-list, writes one after the other, the rest at
// once and therefore before any queued write. Errors cross as data, since structured clone drops their fields.
import { LoamError, toWire } from '../engine/errors.ts';
import type { MethodKind } from './methods.ts';
import type { PortMessage } from './tab-messages.ts';
import type { EngineEvent, WireRequest, WireResponse } from './wire.ts';

export interface CallContext {
  method: string;
  kind: MethodKind;
  /** Uid of a write, the same when it is sent again; null for reads. */
  op: string | null;
  tab: string;
}

export interface ServeOptions {
  /** What may be called, and how it is scheduled. */
  methods: Readonly<Record<string, MethodKind>>;
  /** True once the worker is about to end: requests are left unanswered then, and go to the next one. */
  leaving?: () => boolean;
  /** Uid of the branch that writes go to; a write that was asked for on another one is refused. */
  branch?: () => string | null;
  /** A tab is gone. */
  left?: (tab: string) => void;
  /** Other databases that requests may be about. */
  elsewhere?: () => Elsewhere | null;
  /** Runs around each call, e.g. to look the operation uid up and to store it in the same transaction. */
  around?: (context: CallContext, call: () => Promise<unknown>) => Promise<unknown>;
}

export interface Elsewhere {
  /** The database that `api` is about. */
  own: string;
  /** Asks another one; only methods that read. */
  ask(db: string, method: string, args: unknown[]): Promise<unknown>;
}

export interface EngineServer<Event = EngineEvent> {
  connect(tab: string, port: MessagePort, transfers?: boolean): void;
  disconnect(tab: string): void;
  /** Sends to every connected tab. */
  emit(event: Event): void;
}

const handed = new WeakMap<object, Transferable[]>();

/** The answer of a method whose buffers go over to the caller rather than being copied. */
export function handOver<T extends object>(answer: T, buffers: Transferable[]): T {
  handed.set(answer, buffers);
  return answer;
}

/** Outcomes of recent writes, for a tab whose port was renewed while the leader stayed. */
const remembered = 200;

type Method = (...args: unknown[]) => unknown;

export function serveEngine<Event = EngineEvent>(api: object, options: ServeOptions): EngineServer<Event> {
  const ports = new Map<string, { port: MessagePort; transfers: boolean }>();
  const outcomes = new Map<string, Promise<unknown>>();
  const writes: (() => Promise<void>)[] = [];
  let writing = false;

  function find(method: unknown): { kind: MethodKind; call: Method } {
    if (typeof method === 'string' && Object.hasOwn(options.methods, method) && Object.hasOwn(api, method)) {
      const call = (api as Record<string, unknown>)[method];
      const kind = options.methods[method];
      if (typeof call === 'function' && kind) return { kind, call: call as Method };
    }
    throw new LoamError('InvalidArgument', `The engine has no method "${String(method)}".`);
  }

  async function drain(): Promise<void> {
    if (writing) return;
    writing = true;
    for (let write = writes.shift(); write; write = writes.shift()) {
      await write();
      await nextTask(); // reads that have arrived meanwhile start here
    }
    writing = false;
  }

  function schedule(context: CallContext, call: () => Promise<unknown>): Promise<unknown> {
    const around = () => (options.around ? options.around(context, call) : call());
    if (context.kind !== 'write') return around();
    const known = context.op === null ? undefined : outcomes.get(context.op);
    if (known) return known;
    const outcome = new Promise<unknown>((resolve, reject) => {
      writes.push(() => around().then(resolve, reject));
    });
    if (context.op !== null) {
      outcomes.set(context.op, outcome);
      const oldest = outcomes.keys().next().value;
      if (outcomes.size > remembered && oldest !== undefined) outcomes.delete(oldest);
    }
    void drain();
    return outcome;
  }

  async function answer(
    tab: string,
    port: MessagePort,
    transfers: boolean,
    request: WireRequest,
  ): Promise<void> {
    const { id, method, op } = request;
    let response: WireResponse;
    const transfer: Transferable[] = [];
    try {
      if (!Array.isArray(request.args))
        throw new LoamError('InvalidArgument', 'The arguments must be a list.');
      const { kind, call } = find(method);
      const args = request.args;
      const elsewhere = options.elsewhere?.() ?? null;
      const db =
        typeof request.db === 'string' && elsewhere && request.db !== elsewhere.own ? request.db : null;
      if (db !== null && kind !== 'read') throw otherDatabase();
      const context = { method, kind, op: typeof op === 'string' ? op : null, tab };
      let value =
        db !== null && elsewhere
          ? await elsewhere.ask(db, method, args)
          : await schedule(context, async () => {
              if (kind === 'write') refuseOther(request.branch, options.branch?.() ?? null);
              return call.apply(api, args);
            });
      if (value instanceof ReadableStream) {
        if (transfers) transfer.push(value);
        else value = await new Response(value).blob();
      }
      if (transfers && typeof value === 'object' && value !== null)
        transfer.push(...(handed.get(value) ?? []));
      response = { id, ok: true, value };
    } catch (error) {
      response = { id, ok: false, error: toWire(error) };
    }
    try {
      port.postMessage(response satisfies PortMessage, transfer);
    } catch (error) {
      // A value that cannot be cloned must not leave the caller waiting.
      port.postMessage({ id, ok: false, error: toWire(error) } satisfies PortMessage);
    }
  }

  return {
    connect(tab, port, transfers = true) {
      ports.get(tab)?.port.close();
      ports.set(tab, { port, transfers });
      port.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (typeof data !== 'object' || data === null || typeof (data as WireRequest).id !== 'number') return;
        if (options.leaving?.()) return;
        void answer(tab, port, transfers, data as WireRequest);
      };
    },
    disconnect(tab) {
      ports.get(tab)?.port.close();
      ports.delete(tab);
      options.left?.(tab);
    },
    emit(event) {
      for (const { port } of ports.values()) port.postMessage({ event });
    },
  };
}

/** Lets waiting messages be delivered; a promise would not, and a timer is slowed down in hidden tabs. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function refuseOther(asked: unknown, current: string | null): void {
  if (typeof asked !== 'string' || current === null || asked === current) return;
  throw new LoamError(
    'BranchChanged',
    'This was meant for a branch that is no longer checked out. Nothing was changed. Look at the page again and repeat it.',
  );
}

const otherDatabase = () =>
  new LoamError(
    'DatabaseChanged',
    'This was meant for a database that is no longer the one you work in. Nothing was changed. Look at the page again and repeat it.',
  );
