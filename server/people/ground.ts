// What everything about people stands on: the database, a clock, random bytes, and transactions that tell of themselves
// in the audit log.
import { randomFillSync } from 'node:crypto';
import { inPostgresTransaction, type Postgres, type PostgresSession } from '../postgres.ts';
import { appendAudit, type AuditEntry } from './audit.ts';
import { passwordWork, type PasswordWork } from './password.ts';

export interface Ground {
  readonly postgres: Postgres;
  /** Milliseconds since 1970. */
  now(): number;
  /** Fills with random bytes of the system's. */
  random(bytes: Uint8Array): Uint8Array;
  readonly passwords: PasswordWork;
}

/** The ground of a server; tests put their own clock in. */
export const groundOf = (postgres: Postgres, own: Partial<Ground> = {}): Ground => ({
  postgres,
  now: Date.now,
  random: (bytes) => randomFillSync(bytes),
  passwords: passwordWork(),
  ...own,
});

/** Text that Postgres reads as a time. */
export const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** The time that Postgres told (`2026-01-02 03:04:05.000000`, UTC). */
export const millisecondsOf = (text: unknown): number => Date.parse(`${String(text).replace(' ', 'T')}Z`);

export interface Transaction {
  readonly session: PostgresSession;
  readonly now: number;
  /** Kept until the work is done and then written, so that the log is locked for the shortest time and always last. */
  tell(entry: AuditEntry): void;
}

/** The channel on which servers hear whose access has changed; the payload is the account's uid. */
export const accessChannel = 'loam_access';

/**
 * One transaction. What it tells is written to the audit log in it: with it or not at all. Never called within another
 * one: the embedded database has one connection.
 */
export async function transact<T>(ground: Ground, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return await ground.postgres.session((session) =>
    inPostgresTransaction(session, async () => {
      const told: AuditEntry[] = [];
      const now = ground.now();
      const value = await work({ session, now, tell: (entry) => told.push(entry) });
      if (told.length > 0) await appendAudit(session, now, told);
      return value;
    }),
  );
}

/** Servers that hold a connection of this account look at its access again, once the transaction is through. */
export async function accessChanged({ session }: Transaction, accountUid: string): Promise<void> {
  await session.query('SELECT pg_notify($1, $2)', [accessChannel, accountUid]);
}
