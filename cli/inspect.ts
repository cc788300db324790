// `loam inspect`: what files and folders hold, computed from their whole content, as JSON or to be read. Nothing is stored,
// and no database is needed. Files are looked at in a thread, so that one that crashes its reader costs only its own answer.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { factsText } from './facts-text.ts';
import type { Look, ThreadAnswer } from './inspect-thread.ts';
import { absolute } from './instance.ts';
import { flags, Usage, type Verb } from './verb.ts';

/** One path's answer. Where the path could not be read at all, `error` says why and everything but `file` is empty. */
export type Entry =
  | ({ file: string } & Look)
  | {
      file: string;
      size: null;
      lamin_hash: null;
      hash_type: null;
      facts: { kind: 'unreadable'; error: string };
      error: string;
    };

export const inspect: Verb = {
  summary: 'Show what files and folders hold: shapes, columns, sums, hashes.',
  usage: 'inspect [--json] PATH…',
  async run(args, io) {
    const { values, positionals } = flags(args, { json: { type: 'boolean' } });
    if (positionals.length === 0) throw new Usage('Name at least one file or folder.');
    const thread = createThread();
    let failed = 0;
    try {
      if (values.json) io.out('[');
      for (const [i, file] of positionals.entries()) {
        const answer = await thread.look(absolute(io, file));
        const entry: Entry = 'look' in answer ? { file, ...answer.look } : unread(file, answer.error);
        if ('error' in entry) failed++;
        if (values.json) io.out(JSON.stringify(entry) + (i < positionals.length - 1 ? ',' : ''));
        else if ('error' in entry) io.err(`${file}: ${entry.error}`);
        else io.out(factsText(file, entry) + (i < positionals.length - 1 ? '\n' : ''));
      }
      if (values.json) io.out(']');
    } finally {
      await thread.close();
    }
    return failed > 0 ? 1 : 0;
  },
};

function unread(file: string, error: string): Entry {
  const facts = { kind: 'unreadable' as const, error };
  return { file, size: null, lamin_hash: null, hash_type: null, facts, error };
}

interface Thread {
  /** Never rejects. */
  look(path: string): Promise<ThreadAnswer>;
  close(): Promise<void>;
}

/** A thread that is started when it is needed and replaced after a crash. */
function createThread(): Thread {
  const program = join(dirname(fileURLToPath(import.meta.url)), 'inspect-thread.js');
  let worker: Worker | null = null;
  const end = async (): Promise<void> => {
    const ended = worker;
    worker = null;
    await ended?.terminate();
  };
  return {
    async look(path) {
      const running = (worker ??= new Worker(program));
      const answer = await new Promise<ThreadAnswer>((resolve) => {
        const done = (told: ThreadAnswer): void => {
          running.off('message', done).off('error', failed).off('exit', ended);
          resolve(told);
        };
        const crashed = (reason: string): void =>
          done({ error: `Reading it crashed its reader (${reason}).`, damaged: true });
        const failed = (error: Error): void => crashed(error.message);
        const ended = (code: number): void => crashed(`exit code ${code}`);
        running.on('message', done).on('error', failed).on('exit', ended);
        running.postMessage(path);
      });
      if (answer.damaged) await end();
      return answer;
    },
    close: end,
  };
}
