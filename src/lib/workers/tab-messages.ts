// Messages by which tabs find the worker that leads: page <-> broker, worker <-> broker, and what a port carries.
// Nothing here is engine data; that travels as WireRequest and WireResponse on the port the page is given.
import type { WireError } from '../engine/errors.ts';
import type { EngineEvent, WireResponse } from './wire.ts';

/** Page to its own dedicated worker, once. */
export interface StartMessage {
  type: 'loam-start';
  tab: string;
  /** A lock the worker holds while it lives, so that the page can replace it when it dies. */
  life: string;
  /** The page remembers that this device has kept a database. */
  kept: boolean;
  /** To the broker (SharedWorker), or null where there is none. */
  broker: MessagePort | null;
  /** Straight to the page; used only without a broker. */
  page: MessagePort | null;
}

/** The worker's only message to its page outside ports: it holds its `life` lock. */
export interface AliveMessage {
  type: 'loam-alive';
}

/** Page to broker, once per tab and again with a new worker when the old one died. */
export interface JoinMessage {
  type: 'join';
  /** The database's name. */
  name: string;
  tab: string;
  /** The other end is in the tab's dedicated worker. */
  worker: MessagePort;
}

/** Worker to broker, in this order: `taking` when it got the lock, then `lead` or `failed`. */
export type WorkerMessage = { type: 'taking' } | { type: 'lead' } | { type: 'failed'; error: WireError };

/** Broker to the leading worker: serve this tab; that tab is gone. */
export type LeaderMessage = { type: 'serve'; tab: string; port: MessagePort } | { type: 'gone'; tab: string };

/** Broker to page. */
export type PageMessage =
  | { type: 'moving' }
  | { type: 'failed'; error: WireError }
  /** A port that ends in the leading worker; any earlier port is dead. */
  | { type: 'port'; port: MessagePort; leader: string; epoch: number };

/** What the leading worker sends on a port. */
export type PortMessage = WireResponse | { event: EngineEvent };

/** Held by the page for as long as it lives, so that others notice when it is gone. */
export const tabLock = (tab: string) => `loam-tab-${tab}`;
/** Held by the worker that has the database open. */
export const databaseLock = (name: string) => `loam-db-${name}`;
/** Where the leading worker's bell hangs in OPFS. */
export const bellFolder = 'bell';
export const bellFile = 'engine';
