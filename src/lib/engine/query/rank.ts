// LaminDB's ranking of a search: each text field adds points for how the string stands in it. The seven patterns that
// LaminDB runs per field and row are decided here by looking at what stands before and behind each place of the string.

export interface Searched {
  string: string;
  caseSensitive: boolean;
}

// eslint-disable-next-line no-control-regex -- the zero byte is what is looked for
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

const asciiFold = (text: string): string =>
  isAscii(text) ? text.toLowerCase() : text.replace(/[A-Z]/g, (c) => c.toLowerCase());

/** As Python's IGNORECASE compares; every character stays one. */
function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) {
    const upper = character.toUpperCase();
    const lower = ([...upper].length === 1 ? upper : character).toLowerCase();
    folded += [...lower].length === 1 ? lower : character;
  }
  return folded;
}

/** A function that ranks one field; null where the field does not contain the string. */
export function ranker({ string, caseSensitive }: Searched): (text: string) => number | null {
  const liked = asciiFold(string);
  const wanted = caseSensitive ? string : fold(string);
  return (text) => {
    // Folding keeps the length.
    if (text.length < string.length) return null;
    // SQLite's LIKE decides what is found, in either case.
    if (!asciiFold(text).includes(liked)) return null;
    const exact = caseSensitive ? text === string : asciiFold(text) === liked;
    return (exact ? 200 : 0) + 1 + places(caseSensitive ? text : fold(text), wanted);
  };
}

/**
 * A function that ranks a row by its fields, which stand in one text with `separator` between them: the sum over the
 * fields that contain the string, null where none does. Fields without it are not looked at.
 */
export function rowRanker(searched: Searched, separator: string): (row: string) => number | null {
  const rank = ranker(searched);
  const liked = asciiFold(searched.string);
  if (liked === '' || liked.includes(separator)) return (row) => sum(row.split(separator).map(rank));
  return (row) => {
    const folded = asciiFold(row);
    let points: number | null = null;
    for (let at = folded.indexOf(liked); at >= 0;) {
      const end = row.indexOf(separator, at);
      const field = row.slice(row.lastIndexOf(separator, at) + 1, end < 0 ? row.length : end);
      points = (points ?? 0) + (rank(field) ?? 0);
      at = end < 0 ? -1 : folded.indexOf(liked, end + 1);
    }
    return points;
  };
}

const sum = (ranks: (number | null)[]): number | null =>
  ranks.reduce((all, one) => (one === null ? all : (all ?? 0) + one), null);

function places(text: string, string: string): number {
  const end = text.length;
  /** Python's `$`: the end, or before a last line feed. */
  const closes = (at: number) => at === end || (at === end - 1 && text[at] === '\n');
  let [member, phrase, begins, left, right] = [false, false, false, false, false];
  for (let at = text.indexOf(string); at >= 0; at = at < end ? text.indexOf(string, at + 1) : -1) {
    const before = at === 0 ? '' : (text[at - 1] ?? '');
    const behind = at + string.length;
    const next = text[behind] ?? '';
    const over = closes(behind);
    const item = at === 0 || before === '|';
    member ||= item && (over || next === '|');
    const parted = over || ' |.,;:'.includes(next);
    phrase ||= (at === 0 || ' |.,;:'.includes(before)) && parted;
    begins ||= item && reaches(text, behind, closes);
    left ||= item || before === ' ';
    right ||= parted;
    if (member && phrase && begins && left && right) break;
  }
  return (member ? 200 : 0) + (phrase ? 10 : 0) + (begins ? 8 : 0) + (left ? 2 : 0) + (right ? 2 : 0);
}

/** `[^ ]*(\|.*|$)`: without a blank on the way there is a bar or the end. */
function reaches(text: string, from: number, closes: (at: number) => boolean): boolean {
  for (let at = from; ; at++) {
    if (closes(at) || text[at] === '|') return true;
    if (at >= text.length || text[at] === ' ') return false;
  }
}
