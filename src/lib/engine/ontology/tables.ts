// Which registries take terms of public sources, and the tables around one: what is above what, who is labelled with it.
import { LoamError } from '../errors.ts';
import type { Model, Table } from '../model/types.ts';
import { labelOf, registryOf } from '../registry/tables.ts';

/** A registry whose rows come from public sources; refuses any other. */
export function termTable(model: Model, registry: string): Table {
  const table = registryOf(model, registry);
  const isTerms =
    table.column.has('source_id') && table.column.get('source_id')?.references?.table === 'bionty_source';
  if (isTerms && table.family === 'registry') return table;
  throw new LoamError(
    'InvalidArgument',
    `${labelOf(table)} takes no terms of an ontology. Registries that do: ${termRegistries(model).join(', ')}.`,
    { registry: labelOf(table) },
  );
}

export const termRegistries = (model: Model): string[] =>
  [...model.registry].flatMap(([name, table]) =>
    table.family === 'registry' && table.column.get('source_id')?.references?.table === 'bionty_source'
      ? [name]
      : [],
  );

/** The table that says what is above what, and its two ends; null for genes, proteins and markers. */
export function parentsOf(
  model: Model,
  table: Table,
): { table: string; child: string; parent: string } | null {
  const own = table.name.replace(`${table.module}_`, '');
  const name = `${table.name}_parents`;
  return model.tables.has(name) ? { table: name, child: `from_${own}_id`, parent: `to_${own}_id` } : null;
}

/** The columns that may hold what names a term outside. */
const keys: Readonly<Record<string, string[]>> = {
  Gene: ['ensembl_gene_id', 'stable_id'],
  Protein: ['uniprotkb_id'],
  CellMarker: ['name'],
};
export const keysOf = (table: Table): string[] => keys[table.registry ?? ''] ?? ['ontology_id'];

/** The table that labels artifacts with rows of this one, and its column; null where there is none. */
export function labelTable(model: Model, table: Table): { table: string; column: string } | null {
  const own = (table.registry ?? '').toLowerCase();
  const name = `${table.module}_artifact${own}`;
  return model.tables.has(name) ? { table: name, column: `${own}_id` } : null;
}
