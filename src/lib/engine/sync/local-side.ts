// What a connection asks of the database here: its logs, what it has to send, and to take what came. Records that came are kept
// in their log at once and done in the tables in slices, so that whoever reads or edits meanwhile is not kept waiting; never
// while an act of several transactions is going on, since what it writes says what had been seen when it began.
import type { Clock, SqlDriver } from '../ports.ts';
import { one, runSync, type Steps } from '../statement.ts';
import type { Writer } from '../write/writer.ts';
import { arrivals, type Arrival } from './arrivals.ts';
import type { Explained, LogState, OwnClient } from './frames.ts';
import { createIntake } from './intake.ts';
import { decodeStateVector, decodeUpdate, encodeStateVector, type StateVector } from './item.ts';
import type { SyncLog } from './log.ts';
import type { Projected, Projector } from './project.ts';
import type { Received, ReceivePolicy } from './receive.ts';
import type { OnTheWay, ServedUpdate } from './serve.ts';

/** What came of a slice of records of others. */
export interface Slice {
  /** There are more to be done at once. */
  more: boolean;
  /** An act is going on: nothing was done. */
  held: boolean;
}

export interface LocalSide {
  readonly projector: Projector;
  /** Clients that a connection may send records of. */
  clients(): OwnClient[];
  /** Logs of the server that differ from those here, or that are not known here. */
  differing(logs: readonly LogState[]): string[];
  /** What is here of a log, which is begun where it is not known. */
  vector(doc: string): Uint8Array;
  /**
   * Keeps what came; throws `UpdateRefused`. Gives how many own records were refused by it; null where it has to wait until an
   * act has ended.
   */
  receive(doc: string, bytes: Uint8Array): { refused: number } | null;
  explain(places: readonly Explained[]): void;
  /** Does some of what came in the tables, for about so many milliseconds. */
  project(budget: number): Slice;
  /** Records that wait for what they build on. */
  readonly waiting: number;
  unsentLogs(): string[];
  unsent(): number;
  outbox(doc: string, onTheWay: OnTheWay): ServedUpdate | null;
  acknowledge(doc: string, bytes: Uint8Array): StateVector;
  rewind(doc: string, client: number, next: number): void;
  renew(): void;
}

export interface LocalDeps {
  driver: SqlDriver;
  writer: Writer;
  log: SyncLog;
  clock: Clock;
  /** Rows that have another uid now: whoever keeps bytes under uids moves or finds them. */
  onMoved?: (moved: Projected['moved']) => void;
  /** Records of others are in the tables, or some are not any more; it may be that no row changed by it. */
  onTaken?: () => void;
}

/** Of one record, and of one row of it, before anything was measured; milliseconds. */
const [recordCost, rowCost] = [0.25, 0.02];
/** At most so many records in one transaction. */
const mostAtOnce = 200;

export function createLocalSide({ driver, writer, log, clock, onMoved, onTaken }: LocalDeps): LocalSide {
  const intake = createIntake({ driver, writer, ...(onMoved ? { onMoved } : {}) });
  const { projector } = intake;
  const read = <T>(steps: Steps<T>): T => runSync(driver, steps);
  /** Everything up to here was given to the projector, which keeps what waits. */
  let given = 0;
  let waiting = 0;
  /** How much dearer records are here than they were thought to be. */
  let factor = 1;

  /** As many of those that came as are done in the time. */
  function next(budget: number): { some: Arrival[]; more: boolean } {
    // Not more than could be done: each of them is unpacked.
    const most = Math.min(mostAtOnce, Math.ceil(budget / (factor * recordCost)) + 1);
    const found = read(arrivals(given, most));
    let cost = 0;
    let count = 0;
    for (const { placed } of found) {
      cost += factor * estimate(placed.record.operations);
      if (count > 0 && cost > budget) break;
      count++;
    }
    return { some: found.slice(0, count), more: count < found.length || found.length === most };
  }

  /** What takes records out is done in log and tables at once: cut off in between, they would stay in the tables. */
  function takeAtOnce(doc: string, bytes: Uint8Array): Received {
    const { received, projected } = intake.take(doc, bytes, policy);
    waiting = projected.waiting;
    onTaken?.();
    return received;
  }

  return {
    projector,
    clients: () => log.sessions().map(({ client, doc }) => ({ client, doc })),
    differing(logs) {
      const here = new Set(log.logs().map(({ doc }) => doc));
      return logs
        .filter(({ doc, digest }) => !here.has(doc) || log.digest(doc) !== digest)
        .map(({ doc }) => doc);
    },
    vector(doc) {
      log.begin(doc);
      return log.vector(doc);
    },
    receive(doc, bytes) {
      const atOnce = refuses(bytes);
      if (atOnce && writer.going) return null;
      const { taken, refused } = atOnce ? takeAtOnce(doc, bytes) : log.receive(doc, bytes, policy);
      // What the server brings, it has: also of sessions of this file that an older state of it knows nothing of.
      const upto = new Map(taken.map(({ client, clock }) => [client, clock + 1]));
      if (upto.size > 0 && read(one(ownAmong, [JSON.stringify([...upto.keys()])])))
        log.acknowledge(doc, encodeStateVector(upto));
      return { refused: refused.filter(({ own }) => own).length };
    },
    explain(places) {
      for (const { client, clock, reason } of places) log.explain(client, clock, reason);
    },
    project(budget) {
      if (writer.going) return { more: true, held: true };
      const { some, more } = next(budget);
      const last = some.at(-1);
      if (!last) return { more: false, held: false };
      const started = clock();
      const done = intake.project(some.map(({ placed }) => placed));
      given = last.seq;
      waiting = done.waiting;
      const guess = some.reduce((sum, { placed }) => sum + estimate(placed.record.operations), 0);
      factor = Math.min(20, Math.max(0.2, factor * 0.7 + ((clock() - started) / guess) * 0.3));
      onTaken?.();
      return { more, held: false };
    },
    get waiting() {
      return waiting;
    },
    unsentLogs: () => log.unsentLogs(),
    unsent: () => log.unsent(),
    outbox: (doc, onTheWay) => log.outbox(doc, undefined, onTheWay),
    acknowledge(doc, bytes) {
      log.acknowledge(doc, bytes);
      return decodeStateVector(bytes);
    },
    rewind: (doc, client, clock) => log.rewind(doc, client, clock),
    renew: () => log.renew(),
  };
}

/** The server may refuse, and may begin logs. */
const policy: ReceivePolicy = { voids: true, begins: true };

function refuses(bytes: Uint8Array): boolean {
  const { items, deleted } = decodeUpdate(bytes);
  return deleted.length > 0 || items.some(({ content }) => content === null);
}

const ownAmong =
  'SELECT 1 FROM loam_sync_client WHERE own > 0 AND client IN (SELECT value FROM json_each(?)) LIMIT 1';

const estimate = (operations: readonly { n: number }[]): number =>
  operations.reduce((sum, { n }) => sum + n * rowCost, recordCost);
