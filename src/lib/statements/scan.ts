// The tokens of a statement where the engine offers no scanner of its own (DuckDB for Node): strings, quoted names,
// dollar quotes, numbers, nested comments and operators by the rules of PostgreSQL's scanner, which DuckDB's is. Only
// places are taken from it; what a statement may do is judged by the engine's parser.
import { tokenTypes, type Asks } from './tokens.ts';

const blank = /\s+/y;
const lineComment = /--[^\n\r]*/y;
const texts = [
  // With C's escapes, then plain ones, of which x, b and U& are kinds.
  /[eE]'(?:[^'\\]|''|\\[\s\S])*(?:'|$)/y,
  /(?:[bBxX]|[uU]&)?'(?:[^']|'')*(?:'|$)/y,
];
const dollar = /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const quotedName = /"(?:[^"]|"")*(?:"|$)/y;
const number =
  /(?:0[xX][\da-fA-F_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const operator = /[-+*/<>=~!@#%^&|`?:]+/y;

function at(pattern: RegExp, sql: string, from: number): string | null {
  pattern.lastIndex = from;
  return pattern.exec(sql)?.[0] ?? null;
}

/** Behind a comment that may hold others. */
function blockEnd(sql: string, from: number): number {
  let depth = 0;
  for (let i = from; i < sql.length; i++) {
    const two = sql.slice(i, i + 2);
    if (two === '/*') depth++;
    else if (two === '*/') depth--;
    else continue;
    i++;
    if (depth === 0) return i + 1;
  }
  return sql.length;
}

/** An operator ends where a comment begins, and in + or - only where other signs make it one. */
function operatorText(run: string): string {
  const comment = /--|\/\*/.exec(run);
  let text = comment ? run.slice(0, comment.index) : run;
  if (/^::|^:=/.test(text)) return text.slice(0, 2);
  if (text.startsWith(':')) return ':';
  const colon = text.indexOf(':');
  if (colon > 0) text = text.slice(0, colon);
  while (text.length > 1 && /[-+]$/.test(text) && !/[~!@#%^&|`?]/.test(text)) text = text.slice(0, -1);
  return text;
}

/** As the engine's `tokenize`: byte offsets in UTF-8, comments left out. */
export const scan: Asks['tokens'] = (sql) => {
  const offsets: number[] = [];
  const types: number[] = [];
  let bytes = 0;
  let counted = 0;
  const push = (from: number, type: number) => {
    bytes += utf8Length(sql, counted, from);
    counted = from;
    offsets.push(bytes);
    types.push(type);
  };
  for (let i = 0; i < sql.length;) {
    const skipped = at(blank, sql, i) ?? at(lineComment, sql, i);
    if (skipped !== null) {
      i += skipped.length;
      continue;
    }
    if (sql.startsWith('/*', i)) {
      i = blockEnd(sql, i);
      continue;
    }
    const text = at(texts[0] as RegExp, sql, i) ?? at(texts[1] as RegExp, sql, i) ?? dollarText(sql, i);
    const name = text === null ? (at(quotedName, sql, i) ?? at(word, sql, i)) : null;
    const digits = text === null && name === null ? at(number, sql, i) : null;
    if (text !== null) push(i, tokenTypes.text);
    else if (name !== null) push(i, tokenTypes.identifier);
    else push(i, digits !== null ? tokenTypes.number : tokenTypes.operator);
    const signs = at(operator, sql, i);
    const whole = text ?? name ?? digits ?? (signs === null ? (sql[i] ?? '') : operatorText(signs));
    i += Math.max(1, whole.length);
  }
  return { offsets, types };
};

function dollarText(sql: string, from: number): string | null {
  const tag = at(dollar, sql, from);
  if (tag === null) return null;
  const end = sql.indexOf(tag, from + tag.length);
  return end < 0 ? sql.slice(from) : sql.slice(from, end + tag.length);
}

function utf8Length(text: string, from: number, to: number): number {
  let length = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    // Each half of a pair stands for two of its four bytes.
    length += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
  }
  return length;
}
