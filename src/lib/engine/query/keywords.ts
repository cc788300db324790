// LaminDB's own reading of keywords before Django sees them: older and shorter names, states by word, and the error that
// helps someone who compares a relation with a name.
import { LoamError } from '../errors.ts';
import { findField } from '../model/relations.ts';
import type { Model, Table } from '../model/types.ts';
import { isObject, type QueryValue } from './query.ts';

export const statusCodes: Record<string, Record<string, number>> = {
  Run: { scheduled: -3, restarted: -2, started: -1, completed: 0, errored: 1, aborted: 2 },
  Branch: { closed: -2, merged: -1, standalone: 0, draft: 1, review: 2 },
  Project: {
    planned: -3,
    'up-next': -2,
    active: -1,
    completed: 0,
    background: 1,
    paused: 2,
    canceled: 3,
    archived: 4,
  },
};

function renamed(table: Table, name: string): string {
  const { registry } = table;
  if (name === 'version' && table.versioned) return 'version_tag';
  if (registry === 'Artifact' && name === 'transform') return 'run__transform';
  if (registry === 'Artifact' && name === 'feature_sets') return 'schemas';
  if (registry === 'Feature' && (name === 'dtype' || name === 'dtype_as_str')) return '_dtype_str';
  if (name === 'status' && statusCodes[registry ?? '']) return '_status_code';
  return name;
}

/** A keyword as a look-up of a field: `version` is `version_tag`, `transform` is `run__transform`, `status` a code. */
export function mapKeyword(table: Table, lookup: string, value: QueryValue): [string, QueryValue] {
  const [first = '', ...rest] = lookup.split('__');
  const name = renamed(table, first);
  if (name === first) return [lookup, value];
  const mapped = [name, ...rest].join('__');
  const codes = first === 'status' ? statusCodes[table.registry ?? ''] : undefined;
  return [mapped, codes ? statusValue(table, codes, value) : value];
}

/** The name of a field in `include` or `values`, without a value. */
export function mapName(table: Table, name: string): string {
  return mapKeyword(table, name, null)[0];
}

function statusValue(table: Table, codes: Record<string, number>, value: QueryValue): QueryValue {
  if (Array.isArray(value))
    return value.map((item) => (typeof item === 'string' ? (codes[item] ?? item) : item));
  if (typeof value !== 'string') return value;
  const code = codes[value];
  if (code === undefined) {
    const expected = Object.keys(codes)
      .map((status) => `'${status}'`)
      .join(', ');
    throw new LoamError(
      'ValueError',
      `Invalid ${table.registry} status '${value}'. Expected one of: ${expected}.`,
      { field: 'status', value },
    );
  }
  return code;
}

/** `created_by='anna'` names no row: LaminDB asks whether `created_by__name` was meant. */
export function refuseBareName(model: Model, table: Table, lookup: string, value: QueryValue): void {
  if (typeof value !== 'string' || lookup.includes('__') || !/^\p{L}+$/u.test(value.replace(/^-+|-+$/g, '')))
    return;
  const field = findField(model, table, lookup);
  // `run_id='abc'` goes on to the error about numbers, as in LaminDB.
  if (field?.kind !== 'relation' || lookup !== field.name) return;
  throw new LoamError(
    'FieldError',
    `Invalid lookup '${value}' for ${lookup}. Did you mean ${lookup}__name?`,
    {
      field: lookup,
      value,
      suggestion: `${lookup}__name`,
    },
  );
}

export const isReference = (value: QueryValue): value is { $ref: [string, Record<string, QueryValue>] } =>
  isObject(value) && Array.isArray(value['$ref']);
