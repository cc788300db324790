// The databases that are looked at beside the one in use: a helper worker for each, started at the first question and
// kept until the database goes. Calls are passed on by name.
import { LoamError } from '../engine/errors.ts';
import type { InteropApi } from './interop.worker.ts';
import { connectWorker, type WorkerPort } from './worker-port.ts';

type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

export interface Readers {
  /** Asks a database; `open` opens it in a fresh worker. */
  ask(id: string, method: string, args: unknown[]): Promise<unknown>;
  /** Whether it is open already. */
  has(id: string): boolean;
  /** Ends its worker, so that its files are free. */
  close(id: string): void;
}

export function createReaders(
  createWorker: () => Worker,
  open: (api: InteropApi, id: string) => Promise<void>,
): Readers {
  const ports = new Map<string, { port: WorkerPort<InteropApi>; ready: Promise<void> }>();

  function readerOf(id: string) {
    const known = ports.get(id);
    if (known) return known;
    const port = connectWorker<InteropApi>(createWorker());
    const ready = open(port.api, id);
    const made = { port, ready };
    ports.set(id, made);
    // One that did not open is tried anew at the next question.
    ready.catch(() => close(id));
    return made;
  }

  function close(id: string): void {
    const found = ports.get(id);
    ports.delete(id);
    found?.port.end(new LoamError('Cancelled', 'The database was closed.'));
  }

  return {
    async ask(id, method, args) {
      const { port, ready } = readerOf(id);
      await ready;
      return (port.api as unknown as Methods)[method]?.(...args);
    },
    has: (id) => ports.has(id),
    close,
  };
}
