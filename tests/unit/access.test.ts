import { describe, expect, test } from 'vitest';
import { includesRole, mayWrite, type Access, type WriteOperation } from '$lib/engine/sync/access.ts';

const access: Access = {
  ...{ instance: 'i', account: 'me', role: 'write' },
  openSpaces: new Set(['open']),
  ownSpaces: new Set(['mine']),
  closedBranches: new Set(['closed', 'let-in']),
  ownBranches: new Set(['let-in']),
  protectedBranches: new Set(['main']),
  ...{ onlySpaces: null, onlyBranches: null },
};
const operation: WriteOperation = {
  ...{
    instance: 'i',
    author: 'me',
    kind: 'edit',
    proven: false,
    branch: 'work',
    table: 'lamindb_ulabel',
    change: 'u',
  },
  space: { old: 'open', new: 'open' },
  rowBranch: { old: null, new: null },
};
const judge = (op: Partial<WriteOperation>, who: Partial<Access> = {}) => {
  const verdict = mayWrite({ ...access, ...who }, { ...operation, ...op });
  if (!verdict.may) expect(verdict.message.length).toBeGreaterThan(20);
  return verdict.may ? 'may' : verdict.rule;
};
const [trash, archive] = ['tttttttttttt', 'aaaaaaaaaaaa'];

describe('[row 110] May write', () => {
  test.each<[string, Partial<WriteOperation>, Partial<Access>, string]>([
    ['an edit', {}, {}, 'may'],
    ['another instance', { instance: 'j' }, {}, 'instance'],
    ['signed by another', { author: 'you' }, { role: 'admin' }, 'author'],
    ['a reader', {}, { role: 'read' }, 'role'],
    ['a role that is none', {}, { role: 'owner' as never }, 'role'],
    ['into a space of one’s own', { space: { old: 'open', new: 'mine' } }, {}, 'may'],
    ['into a closed space', { space: { old: 'open', new: 'theirs' } }, {}, 'space'],
    ['out of a closed space', { space: { old: 'theirs', new: 'open' } }, {}, 'space'],
    ['a new row in a closed space', { change: 'i', space: { old: null, new: 'theirs' } }, {}, 'space'],
    ['deleting in a closed space', { change: 'd', space: { old: 'theirs', new: null } }, {}, 'space'],
    ['an administrator in it', { space: { old: 'theirs', new: 'open' } }, { role: 'admin' }, 'may'],
    ['a table without spaces', { space: { old: null, new: null } }, {}, 'may'],
    ['a closed branch', { branch: 'closed' }, {}, 'branch'],
    ['a closed branch with a right', { branch: 'let-in' }, {}, 'may'],
    ['a protected branch', { branch: 'main' }, {}, 'protected branch'],
    ['an administrator on it', { branch: 'main' }, { role: 'admin' }, 'protected branch'],
    ['a merge into it', { branch: 'main', kind: 'merge', proven: true }, {}, 'may'],
    ['a peer that says merge', { branch: 'main', kind: 'merge' }, {}, 'protected branch'],
    ['a proven something else', { branch: 'main', kind: 'Merge', proven: true }, {}, 'protected branch'],
    ['a merge by a reader', { branch: 'main', kind: 'merge', proven: true }, { role: 'read' }, 'role'],
    ['a row out of a protected branch', { rowBranch: { old: 'main', new: trash } }, {}, 'protected branch'],
    ['a row into a protected branch', { rowBranch: { old: 'work', new: 'main' } }, {}, 'protected branch'],
    ['a row into the trash', { rowBranch: { old: 'work', new: trash } }, {}, 'may'],
    ['a row out of the archive', { rowBranch: { old: archive, new: 'work' } }, {}, 'may'],
    ['work in the trash', { branch: trash }, {}, 'branch'],
    ['a row into a closed branch', { rowBranch: { old: 'work', new: 'closed' } }, {}, 'branch'],
    ['a user', { table: 'lamindb_user', space: { old: null, new: null } }, {}, 'table'],
    ['a new space', { table: 'lamindb_space', change: 'i' }, {}, 'table'],
    ['a storage elsewhere', { table: 'lamindb_storage' }, {}, 'table'],
    ['a new storage', { table: 'lamindb_storage', change: 'i' }, {}, 'may'],
    ['a storage by an administrator', { table: 'lamindb_storage' }, { role: 'admin' }, 'may'],
    ['a table of a prototype’s name', { table: 'constructor' }, {}, 'may'],
    ['a key for another branch', {}, { onlyBranches: new Set(['other']) }, 'key'],
    ['an administrator’s key for another space', {}, { role: 'admin', onlySpaces: new Set(['mine']) }, 'key'],
    ['a key for it', {}, { onlyBranches: new Set(['work']), onlySpaces: new Set(['open']) }, 'may'],
  ])('%s', (_, op, who, wanted) => expect(judge(op, who)).toBe(wanted));

  test('roles include those below them', () => {
    expect(includesRole('admin', 'write')).toBe(true);
    expect(includesRole('read', 'write')).toBe(false);
    expect(includesRole('toString' as never, 'read')).toBe(false);
  });
});
