// The field by which a row of a registry is called, looked up and shown: LaminDB's `_name_field`, else its `name`.
import type { Model, Table } from './types.ts';

const named: Record<string, string> = {
  User: 'handle',
  Run: 'started_at',
  Storage: 'root',
  Transform: 'key',
  JsonValue: 'value',
  Artifact: 'key',
  Collection: 'key',
  Gene: 'symbol',
};

/** Registries whose class names no `_name_field`, although they have a `name`. */
const unnamed = ['Space', 'Branch', 'Project', 'Reference', 'Source', 'Block'];

/** LaminDB's `_name_field`; null where the class has none. */
export function ownNameField(table: Table): string | null {
  if (table.registry === null || unnamed.includes(table.registry)) return null;
  return named[table.registry] ?? (table.column.has('name') ? 'name' : null);
}

/** The field that is used where none is named: `_name_field`, `name`, else the first text field whose name has no "id". */
export function nameField(table: Table): string | null {
  const own = ownNameField(table) ?? (table.column.has('name') ? 'name' : null);
  if (own) return own;
  const texts = table.columns.filter((c) => c.type === 'varchar' || c.type === 'text');
  return texts.find((c) => !c.name.includes('id'))?.name ?? null;
}

/** `Artifact`, `bionty.CellType`; LaminDB writes no module before its own. */
export function registryName(table: Table): string {
  const name = table.registry ?? table.name;
  return table.module === 'lamindb' || table.module === 'django' ? name : `${table.module}.${name}`;
}

/**
 * The table of a registry as LaminDB and its links are called in Python: `ULabel`, `bionty.CellType`, `ArtifactULabel`,
 * `bionty.models.ArtifactCellType`. Null when there is none.
 */
export function findRegistry(model: Model, name: string): Table | null {
  const parts = /^(?:([a-z]+)\.(?:models\.)?)?([A-Z][A-Za-z]*)$/.exec(name);
  if (!parts) return null;
  const [, module, className = ''] = parts;
  const own = model.registry.get(className);
  if (own && (module === undefined || module === own.module)) return own;
  const modules = module
    ? [module]
    : ['lamindb', ...new Set([...model.tables.values()].map((t) => t.module))];
  for (const prefix of modules) {
    const table = model.tables.get(`${prefix}_${className.toLowerCase()}`);
    if (table && table.registry === null && ['link', 'cell', 'block'].includes(table.family)) return table;
  }
  return null;
}
