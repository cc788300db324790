// Whether a text holds what a pattern describes: a backtracking matcher in small functions. It counts its steps, so that
// a pattern that would run for hours ends in words; JavaScript's own RegExp cannot be stopped and would hang the worker.
import { width, type Flags, type Node, type Parsed, type SetItem } from './regex-parse.ts';

/** What one search may take; when it is used up the search ends with `TooManySteps`. */
export interface Budget {
  left: number;
  /** Called every few thousand steps; true ends the search. */
  over(): boolean;
}

/** Steps of one search beside those its length needs: a pattern that takes more grows with every character. */
const stepsPerText = 4_000_000;
const betweenLooks = 4096;

export class TooManySteps extends Error {}

type Next = (at: number) => boolean;
type Step = (at: number, next: Next) => boolean;
type Test = (code: number) => boolean;

const wordTable = new Uint8Array(128);
for (const c of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_')
  wordTable[c.charCodeAt(0)] = 1;
const isWord = (code: number, ascii: boolean): boolean =>
  code < 128 ? wordTable[code] === 1 : !ascii && /[\p{L}\p{N}]/u.test(String.fromCodePoint(code));
const isDigit = (code: number, ascii: boolean): boolean =>
  code < 128 ? code >= 48 && code <= 57 : !ascii && /\p{Nd}/u.test(String.fromCodePoint(code));
const isSpace = (code: number, ascii: boolean): boolean =>
  (code >= 9 && code <= 13) ||
  code === 32 ||
  (!ascii &&
    ((code >= 28 && code <= 31) ||
      code === 0x85 ||
      (code > 128 && code !== 0xfeff && /\s/.test(String.fromCodePoint(code)))));

/** One form for all that Python's IGNORECASE takes as equal. */
function fold(code: number): number {
  if (code < 128) return code >= 65 && code <= 90 ? code + 32 : code;
  const upper = single(String.fromCodePoint(code).toUpperCase()) ?? code;
  return single(String.fromCodePoint(upper).toLowerCase()) ?? upper;
}
function single(text: string): number | null {
  const code = text.codePointAt(0) ?? 0;
  return String.fromCodePoint(code) === text ? code : null;
}

function classTest(letter: string, ascii: boolean): Test {
  const test = { d: isDigit, w: isWord, s: isSpace }[letter.toLowerCase()] ?? isWord;
  const wanted = letter === letter.toLowerCase();
  return (code) => test(code, ascii) === wanted;
}

function setTest(items: SetItem[], negated: boolean, flags: Flags): Test {
  const tests = items.map((item): Test => {
    if ('class' in item) return classTest(item.class, flags.ascii);
    const { from, to } = item;
    if (!flags.ignoreCase)
      return from === to ? (code) => code === from : (code) => code >= from && code <= to;
    if (from === to) {
      const wanted = fold(from);
      return (code) => fold(code) === wanted;
    }
    const within = (code: number) => code >= from && code <= to;
    return (code) => {
      const text = String.fromCodePoint(code);
      return (
        within(code) ||
        within(single(text.toLowerCase()) ?? code) ||
        within(single(text.toUpperCase()) ?? code)
      );
    };
  });
  const [only] = tests;
  const any: Test = tests.length === 1 && only ? only : (code) => tests.some((test) => test(code));
  const full: Test = negated ? (code) => !any(code) : any;
  // Most texts are ASCII: each character is decided once.
  const table = new Int8Array(128);
  return (code) => {
    if (code >= 128) return full(code);
    const seen = table[code];
    if (seen) return seen === 1;
    const answer = full(code);
    table[code] = answer ? 1 : 2;
    return answer;
  };
}

/** A function that searches texts for the pattern, as `bool(re.search(pattern, text))`. */
export function matcher({ node, groups }: Parsed, budget: Budget): (text: string) => boolean {
  let text: ArrayLike<number> = [];
  let end = 0;
  const starts = new Int32Array(groups + 1);
  const ends = new Int32Array(groups + 1);

  let untilLook = betweenLooks;
  const spend = (): void => {
    if (--budget.left < 0) throw new TooManySteps();
    if (--untilLook > 0) return;
    untilLook = betweenLooks;
    if (budget.over()) throw new TooManySteps();
  };

  function build(of: Node): Step {
    switch (of.kind) {
      case 'set':
      case 'any': {
        const test = charTest(of);
        return (at, next) => at < end && test(text[at] ?? 0) && next(at + 1);
      }
      case 'assert': {
        const holds = assertion(of.what, of.flags);
        return (at, next) => holds(at) && next(at);
      }
      case 'sequence':
        return of.items.map(build).reduceRight<Step>(
          (after, step) => (at, next) => step(at, (reached) => after(reached, next)),
          (at, next) => next(at),
        );
      case 'choice': {
        const steps = of.items.map(build);
        return (at, next) => {
          spend();
          for (const step of steps) if (step(at, next)) return true;
          return false;
        };
      }
      case 'group':
        return captured(of.index, build(of.item));
      case 'backref':
        return backref(of.index, of.flags.ignoreCase);
      case 'repeat':
        return repeat(of);
      case 'look':
        return look(of);
      case 'atomic':
        return atomic(build(of.item));
      case 'conditional': {
        const [yes, no] = [build(of.yes), build(of.no)];
        return (at, next) => ((ends[of.index] ?? -1) >= 0 ? yes : no)(at, next);
      }
    }
  }

  function charTest(of: Node): Test {
    if (of.kind === 'set') return setTest(of.items, of.negated, of.flags);
    return of.kind === 'any' && of.flags.dotAll ? () => true : (code) => code !== 10;
  }

  function assertion(what: string, flags: Flags): (at: number) => boolean {
    const word = (at: number) => at >= 0 && at < end && isWord(text[at] ?? 0, flags.ascii);
    switch (what) {
      case '^':
        return flags.multiline ? (at) => at === 0 || text[at - 1] === 10 : (at) => at === 0;
      case '$':
        return flags.multiline
          ? (at) => at === end || text[at] === 10
          : (at) => at === end || (at === end - 1 && text[at] === 10);
      case 'A':
        return (at) => at === 0;
      case 'Z':
        return (at) => at === end;
      case 'b':
        return (at) => word(at - 1) !== word(at);
      default:
        return (at) => end > 0 && word(at - 1) === word(at);
    }
  }

  function captured(index: number, step: Step): Step {
    return (at, next) => {
      const before = [starts[index] ?? 0, ends[index] ?? -1] as const;
      const done = step(at, (reached) => {
        const inner = [starts[index] ?? 0, ends[index] ?? -1] as const;
        starts[index] = at;
        ends[index] = reached;
        if (next(reached)) return true;
        [starts[index], ends[index]] = inner;
        return false;
      });
      if (!done) [starts[index], ends[index]] = before;
      return done;
    };
  }

  function backref(index: number, ignoreCase: boolean): Step {
    return (at, next) => {
      const from = starts[index] ?? 0;
      const length = (ends[index] ?? -1) - from;
      if ((ends[index] ?? -1) < 0 || at + length > end) return false;
      for (let i = 0; i < length; i++) {
        const [a, b] = [text[from + i] ?? 0, text[at + i] ?? 0];
        if (a !== b && !(ignoreCase && fold(a) === fold(b))) return false;
      }
      return next(at + length);
    };
  }

  function repeat(of: Extract<Node, { kind: 'repeat' }>): Step {
    const { item, min, max, mode } = of;
    if (item.kind === 'set' || item.kind === 'any') return repeatChars(charTest(item), min, max, mode);
    const step = build(item);
    if (mode === 'possessive') return atomic(repeatAny(step, min, max, false));
    return repeatAny(step, min, max, mode === 'lazy');
  }

  /** One kind of character many times needs no stack. */
  function repeatChars(test: Test, min: number, max: number, mode: string): Step {
    return (at, next) => {
      const limit = Math.min(end, at + max);
      let reached = at;
      if (mode === 'lazy') {
        for (; ; reached++) {
          spend();
          if (reached - at >= min && next(reached)) return true;
          if (reached >= limit || !test(text[reached] ?? 0)) return false;
        }
      }
      while (reached < limit && test(text[reached] ?? 0)) reached++;
      budget.left -= (reached - at) >> 3;
      for (; reached - at >= min; reached--) {
        spend();
        if (next(reached)) return true;
        if (mode === 'possessive') return false;
      }
      return false;
    };
  }

  function repeatAny(step: Step, min: number, max: number, lazy: boolean): Step {
    const from = (at: number, count: number, next: Next): boolean => {
      spend();
      const more = (): boolean =>
        count < max &&
        step(at, (reached) => (reached === at && count >= min ? false : from(reached, count + 1, next)));
      if (lazy) return (count >= min && next(at)) || more();
      return more() || (count >= min && next(at));
    };
    return (at, next) => from(at, 0, next);
  }

  function atomic(step: Step): Step {
    return (at, next) => {
      let reached = -1;
      return step(at, (to) => ((reached = to), true)) && next(reached);
    };
  }

  function look(of: Extract<Node, { kind: 'look' }>): Step {
    const step = build(of.item);
    const back = of.ahead ? 0 : (width(of.item) ?? 0);
    return (at, next) => {
      const found = at >= back && step(at - back, (reached) => of.ahead || reached === at);
      return found !== of.negated && next(at);
    };
  }

  const step = build(node);
  const anchored = startsAnchored(node);
  const start = firstTest(node);
  const found = (): boolean => true;
  return (given) => {
    text = codes(given);
    end = text.length;
    budget.left = stepsPerText + end * 20;
    for (let at = 0; at <= end; at++) {
      if (start && !(at < end && start(text[at] ?? 0))) {
        if (anchored) return false;
        continue;
      }
      spend();
      if (groups > 0) ends.fill(-1);
      if (step(at, found)) return true;
      if (anchored) return false;
    }
    return false;
  };

  /** What the first character must be, where that is known: other places need no look. */
  function firstTest(of: Node): Test | null {
    if (of.kind === 'set') return setTest(of.items, of.negated, of.flags);
    if (of.kind === 'group' || of.kind === 'atomic') return firstTest(of.item);
    if (of.kind === 'repeat') return of.min > 0 ? firstTest(of.item) : null;
    if (of.kind === 'sequence') {
      const first = of.items.find((item) => item.kind !== 'assert');
      return first ? firstTest(first) : null;
    }
    if (of.kind !== 'choice') return null;
    const tests = of.items.map(firstTest);
    return tests.every((test) => test !== null) ? (code) => tests.some((test) => test?.(code)) : null;
  }
}

function startsAnchored(node: Node): boolean {
  if (node.kind === 'sequence') return node.items[0] !== undefined && startsAnchored(node.items[0]);
  if (node.kind === 'group') return startsAnchored(node.item);
  return node.kind === 'assert' && (node.what === 'A' || (node.what === '^' && !node.flags.multiline));
}

/** Python counts code points. */
function codes(text: string): ArrayLike<number> {
  const codes = new Uint32Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) ?? 0;
    if (code > 0xffff) at++;
    codes[length++] = code;
  }
  return length === text.length ? codes : codes.subarray(0, length);
}
