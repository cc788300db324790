// Members of an instance and their roles. An instance always keeps an administrator.
import { LoamError } from '../../src/lib/engine/errors.ts';
import { includesRole, roles, type Role } from '../../src/lib/engine/sync/access.ts';
import type { PostgresSession } from '../postgres.ts';
import { accountColumns, accountNamed, accountOf, type Account } from './accounts.ts';
import { accessChanged, timeOf, transact, type Ground, type Transaction } from './ground.ts';

export interface Member {
  readonly account: Account;
  readonly role: Role;
  readonly since: string;
}

/** Throws unless it is a role. */
export function roleOf(text: unknown): Role {
  if ((roles as readonly unknown[]).includes(text)) return text as Role;
  throw new LoamError('ValidationError', `“${String(text).slice(0, 40)}” is no role: read, write or admin.`, {
    field: 'role',
  });
}

export async function roleIn(
  session: PostgresSession,
  instance: string,
  account: Pick<Account, 'id'>,
): Promise<Role | null> {
  const { rows } = await session.query(
    `SELECT m.role FROM loam.member m JOIN loam.account a ON a.id = m.account
     WHERE m.instance = $1 AND m.account = $2 AND a.closed_at IS NULL`,
    [instance, account.id],
  );
  return rows[0] ? roleOf(rows[0][0]) : null;
}

/**
 * Throws unless the account has the role in the instance now. Asked again within the transaction of what is done, under
 * a lock: who loses a role at this moment does nothing with it any more.
 */
export async function needRole(
  session: PostgresSession,
  instance: string,
  account: Account,
  needed: Role,
): Promise<Role> {
  const { rows } = await session.query(
    `SELECT m.role FROM loam.member m JOIN loam.account a ON a.id = m.account
     WHERE m.instance = $1 AND m.account = $2 AND a.closed_at IS NULL FOR SHARE OF m`,
    [instance, account.id],
  );
  // The same words for an instance that there is not: its name is not told to others.
  if (!rows[0])
    throw new LoamError(
      'NoAccess',
      `You are no member of the instance ${instance.slice(0, 40)}, or there is none.`,
    );
  const role = roleOf(rows[0][0]);
  if (!includesRole(role, needed))
    throw new LoamError(
      'NoAccess',
      `This takes the role “${needed}”; you have “${role}”. Ask an administrator.`,
    );
  return role;
}

/** Everybody in the instance, people and bots, by name. */
export async function membersOf(session: PostgresSession, instance: string): Promise<Member[]> {
  const { rows } = await session.query(
    `SELECT ${accountColumns}, m.role, m.since FROM loam.member m JOIN loam.account a ON a.id = m.account
     WHERE m.instance = $1 AND a.closed_at IS NULL ORDER BY lower(a.name), a.id`,
    [instance],
  );
  return rows.map((row) => ({ account: accountOf(row), role: roleOf(row[6]), since: String(row[7]) }));
}

/** Instances of an account with its roles. */
export async function membershipsOf(
  session: PostgresSession,
  account: Account,
): Promise<{ instance: string; role: Role }[]> {
  const { rows } = await session.query(
    'SELECT instance, role FROM loam.member WHERE account = $1 ORDER BY instance',
    [account.id],
  );
  return rows.map(([instance, role]) => ({ instance: String(instance), role: roleOf(role) }));
}

/** Puts an account into an instance within the caller's transaction. A role that it has is not lowered. */
export async function addMember(
  tx: Transaction,
  instance: string,
  account: Account,
  role: Role,
  by: Account | null,
): Promise<void> {
  const { rows } = await tx.session.query(
    'SELECT role FROM loam.member WHERE instance = $1 AND account = $2 FOR UPDATE',
    [instance, account.id],
  );
  if (rows[0] && includesRole(roleOf(rows[0][0]), role)) return;
  await tx.session.query(
    `INSERT INTO loam.member (instance, account, role, since) VALUES ($1, $2, $3, $4)
     ON CONFLICT (instance, account) DO UPDATE SET role = excluded.role`,
    [instance, account.id, role, timeOf(tx.now)],
  );
  tx.tell({
    event: rows[0] ? 'member.role' : 'member.added',
    actor: by?.uid ?? account.uid,
    instance,
    subject: account.uid,
    details: { role },
  });
  await accessChanged(tx, account.uid);
}

/** One change of administrators after the other, so that two who demote each other do not leave none. */
async function lockAdmins(tx: Transaction, instance: string): Promise<void> {
  await tx.session.query(
    `SELECT account FROM loam.member WHERE instance = $1 AND role = 'admin' ORDER BY account FOR UPDATE`,
    [instance],
  );
}

async function keepAnAdmin(tx: Transaction, instance: string): Promise<void> {
  const { rows } = await tx.session.query(
    `SELECT count(*) FROM loam.member m JOIN loam.account a ON a.id = m.account
     WHERE m.instance = $1 AND m.role = 'admin' AND a.kind = 'person' AND a.closed_at IS NULL`,
    [instance],
  );
  if (Number(rows[0]?.[0]) === 0)
    throw new LoamError(
      'IntegrityError',
      `The instance ${instance} would have no administrator left. Give somebody else the role “admin” first.`,
    );
}

export interface MemberChange {
  instance: string;
  by: Account;
  /** Uid. */
  account: string;
}

/** Another role, at once: sockets are told, and every request asks the database. */
export async function setRole(ground: Ground, change: MemberChange & { role: Role }): Promise<void> {
  const { instance, by, role } = change;
  await transact(ground, async (tx) => {
    await lockAdmins(tx, instance);
    await needRole(tx.session, instance, by, 'admin');
    const account = await accountNamed(tx.session, change.account);
    if (account.kind === 'bot' && role === 'admin')
      throw new LoamError('ValidationError', 'A bot cannot be an administrator.', { field: 'role' });
    const { rows } = await tx.session.query(
      'SELECT role FROM loam.member WHERE instance = $1 AND account = $2 FOR UPDATE',
      [instance, account.id],
    );
    if (!rows[0]) throw noMember(change.account);
    await tx.session.query('UPDATE loam.member SET role = $3 WHERE instance = $1 AND account = $2', [
      ...[instance, account.id, role],
    ]);
    await keepAnAdmin(tx, instance);
    tx.tell({
      event: 'member.role',
      actor: by.uid,
      instance,
      subject: account.uid,
      details: { before: String(rows[0][0]), role },
    });
    await accessChanged(tx, account.uid);
  });
}

/** Takes somebody out, with rights and keys; everybody may take out themselves. */
export async function removeMember(ground: Ground, change: MemberChange): Promise<void> {
  const { instance, by } = change;
  await transact(ground, async (tx) => {
    await lockAdmins(tx, instance);
    await needRole(tx.session, instance, by, by.uid === change.account ? 'read' : 'admin');
    const account = await accountNamed(tx.session, change.account);
    const { changes } = await tx.session.query(
      'DELETE FROM loam.member WHERE instance = $1 AND account = $2',
      [instance, account.id],
    );
    if (changes === 0) throw noMember(change.account);
    await keepAnAdmin(tx, instance);
    tx.tell({ event: 'member.removed', actor: by.uid, instance, subject: account.uid });
    await accessChanged(tx, account.uid);
  });
}

const noMember = (uid: string): LoamError =>
  new LoamError('DoesNotExist', `The account ${uid.slice(0, 40)} is no member of this instance.`);

/** Closes the account for good: no session, key or membership is left. What it wrote stays, and so does its name. */
export async function closeAccount(ground: Ground, by: Account | null, account: Account): Promise<void> {
  await transact(ground, async (tx) => {
    const { rows } = await tx.session.query(
      'SELECT instance FROM loam.member WHERE account = $1 ORDER BY instance',
      [account.id],
    );
    const instances = rows.map(([instance]) => String(instance));
    for (const instance of instances) await lockAdmins(tx, instance);
    const { changes } = await tx.session.query(
      'UPDATE loam.account SET closed_at = $1, password = NULL, email = NULL WHERE id = $2 AND closed_at IS NULL',
      [timeOf(tx.now), account.id],
    );
    if (changes === 0) return;
    for (const table of ['session', 'identity', 'sign_in', 'member'])
      await tx.session.query(`DELETE FROM loam.${table} WHERE account = $1`, [account.id]);
    for (const instance of instances) await keepAnAdmin(tx, instance);
    tx.tell({ event: 'account.closed', actor: by?.uid ?? null, subject: account.uid });
    await accessChanged(tx, account.uid);
  });
}
