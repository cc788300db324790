// Patterns that cannot run away as JavaScript's own RegExp, which is some thirty times faster than our matcher: only single
// characters are repeated, nothing refers back, and there are few ways to match for the length of the text.
import type { Flags, Node, SetItem } from './regex-parse.ts';

export interface NativePattern {
  test(text: string): boolean;
  /** Longer texts go to the matcher that can be stopped. */
  maxLength: number;
}

/** Steps that a search may take at worst: length to the power of open repeats plus one. */
const worst = 20_000_000;

/** Null where the pattern needs the other matcher. */
export function nativePattern(node: Node): NativePattern | null {
  const seen: Seen = { open: 0, ways: 1, folds: new Set() };
  const source = emit(node, seen);
  if (source === null || seen.folds.size > 1 || seen.open > 3 || seen.ways > 1000) return null;
  try {
    const regex = new RegExp(source, seen.folds.has(true) ? 'iu' : 'u');
    const maxLength = seen.open === 0 ? Infinity : Math.floor((worst / seen.ways) ** (1 / (seen.open + 1)));
    return { test: (text) => regex.test(text), maxLength };
  } catch {
    return null;
  }
}

interface Seen {
  /** Repeats without an end. */
  open: number;
  /** How many ways there are through choices and bounded repeats. */
  ways: number;
  folds: Set<boolean>;
}

const word = (ascii: boolean): string => (ascii ? 'A-Za-z0-9_' : '\\p{L}\\p{N}_');
const digit = (ascii: boolean): string => (ascii ? '0-9' : '\\p{Nd}');
const space = (ascii: boolean): string =>
  ascii
    ? '\\t-\\r '
    : '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const classes: Record<string, (ascii: boolean) => string> = { w: word, d: digit, s: space };
const escaped = (code: number): string => `\\u{${code.toString(16)}}`;

function emit(node: Node, seen: Seen): string | null {
  const all = (items: Node[], between: string): string | null => {
    const parts = items.map((item) => emit(item, seen));
    return parts.includes(null) ? null : parts.join(between);
  };
  switch (node.kind) {
    case 'set':
      return set(node.items, node.negated, node.flags, seen);
    case 'any':
      return node.flags.dotAll ? '[\\s\\S]' : '[^\\n]';
    case 'assert':
      return assertion(node.what, node.flags);
    case 'sequence':
      return all(node.items, '');
    case 'choice': {
      const choices = all(node.items, '|');
      seen.ways *= node.items.length;
      return choices === null ? null : `(?:${choices})`;
    }
    case 'group': {
      const item = emit(node.item, seen);
      return item === null ? null : `(?:${item})`;
    }
    case 'repeat': {
      const single = node.item.kind === 'set' || node.item.kind === 'any';
      if (node.mode === 'possessive' || (!single && node.max > 1)) return null;
      if (node.max > 8) seen.open++;
      else seen.ways *= node.max - node.min + 1;
      const item = emit(node.item, seen);
      const bounds = `{${node.min},${node.max === Infinity ? '' : node.max}}${node.mode === 'lazy' ? '?' : ''}`;
      return item === null ? null : `(?:${item})${bounds}`;
    }
    case 'look': {
      const item = node.ahead ? emit(node.item, seen) : null;
      return item === null ? null : `(?${node.negated ? '!' : '='}${item})`;
    }
    default:
      return null;
  }
}

function set(items: SetItem[], negated: boolean, flags: Flags, seen: Seen): string | null {
  const inside = items.map((item) => {
    if (!('class' in item)) {
      // Where there is a case to ignore is where the flag counts.
      if (cased(item.from, item.to)) seen.folds.add(flags.ignoreCase);
      return item.from === item.to ? escaped(item.from) : `${escaped(item.from)}-${escaped(item.to)}`;
    }
    const lower = classes[item.class]?.(flags.ascii);
    // A negated class among others is no plain list of characters.
    if (lower === undefined) return items.length > 1 ? null : '';
    return lower;
  });
  const [first] = items;
  if (first && 'class' in first && items.length === 1 && classes[first.class] === undefined) {
    const list = classes[first.class.toLowerCase()]?.(flags.ascii) ?? '';
    return `[${negated ? '' : '^'}${list}]`;
  }
  if (inside.includes(null)) return null;
  return `[${negated ? '^' : ''}${inside.join('')}]`;
}

function cased(from: number, to: number): boolean {
  if (to - from > 200) return true;
  for (let code = from; code <= to; code++) {
    const text = String.fromCodePoint(code);
    if (text.toLowerCase() !== text || text.toUpperCase() !== text) return true;
  }
  return false;
}

/** Null for word boundaries: they would need look-behind, which V8 gets wrong inside of surrogate pairs. */
function assertion(what: string, { multiline }: Flags): string | null {
  switch (what) {
    case '^':
      return multiline ? '(?:^|(?<=\\n))' : '^';
    case '$':
      return multiline ? '(?=\\n|$)' : '(?=\\n?$)';
    case 'A':
      return '^';
    case 'Z':
      return '$';
    default:
      return null;
  }
}
