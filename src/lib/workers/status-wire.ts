// What the engine says of itself and of the room it takes, as the page is told.
import type { PastState } from '../engine/branch/as-of.ts';
import type { ActSummary } from '../engine/write/history-types.ts';

export interface EngineStatus {
  /** How the database is kept on this device. `memory` is shown with a loud banner and an export button. */
  backend: 'opfs-sahpool' | 'wa-sqlite' | 'memory' | 'node';
  durable: boolean;
  /** Why the last changes are not kept on this device yet, in words; null while they are. */
  unkept: string | null;
  instance: string;
  /** Id of the database among those of this device. */
  database: string;
  /** Something about the opening that the user should know, in words. */
  notice: string | null;
  user: { uid: string; handle: string; name: string | null };
  branch: { uid: string; name: string; isMain: boolean };
  /** Milliseconds from worker start to the first answered query. */
  openMs: number;
  /** Milliseconds since 1970; another opening of a database in memory is another database. */
  openedAt: number;
  /** True in the tab that holds the database. */
  leader: boolean;
  artifacts: number;
  /** Artifacts whose bytes exist only on this device. */
  onlyHere: number;
  /** The moment that is looked at instead of the present. */
  past: PastState | null;
  canUndo: ActSummary | null;
  canRedo: ActSummary | null;
}

export interface StorageMeter {
  /**
   * Bytes of artifacts stored here (`keptBytes` of them are copies of what lies elsewhere), of the database file, of parts
   * of remote files that were read, of files rewritten for queries, and what the browser reports for the whole origin.
   */
  artifactBytes: number;
  keptBytes: number;
  cacheBytes: number;
  queryCopyBytes: number;
  databaseBytes: number;
  usage: number | null;
  quota: number | null;
  persisted: boolean | null;
  onlyHere: number;
}
