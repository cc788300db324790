// Values as Python holds and prints them: JSON whose floats stay floats (1.0 is not 1), `str()` and `repr()`.
import { pythonText } from '../python-json.ts';
import { isObject, type QueryValue } from './query.ts';

/** JSON with whole floats marked as `{ $float: 1 }`, since JavaScript cannot tell them from integers. */
export function parsePython(json: string): QueryValue {
  const marked = json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) => {
    const float = !token.startsWith('"') && /[.eE]/.test(token) && Number.isInteger(Number(token));
    return float ? `{"$float":${token}}` : token;
  });
  try {
    return JSON.parse(marked) as QueryValue;
  } catch {
    return json;
  }
}

export const isFloat = (value: unknown): value is { $float: number } =>
  isObject(value) && typeof value['$float'] === 'number' && Object.keys(value).length === 1;

/** The value without marks, as it goes into JSON answers. */
export function unmarked(value: QueryValue): QueryValue {
  if (isFloat(value)) return value.$float;
  if (Array.isArray(value)) return value.map(unmarked);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unmarked(item as QueryValue)]));
}

/** Python's `repr()`. */
export function repr(value: QueryValue): string {
  if (isFloat(value)) return pythonText(value.$float, true);
  if (value === null) return 'None';
  if (typeof value === 'number') return pythonText(value, !Number.isInteger(value));
  // A list of one text is the way the text's own quotes come out.
  if (typeof value === 'string') return pythonText([value], false).slice(1, -1);
  if (typeof value === 'boolean') return pythonText(value, false);
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${repr(key)}: ${repr(item)}`)
    .join(', ')}}`;
}

/** Python's `str()`. */
export const str = (value: QueryValue): string => (typeof value === 'string' ? value : repr(value));

/** Python's order of code points. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}
