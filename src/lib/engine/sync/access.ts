// Who may write what: the rule that the server asks for every operation of a record, and that a page asks to tell
// beforehand. Roles are LaminHub's (read, write, admin of an instance); rights to write are per space and branch.
import { seedIds } from '../schema/seed.ts';

export type Role = 'read' | 'write' | 'admin';

export const roles: readonly Role[] = ['read', 'write', 'admin'];

/** `role` includes what `needed` may. */
export const includesRole = (role: Role, needed: Role): boolean =>
  roles.includes(role) && roles.indexOf(role) >= roles.indexOf(needed);

/** What an account may do in an instance, with the session or API key that it came with. */
export interface Access {
  /** Uid of the instance. An access says nothing about another one. */
  readonly instance: string;
  /** Uid of the account, which is that of its LaminDB user. */
  readonly account: string;
  readonly role: Role;
  /** Spaces that every writer may write; all others take a right of one's own. */
  readonly openSpaces: ReadonlySet<string>;
  readonly ownSpaces: ReadonlySet<string>;
  /** Branches that take a right of one's own; all others are open to writers. */
  readonly closedBranches: ReadonlySet<string>;
  readonly ownBranches: ReadonlySet<string>;
  /** Branches that take merges alone, from everybody. */
  readonly protectedBranches: ReadonlySet<string>;
  /** Of an API key: nothing beyond these. Null: no further limit. */
  readonly onlySpaces: ReadonlySet<string> | null;
  readonly onlyBranches: ReadonlySet<string> | null;
}

/** One operation as the server has understood it: nothing of it is taken from the record unchecked but `author`. */
export interface WriteOperation {
  readonly instance: string;
  /** Uid of the user that the record names. */
  readonly author: string;
  /** Kind of the act. */
  readonly kind: string;
  /** A merge that the server made itself, or found to be exactly what it says: peers can write `merge` on anything. */
  readonly proven: boolean;
  /** Uid of the branch in whose log the record is. */
  readonly branch: string;
  readonly table: string;
  readonly change: 'i' | 'u' | 'd';
  /** Spaces that the row leaves and enters, of a link those of the row it hangs on; null where it has none. */
  readonly space: { readonly old: string | null; readonly new: string | null };
  /**
   * Branches that the row leaves and enters in the registry tables; both null where only what the record's branch has
   * otherwise changes.
   */
  readonly rowBranch: { readonly old: string | null; readonly new: string | null };
}

export type WriteRule =
  'instance' | 'author' | 'role' | 'table' | 'key' | 'space' | 'branch' | 'protected branch';

export type Verdict =
  { readonly may: true } | { readonly may: false; readonly rule: WriteRule; readonly message: string };

/** Everybody's: the trash and the archive. What is moved there is judged by where it comes from. */
export const everybodys: ReadonlySet<string> = new Set([seedIds.trash.uid, seedIds.archive.uid]);

/**
 * Tables whose rows say who somebody is and where things are, so that administrators alone write them. Adding a storage
 * is a writer's; moving one would send the bytes of others elsewhere.
 */
export const adminChanges: Readonly<Record<string, string>> = {
  lamindb_space: 'iud',
  lamindb_user: 'iud',
  lamindb_storage: 'ud',
};

const no = (rule: WriteRule, message: string): Verdict => ({ may: false, rule, message });

/** The judgement over one operation, with words for the person whose write is refused. Pure. */
export function mayWrite(access: Access, operation: WriteOperation): Verdict {
  const { instance, author, table, change, space, rowBranch } = operation;
  if (instance !== access.instance) return no('instance', 'The change belongs to another instance.');
  if (author !== access.account)
    return no('author', `The change is signed by the user ${author}, and it was sent by ${access.account}.`);
  if (!includesRole(access.role, 'write'))
    return no('role', 'You may read this instance, not write it. Ask an administrator for the role “write”.');
  if (Object.hasOwn(adminChanges, table) && adminChanges[table]?.includes(change) && access.role !== 'admin')
    return no('table', `Rows of ${table} are changed by administrators alone.`);
  for (const place of new Set([space.old, space.new])) {
    if (place === null) continue;
    if (access.onlySpaces && !access.onlySpaces.has(place))
      return no('key', `The API key may not write in the space ${place}.`);
    if (access.role !== 'admin' && !access.openSpaces.has(place) && !access.ownSpaces.has(place))
      return no('space', `You may not write in the space ${place}. Ask an administrator for the right.`);
  }
  const moves = rowBranch.old === rowBranch.new ? [] : [rowBranch.old, rowBranch.new];
  for (const place of new Set([operation.branch, ...moves])) {
    if (place === null || (place !== operation.branch && everybodys.has(place))) continue;
    const verdict = onBranch(access, operation, place);
    if (verdict) return verdict;
  }
  return { may: true };
}

function onBranch(access: Access, { kind, proven }: WriteOperation, place: string): Verdict | null {
  // Nothing is worked on in the trash or the archive; rows go there and come from there.
  if (everybodys.has(place)) return no('branch', 'The trash and the archive are no branches to work on.');
  if (access.onlyBranches && !access.onlyBranches.has(place))
    return no('key', `The API key may not write on the branch ${place}.`);
  if (access.role !== 'admin' && access.closedBranches.has(place) && !access.ownBranches.has(place))
    return no('branch', `You may not write on the branch ${place}. Ask an administrator for the right.`);
  if (access.protectedBranches.has(place) && !(kind === 'merge' && proven))
    return no(
      'protected branch',
      `The branch ${place} is protected: it takes merges alone. Make a branch, and ask for its merge.`,
    );
  return null;
}
