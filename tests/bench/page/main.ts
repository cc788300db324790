// What scripts/bench.mjs calls: a round in a worker of its own, so that every round opens cold, and the drop round.
import { dropRound } from './drop.ts';
import { filesLocal, filesLooked, filesPicked, filesPickedScan, filesRemote } from './files.ts';
import { filesPlainHttp } from './files-plain.ts';
import type { Measures } from '../workload.ts';

declare global {
  /** Exposed by scripts/bench.mjs: CPU milliseconds of the browser's pages and workers. */
  function browserCpu(): Promise<number>;
}

interface Answer {
  cpu?: true;
  measures?: Measures;
  error?: string;
}

/** `name` says to the worker which round, if not that of the engine: `history CELLS`. */
function round(name = 'round'): Promise<Measures> {
  const worker = new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module', name });
  return new Promise<Measures>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.cpu) void browserCpu().then((spent) => worker.postMessage(spent));
      else if (data.measures) resolve(data.measures);
      else reject(new Error(data.error));
    };
    worker.onerror = (event) => reject(new Error(event.message));
  }).finally(() => worker.terminate());
}

/** The database of that name, new and with so many artifacts; with `labels` as the questions have them (questions-database.ts). */
function seed(name: string, artifacts: number, { labels = false } = {}): Promise<void> {
  const worker = new Worker(new URL('./seed.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<void>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<{ error: string | null }>) =>
      data.error === null ? resolve() : reject(new Error(data.error));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ name, artifacts, labels });
  }).finally(() => worker.terminate());
}

Object.assign(globalThis, {
  round,
  seed,
  dropRound: () => dropRound(() => browserCpu()),
  filesLocal,
  filesLooked,
  filesPicked,
  filesPickedScan,
  filesRemote,
  filesPlainHttp,
});
