// How LaminHub's addresses name registries: a module (`core` is LaminDB's own) and a model in small letters, so that
// `core/artifact`, `bionty/celltype` and the link `core/artifactulabel` are what they are to its clients.
import { LoamError } from '../../src/lib/engine/errors.ts';
import { registryName } from '../../src/lib/engine/model/name-field.ts';
import type { Model, Table } from '../../src/lib/engine/model/types.ts';

export const moduleName = (table: Table): string => (table.module === 'lamindb' ? 'core' : table.module);
export const modelName = (table: Table): string => table.name.slice(table.module.length + 1);

/** Tables that rows are asked of: registries, links that are classes in Python, blocks. Not Django's own. */
export const isServed = (table: Table): boolean =>
  table.registry !== null || ['link', 'cell', 'block'].includes(table.family);

/** As the query language calls it: `Artifact`, `bionty.CellType`, `Artifactulabel`. */
export function registryOf(table: Table): string {
  if (table.registry !== null) return registryName(table);
  const name = modelName(table);
  const className = `${(name[0] ?? '').toUpperCase()}${name.slice(1)}`;
  return table.module === 'lamindb' ? className : `${table.module}.${className}`;
}

/** The table of an address. Class names (`ULabel`) and LaminDB's own name of its module do as well. */
export function tableNamed(model: Model, module: string, name: string): Table {
  const own = module === 'core' ? 'lamindb' : module;
  const table = model.tables.get(`${own}_${name.toLowerCase()}`);
  if (table && isServed(table) && table.module === own) return table;
  const known = model.modules.map((one) => (one.name === 'lamindb' ? 'core' : one.name));
  if (!known.includes(module) && module !== 'lamindb')
    throw new LoamError(
      'DoesNotExist',
      `There is no module “${module.slice(0, 40)}”; there are ${known.join(', ')}.`,
      { field: 'module_name' },
    );
  throw new LoamError(
    'DoesNotExist',
    `The module “${module.slice(0, 40)}” has no model “${name.slice(0, 60)}”. GET …/schema lists them.`,
    { field: 'model_name' },
  );
}

/** The class of a link or block in Python, put together from the names of registries: ArtifactULabel, RecordJson. */
export function className(model: Model, table: Table): string {
  if (table.registry !== null) return table.registry;
  const words = [...model.registry.keys(), 'Json', 'Component', 'Block', 'Parents'];
  const cut = (rest: string): string[] | null => {
    if (rest === '') return [];
    for (const word of words) {
      if (!rest.startsWith(word.toLowerCase())) continue;
      const more = cut(rest.slice(word.length));
      if (more) return [word, ...more];
    }
    return null;
  };
  const name = modelName(table);
  return cut(name)?.join('') ?? `${(name[0] ?? '').toUpperCase()}${name.slice(1)}`;
}
