// Objects as a command line names them: `artifact --key K`, `record --name N`, `run --uid U`, or one address. The words are
// lamin's (lamin-cli 1.21); every other registry of the model has its own in the same way.
import { LoamError } from '../src/lib/engine/errors.ts';
import { model } from '../src/lib/engine/model/model.ts';
import { nameField, registryName } from '../src/lib/engine/model/name-field.ts';
import type { Table } from '../src/lib/engine/model/types.ts';
import type { Lookups } from '../src/lib/engine/query/query.ts';
import type { Instance } from './instance.ts';
import { Usage } from './verb.ts';

export const namingFlags = {
  uid: { type: 'string' },
  key: { type: 'string' },
  name: { type: 'string' },
} as const;

export interface Naming {
  uid?: string | undefined;
  key?: string | undefined;
  name?: string | undefined;
}

export interface Entity {
  table: Table;
  /** As the engine calls it: `Artifact`, `bionty.CellType`. */
  registry: string;
  /** As it was named on the command line. */
  word: string;
  id: number;
  uid: string;
}

export const isAddress = (text: string): boolean => /^(https|lamin):\/\//.test(text);

/** `artifact`, `ulabel`, `bionty.celltype`, in any case. */
export function tableOfWord(word: string): Table {
  const wanted = word.toLowerCase();
  const tables = [...model.registry.values()];
  const found =
    tables.find((table) => registryName(table).toLowerCase() === wanted) ??
    tables.find((table) => table.registry?.toLowerCase() === wanted);
  if (found) return found;
  const words = tables.map((table) => registryName(table).toLowerCase()).join(', ');
  throw new Usage(`There is no registry "${word}". Name an address or one of: ${words}.`);
}

/** Whether its objects are named by `--key`; the others by `--name`. */
export const byKey = (table: Table): boolean => nameField(table) === 'key';

/** The one object; `DoesNotExist` and `MultipleObjectsReturned` as LaminDB's `get`. */
export function findEntity(instance: Instance, word: string, naming: Naming): Entity {
  const { engine } = instance;
  if (isAddress(word)) {
    const { registry, id } = engine.findAddress(word);
    const table = tableOfWord(registry);
    return entityOf(instance, table, table.registry?.toLowerCase() ?? registry, id);
  }
  const table = tableOfWord(word);
  const { uid, key, name } = naming;
  const flag = byKey(table) ? 'key' : 'name';
  if (uid !== undefined) return entityOf(instance, table, word, uid);
  if (flag === 'key' && name !== undefined) throw new Usage(`Name a ${word} by --key or --uid.`);
  if (flag === 'name' && key !== undefined) throw new Usage(`Name a ${word} by --name or --uid.`);
  const given = key ?? name;
  if (given !== undefined) return entityOf(instance, table, word, { [nameField(table) ?? 'name']: given });
  if (table.registry === 'Branch') return entityOf(instance, table, word, engine.status().branch.uid);
  throw new Usage(`For ${word} pass --uid or --${flag}.`);
}

/**
 * The newest object of that key, name or beginning of a uid, wherever it is: on any branch, in the archive or trash,
 * as lamin's `load` and `delete` find it.
 */
export function findAnywhere(instance: Instance, word: string, naming: Naming): Entity {
  if (isAddress(word)) return findEntity(instance, word, naming);
  const table = tableOfWord(word);
  const { uid, key, name } = naming;
  const given = uid ?? key ?? name;
  const field = nameField(table) ?? 'name';
  if (given === undefined || !table.column.has('branch_id')) return findEntity(instance, word, naming);
  const lookup: Lookups = uid !== undefined ? { uid__startswith: uid } : { [field]: given };
  const registry = registryName(table);
  const [id] = instance.engine.queryIds({
    registry,
    filters: [{ ...lookup, branch_id__isnull: false }],
    order: ['-created_at', '-id'],
    limit: 1,
  });
  if (id !== undefined) return entityOf(instance, table, word, id);
  const by = uid !== undefined ? 'uid' : field;
  throw new LoamError('DoesNotExist', `${table.registry} with ${by}=${given} does not exist.`, {
    registry,
    [by]: given,
  });
}

function entityOf(
  { engine }: Instance,
  table: Table,
  word: string,
  idlike: number | string | Record<string, string>,
): Entity {
  const registry = registryName(table);
  const [id, uid] = engine.getRow(registry, idlike, table.column.has('uid') ? ['id', 'uid'] : ['id', 'id']);
  return { table, registry, word: word.toLowerCase(), id: Number(id), uid: String(uid) };
}

/** What a person calls the object: its key, name, else its uid. */
export function shownName({ engine }: Instance, { table, registry, id, uid }: Entity): string {
  const field = nameField(table);
  const [value] = field === null ? [null] : engine.getRow(registry, id, [field]);
  return typeof value === 'string' && value !== '' ? value : uid;
}

/** A row of a registry named by name or uid, as `--project`, `--ulabel` and their like do. */
export function findTag({ engine }: Instance, registry: string, given: string): { id: number; name: string } {
  const rows = engine.queryRows({ registry, filters: [{ $or: [{ name: given }, { uid: given }] }] }, [
    'id',
    'name',
  ]);
  const [row, second] = rows;
  if (!row)
    throw new LoamError(
      'InvalidArgument',
      `${registry} '${given}' not found: create it, or correct the name.`,
      { registry, value: given },
    );
  if (second)
    throw new LoamError(
      'MultipleObjectsReturned',
      `Several ${registry} rows are called '${given}'. Name the one you mean by its uid.`,
      { registry, value: given },
    );
  return { id: Number(row[0]), name: String(row[1]) };
}
