// The comparison of two versions on screen: which ones, what names a row, which of the differences are shown. One thing is
// asked at a time; what comes late for a question that has changed is dropped.
import type { WireError } from '../engine/errors.ts';
import type { FilesResult } from './file-statements.ts';
import { asWireError } from './notices.svelte.ts';
import {
  countDiff,
  type DiffCounts,
  type DiffRow,
  keyProblem,
  type OpenedVersions,
  openRows,
  openVersions,
  rowsOf,
} from './version-compare.ts';
import { type Change, comparedColumns, type DiffSpec, rowsSql } from './version-diff.ts';

/** Rows on screen at a time. */
export const PAGE = 100;
const all: readonly Change[] = ['added', 'removed', 'changed'];

/** Must be called while a component is being created. */
export function createVersionDiff() {
  let opened = $state.raw<OpenedVersions | null>(null);
  let keys = $state.raw<readonly string[]>([]);
  let problem = $state<string | null>(null);
  let counts = $state.raw<DiffCounts | null>(null);
  let kinds = $state.raw<readonly Change[]>(all);
  let column = $state<string | null>(null);
  let rows = $state.raw<DiffRow[]>([]);
  let more = $state(false);
  let first = $state(0);
  let doing = $state<string | null>(null);
  let failure = $state.raw<WireError | null>(null);
  let open: FilesResult | null = null;
  let running: AbortController | null = null;

  const spec = $derived<DiffSpec | null>(opened && { ...opened, keys });

  /** Ends what is being asked and asks this instead. */
  async function ask(words: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    doing = words;
    failure = null;
    try {
      await work(mine.signal);
    } catch (error) {
      if (running === mine) failure = mine.signal.aborted ? null : asWireError(error);
    } finally {
      if (running === mine) {
        running = null;
        doing = null;
      }
    }
  }
  const current = (signal: AbortSignal) => !signal.aborted;

  function forget(): void {
    open?.close();
    open = null;
    rows = [];
    more = false;
    first = 0;
  }

  async function load(signal: AbortSignal): Promise<void> {
    if (!spec) return;
    forget();
    const made = await openRows(spec, { kinds, column }, signal);
    if (!current(signal)) return made.close();
    open = made;
    rows = rowsOf(spec, made.first);
    more = made.first.page.more;
  }

  async function compare(signal: AbortSignal): Promise<void> {
    if (!opened || !spec) return;
    counts = null;
    forget();
    problem = keys.length > 0 ? await keyProblem(opened, keys, signal) : null;
    if (problem !== null || !current(signal)) return;
    doing = 'Comparing the rows';
    const found = await countDiff(spec, signal);
    if (!current(signal)) return;
    counts = found;
    column = null;
    kinds = all;
    await load(signal);
  }

  return {
    get opened() {
      return opened;
    },
    get keys() {
      return keys;
    },
    /** Why the chosen keys name no rows. */
    get problem() {
      return problem;
    },
    get counts() {
      return counts;
    },
    get kinds() {
      return kinds;
    },
    get column() {
      return column;
    },
    get doing() {
      return doing;
    },
    get failure() {
      return failure;
    },
    /** The rows in sight, the number of the first, and whether others follow. */
    get page() {
      return { rows: rows.slice(first, first + PAGE), first, more: more || first + PAGE < rows.length };
    },
    get columns() {
      return spec ? comparedColumns(spec) : { keys: [], values: [] };
    },
    /** The rows that are shown, as a statement. */
    get sql() {
      return spec ? rowsSql(spec, { kinds, column }) : '';
    },
    start(versions: readonly [string, string], of: 'artifact' | 'obs'): Promise<void> {
      opened = null;
      counts = null;
      problem = null;
      forget();
      return ask('Looking at both versions', async (signal) => {
        const found = await openVersions(versions, of, signal, (words) => (doing = words));
        if (!current(signal)) return;
        opened = found;
        keys = found.suggested === null ? [] : [found.suggested];
        await compare(signal);
      });
    },
    name(next: readonly string[]): Promise<void> {
      keys = next;
      return ask('Looking whether these columns name rows', compare);
    },
    show(next: { kinds?: readonly Change[]; column?: string | null }): Promise<void> {
      if (next.kinds) kinds = next.kinds;
      if (next.column !== undefined) {
        column = next.column;
        // What changed in a column is neither new nor gone.
        if (column !== null) kinds = ['changed'];
        else if (!next.kinds) kinds = all;
      }
      if (next.kinds && !next.kinds.includes('changed')) column = null;
      return ask('Looking for the rows', load);
    },
    async turn(by: 1 | -1): Promise<void> {
      const next = Math.max(0, first + by * PAGE);
      const own = open;
      if (next >= rows.length && more && own && spec)
        await ask('Reading further rows', async (signal) => {
          const page = await own.next();
          if (!current(signal) || own !== open || !spec) return;
          rows = [...rows, ...rowsOf(spec, page)];
          more = page.page.more;
        });
      if (next < rows.length) first = next;
    },
    cancel(): void {
      running?.abort();
      running = null;
      doing = null;
    },
    close(): void {
      running?.abort();
      running = null;
      open?.close();
    },
  };
}
export type VersionDiff = ReturnType<typeof createVersionDiff>;
