// What a row of `ln` knows of itself beside its fields: its registry, its id, and the fields as they are stored. Kept apart
// from the object, so that only LaminDB's names show on it.
import type { Ref } from '../engine/registry/registry-types.ts';

export interface RowState {
  /** `Artifact`, `bionty.CellType`. */
  registry: string;
  /** Null until it is saved. */
  id: number | null;
  uid: string | null;
  /** Fields as they were read. */
  stored: Record<string, unknown>;
  /** References that were set and are not saved yet, by name. */
  set: Map<string, unknown>;
}

const states = new WeakMap<object, RowState>();

export function stateOf(value: unknown): RowState | undefined {
  return typeof value === 'object' && value !== null ? states.get(value) : undefined;
}

export function keepState(row: object, state: RowState): void {
  states.set(row, state);
}

/** How the engine is told of a row: exactly where it is one, else by what was given. */
export function refOf(value: unknown): Ref {
  const row = stateOf(value);
  if (!row) return value as Ref;
  if (row.uid !== null) return { uid: row.uid };
  // Refused by the engine with the words for what is no row.
  return { id: row.id ?? -1 };
}
