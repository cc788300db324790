// How long questions of others may take (REST). Drivers of Node cannot be stopped from outside, so what could run away asks by
// itself: a join into many rows, where another one multiplies it, calls a function of ours for each row that it finds.
import { LoamError } from '../errors.ts';
import type { Clock, SqlDriver, SqlValue } from '../ports.ts';

let clock: Clock = () => 0;
let until: number | null = null;
let over = false;

/** True, too, where patterns are to give up (regex.ts). */
export const patienceIsOver = (): boolean => until !== null && clock() > until;

/** What a join adds to its ON while there is a limit. */
export const patienceTest = (id: string): string => (until === null ? '' : ` AND loam_going(${id})`);

export function registerPatience(driver: SqlDriver, time: Clock): void {
  clock = time;
  driver.createFunction('loam_going', 1, (): SqlValue => {
    if (!patienceIsOver()) return 1;
    over = true;
    // Ends the statement; what is told of it is said below.
    throw new Error('patience is over');
  });
}

/** Does what only reads, at one go; after so many milliseconds of joins it throws `StatementCancelled`. */
export function within<T>(milliseconds: number, work: () => T): T {
  const before = until;
  until = clock() + milliseconds;
  over = false;
  try {
    return work();
  } catch (error) {
    if (!over) throw error;
    throw new LoamError('StatementCancelled', 'The question took too long and was given up.', {
      milliseconds,
    });
  } finally {
    until = before;
    over = false;
  }
}
