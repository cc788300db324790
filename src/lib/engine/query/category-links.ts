// Where a registry's rows keep labels under a feature: the link table, and the names by which look-ups reach it.
import { fieldsOf } from '../model/relations.ts';
import { plural, snake } from '../model/relation-names.ts';
import type { Model, Table } from '../model/types.ts';

export interface CategoryLink {
  link: Table;
  /** Relation on the host that leads to the links: `links_ulabel`, `values_cell_type`. */
  accessor: string;
  /** Column of the host's id and of the label's id in the link table. */
  host: string;
  label: string;
  /** Field name of the label in the link: `ulabel`, `value`. */
  field: string;
  target: Table;
}

/** The links between a host and the labels of one registry; null where there are none with a feature. */
export function categoryLink(model: Model, host: Table, label: Table): CategoryLink | null {
  return categoryLinksOf(model, host).find((link) => link.target === label) ?? null;
}

/** Whether labels of this registry can be put on the host at all, with a feature or without. */
export function isLabelOf(model: Model, host: Table, label: Table): boolean {
  const back = fieldsOf(model, label).get(plural(snake(host.registry ?? '')));
  return back?.kind === 'relation' && back.direction === 'pair';
}

/** All of them, in the order of the model. Records keep theirs as cells; links that tag something by a record are no values. */
export function categoryLinksOf(model: Model, host: Table): CategoryLink[] {
  const hostColumn = `${host.name.replace(/^[a-z]+_/, '')}_id`;
  const found: CategoryLink[] = [];
  for (const relation of fieldsOf(model, host).values()) {
    if (relation.kind !== 'relation' || relation.direction !== 'reverse') continue;
    const link = relation.target;
    if (!link.column.has('feature_id') || relation.hops[0]?.to !== hostColumn) continue;
    const label = labelColumn(model, host, link, hostColumn);
    if (label) found.push({ link, accessor: relation.name, host: hostColumn, ...label });
  }
  return found;
}

function labelColumn(
  model: Model,
  host: Table,
  link: Table,
  hostColumn: string,
): { label: string; field: string; target: Table } | null {
  const back = plural(snake(host.registry ?? ''));
  for (const column of link.columns) {
    if (!column.references || ['feature_id', 'created_by_id', hostColumn].includes(column.name)) continue;
    const target = model.tables.get(column.references.table);
    if (!target) continue;
    const label = { label: column.name, field: column.name.replace(/_id$/, ''), target };
    if (column.name === 'value_id') return label;
    // Artifacts, runs: the labels' own relation to them goes through the link (`ULabel.artifacts`).
    const relation = host.registry === 'Record' ? undefined : fieldsOf(model, target).get(back);
    if (relation?.kind === 'relation' && relation.hops[0]?.table === link) return label;
  }
  return null;
}
