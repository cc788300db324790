// A text of SQL cut into its statements and words, as far as running one of them and completing in it need. It knows
// quotes and comments, and which names stand after FROM and JOIN; it is no parser.

export interface StatementPart {
  from: number;
  /** Behind its last character, without the semicolon. */
  to: number;
  sql: string;
}

const PIECE =
  /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[\p{L}_][\p{L}\p{N}_$]*|\d[\w.]*|[\s\S]/gu;

export interface Word {
  text: string;
  from: number;
  /** A name in quotes, without them; keywords are never quoted. */
  quoted: boolean;
}

/** Names, keywords and single signs, without white space, comments and string literals. */
export function wordsOf(sql: string): Word[] {
  const words: Word[] = [];
  for (const { 0: text, index: from } of sql.matchAll(PIECE)) {
    if (/^(?:\s|--|\/\*|')/.test(text)) continue;
    const quoted = /^["`[]/.test(text);
    words.push({ text: quoted ? text.slice(1, -1) : text, from, quoted });
  }
  return words;
}

/** The statements that are not empty, in order. */
export function statementsOf(sql: string): StatementPart[] {
  const parts: StatementPart[] = [];
  let from: number | null = null;
  let to = 0;
  const close = () => {
    if (from !== null) parts.push({ from, to, sql: sql.slice(from, to) });
    from = null;
  };
  for (const { 0: text, index } of sql.matchAll(PIECE)) {
    if (text === ';') close();
    else if (!/^\s/.test(text)) {
      const comment = /^(?:--|\/\*)/.test(text);
      if (from === null && comment) continue;
      from ??= index;
      to = index + text.length;
    }
  }
  close();
  return parts;
}

/** What to run: the selection, or else the statement the cursor is in or behind. Null where there is none. */
export function statementAt(sql: string, selection: { from: number; to: number }): StatementPart | null {
  if (selection.from < selection.to) {
    const chosen = sql.slice(selection.from, selection.to);
    return chosen.trim() === '' ? null : { ...selection, sql: chosen };
  }
  const parts = statementsOf(sql);
  const before = parts.filter(({ from }) => from <= selection.from);
  return before.at(-1) ?? parts[0] ?? null;
}

/** Whether the position is within a string literal or a comment, where no code is written. */
export function insideText(sql: string, pos: number): boolean {
  for (const { 0: text, index: from } of sql.matchAll(PIECE)) {
    const to = from + text.length;
    if (pos <= from) return false;
    if (pos > to) continue;
    if (text.startsWith('--')) return true;
    if (text.startsWith('/*')) return pos < to || !/.\*\/$/s.test(text);
    // An even number of quotes: closed, doubled ones among them.
    if (text.startsWith("'")) return pos < to || (text.split("'").length - 1) % 2 === 1;
    return false;
  }
  return false;
}

export interface TableUse {
  table: string;
  /** The name its columns are written with: the alias, or the table itself. */
  as: string;
}

const AFTER_TABLE = new Set(
  'where on using join left right inner cross full outer natural group order having limit union intersect except window select set values indexed not'.split(
    ' ',
  ),
);

/** Tables that the statement reads, with their aliases. */
export function tablesIn(sql: string): TableUse[] {
  const words = wordsOf(sql);
  const found: TableUse[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (!word || word.quoted || !/^(?:from|join)$/i.test(word.text)) continue;
    // FROM a, b AS c: one name after the other as long as commas follow.
    for (let at = i + 1; ;) {
      const name = words[at];
      if (!name || !(name.quoted || /^[\p{L}_]/u.test(name.text))) break;
      at++;
      if (words[at]?.text.toLowerCase() === 'as' && !words[at]?.quoted) at++;
      const alias = words[at];
      const aliased =
        alias !== undefined &&
        (alias.quoted || (/^[\p{L}_]/u.test(alias.text) && !AFTER_TABLE.has(alias.text.toLowerCase())));
      if (aliased) at++;
      found.push({ table: name.text, as: aliased ? alias.text : name.text });
      if (words[at]?.text !== ',') break;
      at++;
    }
  }
  return found;
}

/** A text as SQL writes it. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export type FileFunction = 'artifact' | 'obs' | 'var';

/** The table that a file is in a statement, or one inside it. */
export const callOf = (key: string, of: FileFunction = 'artifact', part: string | null = null): string =>
  `${of}(${literal(key)}${part === null ? '' : `, modality = ${literal(part)}`})`;

export interface FileUse {
  /** The key or uid in `artifact('…')`, `obs('…')` or `var('…')`; of a list the first. */
  key: string;
  of: FileFunction;
  /** The modality, or table of SpatialData. */
  part: string | null;
  as: string;
  list: boolean;
}

/** Files that the statement reads, with their aliases. */
export function filesIn(sql: string): FileUse[] {
  const found: FileUse[] = [];
  const call =
    /\b(artifact|obs|var)\s*\(\s*(\[\s*)?'((?:[^']|'')*)'((?:'(?:[^']|'')*'|[^'()])*)\)(?:\s+(?:as\s+)?([\p{L}_][\p{L}\p{N}_]*))?/giu;
  for (const [, name = '', list, key = '', rest = '', alias] of sql.matchAll(call)) {
    const of = name.toLowerCase() as FileFunction;
    const as = alias !== undefined && !AFTER_TABLE.has(alias.toLowerCase()) ? alias : of;
    const part =
      /\b(?:modality|table)\s*=\s*'((?:[^']|'')*)'/i.exec(rest)?.[1]?.replaceAll("''", "'") ?? null;
    found.push({ key: key.replaceAll("''", "'"), of, part, as, list: list !== undefined });
  }
  return found;
}
