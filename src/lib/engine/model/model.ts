// The one model: every table of lamindb and bionty, assembled from the declarations once at start.

import { bionty } from './bionty.ts';
import { core } from './core.ts';
import { assemble } from './declare.ts';
import type { Model, Table } from './types.ts';

export const model: Model = assemble([...core, ...bionty]);

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
