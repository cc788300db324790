// The modules a database here has, and the one model: every table of them, assembled once at start.
// A plug-in registry is one more declaration file and one more line in `modules` (docs/guide/plugin.md).

import { ontologySources } from '../schema/seed.ts';
import { migrationsOf } from '../schema/seed-migrations.ts';
import { bionty } from './bionty.ts';
import { core } from './core.ts';
import { assemble } from './declare.ts';
import type { Model, Module, Table } from './types.ts';

export const modules: readonly Module[] = [
  { name: 'lamindb', declarations: core, migrations: migrationsOf('lamindb') },
  { name: 'bionty', declarations: bionty, migrations: migrationsOf('bionty'), seeds: ontologySources },
];

/** The model of LaminDB's own modules and any others. A clash of names is a mistake in a declaration and throws. */
export function createModel(plugIns: readonly Module[] = []): Model {
  return assemble([...modules, ...plugIns]);
}

export const model: Model = createModel();

/** The table of that full name. An unknown name is a mistake in the program, not a user's. */
export function table(name: string): Table {
  const found = model.tables.get(name);
  if (!found) throw new Error(`the model has no table ${name}`);
  return found;
}

/** The table of a Python registry name: `registryTable('ULabel')`. */
export function registryTable(className: string): Table {
  const found = model.registry.get(className);
  if (!found) throw new Error(`the model has no registry ${className}`);
  return found;
}
