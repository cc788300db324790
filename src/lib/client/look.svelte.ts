// What the profile, the charts and the filters of the Query screen follow: the statement that ran, with the filters put
// on its rows, and while somebody writes the statement at the cursor.
import { untrack } from 'svelte';
import { readsFiles } from './file-statements.ts';
import { asWireError } from './notices.svelte.ts';
import { openQuery } from './open-query.svelte.ts';
import { sqlConsole } from './console.svelte.ts';
import { profile } from './profile.svelte.ts';
import { holdRegistryRows } from './registry-rows.ts';
import { resultFilters } from './result-filters.svelte.ts';
import { isWrappable } from './result-sql.ts';

/** Nothing was typed for so long: the statement may be complete. */
const TYPING_MS = 600;

/** Why nothing can be told about the rows of a statement; null where it can. */
export function whyNot(sql: string): string | null {
  if (!isWrappable(sql)) return 'A profile and charts are of rows: write SELECT, FROM, WITH or VALUES.';
  return null;
}

/** What is typed and not run yet: only files are looked at so early. */
const whyNotYet = (sql: string): string | null =>
  whyNot(sql) ??
  (readsFiles(sql)
    ? null
    : 'Run the statement: what is told of rows of the registries is told of those that came.');

export interface Look {
  /** The statement whose rows are on screen, without filters; null where there is none or it cannot be asked about. */
  readonly sql: string | null;
  /** The rows are those of the registries, and `sql` is a statement over a copy of them. */
  readonly copied: boolean;
  /** Why there is none, in words. */
  readonly why: string | null;
}

export interface Watched {
  /** Somebody sees the profile, or the charts. */
  profile(): boolean;
  charts(): boolean;
  /** The statement at the cursor. */
  written(): string | null;
}

/** Follows the console for as long as the screen is there. */
export function followConsole({ profile: wanted, charts, written }: Watched): Look {
  const ran = $derived(sqlConsole.ran?.sql ?? null);
  const there = $derived(sqlConsole.result !== null && ran !== null);
  const asked = $derived(there && ran !== null && whyNot(ran) === null ? ran : null);
  const overRegistries = $derived(asked !== null && !readsFiles(asked));
  /** The copy of the registries' rows that came, or why there is none. */
  let copy = $state.raw<{ of: object; sql: string | null; problem: string | null } | null>(null);
  const current = $derived(copy !== null && copy.of === sqlConsole.ran ? copy : null);
  const sql = $derived(overRegistries ? (current?.sql ?? null) : asked);

  $effect(() => {
    const of = sqlConsole.ran;
    const { result } = sqlConsole;
    if (!overRegistries || !of || result?.sql !== of.sql || !(wanted() || charts())) return;
    if (sqlConsole.doing === 'rows' || untrack(() => copy?.of === of)) return;
    const { columns } = result;
    const abort = new AbortController();
    holdRegistryRows(of.sql, of.values, columns, abort.signal).then(
      (held) => {
        if (!abort.signal.aborted) copy = { of, sql: held, problem: null };
      },
      (error: unknown) => {
        if (!abort.signal.aborted) copy = { of, sql: null, problem: asWireError(error).message };
      },
    );
    return () => abort.abort();
  });
  /** What is written and differs from what ran, once nothing was typed for a while. */
  let pending = $state<string | null>(null);

  $effect(() => {
    const now = written();
    const timer = setTimeout(() => (pending = now), TYPING_MS);
    return () => clearTimeout(timer);
  });

  $effect(() => {
    if (ran !== null) resultFilters.belongTo(ran);
  });

  // Rows as the filters leave them.
  $effect(() => {
    const list = resultFilters.list;
    untrack(() => {
      if (sql === null) return;
      const narrowed = resultFilters.sql(sql);
      if (sqlConsole.result?.sql === narrowed || (list.length === 0 && !sqlConsole.narrowed)) return;
      if (list.length === 0 && overRegistries) void sqlConsole.widen();
      else void sqlConsole.narrow(narrowed);
    });
  });

  $effect(() => {
    if (!wanted()) return;
    const { mixed } = sqlConsole;
    const { values } = openQuery;
    const typed = pending !== null && pending !== ran ? pending : null;
    if (typed !== null) {
      if (sqlConsole.doing === null && whyNotYet(typed) === null)
        untrack(() => profile.show({ sql: typed, mixed: false, values, written: true }));
    } else if (sql !== null && sqlConsole.doing !== 'rows') {
      const narrowed = resultFilters.sql(sql);
      untrack(() => profile.show({ sql: narrowed, mixed, values, written: false }));
    }
  });
  $effect(() => profile.leave);

  return {
    get sql() {
      return sql;
    },
    get copied() {
      return overRegistries;
    },
    get why() {
      const of = pending ?? ran;
      if (of === null || of.trim() === '') return null;
      return of === ran ? (whyNot(of) ?? current?.problem ?? null) : whyNotYet(of);
    },
  };
}
