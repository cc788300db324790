// How rows of a table relate to branches.
import type { Table } from '../model/types.ts';

/**
 * `shared`: the same on every branch; `placed`: rows say by branch_id where they are; `loose`: rows have no branch of
 * their own (links, values of records), so each is kept as added or taken out.
 */
export type Reach = 'shared' | 'placed' | 'loose';

/** Values of features are interned, storages and people are the device's and the instance's. */
const shared = new Set([
  'lamindb_storage',
  'lamindb_jsonvalue',
  'lamindb_space',
  'lamindb_spaceblock',
  'lamindb_user',
]);

export function reachOf(table: Table): Reach {
  if (shared.has(table.name) || table.family === 'django') return 'shared';
  // What describes branches: their branch_id names the branch it is about.
  if (/^lamindb_branch(block|user|ulabel|project)?$/.test(table.name)) return 'shared';
  return table.column.has('branch_id') ? 'placed' : 'loose';
}
