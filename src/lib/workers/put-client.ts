// Hands small files to the worker that writes them. A worker that dies fails what it was given; the next files get a
// new one.
import { fromWire, LoamError } from '../engine/errors.ts';
import type { KeptFile } from '../engine/ports.ts';
import type { PutAnswer, PutRequest } from './put.worker.ts';

interface Writer {
  worker: Worker;
  waiting: Map<number, { resolve(): void; reject(error: Error): void }>;
}

/** Writes files below the OPFS directory; the worker is started by the first call. */
export function createPut(
  directory: string,
  create = () => new Worker(new URL('./put.worker.ts', import.meta.url), { type: 'module' }),
): (files: readonly KeptFile[]) => Promise<void> {
  let running: Writer | null = null;
  let requests = 0;

  function start(): Writer {
    const writer: Writer = { worker: create(), waiting: new Map() };
    writer.worker.onmessage = ({ data: { id, error } }: MessageEvent<PutAnswer>) => {
      const call = writer.waiting.get(id);
      writer.waiting.delete(id);
      if (error) call?.reject(fromWire(error));
      else call?.resolve();
    };
    writer.worker.onerror = (event) => {
      event.preventDefault();
      running = null;
      writer.worker.terminate();
      const why = event.message || 'it did not start';
      for (const call of writer.waiting.values())
        call.reject(new LoamError('StorageUnavailable', `The worker that stores files stopped (${why}).`));
    };
    return writer;
  }

  return (files) => {
    const writer = (running ??= start());
    return new Promise((resolve, reject) => {
      const id = ++requests;
      writer.waiting.set(id, { resolve, reject });
      // Copied, not transferred: a batch that fails later is tried again from the same bytes.
      writer.worker.postMessage({ id, directory, files } satisfies PutRequest);
    });
  };
}
