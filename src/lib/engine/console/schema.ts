// Tables and columns as the console shows and completes them: read from the database itself, so that tables of other
// modules and versions are there too; what they are to LaminDB comes from the model.
import type { Model } from '../model/types.ts';
import { all, type Steps } from '../statement.ts';
import type { SqlTable } from './types.ts';

const linking = new Set(['m2m', 'link', 'cell']);

export function* sqlSchema(model: Model): Steps<SqlTable[]> {
  const rows = yield* all(
    `SELECT t.name, t.type, p.name, p.type, p."notnull", p.pk FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) p
     WHERE t.schema = 'main' AND t.type IN ('table', 'view', 'virtual') AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
       AND p.hidden <> 1 ORDER BY t.name, p.cid`,
  );
  const links = yield* all(
    `SELECT t.name, f."from", f."table", coalesce(f."to", 'id') FROM pragma_table_list t
     JOIN pragma_foreign_key_list(t.name) f WHERE t.schema = 'main' AND t.type = 'table'`,
  );
  const references = new Map(
    links.map((r) => [`${r[0]}.${r[1]}`, { table: String(r[2]), column: String(r[3]) }]),
  );
  const tables = new Map<string, SqlTable>();
  for (const [name, type, column, declared, notNull, key] of rows) {
    const table = String(name);
    let found = tables.get(table);
    if (!found) {
      const known = model.tables.get(table);
      found = {
        name: table,
        kind: kindOf(model, table, type === 'view'),
        registry: known?.registry ?? null,
        columns: [],
      };
      tables.set(table, found);
    }
    found.columns.push({
      name: String(column),
      type: String(declared ?? '').toLowerCase(),
      notNull: notNull === 1,
      primary: Number(key) > 0,
      references: references.get(`${table}.${String(column)}`) ?? null,
    });
  }
  return [...tables.values()];
}

function kindOf(model: Model, name: string, view: boolean): SqlTable['kind'] {
  if (view) return 'view';
  if (name.startsWith('loam_')) return 'own';
  const known = model.tables.get(name);
  if (known?.registry) return 'registry';
  return known && linking.has(known.family) ? 'link' : 'other';
}
