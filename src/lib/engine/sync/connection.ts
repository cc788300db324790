// The peer's side of sync (decision 0040), over whatever carries messages: it connects, says who it is, catches up, sends what
// was written here, and keeps at it: lost connections are noticed, and opened again after a while. It knows frames and time;
// what they mean for the database is local-side.ts, what is sent and taken are sender.ts and taker.ts.
import type { ErrorCode, WireError } from '../errors.ts';
import type { Clock, Later, OpenSocket, Random, Socket } from '../ports.ts';
import { roles, type Role } from './access.ts';
import { createBackoff } from './backoff.ts';
import {
  encodePeerFrame,
  protocolVersion,
  readServerFrame,
  type PeerFrame,
  type ServerFrame,
} from './frames.ts';
import type { LocalSide } from './local-side.ts';
import { createSender, wordsOf, type Sender } from './sender.ts';
import { createTaker, type Taker } from './taker.ts';

export type ConnectionState = 'connecting' | 'catching up' | 'live' | 'offline' | 'stopped';
type Welcome = Extract<ServerFrame, { type: 'welcome' }>;

export interface ConnectionStatus {
  state: ConnectionState;
  instance: { uid: string; name: string } | null;
  account: { uid: string; handle: string } | null;
  role: Role | null;
  pending: number;
  waiting: number;
  /** Milliseconds since 1970 when both sides last had the same. */
  lastSync: number | null;
  retryAt: number | null;
  error: WireError | null;
}

/** What `hello` says of this peer beside its clients. */
export type Introduction = Pick<
  Extract<PeerFrame, { type: 'hello' }>,
  'app' | 'schema' | 'instance' | 'token' | 'device'
>;

export interface ConnectionDeps {
  open: OpenSocket;
  later: Later;
  clock: Clock;
  random: Random;
  local: LocalSide;
  introduction: () => Introduction;
  onStatus: (status: ConnectionStatus) => void;
  /** Whether this is the server and the account that the database belongs to; otherwise why not. */
  onWelcome?: (welcome: Welcome) => WireError | null;
  onRoom?: (room: string, bytes: Uint8Array) => void;
  lastSync?: number | null;
}

export interface Connection {
  readonly status: ConnectionStatus;
  /** Connects, or tries again at once where it waits or was stopped. */
  start(): void;
  stop(): void;
  /** Something was written here. */
  wake(): void;
  /** While the past is looked at nothing can be kept: the connection is given up until it is over. */
  hold(held: boolean): void;
  /** What the platform believes of the network. */
  network(online: boolean): void;
  /** A message of a room; false where there is no connection. */
  sendRoom(room: string, bytes: Uint8Array): boolean;
}

/** What is written in this time goes together. */
const gatherMs = 2;
const [quietMs, deadMs, hurriedMs, openMs, ackMs] = [20_000, 45_000, 8_000, 20_000, 60_000];
/** The server is well, only not now; with any other word a person has something to do. */
const passing: ReadonlySet<string> = new Set<ErrorCode>([
  ...(['ConnectionLost', 'OperationalError', 'InternalError', 'TooManyTries', 'StorageFull'] as const),
  ...(['StorageUnavailable', 'DatabaseLocked', 'OutOfMemory', 'SqlError'] as const),
]);

export function createConnection(deps: ConnectionDeps): Connection {
  const { later, clock, local } = deps;
  const backoff = createBackoff(deps.random);
  const status: ConnectionStatus = {
    ...{ state: 'stopped', instance: null, account: null, role: null, pending: local.unsent(), waiting: 0 },
    ...{ lastSync: deps.lastSync ?? null, retryAt: null, error: null },
  };
  /** What there is of the one connection; null between two. */
  let line: Line | null = null;
  let wanted = false;
  let held = false;
  let retry: (() => void) | null = null;
  let told = '';

  function tell(): void {
    try {
      status.pending = local.unsent();
    } catch {
      // The database fails; whoever asks it next is told. What was known last stands.
    }
    status.waiting = local.waiting;
    const text = JSON.stringify(status);
    if (text === told) return;
    told = text;
    deps.onStatus({ ...status });
  }

  function connect(): void {
    retry?.();
    retry = null;
    if (line || held || !wanted) return;
    status.state = 'connecting';
    status.retryAt = null;
    tell();
    line = openLine();
  }

  /** The connection is over. `final`: nothing is tried until somebody asks for it. */
  function ended(error: WireError | null, final = false): void {
    line?.close();
    line = null;
    if (error) status.error = error;
    if (final) wanted = false;
    if (!wanted || held) {
      status.state = wanted ? 'offline' : 'stopped';
      status.retryAt = null;
    } else {
      const wait = backoff.next();
      status.state = 'offline';
      status.retryAt = Math.floor(clock()) + wait;
      retry = later(wait, connect);
    }
    tell();
  }

  interface Line {
    wake(): void;
    room(room: string, bytes: Uint8Array): boolean;
    /** Asks whether the other side is still there; it has less time than otherwise. */
    probe(): void;
    close(): void;
  }

  function openLine(): Line {
    let over = false;
    let welcomed = false;
    let heard = clock();
    let asked: number | null = null;
    let dead = openMs;
    let flushing: (() => void) | null = null;
    let watching: (() => void) | null = null;
    const send = (frame: PeerFrame): void => {
      if (!over) socket.send(encodePeerFrame(frame));
    };
    const give = (error: WireError | null, final = false): void => {
      if (!over) ended(error, final);
    };
    const sender: Sender = createSender({ local, send, waiting: () => socket.waiting, clock });
    const taker: Taker = createTaker({
      ...{ local, send, later, clock, onProgress: look },
      onFailure: (error) => give(error),
    });

    /** What state this is, after anything that may have changed it. */
    function look(): void {
      if (over || !welcomed) return;
      const live = taker.caughtUp;
      if (live && status.state !== 'live') backoff.reset();
      status.state = live ? 'live' : 'catching up';
      status.error = taker.problem ?? sender.problem;
      if (live && sender.inFlight === 0 && !sender.problem && !taker.problem && local.unsent() === 0)
        status.lastSync = Math.floor(clock());
      tell();
    }

    function flush(): void {
      flushing = null;
      if (over) return;
      attempt(() => sender.flush());
      tell();
    }

    /** A database that fails in between is no reason to stop for good. */
    function attempt(what: () => void): void {
      try {
        what();
      } catch (error) {
        give(wordsOf(error));
      }
    }

    function take(frame: ServerFrame): void {
      if (!welcomed && frame.type !== 'welcome' && frame.type !== 'bye' && frame.type !== 'pong')
        return give(unasked(frame.type));
      switch (frame.type) {
        case 'welcome':
          return welcome(frame);
        case 'update':
        case 'caught':
        case 'explained':
        case 'log':
          return taker.came(frame);
        case 'ack':
        case 'refused':
          sender.answered(frame);
          return look();
        case 'access':
          status.role = roleOf(frame.role);
          return tell();
        case 'room':
          return deps.onRoom?.(frame.room, frame.bytes);
        case 'bye':
          return give(
            { code: frame.code as ErrorCode, message: frame.message, details: {} },
            !passing.has(frame.code),
          );
        case 'pong':
          return;
      }
    }

    function welcome(frame: Welcome): void {
      if (welcomed) return give(unasked('welcome'));
      const wrong = frame.protocol === protocolVersion ? (deps.onWelcome?.(frame) ?? null) : newer;
      if (wrong) return give(wrong, true);
      welcomed = true;
      dead = deadMs;
      status.instance = { uid: frame.instance, name: frame.name };
      status.account = { uid: frame.account, handle: frame.handle };
      status.role = roleOf(frame.role);
      status.state = 'catching up';
      status.error = null;
      taker.begin(frame.logs);
      sender.flush();
      tell();
    }

    /** Every few seconds: whether the other side is still there. */
    function watch(): void {
      if (over) return;
      const now = clock();
      const quiet = now - heard;
      if (asked !== null ? now - asked > hurriedMs && heard < asked : quiet > dead)
        return give(lost('The server did not answer any more.'));
      if (sender.since !== null && now - sender.since > ackMs && quiet < dead)
        return give(lost('The server did not confirm what was sent.'));
      if (welcomed && quiet > quietMs && asked === null) {
        asked = now;
        send({ type: 'ping' });
      }
      watching = later(hurriedMs / 4, watch);
    }

    const socket: Socket = deps.open({
      opened() {
        if (over) return;
        heard = clock();
        attempt(() => {
          const clients = local.clients();
          sender.begin(clients);
          send({
            type: 'hello',
            protocol: protocolVersion,
            ...deps.introduction(),
            time: Math.floor(clock()),
            clients,
          });
        });
      },
      received(bytes) {
        if (over) return;
        heard = clock();
        asked = null;
        attempt(() => take(readServerFrame(bytes)));
      },
      closed(why) {
        give(lost(why));
      },
    });
    watching = later(hurriedMs / 4, watch);

    return {
      wake() {
        if (welcomed) flushing ??= later(gatherMs, flush);
      },
      room(room, bytes) {
        if (!welcomed || over) return false;
        send({ type: 'room', room, bytes });
        return true;
      },
      probe() {
        if (!welcomed || asked !== null) return;
        asked = clock();
        send({ type: 'ping' });
      },
      close() {
        if (over) return;
        over = true;
        taker.stop();
        flushing?.();
        watching?.();
        socket.close();
      },
    };
  }

  return {
    get status() {
      return { ...status };
    },
    start() {
      wanted = true;
      backoff.reset();
      connect();
    },
    stop() {
      wanted = false;
      retry?.();
      retry = null;
      status.error = null;
      ended(null);
    },
    wake() {
      line?.wake();
      tell();
    },
    hold(now) {
      if (held === now) return;
      held = now;
      if (!held) return connect();
      retry?.();
      retry = null;
      if (wanted) ended(null);
    },
    network(online) {
      if (line) line.probe();
      else if (online && wanted) connect();
    },
    sendRoom: (room, bytes) => line?.room(room, bytes) ?? false,
  };
}

const roleOf = (role: string): Role | null => roles.find((one) => one === role) ?? null;

const lost = (message: string): WireError => ({ code: 'ConnectionLost', message, details: {} });

const unasked = (type: string): WireError => ({
  code: 'UpdateRefused',
  message: `The server said “${type}” when it had not been asked.`,
  details: { why: 'malformed' },
});

const newer: WireError = {
  code: 'NotSupportedError',
  message:
    'The server speaks another version of the protocol. Load the page again to get the version that fits it.',
  details: {},
};
