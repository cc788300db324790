// The logs of one database, for a connection (and a server): what there is, what others lack, what they bring. Each call is one
// transaction. Nothing here knows what a record means; to do it in the tables is for project.ts.
import type { FileNonce, SqlDriver } from '../ports.ts';
import { inTransaction, runSync, type Steps } from '../statement.ts';
import type { Journal } from '../write/journal.ts';
import { refusedUpdate } from './bytes.ts';
import { decodeStateVector, encodeStateVector, encodeUpdate } from './item.ts';
import {
  beginLog,
  docName,
  findLog,
  listLogs,
  readDocName,
  sealWhenFull,
  vectorDigest,
  vectorOf,
} from './logs.ts';
import type { Log, LogFacts, SealLimits } from './logs.ts';
import type { SessionPlaces } from './places.ts';
import { receiveUpdate, type Received, type ReceivePolicy } from './receive.ts';
import {
  acknowledge,
  outboxUpdate,
  rewind,
  unsent,
  unsentLogs,
  updateSince,
  type OnTheWay,
  type ServedUpdate,
} from './serve.ts';
import { checkFile, sessionsOf, turnOffSync, turnOnSync, type Session } from './session.ts';
import { explainRefusal, ownRefused, refuseRecords, type Refused } from './voids.ts';

export interface SyncLog {
  /** Whether what is written here goes into logs. */
  readonly on: boolean;
  /** From now on what is written here goes into logs; what is there is epoch 0. */
  turnOn(limits?: SealLimits): void;
  /** Leaves the logs. What was not sent stays here alone: ask first (`unsent`). */
  turnOff(): void;
  /** Asked once, when the file is opened: see session.ts. */
  checkFile(nonce: FileNonce): Promise<'same' | 'copied'>;
  /** Who a connection announces itself as: clients that write now, and those that left records unsent. */
  sessions(): Session[];
  logs(): LogFacts[];
  /** State vector of a log, in the bytes of Yjs. */
  vector(doc: string): Uint8Array;
  /** 32 characters, equal where two have the same records. */
  digest(doc: string): string;
  /** The next update for somebody with this state vector. */
  updateSince(doc: string, vector: Uint8Array, most?: number): ServedUpdate;
  /** The next update of own records that are not acknowledged; null where there are none. */
  outbox(doc: string, most?: number, onTheWay?: OnTheWay): ServedUpdate | null;
  /** Logs with such records. */
  unsentLogs(): string[];
  /** The server has of this client only the records below `next`: those from there on are sent again. */
  rewind(doc: string, client: number, next: number): void;
  /** Two files write under one name: what is written here from now on has new clients. */
  renew(): void;
  /** Own records that are not acknowledged, in all logs. */
  unsent(): number;
  /**
   * The server has what this state vector says. Where that is more than was written here, this file is an older state or a
   * copy of another: from then on new records have a new client.
   */
  acknowledge(doc: string, vector: Uint8Array): void;
  /** All of it or nothing. Refusals are `UpdateRefused`, with `why` in their details. */
  receive(doc: string, update: Uint8Array, policy: ReceivePolicy): Received;
  /** Another side has begun this log. */
  begin(doc: string): void;
  /** Takes records out of a log: the update tells all who had them. */
  refuse(
    doc: string,
    places: readonly { client: number; clock: number }[],
    reason: string,
  ): { refused: Refused[]; update: Uint8Array };
  explain(client: number, clock: number, reason: string): void;
  /** Own changes that were refused, newest first. */
  refused(most?: number): Refused[];
  /** Begins the next epoch of a branch where its newest log is full. Gives the name of the log that is open then. */
  seal(branch: string, limits?: SealLimits): string;
}

export function createSyncLog(driver: SqlDriver, journal: Journal): SyncLog {
  const read = <T>(steps: Steps<T>): T => runSync(driver, steps);
  const write = <T>(steps: Steps<T>): T => runSync(driver, inTransaction(steps));

  function logOf(doc: string): Log {
    const log = read(findLog(doc));
    if (log) return log;
    throw refusedUpdate('unknown log', `The log ${doc.slice(0, 80)} is not known here.`, {
      doc: doc.slice(0, 80),
    });
  }

  return {
    get on() {
      return journal.places !== null;
    },
    turnOn(limits) {
      const places = runSync(driver, turnOnSync(journal));
      if (limits) places.limits = limits;
    },
    turnOff: () => runSync(driver, turnOffSync(journal)),
    checkFile: (nonce) => checkFile(driver, journal, nonce),
    sessions: () => read(sessionsOf(journal)),
    logs: () => read(listLogs()),
    vector: (doc) => encodeStateVector(read(vectorOf(logOf(doc)))),
    digest: (doc) => vectorDigest(read(vectorOf(logOf(doc)))),
    updateSince: (doc, vector, most) => read(updateSince(logOf(doc), decodeStateVector(vector), most)),
    outbox: (doc, most, onTheWay) => read(outboxUpdate(logOf(doc), most, onTheWay)),
    unsentLogs: () => read(unsentLogs()),
    rewind: (doc, client, next) => void write(rewind(logOf(doc), client, next)),
    renew: () => (journal.places as SessionPlaces | null)?.renew(),
    unsent: () => read(unsent()),
    acknowledge(doc, vector) {
      const { renewed } = write(acknowledge(logOf(doc), decodeStateVector(vector)));
      if (renewed) (journal.places as SessionPlaces | null)?.renew();
    },
    receive: (doc, update, policy) => write(receiveUpdate(journal, doc, update, policy)),
    begin(doc) {
      if (!read(findLog(doc))) write(beginLog(readDocName(doc)));
    },
    refuse(doc, places, reason) {
      const { refused, deleted } = write(refuseRecords(logOf(doc), places, reason));
      return { refused, update: encodeUpdate([], deleted) };
    },
    explain: (client, clock, reason) => void write(explainRefusal(client, clock, reason)),
    refused: (most) => read(ownRefused(most)),
    seal(branch, limits) {
      return docName(write(sealWhenFull(branch, limits)));
    },
  };
}
