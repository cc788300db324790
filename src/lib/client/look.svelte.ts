// What the profile, the charts and the filters of the Query screen follow: the statement that ran, with the filters put
// on its rows, and while somebody writes the statement at the cursor.
import { untrack } from 'svelte';
import { readsFiles } from './file-statements.ts';
import { openQuery } from './open-query.svelte.ts';
import { sqlConsole } from './console.svelte.ts';
import { profile } from './profile.svelte.ts';
import { resultFilters } from './result-filters.svelte.ts';
import { isWrappable } from './result-sql.ts';

/** Nothing was typed for so long: the statement may be complete. */
const TYPING_MS = 600;

/** Why nothing can be told about the rows of a statement; null where it can. */
export function whyNot(sql: string): string | null {
  if (!isWrappable(sql)) return 'A profile and charts are of rows: write SELECT, FROM, WITH or VALUES.';
  if (!readsFiles(sql))
    return "A profile and charts are made of files, such as select * from artifact('key'). Rows of the registries can be saved as an artifact and asked then.";
  return null;
}

export interface Look {
  /** The statement whose rows are on screen, without filters; null where there is none or it cannot be asked about. */
  readonly sql: string | null;
  /** Why there is none, in words. */
  readonly why: string | null;
}

/**
 * Follows the console for as long as the screen is there. `wanted`: somebody sees the profile; `written`: the statement at
 * the cursor.
 */
export function followConsole(wanted: () => boolean, written: () => string | null): Look {
  const ran = $derived(sqlConsole.ran?.sql ?? null);
  const there = $derived(sqlConsole.result !== null && ran !== null);
  const sql = $derived(there && ran !== null && whyNot(ran) === null ? ran : null);
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
      if (sqlConsole.result?.sql !== narrowed && (list.length > 0 || sqlConsole.narrowed))
        void sqlConsole.narrow(narrowed);
    });
  });

  $effect(() => {
    if (!wanted()) return;
    const { mixed } = sqlConsole;
    const { values } = openQuery;
    const typed = pending !== null && pending !== ran ? pending : null;
    if (typed !== null) {
      if (sqlConsole.doing === null && whyNot(typed) === null)
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
    get why() {
      const of = pending ?? ran;
      return of === null || of.trim() === '' ? null : whyNot(of);
    },
  };
}
