// A small team over a database of the suite: a clock that is moved by hand, passwords that cost little.
import { randomFillSync } from 'node:crypto';
import { expect } from 'vitest';
import { openLoamSchema } from '../../server/loam-schema.ts';
import type { Account } from '../../server/people/accounts.ts';
import { groundOf, type Ground } from '../../server/people/ground.ts';
import { firstInvitation, invite } from '../../server/people/invitations.ts';
import { usualLimits, type Limits } from '../../server/people/limits.ts';
import { passwordWork, type PasswordWork } from '../../server/people/password.ts';
import { signUp, type Entered } from '../../server/people/sign-in.ts';
import type { Postgres } from '../../server/postgres.ts';
import type { ErrorCode, LoamError } from '../../src/lib/engine/errors.ts';
import type { Role } from '../../src/lib/engine/sync/access.ts';

export const goodPassword = 'correct horse battery staple';
export const visitor = { address: '192.0.2.7', agent: 'test' };
export const cheap = { N: 16, r: 1, p: 1 };

export interface World {
  readonly ground: Ground;
  readonly limits: Limits;
  readonly instance: string;
  /** Moves the clock. */
  pass(milliseconds: number): void;
  readonly passwords: PasswordWork & { checked: number };
  /** A person with a role in the instance; the first one is its administrator. */
  person(handle: string, role?: Role, instance?: string): Promise<Entered>;
  readonly admin: Account;
}

/** Everything in the schema is thrown away first, so that suites and tests share one database. */
export async function world(postgres: Postgres, limits: Limits = usualLimits): Promise<World> {
  await postgres.session((session) => session.exec('DROP SCHEMA IF EXISTS loam CASCADE'));
  await openLoamSchema(postgres);
  let now = Date.UTC(2026, 10, 28);
  const work = passwordWork(cheap);
  const passwords = {
    ...work,
    checked: 0,
    async check(password: string, stored: string | null) {
      passwords.checked += 1;
      return await work.check(password, stored);
    },
  };
  const ground = groundOf(postgres, { now: () => now, random: (bytes) => randomFillSync(bytes), passwords });
  const wide = { ...usualLimits, address: { burst: 10_000, seconds: 1 } };
  const instance = 'instance0001';
  const token = (await firstInvitation(ground, instance)) ?? '';
  const made = (invitation: string, handle: string) =>
    signUp(ground, { invitation, handle, name: `The ${handle}`, password: goodPassword }, visitor, wide);
  const { account: admin } = await made(token, 'admin');
  return {
    ...{ ground, limits, instance, admin, passwords },
    pass: (milliseconds) => (now += milliseconds),
    async person(handle, role = 'write', at = instance) {
      if (at !== instance) return await made((await firstInvitation(ground, at)) ?? '', handle);
      const { token } = await invite(ground, { instance, by: admin, role, hours: 1 });
      return await made(token, handle);
    },
  };
}

/** The error that the work ends with. */
export async function refusal(work: Promise<unknown>, code?: ErrorCode): Promise<LoamError> {
  const error = await work.then(
    () => Promise.reject(new Error('this was to be refused')),
    (thrown: LoamError) => thrown,
  );
  if (code !== undefined) expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: `));
  return error;
}
