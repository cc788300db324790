// NumPy's own files: .npy with one array, .npz with several in a zip. Type, shape and the first values.
import type { ByteSource } from '../engine/ports.ts';
import { elementWord, numpyName, type ElementType } from './element-type.ts';
import { fixedText, halves, swap } from './hdf5-values.ts';
import {
  cellText,
  clip,
  count,
  MAX_PARTS,
  partOf,
  PREVIEW_COLUMNS,
  PREVIEW_ROWS,
  reason,
  summaryOf,
  type FileSummary,
  type SummaryRows,
} from './summary.ts';
import { entryChunks } from './zip-entry.ts';
import type { ZipEntry } from './zip.ts';
import { numpyElement } from './zarr-metadata.ts';

/** Headers of records with many fields are long; NumPy itself refuses more than 10,000 characters. */
const HEADER = 64 * 1024;

interface NumpyHeader {
  element: ElementType;
  shape: number[];
  columnMajor: boolean;
  /** Where the values begin. */
  at: number;
  /** Set for Python objects, which only Python can read. */
  pickled: boolean;
}

export async function summariseNumpy(source: ByteSource): Promise<FileSummary> {
  const found = summaryOf('npy', { suffixFromContent: '.npy' });
  try {
    const header = readHeader(await source.read(0, HEADER));
    const bytes = header.shape.reduce((size, axis) => size * axis, header.element.size);
    const cut = !header.pickled && header.at + bytes > source.size;
    return {
      ...found,
      rows: header.shape.length > 0 && header.shape.length <= 2 ? (header.shape[0] ?? null) : null,
      facts: arrayFacts(header),
      preview: cut ? null : await firstValues(header, (start, end) => source.read(start, end)),
      problem: cut
        ? `This NumPy file is cut off: its array needs ${count(header.at + bytes)} bytes, but only ${count(source.size)} are there.`
        : null,
    };
  } catch (error) {
    return { ...found, problem: `This NumPy file could not be read (${reason(error)}).` };
  }
}

/** Arrays of an .npz: their headers, and first values of what fits into the first bytes of each. */
export async function summariseNpz(
  source: ByteSource,
  entries: readonly ZipEntry[],
  found: FileSummary,
): Promise<FileSummary> {
  const parts = [];
  const problems: string[] = [];
  const files = entries.filter((entry) => entry.path.endsWith('.npy'));
  for (const entry of files.slice(0, MAX_PARTS)) {
    const name = entry.path.replace(/\.npy$/, '');
    try {
      const start = await firstBytes(source, entry);
      const header = readHeader(start);
      const [word, ...more] = arrayFacts(header);
      parts.push(
        partOf(name, 'array', {
          size: [word, ...more.slice(0, 1)].map((fact) => fact?.value).join(', '),
          rows: header.shape[0] ?? null,
          preview: await firstValues(header, (from, to) => Promise.resolve(start.slice(from, to))),
        }),
      );
    } catch (error) {
      problems.push(`${clip(name, 60)} could not be read (${reason(error)}).`);
    }
  }
  const facts = [{ label: 'Arrays', value: count(files.length) }, ...found.facts.slice(1)];
  return { ...found, facts, parts, problem: problems.length > 0 ? clip(problems.join(' ')) : null };
}

async function firstBytes(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  const wanted = 1024 * 1024;
  const bytes = new Uint8Array(wanted);
  let size = 0;
  for await (const part of entryChunks(source, entry, Infinity)) {
    const taken = part.subarray(0, wanted - size);
    bytes.set(taken, size);
    size += taken.length;
    if (size === wanted) break;
  }
  return bytes.subarray(0, size);
}

function arrayFacts({ element, shape, columnMajor, pickled }: NumpyHeader): FileSummary['facts'] {
  return [
    { label: 'Shape', value: shape.length === 0 ? 'single value' : shape.map((n) => count(n)).join(' × ') },
    {
      label: 'Type',
      value: pickled ? 'Python objects, which only Python can read' : clip(numpyName(element)),
    },
    ...(columnMajor && shape.length > 1 ? [{ label: 'Order', value: 'column by column (Fortran)' }] : []),
  ];
}

/** `\x93NUMPY`, version, length, and a Python dictionary as text. */
function readHeader(bytes: Uint8Array): NumpyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint8(0) !== 0x93)
    throw new Error('its first bytes are not those of NumPy');
  const major = view.getUint8(6);
  const [length, start] = major === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (start + length > bytes.length) throw new Error('its header is cut off or too long');
  const text = new TextDecoder(major < 3 ? 'latin1' : 'utf-8').decode(bytes.subarray(start, start + length));
  const shape = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(text)?.[1];
  const code = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  if (shape === undefined || order === undefined || (code === undefined && !/'descr'\s*:\s*[[(]/.test(text)))
    throw new Error('its header is damaged');
  const axes = shape
    .split(',')
    .map((axis) => axis.trim().replace(/L$/, ''))
    .filter((axis) => axis !== '')
    .map(Number);
  if (!axes.every((axis) => Number.isSafeInteger(axis))) throw new Error('its shape is damaged');
  const element: ElementType =
    code === undefined ? { kind: 'record', size: 0, littleEndian: true, name: 'record' } : numpyElement(code);
  return {
    element,
    shape: axes,
    columnMajor: order === 'True',
    at: start + length,
    pickled: code !== undefined && /O/.test(code),
  };
}

/** The first rows; of arrays with more than two axes the first plane. */
async function firstValues(
  { element, shape, columnMajor, at, pickled }: NumpyHeader,
  read: (start: number, end: number) => Promise<Uint8Array>,
): Promise<SummaryRows | null> {
  if (pickled || element.kind === 'record' || element.size === 0 || shape.includes(0)) return null;
  // With its last two axes kept, the first plane of an array in C order comes first.
  const flat = columnMajor && shape.length > 2 ? null : shape.slice(-2);
  if (flat === null) return null;
  const [rows, columns] = flat.length === 2 ? [flat[0] ?? 1, flat[1] ?? 1] : [flat[0] ?? 1, 1];
  const shownRows = Math.min(rows, PREVIEW_ROWS);
  const shownColumns = Math.min(columns, PREVIEW_COLUMNS);
  const major = columnMajor && flat.length === 2;
  const lines: (string | null)[][] = [];
  for (let line = 0; line < (major ? shownColumns : shownRows); line++) {
    const from = at + line * (major ? rows : columns) * element.size;
    const wanted = major ? shownRows : shownColumns;
    const bytes = await read(from, from + wanted * element.size);
    // Of an array in a zip only the first bytes are at hand.
    if (bytes.length < wanted * element.size) break;
    lines.push(texts(bytes, element));
  }
  const byRow = major
    ? Array.from({ length: shownRows }, (_, r) => lines.map((line) => line[r] ?? null))
    : lines;
  const names =
    columns === 1 && shape.length < 2 ? ['value'] : Array.from({ length: shownColumns }, (_, i) => String(i));
  return { columns: names, rows: byRow };
}

function texts(bytes: Uint8Array, element: ElementType): (string | null)[] {
  const { kind, size, littleEndian } = element;
  const items = Math.floor(bytes.length / size);
  const at = (i: number): Uint8Array => bytes.subarray(i * size, (i + 1) * size);
  if (kind === 'bool') return Array.from({ length: items }, (_, i) => (at(i)[0] ? 'True' : 'False'));
  if (kind === 'bytes') return Array.from({ length: items }, (_, i) => clip(fixedText(at(i))));
  const packed = bytes.slice(0, items * size);
  if (!littleEndian) swap(packed, kind === 'complex' ? size / 2 : kind === 'unicode' ? 4 : size);
  const view = new DataView(packed.buffer);
  if (kind === 'float' && size === 2) return Array.from(halves(packed), String);
  return Array.from({ length: items }, (_, i) => {
    const start = i * size;
    switch (`${kind}${size}`) {
      case 'int1':
        return String(view.getInt8(start));
      case 'int2':
        return String(view.getInt16(start, true));
      case 'int4':
        return String(view.getInt32(start, true));
      case 'int8':
        return String(view.getBigInt64(start, true));
      case 'uint1':
        return String(view.getUint8(start));
      case 'uint2':
        return String(view.getUint16(start, true));
      case 'uint4':
        return String(view.getUint32(start, true));
      case 'uint8':
        return String(view.getBigUint64(start, true));
      case 'float4':
        return String(Number(view.getFloat32(start, true).toPrecision(7)));
      case 'float8':
        return String(view.getFloat64(start, true));
      case 'complex8':
        return `${view.getFloat32(start, true)} + ${view.getFloat32(start + 4, true)}i`;
      case 'complex16':
        return `${view.getFloat64(start, true)} + ${view.getFloat64(start + 8, true)}i`;
    }
    if (kind === 'unicode') {
      let found = '';
      for (let char = 0; char < Math.min(size / 4, 300); char++) {
        const point = view.getUint32(start + 4 * char, true);
        if (point === 0) break;
        found += point < 0x110000 ? String.fromCodePoint(point) : '\ufffd';
      }
      return cellText(found);
    }
    return `(${elementWord(element)})`;
  });
}
