// Facts of FASTA, FASTQ, VCF and GFF files, and of the alignments BAM and CRAM, by going through them once.
import type { ByteSource } from '../../engine/ports.ts';
import type { Facts } from './facts-types.ts';
import { lines, overBytes } from '../text-lines.ts';

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);
/** Characters of a name that are kept. */
const NAME = 10_000;

/** Names are the first word behind `>`; blanks around a line do not count. Lines may be whole chromosomes. */
export function fastaFacts(source: ByteSource, gzip: boolean): Promise<Facts> {
  return overBytes(source, gzip, async (bytes) => {
    const names: string[] = [];
    let total = 0;
    let name: number[] | null = null;
    let named = false;
    let lineStart = true;
    let spaces = 0;
    let inside = false;
    const endLine = (): void => {
      if (name !== null) names.push(new TextDecoder().decode(Uint8Array.from(name)));
      name = null;
      lineStart = true;
      inside = false;
      spaces = 0;
    };
    for await (const part of bytes) {
      for (const byte of part) {
        if (byte === 10 || byte === 13) {
          endLine();
          continue;
        }
        if (lineStart) {
          lineStart = false;
          if (byte === 62) {
            name = [];
            named = false;
            continue;
          }
        }
        if (name !== null) {
          const held: number[] = name;
          if (isSpace(byte)) named ||= held.length > 0;
          else if (!named && held.length < NAME) held.push(byte);
        } else if (isSpace(byte)) spaces++;
        else {
          // Blanks count where letters stand on both sides.
          total += inside ? spaces + 1 : 1;
          inside = true;
          spaces = 0;
        }
      }
    }
    endLine();
    return { kind: 'FASTA', n_seqs: names.length, names, total_len: total };
  });
}

export function fastqFacts(source: ByteSource, gzip: boolean): Promise<Facts> {
  return overBytes(source, gzip, async (bytes) => {
    let found = 0;
    for await (const some of lines(bytes)) found += some.length;
    return { kind: 'FASTQ', n_lines: found };
  });
}

export function vcfFacts(source: ByteSource, gzip: boolean): Promise<Facts> {
  return overBytes(source, gzip, async (bytes) => {
    let meta = 0;
    let records = 0;
    let samples: string[] = [];
    for await (const some of lines(bytes)) {
      for (const line of some) {
        if (line.startsWith('##')) meta++;
        else if (line.startsWith('#')) samples = line.split('\t').slice(9);
        else if (line.trim() !== '') records++;
      }
    }
    return { kind: 'VCF', n_meta: meta, samples, n_records: records };
  });
}

/** Features are the lines that are neither blank nor comments; sequences behind `##FASTA` are no features. */
export function gffFacts(source: ByteSource, gzip: boolean): Promise<Facts> {
  return overBytes(source, gzip, async (bytes) => {
    let features = 0;
    let sequences = false;
    for await (const some of lines(bytes)) {
      for (const line of some) {
        sequences ||= line.startsWith('##FASTA');
        if (!sequences && line.trim() !== '' && !line.startsWith('#')) features++;
      }
    }
    return { kind: 'GFF', n_features: features };
  });
}

export async function cramFacts(source: ByteSource): Promise<Facts> {
  const magic = Array.from(await source.read(0, 6), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { kind: 'CRAM', magic };
}

/** Reference sequences of the header, and the number of alignments. */
export function bamFacts(source: ByteSource): Promise<Facts> {
  return overBytes(source, true, async (bytes) => {
    const queue = createQueue(bytes);
    const number = async (): Promise<number> => new DataView((await queue.take(4)).buffer).getInt32(0, true);
    const size = async (what: string): Promise<number> => {
      const value = await number();
      if (value < 0) throw new Error(`it announces ${value} bytes of ${what}`);
      return value;
    };
    if (String.fromCharCode(...(await queue.take(4))) !== 'BAM\u0001')
      throw new Error('its first bytes are not those of BAM');
    await queue.skip(await size('header'));
    const count = await size('reference sequences');
    const refs: string[] = [];
    const lengths: number[] = [];
    for (let i = 0; i < count; i++) {
      const name = await queue.take(await size('a name'));
      refs.push(new TextDecoder().decode(name.subarray(0, -1)));
      lengths.push(await number());
    }
    let records = 0;
    while (!(await queue.atEnd())) {
      await queue.skip(await size('an alignment'));
      records++;
    }
    return { kind: 'BAM', n_refs: count, refs, lengths, n_records: records };
  });
}

/** Bytes taken from a stream in any portions; throws where it ends too early. */
function createQueue(bytes: AsyncIterable<Uint8Array>) {
  const source = bytes[Symbol.asyncIterator]();
  let part: Uint8Array = new Uint8Array();
  let at = 0;
  const refill = async (): Promise<boolean> => {
    while (at >= part.length) {
      const next = await source.next();
      if (next.done) return false;
      part = next.value;
      at = 0;
    }
    return true;
  };
  const each = async (length: number, use: (piece: Uint8Array, done: number) => void): Promise<void> => {
    for (let done = 0; done < length;) {
      if (!(await refill())) throw new Error('it is cut off, as after an interrupted download');
      const piece = part.subarray(at, at + length - done);
      use(piece, done);
      at += piece.length;
      done += piece.length;
    }
  };
  return {
    async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
      if (length > 16 * 1024 * 1024) throw new Error('it announces a name of unreasonable length');
      const taken = new Uint8Array(length);
      await each(length, (piece, done) => taken.set(piece, done));
      return taken;
    },
    skip: (length: number) => each(length, () => undefined),
    atEnd: async () => !(await refill()),
  };
}
