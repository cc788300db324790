// What a dtype names must be there when a feature takes it: registries, fields, types (lamindb 2.12.1 `serialize_dtype`,
// `parse_cat_dtype`, `get_record_type_from_uid`); and `cat_filters` written into the dtype as LaminDB writes them.
import { LoamError } from '../errors.ts';
import type { Model, Table } from '../model/types.ts';
import { nameOf, registryOf } from '../registry/tables.ts';
import { one, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { parseDtype, type Category } from './dtype.ts';

/** The registry of a category, with the column that holds its values. */
export function categoryTable(model: Model, category: Category): { table: Table; field: string } {
  const { registry } = category;
  // LaminDB writes other modules' registries with their module: `bionty.CellType`, never `CellType`.
  const known = model.registry.get(registry.split('.').pop() ?? '');
  const full = known
    ? known.module === 'lamindb'
      ? known.registry
      : `${known.module}.${known.registry}`
    : null;
  if (!known || full !== registry) {
    throw new LoamError(
      'ValidationError',
      `'${registry}' is an invalid dtype, has to be registry, e.g. ULabel or bionty.CellType${full ? `; here ${full}` : ''}.`,
      { field: 'dtype', registry },
    );
  }
  const table = registryOf(model, registry);
  const field = category.field === 'name' && !table.column.has('name') ? nameOf(table) : category.field;
  if (!table.column.has(field))
    throw new LoamError('FieldError', `${registry} has no field "${field}".`, { field: 'dtype', registry });
  return { table, field };
}

/** Refuses a dtype whose registries, fields, types or filters are not there. */
export function* checkDtype(model: Model, text: string): Steps<void> {
  for (const category of parseDtype(text).categories) {
    const { table } = categoryTable(model, category);
    if (category.typeUid !== null) yield* typeOf(table, category.typeUid);
    yield* filterSql(model, table, category.filters);
  }
}

/** The type row that a category is limited to. */
export function* typeOf(table: Table, uid: string): Steps<{ id: number; name: string }> {
  const row = yield* one(`SELECT id, name, is_type FROM "${table.name}" WHERE uid = ?`, [uid]);
  if (!row) {
    throw new LoamError('DoesNotExist', `There is no ${table.registry} type with the uid "${uid}".`, {
      field: 'dtype',
      uid,
    });
  }
  if (row[2] === 1) return { id: Number(row[0]), name: String(row[1]) };
  throw new LoamError(
    'InvalidArgument',
    `The resolved ${table.registry} '${String(row[1])}' (uid='${uid}') is not a type: is_type is False.`,
    { field: 'dtype', uid },
  );
}

/**
 * Filters of a dtype as a condition on the registry's rows: `source__uid='…'` by the row it names, other keys by the
 * column's own value. Values are resolved here, so the text holds numbers and quoted literals only.
 */
export function* filterSql(model: Model, table: Table, filters: Category['filters']): Steps<string> {
  const terms: string[] = [];
  for (const [key, value] of filters) {
    const [relation, field] = key.split('__');
    const reference = table.column.get(`${relation}_id`)?.references;
    if (reference && field !== undefined) {
      const target = model.tables.get(reference.table);
      if (!target?.column.has(field)) throw noFilter(table, key);
      const row = yield* one(`SELECT id FROM "${target.name}" WHERE "${field}" = ? ORDER BY id LIMIT 1`, [
        value,
      ]);
      if (!row) {
        throw new LoamError(
          'DoesNotExist',
          `There is no ${target.registry} with ${field} "${value}", which a dtype names.`,
          {
            field: 'dtype',
            value,
          },
        );
      }
      terms.push(`"${relation}_id" = ${Number(row[0])}`);
      continue;
    }
    const column = table.column.get(key);
    if (!column) throw noFilter(table, key);
    if (column.type === 'bool') terms.push(`"${key}" = ${/^true$/i.test(value) ? 1 : 0}`);
    else terms.push(`"${key}" = '${value.replace(/'/g, "''")}'`);
  }
  return terms.join(' AND ');
}

function noFilter(table: Table, key: string): LoamError {
  return new LoamError('FieldError', `${table.registry} has no field "${key}" to filter a dtype by.`, {
    field: 'cat_filters',
  });
}

/** The dtype with its `cat_filters`: a row is named by its uid, a type of records or labels comes first and bare. */
export function* withFilters(tx: Transaction, text: string, filters: unknown): Steps<string> {
  const dtype = parseDtype(text);
  if (dtype.categories.length !== 1) {
    throw refused(`cat_filters are incompatible with union dtypes: '${text}'`);
  }
  const category = dtype.categories[0] as Category;
  categoryTable(tx.journal.model, category);
  if (filters === null || typeof filters !== 'object') throw refused('cat_filters must be an object');
  if (category.filters.length > 0)
    throw refused(`cat_filters are incompatible with nested dtypes: '${text}'`);
  let typeUid = category.typeUid;
  const bare = category.registry === 'Record' || category.registry === 'ULabel';
  const parts: string[] = [];
  for (const [key, value] of Object.entries(filters)) {
    if (value === null || value === undefined || (typeof value === 'string' && value.trim() === ''))
      throw refused(`Empty value in filter ${key}`);
    const row = typeof value === 'object' && 'uid' in value ? String(value.uid) : null;
    const name = row !== null && !key.includes('__') ? `${key}__uid` : key;
    const shown = row ?? (typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value));
    if (['type', 'type__uid'].includes(name) && bare) {
      if (typeUid !== null && typeUid !== shown)
        throw refused('Conflicting type selectors in dtype and cat_filters');
      typeUid = shown;
    } else parts.push(`${name}=${quoted(shown)}`);
  }
  const inside = [...(typeUid === null ? [] : [typeUid]), ...parts].join(', ');
  const field = category.field === 'name' ? '' : `.${category.field}`;
  // As LaminDB writes it: the field before the brackets, except behind those of a type.
  const head = bare && typeUid !== null ? category.registry : `${category.registry}${field}`;
  const tail = bare && typeUid !== null ? field : '';
  const cat = `cat[${head}[${inside}]${tail}]`;
  return dtype.list ? `list[${cat}]` : cat;
}

const quoted = (value: string): string => {
  if (!value.includes(',')) return value;
  if (!value.includes('"')) return `"${value}"`;
  if (!value.includes("'")) return `'${value}'`;
  throw refused(`Cannot serialize a filter value with a comma and both kinds of quotes: ${value}`);
};

const refused = (message: string): LoamError =>
  new LoamError('ValidationError', `${message}.`, { field: 'cat_filters' });
