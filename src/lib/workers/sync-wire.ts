// Sync as the page asks for it (decision 0040). What each does: engine/sync/connection.ts and workers/syncing.ts.
import type { WireError } from '../engine/errors.ts';
import type { Role } from '../engine/sync/access.ts';
import type { Attention } from '../engine/sync/attention.ts';

/**
 * `off`: this database is not shared. `offline`: there is no connection; tried again at `retryAt`. `stopped`: the server refused, or
 * the person disconnected; only `syncNow` or a sign-in goes on.
 */
export type SyncState = 'off' | 'connecting' | 'catching up' | 'live' | 'offline' | 'stopped';

export interface SyncStatus {
  state: SyncState;
  /** Origin of the server, as `https://loam.example.org`; null where `off`. */
  server: string | null;
  instance: { uid: string; name: string } | null;
  account: { uid: string; handle: string } | null;
  role: Role | null;
  /** Own records that the server has not acknowledged. */
  pending: number;
  /** Records of others that wait for what they build on. */
  waiting: number;
  /** Milliseconds since 1970 when this device last had all that the server had and the other way round. */
  lastSync: number | null;
  /** Entries of the tray. */
  attention: number;
  retryAt: number | null;
  error: WireError | null;
}

export type { Attention };

/** Somebody else who is connected now. */
export interface Present {
  account: string;
  handle: string;
  name: string;
  /** Route that is looked at, as `/artifacts/UID`; null where it is not told. */
  where: string | null;
  color: string;
}

export interface SyncApi {
  syncStatus(): Promise<SyncStatus>;
  /** Tries at once. */
  syncNow(): Promise<void>;
  /** Stays what it is on this device, is synced no more until `syncNow`. */
  pauseSync(): Promise<void>;
  attention(most?: number): Promise<Attention[]>;
  /** Takes one of the values that several wrote at once; an ordinary edit. */
  settleConflict(
    registry: string,
    uid: string,
    column: string,
    place: { client: number; clock: number },
  ): Promise<void>;
  /** The rejected act is told of no more; its content stays in the history. */
  discardRejected(act: string): Promise<void>;
  /** Puts what was rejected onto a branch of one's own, to be changed and sent again. Answers with the branch's name. */
  reviseRejected(act: string): Promise<string>;
}
