// BAM and CRAM: their headers (references, sort order, read groups, programs) from the first blocks, and of BAM the first
// alignments. The rest of the file is not read.
import type { ByteSource } from '../engine/ports.ts';
import { gunzipChunks, head, join } from './source.ts';
import {
  clip,
  count,
  partOf,
  PREVIEW_ROWS,
  reason,
  summaryOf,
  type FileSummary,
  type SummaryPart,
} from './summary.ts';

/** Headers with a million contigs have some tens of megabytes. */
const HEADER = 64 * 1024 * 1024;
const SHOWN_LETTERS = 300;
/** References whose names are kept. */
const NAMES = 100_000;

interface Reference {
  name: string;
  length: number;
}

class Short extends Error {
  override readonly message = 'it is cut off, as after an interrupted download';
}

/** Values one after the other; throws where the bytes end. */
function reader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const step = (length: number): number => {
    if (length < 0) throw new Error('a length in it is below zero');
    if (at + length > bytes.length) throw new Short();
    at += length;
    return at - length;
  };
  return {
    u8: () => view.getUint8(step(1)),
    u16: () => view.getUint16(step(2), true),
    i32: () => view.getInt32(step(4), true),
    take: (length: number) => bytes.subarray(step(length), at),
    left: () => bytes.length - at,
    /** CRAM's integer: the number of leading ones says how many bytes follow. */
    itf8(): number {
      const first = view.getUint8(step(1));
      if (first < 0x80) return first;
      const more = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      let value = first & (0x7f >> more);
      for (let i = 0; i < more - 1; i++) value = (value << 8) | view.getUint8(step(1));
      const last = view.getUint8(step(1));
      return more < 4 ? (value << 8) | last : ((value & 0xfffffff) << 4) | (last & 15);
    },
  };
}
type Reader = ReturnType<typeof reader>;

export async function summariseBam(source: ByteSource): Promise<FileSummary> {
  const found = summaryOf('bam', { suffixFromContent: '.bam' });
  const [bytes, damage] = await unpacked(source);
  try {
    const at = reader(bytes);
    at.take(4); // magic, which the sniffer has seen
    const header = samHeader(text(at.take(at.i32())));
    const references: Reference[] = [];
    const announced = at.i32();
    let bases = 0;
    for (let i = 0; i < announced; i++) {
      const name = at.take(at.i32());
      const length = at.i32();
      bases += length;
      if (i < NAMES) references.push({ name: text(name).replace(/\0+$/, ''), length });
    }
    const rows = firstAlignments(
      at,
      references.map(({ name }) => name),
    );
    return {
      ...found,
      facts: headerFacts(header, announced),
      parts: headerParts(header, references, announced, bases),
      preview: { columns: ALIGNMENT, rows },
      problem:
        damage === null
          ? null
          : `This BAM file is damaged or cut off behind its header (${damage}). Fetch it again.`,
    };
  } catch (error) {
    return {
      ...found,
      problem: `The header of this BAM file could not be read: ${damage ?? reason(error)}.`,
    };
  }
}

/** The first bytes unpacked: as many as header and first alignments need, or what came before damage. */
async function unpacked(source: ByteSource): Promise<[Uint8Array, string | null]> {
  const parts: Uint8Array[] = [];
  let size = 0;
  let wanted = 256 * 1024;
  try {
    for await (const part of gunzipChunks(source, HEADER)) {
      parts.push(part.slice());
      size += part.length;
      if (size < wanted) continue;
      const header = headerEnd(join(parts));
      if (header !== null && size >= header + 128 * 1024) break;
      wanted = header === null ? size * 2 : header + 128 * 1024;
    }
  } catch (error) {
    return [join(parts), reason(error)];
  }
  return [join(parts), null];
}

/** Where the header ends, or null where that is not known yet. */
function headerEnd(bytes: Uint8Array): number | null {
  try {
    const at = reader(bytes);
    at.take(4);
    at.take(at.i32());
    const announced = at.i32();
    for (let i = 0; i < announced; i++) {
      at.take(at.i32());
      at.i32();
    }
    return bytes.length - at.left();
  } catch (error) {
    if (error instanceof Short) return null;
    throw error;
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

type Line = { type: string; fields: Map<string, string> };

/** `@SQ\tSN:chr1\tLN:1000` by line. */
function samHeader(header: string): Line[] {
  return header
    .replace(/\0+$/, '')
    .split('\n')
    .filter((line) => line.startsWith('@'))
    .map((line) => {
      const [type = '', ...fields] = line.trimEnd().split('\t');
      return { type, fields: new Map(fields.map((field) => [field.slice(0, 2), field.slice(3)])) };
    });
}

function headerFacts(header: readonly Line[], references: number): FileSummary['facts'] {
  const first = header.find(({ type }) => type === '@HD')?.fields;
  const samples = [
    ...new Set(header.filter(({ type }) => type === '@RG').flatMap(({ fields }) => fields.get('SM') ?? [])),
  ];
  const assembly = header.find(({ type, fields }) => type === '@SQ' && fields.has('AS'))?.fields.get('AS');
  const facts = [
    { label: 'Content', value: 'aligned reads' },
    { label: 'References', value: count(references) },
    { label: 'Sort order', value: clip(first?.get('SO') ?? 'not said', 40) },
  ];
  if (first?.has('VN')) facts.push({ label: 'SAM version', value: clip(first.get('VN') ?? '', 40) });
  if (assembly !== undefined) facts.push({ label: 'Assembly', value: clip(assembly) });
  if (samples.length > 0) facts.push({ label: 'Samples', value: clip(samples.slice(0, 20).join(', ')) });
  return facts;
}

function headerParts(
  header: readonly Line[],
  references: readonly Reference[],
  announced: number,
  bases: number,
): SummaryPart[] {
  const table = (name: string, type: string, columns: [string, string][]): SummaryPart[] => {
    const found = header.filter((line) => line.type === type);
    if (found.length === 0) return [];
    return [
      partOf(name, 'header', {
        size: count(found.length),
        rows: found.length,
        preview: {
          columns: columns.map(([, title]) => title),
          rows: found
            .slice(0, PREVIEW_ROWS)
            .map(({ fields }) =>
              columns.map(([key]) => (fields.has(key) ? clip(fields.get(key) ?? '') : null)),
            ),
        },
      }),
    ];
  };
  return [
    partOf('References', 'header', {
      size: `${count(announced)}, ${count(bases)} bases`,
      rows: announced,
      preview: {
        columns: ['Name', 'Length'],
        rows: references.slice(0, PREVIEW_ROWS).map(({ name, length }) => [clip(name), String(length)]),
      },
    }),
    ...table('Read groups', '@RG', [
      ['ID', 'Read group'],
      ['SM', 'Sample'],
      ['LB', 'Library'],
      ['PL', 'Platform'],
      ['PU', 'Unit'],
    ]),
    ...table('Programs', '@PG', [
      ['ID', 'Program'],
      ['VN', 'Version'],
      ['CL', 'Command'],
    ]),
  ];
}

const ALIGNMENT = ['Name', 'Flag', 'Reference', 'Position', 'Quality', 'CIGAR', 'Sequence'];
const LETTERS = '=ACMGRSVTWYHKDBN';
const OPERATIONS = 'MIDNSHP=X';

function firstAlignments(at: Reader, references: readonly string[]): (string | null)[][] {
  const rows: (string | null)[][] = [];
  while (rows.length < PREVIEW_ROWS && at.left() >= 4) {
    try {
      rows.push(alignment(reader(at.take(at.i32())), references));
    } catch {
      // The bytes end within an alignment: those before it are shown.
      return rows;
    }
  }
  return rows;
}

function alignment(at: Reader, references: readonly string[]): (string | null)[] {
  const [reference, position] = [at.i32(), at.i32()];
  const nameLength = at.u8();
  const quality = at.u8();
  at.u16(); // bin of the index
  const [operations, flag, length] = [at.u16(), at.u16(), at.i32()];
  at.take(12); // mate and template
  const name = text(at.take(nameLength)).replace(/\0+$/, '');
  let cigar = '';
  for (let i = 0; i < operations; i++) {
    const value = at.i32() >>> 0;
    if (cigar.length < SHOWN_LETTERS) cigar += `${value >>> 4}${OPERATIONS[value & 15] ?? '?'}`;
  }
  const packed = at.take((length + 1) >> 1);
  let sequence = '';
  for (let i = 0; i < Math.min(length, SHOWN_LETTERS); i++)
    sequence += LETTERS[((packed[i >> 1] ?? 0) >> (i & 1 ? 0 : 4)) & 15] ?? '?';
  return [
    clip(name),
    String(flag),
    reference < 0 ? null : clip(references[reference] ?? `#${reference}`),
    position < 0 ? null : String(position + 1),
    quality === 255 ? null : String(quality),
    cigar === '' ? null : clip(cigar),
    length > SHOWN_LETTERS ? `${sequence.slice(0, -1)}…` : sequence,
  ];
}

/** The header of a CRAM stands in the first block of its first container, plain or packed by gzip. */
export async function summariseCram(source: ByteSource): Promise<FileSummary> {
  const found = summaryOf('cram', { suffixFromContent: '.cram' });
  const facts = [{ label: 'Content', value: 'aligned reads, stored as differences to a reference' }];
  const reading =
    'The alignments of a CRAM need their reference genome to be read, so only its header is shown.';
  try {
    const start = reader(await source.read(0, HEADER / 64));
    start.take(4); // magic
    const [major, minor] = [start.u8(), start.u8()];
    facts.push({ label: 'Version', value: `CRAM ${major}.${minor}` });
    start.take(20); // file id
    if (major !== 2 && major !== 3)
      return { ...found, facts: [...facts, { label: 'Shown', value: 'its version only' }] };
    const header = samHeader(await cramHeader(start, major));
    const references = header
      .filter(({ type }) => type === '@SQ')
      .map(({ fields }) => ({ name: fields.get('SN') ?? '', length: Number(fields.get('LN')) || 0 }));
    return {
      ...found,
      facts: [
        ...headerFacts(header, references.length).slice(1),
        ...facts,
        { label: 'Shown', value: reading },
      ],
      parts: headerParts(
        header,
        references,
        references.length,
        references.reduce((sum, { length }) => sum + length, 0),
      ),
    };
  } catch (error) {
    return { ...found, facts, problem: `The header of this CRAM file could not be read: ${reason(error)}.` };
  }
}

async function cramHeader(at: Reader, major: number): Promise<string> {
  at.i32(); // length of the container
  for (let i = 0; i < 4; i++) at.itf8(); // reference, start, span, records
  // Counters of records and bases: of versions from 3 on 64 bits, of which a header has none.
  at.itf8();
  at.itf8();
  at.itf8(); // blocks
  const landmarks = at.itf8();
  for (let i = 0; i < landmarks; i++) at.itf8();
  if (major >= 3) at.take(4); // checksum
  const method = at.u8();
  at.u8(); // kind of content
  at.itf8(); // its id
  const packed = at.itf8();
  const size = at.itf8();
  if (size > HEADER) throw new Error('it announces a header of unreasonable length');
  if (method !== 0 && method !== 1) throw new Error('it is packed in a way that is not read here');
  const data = at.take(packed);
  const bytes = method === 0 ? data : await head(memory(data), size, true);
  const block = reader(bytes);
  return text(block.take(block.i32()));
}

const memory = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (start, end) => Promise.resolve(bytes.slice(start, end)),
});
