// The data folder belongs to one process: the embedded Postgres and the replica's file know of no other. A file with its number
// says so; one that is left of a process that is gone counts for nothing.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';

/** Throws where another process has it. Gives what lets go of it. */
export function takeFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'server.pid');
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
      return () => {
        if (owner(file) === process.pid) rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const other = owner(file);
    // The same number: a container that was started again.
    if (other !== null && other !== process.pid && lives(other) && tries < 2)
      throw new LoamError(
        'DatabaseLocked',
        `Another Loam server (process ${other}) uses the folder ${folder}. Stop it, or name another folder in LOAM_DATA.`,
      );
    rmSync(file, { force: true });
  }
}

function owner(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
