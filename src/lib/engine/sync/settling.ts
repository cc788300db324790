// What one projection knows while rows are settled: the running transaction, the facts, and which rows are still to come.
import type { Table } from '../model/types.ts';
import { reachOf } from '../write/reach.ts';
import type { Transaction } from '../write/transaction.ts';
import type { FactReader } from './facts.ts';

export interface Settling {
  tx: Transaction;
  reader: FactReader;
  /** Rows to settle, in the order in which they came up. */
  queue: Map<string, { table: Table; id: number }>;
  /** Rows to settle on other branches than the one that is checked out, by branch. */
  elsewhere: Map<number, { table: Table; id: number }[]>;
  /** Names that the record in hand makes: they get its number once it has one. */
  born: { tab: number; name: string; uid: string }[];
  /** Families of versions whose uids are to be given again, and rows that have another uid since. */
  renamed: Set<string>;
  moved: { table: string; from: string; to: string }[];
  /** Rows that refused records touched: what no fact tells of them any more is as it was before (`ground.ts`). */
  uprooted: Set<string>;
  /** Something waits, or two wrote at once, somewhere: else nobody needs to look. */
  waits: boolean;
  conflicts: boolean;
  /** Rows answer to several uids. */
  aliases: boolean;
}

export function enqueue(settling: Settling, table: Table, id: number): void {
  settling.queue.set(`${table.name} ${id}`, { table, id });
}

/** Where a row of this branch (0: of all) is to be settled. */
export function enqueueOn(settling: Settling, branch: number, table: Table, id: number): void {
  if (branch === 0 || branch === settling.tx.author.branchId) enqueue(settling, table, id);
  else {
    const known = settling.elsewhere.get(branch);
    if (known) known.push({ table, id });
    else settling.elsewhere.set(branch, [{ table, id }]);
  }
}

/** 0 for rows that are the same on every branch. */
export const branchOf = (tx: Transaction, table: Table): number =>
  reachOf(table) === 'shared' ? 0 : tx.author.branchId;
