// Sync as the engine's facade offers it: how it stands, to go on and to pause, and what a person has to look at. Whoever joins the
// parts (a worker, the command line) brings the socket and the time; where this database belongs to is in the file.
import type { EngineContext } from '../context.ts';
import { modelFingerprint } from '../branch/fingerprint.ts';
import { LoamError, toWire, type WireError } from '../errors.ts';
import type { Later, OpenSocket } from '../ports.ts';
import { registryOf } from '../registry/tables.ts';
import type { FeedChange } from '../write/writer.ts';
import {
  conflictEntry,
  keptOutEntry,
  newerEntry,
  rejectedEntry,
  settleConflict,
  settled,
  type Attention,
} from './attention.ts';
import { createConnection, type Connection, type ConnectionStatus } from './connection.ts';
import type { SyncConflict } from './conflicts.ts';
import { createLocalSide, type LocalSide } from './local-side.ts';
import { followUids } from '../registry/astray.ts';
import type { SyncLog } from './log.ts';
import { readRemote, writeRemote, type Remote } from './remote.ts';
import { discardRejected, rejectedActs, reviseRejected, type ReviseDeps } from './revise.ts';

/** How sync stands: a connection's status, or `off` for a database that belongs to no server. */
export type SyncFacts = Omit<ConnectionStatus, 'state'> & {
  state: ConnectionStatus['state'] | 'off';
  server: string | null;
  attention: number;
};

export interface SyncHost {
  /** A way to this server; an error in words where there is none from here. */
  open(server: string): OpenSocket | LoamError;
  later: Later;
  /** Version of the app. */
  app: string;
  /** An API key; null where the platform says who it is (a cookie). */
  token(): string | null;
  onStatus(facts: SyncFacts): void;
  onRoom?(room: string, bytes: Uint8Array): void;
}

/** Statuses follow each other so fast at most; a change of state is told at once. */
const tellMs = 150;
/** Entries of the tray are counted so seldom: who had seen what is asked for each of them. */
const countMs = 1000;
/** The time of the last sync is written down so seldom. */
const noteMs = 60_000;
const listed = 500;

/** `branches`: to put onto a branch what was rejected. */
export function syncPart(
  context: EngineContext,
  log: SyncLog,
  branches: () => Pick<ReviseDeps, 'createBranch' | 'switchBranch'>,
) {
  const { driver, writer, model, read, act, clock, random } = context;
  const { journal } = writer;
  let host: SyncHost | null = null;
  let local: LocalSide | null = null;
  let connection: Connection | null = null;
  let remote = read(readRemote());
  let attention = 0;
  /** Something was written since they were counted. */
  let stale = true;
  let counted = -Infinity;
  /** Why there is no way to the server from here. */
  let noWay: LoamError | null = null;
  let told: SyncFacts | null = null;
  let telling: (() => void) | null = null;
  let noted = 0;

  function localSide(): LocalSide {
    return (local ??= createLocalSide({
      ...{ driver, writer, log, clock },
      onMoved: followBytes,
      // It may have changed no row and be a second value of one all the same.
      onTaken: lookAgain,
    }));
  }

  /** Bytes come to the keys of artifacts that have another uid now; what fails is tried at the next start. */
  let following: Promise<unknown> = Promise.resolve();
  function followBytes(): void {
    following = following.then(() => followUids(driver, context.blobs, random)).catch(() => undefined);
  }

  /** While the past is looked at, all that is written goes with it. */
  const inPast = (): boolean => journal.until !== null;

  function facts(): SyncFacts {
    const off = remote === null || !log.on;
    const status: ConnectionStatus = connection?.status ?? {
      ...{
        state: 'stopped',
        instance: remote?.instance ?? null,
        account: remote?.account ?? null,
        role: null,
      },
      ...{ pending: off ? 0 : log.unsent(), waiting: 0, lastSync: remote?.lastSync ?? null },
      ...{ retryAt: null, error: null },
    };
    return {
      ...status,
      instance: status.instance ?? remote?.instance ?? null,
      account: status.account ?? remote?.account ?? null,
      error: status.error ?? (noWay && toWire(noWay)),
      state: off ? 'off' : status.state,
      server: remote?.server ?? null,
      attention,
    };
  }

  function tell(): void {
    telling?.();
    telling = null;
    const wait = counted + countMs - clock();
    if (stale && !inPast()) {
      if (wait <= 0) recount();
      else telling = host?.later(wait, tell) ?? null;
    }
    told = facts();
    host?.onStatus(told);
  }

  /** What came in last may be what somebody has to look at, and no change of the connection follows it. */
  function lookAgain(): void {
    stale = true;
    if (host && remote) telling ??= host.later(tellMs, tell);
  }

  function recount(): void {
    attention = count();
    stale = false;
    counted = clock();
  }

  function changed(status: ConnectionStatus): void {
    keepTime(status);
    if (status.state !== told?.state || status.error?.code !== told.error?.code) tell();
    else if (host) telling ??= host.later(tellMs, tell);
  }

  /** When both sides last had the same, for the next start. */
  function keepTime({ lastSync, state }: ConnectionStatus): void {
    if (!remote || lastSync === null || inPast() || driver.inTransaction) return;
    if (lastSync - noted < noteMs && state === 'live') return;
    if (lastSync === remote.lastSync) return;
    noted = lastSync;
    remote = { ...remote, lastSync };
    read(writeRemote(remote));
  }

  function keep(next: Remote): void {
    remote = next;
    if (!inPast()) read(writeRemote(next));
  }

  function connect(): void {
    if (!host || !remote || !log.on) return;
    const { server, instance, account } = remote;
    if (!connection) {
      const open = host.open(server);
      noWay = open instanceof LoamError ? open : null;
      if (open instanceof LoamError) return;
      const { later, app, token } = host;
      connection = createConnection({
        ...{ open, later, clock, random, local: localSide(), onStatus: changed, lastSync: remote.lastSync },
        introduction: () => ({
          ...{ app, schema: modelFingerprint(model), instance: instance.uid, token: token() },
          device: journal.device?.uid ?? '',
        }),
        onWelcome: (welcome) => otherwise(welcome, instance, account),
        onRoom: (room, bytes) => host?.onRoom?.(room, bytes),
      });
    }
    connection.hold(inPast());
    connection.start();
  }

  /** Entries of the tray. */
  function entries(most = listed): Attention[] {
    if (!log.on || remote === null || inPast()) return [];
    const { projector } = localSide();
    const found: Attention[] = [];
    for (const rejected of read(rejectedActs(writer, most)))
      found.push(read(rejectedEntry(journal, rejected)));
    for (const conflict of read(projector.conflicts()).slice(0, most - found.length))
      found.push(read(conflictEntry(journal, conflict)));
    for (const kept of read(projector.keptOut()).slice(0, most - found.length))
      found.push(read(keptOutEntry(journal, kept)));
    const newer = read(newerEntry());
    if (newer) found.push(newer);
    return found.slice(0, most);
  }

  /** How many there are, without their words. */
  function count(): number {
    if (!log.on || remote === null) return 0;
    const { projector } = localSide();
    return (
      read(rejectedActs(writer, listed)).length +
      read(projector.conflicts()).length +
      read(projector.keptOut()).length +
      (read(newerEntry()) ? 1 : 0)
    );
  }

  function conflictAt(
    registry: string,
    uid: string,
    column: string,
    place: { client: number; clock: number },
  ): SyncConflict {
    const table = registryOf(model, registry);
    const found = read(localSide().projector.conflicts()).find(
      (conflict) =>
        conflict.column === column &&
        conflict.values.some(({ client, clock: at }) => client === place.client && at === place.clock) &&
        aboutThis(conflict, table.name, uid),
    );
    if (!found) throw settled();
    return found;
  }

  /** Of a link or a value the row that it hangs on names it; the place of the value is enough for those. */
  const aboutThis = ({ table, row }: SyncConflict, name: string, uid: string): boolean =>
    table !== name || row === uid || JSON.stringify(row) === uid;

  return {
    /** From here on it connects by itself where the database belongs to a server and nobody has paused it. */
    startSync(given: SyncHost): void {
      if (log.on) followBytes();
      host = given;
      if (remote && !remote.paused) connect();
      tell();
    },
    syncStatus: facts,
    syncNow,
    pauseSync(): void {
      if (!remote) throw notShared();
      keep({ ...remote, paused: true });
      connection?.stop();
      tell();
    },
    attention: (most = listed): Attention[] => entries(Math.max(1, Math.min(listed, most))),
    settleConflict(
      registry: string,
      uid: string,
      column: string,
      place: { client: number; clock: number },
    ): void {
      const conflict = conflictAt(registry, uid, column, place);
      act('settle-conflict', `Choose a value of ${column}`, (tx) => settleConflict(tx, conflict, place));
      recount();
      tell();
    },
    /** The rejected act is told of no more; its content stays in the history. */
    discardRejected(uid: string): void {
      discardRejected({ driver, writer }, uid);
      recount();
      tell();
    },
    /** Does it again on a branch of its own. Gives the branch's name. */
    reviseRejected(uid: string): string {
      const { branch } = reviseRejected({ driver, writer, ...branches() }, uid);
      recount();
      tell();
      return branch;
    },
    /** Something was written here, or came from elsewhere. */
    wakeSync(feed: FeedChange): void {
      lookAgain();
      if (feed.last) connection?.wake();
    },
    holdSync(): void {
      connection?.hold(inPast());
    },
    syncNetwork: (online: boolean): void => connection?.network(online),
    sendRoom: (room: string, bytes: Uint8Array): boolean => connection?.sendRoom(room, bytes) ?? false,
    /** Ends the connection, as before the database is left; the next start connects again. */
    endSync(): void {
      connection?.stop();
      host = null;
      telling?.();
      telling = null;
    },
  };

  function syncNow(): void {
    if (!remote) throw notShared();
    if (remote.paused) keep({ ...remote, paused: false });
    connect();
    tell();
    if (noWay) throw noWay;
  }
}

const notShared = () =>
  new LoamError('InvalidArgument', 'This database is on this device alone. Connect it to a server first.');

/** The server is another one than this database belongs to, or somebody else is signed in. */
function otherwise(
  welcome: { instance: string; name: string; account: string; handle: string },
  instance: Remote['instance'],
  account: Remote['account'],
): WireError | null {
  if (welcome.instance !== instance.uid)
    return {
      code: 'NoAccess',
      message: `This database belongs to ${instance.name} (${instance.uid}), and the server has ${welcome.name} (${welcome.instance}). Nothing was sent.`,
      details: { instance: welcome.instance },
    };
  if (welcome.account !== account.uid)
    return {
      code: 'NoAccess',
      message: `This database is ${account.handle}'s, and ${welcome.handle} is signed in. Sign in as ${account.handle} to sync it. Nothing was sent.`,
      details: { account: welcome.account },
    };
  return null;
}
