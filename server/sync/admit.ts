// Who a connection is: the API key that `hello` shows, else the session of the request's cookie. Asked before anything is told,
// and again whenever it may have changed.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Access } from '../../src/lib/engine/sync/access.ts';
import type { Account } from '../people/accounts.ts';
import { seeKey } from '../people/api-keys.ts';
import { millisecondsOf, type Ground } from '../people/ground.ts';
import type { Limits } from '../people/limits.ts';
import { accessOf } from '../people/rights.ts';
import { seeSession, sessionLives } from '../people/sessions.ts';
import { takeVisit } from '../people/sign-in.ts';
import type { Who } from './brought.ts';

export interface Admitted {
  who: Who & { readonly account: Account };
  access: Access;
  /** Whether what it came with is still good; false ends the connection. */
  lives(): Promise<boolean>;
}

export interface AdmitDeps {
  ground: Ground;
  limits?: Limits;
  instance: string;
}

interface Shown {
  token: string | null;
  cookie: string | null;
  address: string;
  agent: string;
}

/** Throws `SignInNeeded` or `NoAccess`, in the same words whatever it is that is not there. */
export async function admit(deps: AdmitDeps, shown: Shown): Promise<Admitted> {
  const { ground, limits, instance } = deps;
  const { address, agent } = shown;
  const given = shown.token ?? shown.cookie;
  if (given === null) throw new LoamError('SignInNeeded', 'Sign in first, or give an API key.');
  const found = shown.token === null ? await bySession(ground, given) : await byKey(ground, given, instance);
  if (!found) {
    await takeVisit(ground, { address, agent }, limits);
    throw new LoamError(
      'SignInNeeded',
      shown.token === null
        ? 'The session has ended. Sign in again.'
        : 'The API key is not right, has ended, or was taken back.',
    );
  }
  const access = await accessNow(deps, found.who);
  if (!access) throw noMember();
  return { ...found, access };
}

export const noMember = (): LoamError =>
  new LoamError('NoAccess', 'You are no member of this instance. Ask an administrator for an invitation.');

/** What somebody may do now; null: nothing any more. */
export const accessNow = (
  { ground, instance }: AdmitDeps,
  { account, limits }: Who,
): Promise<Access | null> =>
  ground.postgres.session((session) => accessOf(session, instance, account, limits));

async function bySession(ground: Ground, token: string): Promise<Pick<Admitted, 'who' | 'lives'> | null> {
  // A token that takes the place of this one could not be given to the browser here; the next request to /api brings one.
  const seen = await seeSession(ground, token);
  if (!seen) return null;
  const { id, account } = seen.session;
  return { who: { account, limits: null }, lives: () => sessionLives(ground, id) };
}

async function byKey(
  ground: Ground,
  token: string,
  instance: string,
): Promise<Pick<Admitted, 'who' | 'lives'> | null> {
  const key = await seeKey(ground, token);
  if (key?.instance !== instance) return null;
  const { account, role, spaces, branches } = key;
  return {
    who: { account, limits: { role, spaces, branches } },
    async lives() {
      const { rows } = await ground.postgres.session((session) =>
        session.query(
          `SELECT k.expires_at FROM loam.api_key k JOIN loam.account a ON a.id = k.account
           WHERE k.prefix = $1 AND k.revoked_at IS NULL AND a.closed_at IS NULL`,
          [key.prefix],
        ),
      );
      return rows[0] !== undefined && ground.now() < millisecondsOf(rows[0][0]);
    },
  };
}
