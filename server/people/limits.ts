// How often somebody may try: buckets of tokens in the database, so that all servers count together and a restart forgets
// nothing.
import { createHash } from 'node:crypto';
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { PostgresSession } from '../postgres.ts';
import { timeOf } from './ground.ts';

export interface Limit {
  /** Tries at once. */
  burst: number;
  /** Seconds until one more is free. */
  seconds: number;
}

export interface Limits {
  /** One address trying one account: guessing a password. */
  pair: Limit;
  /** Everybody trying one account: guessing from many addresses. Wide, since it can shut the owner out. */
  account: Limit;
  /** One address trying anything: many accounts, invitations, keys. */
  address: Limit;
}

export const usualLimits: Limits = {
  pair: { burst: 5, seconds: 60 },
  account: { burst: 100, seconds: 60 },
  address: { burst: 60, seconds: 2 },
};

/** The name is hashed: names that nobody has are limited like all others, and what was typed is not kept. */
const keyOf = (kind: keyof Limits, who: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`${kind}\0${who}`).digest());

/**
 * Takes one token of each bucket, or throws with the seconds to wait. One statement for each, so that two tries at the
 * same time take two. Outside of the transaction of what is tried, whose failure must not give it back.
 */
export async function takeTries(
  session: PostgresSession,
  now: number,
  limits: Limits,
  tries: readonly (readonly [kind: keyof Limits, who: string])[],
): Promise<void> {
  let wait = 0;
  for (const [kind, who] of tries) {
    const { burst, seconds } = limits[kind];
    const { rows } = await session.query(
      `INSERT INTO loam.rate AS r (key, tokens, at) VALUES ($1, $2::float8 - 1, $3)
       ON CONFLICT (key) DO UPDATE SET
         tokens = greatest(-1, least($2::float8, r.tokens + greatest(0, extract(epoch FROM excluded.at - r.at)) / $4::float8) - 1),
         at = greatest(r.at, excluded.at)
       RETURNING tokens`,
      [keyOf(kind, who), burst, timeOf(now), seconds],
    );
    const left = Number(rows[0]?.[0]);
    if (left < 0) wait = Math.max(wait, Math.ceil(-left * seconds));
  }
  if (wait > 0)
    throw new LoamError(
      'TooManyTries',
      `Too many tries. Try again in ${wait.toLocaleString('en')} seconds.`,
      {
        seconds: wait,
      },
    );
}

/** After a success: the tries before it were the owner's typing errors. */
export async function forgiveTries(session: PostgresSession, kind: keyof Limits, who: string): Promise<void> {
  await session.query('DELETE FROM loam.rate WHERE key = $1', [keyOf(kind, who)]);
}

/** Buckets that are full again by any limit say nothing. */
export async function sweepTries(session: PostgresSession, now: number): Promise<number> {
  const { changes } = await session.query('DELETE FROM loam.rate WHERE at < $1', [
    timeOf(now - 24 * 3_600_000),
  ]);
  return changes;
}
