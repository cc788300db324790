// Steps statements that people write on the one connection, so that nobody has to wait for them: a slice of rows at a
// time, with a turn for others between two slices. One step without a row (a sum over a join, a sort) cannot be left
// and resumed; while it works it listens for the bell, is given up when it rings, and begins again after the others.
import { isLoamError, LoamError } from '../errors.ts';
import type { Bell, Clock, ParamValue, ReaderRow, SqlDriver, SqlReader } from '../ports.ts';
import { runSync, one } from '../statement.ts';
import type { SqlColumn } from './types.ts';

/** Work on rows before others get their turn. Doubles with each time the statement had to begin again. */
const sliceMs = 40;
const sliceMost = 500;
/** How long a step may work before it listens for the bell; doubles in the same way. */
const holdMs = 100;
const holdMost = 1000;
/** A look costs about 2 ms. */
const lookEveryMs = 100;

export interface Stepping {
  uid: string;
  readonly sql: string;
  readonly params: Readonly<Record<string, ParamValue>>;
  readonly keep: boolean;
  limitMs: number;
  /** Milliseconds of work so far. */
  spent: number;
  /** Rows delivered, or skipped at the beginning. */
  seen: number;
  /** State of the database that the rows are read from. */
  stamp: string;
  cancelled: boolean;
  /** Known once the first slice is done. */
  columns: SqlColumn[];
  reader: SqlReader | null;
  /** Rows still to be passed over until `seen` is reached again. */
  toSkip: number;
  restarts: number;
  /** What the open reader asks while it works; goes along when another statement takes the reader over. */
  readonly control: { stop: () => boolean };
}

/** `paused` by the visitor; `end` of the rows; `changed`: the database is another one since the last slice. */
export type Advance = 'paused' | 'end' | 'changed';

export interface StepperDeps {
  driver: SqlDriver;
  clock: Clock;
  breathe: () => Promise<void>;
  bell: Bell;
}

export interface Stepper {
  begin(spec: {
    uid: string;
    sql: string;
    params?: Readonly<Record<string, ParamValue>>;
    skip: number;
    timeLimitMs: number;
    keep: boolean;
  }): Stepping;
  /** A new statement that goes on where `old` stands, on its open reader. */
  adopt(old: Stepping, spec: { uid: string; timeLimitMs: number }): Stepping;
  /** Visits rows, in slices, until `visit` answers false. */
  advance(s: Stepping, visit: (row: ReaderRow) => boolean): Promise<Advance>;
  /** Ends the statement whatever it does; unknown and ended ones are no error. */
  cancel(uid: string): void;
  end(s: Stepping): void;
  /** Differs when anything was written since. */
  stamp(): string;
}

export function createStepper({ driver, clock, breathe, bell }: StepperDeps): Stepper {
  const running = new Map<string, Stepping>();
  /** Cancelled before they began: the wish may come first. */
  const unwanted = new Set<string>();
  const session = clock().toString(36);

  function stamp(): string {
    const [changes] = runSync(driver, one('SELECT total_changes()')) ?? [];
    const [others] = runSync(driver, one('PRAGMA data_version')) ?? [];
    return `${session}.${String(changes)}.${String(others)}`;
  }

  function begin({
    uid,
    sql,
    params = {},
    skip,
    timeLimitMs,
    keep,
  }: Parameters<Stepper['begin']>[0]): Stepping {
    const s: Stepping = {
      uid,
      sql,
      params,
      keep,
      limitMs: Math.max(100, Math.min(600_000, timeLimitMs)),
      spent: 0,
      seen: skip,
      stamp: stamp(),
      cancelled: unwanted.delete(uid),
      columns: [],
      reader: null,
      toSkip: 0,
      restarts: 0,
      control: { stop: () => false },
    };
    running.set(uid, s);
    return s;
  }

  function adopt(old: Stepping, spec: { uid: string; timeLimitMs: number }): Stepping {
    const { sql, params, seen, keep, columns, reader, control } = old;
    running.delete(old.uid);
    old.reader = null;
    return Object.assign(begin({ ...spec, sql, params, skip: seen, keep }), { columns, reader, control });
  }

  function reader(s: Stepping): SqlReader {
    if (s.reader?.open) return s.reader;
    s.toSkip = s.seen;
    s.reader = driver.reader(s.sql, { stop: () => s.control.stop(), keep: s.keep, params: s.params });
    s.columns = s.reader.columns.map((column) => ({ ...column }));
    return s.reader;
  }

  /** One slice of work. `turn`: time for others; `bell`: given up in the middle of a step. */
  function slice(s: Stepping, visit: (row: ReaderRow) => boolean): Advance | 'turn' | 'bell' {
    const started = clock();
    const grown = 2 ** s.restarts;
    /** Set by the first row that counts, so that rows passed over again cannot use the whole slice up. */
    let end = 0;
    let look = started + Math.min(holdMost, holdMs * grown);
    let late = false;
    let rung = false;
    let paused = false;
    let steps = 0;
    s.control.stop = () => {
      const now = clock();
      if (now - started + s.spent > s.limitMs) return (late = true);
      if (now < look) return false;
      look = now + lookEveryMs;
      return (rung = bell.rung());
    };
    try {
      const more = reader(s).read((row) => {
        if (s.toSkip > 0) {
          s.toSkip--;
          return true;
        }
        if (steps === 0) end = clock() + Math.min(sliceMost, sliceMs * grown);
        s.seen++;
        if (!visit(row)) {
          paused = true;
          return false;
        }
        // The clock is asked seldom: most rows cost less than the question.
        return (++steps & 15) !== 0 || clock() < end;
      });
      if (paused) return 'paused';
      return more ? 'turn' : 'end';
    } catch (error) {
      if (isLoamError(error, 'StatementCancelled') && rung) return 'bell';
      if (isLoamError(error, 'StatementCancelled') && late) throw outOfTime(s, error);
      throw error;
    } finally {
      s.spent += clock() - started;
    }
  }

  async function advance(s: Stepping, visit: (row: ReaderRow) => boolean): Promise<Advance> {
    try {
      for (;;) {
        if (s.cancelled) throw new LoamError('Cancelled', 'The statement was cancelled.');
        const outcome = slice(s, visit);
        if (outcome === 'paused' || outcome === 'end') return outcome;
        if (outcome === 'bell') {
          s.restarts++;
          await bell.hang();
        }
        await breathe();
        const now = stamp();
        if (now !== s.stamp) {
          s.stamp = now;
          return 'changed';
        }
      }
    } catch (error) {
      end(s);
      throw error;
    }
  }

  function outOfTime(s: Stepping, error: LoamError): LoamError {
    const again =
      s.restarts > 0
        ? ` It began again ${s.restarts} times, since other work on the database came first.`
        : '';
    return new LoamError(
      'StatementCancelled',
      `The statement was stopped after ${(s.limitMs / 1000).toLocaleString('en')} s.${again} Narrow it with WHERE or LIMIT, or allow more time.`,
      { ...error.details, reason: 'time', limit: s.limitMs },
    );
  }

  function end(s: Stepping): void {
    running.delete(s.uid);
    s.reader?.close();
    s.reader = null;
  }

  return {
    begin,
    adopt,
    advance,
    cancel(uid) {
      const s = running.get(uid);
      if (s) s.cancelled = true;
      else {
        unwanted.add(uid);
        const [oldest] = unwanted;
        if (unwanted.size > 100 && oldest !== undefined) unwanted.delete(oldest);
      }
    },
    end,
    stamp,
  };
}
