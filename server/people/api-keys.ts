// API keys: for programs, of one account in one instance. A key can do less than its account and never more: role, spaces
// and branches are looked at each time it is used.
import { timingSafeEqual } from 'node:crypto';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { includesRole, type Role } from '../../src/lib/engine/sync/access.ts';
import type { PostgresSession } from '../postgres.ts';
import { accountColumns, accountNamed, accountOf, makeAccount, type Account } from './accounts.ts';
import { accessChanged, millisecondsOf, timeOf, transact, type Ground } from './ground.ts';
import { addMember, needRole, roleIn } from './members.ts';
import { checkPlace, type KeyLimits } from './rights.ts';
import { hashOf, keyPrefix, newKey } from './secrets.ts';

export interface ApiKey extends KeyLimits {
  /** What is shown of it, and its name in addresses. */
  readonly prefix: string;
  readonly name: string;
  readonly instance: string;
  readonly account: Account;
  readonly madeAt: string;
  readonly expiresAt: string;
  readonly usedAt: string | null;
  readonly revokedAt: string | null;
}

export interface NewApiKey {
  instance: string;
  by: Account;
  /** Uid: one's own, or a bot's, for which it takes an administrator. */
  account: string;
  name: string;
  role: Role;
  spaces?: readonly string[] | null;
  branches?: readonly string[] | null;
  /** 1 to 366. */
  days: number;
}

const day = 24 * 3_600_000;
const columns = `${accountColumns}, k.prefix, k.name, k.instance, k.role, array_to_json(k.spaces)::text,
  array_to_json(k.branches)::text, k.made_at, k.expires_at, k.used_at, k.revoked_at`;

const keyOf = (row: readonly unknown[]): ApiKey => {
  const text = (at: number) => (row[at] == null ? null : String(row[at]));
  const list = (at: number) => (row[at] == null ? null : (JSON.parse(String(row[at])) as string[]));
  return {
    account: accountOf(row as never),
    ...{ prefix: String(row[6]), name: String(row[7]), instance: String(row[8]), role: row[9] as Role },
    ...{ spaces: list(10), branches: list(11), madeAt: String(row[12]), expiresAt: String(row[13]) },
    ...{ usedAt: text(14), revokedAt: text(15) },
  };
};

/** Makes a key. The token is in the answer and nowhere else: it cannot be shown again. */
export async function makeKey(ground: Ground, given: NewApiKey): Promise<{ token: string; key: ApiKey }> {
  const { instance, by, role } = given;
  if (!Number.isInteger(given.days) || given.days < 1 || given.days > 366)
    throw new LoamError('ValidationError', `A key is good for 1 to 366 days, not ${given.days}.`, {
      field: 'days',
    });
  for (const place of given.spaces ?? []) checkPlace('space', place);
  for (const place of given.branches ?? []) checkPlace('branch', place);
  const { prefix, token } = newKey(ground);
  return await transact(ground, async (tx) => {
    const owner = await accountNamed(tx.session, given.account);
    const own = owner.id === by.id;
    await needRole(tx.session, instance, by, own ? 'read' : 'admin');
    if (!own && owner.kind !== 'bot')
      throw new LoamError('NoAccess', 'Keys are made for oneself and for bots, not for other people.');
    const most = await roleIn(tx.session, instance, owner);
    if (most === null || !includesRole(most, role))
      throw new LoamError(
        'NoAccess',
        `The key would have the role “${role}”, and its account has ${most === null ? 'none' : `“${most}”`} in this instance.`,
        { field: 'role' },
      );
    const made = [timeOf(tx.now), timeOf(tx.now + given.days * day)];
    await tx.session.query(
      `INSERT INTO loam.api_key (prefix, hash, instance, account, name, role, spaces, branches, made_by, made_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7::text[], $8::text[], $9, $10, $11)`,
      [
        ...[prefix, hashOf(token), instance, owner.id, given.name, role],
        ...[arrayText(given.spaces), arrayText(given.branches), by.id, ...made],
      ],
    );
    tx.tell({
      ...{ event: 'key.made', actor: by.uid, instance, subject: owner.uid },
      details: {
        prefix,
        role,
        spaces: given.spaces ?? null,
        branches: given.branches ?? null,
        days: given.days,
      },
    });
    const key = (await keysWhere(tx.session, 'k.prefix = $1', [prefix]))[0];
    if (!key)
      throw new LoamError('InternalError', 'A key that was just made is not there. Please report it.');
    return { token, key };
  });
}

/** Uids have no signs that would need quotes (`checkPlace`). */
const arrayText = (places: readonly string[] | null | undefined): string | null =>
  places == null ? null : `{${places.join(',')}}`;

async function keysWhere(session: PostgresSession, where: string, params: string[]): Promise<ApiKey[]> {
  const { rows } = await session.query(
    `SELECT ${columns} FROM loam.api_key k JOIN loam.account a ON a.id = k.account WHERE ${where} ORDER BY k.id DESC`,
    params,
  );
  return rows.map(keyOf);
}

/** Keys of the instance that may be seen: one's own, and all of them by administrators. */
export async function keysOf(session: PostgresSession, instance: string, by: Account): Promise<ApiKey[]> {
  const role = await needRole(session, instance, by, 'read');
  if (role === 'admin') return await keysWhere(session, 'k.instance = $1', [instance]);
  return await keysWhere(session, 'k.instance = $1 AND a.uid = $2', [instance, by.uid]);
}

/** Ends a key at once. */
export async function revokeKey(
  ground: Ground,
  given: { instance: string; by: Account; prefix: string },
): Promise<void> {
  const { instance, by, prefix } = given;
  await transact(ground, async (tx) => {
    const role = await needRole(tx.session, instance, by, 'read');
    const [key] = await keysWhere(tx.session, 'k.instance = $1 AND k.prefix = $2', [instance, prefix]);
    // Keys of others look like none to those who may not end them.
    if (!key || (key.account.id !== by.id && role !== 'admin'))
      throw new LoamError(
        'DoesNotExist',
        `There is no key ${prefix.slice(0, 20)} of yours in this instance.`,
      );
    const { changes } = await tx.session.query(
      'UPDATE loam.api_key SET revoked_at = $1 WHERE prefix = $2 AND revoked_at IS NULL',
      [timeOf(tx.now), prefix],
    );
    if (changes === 0) return;
    tx.tell({ event: 'key.revoked', actor: by.uid, instance, subject: key.account.uid, details: { prefix } });
    await accessChanged(tx, key.account.uid);
  });
}

const nothing = new Uint8Array(32);

/** The key of a token, or null: no key, another's secret, ended, too old, or its account is gone. */
export async function seeKey(ground: Ground, token: unknown): Promise<ApiKey | null> {
  const prefix = typeof token === 'string' ? keyPrefix(token) : null;
  if (prefix === null) return null;
  const now = ground.now();
  return await ground.postgres.session(async (session) => {
    const { rows } = await session.query(
      `SELECT ${columns}, k.hash FROM loam.api_key k JOIN loam.account a ON a.id = k.account
       WHERE k.prefix = $1 AND a.closed_at IS NULL`,
      [prefix],
    );
    const [row] = rows;
    const same = timingSafeEqual(hashOf(token as string), (row?.[16] as Uint8Array | undefined) ?? nothing);
    if (!row || !same) return null;
    const key = keyOf(row);
    if (key.revokedAt !== null || now >= millisecondsOf(key.expiresAt)) return null;
    if (key.usedAt === null || now >= millisecondsOf(key.usedAt) + 60_000)
      await session.query('UPDATE loam.api_key SET used_at = $1 WHERE prefix = $2', [timeOf(now), prefix]);
    return key;
  });
}

/** A bot: an account without password or e-mail, which only its keys can use. Made by an administrator. */
export async function makeBot(
  ground: Ground,
  given: { instance: string; by: Account; handle: string; name: string; role: Exclude<Role, 'admin'> },
): Promise<Account> {
  return await transact(ground, async (tx) => {
    await needRole(tx.session, given.instance, given.by, 'admin');
    if ((given.role as Role) === 'admin')
      throw new LoamError('ValidationError', 'A bot cannot be an administrator.', { field: 'role' });
    const { handle, name } = given;
    const bot = await makeAccount(ground, tx, { kind: 'bot', handle, name, madeBy: given.by });
    await addMember(tx, given.instance, bot, given.role, given.by);
    return bot;
  });
}
