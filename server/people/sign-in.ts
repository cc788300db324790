// Coming in with a password: sign-up by invitation, and sign-in. Whether there is such an account is told by neither the
// answer nor the work.
import { LoamError } from '../../src/lib/engine/errors.ts';
import {
  accountBySignIn,
  checkNames,
  makeAccount,
  newPassword,
  plainName,
  type Account,
} from './accounts.ts';
import { transact, type Ground } from './ground.ts';
import { lookAtInvitation, useInvitation, type Invitation } from './invitations.ts';
import { forgiveTries, takeTries, usualLimits, type Limits } from './limits.ts';
import { passwordLengths } from './password.ts';
import { hashOf } from './secrets.ts';
import { beginSession, type Session } from './sessions.ts';

/** Where somebody comes from. */
export interface Visitor {
  /** Network address, as the socket or a trusted proxy tells it. */
  address: string;
  agent: string;
}

export interface Entered {
  account: Account;
  session: Session;
  /** For the cookie. */
  token: string;
}

/** Takes a try of the address alone: before anything that guesses could be made at. */
export async function takeVisit(
  ground: Ground,
  visitor: Visitor,
  limits: Limits = usualLimits,
): Promise<void> {
  const now = ground.now();
  await ground.postgres.session((session) => takeTries(session, now, limits, [['address', visitor.address]]));
}

/** A new account by an invitation, with a session. */
export async function signUp(
  ground: Ground,
  given: { invitation: string; handle: string; name: string; password: string },
  visitor: Visitor,
  limits: Limits = usualLimits,
): Promise<Entered & { invitation: Invitation }> {
  await takeVisit(ground, visitor, limits);
  const handle = plainName(given.handle);
  checkNames(handle, given.name);
  // Asked before the long work for the password, and again when it is used.
  const offered = await lookAtInvitation(ground, given.invitation);
  const password = await newPassword(ground, given.password, [handle, given.name, offered.email ?? '']);
  return await transact(ground, async (tx) => {
    const { account, invitation } = await useInvitation(tx, hashOf(given.invitation), ({ email }) =>
      makeAccount(ground, tx, { kind: 'person', handle, name: given.name, email, password }),
    );
    const { token, session } = await beginSession(ground, tx, account, {
      agent: visitor.agent,
      how: 'sign-up',
    });
    return { account, invitation, token, session };
  });
}

/** Handle or e-mail address, and password. The same words for everything that is not right. */
export async function signIn(
  ground: Ground,
  given: { who: string; password: string },
  visitor: Visitor,
  limits: Limits = usualLimits,
): Promise<Entered> {
  const who = plainName(given.who).slice(0, 254);
  const pair = `${visitor.address}\0${who}`;
  const now = ground.now();
  const found = await ground.postgres.session(async (session) => {
    await takeTries(session, now, limits, [
      ['address', visitor.address],
      ['account', who],
      ['pair', pair],
    ]);
    return await accountBySignIn(session, who);
  });
  // Longer ones are nobody's, and would only take time.
  const password = given.password.length > passwordLengths.most * 2 ? '' : given.password;
  const right = await ground.passwords.check(password, found?.password ?? null);
  if (!found || !right) {
    await transact(ground, (tx) => {
      tx.tell({ event: 'sign-in.refused', actor: null, subject: found?.account.uid ?? null });
      return Promise.resolve();
    });
    throw new LoamError('SignInNeeded', 'Handle or password is not right.');
  }
  const { account } = found;
  const stored = found.password ?? '';
  const stronger = ground.passwords.isWeak(stored) ? await ground.passwords.hash(password) : null;
  return await transact(ground, async (tx) => {
    // The password may have been changed, or the account closed, while this one was looked at.
    const { rows } = await tx.session.query(
      'SELECT 1 FROM loam.account WHERE id = $1 AND password = $2 AND closed_at IS NULL FOR UPDATE',
      [account.id, stored],
    );
    if (!rows[0]) throw new LoamError('SignInNeeded', 'Handle or password is not right.');
    if (stronger !== null)
      await tx.session.query('UPDATE loam.account SET password = $1 WHERE id = $2', [stronger, account.id]);
    await forgiveTries(tx.session, 'pair', pair);
    const { token, session } = await beginSession(ground, tx, account, {
      agent: visitor.agent,
      how: 'password',
    });
    return { account, token, session };
  });
}
