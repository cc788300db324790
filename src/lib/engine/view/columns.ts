// The columns of a list: what each one is called, what kind of values it has, whether the list can be ordered by it.
import { LoamError } from '../errors.ts';
import { nameField, registryName } from '../model/name-field.ts';
import type { Model, Table } from '../model/types.ts';
import type { Path } from '../query/paths.ts';
import { hasFeatures } from '../query/prepare.ts';
import { findFeature } from '../query/feature-tests.ts';
import type { QueryScope } from '../query/prepare.ts';
import type { Steps } from '../statement.ts';
import { certainPath, isMany } from './conditions.ts';
import { fieldType, registryInfo, type FieldType } from './registry-info.ts';
import { choicesOf, fieldTitle } from './registry-words.ts';
import type { View } from './view.ts';

export interface ColumnInfo {
  /** As the view names it: `size`, `created_by__handle`, `ulabels`, `@temperature`. */
  name: string;
  title: string;
  /** `rows`: the other rows a relation leads to. `feature`: values of any kind. */
  type: FieldType | 'rows' | 'feature';
  /** A cell may hold several values. */
  many: boolean;
  sortable: boolean;
  /** Registry the values are rows of. */
  target: string | null;
  /** Names of stored codes. */
  choices: { value: string | number; title: string }[] | null;
}

/** A column with the way to its values. */
export interface Column {
  info: ColumnInfo;
  /** Null for features. */
  path: Path | null;
  feature: { id: number; name: string; dtype: string } | null;
}

export function columnNames(model: Model, table: Table, view: View): string[] {
  return view.columns ?? registryInfo(model, table).columns;
}

export function* columnsOf(scope: QueryScope, table: Table, view: View): Steps<Column[]> {
  const columns: Column[] = [];
  for (const name of new Set(columnNames(scope.model, table, view)))
    columns.push(
      name.startsWith('@') ? yield* featureColumn(scope, table, name) : fieldColumn(scope.model, table, name),
    );
  return columns;
}

function* featureColumn(scope: QueryScope, table: Table, name: string): Steps<Column> {
  if (!hasFeatures(table))
    throw new LoamError('FieldError', `${registryName(table)} has no feature columns.`, { field: name });
  const feature = yield* findFeature(scope, name.slice(1));
  const sortable = !/^(list|dict|cat|object)/.test(feature.dtype);
  const info = { name, title: feature.name, many: true, sortable, target: null, choices: null };
  return { info: { ...info, type: 'feature' }, path: null, feature };
}

function fieldColumn(model: Model, table: Table, name: string): Column {
  const path = certainPath(model, table, name);
  const many = isMany(path);
  const relation = path.relations.at(-1);
  const leads = path.column ? null : (relation?.target ?? null);
  if (leads && !leads.registry)
    throw new LoamError('FieldError', `${name} leads to ties between rows, not to rows.`, { field: name });
  const owner = relation?.target ?? table;
  const type = leads ? (many ? 'rows' : 'reference') : path.column ? fieldType(path.column) : 'json';
  return {
    info: {
      name,
      title: columnTitle(path),
      type: path.rest.length > 0 ? 'json' : type,
      many,
      sortable: !many && !(leads && nameField(leads) === null) && path.rest.length === 0,
      target: leads ? registryName(leads) : null,
      choices: path.column && path.rest.length === 0 ? choicesOf(owner, path.column.name) : null,
    },
    path,
    feature: null,
  };
}

/** `run__transform__key` -> "run transform key"; the end of a chain that only names its row goes without saying. */
export function columnTitle(path: Path): string {
  // "run transform" says no more than "transform".
  const told = path.relations.filter(({ name }, at) => name !== 'run' || at === path.relations.length - 1);
  const words = told.map((relation) => fieldTitle(relation.name));
  const last = path.relations.at(-1);
  if (path.column && !(last && nameField(last.target) === path.column.name && path.rest.length === 0))
    words.push(fieldTitle(path.column.name));
  return [...words, ...path.rest].join(' ');
}
