// A data frame as plain data, with the types pandas would give its columns (pandas 2.3): whole numbers with gaps are
// floats, truth values with gaps are objects, times are UTC.
import type { OperandType } from './operands.ts';
import { compareText, isFloat, repr } from './python-values.ts';
import type { QueryValue } from './query.ts';

export interface FrameColumn {
  name: string;
  /** As pandas names it: object, int64, float64, bool, category, Int64, boolean, datetime64[ns, UTC] … */
  dtype: string;
  values: QueryValue[];
}

export interface Frame {
  columns: FrameColumn[];
  indexName: string | null;
  index: QueryValue[];
}

/** Different values of one row under one column; printed sorted. Never part of an answer as it is. */
export class ValueSet {
  readonly items: QueryValue[] = [];
  readonly #known = new Set<string>();

  add(value: QueryValue): void {
    const key = repr(value);
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.items.push(value);
  }

  sorted(): QueryValue[] {
    const key = (value: QueryValue) => (typeof value === 'string' ? value : repr(value));
    return [...this.items].sort((a, b) => compareText(key(a), key(b)));
  }
}

const isNumber = (value: QueryValue): boolean => typeof value === 'number' || isFloat(value);

/** The type of a column of a registry's field. */
export function fieldDtype(type: OperandType, values: readonly QueryValue[]): string {
  const gaps = values.includes(null);
  const empty = values.every((value) => value === null);
  if (empty) return 'object';
  switch (type) {
    case 'int':
    case 'year':
    case 'relation':
      return gaps ? 'float64' : 'int64';
    case 'bool':
      return gaps ? 'object' : 'bool';
    case 'datetime':
      return 'datetime64[ns, UTC]';
    case 'json':
    case 'key':
      return inferredDtype(values);
    default:
      return 'object';
  }
}

/** The type pandas infers from the values alone. */
export function inferredDtype(values: readonly QueryValue[]): string {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return 'object';
  if (present.every(isNumber)) {
    const whole = present.every((value) => typeof value === 'number' && Number.isInteger(value));
    return whole && present.length === values.length ? 'int64' : 'float64';
  }
  if (present.length === values.length && present.every((value) => typeof value === 'boolean')) return 'bool';
  return 'object';
}
