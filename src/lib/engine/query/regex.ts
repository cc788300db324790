// `regex` and `iregex` as a function of the database. One text may take so many steps and one statement so much time, and
// no more: then it ends with an error in words. The error is kept aside, since SQLite passes on no more than its text.
import { LoamError } from '../errors.ts';
import type { Clock, SqlDriver, SqlValue } from '../ports.ts';
import { matcher, TooManySteps, type Budget } from './regex-match.ts';
import { patienceIsOver } from './patience.ts';
import { nativePattern } from './regex-native.ts';
import { parsePattern, PatternError } from './regex-parse.ts';

/** Time that all searches of one statement may take together, in milliseconds. */
const timePerStatement = 8_000;
const remembered = 50;

let began: number | null = null;
let clock: Clock = () => 0;
const budget: Budget = {
  left: 0,
  over: () => (began !== null && clock() - began > timePerStatement) || patienceIsOver(),
};
const compiled = new Map<string, (text: string) => boolean>();
let failure: LoamError | null = null;

function searcher(pattern: string): (text: string) => boolean {
  const known = compiled.get(pattern);
  if (known) return known;
  let made: (text: string) => boolean;
  try {
    const parsed = parsePattern(pattern);
    const native = nativePattern(parsed.node);
    const own = matcher(parsed, budget);
    made = (text) => (native && text.length <= native.maxLength ? native.test(text) : own(text));
  } catch (error) {
    if (!(error instanceof PatternError) && !(error instanceof RangeError)) throw error;
    throw new LoamError(
      'OperationalError',
      `The pattern ${JSON.stringify(pattern.slice(0, 100))} is no regular expression: ${error.message}.`,
      { pattern: pattern.slice(0, 100) },
    );
  }
  const oldest = compiled.keys().next().value;
  if (compiled.size >= remembered && oldest !== undefined) compiled.delete(oldest);
  compiled.set(pattern, made);
  return made;
}

/** Refuses what Python's `re` would refuse, before any row is looked at. */
export function checkPattern(pattern: string): void {
  searcher(pattern);
}

/** `bool(re.search(pattern, text))` with the steps of one statement. */
export function search(pattern: string, text: string): boolean {
  try {
    return searcher(pattern)(text);
  } catch (error) {
    // Deep recursion is the other way in which a pattern is too much.
    if (!(error instanceof TooManySteps) && !(error instanceof RangeError)) throw error;
    throw new LoamError(
      'StatementCancelled',
      `The pattern ${JSON.stringify(pattern.slice(0, 100))} takes too many steps on these texts. Make it simpler, e.g. without repeats inside of repeats, or filter by other fields first.`,
      { pattern: pattern.slice(0, 100) },
    );
  }
}

export function registerRegex(driver: SqlDriver, time: Clock): void {
  clock = time;
  driver.createFunction('loam_regex', 2, (pattern, value): SqlValue => {
    if (pattern === null || value === null || failure) return null;
    try {
      return search(String(pattern), String(value)) ? 1 : 0;
    } catch (error) {
      failure = error instanceof LoamError ? error : new LoamError('InternalError', String(error));
      return null;
    }
  });
}

/** Before a statement: all time is there again. */
export function startSearching(): void {
  began = clock();
  failure = null;
}

/** After a statement: what went wrong in it, if anything did. */
export function searchFailure(): LoamError | null {
  const found = failure;
  failure = null;
  began = null;
  return found;
}
