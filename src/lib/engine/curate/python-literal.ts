// Whether a text is a Python literal of a dictionary (`ast.literal_eval`), which LaminDB takes for a `dict` beside real ones
// (lamindb 2.12.1 `parse_dict_value`). JSON's true, false and null are no Python, so such texts are none.

export function isDictText(text: string): boolean {
  const reader = { text: text.trim(), at: 0, depth: 0 };
  return reader.text.startsWith('{') && literal(reader) === 'dict' && reader.at === reader.text.length;
}

interface Reader {
  text: string;
  at: number;
  depth: number;
}

type Kind = 'dict' | 'set' | 'list' | 'tuple' | 'atom';

/** Python's parser gives up at about this depth. */
const deepest = 90;

function literal(r: Reader): Kind | null {
  space(r);
  const start = r.text[r.at];
  if (start === '{' || start === '[' || start === '(') {
    if (++r.depth > deepest) return null;
    r.at++;
    const kind = start === '{' ? braces(r) : list(r, start === '[' ? ']' : ')');
    r.depth--;
    return kind;
  }
  return atom(r) ? 'atom' : null;
}

function braces(r: Reader): Kind | null {
  space(r);
  if (take(r, '}')) return 'dict';
  let kind: Kind | null = null;
  for (;;) {
    const key = literal(r);
    // A key has to be hashable.
    if (key !== 'atom' && key !== 'tuple') return null;
    const pair = take(r, ':');
    if (pair && literal(r) === null) return null;
    const now: Kind = pair ? 'dict' : 'set';
    if (kind !== null && kind !== now) return null;
    kind = now;
    const more = take(r, ',');
    if (take(r, '}')) return kind;
    if (!more) return null;
  }
}

function list(r: Reader, end: ']' | ')'): Kind | null {
  const kind = end === ']' ? 'list' : 'tuple';
  if (take(r, end)) return kind;
  for (let count = 1; ; count++) {
    const item = literal(r);
    if (item === null) return null;
    const more = take(r, ',');
    // One value in brackets without a comma is the value itself.
    if (take(r, end)) return kind === 'tuple' && count === 1 && !more ? item : kind;
    if (!more) return null;
  }
}

const string =
  /[rbuRBU]{0,2}(?:'''(?:[^\\]|\\[^])*?'''|"""(?:[^\\]|\\[^])*?"""|'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*")/y;
const number =
  /[+-]?(?:0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?[jJ]?)/y;
const word = /(?:True|False|None|Ellipsis|\.\.\.)(?!\w)/y;

function atom(r: Reader): boolean {
  if (!match(r, string)) return match(r, word) || match(r, number);
  // Texts beside each other are one.
  for (space(r); match(r, string); space(r));
  return true;
}

function match(r: Reader, pattern: RegExp): boolean {
  pattern.lastIndex = r.at;
  const found = pattern.exec(r.text);
  if (!found || found[0] === '') return false;
  r.at += found[0].length;
  space(r);
  return true;
}

function take(r: Reader, char: string): boolean {
  space(r);
  if (r.text[r.at] !== char) return false;
  r.at++;
  space(r);
  return true;
}

function space(r: Reader): void {
  while (/\s/.test(r.text[r.at] ?? '')) r.at++;
}
