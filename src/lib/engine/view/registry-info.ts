// Every registry as the screens need it: its fields and relations with their types, what it can do, and how lists of it
// begin. All of it follows from the model, so that a plug-in registry has its screens without a line of its own.
import { nameField, registryName } from '../model/name-field.ts';
import { fieldsOf, type Relation } from '../model/relations.ts';
import type { Column, Model, Table } from '../model/types.ts';
import { hasFeatures } from '../query/prepare.ts';
import { ends, isCreatable, writing } from './registry-edits.ts';
import {
  choicesOf,
  fieldTitle,
  registryPlural,
  registryRank,
  registryTitle,
  wordsOf,
  type RegistryGroup,
} from './registry-words.ts';

export type FieldType = 'text' | 'number' | 'bool' | 'datetime' | 'date' | 'json' | 'reference';

export interface FieldInfo {
  /** As look-ups name it: `size`, `created_by`, `_dtype_str`. */
  name: string;
  title: string;
  type: FieldType;
  /** Characters, for texts with a limit. */
  length: number | null;
  /** More than a line is usual. */
  long: boolean;
  nullable: boolean;
  indexed: boolean;
  /** Registry of a reference. */
  target: string | null;
  /** How writing calls it; null where the engine alone sets it. */
  writes: string | null;
  /** Given when a row is made, and for life. */
  once: boolean;
  /** A row cannot be made without it. */
  required: boolean;
  choices: { value: string | number; title: string }[] | null;
}

export interface RelationInfo {
  name: string;
  title: string;
  target: string;
  direction: 'reverse' | 'pair';
  many: boolean;
  /** The relation of the rows there that leads back: filters their list by this row. */
  back: string | null;
  /** Rows can be added and taken away here. */
  editable: boolean;
  /** What this row says of itself; otherwise it is what others say of it. */
  own: boolean;
}

export interface RegistryInfo {
  /** `ULabel`, `bionty.CellType`. */
  name: string;
  /** In addresses: `ulabel`, `bionty-celltype`. */
  slug: string;
  table: string;
  module: string;
  title: string;
  plural: string;
  group: RegistryGroup;
  purpose: string;
  /** The field that a row is called by. */
  nameField: string;
  hasUid: boolean;
  /** Characters of a full uid. */
  uidLength: number;
  fields: FieldInfo[];
  relations: RelationInfo[];
  hasTrash: boolean;
  versioned: boolean;
  /** Rows can be types of other rows. */
  typed: boolean;
  /** Rows have parents and children. */
  hasParents: boolean;
  /** Rows carry values of features. */
  hasFeatures: boolean;
  /** Rows can have notes. */
  hasNotes: boolean;
  /** Rows can be made by a form. */
  creatable: boolean;
  columns: string[];
  facets: string[];
  order: { by: string; descending: boolean };
}

/** All registries of the model, those that people use most first. */
export function registryInfos(model: Model): RegistryInfo[] {
  const tables = [...model.registry.values()].sort((a, b) => registryRank(a) - registryRank(b));
  return tables.map((table) => registryInfo(model, table));
}

export function registryInfo(model: Model, table: Table): RegistryInfo {
  const name = registryName(table);
  const words = wordsOf(table);
  const fields = fieldInfos(model, table);
  const relations = relationInfos(model, table);
  return {
    name,
    // A dot would make it a file's name to many servers.
    slug: name.toLowerCase().replace('.', '-'),
    table: table.name,
    module: table.module,
    title: registryTitle(table),
    plural: registryPlural(table),
    group: words?.group ?? (table.module === 'bionty' ? 'ontologies' : 'modules'),
    purpose: words?.purpose ?? '',
    nameField: nameField(table) ?? 'id',
    hasUid: table.column.has('uid'),
    uidLength: table.uidLength + (table.versioned ? 4 : 0),
    fields,
    relations,
    hasTrash: hasTrash(table),
    versioned: table.versioned,
    typed: isTyped(table),
    hasParents: fieldsOf(model, table).get('parents')?.kind === 'relation',
    hasFeatures: hasFeatures(table),
    hasNotes: model.tables.has(`${table.name}block`),
    creatable: isCreatable(table),
    columns: words?.columns ?? usualColumns(table, fields, relations),
    facets: words?.facets ?? usualFacets(model, table),
    order: usualOrder(table),
  };
}

/** Storage, branches, spaces and users have none: their rows go at once. */
export const hasTrash = (table: Table): boolean =>
  table.column.has('branch_id') && table.registry !== 'Storage';
export const isTyped = (table: Table): boolean => table.column.has('is_type') && table.column.has('type_id');

/** What people see of the private columns. */
const shownPrivates = new Set(['_status_code', '_dtype_str', '_ounit_str']);
const longTexts = new Set(['description', 'source_code', 'content', 'text', 'synonyms']);

function fieldInfos(model: Model, table: Table): FieldInfo[] {
  const infos: FieldInfo[] = [];
  for (const field of fieldsOf(model, table).values()) {
    const column = field.kind === 'column' ? field.column : field.column;
    if (!column || (column.name.startsWith('_') && !shownPrivates.has(column.name))) continue;
    if (field.kind === 'relation' && field.direction !== 'forward') continue;
    infos.push({
      name: field.name,
      title: fieldTitle(field.name),
      type: field.kind === 'relation' ? 'reference' : fieldType(column),
      length: column.length,
      long: longTexts.has(column.name) && column.type === 'text',
      nullable: column.nullable,
      indexed: column.indexed || column.unique || column.name === 'id',
      target: field.kind === 'relation' ? registryName(field.target) : null,
      ...writing(table, column),
      choices: choicesOf(table, column.name),
    });
  }
  return infos;
}

function relationInfos(model: Model, table: Table): RelationInfo[] {
  const infos: RelationInfo[] = [];
  for (const field of fieldsOf(model, table).values()) {
    if (field.kind !== 'relation' || field.direction === 'forward' || !isShown(field)) continue;
    infos.push({
      name: field.name,
      title: fieldTitle(field.name),
      target: registryName(field.target),
      direction: field.direction,
      many: field.many,
      ...ends(model, table, field),
    });
  }
  return infos;
}

/** Ties and blocks are no rows of their own, and names with a leading underscore are LaminDB's bookkeeping. */
export const isShown = (relation: Relation): boolean =>
  relation.target.registry !== null && !relation.name.startsWith('_');

export function fieldType(column: Column): FieldType {
  switch (column.type) {
    case 'varchar':
    case 'text':
      return 'text';
    case 'integer':
    case 'smallint':
    case 'bigint':
      return 'number';
    default:
      return column.type;
  }
}

/** Name, type, the short texts that tell rows apart, where they are used, and when they changed. */
function usualColumns(table: Table, fields: FieldInfo[], relations: RelationInfo[]): string[] {
  const name = nameField(table) ?? 'id';
  const own = fields.filter(
    ({ name: field, type, length }) =>
      field !== name &&
      !['uid', 'hash', 'reference', 'reference_type', 'id'].includes(field) &&
      ((type === 'text' && length !== null) || (type === 'number' && !field.startsWith('_'))),
  );
  const order = (field: string) => ['ontology_id', 'scientific_name', 'abbr'].indexOf(field);
  own.sort((a, b) => Number(order(b.name) === 0) - Number(order(a.name) === 0));
  const picked = own.slice(0, 3).map((field) => field.name);
  const has = (field: string) => fields.some((one) => one.name === field);
  return [
    name,
    ...(isTyped(table) ? ['type'] : []),
    ...picked,
    ...['organism', 'synonyms', 'description'].filter(has).slice(0, 2),
    ...relations.filter((one) => one.name === 'artifacts').map((one) => one.name),
    ...['updated_at', 'created_at'].filter(has).slice(0, 1),
  ];
}

function usualFacets(model: Model, table: Table): string[] {
  const found: string[] = [];
  for (const field of fieldsOf(model, table).values()) {
    if (field.kind === 'column') {
      const { type, name } = field.column;
      if (type === 'bool' && !['is_locked', 'is_latest'].includes(name)) found.push(name);
      continue;
    }
    if (!isShown(field)) continue;
    const name = nameField(field.target);
    if (field.direction === 'forward' && ['organism', 'source', 'type', 'created_by'].includes(field.name))
      found.push(`${field.name}__${name}`);
    if (field.name === 'projects') found.push(`projects__${name}`);
  }
  return found;
}

function usualOrder(table: Table): RegistryInfo['order'] {
  if (table.registry === 'Run') return { by: 'started_at', descending: true };
  if (table.module === 'bionty') return { by: nameField(table) ?? 'id', descending: false };
  for (const by of ['updated_at', 'created_at']) if (table.column.has(by)) return { by, descending: true };
  return { by: 'id', descending: true };
}
