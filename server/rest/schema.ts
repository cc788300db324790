// The model as LaminHub's clients read it (`GET …/schema`): modules, models in small letters, and of each field its type,
// its column and where it leads. The shape is that of lamindb-setup's `_schema_metadata.py`.
import { nameField } from '../../src/lib/engine/model/name-field.ts';
import { fieldsOf, type Field, type Relation } from '../../src/lib/engine/model/relations.ts';
import type { Column, ColumnType, Model, Table } from '../../src/lib/engine/model/types.ts';
import { columnOf } from '../../src/lib/engine/registry/fields.ts';
import { className, isServed, modelName, moduleName } from './names.ts';

export interface FieldFacts {
  type: string;
  column_name: string | null;
  through: { left_key: string; right_key: string; link_table_name: string | null } | null;
  field_name: string;
  model_name: string;
  schema_name: string;
  is_link_table: boolean;
  is_primary_key: boolean;
  is_editable: boolean;
  relation_type: 'many-to-one' | 'one-to-many' | 'many-to-many' | 'one-to-one' | null;
  related_field_name: string | null;
  related_model_name: string | null;
  related_schema_name: string | null;
}

export interface ModelFacts {
  fields: Record<string, FieldFacts>;
  class_name: string;
  table_name: string;
  is_link_table: boolean;
  is_auto_created: boolean;
  name_field: string | null;
  ontology_id_field: string | null;
}

/** Django's names of field classes. */
const djangoTypes: Record<ColumnType, string> = {
  ...{ varchar: 'CharField', text: 'TextField', json: 'JSONField', bool: 'BooleanField' },
  ...{ integer: 'IntegerField', smallint: 'SmallIntegerField', bigint: 'BigIntegerField' },
  ...{ datetime: 'DateTimeField', date: 'DateField' },
};

const keyTypes: Partial<Record<ColumnType, string>> = { smallint: 'SmallAutoField', bigint: 'BigAutoField' };

const isLink = (table: Table): boolean => table.family === 'link' || table.family === 'cell';

export function schemaFacts(model: Model): Record<string, Record<string, ModelFacts>> {
  const modules: Record<string, Record<string, ModelFacts>> = {};
  for (const table of model.tables.values())
    if (isServed(table)) (modules[moduleName(table)] ??= {})[modelName(table)] = modelFacts(model, table);
  return modules;
}

export function modelFacts(model: Model, table: Table): ModelFacts {
  const fields: Record<string, FieldFacts> = {};
  for (const field of fieldsOf(model, table).values()) fields[field.name] = fieldFacts(model, table, field);
  return {
    fields,
    class_name: className(model, table),
    table_name: table.name,
    is_link_table: isLink(table),
    is_auto_created: false,
    name_field: nameField(table),
    ontology_id_field: table.column.has('ontology_id') ? 'ontology_id' : null,
  };
}

function fieldFacts(model: Model, table: Table, field: Field): FieldFacts {
  const here = {
    field_name: field.name,
    model_name: modelName(table),
    schema_name: moduleName(table),
    is_link_table: isLink(table),
  };
  if (field.kind === 'column') {
    const { column } = field;
    const key = column.name === 'id';
    return {
      ...here,
      type: key ? (keyTypes[column.type] ?? 'AutoField') : djangoTypes[column.type],
      column_name: column.name,
      through: null,
      is_primary_key: key,
      is_editable: columnOf(table, column.name) !== null,
      relation_type: null,
      related_field_name: null,
      related_model_name: null,
      related_schema_name: null,
    };
  }
  return {
    ...here,
    type: relationTypes[field.direction](field),
    column_name: field.column?.name ?? null,
    through: throughOf(field),
    is_primary_key: false,
    is_editable: field.column !== null && columnOf(table, field.column.name) !== null,
    relation_type: relationType(field),
    related_field_name: inverseOf(model, table, field),
    related_model_name: modelName(field.target),
    related_schema_name: moduleName(field.target),
  };
}

const keyType = (column: Column | null): string => (column?.unique ? 'OneToOneField' : 'ForeignKey');
const relationTypes: Record<Relation['direction'], (relation: Relation) => string> = {
  forward: ({ column }) => keyType(column),
  reverse: ({ hops, target }) => keyType(target.column.get(hops[0]?.to ?? '') ?? null),
  pair: () => 'ManyToManyField',
};

function relationType(relation: Relation): NonNullable<FieldFacts['relation_type']> {
  if (relation.direction === 'pair') return 'many-to-many';
  if (relation.direction === 'forward') return relation.column?.unique ? 'one-to-one' : 'many-to-one';
  return relation.many ? 'one-to-many' : 'one-to-one';
}

function throughOf({ direction, hops }: Relation): FieldFacts['through'] {
  const [first, second] = hops;
  if (direction === 'pair')
    return {
      left_key: first?.to ?? 'id',
      right_key: second?.from ?? 'id',
      link_table_name: first?.table.name ?? null,
    };
  return { left_key: first?.from ?? 'id', right_key: first?.to ?? 'id', link_table_name: null };
}

/** What the relation is called on the other side; null where look-ups cannot go back. */
function inverseOf(model: Model, table: Table, relation: Relation): string | null {
  const [first, second] = relation.hops;
  for (const other of fieldsOf(model, relation.target).values()) {
    if (other.kind !== 'relation' || other.target !== table) continue;
    const [back, on] = other.hops;
    const same = second
      ? back?.table === first?.table && back?.to === second.from && on?.from === first?.to
      : other.hops.length === 1 && back?.from === first?.to && back?.to === first?.from;
    if (same) return other.name;
  }
  return null;
}
