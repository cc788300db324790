// Types of feature values in a person's words: what to choose from, what a typed text looks like, what a wrong value is
// told as. The engine checks values and answers in LaminDB's words; here they are put into those of the page.
import type { WireError } from '../engine/errors.ts';

/** Types that most values have, the usual ones first. */
export const dtypeChoices: readonly { dtype: string; words: string }[] = [
  { dtype: 'cat[ULabel]', words: 'category (a label)' },
  { dtype: 'str', words: 'text' },
  { dtype: 'int', words: 'whole number' },
  { dtype: 'float', words: 'number' },
  { dtype: 'bool', words: 'true or false' },
  { dtype: 'date', words: 'date' },
  { dtype: 'datetime', words: 'date and time' },
  { dtype: 'list[cat[ULabel]]', words: 'several categories' },
  { dtype: 'dict', words: 'JSON object' },
];

/** The type that a typed text looks like. A number with leading zeros is a name (a well, a sample), so it is text. */
export function guessDtype(typed: string): string {
  const text = typed.trim();
  if (/^-?(0|[1-9]\d*)$/.test(text)) return Number.isSafeInteger(Number(text)) ? 'int' : 'str';
  if (/^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return 'float';
  if (/^(true|false)$/i.test(text)) return 'bool';
  const time = /^(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d(:\d\d)?)?$/.exec(text);
  if (time && isDay(time[1] ?? '')) return time[2] ? 'datetime' : 'date';
  return 'str';
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

export const isListDtype = (dtype: string): boolean => dtype.startsWith('list[');
export const isCategoryDtype = (dtype: string): boolean => /^(list\[)?cat/.test(dtype);
const innerOf = (dtype: string): string => (isListDtype(dtype) ? dtype.slice(5, -1) : dtype);

export type ValueControl = 'text' | 'date' | 'datetime-local' | 'choice';

/** The control that takes a value of the type, where it can show what is typed already. */
export function controlOf(dtype: string | null, typed = ''): ValueControl {
  if (dtype === 'bool') return /^(true|false|)$/.test(typed) ? 'choice' : 'text';
  if (dtype === 'date') return /^(\d{4}-\d\d-\d\d|)$/.test(typed) ? 'date' : 'text';
  if (dtype?.startsWith('datetime'))
    return /^(\d{4}-\d\d-\d\dT\d\d:\d\d.*|)$/.test(typed) ? 'datetime-local' : 'text';
  return 'text';
}

/** Stands in an empty field. */
export function exampleOf(dtype: string | null): string {
  if (dtype === null) return 'value';
  if (isListDtype(dtype)) return 'several, with commas';
  if (isCategoryDtype(dtype)) return 'a name, e.g. lung';
  return examples[dtype] ?? (dtype.startsWith('datetime') ? 'e.g. 2026-01-02 10:30' : 'value');
}
const examples: Record<string, string> = {
  int: 'e.g. 42',
  float: 'e.g. 4.2',
  num: 'e.g. 4.2',
  str: 'text',
  bool: 'true or false',
  date: 'e.g. 2026-01-02',
  dict: 'e.g. {"lane": 2}',
  url: 'e.g. https://example.org',
  path: 'e.g. folder/file.csv',
};

/** What a feature of the type takes, as the end of a sentence: "a whole number". */
export function takes(dtype: string): string {
  const inner = innerOf(dtype);
  if (isListDtype(dtype)) return many[inner] ?? 'values with commas between them';
  return one[inner] ?? (inner.startsWith('datetime') ? one['datetime']! : 'a name');
}
const one: Record<string, string> = {
  int: 'a whole number',
  float: 'a number',
  num: 'a number',
  str: 'a text',
  bool: 'true or false',
  date: 'a date such as 2026-01-02',
  datetime: 'a date and time such as 2026-01-02 10:30',
  dict: 'a JSON object such as {"lane": 2}',
  url: 'a web address such as https://example.org',
  path: 'a path',
  object: 'a value',
};
const many: Record<string, string> = {
  int: 'whole numbers with commas between them',
  float: 'numbers with commas between them',
  num: 'numbers with commas between them',
};

/** Values that the engine refused, each in words by the name of its feature; empty where the error is about none. */
export function wrongValues({ details }: WireError): Map<string, string> {
  const found = new Map<string, string>();
  const listed = (many: string, one: string): unknown[] =>
    Array.isArray(details[many]) ? details[many] : [details[one]];
  const [dtypes, values] = [listed('dtypes', 'dtype'), listed('values', 'value')];
  for (const [at, feature] of listed('features', 'feature').entries()) {
    const [dtype, value] = [dtypes[at], values[at]];
    // What else is wrong has no such words: then the engine's message says it all.
    if (typeof feature !== 'string' || typeof dtype !== 'string' || typeof value !== 'string')
      return new Map();
    if (feature === '' || dtype === '' || value === '') return new Map();
    const shown = /^".*"$/s.test(value) ? `“${value.slice(1, -1)}”` : value;
    found.set(
      feature,
      `${feature} takes ${takes(dtype)}; ${shown} is ${dtype === 'bool' ? 'neither' : 'none'}.`,
    );
  }
  return found;
}

/** A refused value in the page's words, any other error in its own. */
export function valueWords(error: WireError): string {
  const wrong = [...wrongValues(error).values()];
  return wrong.length > 0 ? wrong.join(' ') : error.message;
}
