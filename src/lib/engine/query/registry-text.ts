// A registry as LaminDB describes it: its fields with their types, then its relations with what they lead to.
import { registryName } from '../model/name-field.ts';
import { fieldOrder } from '../model/python-order.ts';
import { findField } from '../model/relations.ts';
import type { Column, Model, Table } from '../model/types.ts';

const fieldTypes: Record<Column['type'], string> = {
  varchar: 'CharField',
  text: 'TextField',
  json: 'JSONField',
  bool: 'BooleanField',
  integer: 'IntegerField',
  smallint: 'SmallIntegerField',
  bigint: 'BigIntegerField',
  datetime: 'DateTimeField',
  date: 'DateField',
};

/** Lines of `Registry.describe()`. */
export function describeRegistry(model: Model, table: Table): string[] {
  const order = fieldOrder(model, table);
  const lines = [table.registry ?? table.name, '  Simple fields'];
  const relation = (name: string): void => {
    const field = findField(model, table, name);
    if (field?.kind === 'relation') lines.push(`    .${name}: ${targetName(model, field.target)}`);
  };
  for (const name of order.simple) {
    const column = table.column.get(name);
    if (column) lines.push(`    .${name}: ${fieldTypes[column.type]}`);
    // A few references stand among the fields in LaminDB.
    else relation(name);
  }
  if (order.relational.length > 0) lines.push('  Relational fields');
  order.relational.forEach(relation);
  const [first] = order.external;
  if (first !== undefined) {
    const field = findField(model, table, first);
    const module = field?.kind === 'relation' ? field.target.module : '';
    lines.push(`  ${module.replace(/^./, (c) => c.toUpperCase())} fields`);
    order.external.forEach(relation);
  }
  return lines;
}

/** The class behind a relation; links lose the words Artifact and Collection, as LaminDB prints them. */
function targetName(model: Model, table: Table): string {
  if (table.registry !== null) return registryName(table);
  const name = linkClass(model, table);
  const prefix = table.module === 'lamindb' ? '' : `${table.module}.`;
  if (table.family === 'block') return prefix + name;
  const shown = name.replaceAll('Artifact', '').replaceAll('Collection', '');
  return prefix + (shown === '' ? name : shown);
}

/** `lamindb_recordulabel` -> RecordULabel. */
export function linkClass(model: Model, table: Table): string {
  let rest = table.name.replace(/^[a-z]+_/, '');
  let name = '';
  const classes = [...model.registry.keys(), 'Block', 'Json', 'Component'].sort(
    (a, b) => b.length - a.length,
  );
  while (rest !== '') {
    const next = classes.find((known) => rest.startsWith(known.toLowerCase()));
    if (!next) return name + rest;
    name += next;
    rest = rest.slice(next.length);
  }
  return name;
}
