// What a statement of the read-only console may do. Two fences: the text (one statement, of a kind that reads) holds on
// every driver; SQLite's authorizer, where the build has one, asks about each thing the statement would touch, and
// everything not named here is refused.
import { LoamError } from '../../engine/errors.ts';
import type { ParamValue } from '../../engine/ports.ts';

/** SQLite's authorizer action codes (sqlite3.h) that this file names. */
const PRAGMA = 19;
const READ = 20;
const SELECT = 21;
const FUNCTION = 31;
const RECURSIVE = 33;

const words: Record<number, string> = {
  1: 'create an index',
  2: 'create a table',
  3: 'create a temporary index',
  4: 'create a temporary table',
  5: 'create a temporary trigger',
  6: 'create a temporary view',
  7: 'create a trigger',
  8: 'create a view',
  9: 'delete from',
  10: 'drop an index',
  11: 'drop a table',
  18: 'insert into',
  22: 'steer a transaction',
  23: 'update',
  24: 'attach a database',
  25: 'detach a database',
  26: 'alter a table',
  27: 'reindex',
  28: 'analyze',
  29: 'create a virtual table',
  30: 'drop a virtual table',
  32: 'set a savepoint',
};

/** Pragmas that answer a question; their argument names what is asked about. */
const askingPragmas = new Set([
  'table_info',
  'table_xinfo',
  'table_list',
  'index_list',
  'index_info',
  'index_xinfo',
  'foreign_key_list',
  'foreign_key_check',
  'integrity_check',
  'quick_check',
]);

/** Pragmas that tell a setting; with an argument they would change it. */
const tellingPragmas = new Set([
  'application_id',
  'auto_vacuum',
  'busy_timeout',
  'cache_size',
  'collation_list',
  'compile_options',
  'data_version',
  'database_list',
  'encoding',
  'foreign_keys',
  'freelist_count',
  'function_list',
  'journal_mode',
  'locking_mode',
  'module_list',
  'page_count',
  'page_size',
  'pragma_list',
  'query_only',
  'recursive_triggers',
  'schema_version',
  'synchronous',
  'temp_store',
  'trusted_schema',
  'user_version',
]);

/** Functions that reach out of the database, or into its internals. */
const refusedFunctions = new Set(['load_extension', 'fts3_tokenizer', 'readfile', 'writefile', 'edit']);

function pragmaAllowed(name: string, hasArgument: boolean): boolean {
  const pragma = name.toLowerCase();
  return askingPragmas.has(pragma) || (tellingPragmas.has(pragma) && !hasArgument);
}

/** A statement that is refused; `offset` is where in the text, in UTF-16 units, -1 where unknown. */
export function refused(what: string, sql: string, offset: number): LoamError {
  return new LoamError('ReadOnly', what, { sql: sql.slice(0, 200), offset });
}

const hint =
  'The console only reads; changes go through the app, which keeps their history and can undo them.';

/**
 * SQLite's question while it compiles a statement, answered: null means allowed, else the reason in words.
 * `ours` are functions written in JavaScript: SQLite cannot interrupt them, so a hostile argument would never end.
 */
export function refusalOf(
  action: number,
  first: string | null,
  second: string | null,
  ours: ReadonlySet<string>,
): string | null {
  switch (action) {
    case SELECT:
    case READ:
    case RECURSIVE:
      return null;
    case FUNCTION: {
      const name = (second ?? '').toLowerCase();
      if (ours.has(name))
        return `The function ${name} is not available in the console: it cannot be stopped.`;
      return refusedFunctions.has(name) ? `The function ${name} is not available in the console.` : null;
    }
    case PRAGMA:
      if (pragmaAllowed(first ?? '', second !== null)) return null;
      return `PRAGMA ${first}${second === null ? '' : ` = ${second}`} is refused. The console only reads; pragmas that ask, such as table_info, are allowed.`;
    default: {
      const what = words[action] ?? 'change something';
      return `This would ${what}${first ? ` "${first}"` : ''}. ${hint}`;
    }
  }
}

/* ---------- the text ---------- */

/** Moves past white space and comments. */
function skipBlank(sql: string, from: number): number {
  const blank = /(?:[\s\uFEFF]+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*/y;
  blank.lastIndex = from;
  return from + (blank.exec(sql)?.[0].length ?? 0);
}

/** Where the statement that begins at `from` ends: at its semicolon, outside quotes and comments, or at the end. */
function statementEnd(sql: string, from: number): number {
  const piece =
    /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|;|./gsy;
  piece.lastIndex = from;
  for (let found = piece.exec(sql); found; found = piece.exec(sql)) if (found[0] === ';') return found.index;
  return sql.length;
}

/**
 * Refuses what is not one statement that reads: SELECT, VALUES, WITH, EXPLAIN of these, or a pragma that asks.
 * WITH can lead to a write; the authorizer or `query_only` stops it. Answers where the statement begins and ends.
 */
export function checkText(sql: string): { start: number; end: number } {
  let start = skipBlank(sql, 0);
  while (sql[start] === ';') start = skipBlank(sql, start + 1);
  if (start >= sql.length) throw refused('There is no statement here.', sql, 0);
  const end = statementEnd(sql, start);
  let rest = end;
  while (sql[rest] === ';') rest = skipBlank(sql, rest + 1);
  if (rest < sql.length) {
    throw refused('One statement at a time: select the one to run, or put the cursor in it.', sql, rest);
  }
  let word = start;
  const read = () => {
    const at = skipBlank(sql, word);
    const [found = ''] = /^\w+/.exec(sql.slice(at, at + 40)) ?? [];
    return { at, found: found.toUpperCase(), after: at + found.length };
  };
  let first = read();
  if (first.found === 'EXPLAIN') {
    word = first.after;
    first = read();
    if (first.found === 'QUERY') {
      word = first.after;
      word = read().after;
      first = read();
    }
  }
  if (first.found === 'PRAGMA') checkPragma(sql, first.after, end);
  else if (!['SELECT', 'VALUES', 'WITH'].includes(first.found)) {
    const [shown = ''] = /^\S{1,20}/.exec(sql.slice(first.at)) ?? [];
    throw refused(
      `A statement that begins with "${first.found || shown}" is refused. ${hint}`,
      sql,
      first.at,
    );
  }
  return { start, end };
}

function checkPragma(sql: string, from: number, end: number): void {
  const at = skipBlank(sql, from);
  const text = sql.slice(at, end);
  const [, name = '', argument] = /^(?:\w+\s*\.\s*)?["'`[]?(\w+)["'`\]]?\s*(=|\()?/.exec(text) ?? [];
  if (pragmaAllowed(name, argument !== undefined)) return;
  throw refused(
    `PRAGMA ${text.slice(0, 60).trim()} is refused. The console only reads; pragmas that ask, such as table_info, are allowed.`,
    sql,
    at,
  );
}

/** The first word of the text outside quotes and comments that names one of the functions, with its place. */
export function findFunction(
  sql: string,
  names: ReadonlySet<string>,
): { name: string; offset: number } | null {
  const piece =
    /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[A-Za-z_]\w*|./gs;
  for (const { 0: text, index } of sql.matchAll(piece)) {
    const name = text.toLowerCase();
    if (names.has(name) || refusedFunctions.has(name)) return { name, offset: index };
  }
  return null;
}

/** Where in the text SQLite's message points to, in UTF-16 units; -1 where the message names no place. */
export function placeOf(message: string, sql: string): number {
  const named =
    /near "((?:[^"]|"(?!:))*)"|no such (?:column|table|function): (\S+)|ambiguous column name: (\S+)/.exec(
      message,
    );
  const word = named?.[1] ?? named?.[2] ?? named?.[3];
  if (!word) return /incomplete input/.test(message) ? sql.length : -1;
  const bounded = /^\w/.test(word)
    ? `(?<!\\w)${word.replace(/[^\w]/g, '\\$&')}`
    : word.replace(/[^\w]/g, '\\$&');
  return sql.search(new RegExp(/\w$/.test(word) ? `${bounded}(?!\\w)` : bounded, 'i'));
}

/* ---------- values ---------- */

/** The value of a parameter as SQLite names it, `$name`. */
export function paramOf(written: string, params: Readonly<Record<string, ParamValue>>): ParamValue {
  if (!written.startsWith('$'))
    throw new LoamError(
      'ValueError',
      `Write parameters as $name, not as "${written === '' ? '?' : written}".`,
    );
  const name = written.slice(1);
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (value === undefined)
    throw new LoamError('ValueError', `Give a value for ${written}.`, { parameter: name });
  if (typeof value === 'string' && value.includes('\0'))
    throw new LoamError('ValueError', `The value of ${written} holds the character NUL.`, {
      parameter: name,
    });
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value)
    throw new LoamError('ValueError', `The value of ${written} does not fit in 64 bits.`, {
      parameter: name,
    });
  return typeof value === 'string' ? value.toWellFormed() : value;
}

/** Parameters of a statement with their signs, each once, in order; texts, names and comments hold none. */
export function paramsIn(sql: string): string[] {
  const piece =
    /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[\p{L}_][\p{L}\p{N}_$]*|[$:@][\p{L}\p{N}_$]+|\?\d*|./gsu;
  return [...new Set([...sql.matchAll(piece)].map(([text]) => text))].filter((text) =>
    /^(?:[$:@][\p{L}\p{N}_]|\?)/u.test(text),
  );
}
