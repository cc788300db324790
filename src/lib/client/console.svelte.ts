// The one statement of the Query screen: its text, how it is doing, its rows and its plan. It outlives the screen, so
// that coming back finds everything as it was.
import type { WireError } from '../engine/errors.ts';
import type { Drift, DuckdbProgress } from '../workers/duckdb-wire.ts';
import type { ParameterValues } from '../statements/parameter-values.ts';
import type { SqlPage } from '../workers/wire.ts';
import { saveStream } from './export.ts';
import {
  FILE_ROWS,
  type FilesPage,
  type FilesResult,
  readsFiles,
  runOverFiles,
  stoppable,
} from './file-statements.ts';
import { interruptible, type Interruptible } from './interruptible.ts';
import { jobs } from './jobs.svelte.ts';
import { asWireError, say } from './notices.svelte.ts';
import { openQuery } from './open-query.svelte.ts';
import { forSqlite, type GivenValues, parametersIn, valuesOf } from './parameters.ts';
import { remembered } from './remembered.svelte.ts';
import { session } from './session.svelte.ts';
import { statementHistory } from './statement-history.svelte.ts';
import { csvLines, hasRow, resultOf, type SqlResult, withKept, withPage } from './sql-result.ts';
import { plural } from './words.ts';

const ROWS = 1000;
/** Rows that the next page has, where there is one. */
export const rowsOfPage = (of: SqlResult): number => (of.meter ? FILE_ROWS : ROWS);

export interface PlanLine {
  id: number;
  parent: number;
  detail: string;
}

export interface Failure extends WireError {
  /** Where in the statement that ran, in characters; null where unknown. */
  offset: number | null;
  /** How files of a list differ, where that kept the statement from running. */
  drift: Drift[] | null;
}

export interface Ran {
  sql: string;
  from: number;
  /** Of its parameters. */
  values: ParameterValues;
}

/** What is being done; `rows` also for more of them. */
export type Doing = 'rows' | 'fill' | 'plan' | 'download';

/** Milliseconds after which a statement is stopped. */
export const timeLimit = remembered<number>('sql.limit', 10_000);
export const TIME_LIMITS = [
  { ms: 10_000, name: '10 s' },
  { ms: 60_000, name: '1 min' },
  { ms: 600_000, name: '10 min' },
];
const draft = remembered<string>('sql.draft', '');
const DRAFT_MOST = 20_000;

let text = $state(draft.value);
let doing = $state<Doing | null>(null);
let since = $state(0);
let result = $state.raw<SqlResult | null>(null);
let failure = $state.raw<Failure | null>(null);
/** The statement that ran last, and where in the text it began. */
let ran = $state.raw<Ran | null>(null);
/** Whether what ran was allowed to read columns of several kinds as texts. */
let mixed = false;
/** The rows are those that filters leave. */
let narrowed = $state(false);
/** `text` is a plan as DuckDB draws it, `lines` one of SQLite's. */
let plan = $state.raw<{ sql: string; lines: PlanLine[] | null; text: string } | null>(null);
/** The statement over files whose later pages can be asked for. */
let files: FilesResult | null = null;
/** Rows that have come while more of them are asked for. */
let coming = $state(0);
let running: Interruptible<unknown> | null = null;
/** Tables inside files that have been read for the statement on its way, of how many; null where none is being read. */
let reading = $state.raw<{ done: number; of: number } | null>(null);
let draftTimer: ReturnType<typeof setTimeout> | undefined;

const uid = () => crypto.randomUUID();

function failureOf(problem: unknown): Failure {
  const error = asWireError(problem);
  const offset = error.details['offset'];
  const drift = error.code === 'SchemaDrift' ? (JSON.parse(String(error.details['drift'])) as Drift[]) : null;
  return { ...error, offset: typeof offset === 'number' && offset >= 0 ? offset : null, drift };
}

/** One thing at a time: what runs is cancelled first. Answers undefined where it failed, and says why. */
function work<T>(what: Doing, begin: (id: string) => Promise<T>): Promise<T | undefined> {
  running?.cancel();
  const id = uid();
  return follow(what, interruptible(id, timeLimit.value, begin(id)));
}

/** The same for a statement over files. */
function workOnFiles<T>(
  what: Doing,
  begin: (signal: AbortSignal, told: (progress: DuckdbProgress) => void) => Promise<T>,
): Promise<T | undefined> {
  running?.cancel();
  const mine = stoppable(timeLimit.value, (signal, again) =>
    begin(signal, ({ phase, done, needed, rows }) => {
      if (running !== mine) return;
      coming = rows;
      reading = phase === 'tables' ? { done, of: needed ?? 0 } : null;
      // Tables are read once: the time set is for statements, and begins behind that.
      if (phase === 'tables') again();
    }),
  );
  return follow(what, mine);
}

async function follow<T>(what: Doing, mine: Interruptible<T>): Promise<T | undefined> {
  running = mine;
  doing = what;
  since = Date.now();
  failure = null;
  reading = null;
  try {
    const value = await mine.done;
    return running === mine ? value : undefined;
  } catch (problem) {
    if (running === mine) failure = placed(failureOf(problem));
    return undefined;
  } finally {
    if (running === mine) {
      running = null;
      doing = null;
      reading = null;
    }
  }
}

const ask = (sql: string, values: ParameterValues, skip: number, stamp?: string) => (id: string) =>
  session.engine.runSql({
    uid: id,
    ...asked(sql, values),
    skip,
    limit: ROWS,
    timeLimitMs: timeLimit.value,
    ...(stamp === undefined ? {} : { stamp }),
  });

/** A question to the registries as SQLite takes it. */
function asked(sql: string, values: ParameterValues) {
  const { sql: written, params } = forSqlite(sql, values);
  return { sql: written, params };
}

/** Which of the given values the statement has a place for. */
function givenTo(values: ParameterValues): GivenValues {
  return Object.fromEntries(Object.entries(openQuery.given).filter(([name]) => Object.hasOwn(values, name)));
}

/** The place in the statement that was written, where lists were put into it. */
function placed(problem: Failure): Failure {
  if (problem.offset === null || !ran || readsFiles(ran.sql)) return problem;
  return { ...problem, offset: forSqlite(ran.sql, ran.values).back(problem.offset) };
}

export const sqlConsole = {
  get text(): string {
    return text;
  },
  set text(next: string) {
    text = next;
    clearTimeout(draftTimer);
    draftTimer = setTimeout(() => (draft.value = next.length > DRAFT_MOST ? '' : next), 300);
  },
  get doing() {
    return doing;
  },
  /** When that began, in milliseconds since 1970. */
  get since() {
    return since;
  },
  get reading() {
    return reading;
  },
  get result() {
    return result;
  },
  get failure() {
    return failure;
  },
  /** Rows that are there so far of those asked for. */
  get coming() {
    return coming;
  },
  get ran() {
    return ran;
  },
  get plan() {
    return plan;
  },
  /** Whether columns of several kinds are read as texts. */
  get mixed() {
    return mixed;
  },
  /** Whether the rows are those that filters leave of the statement's. */
  get narrowed() {
    return narrowed;
  },

  /** `asItIs`: also where files of a list do not agree, which is asked about else. */
  async run(sql: string, from: number, asItIs = false): Promise<void> {
    mixed = asItIs;
    narrowed = false;
    plan = null;
    files?.close();
    files = null;
    let values: ParameterValues;
    try {
      values = valuesOf(parametersIn(sql, text), openQuery.given);
      ran = { sql, from, values };
      openQuery.values = values;
      if (!readsFiles(sql)) asked(sql, values);
    } catch (problem) {
      running?.cancel();
      ran = { sql, from, values: {} };
      failure = failureOf(problem);
      result = null;
      return;
    }
    const given = givenTo(values);
    let page: SqlPage | undefined;
    let read: FilesPage | undefined;
    if (readsFiles(sql)) {
      const opened = await workOnFiles('rows', (signal, told) =>
        runOverFiles(sql, signal, asItIs, told, values),
      );
      files = opened ?? null;
      read = opened?.first;
      page = read?.page;
    } else page = await work('rows', ask(sql, values, 0));
    if (!page) {
      // The rows of another statement must not stand under this one's error.
      if (failure) result = null;
      if (failure && failure.code !== 'Cancelled')
        statementHistory.add({ sql, at: Date.now(), rows: null, more: false, ms: 0, given });
      return;
    }
    result = { ...resultOf(sql, page, !read && jobs.running.length > 0), meter: read?.meter ?? null };
    statementHistory.add({ sql, at: Date.now(), rows: page.count, more: page.more, ms: page.ms, given });
  },

  /** Rows of the statement that ran, as `sql` leaves them: itself, or itself with filters around it. Over files only. */
  async narrow(sql: string): Promise<void> {
    files?.close();
    files = null;
    narrowed = sql !== ran?.sql;
    const opened = await workOnFiles('rows', (signal, told) =>
      runOverFiles(sql, signal, mixed, told, ran?.values),
    );
    if (!opened) return;
    files = opened;
    result = { ...resultOf(sql, opened.first.page, false), meter: opened.first.meter };
  },

  /** The text with another statement in place of the one that ran. */
  replaced: ({ sql, from }: { sql: string; from: number }, by: string): string =>
    text.slice(0, from) + by + text.slice(from + sql.length),

  /** The statement's own rows again, of which filters left some. Over the registries. */
  async widen(): Promise<void> {
    if (ran) await sqlConsole.run(ran.sql, ran.from, mixed);
  },

  async more(): Promise<void> {
    const before = result;
    if (!before?.more || doing) return;
    if (before.meter) return sqlConsole.fill(before.count + FILE_ROWS);
    const page = await work('rows', ask(before.sql, ran?.values ?? {}, before.count, before.stamp));
    if (page && result === before) result = withPage(before, page, jobs.running.length > 0);
  },

  /** Rows of a statement over files up to this one, or all; they are kept on the device, so memory does not grow. */
  async fill(to: number): Promise<void> {
    const before = result;
    if (!before?.more || !before.meter || doing) return;
    const open = files;
    // The rest is held by the worker, and goes with it.
    if (!open)
      return narrowed ? sqlConsole.narrow(before.sql) : sqlConsole.run(before.sql, ran?.from ?? 0, mixed);
    coming = before.count;
    const kept = await workOnFiles('fill', (signal) => open.keep(to, signal));
    if (files !== open || !result) return;
    if (kept) result = { ...result, count: kept.to, more: kept.more, ms: kept.ms, meter: kept.meter };
    else {
      // What came before the failure stays; nothing follows it.
      const rest = await open.keep(0).catch(() => null);
      if (files === open) result = { ...result, count: rest?.to ?? result.count, more: false, stopped: true };
    }
  },

  /** Brings rows that are kept on the device into memory. */
  async bring(first: number, last: number): Promise<void> {
    const open = files;
    for (let row = first; open && row <= last;) {
      if (!result || files !== open || row >= result.count) return;
      if (hasRow(result, row)) {
        row++;
        continue;
      }
      const { page, from } = await open.at(row);
      if (files !== open || page.count === 0) return;
      result = withKept(result, page, from);
      row = from + page.count;
    }
  },

  async explain(): Promise<void> {
    if (!ran || plan?.sql === ran.sql) return;
    const { sql, values } = ran;
    if (readsFiles(sql)) {
      const drawn = await workOnFiles('plan', (signal, told) =>
        runOverFiles(`EXPLAIN ${sql}`, signal, mixed, told, values),
      );
      drawn?.close();
      if (drawn) plan = { sql, lines: null, text: (drawn.first.page.values.at(-1) ?? []).join('\n') };
      return;
    }
    const page = await work('plan', ask(`EXPLAIN QUERY PLAN ${sql}`, values, 0));
    if (!page) return;
    const [ids = [], parents = [], , details = []] = page.values;
    const lines = ids.map((id, i) => ({
      id: Number(id),
      parent: Number(parents[i]),
      detail: String(details[i]),
    }));
    plan = { sql, lines, text: '' };
  },

  /** All rows to a file, however many there are. */
  async download(): Promise<void> {
    const shown = result;
    if (!shown) return;
    const values = ran?.values ?? {};
    if (shown.meter) {
      let rows = 0;
      const written = await workOnFiles('download', (signal, told) =>
        saveStream('rows.csv', async () => {
          const opened = await runOverFiles(shown.sql, signal, mixed, told, values);
          return csvLines(opened.first.page, opened.next, (n) => (rows += n));
        }),
      );
      if (typeof written === 'number') say(`${plural(rows, 'row')} downloaded`);
      return;
    }
    let id = '';
    const written = await work('download', (made) => {
      id = made;
      const spec = { uid: made, ...asked(shown.sql, values), timeLimitMs: timeLimit.value };
      return saveStream('rows.csv', () => session.engine.exportSql(spec));
    });
    if (typeof written !== 'number') return;
    const { rows, changed } = await session.engine.exportedSql(id);
    say(
      `${plural(rows, 'row')} downloaded`,
      changed
        ? 'The database changed meanwhile: some rows may be from before and some from after.'
        : undefined,
    );
  },

  /** Another text has come: what is on screen was not its answer. */
  putAway(): void {
    running?.cancel();
    files?.close();
    files = null;
    result = null;
    failure = null;
    plan = null;
    ran = null;
    narrowed = false;
  },

  cancel(): void {
    running?.cancel();
  },
};
