// Where a statement names its sources, and how: `artifact('key')`, `artifact(['a', 'b'], header = false)`,
// `collection('key')`, `artifacts('view')`, `FROM 'folder/cells.parquet'`, and tables inside files: `obs('cells.h5ad')`,
// `var(collection('key'))`. What the engine's parser has found must all be found in the text, else nothing runs.
import { LoamError } from '../engine/errors.ts';
import { literal, literalText, nameText, tokenTypes, type Token } from './tokens.ts';
import type { SourceKind, SourceUse } from './types.ts';

export interface FoundTables {
  /** Calls of artifact(), collection(), artifacts(), obs() and var(). */
  calls: number;
  /** Tables whose names are those of files. */
  names: string[];
  /** Other table functions. */
  functions: string[];
  /** Other tables, in lower case, without those of WITH. */
  tables: string[];
  /** A star, or a column whose name begins as those of annotations do. */
  annotations: boolean;
}

/** What stands from `from` to `to` is replaced by the tables that it means. */
export interface WrittenUse extends SourceUse {
  from: number;
  to: number;
  /** Options for the reader, `header = false`, as written. */
  options: string[];
  /** `types = {'n': 'BIGINT'}`: what columns are read as. */
  types: Map<string, string>;
  /** A parameter of the statement stands in it. */
  valued?: boolean;
}

const kinds: ReadonlySet<string> = new Set<SourceKind>(['artifact', 'collection', 'artifacts']);
const isKind = (name: string | null): name is SourceKind => name !== null && kinds.has(name);
type Slot = 'obs' | 'var';
const isSlot = (name: string | null): name is Slot => name === 'obs' || name === 'var';

/** Table functions that name sources. */
export const sourceFunctions: ReadonlySet<string> = new Set([...kinds, 'obs', 'var']);

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
  ...['dateformat', 'timestampformat', 'decimal_separator', 'names', 'compression', 'null_padding'],
  ...['format', 'records', 'maximum_object_size', 'binary_as_string', 'file_row_number', 'normalize_names'],
]);

const wrong = (why: string) => new LoamError('SqlError', why);

export function findUses(
  tokens: readonly Token[],
  tables: Pick<FoundTables, 'calls' | 'names'>,
): WrittenUse[] {
  const calls = callsIn(tokens);
  if (calls.length !== tables.calls)
    throw wrong(
      "artifact('key'), collection('key'), artifacts('view'), obs('key') and var('key') are tables: they stand behind FROM, JOIN or a comma there, with names in single quotes.",
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
    const of = token ? nameText(token) : null;
    if (!token || !(isKind(of) || isSlot(of)) || tokens[i + 1]?.text !== '(') continue;
    const close = closing(tokens, i + 1);
    const end = tokens[close];
    if (!end) throw wrong(`${of}( is not closed: write ${of}('${of === 'artifacts' ? 'view' : 'key'}').`);
    const inside = tokens.slice(i + 2, close);
    const read = isSlot(of) ? readSlot(of, inside) : readCall(of, inside);
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
function readCall(
  of: SourceKind,
  tokens: readonly Token[],
  say = takes[of],
): Omit<WrittenUse, 'from' | 'to'> {
  const names: string[] = [];
  const read: string[] = [];
  let types = new Map<string, string>();
  let list = of !== 'artifact';
  for (const argument of byComma(tokens)) {
    const [first, second] = argument;
    if (first && argument.length === 1 && literalText(first) !== null) names.push(literalText(first) ?? '');
    else if (of === 'artifact' && first?.text === '[' && !list && names.length === 0) {
      list = true;
      for (const item of byComma(argument.slice(1, -1))) {
        const name = item[0] && item.length === 1 ? literalText(item[0]) : null;
        if (name === null)
          throw wrong("The list in artifact([…]) holds keys or uids in single quotes: artifact(['a', 'b']).");
        names.push(name);
      }
    } else if (first && (second?.text === '=' || second?.text === ':=')) {
      const name = first.text.toLowerCase();
      if (name === 'types') types = typesIn(argument.slice(2));
      else read.push(option(of, name, argument.slice(2)));
    } else throw wrong(say);
  }
  if (names.length === 0 || (of !== 'artifact' && names.length > 1)) throw wrong(say);
  return { of, names, list: list || names.length > 1, table: null, options: read, types };
}

/** `obs('key')`, lists, `obs(collection('key'))`, then `modality = 'rna'` and `types`. */
function readSlot(slot: Slot, tokens: readonly Token[]): Omit<WrittenUse, 'from' | 'to'> {
  const sources: Token[][] = [];
  let part: string | null = null;
  let types = new Map<string, string>();
  for (const argument of byComma(tokens)) {
    const [first, second, value] = argument;
    if (second?.text !== '=' && second?.text !== ':=') sources.push(argument);
    else if (/^(?:modality|table)$/i.test(first?.text ?? '')) {
      part = value && argument.length === 3 ? literalText(value) : null;
      if (part === null)
        throw wrong(`${first?.text} of ${slot}() takes a name in single quotes: modality = 'rna'.`);
    } else if (/^types$/i.test(first?.text ?? '')) types = typesIn(argument.slice(2));
    else
      throw wrong(
        `${slot}() has no option ${first?.text ?? ''}. Options are modality (of MuData), table (of SpatialData) and types.`,
      );
  }
  const [called, open] = sources[0] ?? [];
  const inner = called ? nameText(called) : null;
  const nested = sources.length === 1 && isKind(inner) && open?.text === '(' ? inner : null;
  const given = nested === null ? sources : [sources[0]?.slice(2, -1) ?? []];
  const say = `${slot}() takes keys or uids in single quotes, a list of them, a collection or a view: ${slot}('cells.h5ad'), ${slot}(['a.h5ad', 'b.h5ad']), ${slot}(collection('key')), ${slot}(artifacts('view')).`;
  if (given.length === 0) throw wrong(say);
  const read = readCall(nested ?? 'artifact', withCommas(given), say);
  if (read.options.length > 0 || read.types.size > 0) throw wrong(say);
  return { ...read, table: { slot, part }, types };
}

const comma: Token = { text: ',', from: 0, to: 0, type: tokenTypes.operator };
const withCommas = (parts: readonly Token[][]): Token[] =>
  parts.flatMap((part, i) => (i === 0 ? part : [comma, ...part]));

const takes: Record<SourceKind, string> = {
  artifact: "artifact() takes keys or uids in single quotes: artifact('key'), artifact(['a', 'b']).",
  collection:
    "collection() takes the key, name or uid of one collection in single quotes: collection('key').",
  artifacts:
    "artifacts() takes the name of a saved view in single quotes, or the address of a list from its ? on: artifacts('My view'), artifacts('?where=suffix:is:.parquet').",
};

/** `{'n': 'BIGINT', …}`: a type is a name of the engine's, never more. */
function typesIn(tokens: readonly Token[]): Map<string, string> {
  const types = new Map<string, string>();
  const say = "types takes columns and what they are read as: types = {'n_cells': 'BIGINT'}.";
  if (tokens[0]?.text !== '{' || tokens.at(-1)?.text !== '}') throw wrong(say);
  for (const [column, sign, type, ...more] of byComma(tokens.slice(1, -1))) {
    const name = column ? (literalText(column) ?? nameText(column)) : null;
    const as = type ? literalText(type) : null;
    if (name === null || sign?.text !== ':' || as === null || more.length > 0) throw wrong(say);
    if (!/^[A-Za-z][A-Za-z0-9_ ]{0,40}(?:\(\d{1,2}(?:, ?\d{1,2})?\))?(?:\[\])?$/.test(as))
      throw wrong(
        `"${as.slice(0, 60)}" is no type. Types are BIGINT, DOUBLE, VARCHAR, BOOLEAN, DATE, TIMESTAMP, DECIMAL(18,3) and their like.`,
      );
    types.set(name, as);
  }
  return types;
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
function option(of: SourceKind, name: string, value: readonly Token[]): string {
  if (!options.has(name))
    throw wrong(`${of}() has no option ${name}. Options are types, ${[...options].join(', ')}.`);
  const constant = ({ text, type }: Token) =>
    type === tokenTypes.text ||
    type === tokenTypes.number ||
    /^(?:true|false|null)$/i.test(text) ||
    /^[[\]{},:-]$/.test(text);
  if (value.length === 0 || !value.every(constant))
    throw wrong(`The option ${name} of ${of}() needs a plain value, for instance ${name} = true.`);
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
        found.push({
          ...{ of: 'artifact', names: [name], list: false, table: null },
          ...{ options: [], types: new Map(), from, to },
        });
      }
    }
  };
  take((before, further) => /^(?:from|join)$/i.test(before) && !/^distinct$/i.test(further));
  // The further tables of FROM a, b.
  take((before) => before === ',');
  return found;
}

/** The source as it is written when the columns that differ are read as proposed; null where none does. */
export function fixFor(
  use: WrittenUse,
  columns: readonly { name: string; proposal: string | null }[],
): { from: number; to: number; text: string } | null {
  const types = new Map(use.types);
  for (const { name, proposal } of columns) if (proposal !== null) types.set(name, proposal);
  if (types.size === use.types.size) return null;
  const names = use.names.map(literal).join(', ');
  const read = [...types].map(([column, type]) => `${literal(column)}: ${literal(type)}`).join(', ');
  // What a parameter names is not written down: the types are put behind it.
  if (use.valued)
    return use.types.size === 0 ? { from: use.to - 1, to: use.to - 1, text: `, types = {${read}}` } : null;
  const given = use.of === 'artifact' && use.list ? `[${names}]` : names;
  const of = use.table?.slot ?? use.of;
  const source = use.table && use.of !== 'artifact' ? `${use.of}(${given})` : given;
  const part = use.table?.part ?? null;
  const options = [...use.options, ...(part === null ? [] : [`modality = ${literal(part)}`])];
  const text = `${of}(${[source, ...options, `types = {${read}}`].join(', ')})`;
  return { from: use.from, to: use.to, text };
}
