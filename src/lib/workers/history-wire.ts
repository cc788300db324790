// History, the past, the audit log, trash and archive as the page asks for them.
import type { PastState, PastStop } from '../engine/branch/as-of.ts';
import type {
  AuditAct,
  AuditAsk,
  AuditChoices,
  AuditPage,
  AuditRow,
  AuditRows,
} from '../engine/registry/audit-types.ts';
import type { BinAsk, BinPage, BinPlace, BinRow, Emptied, EmptyPlan } from '../engine/registry/bin-types.ts';
import type { Ref } from '../engine/registry/registry-types.ts';
import type { Restored } from '../engine/registry/restore-state.ts';
import type { Device } from '../engine/ports.ts';
import type { HistoryAsk, HistoryChange, HistoryPage, RestoreLine } from '../engine/write/history-types.ts';

export type { AuditAct, AuditAsk, AuditChoices, AuditPage, AuditRow, AuditRows };
export type { BinAsk, BinPage, BinPlace, BinRow, Emptied, EmptyPlan };
export type { Device };
export type { HistoryAsk, HistoryChange, HistoryPage, PastState, PastStop, Restored, RestoreLine };

export interface HistoryApi {
  /** The device that this is, which its acts tell of; null where the browser keeps none. */
  device(): Promise<Device | null>;
  renameDevice(name: string): Promise<Device>;

  /** Changes of a row and of what hangs on it, newest first; `before` of the answer is where the next page begins. */
  timeline(registry: string, ref: Ref, ask?: HistoryAsk): Promise<HistoryPage>;
  /** What putting a row back to how it was after a record would change, all of it or some parts. */
  restorePlan(registry: string, ref: Ref, record: number, parts?: string[] | null): Promise<RestoreLine[]>;
  /** Does that as one act. What is in the way stays and is told. */
  restoreState(registry: string, ref: Ref, record: number, parts?: string[] | null): Promise<Restored>;

  /**
   * All tabs look at the database as of a moment, until `backToNow`, until the tab that asked is closed or the worker ends.
   * Nothing can be written meanwhile. Its progress comes by `status` events; rejects with `Cancelled`.
   */
  goToPast(stop: PastStop): Promise<PastState>;
  cancelPast(): Promise<void>;
  backToNow(): Promise<void>;

  auditLog(ask?: AuditAsk): Promise<AuditPage>;
  auditChoices(): Promise<AuditChoices>;
  /** What an act did, row by row. */
  auditRows(act: string, offset?: number, limit?: number): Promise<AuditRows>;

  /** How many rows of each registry lie in the trash or the archive; registries with none are left out. */
  binCounts(where: BinPlace): Promise<Record<string, number>>;
  bin(ask: BinAsk): Promise<BinPage>;
  emptyPlan(): Promise<EmptyPlan>;
  emptyTrash(): Promise<Emptied>;
}
