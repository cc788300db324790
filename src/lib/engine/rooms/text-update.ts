// Updates of a live text, read before Yjs sees them. Yjs makes no promise about bytes from strangers (decision 0042): what
// it would loop over is counted here first, in time and memory by the length of the bytes alone. A live text is the Y.Text
// `note` of its document and holds characters and deleted characters; all else that Yjs knows is refused.
import { strFromU8, strToU8 } from 'fflate';
import { LoamError } from '../errors.ts';
import { ByteReader, malformed, refusedUpdate } from '../sync/bytes.ts';

/** Name of the text in its document. */
export const textName = 'note';
/** The longest update; a state of a whole document is one. */
export const mostTextBytes = 3 * 1024 * 1024;
/** Characters that a text may have had in all, deleted ones among them. */
export const mostCharacters = 50_000_000;
const mostStructs = 50_000;
const mostClients = 20_000;
/** Client ids of live texts have 32 bits: a Rust peer cuts longer ones (sync.md §1, trap 5). */
export const textClientLimit = 2 ** 32;

/** Characters of one client, from a clock on. */
export interface Run {
  client: number;
  clock: number;
  count: number;
}

export interface TextUpdate {
  /** One for each client. */
  added: Run[];
  deleted: Run[];
  /** What it builds on: the last known character of each client that it points to, outside of itself. */
  needs: Run[];
  structs: number;
}

const [deletedRef, stringRef] = [1, 4];
const [hasOrigin, hasRight] = [128, 64];

/** Reads an update (format v1). Throws `UpdateRefused`, in words, for whatever a live text does not hold. */
export function readTextUpdate(bytes: Uint8Array): TextUpdate {
  if (bytes.length > mostTextBytes)
    throw refusedUpdate(
      'too large',
      `An update of a text was refused: it has ${bytes.length} bytes, where ${mostTextBytes} are the most.`,
      { bytes: bytes.length, limit: mostTextBytes },
    );
  const reader = new ByteReader(bytes);
  const added: Run[] = [];
  const pointed = new Map<number, number>();
  let structs = 0;
  const seen = new Set<number>();
  for (let n = reader.count('clients', 4, mostClients); n > 0; n--) {
    const count = reader.count('items', 2, mostStructs - structs);
    if (count === 0) throw malformed('it names a client without items');
    structs += count;
    const client = clientOf(reader);
    if (seen.has(client)) throw malformed('it names a client twice');
    seen.add(client);
    const clock = reader.number('a clock');
    let length = 0;
    for (let i = 0; i < count; i++) length += readItem(reader, pointed);
    if (clock + length > mostCharacters) throw malformed('it has more characters than a text may have');
    added.push({ client, clock, count: length });
  }
  const deleted = readDeleted(reader);
  if (reader.left > 0) throw malformed('it goes on behind its end');
  const own = new Map(added.map((run) => [run.client, run]));
  const needs: Run[] = [];
  for (const [client, last] of pointed) {
    const run = own.get(client);
    if (run && last >= run.clock + run.count) throw malformed('an item points to one that is not there');
    if (!run || last < run.clock) needs.push({ client, clock: last, count: 1 });
  }
  return { added, deleted, needs, structs };
}

function readItem(reader: ByteReader, pointed: Map<number, number>): number {
  const info = reader.byte('an item');
  const ref = info & 31;
  if ((ref !== deletedRef && ref !== stringRef) || info & 32)
    throw malformed(`it holds something that is no text (mark ${info})`);
  for (const side of [hasOrigin, hasRight]) {
    if (!(info & side)) continue;
    const client = clientOf(reader);
    const clock = reader.number('an origin');
    if (clock > mostCharacters) throw malformed('an item points to one that is not there');
    pointed.set(client, Math.max(pointed.get(client) ?? 0, clock));
  }
  if (!(info & (hasOrigin | hasRight))) {
    if (reader.number('a parent') !== 1 || reader.text('a parent', 16) !== textName)
      throw malformed(`it holds something that is not in the text "${textName}"`);
  }
  const length =
    ref === stringRef
      ? charactersOf(reader.block('characters', mostTextBytes))
      : reader.number('a number of characters');
  if (length < 1 || length > mostCharacters) throw malformed('an item has no characters, or too many');
  return length;
}

/** In UTF-16, as Yjs counts them. Bytes that are no UTF-8 would make Yjs throw in the middle of its work. */
function charactersOf(bytes: Uint8Array): number {
  // A mark of the byte order is a character here, and left out by decoders.
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const rest = marked ? bytes.subarray(3) : bytes;
  if (marked && rest.length > 0) return 1 + charactersOf(rest);
  if (marked) return 1;
  const text = strFromU8(rest);
  const back = strToU8(text);
  if (back.length !== rest.length || back.some((byte, i) => byte !== rest[i]))
    throw malformed('its characters are no UTF-8');
  return text.length;
}

function clientOf(reader: ByteReader): number {
  const client = reader.number('a client');
  if (client >= textClientLimit) throw malformed(`client ${client} is none of a text: those have 32 bits`);
  return client;
}

function readDeleted(reader: ByteReader): Run[] {
  const deleted: Run[] = [];
  const seen = new Set<number>();
  for (let n = reader.count('clients', 4, mostClients); n > 0; n--) {
    const client = clientOf(reader);
    if (seen.has(client)) throw malformed('its deleted characters name a client twice');
    seen.add(client);
    for (let runs = reader.count('runs', 2, mostStructs); runs > 0; runs--) {
      const clock = reader.number('a clock');
      const count = reader.number('a number of characters');
      if (count < 1 || clock + count > mostCharacters)
        throw malformed('its deleted characters are none that a text can have');
      deleted.push({ client, clock, count });
    }
  }
  return deleted;
}

/** Per client, how many of its characters are known. */
export type Have = Map<number, number>;

/** Whether all that the update builds on is known: only then Yjs has nothing to keep for later, which costs it squares. */
export function fits(have: Have, { added, deleted, needs }: TextUpdate): boolean {
  const next = new Map(have);
  for (const { client, clock, count } of added) {
    if (clock > (have.get(client) ?? 0)) return false;
    next.set(client, Math.max(next.get(client) ?? 0, clock + count));
  }
  const known = ({ client, clock, count }: Run) => clock + count <= (next.get(client) ?? 0);
  return needs.every(known) && deleted.every(known);
}

/** Notes what the update brought. */
export function take(have: Have, { added }: TextUpdate): void {
  for (const { client, clock, count } of added)
    have.set(client, Math.max(have.get(client) ?? 0, clock + count));
}

/** A state vector, checked in the same way: what a peer says that it has. */
export function checkVector(bytes: Uint8Array): void {
  const reader = new ByteReader(bytes);
  for (let n = reader.count('clients', 2, mostClients); n > 0; n--) {
    clientOf(reader);
    reader.number('a clock');
  }
  if (reader.left > 0) throw malformed('a state vector goes on behind its end');
}

/** Whether an error is a refusal of bytes, told to who sent them; all else is a mistake of ours. */
export const isRefusal = (error: unknown): error is LoamError =>
  error instanceof LoamError && error.code === 'UpdateRefused';
