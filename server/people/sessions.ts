// Sessions of people: a random token in a cookie, its hash in the database. The token changes as it is used; an old one
// that comes back is the sign of a theft and ends the session.
import { LoamError } from '../../src/lib/engine/errors.ts';
import { accountColumns, accountOf, type Account } from './accounts.ts';
import { accessChanged, millisecondsOf, timeOf, transact, type Ground, type Transaction } from './ground.ts';
import { hashOf, newCsrf, newToken, tokenHash } from './secrets.ts';

export interface Session {
  readonly id: number;
  readonly account: Account;
  readonly expiresAt: number;
  /** To be sent as `x-loam-csrf` beside the cookie. */
  readonly csrf: string;
}

export interface SeenSession {
  readonly session: Session;
  /** The token that takes the place of the one that came; null if it stays. */
  readonly fresh: string | null;
}

const minute = 60_000;
const day = 24 * 60 * minute;
export const sessionTimes = {
  /** Since the sign-in. */
  most: 30 * day,
  /** Without being used. */
  idle: 14 * day,
  rotated: 15 * minute,
  /** In which requests that were on their way still come with the token before. */
  grace: minute,
} as const;

/** Begins a session within the caller's transaction. Always with a new token: one that somebody planted is worth nothing. */
export async function beginSession(
  ground: Ground,
  { session, now, tell }: Transaction,
  account: Account,
  given: { agent: string; how: string },
): Promise<{ token: string; session: Session }> {
  const token = newToken(ground, 'session');
  const csrf = newCsrf(ground);
  const expiresAt = now + sessionTimes.most;
  const { rows } = await session.query(
    `INSERT INTO loam.session (account, hash, csrf, made_at, rotated_at, seen_at, expires_at, agent)
     VALUES ($1, $2, $3, $4, $4, $4, $5, $6) RETURNING id`,
    [account.id, hashOf(token), csrf, timeOf(now), timeOf(expiresAt), plainAgent(given.agent)],
  );
  tell({ event: 'session.begun', actor: account.uid, subject: account.uid, details: { how: given.how } });
  const id = Number(rows[0]?.[0]);
  return { token, session: { id, account, expiresAt, csrf } };
}

const plainAgent = (agent: string): string => agent.replace(/[^\x20-\x7e]/g, '').slice(0, 200);

/** The session of a token, or null: what is no token, has ended, was signed out, or belongs to a closed account. */
export async function seeSession(ground: Ground, token: unknown): Promise<SeenSession | null> {
  const hash = tokenHash(token, 'session');
  if (hash === null || typeof token !== 'string') return null;
  const now = ground.now();
  const row = await ground.postgres.session(async (session) => {
    const { rows } = await session.query(
      `SELECT ${accountColumns}, s.id, s.hash = $1, s.arrived, s.rotated_at, s.seen_at, s.expires_at, s.csrf
       FROM loam.session s JOIN loam.account a ON a.id = s.account
       WHERE (s.hash = $1 OR s.before = $1) AND a.closed_at IS NULL`,
      [hash],
    );
    return rows[0];
  });
  if (!row) return null;
  const account = accountOf(row);
  const [id, isNewest, arrived] = [Number(row[6]), Boolean(row[7]), Boolean(row[8])];
  const [rotatedAt, seenAt, expiresAt] = [row[9], row[10], row[11]].map(millisecondsOf) as [
    number,
    number,
    number,
  ];
  if (now >= expiresAt || now >= seenAt + sessionTimes.idle) return null;
  const found: Session = { id, account, expiresAt, csrf: String(row[12]) };
  if (!isNewest && arrived && now > rotatedAt + sessionTimes.grace) {
    await endStolen(ground, id, account);
    return null;
  }
  // One whose successor never arrived (the answer was lost) is as good as ever.
  const isDue = isNewest
    ? now >= rotatedAt + sessionTimes.rotated
    : !arrived && now > rotatedAt + sessionTimes.grace;
  if (isDue) {
    const fresh = newToken(ground, 'session');
    const changes = await ground.postgres.session(async (session) => {
      const rotated = await session.query(
        `UPDATE loam.session SET before = $3, hash = $2, arrived = false, rotated_at = $4, seen_at = $4
         WHERE id = $1 AND rotated_at = $5`,
        [id, hashOf(fresh), hash, timeOf(now), String(row[9])],
      );
      return rotated.changes;
    });
    // Where another request was faster, its answer carries the new token.
    return { session: found, fresh: changes === 1 ? fresh : null };
  }
  if ((isNewest && !arrived) || now >= seenAt + minute)
    await ground.postgres.session((session) =>
      session.query('UPDATE loam.session SET seen_at = $2, arrived = arrived OR hash = $3 WHERE id = $1', [
        id,
        timeOf(now),
        hash,
      ]),
    );
  return { session: found, fresh: null };
}

async function endStolen(ground: Ground, id: number, account: Account): Promise<void> {
  await transact(ground, async (tx) => {
    const { changes } = await tx.session.query('DELETE FROM loam.session WHERE id = $1', [id]);
    if (changes === 0) return;
    tx.tell({ event: 'session.replayed', actor: null, subject: account.uid });
    await accessChanged(tx, account.uid);
  });
}

/** Signs out: this session, or all of the account. */
export async function endSessions(ground: Ground, seen: Session, everywhere: boolean): Promise<number> {
  return await transact(ground, async (tx) => {
    const { changes } = everywhere
      ? await tx.session.query('DELETE FROM loam.session WHERE account = $1', [seen.account.id])
      : await tx.session.query('DELETE FROM loam.session WHERE id = $1', [seen.id]);
    if (changes === 0) return 0;
    const { account } = seen;
    tx.tell({
      event: 'session.ended',
      actor: account.uid,
      subject: account.uid,
      details: { everywhere, changes },
    });
    await accessChanged(tx, account.uid);
    return changes;
  });
}

/** For sockets, which outlive requests: whether the session is still one. */
export async function sessionLives(ground: Ground, id: number): Promise<boolean> {
  const now = ground.now();
  const { rows } = await ground.postgres.session((session) =>
    session.query(
      `SELECT 1 FROM loam.session s JOIN loam.account a ON a.id = s.account
       WHERE s.id = $1 AND s.expires_at > $2 AND a.closed_at IS NULL`,
      [id, timeOf(now)],
    ),
  );
  return rows.length > 0;
}

/** Throws what every way of not being signed in gets. */
export const signInNeeded = (): LoamError => new LoamError('SignInNeeded', 'Sign in first.');

/** Rows that nothing can come back to. */
export async function sweepSessions(ground: Ground): Promise<number> {
  const now = ground.now();
  return await ground.postgres.session(async (session) => {
    const { changes } = await session.query(
      'DELETE FROM loam.session WHERE expires_at <= $1 OR seen_at <= $2',
      [timeOf(now), timeOf(now - sessionTimes.idle)],
    );
    await session.query('DELETE FROM loam.sign_in WHERE expires_at <= $1', [timeOf(now)]);
    return changes;
  });
}
