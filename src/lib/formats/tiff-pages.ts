// The pages of a TIFF by their directories, and the series of images that they make, with shape, type and axes as
// tifffile names them. Pixels are not read here.
import type { ByteSource } from '../engine/ports.ts';

const DESCRIPTION = 64 * 1024 * 1024;

export interface TiffPage {
  /** Where its directory stands. */
  at: number;
  /** Directories of smaller copies of it. */
  smaller: number[];
  /** A smaller copy of another page. */
  isSmaller: boolean;
  /** How colours are told: 0 white is zero, 1 black is zero, 2 red green blue, 3 palette … */
  colours: number;
  compression: number;
  /** Pixels of one piece, which is unpacked whole. */
  piece: number;
  width: number;
  height: number;
  samples: number;
  planar: boolean;
  type: string;
  description: string;
}

export type Series = [shape: number[], dtype: string, axes: string];

export const isOme = (first: TiffPage): boolean =>
  /<(?:\w+:)?OME[\s>]/.test(first.description.slice(0, 100_000));

/** Of a file without OME's description: what its writer noted, else pages of one size and type in a row. */
export const seriesOfPages = (pages: readonly TiffPage[]): Series[] =>
  (pages[0] ? notedSeries(pages[0], pages.length) : null) ?? plainSeries(pages);

/** Each Image is a series; its axes stand slowest first, and those of length one are left out. */
export function omeSeries(first: TiffPage): Series[] {
  const series: Series[] = [];
  for (const tag of first.description.match(/<(?:\w+:)?Pixels\s[^>]*>/g) ?? []) {
    const value = (name: string): string => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
    const order = value('DimensionOrder') || 'XYZCT';
    const samples = first.samples;
    const lengths = Object.fromEntries([...'XYZCT'].map((axis) => [axis, Number(value(`Size${axis}`)) || 1]));
    if (samples > 1) lengths.C = Math.max(1, Math.floor((lengths.C ?? 1) / samples));
    const axes = [...order].reverse().map((axis): [string, number] => [axis, lengths[axis] ?? 1]);
    if (samples > 1) axes.splice(first.planar ? axes.length - 2 : axes.length, 0, ['S', samples]);
    series.push(seriesOf(axes, omeType(value('Type'), first.type)));
  }
  return series;
}

function seriesOf(axes: [string, number][], type: string): Series {
  const kept = squeezed(axes);
  return [kept.map(([, length]) => length), type, kept.map(([axis]) => axis).join('')];
}

/** Without axes of length one, but never without rows and columns. */
function squeezed(axes: [string, number][]): [string, number][] {
  return axes.filter(([axis, length]) => length > 1 || axis === 'Y' || axis === 'X');
}

function omeType(named: string, stored: string): string {
  const types: Record<string, string> = {
    float: 'float32',
    double: 'float64',
    complex: 'complex64',
    'double-complex': 'complex128',
    bit: 'bool',
  };
  if (/^u?int(8|16|32)$/.test(named)) return named;
  return types[named] ?? stored;
}

/** What ImageJ and tifffile itself note about a stack in the first description; null where there is no such note. */
function notedSeries(first: TiffPage, pages: number): Series[] | null {
  const plane: [string, number][] = [
    ['Y', first.height],
    ['X', first.width],
  ];
  if (first.samples > 1) plane.splice(first.planar ? 0 : 2, 0, ['S', first.samples]);
  const planes = (axes: [string, number][]): number =>
    axes.reduce((product, [, length]) => product * length, 1);
  const imagej = /^ImageJ=/.test(first.description);
  if (imagej) {
    const note = (name: string): number =>
      Number(new RegExp(`^${name}=(\\d+)`, 'm').exec(first.description)?.[1] ?? 1);
    const axes: [string, number][] = [
      ['T', note('frames')],
      ['Z', note('slices')],
      ['C', note('channels')],
    ];
    return planes(axes) === pages || note('images') === planes(axes)
      ? [seriesOf([...axes, ...plane], first.type)]
      : null;
  }
  const shape = /^\{"shape": \[([\d, ]+)\]/.exec(first.description)?.[1]?.split(',').map(Number);
  if (shape === undefined || shape.length < plane.length) return null;
  const outer = shape.slice(0, -plane.length).map((length): [string, number] => ['Q', length]);
  return planes(outer) === pages ? [seriesOf([...outer, ...plane], first.type)] : null;
}

/** Pages of one size and type that follow each other are one series. */
function plainSeries(pages: readonly TiffPage[]): Series[] {
  const series: { page: TiffPage; count: number }[] = [];
  const same = (a: TiffPage, b: TiffPage): boolean =>
    a.width === b.width &&
    a.height === b.height &&
    a.samples === b.samples &&
    a.type === b.type &&
    a.planar === b.planar;
  for (const page of pages) {
    const last = series.find((one) => same(one.page, page));
    if (last) last.count++;
    else series.push({ page, count: 1 });
  }
  return series.map(({ page, count }) => {
    const axes: [string, number][] = [
      ['Y', page.height],
      ['X', page.width],
    ];
    if (page.samples > 1) axes.splice(page.planar ? 0 : 2, 0, ['S', page.samples]);
    if (count > 1) axes.unshift(['I', count]);
    return [axes.map(([, length]) => length), page.type, axes.map(([axis]) => axis).join('')];
  });
}

/** At most `most` pages, from the front. Throws where the file is damaged. */
export async function readPages(source: ByteSource, most: number): Promise<TiffPage[]> {
  const start = await source.read(0, 16);
  const little = start[0] === 0x49;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const big = view.getUint16(2, little) === 43;
  if (!big && view.getUint16(2, little) !== 42) throw new Error('its first bytes are not those of a TIFF');
  let at = big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
  const pages: TiffPage[] = [];
  const seen = new Set<number>();
  while (at !== 0 && pages.length < most) {
    if (seen.has(at) || at >= source.size) throw new Error('its list of pictures is damaged');
    seen.add(at);
    const directory = await readDirectory(source, at, little, big);
    pages.push(pageOf(at, directory.tags, pages.length === 0 ? await directory.text(270) : ''));
    at = directory.next;
  }
  return pages;
}

type Tags = Map<number, number[]>;

function pageOf(at: number, tags: Tags, description: string): TiffPage {
  const first = (tag: number, otherwise: number): number => tags.get(tag)?.[0] ?? otherwise;
  const bits = first(258, 1);
  const format = first(339, 1);
  const names: Record<number, string> = {
    1: `uint${bits}`,
    2: `int${bits}`,
    3: `float${bits}`,
    5: `complex${bits / 2}`,
    6: `complex${bits}`,
  };
  const [width, height] = [first(256, 0), first(257, 0)];
  return {
    at,
    smaller: tags.get(330) ?? [],
    isSmaller: (first(254, 0) & 1) === 1,
    colours: first(262, 1),
    compression: first(259, 1),
    piece: tags.has(322)
      ? first(322, width) * first(323, height)
      : width * Math.min(height, first(278, height)),
    width,
    height,
    samples: first(277, 1),
    planar: first(284, 1) === 2,
    type: bits === 1 ? 'bool' : (names[format] ?? `uint${bits}`),
    description,
  };
}

const SIZES: Record<number, number> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};

async function readDirectory(source: ByteSource, at: number, little: boolean, big: boolean) {
  const head = await source.read(at, at + 8);
  const headView = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const count = big ? Number(headView.getBigUint64(0, little)) : headView.getUint16(0, little);
  if (count === 0 || count > 65_535) throw new Error('its list of pictures is damaged');
  const [start, size] = big ? [at + 8, 20] : [at + 2, 12];
  const bytes = await source.read(start, start + count * size + 8);
  if (bytes.length < count * size + 4) throw new Error('its list of pictures is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tags: Tags = new Map();
  const texts = new Map<number, { at: number; length: number }>();
  for (let i = 0; i < count; i++) {
    const entry = i * size;
    const [tag, type] = [view.getUint16(entry, little), view.getUint16(entry + 2, little)];
    const values = big ? Number(view.getBigUint64(entry + 4, little)) : view.getUint32(entry + 4, little);
    const valueAt = entry + (big ? 12 : 8);
    const inside = values * (SIZES[type] ?? 1) <= (big ? 8 : 4);
    const pointer = big ? Number(view.getBigUint64(valueAt, little)) : view.getUint32(valueAt, little);
    if (type === 2) texts.set(tag, { at: inside ? start + valueAt : pointer, length: values });
    else if (inside) tags.set(tag, [numberAt(view, valueAt, type, little)]);
    else if (tag === 330 && values <= 64)
      tags.set(tag, await numbersAt(source, pointer, values, type, little));
    // Bits and formats of several samples stand elsewhere; the first of them is enough.
    else if (type === 3 && (tag === 258 || tag === 339)) {
      const far = await source.read(pointer, pointer + 2);
      if (far.length === 2) tags.set(tag, [new DataView(far.buffer, far.byteOffset).getUint16(0, little)]);
    }
  }
  const next = count * size;
  return {
    tags,
    next: big ? Number(view.getBigUint64(next, little)) : view.getUint32(next, little),
    text: async (tag: number): Promise<string> => {
      const found = texts.get(tag);
      if (found === undefined || found.length > DESCRIPTION) return '';
      return new TextDecoder().decode(await source.read(found.at, found.at + found.length));
    },
  };
}

async function numbersAt(
  source: ByteSource,
  at: number,
  count: number,
  type: number,
  little: boolean,
): Promise<number[]> {
  const size = SIZES[type] ?? 1;
  const bytes = await source.read(at, at + count * size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) =>
    numberAt(view, i * size, type, little),
  );
}

function numberAt(view: DataView, at: number, type: number, little: boolean): number {
  switch (SIZES[type]) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, little);
    case 4:
      return view.getUint32(at, little);
    default:
      return Number(view.getBigUint64(at, little));
  }
}
