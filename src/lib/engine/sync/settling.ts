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
  /** Something waits, or two wrote at once, somewhere: else nobody needs to look. */
  waits: boolean;
  conflicts: boolean;
}

export function enqueue(settling: Settling, table: Table, id: number): void {
  settling.queue.set(`${table.name} ${id}`, { table, id });
}

/** 0 for rows that are the same on every branch. */
export const branchOf = (tx: Transaction, table: Table): number =>
  reachOf(table) === 'shared' ? 0 : tx.author.branchId;
