// Acts on many rows, cut into slices so that reads get their turn: how far they are, and how they are cancelled. An act
// stays one act: one undo step, all of it or, when cancelled, failed or cut off by a crash, nothing.
import { LoamError, isLoamError } from './errors.ts';
import type { Clock } from './ports.ts';
import type { Steps } from './statement.ts';
import type { Transaction } from './write/transaction.ts';
import { sliceMs, type Watch, type Writer } from './write/writer.ts';

export interface JobProgress {
  /** Uid of the act. */
  act: string;
  title: string;
  done: number;
  total: number;
  /** `cancelling`: what was done is being taken back. */
  state: 'running' | 'cancelling' | 'done' | 'cancelled' | 'failed';
}

export interface JobSpec {
  uid: string;
  kind: string;
  title: string;
}

/** What is written may come while it is written, from another worker. */
export interface Supply {
  /** How many of the ids can be gone through now. */
  ready(): number;
  /** Waits until there are more than `done`; asks now and then whether the job was cancelled, and then gives up. */
  more(done: number, cancelled: () => boolean): Promise<void>;
}

export interface Jobs {
  /** Runs `each` over all ids as one act. Answers false when the act was applied before; rejects with `Cancelled`. */
  run(
    spec: JobSpec,
    ids: readonly number[],
    each: (tx: Transaction, part: readonly number[]) => Steps<void>,
    supply?: Supply,
  ): Promise<boolean>;
  /** Makes an undo or redo a job once it takes more than one slice. */
  follow<T>(work: (watch: Watch) => Promise<T>): Promise<T>;
  /** Unknown and finished jobs are no error: the wish is fulfilled. */
  cancel(act: string): void;
  running(): JobProgress[];
}

/** A part is one batch of statements within a slice; short enough that a slice ends on time. */
const partMs = 6;
const partMost = 2000;
const tellEveryMs = 100;

interface Job {
  progress: JobProgress;
  cancelled: boolean;
}

export function createJobs(writer: Writer, clock: Clock, onJob: (job: JobProgress) => void): Jobs {
  const jobs = new Map<string, Job>();

  function begin(act: string, title: string, total: number): Job {
    const job: Job = { progress: { act, title, done: 0, total, state: 'running' }, cancelled: false };
    jobs.set(act, job);
    onJob({ ...job.progress });
    return job;
  }

  function end({ progress }: Job, error: unknown): void {
    if (error === null) progress.state = 'done';
    else progress.state = isLoamError(error, 'Cancelled') ? 'cancelled' : 'failed';
    jobs.delete(progress.act);
    onJob({ ...progress });
  }

  async function follow<T>(work: (watch: Watch) => Promise<T>): Promise<T> {
    let job: Job | null = null;
    let told = 0;
    let failure: unknown = null;
    try {
      return await work(({ act, title, done, total }) => {
        job ??= begin(act, title, total);
        job.progress.done = done;
        const now = clock();
        if (now - told >= tellEveryMs) {
          told = now;
          onJob({ ...job.progress });
        }
        return job.cancelled;
      });
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      if (job) end(job, failure);
    }
  }

  async function run(
    spec: JobSpec,
    ids: readonly number[],
    each: (tx: Transaction, part: readonly number[]) => Steps<void>,
    supply?: Supply,
  ): Promise<boolean> {
    const job = begin(spec.uid, spec.title, ids.length);
    const { progress } = job;
    let told = 0;
    let size = 100;
    /** What a slice takes after its last part, as the last few did. */
    let after = 0;
    let failure: unknown = null;

    const ready = () => Math.min(ids.length, supply?.ready() ?? ids.length);

    /** Parts until the slice's time is over; their size follows from how long the last one took. */
    function* oneSlice(tx: Transaction): Steps<void> {
      const started = clock();
      let before = started;
      while (progress.done < ready()) {
        const part = ids.slice(progress.done, Math.min(progress.done + size, ready()));
        yield* each(tx, part);
        progress.done += part.length;
        const now = clock();
        const took = now - before;
        size = Math.round(Math.min(partMost, Math.max(20, size * Math.min(2, partMs / Math.max(took, 1)))));
        before = now;
        if (now - started >= sliceMs - partMs - after) break;
      }
      if (before - told >= tellEveryMs) {
        told = before;
        onJob({ ...progress });
      }
    }

    try {
      return await writer.longAct(
        spec,
        async (tail) => {
          after = Math.min(sliceMs / 2, (after + tail) / 2);
          if (supply && ready() <= progress.done && progress.done < ids.length)
            await supply.more(progress.done, () => job.cancelled);
          return progress.done < ids.length ? oneSlice : null;
        },
        () => job.cancelled,
      );
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      end(job, failure);
    }
  }

  return {
    run,
    follow,
    cancel(act) {
      const job = jobs.get(act);
      if (!job || job.cancelled) return;
      job.cancelled = true;
      job.progress.state = 'cancelling';
      onJob({ ...job.progress });
    },
    running: () => [...jobs.values()].map(({ progress }) => ({ ...progress })),
  };
}

/** Refuses an act on nothing: a filter may have lost its last match since it was chosen. */
export function someOf(ids: readonly number[]): readonly number[] {
  if (ids.length === 0)
    throw new LoamError('DoesNotExist', 'No artifact fits this choice any more. Nothing was changed.');
  return ids;
}
