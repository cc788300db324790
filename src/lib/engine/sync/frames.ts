// What peer and server say to each other on a socket (decision 0040): each message is one binary frame of a byte that names
// its kind, a small JSON object behind its length, and bytes, where the kind has any. Both sides read what the other sends as
// if it came from an enemy: unknown fields, wrong types and lengths refuse the frame.
import { strFromU8, strToU8 } from 'fflate';
import { ByteReader, ByteWriter, malformed, refusedUpdate } from './bytes.ts';
import { readDocName } from './logs.ts';

/** Raised with each change that an older side would misunderstand. The server refuses others in words. */
export const protocolVersion = 1;
/** Where the socket is, on the server's own origin. */
export const socketPath = '/sync';
/** The longest frame that either side takes. Updates aim at 256 KiB; a record has at most 1 MiB. */
export const mostFrameBytes = 4 * 1024 * 1024;
const mostHeader = 1024 * 1024;

/** A log and what a side has of it: equal digests (sync/logs.ts) mean the same records. */
export interface LogState {
  doc: string;
  digest: string;
}

/** A client that the connection may send records of, and the log that it writes. */
export interface OwnClient {
  client: number;
  doc: string;
}

/** Place of a record and what is said of it. */
export interface Explained {
  client: number;
  clock: number;
  reason: string;
}

/** What the peer says. */
export type PeerFrame =
  /** First, and once. `token` is an API key; without one the cookie of the request counts. `time`: its clock, in ms. */
  | {
      type: 'hello';
      protocol: number;
      app: string;
      schema: string;
      instance: string;
      token: string | null;
      device: string;
      time: number;
      clients: OwnClient[];
    }
  /** More clients than were said in `hello`: each session writes in each log as a client of its own. */
  | { type: 'clients'; clients: OwnClient[] }
  /** Asks for what the log has beyond this state vector, and for all that comes after. */
  | { type: 'want'; doc: string; bytes: Uint8Array }
  /** Records of this peer. `id` counts up; the answer is `ack` or `refused` with the same one. */
  | { type: 'update'; id: number; doc: string; bytes: Uint8Array }
  /** A message of a room (live text, presence), in the bytes of y-protocols. */
  | { type: 'room'; room: string; bytes: Uint8Array }
  | { type: 'ping' };

/** What the server says. */
export type ServerFrame =
  /** The peer is let in. `access` is what it may do (engine/sync/access.ts), as JSON has it; `time` the server's clock in ms. */
  | {
      type: 'welcome';
      protocol: number;
      app: string;
      instance: string;
      name: string;
      account: string;
      handle: string;
      role: string;
      time: number;
      logs: LogState[];
    }
  /** A log was begun. */
  | { type: 'log'; doc: string; digest: string }
  /** Records and refusals of others; also those that the peer asked for. */
  | { type: 'update'; doc: string; bytes: Uint8Array }
  /** The peer has now all that the log had when it asked; what comes from here on is new. */
  | { type: 'caught'; doc: string }
  /** After COMMIT: update `id` is kept; `bytes` is the state vector, of the clients concerned, of what is kept. */
  | { type: 'ack'; id: number; doc: string; bytes: Uint8Array }
  /** Update `id` was not taken as a whole; `why` as in UpdateRefused, `next` where a gap is to be closed. */
  | {
      type: 'refused';
      id: number;
      doc: string;
      why: string;
      message: string;
      client: number | null;
      next: number | null;
    }
  /** Why records of this peer were taken out of the log; an `update` with their delete set goes with it. */
  | { type: 'explained'; doc: string; places: Explained[] }
  /** Rights have changed. */
  | { type: 'access'; role: string }
  | { type: 'room'; room: string; bytes: Uint8Array }
  /** The end of the connection, in words; `code` is an ErrorCode. */
  | { type: 'bye'; code: string; message: string }
  | { type: 'pong' };

type Check = (value: unknown) => boolean;
const text =
  (most: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= most;
const whole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const list =
  (check: Check, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(check);
const logName: Check = (value) => {
  if (typeof value !== 'string') return false;
  readDocName(value);
  return true;
};
const room: Check = (value) =>
  typeof value === 'string' && /^[a-z]{1,16}(\/[0-9A-Za-z-]{1,64}){0,2}$/.test(value);
const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const names = Object.keys(value);
    return (
      names.length === Object.keys(checks).length &&
      names.every(
        (name) => Object.hasOwn(checks, name) && checks[name]?.((value as Record<string, unknown>)[name]),
      )
    );
  };

interface Kind {
  code: number;
  check: Check;
  /** It ends with bytes. */
  bytes: boolean;
}

const clients = list(fields({ client: whole, doc: logName }), 20_000);
const logState = { doc: logName, digest: text(32) };
const places = list(fields({ client: whole, clock: whole, reason: text(2_000) }), 100_000);
const kind = (code: number, checks: Readonly<Record<string, Check>>, bytes = false): Kind => ({
  code,
  check: fields(checks),
  bytes,
});

const peerKinds: Readonly<Record<PeerFrame['type'], Kind>> = {
  hello: kind(1, {
    ...{ protocol: whole, app: text(64), schema: text(64), instance: text(64), token: orNull(text(200)) },
    ...{ device: text(100), time: whole, clients },
  }),
  clients: kind(2, { clients }),
  want: kind(3, { doc: logName }, true),
  update: kind(4, { id: whole, doc: logName }, true),
  room: kind(5, { room }, true),
  ping: kind(6, {}),
};

const serverKinds: Readonly<Record<ServerFrame['type'], Kind>> = {
  welcome: kind(65, {
    ...{ protocol: whole, app: text(64), instance: text(64), name: text(200), account: text(64) },
    ...{ handle: text(64), role: text(16), time: whole, logs: list(fields(logState), 100_000) },
  }),
  log: kind(66, logState),
  update: kind(67, { doc: logName }, true),
  caught: kind(68, { doc: logName }),
  ack: kind(69, { id: whole, doc: logName }, true),
  refused: kind(70, {
    ...{
      id: whole,
      doc: logName,
      why: text(32),
      message: text(2_000),
      client: orNull(whole),
      next: orNull(whole),
    },
  }),
  explained: kind(71, { doc: logName, places }),
  access: kind(72, { role: text(16) }),
  room: kind(73, { room }, true),
  bye: kind(74, { code: text(64), message: text(2_000) }),
  pong: kind(75, {}),
};

const codes = (kinds: Readonly<Record<string, Kind>>): ReadonlyMap<number, readonly [string, Kind]> =>
  new Map(Object.entries(kinds).map(([type, of]) => [of.code, [type, of] as const]));
const [peerCodes, serverCodes] = [codes(peerKinds), codes(serverKinds)];

export const encodePeerFrame = (frame: PeerFrame): Uint8Array => write(peerKinds[frame.type], frame);
export const encodeServerFrame = (frame: ServerFrame): Uint8Array => write(serverKinds[frame.type], frame);

function write(of: Kind, frame: PeerFrame | ServerFrame): Uint8Array {
  const { type: _, bytes, ...header } = frame as { type: string; bytes?: Uint8Array };
  const words = strToU8(JSON.stringify(header));
  const out = new ByteWriter(words.length + (bytes?.length ?? 0) + 16);
  out.byte(of.code);
  out.block(words);
  if (of.bytes) out.raw(bytes ?? new Uint8Array());
  return out.done();
}

/** Reads what a peer sent. Throws `UpdateRefused` for what is none of the kinds, word for word. */
export const readPeerFrame = (bytes: Uint8Array): PeerFrame => read(peerCodes, bytes) as PeerFrame;
/** Reads what the server sent, in the same way. */
export const readServerFrame = (bytes: Uint8Array): ServerFrame => read(serverCodes, bytes) as ServerFrame;

function read(kinds: ReadonlyMap<number, readonly [string, Kind]>, frame: Uint8Array): { type: string } {
  if (frame.length > mostFrameBytes)
    throw refusedUpdate(
      'too large',
      `A message has ${frame.length} bytes, where ${mostFrameBytes} are the most.`,
      { bytes: frame.length, limit: mostFrameBytes },
    );
  const reader = new ByteReader(frame);
  const found = kinds.get(reader.byte('a message'));
  if (!found) throw malformed('a message is of no known kind');
  const [type, of] = found;
  const header = parse(reader.block('the words of a message', mostHeader), type);
  if (!of.check(header)) throw malformed(`a message “${type}” does not say what it has to`);
  const rest = reader.raw(reader.left, 'a message').slice();
  if (!of.bytes && rest.length > 0) throw malformed(`a message “${type}” goes on behind its end`);
  return { ...(header as object), type, ...(of.bytes ? { bytes: rest } : {}) };
}

function parse(words: Uint8Array, type: string): unknown {
  try {
    return JSON.parse(strFromU8(words));
  } catch {
    throw malformed(`the words of a message “${type}” are no JSON`);
  }
}
