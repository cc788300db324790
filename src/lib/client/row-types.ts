// Rows of a registry that are types of its other rows: a type of features, of records, of schemas.
import type { ListRow } from '../workers/wire.ts';
import { session } from './session.svelte.ts';
import { emptyView } from './view-address.ts';

/** In the order of their names, at most 200. */
export async function typesOf(registry: string): Promise<ListRow[]> {
  const { rows } = await session.engine.listRows(
    {
      ...emptyView(registry),
      filter: { kind: 'all', items: [{ kind: 'test', field: 'is_type', op: 'exact', value: true }] },
      columns: ['name'],
      order: { by: 'name', descending: false },
    },
    { after: null, limit: 200 },
  );
  return rows;
}
