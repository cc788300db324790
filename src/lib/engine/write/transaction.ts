// One transaction of the write path: what it logs, what it tells the feed, and which families need is_latest again.
// Registry tables are changed only through `insert`, `update` and `remove` (apply.ts), which fill this in.
import type { SqlValue } from '../ports.ts';
import { timeText } from '../time.ts';
import type { Journal } from './journal.ts';
import type { LocalPart, Operation } from './operation.ts';

export interface Author {
  userId: number;
  userUid: string;
  branchId: number;
  branchUid: string;
  spaceId: number;
  /** Branches whose rows are seen: the checked-out one, those it comes from, main. */
  visible: readonly number[];
  /** Branches whose rows are not seen; the trash and the archive are none of them. */
  others: readonly number[];
}

export interface LoggedOperation {
  operation: Operation;
  local: LocalPart;
}

export interface TableChange {
  table: string;
  inserted: number;
  updated: number;
  deleted: number;
  /** null once there are more than 1,000. */
  ids: Set<number> | null;
}

export interface Transaction {
  journal: Journal;
  author: Author;
  /** Microseconds; also the created_at and updated_at of what it writes. */
  at: number;
  time: string;
  /** Run that made the rows (LaminDB's run_id), where there is one. */
  runId: number | null;
  log: LoggedOperation[];
  changes: Map<string, TableChange>;
  /** Table -> stems whose newest version must be marked again. */
  families: Map<string, Set<string>>;
  /** Child tables known to be empty in this transaction: deletes need not look there. */
  emptyTables: Set<string>;
  /** False while an unfinished act is rolled back: then nothing is logged. */
  logged: boolean;
  /** It takes back what was done: cells that come back to what a branch had found follow the parent again. */
  undoing: boolean;
}

export function createTransaction(
  journal: Journal,
  author: Author,
  at: number,
  runId: number | null = null,
): Transaction {
  return {
    journal,
    author,
    at,
    time: timeText(at),
    runId,
    log: [],
    changes: new Map(),
    families: new Map(),
    emptyTables: new Set(),
    logged: true,
    undoing: false,
  };
}

const idLimit = 1000;

export function noteChange(
  tx: Transaction,
  table: string,
  kind: 'inserted' | 'updated' | 'deleted',
  ids: readonly number[],
): void {
  let change = tx.changes.get(table);
  if (!change) {
    change = { table, inserted: 0, updated: 0, deleted: 0, ids: new Set() };
    tx.changes.set(table, change);
  }
  change[kind] += ids.length;
  if (change.ids && change.ids.size + ids.length > idLimit) change.ids = null;
  if (change.ids) for (const id of ids) change.ids.add(id);
}

export function noteFamily(tx: Transaction, table: string, uid: SqlValue): void {
  if (typeof uid !== 'string') return;
  let stems = tx.families.get(table);
  if (!stems) tx.families.set(table, (stems = new Set()));
  stems.add(uid.slice(0, -4));
}
