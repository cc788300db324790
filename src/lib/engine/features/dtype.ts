// LaminDB's dtype strings (lamindb.md §8, lamindb 2.12.1 `parse_dtype`): which are simple, which name registries, with which
// field, type and filters; whether what it names exists is asked in dtype-rows.ts. And values by dtype: text typed by a
// person is read as the dtype says (`coerce`), a program's value has to be of the dtype already (`checked`), as LaminDB asks
// unless the feature coerces. Error sentences say what was expected and what was given.
import { LoamError } from '../errors.ts';

export type SimpleDtype =
  'int' | 'float' | 'num' | 'str' | 'bool' | 'date' | 'datetime' | 'dict' | 'path' | 'url' | 'object';

export const simpleDtypes: SimpleDtype[] = [
  ...(['int', 'float', 'num', 'str', 'bool', 'date', 'datetime', 'dict', 'path', 'url', 'object'] as const),
];

export interface Category {
  /** `ULabel`, `bionty.CellType`. */
  registry: string;
  /** Field that holds the value; `name` stands for whatever names rows of the registry. */
  field: string;
  /** Only rows below this type. */
  typeUid: string | null;
  /** Django filters on the registry: `[["source__uid", "dq7QgcSP"]]`. */
  filters: [key: string, value: string][];
}

export interface Dtype {
  text: string;
  list: boolean;
  /** Set for plain values. */
  simple: SimpleDtype | null;
  /** A time of day with its zone: `datetime64[ns, UTC]`. */
  zoned: boolean;
  /** Set for categories: the registries, in the order in which values are looked for. */
  categories: Category[];
}

/**
 * `int`, `list[str]`, `cat[ULabel]`, `cat[ULabel.name]`, `list[cat[bionty.CellType]]`, `cat[A.field|B.field]`,
 * `cat[Record[<type uid>]]`, `cat[Record[<type uid>, is_type='True'].name]`, `cat[bionty.Disease[source__uid='…']]`.
 */
export function parseDtype(text: string): Dtype {
  const list = text.startsWith('list[') && text.endsWith(']');
  const inner = list ? text.slice(5, -1) : text;
  const zoned = inner === 'datetime64[ns, UTC]';
  const plain = zoned ? 'datetime' : inner;
  if ((simpleDtypes as string[]).includes(plain))
    return { text, list, simple: plain as SimpleDtype, zoned, categories: [] };
  if (!inner.startsWith('cat[') || !inner.endsWith(']')) throw noDtype(text);
  const categories = splitOutside(inner.slice(4, -1), '|').map((part) => parseCategory(part, text));
  if (categories.length === 0) throw noDtype(text);
  return { text, list, simple: null, zoned: false, categories };
}

function parseCategory(part: string, text: string): Category {
  const open = part.indexOf('[');
  const head = open < 0 ? part : part.slice(0, open);
  const close = open < 0 ? -1 : matching(part, open);
  if (open >= 0 && close < 0) throw noDtype(text);
  const names = head.split('.');
  // A registry of another module is named with it: `bionty.Gene`.
  const own = /^[A-Z]/.test(names[1] ?? '') ? 2 : 1;
  const registry = names.slice(0, own).join('.');
  const after = open < 0 ? '' : part.slice(close + 1);
  if (!/^([a-z][a-z0-9_]*\.)?[A-Z][A-Za-z0-9]*$/.test(registry) || names.length > own + 1)
    throw noDtype(text);
  if (after !== '' && !/^\.[a-z_]\w*$/.test(after)) throw noDtype(text);
  const field = after === '' ? (names[own] ?? 'name') : after.slice(1);
  if (!/^[a-z_]\w*$/.test(field)) throw noDtype(text);
  const brackets = open < 0 ? '' : part.slice(open + 1, close);
  const items = brackets.trim() === '' ? [] : splitOutside(brackets, ',').map((item) => item.trim());
  const typed = registry === 'Record' || registry === 'ULabel';
  const typeUid = typed && items[0] !== undefined && !items[0].includes('=') ? items.shift() : undefined;
  return { registry, field, typeUid: typeUid ?? null, filters: items.map((item) => parseFilter(item, text)) };
}

function parseFilter(item: string, text: string): [string, string] {
  const at = item.indexOf('=');
  const key = item.slice(0, at).trim();
  const raw = item.slice(at + 1).trim();
  const quoted = /^(['"])(.*)\1$/s.exec(raw);
  const value = quoted ? (quoted[2] ?? '') : raw;
  if (at < 1 || !/^\w+$/.test(key) || value === '') {
    throw new LoamError(
      'ValueError',
      `Invalid filter expression '${item}' in dtype "${text}": write key=value.`,
      {
        field: 'dtype',
      },
    );
  }
  return [key, value];
}

/** Where the bracket opened at `open` closes; −1 where it does not. */
function matching(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '[') depth++;
    if (text[i] === ']' && --depth === 0) return i;
  }
  return -1;
}

/** Splits at a separator outside of brackets and quotes. */
function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let [depth, quote, start] = [0, '', 0];
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? '';
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === "'" || c === '"') quote = c;
    else if (c === '[') depth++;
    else if (c === ']') depth--;
    else if (c === separator && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function noDtype(text: string): LoamError {
  return new LoamError(
    'ValueError',
    `"${text.slice(0, 120)}" is no dtype. Use one of ${simpleDtypes.join(', ')}, list[…] or cat[…].`,
    { field: 'dtype', dtype: text.slice(0, 120) },
  );
}

/** The value as it is stored; text is read by the dtype. */
export function coerce(feature: string, dtype: Dtype, value: unknown): unknown {
  if (dtype.list) {
    const items = Array.isArray(value) ? value : typeof value === 'string' ? splitList(value) : [value];
    return items.map((item) => coerceOne(feature, dtype, item));
  }
  if (Array.isArray(value)) throw invalid(feature, dtype, value);
  return coerceOne(feature, dtype, value);
}

/** The value as it is stored; another type than the dtype's is refused. */
export function checked(feature: string, dtype: Dtype, value: unknown): unknown {
  if (!dtype.list) {
    if (Array.isArray(value)) throw invalid(feature, dtype, value, hint);
    return checkOne(feature, dtype, value);
  }
  if (!Array.isArray(value)) throw invalid(feature, dtype, value, hint);
  return value.map((item) => checkOne(feature, dtype, item));
}

const hint = ' Pass a value of that type, or set coerce on the feature.';

function checkOne(feature: string, dtype: Dtype, value: unknown): unknown {
  const number = dtype.simple === 'int' || dtype.simple === 'float' || dtype.simple === 'num';
  if (number ? typeof value !== 'number' : dtype.simple === 'bool' && typeof value !== 'boolean')
    throw invalid(feature, dtype, value, hint);
  if (dtype.simple === 'dict' && (value === null || typeof value !== 'object'))
    throw invalid(feature, dtype, value, hint);
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

function invalid(feature: string, dtype: Dtype, value: unknown, more = ''): LoamError {
  const shown =
    typeof value === 'string'
      ? `"${value.slice(0, 80)}"`
      : (JSON.stringify(value)?.slice(0, 80) ?? String(value));
  return new LoamError(
    'ValidationError',
    `Expected dtype for "${feature}" is "${dtype.text}", got ${shown}.${more}`,
    { feature, field: feature, dtype: dtype.text, value: shown },
  );
}
