// LaminDB's dtype strings (lamindb.md §8): which are simple, which name a registry, and how a typed value is coerced.
// Error sentences say what was expected and what was given, as LaminDB's ValidationError does.
import { LoamError } from '../errors.ts';

export type SimpleDtype =
  'int' | 'float' | 'num' | 'str' | 'bool' | 'date' | 'datetime' | 'dict' | 'path' | 'url' | 'object';

export const simpleDtypes: SimpleDtype[] = [
  'int',
  'float',
  'num',
  'str',
  'bool',
  'date',
  'datetime',
  'dict',
  'path',
  'url',
  'object',
];

export interface Dtype {
  text: string;
  list: boolean;
  /** Set for plain values. */
  simple: SimpleDtype | null;
  /** Set for categories: registry name and the field that names a value. */
  category: { registry: string; field: string } | null;
}

/** `int`, `list[str]`, `cat[ULabel]`, `cat[ULabel.name]`, `list[cat[bionty.CellType]]`, `datetime64[ns, UTC]`. */
export function parseDtype(text: string): Dtype {
  const list = /^list\[(.*)\]$/.exec(text);
  const inner = list ? (list[1] ?? '') : text;
  const simple = inner.startsWith('datetime64') ? 'datetime' : inner;
  if ((simpleDtypes as string[]).includes(simple)) {
    return { text, list: list !== null, simple: simple as SimpleDtype, category: null };
  }
  const cat = /^cat\[((?:bionty\.)?[A-Za-z]+)(?:\.([a-z_]+))?\]$/.exec(inner);
  if (cat)
    return {
      text,
      list: list !== null,
      simple: null,
      category: { registry: cat[1] ?? '', field: cat[2] ?? 'name' },
    };
  throw new LoamError(
    'ValidationError',
    `"${text}" is no dtype Loam can write values for. Use one of ${simpleDtypes.join(', ')}, list[…] or cat[…].`,
    {
      dtype: text,
    },
  );
}

/** The value as it is stored in `jsonvalue.value`; text typed by a person is coerced to the dtype. */
export function coerce(feature: string, dtype: Dtype, value: unknown): unknown {
  if (dtype.list) {
    const items = Array.isArray(value) ? value : typeof value === 'string' ? splitList(value) : [value];
    return items.map((item) => coerceOne(feature, dtype, item));
  }
  if (Array.isArray(value)) throw invalid(feature, dtype, value);
  return coerceOne(feature, dtype, value);
}

function splitList(text: string): string[] {
  return text
    .split(/[;,]/)
    .map((s) => s.trim())
    .filter((s) => s !== '');
}

function coerceOne(feature: string, dtype: Dtype, value: unknown): unknown {
  const text = typeof value === 'string' ? value.trim() : null;
  switch (dtype.simple) {
    case 'int': {
      const n = text !== null ? Number(text) : value;
      if (text === '' || !Number.isSafeInteger(n)) throw invalid(feature, dtype, value);
      return n;
    }
    case 'float':
    case 'num': {
      const n = text !== null ? Number(text.replace(/^(-?\d+),(\d+)$/, '$1.$2')) : value;
      if (text === '' || typeof n !== 'number' || !Number.isFinite(n)) throw invalid(feature, dtype, value);
      return n;
    }
    case 'bool': {
      if (typeof value === 'boolean') return value;
      if (text !== null && /^(true|yes|1)$/i.test(text)) return true;
      if (text !== null && /^(false|no|0)$/i.test(text)) return false;
      throw invalid(feature, dtype, value);
    }
    case 'date':
      if (text === null || !isDate(text)) throw invalid(feature, dtype, value);
      return text;
    case 'datetime': {
      if (
        text === null ||
        !/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text) ||
        !isDate(text.slice(0, 10))
      ) {
        throw invalid(feature, dtype, value);
      }
      return text.replace(' ', 'T');
    }
    case 'dict': {
      const parsed = text !== null ? parseJson(text) : value;
      if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed))
        throw invalid(feature, dtype, value);
      return parsed;
    }
    case 'url':
      if (text === null || !/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(text)) throw invalid(feature, dtype, value);
      return text;
    case 'object':
      return value;
    case 'str':
    case 'path':
      if (typeof value !== 'string') throw invalid(feature, dtype, value);
      return value;
    case null:
      if (typeof value !== 'string' || value.trim() === '') throw invalid(feature, dtype, value);
      return value.trim();
  }
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function invalid(feature: string, dtype: Dtype, value: unknown): LoamError {
  const shown =
    typeof value === 'string'
      ? `"${value.slice(0, 80)}"`
      : (JSON.stringify(value)?.slice(0, 80) ?? String(value));
  return new LoamError(
    'ValidationError',
    `Expected dtype for "${feature}" is "${dtype.text}", got ${shown}.`,
    {
      feature,
      dtype: dtype.text,
      value: shown,
    },
  );
}
