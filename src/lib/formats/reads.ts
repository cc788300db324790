// FASTQ: number of reads, their lengths, GC content and mean quality, as far as the file is gone through, and the first reads.
import type { ByteSource } from '../engine/ports.ts';
import type { Sniffed } from './sniff.ts';
import { chunks, decodeText, gunzipChunks } from './source.ts';
import {
  clip,
  count,
  parseLimit,
  PREVIEW_ROWS,
  reason,
  summaryOf,
  type FileSummary,
  type SummaryRows,
} from './summary.ts';

/** Quality characters count from here; old Illumina machines counted from 64. */
const PHRED = 33;
const OLD_PHRED = 64;
/** No character below this was written by the old machines, and none above `HIGHEST` by the new ones. */
const LOWEST_OLD = 59;
const HIGHEST = 74;

export async function summariseReads(source: ByteSource, sniffed: Sniffed): Promise<FileSummary> {
  const encoding = sniffed.encoding ?? { label: 'utf-8', name: 'UTF-8', bom: 0 };
  const limit = parseLimit(source);
  const found = await measure(sniffed.gzip ? gunzipChunks(source, limit) : chunks(source, limit));
  const { reads, letters, bases } = found;
  const cut = found.bytes >= limit;
  const more = cut ? ` in the first ${count(limit / 2 ** 20)} MiB` : '';
  const old = found.lowest >= LOWEST_OLD && found.highest > HIGHEST;
  const phred = old ? OLD_PHRED : PHRED;
  const facts = [
    { label: 'Reads', value: count(reads) + more },
    { label: 'Total length', value: count(letters) + more },
  ];
  if (reads > 0) {
    const mean = count(Math.round((letters / reads) * 10) / 10);
    facts.push({
      label: 'Read length',
      value:
        found.shortest === found.longest
          ? count(found.longest)
          : `${count(found.shortest)} to ${count(found.longest)}, mean ${mean}`,
    });
  }
  if (bases > 0) facts.push({ label: 'GC', value: `${((100 * found.gc) / bases).toFixed(1)} %` });
  if (found.scores > 0) {
    facts.push({
      label: 'Mean quality',
      value: `${(found.quality / found.scores - phred).toFixed(1)} (Phred+${phred})`,
    });
    const good = found.good[old ? 1 : 0];
    facts.push({ label: 'Q30 or better', value: `${((100 * good) / found.scores).toFixed(1)} %` });
  }
  if (sniffed.gzip) facts.push({ label: 'Compression', value: 'gzip' });
  const text = decodeText(sniffed.sample, encoding);
  return summaryOf('fastq', {
    suffixFromContent: `.fastq${sniffed.gzip ? '.gz' : ''}`,
    rows: cut || found.problem !== null ? null : reads,
    facts,
    preview: firstReads(text, phred),
    problem: found.problem ?? (cut ? null : found.broken),
  });
}

interface Measured {
  bytes: number;
  reads: number;
  letters: number;
  /** Letters that are A, C, G, T or U, and those of them that are G or C. */
  bases: number;
  gc: number;
  shortest: number;
  longest: number;
  /** Quality characters, the sum of their codes, the lowest and highest code. */
  scores: number;
  quality: number;
  lowest: number;
  highest: number;
  /** Characters of quality 30 and more, counted from `PHRED` and from `OLD_PHRED`. */
  good: [number, number];
  /** What is wrong with the reads. */
  broken: string | null;
  /** Why the file could not be read further. */
  problem: string | null;
}

async function measure(parts: AsyncGenerator<Uint8Array, void>): Promise<Measured> {
  const found: Measured = {
    bytes: 0,
    reads: 0,
    letters: 0,
    bases: 0,
    gc: 0,
    shortest: Infinity,
    longest: 0,
    scores: 0,
    quality: 0,
    lowest: 255,
    highest: 0,
    good: [0, 0],
    broken: null,
    problem: null,
  };
  const letters = new Float64Array(256);
  const scores = new Float64Array(256);
  /** What the present line is; how long it and the read's letters and values are so far. */
  let line: 'name' | 'letters' | 'scores' | null = null;
  let state: 'name' | 'letters' | 'scores' = 'name';
  let [length, sequence, values, returned] = [0, 0, 0, false];
  const endRead = (): void => {
    found.reads++;
    found.letters += sequence;
    found.shortest = Math.min(found.shortest, sequence);
    found.longest = Math.max(found.longest, sequence);
    if (values !== sequence)
      found.broken ??= `Read ${count(found.reads)} has ${count(sequence)} letters and ${count(values)} quality values; the file is damaged or no plain FASTQ.`;
    [sequence, values] = [0, 0];
    state = 'name';
  };
  const endLine = (): void => {
    if (returned) length--;
    if (line === 'letters') sequence += length;
    if (line === 'scores') values += length;
    // A blank line stands for the values of a read without letters; others are between reads.
    if (state === 'scores' && line !== 'name' && values >= sequence) endRead();
    line = null;
    [length, returned] = [0, false];
  };
  const begin = (first: number): void => {
    line = state;
    if (state === 'name') {
      if (first !== 64)
        found.broken ??= `Behind read ${count(found.reads)} comes a line that begins no read; the file is damaged or no plain FASTQ.`;
      state = 'letters';
    } else if (state === 'letters' && first === 43) {
      line = 'name';
      state = 'scores';
    }
  };
  try {
    for await (const part of parts) {
      found.bytes += part.length;
      for (let at = 0; at < part.length;) {
        const newline = part.indexOf(10, at);
        const end = newline < 0 ? part.length : newline;
        if (end > at) {
          if (line === null && part[at] !== 13) begin(part[at] as number);
          length += end - at;
          returned = part[end - 1] === 13;
          // Compared as text: the type of `line` was narrowed before `begin` changed it.
          const counted = String(line) === 'letters' ? letters : String(line) === 'scores' ? scores : null;
          if (counted !== null)
            for (let i = at; i < end; i++)
              counted[part[i] as number] = (counted[part[i] as number] as number) + 1;
        }
        if (newline >= 0) endLine();
        at = end + 1;
      }
    }
    if (line !== null) endLine();
    if (state !== 'name') found.broken ??= 'The last read is cut off, as after an interrupted download.';
  } catch (error) {
    found.problem = `The compressed file is damaged or cut off; only its first part could be read (${reason(error)}).`;
  }
  // Ends of lines are no letters.
  letters[13] = scores[13] = 0;
  const of = (text: string): number =>
    Array.from(text).reduce((sum, letter) => sum + (letters[letter.charCodeAt(0)] ?? 0), 0);
  found.gc = of('GCgc');
  found.bases = found.gc + of('ATUatu');
  scores.forEach((times, code) => {
    if (times === 0) return;
    found.scores += times;
    found.quality += times * code;
    found.lowest = Math.min(found.lowest, code);
    found.highest = Math.max(found.highest, code);
    if (code >= PHRED + 30) found.good[0] += times;
    if (code >= OLD_PHRED + 30) found.good[1] += times;
  });
  if (found.shortest === Infinity) found.shortest = 0;
  return found;
}

/** Letters and values of a read may stand on several lines. */
function firstReads(text: string, phred: number): SummaryRows {
  const rows: (string | null)[][] = [];
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length && rows.length < PREVIEW_ROWS; at++) {
    const name = lines[at] ?? '';
    if (!name.startsWith('@')) continue;
    let letters = '';
    while (++at < lines.length && !lines[at]?.startsWith('+')) letters += lines[at] ?? '';
    let scores = '';
    while (scores.length < letters.length && ++at < lines.length) scores += lines[at] ?? '';
    // The sample may end within a read.
    if (scores.length !== letters.length) break;
    let sum = 0;
    for (let i = 0; i < scores.length; i++) sum += scores.charCodeAt(i) - phred;
    rows.push([
      clip(name.slice(1)),
      String(letters.length),
      scores === '' ? null : (sum / scores.length).toFixed(1),
      clip(letters),
    ]);
  }
  return { columns: ['Name', 'Length', 'Mean quality', 'Sequence'], rows };
}
