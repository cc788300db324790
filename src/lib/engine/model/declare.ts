// The language in which tables are declared, and the assembly of declarations into one `Model`. It owns the reading
// of the compact column strings and what follows from them (id types, Django's index on every foreign key, names);
// it mirrors what Django derives from LaminDB's model classes. Tables are declared in registries.ts, core.ts, bionty.ts
// and by plug-ins (docs/guide/plugin.md).

import { djangoName } from '../schema/django-names.ts';
import type { Check, Column, ColumnType, Family, Model, Module, RowKey, Table, Unique } from './types.ts';

/**
 * One string per column: type, then marks, then defaults.
 * `c20` varchar(20), `t` text, `j` JSON, `b` bool, `i` `s` `B` int, smallint, bigint, `d` timestamp, `D` date,
 * `>artifact` reference to lamindb's table, `>@gene` to bionty's, `>wetlab.well` to another module's.
 * `?` nullable, `*` indexed (references always are), `!` unique, `^` CASCADE (a reference is PROTECT without it),
 * `=v` DDL default, `~v` default that the application writes.
 */
export type Columns = Record<string, string>;

type IdType = 'integer' | 'smallint' | 'bigint';

export interface Declaration {
  name: string;
  registry: string | null;
  module: Table['module'];
  family: Family;
  id: IdType;
  columns: Columns;
  rowKey: RowKey;
  uniques: Unique[];
  checks: Check[];
  uidLength: number;
}

const types: Record<string, ColumnType> = {
  t: 'text',
  j: 'json',
  b: 'bool',
  i: 'integer',
  s: 'smallint',
  B: 'bigint',
  d: 'datetime',
  D: 'date',
};
const grammar =
  /^(?:c(\d+)|([tjbisBdD])|>((?:@|[a-z][a-z0-9]*\.)?[a-z][a-z0-9]*))(\??)([*!]?)(\^?)(?:=([^~]+))?(?:~(.*))?$/;
const families: Family[] = ['registry', 'block', 'm2m', 'link', 'cell', 'django'];

export interface RegistryOptions {
  /** Stem length where versioned; 0 without a uid. */
  uidLength: number;
  id?: IdType;
  uniques?: Unique[];
  checks?: Check[];
  /** The uid unless said otherwise. */
  rowKey?: RowKey;
}

/** A registry: its Python class names it; the table is the module and the class in lower case. */
export function registry(
  module: string,
  className: string,
  columns: Columns,
  options: RegistryOptions,
): Declaration {
  return {
    name: `${module}_${className.toLowerCase()}`,
    registry: className,
    module,
    family: 'registry',
    id: options.id ?? 'integer',
    columns,
    rowKey: options.rowKey ?? { columns: ['uid'], backing: 'unique' },
    uniques: options.uniques ?? [],
    checks: options.checks ?? [],
    uidLength: options.uidLength,
  };
}

/** Any other table. */
export function plain(
  family: Family,
  name: string,
  columns: Columns,
  rowKey: RowKey,
  uniques: Unique[] = [],
  uidLength = 0,
): Declaration {
  const module = family === 'django' ? 'django' : name.slice(0, name.indexOf('_'));
  const own = { name, columns, rowKey, uniques, uidLength };
  return { ...own, registry: null, module, family, id: 'bigint', checks: [] };
}

/** Many-to-many without a model: two references, both CASCADE by Django's rule. A self-relation has from_ and to_. */
export function manyToMany(left: string, field: string, right: string): Declaration {
  const [l, r] = [left, right].map(short);
  const ends = left === right ? [`from_${l}_id`, `to_${r}_id`] : [`${l}_id`, `${r}_id`];
  const name = `${tableOf(left)}_${field}`;
  const columns = { [ends[0] ?? '']: `>${left}^`, [ends[1] ?? '']: `>${right}^` };
  return plain('m2m', name, columns, { columns: ends, backing: 'unique' }, [together(name, ends)]);
}

/** `unique_together`, with Django's name unless LaminDB chose one. */
export function together(table: string, columns: string[]): Unique {
  return {
    columns,
    where: null,
    expression: null,
    name: djangoName(table, columns, '_uniq'),
    constraint: false,
  };
}

/** `UniqueConstraint` with a name chosen by LaminDB. */
export function named(name: string, columns: string[], where: string | null = null): Unique {
  return { columns, where, expression: null, name, constraint: false };
}

/** Module of a reference target: 'artifact', '@gene' or 'wetlab.well'. */
export function moduleOf(target: string): string {
  if (target.startsWith('@')) return 'bionty';
  return target.includes('.') ? target.slice(0, target.indexOf('.')) : 'lamindb';
}

/** The target's name without its module, as it stands in column and link names. */
export function short(target: string): string {
  return target.replace(/^@|^.*\./, '');
}

/** Full table name of a reference target. */
export function tableOf(target: string): string {
  return `${moduleOf(target)}_${short(target)}`;
}

function readDefault(text: string | undefined, type: ColumnType): string | number | undefined {
  if (text === undefined) return undefined;
  return type !== 'json' && /^-?\d+$/.test(text) ? Number(text) : text;
}

function readColumn(table: string, name: string, text: string, idTypes: Map<string, IdType>): Column {
  const match = grammar.exec(text);
  if (!match) throw new Error(`${table}.${name}: cannot read the declaration "${text}"`);
  const [, length, letter, target, nullable, mark, cascade, ddl, app] = match;
  let type: ColumnType = length ? 'varchar' : (types[letter ?? ''] ?? 'integer');
  let references: Column['references'] = null;
  if (target !== undefined) {
    const to = tableOf(target);
    const idType = idTypes.get(to);
    if (!idType) throw new Error(`${table}.${name}: there is no table ${to}`);
    type = idType;
    references = { table: to, onDelete: cascade ? 'CASCADE' : 'PROTECT' };
  }
  return {
    name,
    type,
    length: length ? Number(length) : null,
    nullable: nullable === '?',
    ddlDefault: readDefault(ddl, type),
    appDefault: readDefault(app, type),
    indexed: mark === '*' || (references !== null && mark !== '!'),
    unique: mark === '!',
    references,
    derived: name === 'is_latest',
  };
}

const idColumn = (type: IdType): Column => ({
  name: 'id',
  type,
  length: null,
  nullable: false,
  ddlDefault: undefined,
  appDefault: undefined,
  indexed: false,
  unique: false,
  references: null,
  derived: false,
});

/** Joins modules. Within a family the order of declarations is the insert order, so targets are declared first. */
export function assemble(modules: readonly Module[]): Model {
  const declarations = modules.flatMap((module) => module.declarations);
  const idTypes = new Map(declarations.map((d) => [d.name, d.id]));
  const model: Model = { modules, tables: new Map(), order: [], registry: new Map(), incoming: new Map() };
  for (const d of declarations) {
    if (model.tables.has(d.name)) throw new Error(`table ${d.name} is declared twice`);
    if (d.registry && model.registry.has(d.registry))
      throw new Error(`registry ${d.registry} is declared in ${d.module} and in another module`);
    const columns = Object.entries(d.columns).map(([name, text]) => readColumn(d.name, name, text, idTypes));
    columns.unshift(idColumn(d.id));
    const column = new Map(columns.map((c) => [c.name, c]));
    const { name, registry: className, module, family, rowKey, uniques, checks, uidLength } = d;
    const versioned = column.has('is_latest');
    const base = { name, registry: className, module, family, columns, column };
    const table: Table = { ...base, rowKey, uniques, checks, uidLength, versioned };
    model.tables.set(name, table);
    if (className) model.registry.set(className, table);
    for (const c of columns) {
      if (!c.references) continue;
      const list = model.incoming.get(c.references.table) ?? [];
      list.push({ table: name, column: c.name, onDelete: c.references.onDelete });
      model.incoming.set(c.references.table, list);
    }
  }
  for (const family of families) {
    for (const d of declarations) if (d.family === family) model.order.push(d.name);
  }
  return model;
}
