// Parts of a JSON text as they are written. A number that goes through JavaScript may come out as another one (1.0, whole
// numbers of 17 digits), so who takes an object apart and puts it together again does it by its text.

/** Deeper texts are left whole: SQLite reads no JSON beyond this. */
const deepest = 1000;

/** Keys of a JSON object, each with the text of its value; null for everything else. The last of equal keys counts, as in Python. */
export function keysOfJson(text: unknown): Map<string, string> | null {
  if (typeof text !== 'string' || !/^[ \t\r\n]*\{/.test(text) || !isJson(text)) return null;
  const keys = new Map<string, string>();
  for (const { key, value } of partsOf(text)) {
    const name = JSON.parse(key) as string;
    // A later one takes its own place.
    keys.delete(name);
    keys.set(name, value);
  }
  return keys;
}

/** An object of these keys, spaced as Python's json.dumps does. */
export const jsonOfKeys = (keys: ReadonlyMap<string, string>): string =>
  `{${[...keys].map(([key, value]) => `${JSON.stringify(key)}: ${value}`).join(', ')}}`;

/** One text for equal values: keys in order, no spaces, 1.0 as 1. Of a text that is no JSON itself. */
export function plainJson(text: string): string {
  return isJson(text) ? plain(text.trim(), 0) : text;
}

/** Whether two JSON texts hold the same value; null is no value. */
export const sameJson = (a: string | null, b: string | null): boolean =>
  a === b || (a !== null && b !== null && plainJson(a) === plainJson(b));

/** JSON as it is read and typed: texts without quotation marks, unless they would pass for something else. */
export function jsonWords(text: string | null): string | null {
  if (text === null || !text.startsWith('"')) return text;
  const words = JSON.parse(text) as string;
  return words.trim() === '' || isJson(words) ? text : words;
}

/** The JSON that typed words mean; see `jsonWords`. Nothing typed is no value. */
export const jsonOfWords = (words: string): string | null =>
  words.trim() === '' ? null : isJson(words) ? words.trim() : JSON.stringify(words);

/** Whether a text can be read as JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function plain(text: string, depth: number): string {
  const first = text.charAt(0);
  if (first === '"') return JSON.stringify(JSON.parse(text));
  if (depth < deepest && first === '[')
    return `[${partsOf(text)
      .map(({ value }) => plain(value, depth + 1))
      .join()}]`;
  if (depth < deepest && first === '{') {
    const entries = [...(keysOfJson(text) ?? [])].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${plain(value, depth + 1)}`).join()}}`;
  }
  // Whole numbers that JavaScript would round stay as they are.
  const whole = /^-?\d+$/.test(text);
  return /^[-\d]/.test(text) && (!whole || Number.isSafeInteger(Number(text))) ? String(Number(text)) : text;
}

/** What lies between the outer brackets of a list or an object that is known to be JSON. */
function partsOf(text: string): { key: string; value: string }[] {
  const parts: { key: string; value: string }[] = [];
  let depth = 0;
  let from = -1;
  let key = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '"') {
      const start = i;
      for (i++; text.charAt(i) !== '"'; i++) if (text.charAt(i) === '\\') i++;
      if (depth === 1 && from < 0) from = start;
    } else if (c === '{' || c === '[') {
      if (depth === 1 && from < 0) from = i;
      depth++;
    } else if (c === '}' || c === ']' || (c === ',' && depth === 1)) {
      if (c !== ',') depth--;
      const ends = c === ',' ? depth === 1 : depth === 0;
      if (!ends || from < 0) continue;
      parts.push({ key, value: text.slice(from, i).trimEnd() });
      from = -1;
      key = '';
    } else if (c === ':' && depth === 1 && key === '') {
      key = text.slice(from, i).trimEnd();
      from = -1;
    } else if (depth === 1 && from < 0 && !/\s/.test(c)) from = i;
  }
  return parts;
}
