// One transaction as it travels: who did what when, and what they had seen by then. Its operations are the very bytes that
// the history keeps (write/operation.ts), so that sending costs no second encoding; what the history does not know stands
// in a short head before them. Where a record stands in a log is said by item.ts.
import { strToU8 } from 'fflate';
import { encode, type Operation, type RecordBody } from '../write/operation.ts';
import { ByteReader, ByteWriter, malformed, refusedUpdate } from './bytes.ts';
import { readBody } from './body.ts';

/**
 * An operation as in the history, except where it takes back or brings back an insert: `w` names the record of that insert
 * by its place in the log in place of the local number. It then has no values and no row keys of its own.
 */
export interface SyncOperation extends Omit<Operation, 'w'> {
  w?: [client: number, clock: number, operation: number];
  /** Which rows of that insert, by their positions in it; absent: all of them, in their order. */
  p?: number[];
}

export interface SyncAct {
  uid: string;
  /** As in loam_act: drop, update, undo, merge … */
  kind: string;
  /** Its title, for histories. */
  message: string | null;
  /** Uid of the act whose effect this one adds (+1) or takes away (-1); null where it is the first of its chain. */
  root: string | null;
  sign: 1 | -1;
  /**
   * Records that stand or fall together have clocks in a row and count from 0: `part` of `parts`. That is all of an act,
   * except of one that grows (a drop): there it is each of its transactions.
   */
  part: number;
  parts: number;
}

export interface SyncRecord {
  /** Hybrid logical time in microseconds, as in loam_record. `created_at` and `updated_at` equal to it are not in the operations. */
  at: number;
  /** Uids of the user and of the branch. */
  author: string;
  branch: string;
  act: SyncAct;
  /** Fingerprint of tables and columns (branch/fingerprint.ts). */
  schema: string;
  /**
   * What had come to the author since its last record, whichever client and log that stood in: of each client all records
   * below this clock (as state vectors count). What an earlier record of the author had seen, this one has seen too.
   */
  seen: [client: number, clock: number][];
  operations: SyncOperation[];
  /** Ed25519 over `signedBytes`; nobody signs yet. */
  signature: Uint8Array | null;
}

/** A record and its place. A client belongs to one log and one session, so that client and clock alone name a record. */
export interface PlacedRecord {
  doc: string;
  client: number;
  clock: number;
  record: SyncRecord;
}

/** All but what stands in the body (author, branch, kind, operations). */
export interface RecordHead {
  at: number;
  act: Omit<SyncAct, 'kind'>;
  schema: string;
  seen: [client: number, clock: number][];
  signature: Uint8Array | null;
}

/** Bytes of one record, and of the text of its operations: what writers keep to and readers insist on. */
export const mostRecordBytes = 1024 * 1024;
export const mostBodyText = 16 * 1024 * 1024;
/** Records of one act: an import of 20 million rows. */
export const mostParts = 100_000;

const format = 1;
const mostSeen = 20_000;
const mostUid = 64;
const mostMessage = 2_000;
const [withMessage, withRoot, takesAway, signed] = [1, 2, 4, 8];

export function encodeRecord(record: SyncRecord): Uint8Array {
  const body: Omit<RecordBody, 'o'> & { o: SyncOperation[] } = {
    f: 1,
    u: record.author,
    b: record.branch,
    k: record.act.kind,
    o: record.operations,
  };
  return contentOf(encodeHead(record), encode(body));
}

/** The bytes of an item: which format, how long the head is, the head, the body. */
export function contentOf(head: Uint8Array, body: Uint8Array): Uint8Array {
  const out = new ByteWriter(head.length + body.length + 4);
  out.byte(format);
  out.block(head);
  out.raw(body);
  return out.done();
}

export function encodeHead({ at, act, schema, seen, signature }: RecordHead): Uint8Array {
  const message = act.message === null ? null : shortened(act.message);
  const out = new ByteWriter();
  out.byte(
    (message === null ? 0 : withMessage) |
      (act.root === null ? 0 : withRoot) |
      (act.sign < 0 ? takesAway : 0) |
      (signature ? signed : 0),
  );
  out.number(at);
  out.text(act.uid);
  if (message !== null) out.text(message);
  if (act.root !== null) out.text(act.root);
  out.number(act.part);
  out.number(act.parts);
  for (let i = 0; i < 32; i += 2) out.byte(Number.parseInt(schema.slice(i, i + 2), 16));
  out.number(seen.length);
  for (const [client, clock] of seen) {
    out.number(client);
    out.number(clock);
  }
  if (signature) out.raw(signature);
  return out.done();
}

/** Titles name files, whose names may be long; a cut pair of surrogates would be no text. */
function shortened(message: string): string {
  return message.length <= 500 ? message : `${message.slice(0, 499).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Head and body of an item's bytes, the head taken apart. */
export function splitContent(content: Uint8Array): {
  head: RecordHead;
  headBytes: Uint8Array;
  body: Uint8Array;
} {
  if (content.length > mostRecordBytes)
    throw refusedUpdate(
      'too large',
      `A record of a log was refused: it has ${content.length} bytes, where ${mostRecordBytes} are the most.`,
      { bytes: content.length, limit: mostRecordBytes },
    );
  const reader = new ByteReader(content);
  const version = reader.byte('the format of a record');
  if (version > format)
    throw refusedUpdate(
      'newer',
      `A record of a log has the format ${version}; this Loam reads up to ${format}. Reload the page to update Loam.`,
      { format: version },
    );
  if (version !== format) throw malformed(`a record has the unknown format ${version}`);
  const headBytes = reader.block('the head of a record', mostRecordBytes);
  return { head: readHead(headBytes), headBytes, body: reader.raw(reader.left, 'the body of a record') };
}

/** The head alone, as the store keeps it. */
export function readHead(bytes: Uint8Array): RecordHead {
  const reader = new ByteReader(bytes);
  const flags = reader.byte('a head');
  if (flags > 15) throw malformed('a head has unknown marks');
  const at = reader.number('the time of a record');
  const uid = nameOf(reader, 'the uid of an act');
  const message = flags & withMessage ? reader.text('the title of an act', mostMessage) : null;
  const root = flags & withRoot ? nameOf(reader, 'the uid of an act') : null;
  const part = reader.number('the part of an act');
  const parts = reader.number('the parts of an act');
  if (parts < 1 || part >= parts || parts > mostParts)
    throw malformed(`a record is part ${part} of ${parts} of its act`);
  const schema = Array.from(reader.raw(16, 'the fingerprint of the tables'), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  const seen: [number, number][] = [];
  for (let n = reader.count('clients that were seen', 2, mostSeen); n > 0; n--) {
    const client = reader.number('a client');
    if (client <= (seen.at(-1)?.[0] ?? -1)) throw malformed('clients that were seen are out of order');
    seen.push([client, reader.number('a clock')]);
  }
  const signature = flags & signed ? reader.raw(64, 'a signature').slice() : null;
  if (reader.left > 0) throw malformed('a head goes on behind its end');
  return {
    at,
    act: { uid, message, root, sign: flags & takesAway ? -1 : 1, part, parts },
    schema,
    seen,
    signature,
  };
}

function nameOf(reader: ByteReader, what: string): string {
  const name = reader.text(what, mostUid);
  if (!/^[!-~]+$/.test(name)) throw malformed(`${what} is none`);
  return name;
}

/** Refuses in words what no Loam of this format writes. `content` may come from anybody. */
export function decodeRecord(content: Uint8Array): SyncRecord {
  const { head, body } = splitContent(content);
  const { u, b, k, o } = readBody(body, mostBodyText);
  return {
    at: head.at,
    author: u,
    branch: b,
    act: { ...head.act, kind: k },
    schema: head.schema,
    seen: head.seen,
    operations: o,
    signature: head.signature,
  };
}

/** What a signature is over: the place and all bytes of the record but the signature. */
export function signedBytes(
  { doc, client, clock }: Omit<PlacedRecord, 'record'>,
  content: Uint8Array,
): Uint8Array {
  const { head, body } = splitContent(content);
  const out = new ByteWriter(content.length + 64);
  out.raw(strToU8('loam record 1\n'));
  out.text(doc);
  out.number(client);
  out.number(clock);
  out.block(encodeHead({ ...head, signature: null }));
  out.raw(body);
  return out.done();
}
