// What every part of the engine's facade is given: the database, the one writer, and the two ways to use them. A part
// (`registry/…`, `query/…`) exports a function from this context to its methods; index.ts joins the parts.
import type { Jobs } from './jobs.ts';
import type { Model } from './model/types.ts';
import type { BlobStore, Clock, Random, SqlDriver } from './ports.ts';
import type { NamedElsewhere } from './registry/purged-bytes.ts';
import type { Steps } from './statement.ts';
import type { Transaction } from './write/transaction.ts';
import type { FeedChange, Writer } from './write/writer.ts';

export interface EngineContext {
  driver: SqlDriver;
  model: Model;
  blobs: BlobStore;
  clock: Clock;
  random: Random;
  writer: Writer;
  /** Acts on many rows, in slices. */
  jobs: Jobs;
  /** The storage row new artifacts belong to. */
  storageId: number;
  /** Of keys of the store of bytes those that another database of the device names. */
  namedElsewhere: NamedElsewhere;
  /** Tells every tab of a change that is no act. */
  tell: (change: FeedChange) => void;
  /** Runs statements that only read. */
  read<T>(steps: Steps<T>): T;
  /** The same for what takes long: other requests get their turn in between. */
  readInTurn<T>(steps: Steps<T>): Promise<T>;
  /**
   * One user intention as one act (one undo step). A re-sent request that was applied before gives what `again` reads,
   * by the uid of its act, else null.
   */
  act<T>(
    kind: string,
    title: string,
    body: (tx: Transaction) => Steps<T>,
    again?: (act: string) => Steps<T | null>,
  ): T | null;
  /** Uid of the request being served, taken once: the act made for it carries it. */
  request(): string | null;
}
