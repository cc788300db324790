// What the leading tab does when nobody wants anything: once nothing has changed for a while, the index of texts is fed and
// the log repacked, slice by slice, then the WAL file, which keeps its high-water mark, is written back and cut.
import type { SqlDriver } from '../engine/ports.ts';

const quietMs = 5_000;
/** Between two slices of work, for what was asked meanwhile. */
const pauseMs = 200;

/** Gives what is to be called after each change. `work` does one slice and answers 0 when nothing is left to do. */
export function createTidy(
  driver: Pick<SqlDriver, 'reading' | 'inTransaction' | 'exec'>,
  work: () => number,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;

  function after(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(tidy, ms);
  }

  function tidy(): void {
    // A checkpoint would end an export that is being read.
    if (driver.reading) return after(quietMs);
    if (driver.inTransaction) return;
    try {
      if (work() > 0) return after(pauseMs);
    } catch (error) {
      // All stays as it is, and whole; a full disk may have room later.
      console.warn('The database could not be tidied up', error);
    }
    driver.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  return () => after(quietMs);
}
