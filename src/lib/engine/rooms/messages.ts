// Messages of rooms as y-websocket has them (y-protocols 1.0.7): sync steps of a live text, and states of presence. Read by
// hand, since what is in them comes from strangers; a stock client understands what is written here.
import { strToU8 } from 'fflate';
import { ByteReader, ByteWriter, malformed } from '../sync/bytes.ts';
import { mostTextBytes, textClientLimit } from './text-update.ts';

/** A person's state in a room; null: gone. */
export interface PresenceState {
  client: number;
  clock: number;
  state: Record<string, unknown> | null;
}

export type RoomMessage =
  /** What the sender has; the answer is `update` with what it lacks. */
  | { kind: 'have'; vector: Uint8Array }
  /** `asked`: the answer to `have`, else something new. */
  | { kind: 'update'; update: Uint8Array; asked: boolean }
  | { kind: 'presence'; states: PresenceState[] }
  /** Asks for everybody's state. */
  | { kind: 'who' };

/** Clients of one presence message; a state as JSON. */
export const mostStates = 500;
export const mostStateBytes = 2048;
const [syncType, presenceType, whoType] = [0, 1, 3];

/** Throws `UpdateRefused` for all that is none. The update within is not looked at: text-update.ts. */
export function readRoomMessage(bytes: Uint8Array): RoomMessage {
  const reader = new ByteReader(bytes);
  const type = reader.number('a message of a room');
  let message: RoomMessage;
  if (type === syncType) {
    const step = reader.number('a sync message');
    const block = reader.block('a sync message', mostTextBytes).slice();
    if (step === 0) message = { kind: 'have', vector: block };
    else if (step === 1 || step === 2) message = { kind: 'update', update: block, asked: step === 1 };
    else throw malformed('a sync message is of no known kind');
  } else if (type === presenceType)
    message = { kind: 'presence', states: readStates(reader.block('presence', 256 * 1024)) };
  else if (type === whoType) message = { kind: 'who' };
  else throw malformed('a message of a room is of no known kind');
  if (reader.left > 0) throw malformed('a message of a room goes on behind its end');
  return message;
}

function readStates(bytes: Uint8Array): PresenceState[] {
  const reader = new ByteReader(bytes);
  const states: PresenceState[] = [];
  for (let n = reader.count('states', 3, mostStates); n > 0; n--) {
    const client = reader.number('a client');
    const clock = reader.number('a clock');
    if (client >= textClientLimit || clock >= textClientLimit)
      throw malformed('a state of presence names a client that is none');
    const state = parseState(reader.text('a state of presence', mostStateBytes));
    states.push({ client, clock, state });
  }
  if (reader.left > 0) throw malformed('presence goes on behind its end');
  return states;
}

function parseState(text: string): Record<string, unknown> | null {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch {
    throw malformed('a state of presence is no JSON');
  }
  if (state === null) return null;
  if (typeof state !== 'object' || Array.isArray(state)) throw malformed('a state of presence is no object');
  return state as Record<string, unknown>;
}

export const encodeHave = (vector: Uint8Array): Uint8Array => sync(0, vector);
export const encodeAnswer = (update: Uint8Array): Uint8Array => sync(1, update);
export const encodeChange = (update: Uint8Array): Uint8Array => sync(2, update);

function sync(step: number, bytes: Uint8Array): Uint8Array {
  const out = new ByteWriter(bytes.length + 8);
  out.number(syncType);
  out.number(step);
  out.block(bytes);
  return out.done();
}

export function encodePresence(states: readonly PresenceState[]): Uint8Array {
  const inner = new ByteWriter(64 + states.length * 200);
  inner.number(states.length);
  for (const { client, clock, state } of states) {
    inner.number(client);
    inner.number(clock);
    inner.block(strToU8(JSON.stringify(state)));
  }
  const out = new ByteWriter(inner.length + 8);
  out.number(presenceType);
  out.block(inner.done());
  return out.done();
}

export function encodeWho(): Uint8Array {
  return new Uint8Array([whoType]);
}

/** A state vector of Yjs. */
export function encodeVector(have: ReadonlyMap<number, number>): Uint8Array {
  const out = new ByteWriter(16 + have.size * 10);
  const known = [...have].filter(([, clock]) => clock > 0).sort(([a], [b]) => b - a);
  out.number(known.length);
  for (const [client, clock] of known) {
    out.number(client);
    out.number(clock);
  }
  return out.done();
}
