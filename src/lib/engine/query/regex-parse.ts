// Python's regular expressions as a tree. LaminDB's `regex` look-up runs Python's `re` over each row, so patterns are
// read by its rules (3.11): named groups, inline flags, possessive quantifiers, look-behind of one width.

export interface Flags {
  ignoreCase: boolean;
  multiline: boolean;
  dotAll: boolean;
  verbose: boolean;
  ascii: boolean;
}

/** What one character must be. `class` letters are d D w W s S. */
export type SetItem = { from: number; to: number } | { class: string };

export type Node =
  | { kind: 'set'; items: SetItem[]; negated: boolean; flags: Flags }
  | { kind: 'any'; flags: Flags }
  | { kind: 'assert'; what: '^' | '$' | 'b' | 'B' | 'A' | 'Z'; flags: Flags }
  | { kind: 'sequence'; items: Node[] }
  | { kind: 'choice'; items: Node[] }
  | { kind: 'group'; index: number; item: Node }
  | { kind: 'backref'; index: number; flags: Flags }
  | { kind: 'repeat'; item: Node; min: number; max: number; mode: 'greedy' | 'lazy' | 'possessive' }
  | { kind: 'look'; item: Node; ahead: boolean; negated: boolean }
  | { kind: 'atomic'; item: Node }
  | { kind: 'conditional'; index: number; yes: Node; no: Node };

export interface Parsed {
  node: Node;
  groups: number;
}

export class PatternError extends Error {}

const simpleEscapes: Record<string, number> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7 };
const flagOf: Record<string, keyof Flags> = {
  i: 'ignoreCase',
  m: 'multiline',
  s: 'dotAll',
  x: 'verbose',
  a: 'ascii',
};

export function parsePattern(pattern: string): Parsed {
  const source = [...pattern];
  const names = new Map<string, number>();
  const open = new Set<number>();
  let at = 0;
  let groups = 0;
  let flags: Flags = { ignoreCase: false, multiline: false, dotAll: false, verbose: false, ascii: false };

  const fail = (message: string): never => {
    throw new PatternError(`${message} at position ${at}`);
  };
  const peek = (offset = 0): string | undefined => source[at + offset];
  const take = (text: string): boolean => {
    for (let i = 0; i < text.length; i++) if (source[at + i] !== text[i]) return false;
    at += text.length;
    return true;
  };
  const until = (end: string): string => {
    let text = '';
    for (; peek() !== end; at++) text += peek() ?? fail(`missing ${end}, unterminated name`);
    at++;
    return text;
  };
  const literal = (code: number): Node => ({
    kind: 'set',
    items: [{ from: code, to: code }],
    negated: false,
    flags,
  });

  function choice(): Node {
    const items = [sequence()];
    while (take('|')) items.push(sequence());
    return items.length === 1 ? (items[0] as Node) : { kind: 'choice', items };
  }

  function sequence(): Node {
    const items: Node[] = [];
    for (;;) {
      if (flags.verbose && skipSpace()) continue;
      const c = peek();
      if (c === undefined || c === '|' || c === ')') return { kind: 'sequence', items };
      const item = atom();
      if (item) items.push(repeated(item));
    }
  }

  function skipSpace(): boolean {
    const start = at;
    while (/\s/.test(peek() ?? 'x')) at++;
    if (peek() === '#') while (peek() !== undefined && peek() !== '\n') at++;
    return at > start;
  }

  function repeated(item: Node): Node {
    if (flags.verbose) skipSpace();
    const bounds = quantifier();
    if (!bounds) return item;
    const [min, max] = bounds;
    if (min > max) fail('min repeat greater than max repeat');
    if (item.kind === 'assert' && item.what !== '^' && item.what !== '$' && min > 1)
      fail('nothing to repeat');
    const mode = take('?') ? 'lazy' : take('+') ? 'possessive' : 'greedy';
    if (quantifier()) fail('multiple repeat');
    return { kind: 'repeat', item, min, max, mode };
  }

  function quantifier(): [number, number] | null {
    if (take('*')) return [0, Infinity];
    if (take('+')) return [1, Infinity];
    if (take('?')) return [0, 1];
    const match = /^\{(\d*)(,?)(\d*)\}/.exec(source.slice(at, at + 24).join(''));
    // `{` that opens no quantifier stands for itself.
    if (!match || (match[1] === '' && match[2] === '')) return null;
    at += match[0].length;
    const min = Number(match[1] ?? 0);
    if (match[2] === '') return [min, min];
    return [min, match[3] === '' ? Infinity : Number(match[3])];
  }

  function atom(): Node | null {
    const c = peek() ?? '';
    at++;
    switch (c) {
      case '.':
        return { kind: 'any', flags };
      case '^':
      case '$':
        return { kind: 'assert', what: c, flags };
      case '(':
        return group();
      case '[':
        return set();
      case '\\':
        return escape();
      case '*':
      case '+':
      case '?':
        at--;
        return fail('nothing to repeat');
      default:
        return literal(c.codePointAt(0) ?? 0);
    }
  }

  function close(item: Node): Node {
    if (!take(')')) fail('missing ), unterminated subpattern');
    return item;
  }

  function group(): Node | null {
    if (!take('?')) return capture();
    if (take('P<')) return capture(until('>'));
    if (take('P=')) {
      const name = until(')');
      return { kind: 'backref', index: names.get(name) ?? fail(`unknown group name ${name}`), flags };
    }
    if (take(':')) return scoped(flags);
    if (take('#')) {
      until(')');
      return null;
    }
    if (take('=')) return look(true, false);
    if (take('!')) return look(true, true);
    if (take('<=')) return look(false, false);
    if (take('<!')) return look(false, true);
    if (take('>')) return { kind: 'atomic', item: scoped(flags) };
    if (take('(')) return conditional();
    return withFlags();
  }

  function capture(name?: string): Node {
    const index = ++groups;
    if (name !== undefined) {
      if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) fail(`bad character in group name '${name}'`);
      if (names.has(name)) fail(`redefinition of group name '${name}'`);
      names.set(name, index);
    }
    open.add(index);
    const item = scoped(flags);
    open.delete(index);
    return { kind: 'group', index, item };
  }

  /** Flags set inside of a group end with it. */
  function scoped(inner: Flags): Node {
    const outer = flags;
    flags = inner;
    const item = close(choice());
    flags = outer;
    return item;
  }

  function look(ahead: boolean, negated: boolean): Node {
    const item = scoped(flags);
    if (!ahead && width(item) === null) fail('look-behind requires fixed-width pattern');
    return { kind: 'look', item, ahead, negated };
  }

  function conditional(): Node {
    const name = until(')');
    const index = /^\d+$/.test(name)
      ? Number(name)
      : (names.get(name) ?? fail(`unknown group name '${name}'`));
    const outer = flags;
    const yes = sequence();
    const no: Node = take('|') ? sequence() : { kind: 'sequence', items: [] };
    flags = outer;
    return close({ kind: 'conditional', index, yes, no });
  }

  function withFlags(): Node | null {
    const start = at - 2;
    const changed = { ...flags };
    let on = true;
    for (;;) {
      const c = peek() ?? fail('missing -, : or )');
      at++;
      if (c === ':') return scoped(changed);
      if (c === ')') {
        if (
          start !== 0 &&
          source
            .slice(0, start)
            .join('')
            .replace(/\(\?[aimsxuL]+\)/g, '') !== ''
        )
          fail('global flags not at the start of the expression');
        flags = changed;
        return null;
      }
      if (c === '-') on = false;
      else if (flagOf[c]) changed[flagOf[c]] = on;
      else if (c !== 'u' && c !== 'L') fail('unknown extension');
    }
  }

  function escape(): Node {
    const c = peek() ?? fail('bad escape (end of pattern)');
    at++;
    if ('dDwWsS'.includes(c)) return { kind: 'set', items: [{ class: c }], negated: false, flags };
    if (c === 'b' || c === 'B' || c === 'A' || c === 'Z') return { kind: 'assert', what: c, flags };
    if (/[1-9]/.test(c)) return reference(c);
    return literal(escaped(c));
  }

  function reference(first: string): Node {
    let digits = first;
    if (/\d/.test(peek() ?? '')) {
      digits += source[at++];
      if (/^[0-3][0-7]$/.test(digits) && /[0-7]/.test(peek() ?? '')) {
        digits += source[at++];
        return literal(parseInt(digits, 8));
      }
    }
    const index = Number(digits);
    if (index > groups) fail(`invalid group reference ${index}`);
    if (open.has(index)) fail('cannot refer to an open group');
    return { kind: 'backref', index, flags };
  }

  function escaped(c: string): number {
    const known = simpleEscapes[c];
    if (known !== undefined) return known;
    const length = { x: 2, u: 4, U: 8 }[c];
    if (length !== undefined) {
      const digits = source.slice(at, at + length).join('');
      const code = parseInt(digits, 16);
      if (!/^[0-9a-f]+$/i.test(digits) || digits.length !== length || code > 0x10ffff)
        fail(`incomplete escape \\${c}`);
      at += length;
      return code;
    }
    if (c === '0') {
      let digits = '0';
      while (digits.length < 3 && /[0-7]/.test(peek() ?? '')) digits += source[at++];
      return parseInt(digits, 8);
    }
    if (/[A-Za-z0-9]/.test(c)) fail(`bad escape \\${c}`);
    return c.codePointAt(0) ?? 0;
  }

  function set(): Node {
    const negated = take('^');
    const items: SetItem[] = [];
    for (let first = true; first || peek() !== ']'; first = false) {
      const from = member();
      if (peek() !== '-' || peek(1) === ']' || peek(1) === undefined) {
        items.push(typeof from === 'number' ? { from, to: from } : from);
        continue;
      }
      at++;
      const to = member();
      if (typeof from !== 'number' || typeof to !== 'number' || to < from) fail('bad character range');
      items.push({ from: from as number, to: to as number });
    }
    at++;
    return { kind: 'set', items, negated, flags };
  }

  function member(): number | SetItem {
    const c = peek() ?? fail('unterminated character set');
    at++;
    if (c !== '\\') return c.codePointAt(0) ?? 0;
    const e = peek() ?? fail('unterminated character set');
    at++;
    if ('dDwWsS'.includes(e)) return { class: e };
    if (e === 'b') return 8;
    if (/[1-7]/.test(e)) {
      let digits = e;
      while (digits.length < 3 && /[0-7]/.test(peek() ?? '')) digits += source[at++];
      return parseInt(digits, 8);
    }
    return escaped(e);
  }

  const node = choice();
  if (at < source.length) fail('unbalanced parenthesis');
  return { node, groups };
}

/** Characters a node takes, where that is always the same number. */
export function width(node: Node): number | null {
  switch (node.kind) {
    case 'set':
    case 'any':
      return 1;
    case 'assert':
    case 'look':
      return 0;
    case 'group':
    case 'atomic':
      return width(node.item);
    case 'repeat': {
      const one = width(node.item);
      return one !== null && node.min === node.max ? one * node.min : null;
    }
    case 'sequence':
      return node.items.reduce<number | null>((sum, item) => {
        const one = width(item);
        return sum === null || one === null ? null : sum + one;
      }, 0);
    case 'choice':
    case 'conditional': {
      const widths = (node.kind === 'choice' ? node.items : [node.yes, node.no]).map(width);
      return widths.every((w) => w === widths[0]) ? (widths[0] ?? null) : null;
    }
    case 'backref':
      return null;
  }
}
