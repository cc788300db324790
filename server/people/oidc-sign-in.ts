// Coming in by an OIDC provider. An identity that is known opens its account; a new one makes an account by an invitation,
// or is linked to the account with the same verified address once the owner of that account, signed in, says yes.
import { LoamError } from '../../src/lib/engine/errors.ts';
import { accountColumns, accountOf, makeAccount, type Account } from './accounts.ts';
import { timeOf, transact, type Ground, type Transaction } from './ground.ts';
import { useInvitation } from './invitations.ts';
import type { Identity, Kept, SignInProvider } from './oidc.ts';
import { hashOf, newToken, tokenHash } from './secrets.ts';
import { beginSession, type Session } from './sessions.ts';
import type { Entered, Visitor } from './sign-in.ts';

const minutes = 10 * 60_000;

const gone = (): LoamError =>
  new LoamError(
    'SignInNeeded',
    'This sign-in was used already, or took longer than ten minutes. Begin it again.',
    { outcome: 'late' },
  );

/** Sends somebody to the provider. The token goes into a cookie of this browser: the answer is good there alone. */
export async function beginOidc(
  ground: Ground,
  provider: SignInProvider,
  given: { invitation?: string | null } = {},
): Promise<{ location: string; flow: string }> {
  const invitation = given.invitation == null ? null : tokenHash(given.invitation, 'invite');
  if (given.invitation != null && invitation === null)
    throw new LoamError('NoAccess', 'The invitation cannot be used. Ask for another one.');
  const { location, kept } = await provider.begin();
  const flow = newToken(ground, 'flow');
  const expires = timeOf(ground.now() + minutes);
  await ground.postgres.session((session) =>
    session.query(
      `INSERT INTO loam.sign_in (hash, provider, stage, kept, invitation, return_to, expires_at)
       VALUES ($1, $2, 'away', $3, $4, '/', $5)`,
      [hashOf(flow), provider.name, JSON.stringify(kept), invitation, expires],
    ),
  );
  return { location, flow };
}

/** Takes the row out: whatever comes of it, it is good once. */
async function takeFlow(
  { session, now }: Transaction,
  provider: string,
  flow: unknown,
  stage: 'away' | 'asked',
): Promise<{ kept: string; invitation: Uint8Array | null; account: number | null }> {
  const hash = tokenHash(flow, 'flow');
  if (hash === null) throw gone();
  const { rows } = await session.query(
    `DELETE FROM loam.sign_in WHERE hash = $1 AND provider = $2 AND stage = $3 AND expires_at > $4
     RETURNING kept, invitation, account`,
    [hash, provider, stage, timeOf(now)],
  );
  if (!rows[0]) throw gone();
  const [kept, invitation, account] = rows[0];
  return {
    kept: String(kept),
    invitation: (invitation as Uint8Array | null) ?? null,
    account: account == null ? null : Number(account),
  };
}

/** Somebody came back: in, or (`ask`) to be asked for consent, with a token for the cookie in both cases. */
export async function finishOidc(
  ground: Ground,
  provider: SignInProvider,
  given: { flow: unknown; current: URL; handle?: string },
  visitor: Visitor,
): Promise<{ kind: 'in'; entered: Entered } | { kind: 'ask'; flow: string; email: string }> {
  const { kept, invitation } = await transact(ground, (tx) =>
    takeFlow(tx, provider.name, given.flow, 'away'),
  );
  const identity = await provider.finish(given.current, JSON.parse(kept) as Kept);
  return await transact(ground, async (tx) => {
    const known = await accountWhere(
      tx,
      'EXISTS (SELECT 1 FROM loam.identity i WHERE i.account = a.id AND i.issuer = $1 AND i.subject = $2)',
      [identity.issuer, identity.subject],
    );
    if (known) return { kind: 'in', entered: await enter(ground, tx, known, visitor) };
    const { email } = identity;
    if (email === null)
      throw new LoamError(
        'NoAccess',
        `${provider.name} does not say that your e-mail address is verified. Sign in with a password.`,
        { outcome: 'unverified' },
      );
    const owner = await accountWhere(tx, 'a.email = $1', [email]);
    if (owner) {
      const flow = newToken(ground, 'flow');
      await tx.session.query(
        `INSERT INTO loam.sign_in (hash, provider, stage, kept, account, return_to, expires_at)
         VALUES ($1, $2, 'asked', $3, $4, '/', $5)`,
        [hashOf(flow), provider.name, JSON.stringify(identity), owner.id, timeOf(tx.now + minutes)],
      );
      return { kind: 'ask', flow, email };
    }
    if (invitation === null)
      throw new LoamError(
        'NoAccess',
        `There is no account of ${email} here. Ask an administrator for an invitation.`,
        { outcome: 'no-account' },
      );
    const { account } = await useInvitation(tx, invitation, async (offered) => {
      if (offered.email !== null && offered.email !== email)
        throw new LoamError('NoAccess', 'The invitation is for another e-mail address.', {
          outcome: 'other-address',
        });
      const handle = given.handle ?? (await freeHandle(tx, email));
      return await makeAccount(ground, tx, {
        kind: 'person',
        handle,
        name: identity.name?.trim() || handle,
        email,
      });
    });
    await link(tx, account, identity);
    return { kind: 'in', entered: await enter(ground, tx, account, visitor) };
  });
}

/** The part of the address before the @, or what it is with a number where others have that. */
async function freeHandle({ session }: Transaction, email: string): Promise<string> {
  const plain = email
    .replace(/@.*/, '')
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')
    .slice(0, 26);
  const wanted = plain.length < 2 ? `person${plain}` : plain;
  const { rows } = await session.query(
    `SELECT n FROM generate_series(1, 1000) n WHERE NOT EXISTS (
       SELECT 1 FROM loam.account WHERE handle = $1 || CASE n WHEN 1 THEN '' ELSE n::text END) ORDER BY n LIMIT 1`,
    [wanted],
  );
  const n = Number(rows[0]?.[0] ?? 1);
  return n === 1 ? wanted : `${wanted}${n}`;
}

/** What waits for a yes in this browser: told without being used up. Null where nothing does. */
export async function askedOidc(
  ground: Ground,
  flow: unknown,
): Promise<{ provider: string; email: string } | null> {
  const hash = tokenHash(flow, 'flow');
  if (hash === null) return null;
  const { rows } = await ground.postgres.session((session) =>
    session.query(
      `SELECT provider, kept FROM loam.sign_in WHERE hash = $1 AND stage = 'asked' AND expires_at > $2`,
      [hash, timeOf(ground.now())],
    ),
  );
  if (!rows[0]) return null;
  const { email } = JSON.parse(String(rows[0][1])) as Identity;
  return email === null ? null : { provider: String(rows[0][0]), email };
}

/** The owner of the account, signed in otherwise, says yes: in the browser that came back, and within ten minutes. */
export async function consentOidc(
  ground: Ground,
  provider: string,
  given: { flow: unknown; session: Session },
): Promise<void> {
  await transact(ground, async (tx) => {
    const { kept, account } = await takeFlow(tx, provider, given.flow, 'asked');
    if (account !== given.session.account.id)
      throw new LoamError(
        'NoAccess',
        'You are signed in to another account than the one with that e-mail address.',
      );
    const identity = JSON.parse(kept) as Identity;
    // The address may have gone to somebody else meanwhile.
    const owner = await accountWhere(tx, 'a.id = $1 AND a.email = $2', [account, identity.email]);
    if (!owner) throw gone();
    await link(tx, owner, identity);
  });
}

async function link(tx: Transaction, account: Account, { issuer, subject }: Identity): Promise<void> {
  await tx.session.query(
    'INSERT INTO loam.identity (issuer, subject, account, linked_at) VALUES ($1, $2, $3, $4)',
    [issuer, subject, account.id, timeOf(tx.now)],
  );
  tx.tell({ event: 'identity.linked', actor: account.uid, subject: account.uid, details: { issuer } });
}

async function enter(
  ground: Ground,
  tx: Transaction,
  account: Account,
  { agent }: Visitor,
): Promise<Entered> {
  return { account, ...(await beginSession(ground, tx, account, { agent, how: 'oidc' })) };
}

async function accountWhere(
  { session }: Transaction,
  where: string,
  params: readonly (string | number | null)[],
): Promise<Account | null> {
  const { rows } = await session.query(
    `SELECT ${accountColumns} FROM loam.account a WHERE ${where} AND a.kind = 'person' AND a.closed_at IS NULL`,
    params,
  );
  return rows[0] ? accountOf(rows[0]) : null;
}
