// Which registries know values of a column: every registry of terms of the model, labels, and types of records, each asked by
// its name and its ids. Counts only, of what the database holds.
import { nameField } from '../model/name-field.ts';
import type { Model, Table } from '../model/types.ts';
import { registryOf, visible } from '../registry/tables.ts';
import { all, one, type Steps } from '../statement.ts';
import type { CurateScope } from './plan.ts';
import type { KnownIn } from './propose-dtype.ts';

/** Fields by which terms are written in tables, beside their names. */
const idFields = ['ontology_id', 'symbol', 'ensembl_gene_id', 'uniprotkb_id'];

interface Place {
  table: Table;
  field: string;
  category: string;
}

export interface Asked {
  places: Place[];
  /** Registries by what a column of them may be called. */
  names: Map<string, string>;
}

/** Registries that have rows, asked once for all columns. */
export function* placesOf({ model, author }: CurateScope): Steps<Asked> {
  const places: Place[] = [];
  const names = new Map<string, string>();
  for (const table of termTables(model)) {
    const own =
      table.module === 'lamindb' ? String(table.registry) : `${table.module}.${String(table.registry)}`;
    if (table.module !== 'lamindb') names.set(String(table.registry).toLowerCase(), own);
    const there = yield* one(`SELECT 1 FROM "${table.name}" WHERE ${visible(table, author)} LIMIT 1`);
    if (!there) continue;
    const name = nameField(table) ?? 'name';
    for (const field of new Set([name, ...idFields]))
      if (table.column.has(field))
        places.push({ table, field, category: field === name ? own : `${own}.${field}` });
  }
  return { places, names };
}

function* termTables(model: Model): Generator<Table> {
  for (const table of model.registry.values())
    if (table.registry === 'ULabel' || (table.module !== 'lamindb' && table.registry !== 'Source'))
      yield table;
}

export function* knownIn(
  scope: CurateScope,
  { places, names }: Asked,
  column: string,
  values: readonly string[],
): Steps<KnownIn[]> {
  const list = JSON.stringify(values);
  const like = names.get(column.toLowerCase().replace(/[^a-z0-9]/g, ''));
  const known: KnownIn[] = [];
  for (const { table, field, category } of places) {
    const row = yield* one(
      `SELECT count(DISTINCT t."${field}") FROM "${table.name}" t
       WHERE t."${field}" IN (SELECT value FROM json_each(?1)) AND ${visible(table, scope.author, 't.')}`,
      [list],
    );
    const found = Number(row?.[0] ?? 0);
    if (found > 0) known.push({ category, found, alike: category.split('.', 2).join('.') === like });
  }
  if (like !== undefined && !known.some(({ alike }) => alike))
    known.push({ category: like, found: 0, alike: true });
  return [...known, ...(yield* recordTypes(scope, list))];
}

/** Types of records that have rows of these names. */
function* recordTypes({ model, author }: CurateScope, list: string): Steps<KnownIn[]> {
  const table = registryOf(model, 'Record');
  const rows = yield* all(
    `SELECT t.uid, count(DISTINCT r.name) FROM lamindb_record r JOIN lamindb_record t ON t.id = r.type_id
     WHERE r.name IN (SELECT value FROM json_each(?1)) AND r.is_type = 0 AND ${visible(table, author, 'r.')} GROUP BY t.id`,
    [list],
  );
  return rows.map((row) => ({ category: `Record[${String(row[0])}]`, found: Number(row[1]), alike: false }));
}
