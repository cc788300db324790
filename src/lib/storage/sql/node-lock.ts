// What node-sqlite3-wasm 0.8.60 lacks for a process that is killed in a transaction. Its lock is a folder beside the file, which stays
// there for ever: nobody could open the database again. So each process that has a file open says so by an empty file with its number,
// and a lock that no living process can hold is taken away. And SQLite asks, with its own lock held, whether anybody is writing, before it rolls
// back the journal that the killed one left; the library answers by whether that folder exists, which is then always so: half of a
// transaction would stay in the file (tests/cli/merge-kills.test.ts).
import fs, { existsSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** How often this process has each file open, by full path. */
const open = new Map<string, number>();

const markOf = (path: string, pid: number): string => `${path}.open-${pid}`;

/** Called before the file is opened. Locks that are left of killed processes are gone afterwards. Gives what is to be called when it is closed. */
export function holdOpen(relative: string): () => void {
  const path = resolve(relative);
  answerForOthers();
  const mark = markOf(path, process.pid);
  // First said, then looked: of two that come at once neither takes the lock of the other away.
  open.set(path, (open.get(path) ?? 0) + 1);
  try {
    writeFileSync(mark, '');
    removeLeftLock(path);
  } catch {
    // In a folder that cannot be written to there can be no lock either; opening tells what is wrong.
  }
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    const left = (open.get(path) ?? 1) - 1;
    if (left > 0) return void open.set(path, left);
    open.delete(path);
    rmSync(mark, { force: true });
  };
}

let answering = false;

/**
 * The lock of this library shuts everybody else out, at each of SQLite's levels. Who holds it is told that no other writes; who does
 * not is never asked.
 */
function answerForOthers(): void {
  if (answering) return;
  answering = true;
  const { accessSync } = fs;
  Object.assign(fs, {
    accessSync(path: fs.PathLike, mode?: number): void {
      if (typeof path === 'string' && path.endsWith('.lock') && open.has(path.slice(0, -'.lock'.length)))
        throw Object.assign(new Error(`No other process writes: ${path}`), { code: 'ENOENT' });
      accessSync(path, mode);
    },
  });
}

function removeLeftLock(path: string): void {
  const folder = dirname(path);
  const start = `${basename(path)}.open-`;
  let living = false;
  let dead = 0;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(start)) continue;
    const pid = Number(name.slice(start.length));
    if (pid === process.pid) living ||= (open.get(path) ?? 0) > 1;
    else if (isAlive(pid)) living = true;
    else {
      dead += 1;
      rmSync(join(folder, name), { force: true });
    }
  }
  // A lock that nobody we know of left may be that of a program that does not say so.
  if (!living && dead > 0 && existsSync(`${path}.lock`)) rmdirSync(`${path}.lock`);
}

/** What to do about a lock that is not ours to take away, for the words of an error. */
export function lockWords(relative: string): string {
  const lock = `${resolve(relative)}.lock`;
  return existsSync(lock)
    ? ` If none does, a program that was killed left the folder ${lock}: remove it.`
    : '';
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Without permission to signal it there is one.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
