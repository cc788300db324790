// The log in Postgres: appended to under the instance's lock, read by place.
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import { timeOf } from '../people/ground.ts';
import type { PostgresSession } from '../postgres.ts';

/** The channel on which nodes hear that an instance's log has grown; the payload is the instance's uid and its newest place. */
export const logChannel = 'loam_log';

/** The same in all nodes; with the instance's uid it names the lock of an instance. */
const lockClass = 0x10a6;

export interface LogRow {
  seq: number;
  kind: 'item' | 'void';
  doc: string;
  client: number;
  clock: number;
  /** Null: it was refused. */
  content: Uint8Array | null;
  reason: string | null;
  account: string | null;
}

/** Until the end of the transaction nobody else writes into the log of this instance, here or on another node. */
export async function lockInstance(session: PostgresSession, instance: string): Promise<void> {
  await session.query('SELECT pg_advisory_xact_lock($1::int, hashtext($2))', [lockClass, instance]);
}

/** Place of the newest row; 0 where there is none. */
export async function logHead(session: PostgresSession, instance: string): Promise<number> {
  const { rows } = await session.query(
    'SELECT seq FROM loam.log_item WHERE instance = $1 ORDER BY seq DESC LIMIT 1',
    [instance],
  );
  return Number(rows[0]?.[0] ?? 0);
}

/** Rows behind `after`, at most so many of them. */
export async function readLog(
  session: PostgresSession,
  instance: string,
  after: number,
  most: number,
): Promise<LogRow[]> {
  const { rows } = await session.query(
    `SELECT seq, kind, doc, client, clock, content, reason, account FROM loam.log_item
     WHERE instance = $1 AND seq > $2 ORDER BY seq LIMIT $3::int`,
    [instance, after, most],
  );
  return rows.map(([seq, kind, doc, client, clock, content, reason, account]) => ({
    ...{ seq: Number(seq), kind: kind as LogRow['kind'], doc: String(doc) },
    ...{ client: Number(client), clock: Number(clock), content: (content as Uint8Array | null) ?? null },
    ...{
      reason: reason === null ? null : String(reason),
      account: account === null ? null : String(account),
    },
  }));
}

const mostReason = 2000;
const rowsPerInsert = 200;

/** Appends behind `head`, in the caller's transaction, which holds the lock. Others hear of it when it is through. */
export async function appendLog(
  session: PostgresSession,
  instance: string,
  now: number,
  head: number,
  rows: readonly Omit<LogRow, 'seq'>[],
): Promise<number> {
  if (rows.length === 0) return head;
  const at = timeOf(now);
  const sent: Promise<unknown>[] = [];
  for (let from = 0; from < rows.length; from += rowsPerInsert) {
    const part = rows.slice(from, from + rowsPerInsert);
    const params: SqlValue[] = [instance, at];
    const tuples = part.map((row, i) => {
      const first = params.length;
      params.push(head + from + i + 1, row.kind, row.doc, row.client, row.clock, row.content);
      params.push(row.reason === null ? null : row.reason.slice(0, mostReason), row.account);
      const marks = Array.from({ length: 8 }, (_, n) => `$${first + n + 1}`);
      return `($1, ${marks.join(', ')}, $2)`;
    });
    sent.push(
      session.query(
        `INSERT INTO loam.log_item (instance, seq, kind, doc, client, clock, content, reason, account, at) VALUES ${tuples.join(', ')}`,
        params,
      ),
    );
  }
  const gone = rows.filter(({ kind }) => kind === 'void');
  const empty = session.each(
    `UPDATE loam.log_item SET content = NULL, reason = $4 WHERE instance = $1 AND client = $2 AND clock = $3 AND kind = 'item'`,
    gone.map(({ client, clock, reason }) => [instance, client, clock, reason?.slice(0, mostReason) ?? null]),
  );
  const heard = session.query('SELECT pg_notify($1, $2)', [logChannel, `${instance} ${head + rows.length}`]);
  await Promise.all([...sent, empty, heard]);
  return head + rows.length;
}
