// The order in which LaminDB lists the fields of a registry: columns of data frames, lines of `Registry.describe()`. It
// follows Python's classes and cannot be derived; plug-in registries come in the order of their declaration.
import { pythonOrder } from './python-order.generated.ts';
import { fieldsOf } from './relations.ts';
import type { Model, Table } from './types.ts';

export interface FieldOrder {
  /** Names of columns. */
  columns: string[];
  /** Fields without and with a target, as descriptions list them. */
  simple: string[];
  relational: string[];
  /** Relations to registries of other modules. */
  external: string[];
}

export function fieldOrder(model: Model, table: Table): FieldOrder {
  const known = pythonOrder[table.name];
  const names = (text = ''): string[] => (text === '' ? [] : text.split(' '));
  if (known) {
    const [columns, simple, relational, external] = known.map(names);
    return {
      columns: columns ?? [],
      simple: simple ?? [],
      relational: relational ?? [],
      external: external ?? [],
    };
  }
  const columns = table.columns.map((column) => column.name);
  const fields = [...fieldsOf(model, table).values()].filter((field) => !/^_|^links_/.test(field.name));
  const relations = fields.filter((field) => field.kind === 'relation').map((field) => field.name);
  const simple = fields.filter((field) => field.kind === 'column' && field.name !== 'id');
  return { columns, simple: simple.map((field) => field.name), relational: relations, external: [] };
}
