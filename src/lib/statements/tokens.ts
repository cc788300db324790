// A statement as the query engine's own scanner sees it: strings, quoted names, comments and dollar quotes are told apart
// by the engine, not by us. Offsets are those of JavaScript strings.

/** Kinds of tokens as the engine numbers them. */
export const tokenTypes = { identifier: 0, number: 1, text: 2, operator: 3, keyword: 4, comment: 5 } as const;

/** What judging a statement needs of an engine. */
export interface Asks {
  /** Byte offsets of the tokens in UTF-8, without white space and comments, and what each is. */
  tokens(sql: string): { offsets: number[]; types: number[] };
  /** All rows of a statement of our own, each value as a text. */
  texts(sql: string): string[][] | Promise<string[][]>;
}

export interface Token {
  text: string;
  from: number;
  /** Behind its last character. */
  to: number;
  type: number;
}

export function tokensOf(db: Pick<Asks, 'tokens'>, sql: string): Token[] {
  const { offsets, types } = db.tokens(sql);
  const starts = inCharacters(sql, offsets);
  return starts.map((from, i) => {
    const text = tokenText(sql.slice(from, starts[i + 1] ?? sql.length), types[i] ?? -1);
    return { text, from, to: from + text.length, type: types[i] ?? -1 };
  });
}

/** The engine counts bytes of UTF-8. */
function inCharacters(sql: string, offsets: readonly number[]): number[] {
  // Exactly the texts in which both counts agree.
  if (/^[\0-\x7f]*$/.test(sql)) return [...offsets];
  const starts: number[] = [];
  let bytes = 0;
  let at = 0;
  for (const offset of offsets) {
    while (bytes < offset && at < sql.length) {
      const code = sql.codePointAt(at) ?? 0;
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      at += code < 0x10000 ? 1 : 2;
    }
    starts.push(at);
  }
  return starts;
}

/** What follows up to the next token may end in white space and comments. */
function tokenText(rest: string, type: number): string {
  const pattern =
    type === tokenTypes.text
      ? /^(?:[a-z]*'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$)/i
      : type === tokenTypes.operator && /^[()[\]{},;.]/.test(rest)
        ? /^./
        : /^(?:"(?:[^"]|"")*"|[^\s]+?(?=\s|--|\/\*|$))/;
  return pattern.exec(rest)?.[0] ?? rest.trimEnd();
}

/** The text of a plain string literal, `'it''s'`; null for any other token. */
export function literalText({ text, type }: Token): string | null {
  if (type !== tokenTypes.text || !/^'(?:[^']|'')*'$/.test(text)) return null;
  return text.slice(1, -1).replaceAll("''", "'");
}

/** A name as it is meant: out of its quotes, or in lower case. */
export function nameText({ text, type }: Token): string | null {
  if (type !== tokenTypes.identifier) return null;
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase();
}

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
