// A view as code that a person copies can say it: "is or is below" becomes the list of the names it stands for now.
import { registryName } from '../model/name-field.ts';
import { registryOf } from '../registry/tables.ts';
import type { QueryScope } from '../query/prepare.ts';
import { readRows } from '../query/read.ts';
import type { Steps } from '../statement.ts';
import { certainPath } from './conditions.ts';
import type { FilterNode, FilterTest, View } from './view.ts';
import { below } from './within.ts';

export function* spelledOut(scope: QueryScope, view: View): Steps<View> {
  const { model } = scope;
  const table = registryOf(model, view.registry);
  function* spelled(node: FilterNode): Steps<FilterNode> {
    if (node.kind !== 'test') {
      const items: FilterNode[] = [];
      for (const item of node.items) items.push(yield* spelled(item));
      return { ...node, items };
    }
    if (node.op !== 'within') return node;
    const path = certainPath(model, table, node.field);
    const { owner, query } = below(table, path, node);
    const column = path.column?.name ?? 'uid';
    const rows = yield* readRows(
      scope,
      { registry: registryName(owner), filters: [{ id__in: { $below: query } }], order: ['id'] },
      [column],
    );
    return { ...node, op: 'in', value: rows.map(([value]) => value ?? null) as FilterTest['value'] };
  }
  const filter = yield* spelled(view.filter);
  return filter.kind === 'test' ? view : { ...view, filter };
}
