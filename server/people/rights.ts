// Rights to write, per space and branch, and the whole access of an account as one value.
import { LoamError } from '../../src/lib/engine/errors.ts';
import { seedIds } from '../../src/lib/engine/schema/seed.ts';
import type { Access, Role } from '../../src/lib/engine/sync/access.ts';
import type { PostgresSession } from '../postgres.ts';
import { accountNamed, type Account } from './accounts.ts';
import { accessChanged, timeOf, transact, type Ground } from './ground.ts';
import { membersOf, needRole, roleIn } from './members.ts';

export type PlaceKind = 'space' | 'branch';

export interface PlaceRule {
  kind: PlaceKind;
  /** Uid of the space or branch. */
  place: string;
  writers: 'members' | 'granted';
  /** Of branches: takes merges alone. */
  protected: boolean;
}

/** What an API key leaves of an account's access. */
export interface KeyLimits {
  role: Role;
  spaces: readonly string[] | null;
  branches: readonly string[] | null;
}

/** What one flush into LaminDB's tables may do beyond or below the account's own rights (row-level security). */
export interface WriteTerms extends KeyLimits {
  /** Proven merges and nothing else, which protected branches take. */
  merge: boolean;
}

/**
 * The access of an account now; null if it is no member. Where nothing is said, branches are open to all who write, and
 * so is the space that every instance has; any other space is closed until somebody is let in.
 */
export async function accessOf(
  session: PostgresSession,
  instance: string,
  account: Pick<Account, 'id' | 'uid'>,
  limits: KeyLimits | null = null,
): Promise<Access | null> {
  const [role, { rows: rules }, { rows: rights }] = await Promise.all([
    roleIn(session, instance, account),
    session.query('SELECT kind, place, writers, protected FROM loam.place_rule WHERE instance = $1', [
      instance,
    ]),
    session.query('SELECT kind, place FROM loam.write_right WHERE instance = $1 AND account = $2', [
      ...[instance, account.id],
    ]),
  ]);
  if (role === null) return null;
  const openSpaces = new Set<string>([seedIds.space.uid]);
  const closedBranches = new Set<string>();
  const protectedBranches = new Set<string>();
  for (const [kind, place, writers, isProtected] of rules) {
    const uid = String(place);
    if (kind === 'space') {
      if (writers === 'members') openSpaces.add(uid);
      else openSpaces.delete(uid);
    } else {
      if (writers === 'granted') closedBranches.add(uid);
      if (isProtected) protectedBranches.add(uid);
    }
  }
  const own = (wanted: PlaceKind) =>
    new Set(rights.filter(([kind]) => kind === wanted).map(([, place]) => String(place)));
  return {
    instance,
    account: account.uid,
    role: limits ? lower(role, limits.role) : role,
    openSpaces,
    ownSpaces: own('space'),
    closedBranches,
    ownBranches: own('branch'),
    protectedBranches,
    onlySpaces: limits?.spaces ? new Set(limits.spaces) : null,
    onlyBranches: limits?.branches ? new Set(limits.branches) : null,
  };
}

const order: readonly Role[] = ['read', 'write', 'admin'];
const lower = (a: Role, b: Role): Role => order[Math.min(order.indexOf(a), order.indexOf(b))] ?? 'read';

export interface RightChange {
  instance: string;
  by: Account;
  /** Uid. */
  account: string;
  kind: PlaceKind;
  place: string;
}

/** Lets a member write in a space or on a branch. */
export async function giveRight(ground: Ground, change: RightChange): Promise<void> {
  await transact(ground, async (tx) => {
    const { instance, by, kind, place } = change;
    checkPlace(kind, place);
    await needRole(tx.session, instance, by, 'admin');
    const account = await accountNamed(tx.session, change.account);
    if ((await roleIn(tx.session, instance, account)) === null)
      throw new LoamError('DoesNotExist', `The account ${account.uid} is no member of this instance.`);
    const { changes } = await tx.session.query(
      `INSERT INTO loam.write_right (instance, account, kind, place, since) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      [instance, account.id, kind, place, timeOf(tx.now)],
    );
    if (changes === 0) return;
    tx.tell({
      ...{ event: 'right.given', actor: by.uid, instance, subject: account.uid },
      ...{ branch: kind === 'branch' ? place : null, details: { kind, place } },
    });
    await accessChanged(tx, account.uid);
  });
}

/** Takes it back. */
export async function takeRight(ground: Ground, change: RightChange): Promise<void> {
  await transact(ground, async (tx) => {
    const { instance, by, kind, place } = change;
    checkPlace(kind, place);
    await needRole(tx.session, instance, by, 'admin');
    const account = await accountNamed(tx.session, change.account);
    const { changes } = await tx.session.query(
      'DELETE FROM loam.write_right WHERE instance = $1 AND account = $2 AND kind = $3 AND place = $4',
      [instance, account.id, kind, place],
    );
    if (changes === 0) return;
    tx.tell({
      ...{ event: 'right.taken', actor: by.uid, instance, subject: account.uid },
      ...{ branch: kind === 'branch' ? place : null, details: { kind, place } },
    });
    await accessChanged(tx, account.uid);
  });
}

/** Who may write in a place, and whether a branch is protected. Holds for everybody at once. */
export async function setPlaceRule(
  ground: Ground,
  change: PlaceRule & { instance: string; by: Account },
): Promise<void> {
  await transact(ground, async (tx) => {
    const { instance, by, kind, place, writers } = change;
    checkPlace(kind, place);
    if (change.protected && kind !== 'branch')
      throw new LoamError('ValidationError', 'Only branches can be protected.', { field: 'protected' });
    if (kind === 'branch' && (place === seedIds.trash.uid || place === seedIds.archive.uid))
      throw new LoamError('ValidationError', 'The trash and the archive have no rules of their own.', {
        field: 'place',
      });
    await needRole(tx.session, instance, by, 'admin');
    await tx.session.query(
      `INSERT INTO loam.place_rule (instance, kind, place, writers, protected) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (instance, kind, place) DO UPDATE SET writers = excluded.writers, protected = excluded.protected`,
      [instance, kind, place, writers, change.protected ? 't' : 'f'],
    );
    tx.tell({
      ...{ event: `${kind}.rule`, actor: by.uid, instance, subject: place },
      ...{ branch: kind === 'branch' ? place : null, details: { writers, protected: change.protected } },
    });
    for (const { account } of await membersOf(tx.session, instance)) await accessChanged(tx, account.uid);
  });
}

/** Rules and rights of an instance, for the screen of its members. */
export async function placesOf(
  session: PostgresSession,
  instance: string,
): Promise<{ rules: PlaceRule[]; rights: { account: string; kind: PlaceKind; place: string }[] }> {
  const { rows: rules } = await session.query(
    'SELECT kind, place, writers, protected FROM loam.place_rule WHERE instance = $1 ORDER BY kind, place',
    [instance],
  );
  const { rows: rights } = await session.query(
    `SELECT a.uid, w.kind, w.place FROM loam.write_right w JOIN loam.account a ON a.id = w.account
     WHERE w.instance = $1 ORDER BY w.kind, w.place, a.uid`,
    [instance],
  );
  return {
    rules: rules.map(([kind, place, writers, isProtected]) => ({
      kind: kind === 'space' ? 'space' : 'branch',
      place: String(place),
      writers: writers === 'granted' ? 'granted' : 'members',
      protected: Boolean(isProtected),
    })),
    rights: rights.map(([account, kind, place]) => ({
      account: String(account),
      kind: kind === 'space' ? 'space' : 'branch',
      place: String(place),
    })),
  };
}

/** Throws unless it can be the uid of a space or branch. */
export function checkPlace(kind: string, place: string): void {
  if ((kind === 'space' || kind === 'branch') && /^[0-9A-Za-z]{1,24}$/.test(place)) return;
  throw new LoamError('ValidationError', `“${place.slice(0, 40)}” is no uid of a space or branch.`, {
    field: 'place',
  });
}
