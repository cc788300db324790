// Accounts: people and bots. An account's uid is the uid of its LaminDB user, so that what it writes is signed by it in
// the registries too.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import { randomUid, UID_LENGTH } from '../../src/lib/engine/uid.ts';
import type { PostgresSession } from '../postgres.ts';
import { accessChanged, timeOf, transact, type Ground, type Transaction } from './ground.ts';
import { passwordFault } from './password.ts';

export interface Account {
  readonly id: number;
  readonly uid: string;
  readonly kind: 'person' | 'bot';
  readonly handle: string;
  readonly name: string;
  readonly email: string | null;
}

export interface NewAccount {
  kind: 'person' | 'bot';
  handle: string;
  name: string;
  email?: string | null;
  /** As `PasswordWork.hash` made it. */
  password?: string | null;
  madeBy?: Account | null;
}

export const accountColumns = 'a.id, a.uid, a.kind, a.handle, a.name, a.email';

export const accountOf = (row: readonly SqlValue[], from = 0): Account => ({
  id: Number(row[from]),
  uid: String(row[from + 1]),
  kind: row[from + 2] === 'bot' ? 'bot' : 'person',
  handle: String(row[from + 3]),
  name: String(row[from + 4]),
  email: row[from + 5] == null ? null : String(row[from + 5]),
});

const handleShape = /^[a-z0-9][a-z0-9_-]{1,29}$/;

/** Lower case, without blanks around. */
export const plainName = (text: string): string => text.normalize('NFKC').trim().toLowerCase();

/** Throws where handle or name cannot be an account's. */
export function checkNames(handle: string, name: string): void {
  if (!handleShape.test(handle))
    throw new LoamError(
      'ValidationError',
      `“${handle.slice(0, 40)}” cannot be a handle: 2 to 30 of the letters a to z, digits, - and _, beginning with a letter or digit.`,
      { field: 'handle' },
    );
  if (name.trim() === '' || name.length > 150 || hasControls(name))
    throw new LoamError(
      'ValidationError',
      'The name is empty, longer than 150 characters, or holds control characters.',
      {
        field: 'name',
      },
    );
}

/** Control and direction characters, which make a name look like another one. */
const hasControls = (text: string): boolean => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text);

/** Throws where the password is too weak; answers with the text to be stored. Never within a transaction: it takes long. */
export async function newPassword(
  ground: Ground,
  password: string,
  about: readonly string[],
): Promise<string> {
  const fault = passwordFault(password, about);
  if (fault !== null) throw new LoamError('ValidationError', fault, { field: 'password' });
  return await ground.passwords.hash(password);
}

/** Makes the account within the caller's transaction. */
export async function makeAccount(
  ground: Ground,
  { session, now, tell }: Transaction,
  given: NewAccount,
): Promise<Account> {
  checkNames(given.handle, given.name);
  const uid = randomUid(UID_LENGTH.User, ground.random);
  const email = given.email == null ? null : plainName(given.email);
  const { rows } = await session.query(
    `INSERT INTO loam.account AS a (uid, kind, handle, name, email, password, made_by, made_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING ${accountColumns}`,
    [
      ...[uid, given.kind, given.handle, given.name.trim(), email, given.password ?? null],
      ...[given.madeBy?.id ?? null, timeOf(now)],
    ],
  );
  if (!rows[0])
    throw new LoamError(
      'IntegrityError',
      `The handle “${given.handle}”${email === null ? '' : ' or the e-mail address of the invitation'} is taken. Choose another handle, or sign in to the account you have.`,
      { field: 'handle' },
    );
  const account = accountOf(rows[0]);
  tell({
    event: 'account.made',
    actor: given.madeBy?.uid ?? account.uid,
    subject: account.uid,
    details: { kind: account.kind, handle: account.handle },
  });
  return account;
}

export async function accountByUid(session: PostgresSession, uid: string): Promise<Account | null> {
  const { rows } = await session.query(
    `SELECT ${accountColumns} FROM loam.account a WHERE a.uid = $1 AND a.closed_at IS NULL`,
    [uid],
  );
  return rows[0] ? accountOf(rows[0]) : null;
}

/** The same, or words about it. */
export async function accountNamed(session: PostgresSession, uid: string): Promise<Account> {
  const account = await accountByUid(session, uid);
  if (account) return account;
  throw new LoamError('DoesNotExist', `There is no account ${uid.slice(0, 40)} here.`);
}

/** Of a sign-in: by handle or e-mail address, with the stored password. */
export async function accountBySignIn(
  session: PostgresSession,
  who: string,
): Promise<{ account: Account; password: string | null } | null> {
  const { rows } = await session.query(
    `SELECT ${accountColumns}, a.password FROM loam.account a
     WHERE (a.handle = $1 OR a.email = $1) AND a.kind = 'person' AND a.closed_at IS NULL`,
    [who],
  );
  const [row] = rows;
  return row ? { account: accountOf(row), password: row[6] == null ? null : String(row[6]) } : null;
}

/** A new password ends every other session: whoever knew the old one is out. `keep` is the session that asked. */
export async function changePassword(
  ground: Ground,
  account: Account,
  given: { old: string | null; fresh: string; keep: number | null },
): Promise<void> {
  const stored = await ground.postgres.session(async (session) => {
    const { rows } = await session.query('SELECT password FROM loam.account WHERE id = $1', [account.id]);
    return rows[0]?.[0] == null ? null : String(rows[0][0]);
  });
  if (stored !== null && !(await ground.passwords.check(given.old ?? '', stored)))
    throw new LoamError('NoAccess', 'The old password is not right.', { field: 'old' });
  const fresh = await newPassword(ground, given.fresh, [account.handle, account.name, account.email ?? '']);
  await transact(ground, async (tx) => {
    // Whoever changed it meanwhile knew the old one too; theirs stands.
    const { changes } = await tx.session.query(
      'UPDATE loam.account SET password = $1 WHERE id = $2 AND password IS NOT DISTINCT FROM $3 AND closed_at IS NULL',
      [fresh, account.id, stored],
    );
    if (changes === 0)
      throw new LoamError('NoAccess', 'The old password is not right any more.', { field: 'old' });
    await tx.session.query('DELETE FROM loam.session WHERE account = $1 AND id IS DISTINCT FROM $2', [
      account.id,
      given.keep,
    ]);
    tx.tell({ event: 'password.changed', actor: account.uid, subject: account.uid });
    await accessChanged(tx, account.uid);
  });
}
