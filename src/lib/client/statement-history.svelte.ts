// Statements that were run on this device, newest first. A statement that came by a link and is not among them is not
// run by itself.
import type { GivenValues } from './parameters.ts';

export interface PastStatement {
  sql: string;
  /** Milliseconds since 1970. */
  at: number;
  /** Null where it failed or was cancelled. */
  rows: number | null;
  more: boolean;
  ms: number;
  /** What its parameters were given. */
  given?: GivenValues;
}

const KEY = 'loam.statements';
const MOST = 100;
/** Longer ones are not kept: a hundred of them must fit beside everything else. */
const LONGEST = 20_000;

function isPast(value: unknown): value is PastStatement {
  const { sql, at, rows, more, ms } = (value ?? {}) as Partial<PastStatement>;
  return (
    typeof sql === 'string' &&
    typeof at === 'number' &&
    (rows === null || typeof rows === 'number') &&
    typeof more === 'boolean' &&
    typeof ms === 'number'
  );
}

function read(): PastStatement[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isPast).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

let items = $state.raw<PastStatement[]>(read());

function keep(next: PastStatement[]): void {
  items = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Kept for this visit only.
  }
}

export const statementHistory = {
  get items(): PastStatement[] {
    return items;
  },
  has: (sql: string): boolean => items.some((one) => one.sql === sql.trim()),
  add(entry: PastStatement): void {
    const sql = entry.sql.trim();
    if (sql === '' || sql.length > LONGEST) return;
    keep([{ ...entry, sql }, ...items.filter((one) => one.sql !== sql)].slice(0, MOST));
  },
  forget: (sql: string): void => keep(items.filter((one) => one.sql !== sql)),
  clear: (): void => keep([]),
};
