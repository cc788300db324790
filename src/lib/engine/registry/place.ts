// Where rows live and who writes them: spaces, branches, users, storages (lamindb 2.12.1). Built-in rows stay as they are,
// names of branches and spaces are unique without regard to case, a user is found again by handle, a storage by its root.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { one, run, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { take, without, type Behaviour, type Draft, type Found } from './behaviour.ts';
import { branchStatus, codeOf } from './status.ts';

/** Branches −1, 0 and 1 (trash, archive, main) and space 1 (all) are the same rows in every instance. */
function refuseBuiltIn(registry: 'Branch' | 'Space', ids: readonly number[]): void {
  if (!ids.some((id) => (registry === 'Branch' ? id <= 1 : id === 1))) return;
  throw new LoamError(
    'ValidationError',
    `This ${registry.toLowerCase()} is built in: it keeps its name and cannot be deleted.`,
    { registry, field: 'name' },
  );
}

/** A branch begins where it was made: after the newest act of the branch that is checked out. */
function* begin(tx: Transaction, id: number): Steps<void> {
  const row = yield* one('SELECT coalesce(max(id), 0) FROM loam_act');
  yield* run('INSERT OR REPLACE INTO loam_branch(id, parent, fork, at) VALUES (?, ?, ?, ?)', [
    id,
    tx.author.branchId,
    Number(row?.[0] ?? 0),
    tx.at,
  ]);
}

export const branch: Behaviour = {
  takes: ['status', 'emoji'],
  create: (tx, { given, values }) =>
    without(() => {
      const status = take(given, 'status');
      if (status !== undefined) values['_status_code'] = codeOf('Branch', branchStatus, status);
      return {
        *after(id, created) {
          if (created) yield* begin(tx, id);
        },
      };
    }),
  update: (_, { id, given, values }) =>
    without(() => {
      const status = take(given, 'status');
      if (given['name'] !== undefined || status !== undefined) refuseBuiltIn('Branch', [id]);
      if (status !== undefined) values['_status_code'] = codeOf('Branch', branchStatus, status);
      return {};
    }),
  remove: (tx, ids) =>
    without(() => {
      refuseBuiltIn('Branch', ids);
      if (!ids.includes(tx.author.branchId)) return;
      throw new LoamError(
        'ValidationError',
        'The current branch cannot be deleted. Switch to another first.',
        { registry: 'Branch' },
      );
    }),
};

export const space: Behaviour = {
  update: (_, { id, given }) =>
    without(() => {
      if (given['name'] !== undefined) refuseBuiltIn('Space', [id]);
      return {};
    }),
  remove: (_, ids) => without(() => refuseBuiltIn('Space', ids)),
};

export const user: Behaviour = {
  create: (_, draft) =>
    without(() => {
      const { uid, handle } = draft.given;
      // The uid is the account's; LaminDB makes none up.
      if (uid === undefined || uid === null)
        throw new LoamError('FieldValidationError', "['uid'] are required to make a User.", {
          registry: 'User',
          field: 'uid',
        });
      if (typeof handle === 'string' && !/^[A-Za-z0-9_.-]+$/.test(handle))
        throw new LoamError(
          'FieldValidationError',
          `A handle has letters, digits, dots, dashes and underscores only, not "${handle.slice(0, 40)}".`,
          { registry: 'User', field: 'handle' },
        );
      return { find: () => known(draft, 'handle', false) };
    }),
  remove: (tx, ids) =>
    without(() => {
      if (ids.includes(tx.author.userId))
        throw new LoamError('ValidationError', 'You cannot delete yourself.', { registry: 'User' });
    }),
};

export const storage: Behaviour = {
  takes: ['host'],
  create: (_, draft) =>
    without(() => {
      const { given } = draft;
      const root = given['root'];
      const host = take(given, 'host');
      const type = typeof root === 'string' ? storageType(root) : 'local';
      if (typeof root === 'string' && root.length > 1) given['root'] = root.replace(/\/+$/, '');
      if (host !== undefined && host !== null) {
        if (type !== 'local')
          throw new LoamError('ValidationError', 'Only a local path has a host. Leave host out.', {
            registry: 'Storage',
            field: 'host',
          });
        given['region'] = host;
      }
      given['type'] ??= type;
      return { find: () => known(draft, 'root', true) };
    }),
};

/** The row with the same unique name, which is given back instead of refused. */
function* known({ table, values }: Draft, column: string, asItIs: boolean): Steps<Found | null> {
  const row = yield* one(`SELECT id FROM "${table.name}" WHERE "${column}" = ?`, [values[column] ?? null]);
  if (!row) return null;
  const message = `Returning the ${table.registry} with the same ${column}: '${String(values[column])}'.`;
  return { id: Number(row[0]), message, asItIs };
}

/** By the scheme of the root, as fsspec names it; storage of this device has none. */
export function storageType(root: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(root)?.[1]?.toLowerCase();
  return scheme === undefined || scheme === 'file' || scheme === 'opfs' ? 'local' : scheme;
}

/** `current` is the storage that new artifacts go to. */
export function refuseCurrentStorage(table: Table, ids: readonly number[], current: number): void {
  if (table.registry !== 'Storage' || !ids.includes(current)) return;
  throw new LoamError(
    'ValidationError',
    'Cannot delete the current storage location. Switch to another first.',
    { registry: 'Storage' },
  );
}
