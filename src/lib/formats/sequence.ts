// FASTA: number of sequences, total length and the first names, by streaming the file once. FASTQ is in reads.ts.
import type { ByteSource } from '../engine/ports.ts';
import type { Sniffed } from './sniff.ts';
import { chunks, decodeText, gunzipChunks } from './source.ts';
import { clip, count, COUNT_LIMIT, FAR_LIMIT, reason, summaryOf, type FileSummary } from './summary.ts';

const TEXT_HEAD = 8 * 1024;

export async function summariseSequences(source: ByteSource, sniffed: Sniffed): Promise<FileSummary> {
  const encoding = sniffed.encoding ?? { label: 'utf-8', name: 'UTF-8', bom: 0 };
  const text = decodeText(sniffed.sample.subarray(0, 65_536), encoding);
  let records = 0;
  let residues = 0;
  let problem: string | null = null;
  let bytes = 0;
  const limit = source.far ? FAR_LIMIT : COUNT_LIMIT;
  // Whether the present line is a name, which does not count as sequence.
  let lineStart = true;
  let counting = false;
  try {
    for await (const part of sniffed.gzip ? gunzipChunks(source, limit) : chunks(source, limit)) {
      bytes += part.length;
      for (let at = 0; at < part.length;) {
        const byte = part[at];
        if (lineStart && byte !== 10 && byte !== 13) {
          counting = byte !== 62;
          if (!counting) records++;
          lineStart = false;
        }
        // Whole lines at once: a genome has hundreds of millions of letters.
        const newline = part.indexOf(10, at);
        const end = newline < 0 ? part.length : newline;
        if (counting && !lineStart) residues += end - at - (part[end - 1] === 13 && end > at ? 1 : 0);
        if (newline >= 0) lineStart = true;
        at = end + 1;
      }
    }
  } catch (error) {
    problem = `The compressed file is damaged or cut off; only its first part could be read (${reason(error)}).`;
  }
  const names = text
    .split('\n')
    .filter((line) => line.startsWith('>'))
    .slice(0, 10)
    .map((line) => clip(line.slice(1).trim().split(/\s/)[0] ?? '', 60));
  const cut = bytes >= limit ? ` in the first ${limit / 1024 / 1024} MiB` : '';
  return summaryOf('fasta', {
    suffixFromContent: `.fasta${sniffed.gzip ? '.gz' : ''}`,
    facts: [
      { label: 'Sequences', value: count(records) + cut },
      { label: 'Total length', value: count(residues) + cut },
      { label: 'First names', value: clip(names.join(', ')) },
    ],
    text: clip(text, TEXT_HEAD),
    problem,
  });
}
