// Registries as the model declares them: which table a registry is, what names its rows, whether they have types, a
// trash, versions, organisms. Nothing here knows a single registry by name unless LaminDB treats it apart.
import { LoamError } from '../errors.ts';
import type { Model, Table } from '../model/types.ts';
import type { Author } from '../write/transaction.ts';

export const trashBranch = -1;
export const archiveBranch = 0;

/** The table of a registry, named as Python names it: `ULabel`, `bionty.CellType` or `CellType`. */
export function registryOf(model: Model, name: string): Table {
  const [module, className] = name.includes('.') ? name.split('.', 2) : [null, name];
  const table = model.registry.get(className ?? '');
  if (!table || (module !== null && table.module !== module)) {
    throw new LoamError(
      'InvalidArgument',
      `There is no registry "${name}". Registries: ${[...model.registry.keys()].join(', ')}.`,
      { registry: name },
    );
  }
  return table;
}

/** What messages call a table: the registry's class, or the table's own name. */
export const labelOf = (table: Table): string => table.registry ?? table.name;

/** The column that names a row (LaminDB's `_name_field`), or the uid; a JsonValue has its value alone. */
export function nameOf(table: Table): string {
  const names = ['handle', 'name', 'key', 'symbol', 'root', 'uid', 'value'];
  return names.find((c) => table.column.has(c)) ?? 'id';
}

/** Rows have types of their own registry: a type is a row with `is_type` (LaminDB's `HasType`). */
export const isTyped = (table: Table): boolean => table.column.has('is_type') && table.column.has('type_id');

/** Rows may carry an emoji in `_aux["ei"]` (LaminDB's `HasEmoji`). */
export const hasEmoji = (table: Table): boolean => isTyped(table) || table.registry === 'Branch';

/** Rows can go to the trash. LaminDB's Storage, Branch, Space and User cannot; their rows go at once. */
export const hasTrash = (table: Table): boolean =>
  table.family === 'registry' && table.column.has('branch_id') && table.registry !== 'Storage';

/** Rows that LaminDB looks up by name before it makes another (`CanCurate`); versioned rows have rules of their own. */
export const searchesNames = (table: Table): boolean =>
  !table.versioned && ['name', 'handle', 'symbol'].includes(nameOf(table)) && !unsearched.has(labelOf(table));
const unsearched = new Set(['Space', 'Branch', 'Run', 'Source']);

/** Branches whose rows a query shows: the current one, those it comes from, and main. */
export const visibleBranches = (author: Author): readonly number[] => author.visible;

/** A condition that leaves out the trash and rows of branches that are not seen. */
export const present = (author: Author, alias = ''): string =>
  `+${alias}branch_id NOT IN (${[trashBranch, ...author.others].join(', ')})`;

/** A condition on `branch_id` for rows that a query shows; the plus keeps SQLite off the one-valued index. */
export function visible(table: Table, author: Author, alias = ''): string {
  if (!table.column.has('branch_id')) return '1';
  return `+${alias}branch_id IN (${visibleBranches(author).join(', ')})`;
}
