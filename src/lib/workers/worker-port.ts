// A helper worker as an object to call: requests over its port, errors with their fields, events while it works, and an
// end that settles every waiting call. The helper answers by `serveEngine`, as the leading worker answers pages.
import { fromWire, LoamError } from '../engine/errors.ts';
import type { PortMessage } from './tab-messages.ts';

export interface WorkerPort<Api> {
  readonly api: Api;
  /** Ends the worker; calls that wait are rejected with `why`. */
  end(why?: LoamError): void;
}

/** First message to a helper: the port it has to serve. */
export interface ServePort {
  type: 'loam-serve';
  port: MessagePort;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: LoamError): void;
}

const stopped = () => new LoamError('Cancelled', 'This was stopped. Nothing was changed.');

export function connectWorker<Api extends object>(
  worker: Worker,
  onEvent: (event: unknown) => void = () => {},
): WorkerPort<Api> {
  const { port1, port2 } = new MessageChannel();
  const waiting = new Map<number, Waiting>();
  let requests = 0;
  let ended: LoamError | null = null;

  function end(why: LoamError = stopped()): void {
    if (ended) return;
    ended = why;
    worker.terminate();
    port1.close();
    for (const { reject } of waiting.values()) reject(why);
    waiting.clear();
  }

  port1.onmessage = ({ data }: MessageEvent<PortMessage | { event: unknown }>) => {
    if ('event' in data) return onEvent(data.event);
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.ok) call?.resolve(data.value);
    else call?.reject(fromWire(data.error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    end(
      new LoamError(
        'InternalError',
        `A helper of the database stopped: ${event.message || 'no reason given'}.`,
      ),
    );
  };
  worker.postMessage({ type: 'loam-serve', port: port2 } satisfies ServePort, [port2]);

  const api = new Proxy({} as Api, {
    get: (_target, method) => {
      if (typeof method !== 'string' || method === 'then') return undefined;
      return (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          if (ended) return reject(ended);
          const id = ++requests;
          waiting.set(id, { resolve, reject });
          const transfer = args.filter((arg): arg is ReadableStream => arg instanceof ReadableStream);
          port1.postMessage({ id, method, args, op: null }, transfer);
        });
    },
  });
  return { api, end };
}
