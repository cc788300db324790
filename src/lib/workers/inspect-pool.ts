// A small pool of inspect workers that can be killed: a file that takes too long, crashes its worker or eats its memory
// costs that worker only, and the answer is a summary with the reason in words. Works in pages and inside other workers.
import * as Comlink from 'comlink';
import { fromWire, LoamError } from '../engine/errors.ts';
import type { DatasetRead, FileView, Fix, FrameAsk, SmallFile, ViewAsk } from '../engine/ports.ts';
import type { RowsTable } from '../formats/curate/read-dataset.ts';
import { summaryOf, type FileSummary } from '../formats/summary.ts';
import type { AnyFile } from './find-bytes.ts';
import type { FixedDataset } from './curation-wire.ts';
import type { TableCopy, TableJob } from './table-parquet.ts';
import type { Answer, Answered, HashResult, InspectInput, InspectWorkerApi } from './inspect.worker.ts';

export type { HashResult, InspectInput } from './inspect.worker.ts';

export interface Inspector {
  /** Never rejects: what goes wrong is the summary's `problem`. */
  inspect(input: InspectInput, name: string): Promise<FileSummary>;
  /** Rejects with a LoamError where the file has no such view, or its worker was lost over it. */
  view(input: InspectInput, ask: ViewAsk, options?: HashOptions): Promise<FileView>;
  /** Rejects with a LoamError; `Cancelled` when the signal fires, which ends the worker at once. */
  hash(input: InspectInput, options?: HashOptions): Promise<HashResult>;
  /** Small files, each read once, in the order given; null for those whose worker was lost before it came to them. */
  readSmall(
    inputs: { file: File; name: string }[],
    options?: Pick<HashOptions, 'signal'>,
  ): Promise<(Answer<SmallFile> | null)[]>;
  /** A table out of the file as a parquet copy; progress in rows. Errors as of `hash`. */
  table(input: InspectInput, job: TableJob, options?: HashOptions): Promise<TableCopy>;
  /** What a validation asks of a dataset; progress in rows gone through. Errors as of `hash`. */
  dataset(
    input: InspectInput | { rows: RowsTable },
    name: string,
    asks: readonly FrameAsk[],
    options?: HashOptions,
  ): Promise<DatasetRead>;
  /** A copy of the file with fixes applied; progress in rows. Errors as of `hash`. */
  fixed(
    input: InspectInput,
    name: string,
    fixes: readonly Fix[],
    options?: HashOptions,
  ): Promise<FixedDataset>;
  /** sha256 of every byte as hex. */
  checksum(file: AnyFile, options?: HashOptions): Promise<string>;
  close(): void;
}

export interface HashOptions {
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface InspectorOptions {
  size?: 1 | 2;
  /** Time one inspection may take. Hashing has no such limit, but must make progress within it. */
  timeoutMs?: number;
  /** For tests: how a worker is made. */
  createWorker?: () => Worker;
}

interface Slot {
  worker: Worker;
  api: Comlink.Remote<InspectWorkerApi>;
  /** Ends the running job with an error. */
  fail: ((error: Error) => void) | null;
  /** Starts the time limit anew. */
  alive: (() => void) | null;
}

class WorkerTimeout extends Error {}
class WorkerCrash extends Error {}

export function createInspector(options: InspectorOptions = {}): Inspector {
  const { size = 1, timeoutMs = 20_000 } = options;
  const create =
    options.createWorker ??
    (() => new Worker(new URL('./inspect.worker.ts', import.meta.url), { type: 'module' }));
  const idle: Slot[] = [];
  const all = new Set<Slot>();
  const waiting: ((slot: Slot) => void)[] = [];
  let closed = false;

  function start(): Slot {
    const worker = create();
    const slot: Slot = { worker, api: Comlink.wrap<InspectWorkerApi>(worker), fail: null, alive: null };
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      slot.fail?.(new WorkerCrash(event.message || 'the reader stopped'));
    });
    worker.addEventListener('messageerror', () => slot.fail?.(new WorkerCrash('an unreadable message')));
    all.add(slot);
    return slot;
  }

  function take(): Promise<Slot> {
    const free = idle.pop();
    if (free !== undefined) return Promise.resolve(free);
    if (all.size < size) return Promise.resolve(start());
    return new Promise((resolve) => waiting.push(resolve));
  }

  function end(slot: Slot): void {
    slot.worker.terminate();
    all.delete(slot);
  }

  function give(slot: Slot, keep: boolean): void {
    slot.fail = null;
    slot.alive = null;
    if (!keep || closed) end(slot);
    const next = waiting.shift();
    if (next !== undefined) next(keep && !closed ? slot : start());
    else if (keep && !closed) idle.push(slot);
  }

  /** Runs one job on a worker; on any failure of the worker itself that worker is replaced. */
  async function run<T>(
    job: (slot: Slot) => Promise<{ value: T; restart: boolean }>,
    signal?: AbortSignal,
  ): Promise<T> {
    if (closed) throw new LoamError('Cancelled', 'The file reader was closed.');
    const slot = await take();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let onAbort: (() => void) | undefined;
    let keep = false;
    try {
      const stopped = new Promise<never>((_, reject) => {
        slot.fail = reject;
        slot.alive = () => {
          clearTimeout(timer);
          timer = setTimeout(() => reject(new WorkerTimeout('time limit')), timeoutMs);
        };
        slot.alive();
        onAbort = () => reject(new LoamError('Cancelled', 'Reading the file was cancelled.'));
        if (signal?.aborted) onAbort();
        else signal?.addEventListener('abort', onAbort, { once: true });
      });
      const { value, restart } = await Promise.race([job(slot), stopped]);
      keep = !restart;
      return value;
    } finally {
      clearTimeout(timer);
      if (onAbort) signal?.removeEventListener('abort', onAbort);
      give(slot, keep);
    }
  }

  function answered<T>(
    work: (slot: Slot, onProgress: (done: number, total: number) => void) => Promise<Answered<T> | Answer<T>>,
    { onProgress, signal }: HashOptions,
  ): Promise<T> {
    return run(async (slot) => {
      const told = await work(slot, (done, total) => {
        slot.alive?.();
        onProgress?.(done, total);
      });
      return 'answer' in told
        ? { value: told.answer, restart: told.restart }
        : { value: told, restart: false };
    }, signal).then(
      (answer) => {
        if (answer.ok) return answer.value;
        throw fromWire(answer.error);
      },
      (error: unknown) => {
        if (error instanceof LoamError) throw error;
        throw new LoamError('FileUnreadable', problemOf(error, timeoutMs));
      },
    );
  }

  return {
    async inspect(input, name) {
      try {
        return await run(async ({ api }) => {
          const { summary, restart } = await api.inspect(input, name);
          return { value: summary, restart };
        });
      } catch (error) {
        return summaryOf('unknown', { problem: problemOf(error, timeoutMs) });
      }
    },
    view: (input, ask, viewOptions = {}) =>
      answered(
        (slot, report) => slot.api.view(input, ask, Comlink.proxy(report)) as Promise<Answered<FileView>>,
        viewOptions,
      ),
    hash: (input, hashOptions = {}) =>
      answered(
        (slot, report) => slot.api.hash(input, Comlink.proxy(report)) as Promise<Answer<HashResult>>,
        hashOptions,
      ),
    async readSmall(inputs, { signal } = {}) {
      const answers: (Answer<SmallFile> | null)[] = [];
      while (answers.length < inputs.length) {
        try {
          const part = await run(async ({ api, alive }) => {
            const done = await api.readSmall(
              inputs.slice(answers.length),
              Comlink.proxy(() => alive?.()),
            );
            return { value: done.answers, restart: done.restart };
          }, signal);
          answers.push(...part);
          if (part.length > 0) continue;
        } catch (error) {
          if (error instanceof LoamError) throw error;
        }
        // Which of them it was nobody knows: all that are left are asked for one by one.
        answers.push(...inputs.slice(answers.length).map(() => null));
      }
      return answers;
    },
    table: (input, job, tableOptions = {}) =>
      answered(
        (slot, report) => slot.api.table(input, job, Comlink.proxy(report)) as Promise<Answered<TableCopy>>,
        tableOptions,
      ),
    dataset: (input, name, asks, datasetOptions = {}) =>
      answered(
        (slot, report) =>
          slot.api.dataset(input, name, [...asks], Comlink.proxy(report)) as Promise<{
            answer: Answer<DatasetRead>;
            restart: boolean;
          }>,
        datasetOptions,
      ),
    fixed: (input, name, fixes, fixOptions = {}) =>
      answered(
        (slot, report) =>
          slot.api.fixed(input, name, fixes, Comlink.proxy(report)) as Promise<Answered<FixedDataset>>,
        fixOptions,
      ),
    checksum: (file, hashOptions = {}) =>
      answered((slot, report) => slot.api.checksum(file, Comlink.proxy(report)), hashOptions),
    close() {
      closed = true;
      for (const slot of all) {
        slot.fail?.(new LoamError('Cancelled', 'The file reader was closed.'));
        end(slot);
      }
      idle.length = 0;
    },
  };
}

function problemOf(error: unknown, timeoutMs: number): string {
  if (error instanceof WorkerTimeout) {
    return `Reading this file took too long (more than ${Math.round(timeoutMs / 1000)} seconds) and was stopped. It can be stored, but its contents are not shown.`;
  }
  if (error instanceof LoamError) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  if (/memory|allocation/i.test(text))
    return 'Reading this file needed more memory than there is. It can be stored, but its contents are not shown.';
  return 'Reading this file stopped unexpectedly, probably because it is damaged. It can be stored, but its contents are not shown.';
}
