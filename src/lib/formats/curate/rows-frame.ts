// Rows in memory as `pandas.DataFrame` would hold them, for validation: whole numbers, numbers, truth values, times, and
// objects for all else. Columns that are said to be categories are such.
import type { ColumnWant } from '../../engine/ports.ts';
import { boolText, floatText } from '../facts/python-text.ts';
import type { CheckedFrame } from './checked-frame.ts';
import { Opaque } from './opaque.ts';
import { Kinds, none, Nulls, Tally, type Told } from './tally.ts';

/** A table by columns, all of one length. Missing cells are null. */
export interface RowsTable {
  columns: { name: string; values: readonly unknown[]; category?: boolean }[];
  index?: { name: string | null; values: readonly unknown[] };
}

export function rowsFrame({ columns, index }: RowsTable): CheckedFrame {
  const rows = Math.max(0, index?.values.length ?? 0, ...columns.map(({ values }) => values.length));
  return {
    rows,
    columns: columns.map(({ name, values, category }) => ({
      name,
      tell: async (want) => tell(values, want, category === true),
    })),
    index: {
      name: index?.name ?? null,
      levels: index === undefined ? 0 : 1,
      tell: index === undefined ? null : async (want) => tell(index.values, want, false),
      names: async () =>
        index === undefined ? Array.from({ length: rows }, (_, i) => String(i)) : index.values.map(String),
    },
  };
}

export function tell(values: readonly unknown[], want: ColumnWant, category: boolean): Told {
  const nulls = new Nulls();
  const kinds = new Kinds();
  const found = new Tally();
  const types = new Set<string>();
  for (const [row, value] of values.entries()) {
    if (value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value))) {
      nulls.add(row);
      continue;
    }
    const [kind, text] = pythonOf(value);
    types.add(kind);
    kinds.add(kind, () => text, row);
    if (Array.isArray(value)) {
      for (const item of value as unknown[])
        if (item !== null && item !== undefined) found.add(...pythonOf(item), row);
    } else found.add(kind, text, row);
  }
  const dtype = category ? 'category' : dtypeOf(types, nulls.count, values.length);
  const told = none(dtype, values.length, nulls);
  if (dtype === 'object' || dtype === 'category')
    return { ...told, kinds: kinds.values(), values: found.values(), cut: found.cut };
  const list =
    want === 'whole' ? found.values().filter(({ text }) => !Number.isInteger(Number(text))) : found.values();
  return { ...told, values: want === 'values' || (want === 'whole' && dtype === 'float64') ? list : null };
}

function dtypeOf(types: ReadonlySet<string>, nulls: number, rows: number): string {
  if (types.size === 0) return rows === 0 ? 'float64' : 'object';
  const only = (...kinds: string[]): boolean => [...types].every((type) => kinds.includes(type));
  if (only('bool')) return nulls > 0 ? 'object' : 'bool';
  if (only('int')) return nulls > 0 ? 'float64' : 'int64';
  if (only('int', 'float')) return 'float64';
  if (only('datetime')) return 'datetime64[ns]';
  return 'object';
}

/** Python's type of a value, and how `str()` writes it. */
function pythonOf(value: unknown): [kind: string, text: string] {
  switch (typeof value) {
    case 'string':
      return ['str', value];
    case 'boolean':
      return ['bool', boolText(value)];
    case 'bigint':
      return ['int', String(value)];
    case 'number':
      return Number.isInteger(value) ? ['int', String(value)] : ['float', floatText(value)];
    default:
  }
  if (value instanceof Opaque) return [value.kind, value.text];
  if (value instanceof Date) return ['datetime', value.toISOString().slice(0, 10)];
  if (Array.isArray(value)) {
    const items = new Set((value as unknown[]).map((item) => (item === null ? 'none' : pythonOf(item)[0])));
    return [`list[${[...items].join('|')}]`, JSON.stringify(value) ?? ''];
  }
  return ['dict', JSON.stringify(value) ?? ''];
}
