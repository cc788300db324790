// Invitations: a link that makes whoever opens it first a member. It ends by use, by time, by being taken back, and with
// the role of whoever gave it.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Role } from '../../src/lib/engine/sync/access.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import type { PostgresSession } from '../postgres.ts';
import { plainName, type Account } from './accounts.ts';
import { timeOf, transact, type Ground, type Transaction } from './ground.ts';
import { addMember, needRole, roleOf } from './members.ts';
import { hashOf, newToken, tokenHash } from './secrets.ts';

export interface Invitation {
  readonly uid: string;
  readonly instance: string;
  readonly role: Role;
  /** The one address that it is for; null: anybody's. */
  readonly email: string | null;
  readonly note: string;
  /** Handle of whoever gave it; null: the server, for the first administrator. */
  readonly by: string | null;
  readonly madeAt: string;
  readonly expiresAt: string;
  readonly usedAt: string | null;
  readonly revokedAt: string | null;
}

const hour = 3_600_000;
const columns = `i.uid, i.instance, i.role, i.email, i.note, a.handle, i.made_at, i.expires_at, i.used_at, i.revoked_at`;
const from = 'FROM loam.invitation i LEFT JOIN loam.account a ON a.id = i.made_by';
/** It can be used at the time `$2`: also whoever gave it is still an administrator. */
const live = `i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2 AND (i.made_by IS NULL OR EXISTS (
  SELECT 1 FROM loam.member m JOIN loam.account g ON g.id = m.account
  WHERE m.instance = i.instance AND m.account = i.made_by AND m.role = 'admin' AND g.closed_at IS NULL))`;

const invitationOf = (row: readonly unknown[]): Invitation => {
  const text = (at: number) => (row[at] == null ? null : String(row[at]));
  return {
    ...{ uid: String(row[0]), instance: String(row[1]), role: roleOf(row[2]), email: text(3) },
    ...{ note: String(row[4]), by: text(5), madeAt: String(row[6]), expiresAt: String(row[7]) },
    ...{ usedAt: text(8), revokedAt: text(9) },
  };
};

export interface NewInvitation {
  instance: string;
  by: Account;
  role: Role;
  email?: string | null;
  note?: string;
  /** 1 to 720. */
  hours: number;
}

/** Makes one. The token is in the answer and nowhere else; it belongs behind the # of a link, so that no server logs it. */
export async function invite(
  ground: Ground,
  given: NewInvitation,
): Promise<{ token: string; invitation: Invitation }> {
  if (!Number.isInteger(given.hours) || given.hours < 1 || given.hours > 720)
    throw new LoamError('ValidationError', `An invitation is good for 1 to 720 hours, not ${given.hours}.`, {
      field: 'hours',
    });
  return await transact(ground, async (tx) => {
    await needRole(tx.session, given.instance, given.by, 'admin');
    return await write(ground, tx, { ...given, by: given.by });
  });
}

/**
 * For an instance that nobody administers yet: the server shows the link where only its owner sees it. Null where there
 * is an administrator. An earlier one that was not used ends.
 */
export async function firstInvitation(ground: Ground, instance: string): Promise<string | null> {
  return await transact(ground, async (tx) => {
    await tx.session.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 7))', [instance]);
    const { rows } = await tx.session.query(
      `SELECT 1 FROM loam.member WHERE instance = $1 AND role = 'admin' LIMIT 1`,
      [instance],
    );
    if (rows.length > 0) return null;
    await tx.session.query(
      `UPDATE loam.invitation SET revoked_at = $2
       WHERE instance = $1 AND made_by IS NULL AND used_at IS NULL AND revoked_at IS NULL`,
      [instance, timeOf(tx.now)],
    );
    const { token } = await write(ground, tx, { instance, by: null, role: 'admin', hours: 24 });
    return token;
  });
}

async function write(
  ground: Ground,
  tx: Transaction,
  given: Omit<NewInvitation, 'by'> & { by: Account | null },
): Promise<{ token: string; invitation: Invitation }> {
  const token = newToken(ground, 'invite');
  const uid = randomUid(12, ground.random);
  const { instance, by, role } = given;
  const email = given.email == null ? null : plainName(given.email);
  await tx.session.query(
    `INSERT INTO loam.invitation (uid, hash, instance, role, email, note, made_by, made_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      ...[uid, hashOf(token), instance, role, email, given.note ?? '', by?.id ?? null],
      ...[timeOf(tx.now), timeOf(tx.now + given.hours * hour)],
    ],
  );
  tx.tell({
    ...{ event: 'invitation.made', actor: by?.uid ?? null, instance, subject: uid },
    details: { role, hours: given.hours, bound: email !== null },
  });
  const { rows } = await tx.session.query(`SELECT ${columns} ${from} WHERE i.uid = $1`, [uid]);
  return { token, invitation: invitationOf(rows[0] ?? []) };
}

/** One answer for all that is no use any more: what was used, revoked or never there is nobody's business. */
const noUse = (): LoamError =>
  new LoamError(
    'NoAccess',
    'The invitation cannot be used: it was used, taken back, has ended, or never was. Ask for another one.',
    { outcome: 'invitation' },
  );

/** What an invitation offers, to be shown before it is used. */
export async function lookAtInvitation(ground: Ground, token: unknown): Promise<Invitation> {
  const hash = tokenHash(token, 'invite');
  if (hash === null) throw noUse();
  const { rows } = await ground.postgres.session((session) =>
    session.query(`SELECT ${columns} ${from} WHERE i.hash = $1 AND ${live}`, [hash, timeOf(ground.now())]),
  );
  if (!rows[0]) throw noUse();
  return invitationOf(rows[0]);
}

/**
 * Uses an invitation within the caller's transaction. `account` may need the address that the invitation is bound to, so
 * it is made by a function of the invitation. One that fails uses nothing up.
 */
export async function useInvitation(
  tx: Transaction,
  hash: Uint8Array,
  account: (invitation: Invitation) => Promise<Account>,
): Promise<{ account: Account; invitation: Invitation }> {
  // The row is locked: of two who open it at once, the second finds it used.
  const { rows } = await tx.session.query(
    `SELECT ${columns} ${from} WHERE i.hash = $1 AND ${live} FOR UPDATE OF i`,
    [hash, timeOf(tx.now)],
  );
  if (!rows[0]) throw noUse();
  const invitation = invitationOf(rows[0]);
  const who = await account(invitation);
  if (who.kind === 'bot') throw new LoamError('NoAccess', 'A bot cannot use an invitation.');
  await tx.session.query('UPDATE loam.invitation SET used_at = $1, used_by = $2 WHERE uid = $3', [
    ...[timeOf(tx.now), who.id, invitation.uid],
  ]);
  const { instance } = invitation;
  tx.tell({ event: 'invitation.used', actor: who.uid, instance, subject: invitation.uid });
  await addMember(tx, instance, who, invitation.role, null);
  return { account: who, invitation };
}

/** Somebody who has an account takes it. Bound to an address, it is for the account with that address. */
export async function join(ground: Ground, account: Account, token: unknown): Promise<Invitation> {
  const hash = tokenHash(token, 'invite');
  if (hash === null) throw noUse();
  return await transact(ground, async (tx) => {
    const { invitation } = await useInvitation(tx, hash, ({ email }) => {
      if (email !== null && email !== account.email)
        throw new LoamError(
          'NoAccess',
          'The invitation is for another e-mail address than that of your account.',
        );
      return Promise.resolve(account);
    });
    return invitation;
  });
}

/** Takes one back. */
export async function revokeInvitation(
  ground: Ground,
  given: { instance: string; by: Account; uid: string },
): Promise<void> {
  const { instance, by, uid } = given;
  await transact(ground, async (tx) => {
    await needRole(tx.session, instance, by, 'admin');
    const { rows } = await tx.session.query(
      'SELECT used_at, revoked_at FROM loam.invitation WHERE instance = $1 AND uid = $2 FOR UPDATE',
      [instance, uid],
    );
    if (!rows[0])
      throw new LoamError('DoesNotExist', `There is no invitation ${uid.slice(0, 20)} in this instance.`);
    if (rows[0][0] !== null)
      throw new LoamError('IntegrityError', 'The invitation was used already. Take the member out instead.');
    if (rows[0][1] !== null) return;
    await tx.session.query('UPDATE loam.invitation SET revoked_at = $1 WHERE uid = $2', [
      timeOf(tx.now),
      uid,
    ]);
    tx.tell({ event: 'invitation.revoked', actor: by.uid, instance, subject: uid });
  });
}

/** All of an instance, newest first, for its administrators. */
export async function invitationsOf(
  session: PostgresSession,
  instance: string,
  by: Account,
): Promise<Invitation[]> {
  await needRole(session, instance, by, 'admin');
  const { rows } = await session.query(`SELECT ${columns} ${from} WHERE i.instance = $1 ORDER BY i.id DESC`, [
    instance,
  ]);
  return rows.map(invitationOf);
}
