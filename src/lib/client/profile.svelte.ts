// The profile on the Query screen: of one statement at a time, in a query worker of its own, so that it neither slows nor
// breaks the statement that somebody runs. A newer statement cancels the older one's profile.
import type { ParameterValues } from '../statements/parameter-values.ts';
import type { WireError } from '../engine/errors.ts';
import { asWireError } from './notices.svelte.ts';
import type { ColumnProfile } from './profile-read.ts';
import { SAMPLE_ROWS, WRITTEN_ROWS } from './profile-sql.ts';
import { profileSample, profileWhole } from './profiler.ts';
import { remembered } from './remembered.svelte.ts';
import type { ResultColumn } from './result-sql.ts';

/** Beside the rows, where there is room. */
export const profileOpen = remembered<boolean>('sql.profile', true);

/** A statement that nobody has run yet is looked at for so long. */
const WRITTEN_MS = 6_000;
const SAMPLE_MS = 30_000;
/** While a result is all there, columns are counted exactly without being asked; of more columns only on demand. */
const WHOLE_COLUMNS = 40;

export interface ProfileAsk {
  sql: string;
  mixed: boolean;
  /** Of the statement's parameters. */
  values: ParameterValues;
  /** It stands in the editor and has not been run: only its first rows are looked at, and not for long. */
  written: boolean;
}

export interface ShownProfile {
  ask: ProfileAsk;
  /** All columns of the result; not all of them have profiles where they are very many. */
  columns: ResultColumn[];
  profiles: ColumnProfile[];
  /** Rows of the sample. */
  rows: number;
  /** The sample is all there is. */
  complete: boolean;
  /** Columns whose numbers are of all rows. */
  exact: number;
  /** Files lie elsewhere: reading all of them is left to a button. */
  far: boolean;
}

let shown = $state.raw<ShownProfile | null>(null);
let phase = $state<'idle' | 'sample' | 'whole'>('idle');
let asked = $state.raw<ProfileAsk | null>(null);
let error = $state.raw<WireError | null>(null);
let abort: AbortController | null = null;

const sameAsk = (a: ProfileAsk | null, b: ProfileAsk) =>
  a !== null &&
  a.sql === b.sql &&
  a.mixed === b.mixed &&
  a.values === b.values &&
  (a.written === b.written || !a.written);

function begin(): AbortController {
  abort?.abort();
  abort = new AbortController();
  return abort;
}

async function sample(ask: ProfileAsk): Promise<void> {
  const mine = begin();
  asked = ask;
  phase = 'sample';
  error = null;
  const timer = setTimeout(() => mine.abort(), ask.written ? WRITTEN_MS : SAMPLE_MS);
  try {
    const { lookQueries } = await import('./queries.ts');
    if (abort !== mine) return;
    const options = { signal: mine.signal, mixed: ask.mixed, values: ask.values };
    const most = ask.written ? WRITTEN_ROWS : SAMPLE_ROWS;
    const { meter, ...found } = await profileSample(lookQueries, ask.sql, options, most);
    if (abort !== mine) return;
    shown = { ask, ...found, exact: found.complete ? found.profiles.length : 0, far: meter.far !== null };
    phase = 'idle';
  } catch (problem) {
    if (abort !== mine) return;
    phase = 'idle';
    error = mine.signal.aborted
      ? {
          code: 'StatementCancelled',
          message: ask.written
            ? 'The statement takes long, so its profile waits until it is run.'
            : 'The profile was stopped: the first rows did not come in 30 s.',
          details: {},
        }
      : asWireError(problem);
    return;
  } finally {
    clearTimeout(timer);
  }
  if (!ask.written && !shown.complete && !shown.far && shown.profiles.length <= WHOLE_COLUMNS) await whole();
}

async function whole(): Promise<void> {
  const before = shown;
  if (!before || before.complete || before.ask.written) return;
  const mine = begin();
  phase = 'whole';
  error = null;
  try {
    const { lookQueries } = await import('./queries.ts');
    for (let at = before.exact; at < before.profiles.length; at++) {
      const one = before.profiles[at];
      if (!one || abort !== mine) return;
      const exact = await profileWhole(lookQueries, before.ask.sql, one, {
        signal: mine.signal,
        mixed: before.ask.mixed,
        values: before.ask.values,
      });
      if (abort !== mine || !shown) return;
      shown = { ...shown, profiles: shown.profiles.map((old, i) => (i === at ? exact : old)), exact: at + 1 };
    }
  } catch (problem) {
    if (abort === mine && !mine.signal.aborted) error = asWireError(problem);
  } finally {
    if (abort === mine) phase = 'idle';
  }
}

export const profile = {
  get shown() {
    return shown;
  },
  get phase() {
    return phase;
  },
  get error() {
    return error;
  },
  /** What is being looked at, or was last. */
  get asked() {
    return asked;
  },
  /** Looks at a statement, unless it is looked at already. */
  show(ask: ProfileAsk): void {
    if (!sameAsk(asked, ask)) void sample(ask);
  },
  again(): void {
    if (asked) void sample(asked);
  },
  /** The exact numbers of all rows, where nobody has begun to count them. */
  whole(): void {
    if (phase === 'idle') void whole();
  },
  /** Stops what is going on; what is there stays. */
  cancel(): void {
    abort?.abort();
    abort = null;
    phase = 'idle';
  },
  /** Nobody looks any more: the worker's memory is given back. What was found stays for who comes back. */
  leave(): void {
    profile.cancel();
    if (shown?.ask !== asked) asked = null;
    void import('./queries.ts').then(({ lookQueries }) => lookQueries.restart());
  },
};
