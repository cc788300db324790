// Logs on the wire: updates and state vectors of Yjs (format v1), written and read by hand. A log is the Y.Array `log` of a
// document that nobody needs to load: every record is one item of binary content, behind the one before it of the same
// client, so that to add one costs the same at any length. A stock Y.Doc takes these bytes and gives the same back.
// A record that was refused stays as a deleted item (ContentDeleted): as a GC struct it would take all later items of its
// client with it (sync.md §1, trap 3). Nothing else that Yjs knows is ever in a log, and is refused.
import { ByteReader, ByteWriter, malformed, refusedUpdate } from './bytes.ts';
import { mostRecordBytes } from './record.ts';

/** One item; `content` is null where the record was refused. */
export interface LogItem {
  client: number;
  clock: number;
  content: Uint8Array | null;
}

/** Items that are deleted, wherever they stand: `count` of them from this clock on. */
export interface DeletedRun {
  client: number;
  clock: number;
  count: number;
}

export interface LogUpdate {
  /** By client, in the order of their clocks. */
  items: LogItem[];
  deleted: DeletedRun[];
}

/** Of each client, how many records are known: all below this clock. */
export type StateVector = Map<number, number>;

/** Client ids of logs are random numbers of 48 bits: of 32, every hundredth log of 10,000 sessions had two alike. */
export const clientLimit = 2 ** 48;

/** What one update may have; `updateSince` keeps to it. */
export const mostUpdateBytes = 2 * 1024 * 1024;
const mostItems = 50_000;
const mostClients = 10_000;

const arrayName = 'log';
const [deletedRef, binaryRef, hasOrigin] = [1, 3, 128];
/** A stock Y.Doc refers to a shared type by its name with this in front. */
const byName = 1;

/** `items` of one client have clocks in a row. The bytes are those of Yjs: higher clients first, deleted neighbours as one. */
export function encodeUpdate(items: readonly LogItem[], deleted: readonly DeletedRun[] = []): Uint8Array {
  const byClient = new Map<number, LogItem[]>();
  let size = 64;
  for (const item of items) {
    const known = byClient.get(item.client);
    if (known) known.push(item);
    else byClient.set(item.client, [item]);
    size += 32 + (item.content?.length ?? 0);
  }
  const out = new ByteWriter(size);
  out.number(byClient.size);
  for (const [client, own] of [...byClient].sort(([a], [b]) => b - a)) {
    const structs = structsOf(own);
    out.number(structs.length);
    out.number(client);
    out.number(own[0]?.clock ?? 0);
    for (const { clock, content, count } of structs) {
      out.byte((clock > 0 ? hasOrigin : 0) | (content ? binaryRef : deletedRef));
      if (clock > 0) {
        out.number(client);
        out.number(clock - 1);
      } else {
        out.number(byName);
        out.text(arrayName);
      }
      if (content) out.block(content);
      else out.number(count);
    }
  }
  encodeDeleted(out, deleted);
  return out.done();
}

function structsOf(
  items: readonly LogItem[],
): { clock: number; content: Uint8Array | null; count: number }[] {
  const structs: { clock: number; content: Uint8Array | null; count: number }[] = [];
  for (const { clock, content } of items) {
    const last = structs.at(-1);
    if (last && !last.content && !content) last.count++;
    else structs.push({ clock, content, count: 1 });
  }
  return structs;
}

function encodeDeleted(out: ByteWriter, runs: readonly DeletedRun[]): void {
  const byClient = new Map<number, [clock: number, count: number][]>();
  for (const { client, clock, count } of [...runs].sort((a, b) => b.client - a.client || a.clock - b.clock)) {
    const known = byClient.get(client) ?? [];
    byClient.set(client, known);
    const last = known.at(-1);
    if (last && last[0] + last[1] === clock) last[1] += count;
    else known.push([clock, count]);
  }
  out.number(byClient.size);
  for (const [client, own] of byClient) {
    out.number(client);
    out.number(own.length);
    for (const [clock, count] of own) {
      out.number(clock);
      out.number(count);
    }
  }
}

/** Refuses in words all that no log holds. Takes time and memory by the length of the bytes alone. */
export function decodeUpdate(bytes: Uint8Array): LogUpdate {
  if (bytes.length > mostUpdateBytes)
    throw refusedUpdate(
      'too large',
      `An update of a log was refused: it has ${bytes.length} bytes, where ${mostUpdateBytes} are the most. Send it in parts.`,
      { bytes: bytes.length, limit: mostUpdateBytes },
    );
  const reader = new ByteReader(bytes);
  const items: LogItem[] = [];
  let before = clientLimit;
  for (let n = reader.count('clients', 6, mostClients); n > 0; n--) {
    const structs = reader.count('items', 4, mostItems);
    if (structs === 0) throw malformed('it names a client without items');
    const client = clientOf(reader, before);
    before = client;
    let clock = reader.number('a clock');
    for (let i = 0; i < structs; i++) clock = readStruct(reader, items, client, clock);
  }
  const deleted = readDeleted(reader);
  if (reader.left > 0) throw malformed('it goes on behind its end');
  return { items, deleted };
}

/** Each client once, the higher ones first, as Yjs has them. */
function clientOf(reader: ByteReader, before: number): number {
  const client = reader.number('a client');
  if (client >= clientLimit) throw malformed(`client ${client} is none of a log: those have 48 bits`);
  if (client >= before) throw malformed('its clients are out of order');
  return client;
}

function readStruct(reader: ByteReader, items: LogItem[], client: number, clock: number): number {
  const info = reader.byte('an item');
  const ref = info & ~hasOrigin;
  if (ref !== binaryRef && ref !== deletedRef)
    throw malformed(`it holds something that is no record of a log (mark ${info})`);
  if (info & hasOrigin) {
    const [of, at] = [reader.number('an origin'), reader.number('an origin')];
    if (of !== client || at !== clock - 1)
      throw malformed(`record ${clock} of client ${client} does not follow the one before it`);
  } else {
    if (clock > 0) throw malformed(`record ${clock} of client ${client} does not follow the one before it`);
    if (reader.number('a parent') !== byName || reader.text('a parent', 16) !== arrayName)
      throw malformed('it holds something that is not in the list "log"');
  }
  if (!Number.isSafeInteger(clock + mostItems))
    throw malformed('a clock is no number that a client can reach');
  if (ref === binaryRef) {
    items.push({ client, clock, content: reader.block('a record', mostRecordBytes) });
    return clock + 1;
  }
  const count = reader.number('a number of records');
  if (count < 1 || items.length + count > mostItems)
    throw malformed('it holds too many refused records, or none');
  for (let i = 0; i < count; i++) items.push({ client, clock: clock + i, content: null });
  return clock + count;
}

function readDeleted(reader: ByteReader): DeletedRun[] {
  const deleted: DeletedRun[] = [];
  let before = clientLimit;
  for (let n = reader.count('clients', 4, mostClients); n > 0; n--) {
    const client = clientOf(reader, before);
    before = client;
    let end = -1;
    for (let runs = reader.count('runs', 2, mostItems); runs > 0; runs--) {
      const clock = reader.number('a clock');
      const count = reader.number('a number of records');
      if (clock <= end || count < 1 || !Number.isSafeInteger(clock + count))
        throw malformed('its deleted records are out of order');
      deleted.push({ client, clock, count });
      end = clock + count;
    }
  }
  return deleted;
}

export function encodeStateVector(vector: StateVector): Uint8Array {
  const out = new ByteWriter(16 + vector.size * 10);
  const known = [...vector].filter(([, clock]) => clock > 0).sort(([a], [b]) => b - a);
  out.number(known.length);
  for (const [client, clock] of known) {
    out.number(client);
    out.number(clock);
  }
  return out.done();
}

export function decodeStateVector(bytes: Uint8Array): StateVector {
  const reader = new ByteReader(bytes);
  const vector: StateVector = new Map();
  for (let n = reader.count('clients', 2, mostClients); n > 0; n--) {
    const client = reader.number('a client');
    if (client >= clientLimit || vector.has(client))
      throw malformed('a state vector names a client that is none');
    vector.set(client, reader.number('a clock'));
  }
  if (reader.left > 0) throw malformed('a state vector goes on behind its end');
  return vector;
}
