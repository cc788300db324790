// Names that are like a misspelt one, best first. The measure is that of Damerau (a swap of neighbours is one slip) over the
// longer of the two lengths, on texts without capitals and marks between words; letters that are in both are counted first,
// so that most names of a large registry are left without being compared letter by letter.

export interface Suggestion {
  name: string;
  /** From 0 to 1; 1 is the same but for capitals and marks. */
  score: number;
}

/** A name that people look for, and what else it is called. */
export interface Nameable {
  name: string;
  synonyms: readonly string[];
}

/** Below this a name is no help. */
const least = 0.55;

const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[\s_\-.,/()]+/g, ' ')
    .trim();

interface Form {
  name: string;
  text: string;
  /** How often each letter is there. */
  letters: Uint8Array;
  /** Words in their order, so that "cell B" is like "B cell". */
  sorted: string;
}

const buckets = 40;
function lettersOf(text: string): Uint8Array {
  const counts = new Uint8Array(buckets);
  for (let i = 0; i < text.length; i++) {
    const at = text.charCodeAt(i) % buckets;
    if ((counts[at] ?? 0) < 255) counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

const formOf = (name: string, given: string): Form => {
  const text = folded(given);
  return { name, text, letters: lettersOf(text), sorted: text.split(' ').sort().join(' ') };
};

/** Names made ready once, to be asked for many texts. */
export function createSimilar(names: Iterable<Nameable>) {
  const forms: Form[] = [];
  for (const { name, synonyms } of names) {
    forms.push(formOf(name, name));
    for (const synonym of synonyms) if (synonym !== '') forms.push(formOf(name, synonym));
  }
  return {
    find(given: string, most: number): Suggestion[] {
      const wanted = formOf(given, given);
      if (wanted.text === '') return [];
      const best = new Map<string, number>();
      for (const form of forms) {
        const score = likeness(wanted, form, best.get(form.name) ?? 0);
        if (score >= least && score > (best.get(form.name) ?? 0)) best.set(form.name, score);
      }
      return [...best]
        .map(([name, score]) => ({ name, score: Math.round(score * 100) / 100 }))
        .sort((a, b) => b.score - a.score || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
        .slice(0, most);
    },
  };
}

function likeness(a: Form, b: Form, beat: number): number {
  if (a.text === b.text) return 1;
  const longest = Math.max(a.text.length, b.text.length);
  const floor = Math.max(least, beat);
  // What is in one alone costs at least a slip each two.
  let apart = 0;
  for (let i = 0; i < buckets; i++) apart += Math.abs((a.letters[i] ?? 0) - (b.letters[i] ?? 0));
  const bound = 1 - Math.ceil(Math.max(apart / 2, Math.abs(a.text.length - b.text.length))) / longest;
  // The beginning of a longer name is worth more than its letters tell.
  const begins = a.text.length >= 3 && b.text.startsWith(a.text) ? 0.6 + (0.3 * a.text.length) / longest : 0;
  if (bound <= floor) return begins;
  const slips = distance(a.text, b.text, Math.floor((1 - floor) * longest));
  const plain = 1 - slips / longest;
  const turned = a.sorted === b.sorted ? 0.95 : 0;
  return Math.max(plain, begins, turned);
}

/** Slips between two texts (optimal string alignment); more than `limit` is told as the longer length. */
export function distance(a: string, b: string, limit: number): number {
  const [n, m] = [a.length, b.length];
  let before: number[] = [];
  let last = Array.from({ length: m + 1 }, (_, j) => j);
  for (let i = 1; i <= n; i++) {
    const row = [i];
    let low = i;
    for (let j = 1; j <= m; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (
        i > 1 &&
        j > 1 &&
        a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
      )
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
      if (cost < low) low = cost;
    }
    if (low > limit) return Math.max(n, m);
    [before, last] = [last, row];
  }
  return last[m] ?? 0;
}
