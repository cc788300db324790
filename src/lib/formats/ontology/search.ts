// Looks terms up in packs without importing them: by id, by name, by synonym, by the beginnings of words, best first.
// What it holds beside the texts is made when a pack is first searched.
import { textAt, textIndex, type TextIndex } from './text-column.ts';
import { valueOf, type TermTable } from './term-table.ts';
import { bar, beginsWith, inWord, rowAt, wordIndex, wordsLike, type WordIndex } from './word-index.ts';

export interface TermHit {
  row: number;
  /** What was found, if not the name: a synonym, the id. */
  matched: string | null;
  /** Smaller is better: the id 0, the name 1, a synonym 2, the begin of a name 3 … */
  rank: number;
  length: number;
}

export interface TermSearch {
  find(text: string, most: number): TermHit[];
  /** Rows whose id, name or synonym is exactly this, in any case; one row alone is unambiguous. */
  exactly(text: string): TermHit[];
  readonly ids: TextIndex;
  /** Bytes held beside the table. */
  readonly bytes: number;
}

/** Texts that a term is called by beside its name. */
const otherNames = ['synonyms', 'scientific_name', 'gene_symbol', 'abbr'];
/** One or two letters begin so many words that looking at all says nothing more; those that are nothing else come first. */
const mostVisited = (letters: number): number => (letters === 1 ? 1_500 : letters === 2 ? 8_000 : 400_000);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function termSearch(table: TermTable): TermSearch {
  const fields: { index: WordIndex; name: boolean }[] = [];
  for (const column of [table.name, ...otherNames]) {
    const texts = table.columns.get(column);
    if (texts && texts.bytes.length > 0)
      fields.push({ index: wordIndex(texts), name: column === table.name });
  }
  const keys = table.columns.get(table.key);
  const ids = textIndex(keys ?? { bytes: new Uint8Array(0), starts: new Uint32Array(1) });

  function find(text: string, most: number, exact = false): TermHit[] {
    const asked = text.trim().toLowerCase();
    if (asked === '' || most <= 0) return [];
    const best = bestOf(most, table);
    byId(text.trim(), best, exact);
    const wanted = encoder.encode(asked);
    for (const { index, name } of fields) phrases(index, name, wanted, best, exact);
    const words = asked.split(/\s+/).filter((word) => word !== '');
    if (!exact && words.length > 1 && best.hits.length < most)
      apart(
        words.map((word) => encoder.encode(word)),
        best,
      );
    return best.hits.map((hit) => ({ ...hit, matched: hit.matched?.() ?? null }));
  }

  function byId(text: string, best: Best, exact: boolean): void {
    if (!keys) return;
    const written = text.replace(/^([A-Za-z]+)[_ ](?=\d)/, '$1:');
    const forms = [text, written, written.toUpperCase(), capitalized(written)];
    // The number alone: 9606 of NCBITaxon:9606.
    if (/^\d+$/.test(text)) forms.push(`${/^[^:]*:/.exec(textAt(keys, 0) ?? '')?.[0] ?? ''}${text}`);
    for (const form of new Set(forms)) {
      const row = ids.find(form);
      if (row >= 0) best.add({ row, matched: () => form, rank: 0, length: form.length });
    }
    // The begin of an id: only of such as have digits, since others are names.
    if (exact || table.key === 'name' || !/\d/.test(text)) return;
    const wanted = encoder.encode(written.toLowerCase());
    let found = 0;
    for (let row = 0; row < table.count && found < best.most; row++) {
      const [from, to] = [keys.starts[row] as number, keys.starts[row + 1] as number];
      if (!beginsWith(keys.bytes, from, to, wanted)) {
        // All ids of a pack are written alike: where the first letters differ the others need no look.
        if (row === 0 && wanted.length > 1 && !beginsWith(keys.bytes, from, to, wanted.subarray(0, 2)))
          return;
        continue;
      }
      found += 1;
      best.add({ row, matched: () => textAt(keys, row) ?? '', rank: 3, length: to - from });
    }
  }

  /** Texts in which some word, and all that follows it, begins like what is asked. */
  function phrases(index: WordIndex, name: boolean, wanted: Uint8Array, best: Best, exact: boolean): void {
    const { bytes, starts } = index.column;
    const [from, to] = wordsLike(index, wanted);
    const last = Math.min(to, from + mostVisited(wanted.length));
    for (let i = from; i < last; i++) {
      const at = index.words[i] as number;
      if (!beginsWith(bytes, at, bytes.length, wanted)) continue;
      const end = at + wanted.length;
      const row = rowAt(starts, at);
      const textEnd = starts[row + 1] as number;
      if (end > textEnd) continue;
      const opens = at === starts[row] || bytes[at - 1] === bar;
      const closes = end === textEnd || bytes[end] === bar;
      if (exact && !(opens && closes)) continue;
      const whole = closes || !inWord(bytes[end] as number);
      const rank = opens ? (closes ? 1 : whole ? 3 : 4) : whole ? 6 : 7;
      const own = name ? rank : rank + 1;
      if (own > best.worst()) continue;
      const [begin, stop] = name
        ? [starts[row] as number, textEnd]
        : around(bytes, at, starts[row] as number, textEnd);
      best.add({
        row,
        matched: name ? null : () => decoder.decode(bytes.subarray(begin, stop)),
        rank: own,
        length: stop - begin,
      });
    }
  }

  /** Every word begins some word of the same name or synonym, in any order; looked for by the rarest of them. */
  function apart(words: readonly Uint8Array[], best: Best): void {
    for (const { index, name } of fields) {
      const { bytes, starts } = index.column;
      const ranges = words.map((word) => wordsLike(index, word));
      const rarest = ranges.reduce((a, b, i) => {
        const [c, d] = ranges[a] as [number, number];
        return b[1] - b[0] < d - c ? i : a;
      }, 0);
      const [from, to] = ranges[rarest] as [number, number];
      const first = words[rarest] as Uint8Array;
      for (let i = from; i < Math.min(to, from + mostVisited(first.length)); i++) {
        const at = index.words[i] as number;
        if (!beginsWith(bytes, at, bytes.length, first)) continue;
        const row = rowAt(starts, at);
        const [begin, end] = around(bytes, at, starts[row] as number, starts[row + 1] as number);
        if (!words.every((word) => word === first || hasWord(bytes, begin, end, word))) continue;
        best.add({
          row,
          matched: name ? null : () => decoder.decode(bytes.subarray(begin, end)),
          rank: name ? 9 : 10,
          length: end - begin,
        });
      }
    }
  }

  const bytes = fields.reduce((sum, { index }) => sum + index.words.byteLength + index.heads.byteLength, 0);
  return { find: (text, most) => find(text, most), exactly: (text) => find(text, 20, true), ids, bytes };
}

const capitalized = (text: string): string => text.replace(/^[a-z]+(?=:)/i, (prefix) => prefix.toUpperCase());

/** Bounds of the synonym that a position lies in. */
function around(bytes: Uint8Array, at: number, from: number, to: number): [number, number] {
  let begin = at;
  while (begin > from && bytes[begin - 1] !== bar) begin -= 1;
  let end = at;
  while (end < to && bytes[end] !== bar) end += 1;
  return [begin, end];
}

function hasWord(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  for (let at = from; at + word.length <= to; at++)
    if ((at === from || !inWord(bytes[at - 1] as number)) && beginsWith(bytes, at, to, word)) return true;
  return false;
}

/** What was found is read once it is known to be among the best. */
interface Candidate extends Omit<TermHit, 'matched'> {
  matched: (() => string) | null;
}

interface Best {
  most: number;
  hits: Candidate[];
  add(hit: Candidate): void;
  /** The rank of the last one, once there are enough. */
  worst(): number;
}

const rankWeight = 2_000_000;

/** The best few, each row once. Terms that are no longer to be used come after their like. */
function bestOf(most: number, table: TermTable): Best {
  const hits: Candidate[] = [];
  const isOld = (row: number) => table.deprecated[row] === 1 || obsolete(valueOf(table, table.name, row));
  const weight = ({ row, rank, length }: Candidate) =>
    rank * rankWeight + (isOld(row) ? rankWeight * 0.75 : 0) + length;
  const weights: number[] = [];
  return {
    most,
    hits,
    worst: () => (hits.length < most ? Infinity : (hits[hits.length - 1]?.rank ?? Infinity)),
    add(hit) {
      const last = hits.length >= most ? (weights[weights.length - 1] as number) : Infinity;
      // Most are refused here already, before anything is read of them.
      if (hit.rank * rankWeight + hit.length >= last) return;
      const own = weight(hit);
      if (own >= last) return;
      const before = hits.findIndex(({ row }) => row === hit.row);
      if (before >= 0) {
        if ((weights[before] as number) <= own) return;
        hits.splice(before, 1);
        weights.splice(before, 1);
      }
      let at = weights.length;
      while (at > 0 && (weights[at - 1] as number) > own) at -= 1;
      hits.splice(at, 0, hit);
      weights.splice(at, 0, own);
      if (hits.length > most) {
        hits.pop();
        weights.pop();
      }
    },
  };
}

export const obsolete = (name: string | null): boolean => name?.startsWith('obsolete ') === true;

/** Hits of several packs in one order; `packs` in the order that wins among equals. */
export function mergeHits<T extends TermHit & { pack: number }>(hits: readonly T[], most: number): T[] {
  return [...hits].sort((a, b) => a.rank - b.rank || a.length - b.length || a.pack - b.pack).slice(0, most);
}
