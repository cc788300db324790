// Where a statement names its sources, and how: `artifact('key')`, `artifact(['a', 'b'], header = false)`,
// `FROM 'folder/cells.parquet'`. What the engine's parser has found must all be found in the text, else nothing runs.
import { LoamError } from '../engine/errors.ts';
import { tokenTypes } from './duckdb.ts';
import { literalText, nameText, type Token } from './duckdb-tokens.ts';
import type { SourceUse } from './duckdb-wire.ts';

export interface FoundTables {
  /** Calls of artifact(). */
  calls: number;
  /** Tables whose names are those of files. */
  names: string[];
  /** Other table functions. */
  functions: string[];
}

/** What stands from `from` to `to` is replaced by the tables that it means. */
export interface WrittenUse extends SourceUse {
  from: number;
  to: number;
  /** Options for the reader, `header = false`, as written. */
  options: string[];
}

/** Options that the readers take, beside those that we set. */
const options = new Set([
  ...[
    'header',
    'delim',
    'sep',
    'quote',
    'escape',
    'nullstr',
    'skip',
    'all_varchar',
    'sample_size',
    'columns',
  ],
  ...['dateformat', 'timestampformat', 'decimal_separator', 'names', 'types', 'compression', 'null_padding'],
  ...['format', 'records', 'maximum_object_size', 'binary_as_string', 'file_row_number', 'normalize_names'],
]);

const wrong = (why: string) => new LoamError('SqlError', why);

export function findUses(tokens: readonly Token[], tables: Omit<FoundTables, 'functions'>): WrittenUse[] {
  const calls = callsIn(tokens);
  if (calls.length !== tables.calls)
    throw wrong(
      "artifact('key') is a table: it stands behind FROM, JOIN or a comma there, with its key or uid in single quotes.",
    );
  const names = namesIn(tokens, tables.names);
  if (names.length !== tables.names.length)
    throw wrong(
      `It is not clear which table ${tables.names.join(', ')} means. Write artifact('${tables.names[0] ?? ''}').`,
    );
  return [...calls, ...names].sort((a, b) => a.from - b.from);
}

/* ---------- artifact(…) ---------- */

function callsIn(tokens: readonly Token[]): WrittenUse[] {
  const found: WrittenUse[] = [];
  for (let i = 0; i + 1 < tokens.length; i++) {
    const token = tokens[i];
    if (!token || nameText(token) !== 'artifact' || tokens[i + 1]?.text !== '(') continue;
    const close = closing(tokens, i + 1);
    const end = tokens[close];
    if (!end) throw wrong("artifact( is not closed: write artifact('key').");
    const read = readCall(tokens.slice(i + 2, close));
    found.push({ ...read, from: token.from, to: end.to });
    i = close;
  }
  return found;
}

function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const text = tokens[i]?.text;
    if (text === '(' || text === '[' || text === '{') depth++;
    if ((text === ')' || text === ']' || text === '}') && --depth === 0) return i;
  }
  return -1;
}

/** Arguments: names, or one list of them, then options. */
function readCall(tokens: readonly Token[]): Omit<WrittenUse, 'from' | 'to'> {
  const names: string[] = [];
  const read: string[] = [];
  let list = false;
  for (const argument of byComma(tokens)) {
    const [first, second] = argument;
    if (first && argument.length === 1 && literalText(first) !== null) names.push(literalText(first) ?? '');
    else if (first?.text === '[' && !list && names.length === 0) {
      list = true;
      for (const item of byComma(argument.slice(1, -1))) {
        const name = item[0] && item.length === 1 ? literalText(item[0]) : null;
        if (name === null)
          throw wrong("The list in artifact([…]) holds keys or uids in single quotes: artifact(['a', 'b']).");
        names.push(name);
      }
    } else if (first && (second?.text === '=' || second?.text === ':='))
      read.push(option(first.text.toLowerCase(), argument.slice(2)));
    else
      throw wrong("artifact() takes keys or uids in single quotes: artifact('key'), artifact(['a', 'b']).");
  }
  if (names.length === 0) throw wrong("artifact() needs a key or a uid: artifact('key').");
  return { names, list: list || names.length > 1, options: read };
}

function byComma(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if ('([{'.includes(token.text)) depth++;
    if (')]}'.includes(token.text)) depth--;
    if (token.text === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((part) => part.length > 0);
}

/** Values are constants: what is written here goes to the reader as it is. */
function option(name: string, value: readonly Token[]): string {
  if (!options.has(name))
    throw wrong(`artifact() has no option ${name}. Options are ${[...options].join(', ')}.`);
  const constant = ({ text, type }: Token) =>
    type === tokenTypes.text ||
    type === tokenTypes.number ||
    /^(?:true|false|null)$/i.test(text) ||
    /^[[\]{},:-]$/.test(text);
  if (value.length === 0 || !value.every(constant))
    throw wrong(`The option ${name} of artifact() needs a plain value, for instance ${name} = true.`);
  return `${name} = ${value.map(({ text }) => text).join(' ')}`;
}

/* ---------- FROM 'key' ---------- */

function namesIn(tokens: readonly Token[], names: readonly string[]): WrittenUse[] {
  const left = [...names];
  const found: WrittenUse[] = [];
  const take = (stands: (before: string, further: string) => boolean) => {
    for (const name of new Set(left)) {
      const places = tokens.filter(
        (token, i) =>
          (literalText(token) ?? (token.text.startsWith('"') ? nameText(token) : null)) === name &&
          stands(tokens[i - 1]?.text ?? '', tokens[i - 2]?.text ?? ''),
      );
      // More places than the parser found tables: some are texts, and which is not known here.
      if (places.length > left.filter((one) => one === name).length) continue;
      for (const { from, to } of places) {
        left.splice(left.indexOf(name), 1);
        found.push({ names: [name], list: false, options: [], from, to });
      }
    }
  };
  take((before, further) => /^(?:from|join)$/i.test(before) && !/^distinct$/i.test(further));
  // The further tables of FROM a, b.
  take((before) => before === ',');
  return found;
}
