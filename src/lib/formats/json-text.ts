// JSON with its numbers as they are written, which JSON.parse forgets: `1.0` is not `1` to Python, and whole numbers may be
// larger than 2^53. Takes NaN and Infinity, which Python writes, and stops at deep nesting.

/** A number as its text. */
export class JsonNumber {
  constructor(readonly text: string) {}
  get isWhole(): boolean {
    return /^-?\d+$/.test(this.text);
  }
  get value(): number {
    if (this.text === 'NaN') return NaN;
    return Number(this.text);
  }
}

export type Json = null | boolean | string | JsonNumber | Json[] | Map<string, Json>;

const MAX_DEPTH = 200;
const NUMBER = /-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|NaN/y;
const WORDS: [string, Json][] = [
  ['null', null],
  ['true', true],
  ['false', false],
];

/** Throws where the text is no JSON. */
export function parseJson(text: string): Json {
  let at = 0;
  const wrong = (): never => {
    throw new Error(`no valid JSON at character ${at}`);
  };
  const space = (): void => {
    while (at < text.length && ' \n\r\t'.includes(text[at] ?? '')) at++;
  };
  const string = (): string => {
    const start = at++;
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    if (at >= text.length) wrong();
    at++;
    return JSON.parse(text.slice(start, at)) as string;
  };
  const value = (depth: number): Json => {
    if (depth > MAX_DEPTH) throw new Error('JSON nested too deep');
    space();
    const char = text[at];
    if (char === '"') return string();
    if (char === '{' || char === '[') return char === '{' ? object(depth) : array(depth);
    for (const [word, meaning] of WORDS) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(text)?.[0];
    if (number === undefined) return wrong();
    at += number.length;
    return new JsonNumber(number);
  };
  const list = (close: string, item: () => void): void => {
    at++;
    space();
    if (text[at] === close) {
      at++;
      return;
    }
    for (;;) {
      item();
      space();
      if (text[at] === ',') at++;
      else if (text[at] === close) {
        at++;
        return;
      } else wrong();
    }
  };
  const array = (depth: number): Json[] => {
    const items: Json[] = [];
    list(']', () => items.push(value(depth + 1)));
    return items;
  };
  const object = (depth: number): Map<string, Json> => {
    const entries = new Map<string, Json>();
    list('}', () => {
      space();
      if (text[at] !== '"') wrong();
      const key = string();
      space();
      if (text[at++] !== ':') wrong();
      entries.set(key, value(depth + 1));
    });
    return entries;
  };
  const whole = value(0);
  space();
  if (at < text.length) wrong();
  return whole;
}

/** As JSON.parse gives it: numbers as numbers, objects without a prototype's names. */
export function plainJson(json: Json): unknown {
  if (json instanceof JsonNumber) return json.value;
  if (Array.isArray(json)) return json.map(plainJson);
  if (json instanceof Map) {
    const object = Object.create(null) as Record<string, unknown>;
    for (const [key, value] of json) object[key] = plainJson(value);
    return object;
  }
  return json;
}

/** The text of it, indented as Python's `indent=2`; numbers as they were written. */
export function writeJson(json: Json, indent = ''): string {
  if (json instanceof JsonNumber) return json.text;
  const inner = `${indent}  `;
  const block = (open: string, parts: string[], close: string): string =>
    parts.length === 0 ? open + close : `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
  if (Array.isArray(json)) {
    return block(
      '[',
      json.map((item) => writeJson(item, inner)),
      ']',
    );
  }
  if (!(json instanceof Map)) return JSON.stringify(json);
  return block(
    '{',
    [...json].map(([key, value]) => `${JSON.stringify(key)}: ${writeJson(value, inner)}`),
    '}',
  );
}

export type JsonMap = Map<string, Json>;

/** Bytes as an object of JSON; null where there are none, or where they hold something else. */
export function jsonMapOf(bytes: Uint8Array | undefined): JsonMap | null {
  const json = bytes === undefined ? null : parseJson(new TextDecoder().decode(bytes));
  return json instanceof Map ? json : null;
}

export const jsonBytes = (json: Json): Uint8Array => new TextEncoder().encode(writeJson(json));

/** Deepest nesting, found without recursion so that a million brackets cannot overflow the stack. */
export function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 92) i++;
      else if (code === 34) inString = false;
    } else if (code === 34) inString = true;
    else if (code === 123 || code === 91) deepest = Math.max(deepest, ++depth);
    else if (code === 125 || code === 93) depth--;
  }
  return deepest;
}
