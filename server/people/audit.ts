// The audit log: a chain of entries, each of whose hashes covers the one before it, so that an entry that was changed,
// left out, put in or moved is found. Written in the transaction that it tells of.
import { createHash } from 'node:crypto';
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import type { PostgresSession } from '../postgres.ts';

/** What is told. Never a secret, nor anything that one could be guessed from. */
export interface AuditEntry {
  /** `noun.verb`. */
  event: string;
  /** Uid of the account that did it; null where nobody was signed in, or the server did it itself. */
  actor: string | null;
  instance?: string | null;
  /** Uid of what it was done to. */
  subject?: string | null;
  branch?: string | null;
  /** Name of a registry table. */
  tab?: string | null;
  /** Of writes that were made offline: where, and when (milliseconds). `at` is when they arrived. */
  device?: string | null;
  writtenAt?: number | null;
  details?: Record<string, string | number | boolean | null | readonly string[]>;
}

export interface AuditRow extends Required<Omit<AuditEntry, 'writtenAt' | 'details'>> {
  seq: number;
  /** As Postgres tells it, UTC. */
  at: string;
  writtenAt: string | null;
  details: string;
}

/** The newest entry. Kept elsewhere (by clients, in a log of the machine), it shows later that the end was not cut off. */
export interface AuditHead {
  seq: number;
  /** Hexadecimal. */
  hash: string;
}

const start: Buffer = Buffer.alloc(32);
const rowsPerInsert = 200;
const columns = 'seq, at, instance, actor, event, subject, branch, tab, device, written_at, details';

/** Appends within the caller's transaction. The head is locked until its end: entries are numbered without gaps. */
export async function appendAudit(
  session: PostgresSession,
  now: number,
  entries: readonly AuditEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const { rows } = await session.query('SELECT seq, hash FROM loam.audit_head FOR UPDATE');
  let seq = Number(rows[0]?.[0]);
  let hash: Buffer = Buffer.from(rows[0]?.[1] as Uint8Array);
  const written: SqlValue[][] = [];
  for (const entry of entries) {
    seq += 1;
    const row = rowOf(seq, now, entry);
    hash = hashOf(hash, row);
    written.push([...row, new Uint8Array(hash)]);
  }
  const sent: Promise<unknown>[] = [];
  for (let from = 0; from < written.length; from += rowsPerInsert) {
    const part = written.slice(from, from + rowsPerInsert);
    const width = part[0]?.length ?? 0;
    const tuples = part.map((row, i) => `(${row.map((_, c) => `$${i * width + c + 1}`).join(', ')})`);
    sent.push(
      session.query(`INSERT INTO loam.audit (${columns}, hash) VALUES ${tuples.join(', ')}`, part.flat()),
    );
  }
  sent.push(session.query('UPDATE loam.audit_head SET seq = $1, hash = $2', [seq, new Uint8Array(hash)]));
  await Promise.all(sent);
}

/** The time as Postgres tells it again, since the hash is made of what is read back. */
const told = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace('T', ' ').replace('Z', '000');

function rowOf(seq: number, now: number, entry: AuditEntry): SqlValue[] {
  const { instance, actor, event, subject, branch, tab, device, writtenAt, details } = entry;
  return [
    ...[seq, told(now), instance ?? null, actor, event, subject ?? null, branch ?? null],
    ...[tab ?? null, device ?? null, writtenAt == null ? null : told(writtenAt)],
    JSON.stringify(details ?? {}),
  ];
}

/** JSON keeps the borders between values: no two entries have the same text. */
const hashOf = (before: Buffer, row: readonly SqlValue[]): Buffer =>
  createHash('sha256').update(before).update(JSON.stringify(row)).digest();

export interface AuditFault {
  /** The entry at which the chain breaks. */
  seq: number;
  what: string;
}

export interface AuditVerdict {
  entries: number;
  head: AuditHead;
  /** None: the log is whole. The first break of each kind of place; what follows a break is checked against itself. */
  faults: AuditFault[];
}

const page = 5000;

/**
 * Reads the whole log and checks every hash. `anchors` are heads that were kept elsewhere: with one, a log that was cut
 * off at its end, or written anew with fitting hashes, is found as well.
 */
export async function verifyAudit(
  session: PostgresSession,
  anchors: readonly AuditHead[] = [],
  onProgress: (checked: number) => void = () => undefined,
): Promise<AuditVerdict> {
  const faults: AuditFault[] = [];
  const wanted = new Map(anchors.map(({ seq, hash }) => [seq, hash]));
  let seq = 0;
  let before = start;
  let read: SqlValue = -(2n ** 63n);
  for (;;) {
    const { rows } = await session.query(
      `SELECT ${columns}, hash FROM loam.audit WHERE seq > $1 ORDER BY seq LIMIT ${page}`,
      [read],
    );
    for (const row of rows) {
      const at = Number(row[0]);
      read = row[0] ?? 0;
      const hash = Buffer.from(row[11] as Uint8Array);
      if (at < 1) {
        faults.push({ seq: at, what: 'entries are numbered from 1' });
        continue;
      }
      if (at !== seq + 1) faults.push({ seq: at, what: `entries ${seq + 1} to ${at - 1} are missing` });
      else if (!hashOf(before, row.slice(0, 11)).equals(hash))
        faults.push({ seq: at, what: 'its text does not fit its hash and the entry before it' });
      const kept = wanted.get(at);
      if (kept !== undefined && kept !== hash.toString('hex'))
        faults.push({ seq: at, what: 'it is not the entry that was there when its hash was kept' });
      wanted.delete(at);
      [seq, before] = [at, hash];
    }
    onProgress(seq);
    if (rows.length < page) break;
  }
  const head = await auditHead(session);
  if (head.seq !== seq || head.hash !== before.toString('hex'))
    faults.push({ seq, what: `the log ends here, where it should end with entry ${head.seq}` });
  for (const [kept] of wanted)
    if (kept > 0) faults.push({ seq: kept, what: 'it was there when its hash was kept, and is missing' });
  return { entries: seq, head: { seq, hash: before.toString('hex') }, faults };
}

/** The newest entry as the log tells it. */
export async function auditHead(session: PostgresSession): Promise<AuditHead> {
  const { rows } = await session.query('SELECT seq, hash FROM loam.audit_head');
  const [seq, hash] = rows[0] ?? [0, start];
  return { seq: Number(seq), hash: Buffer.from((hash ?? start) as Uint8Array).toString('hex') };
}

export interface AuditFilter {
  instance?: string;
  actor?: string;
  event?: string;
  branch?: string;
  tab?: string;
  /** Times as ISO text: from this one on, before that one. */
  from?: string;
  until?: string;
  /** Entries before this one: the next page. */
  before?: number;
  limit?: number;
}

/** Newest first. */
export async function readAudit(session: PostgresSession, filter: AuditFilter): Promise<AuditRow[]> {
  const params: SqlValue[] = [];
  const where: string[] = [];
  const add = (sql: string, value: SqlValue | undefined) => {
    if (value === undefined) return;
    params.push(value);
    where.push(sql.replace('?', `$${params.length}`));
  };
  add('instance = ?', filter.instance);
  add('actor = ?', filter.actor);
  add('event = ?', filter.event);
  add('branch = ?', filter.branch);
  add('tab = ?', filter.tab);
  add('at >= ?', filter.from);
  add('at < ?', filter.until);
  add('seq < ?', filter.before);
  const { rows } = await session.query(
    `SELECT ${columns} FROM loam.audit ${where.length ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY seq DESC LIMIT ${Math.min(Math.max(1, Math.trunc(filter.limit ?? 100)), 1000)}`,
    params,
  );
  const text = (value: SqlValue | undefined) => (value == null ? null : String(value));
  return rows.map((row) => ({
    seq: Number(row[0]),
    at: String(row[1]),
    instance: text(row[2]),
    actor: text(row[3]),
    event: String(row[4]),
    subject: text(row[5]),
    branch: text(row[6]),
    tab: text(row[7]),
    device: text(row[8]),
    writtenAt: text(row[9]),
    details: String(row[10]),
  }));
}
