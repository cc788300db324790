// One plane of a TIFF as pixels, by geotiff: from the smallest copy that fills the screen, else the middle of a plane that is
// too large to be unpacked whole.
import type * as GeoTiffModule from 'geotiff';
import type { ByteSource, ViewAsk, ViewContent } from '../engine/ports.ts';
import { colourPixels, greyPixels } from './pixels.ts';
import { count } from './summary.ts';
import { isOme, readPages, type TiffPage } from './tiff-pages.ts';

/** The longer side of what is shown. */
const SHOWN = 1024;
/** Pixels that are unpacked for it, and of one piece, which is always unpacked whole. */
const MOST = 4096 * 4096;
const PAGES = 10_000;
/** Pieces that are unpacked, each by a call of its own. */
const PIECES = 20_000;
/** Samples of one pixel: colours, seldom more. */
const SAMPLES = 64;

type Plane = Extract<ViewAsk, { kind: 'plane' }>;

/** Throws where there is no such plane, or it cannot be unpacked here. */
export async function viewPlane(source: ByteSource, ask: Plane): Promise<ViewContent> {
  const pages = await readPages(source, PAGES);
  const [first] = pages;
  if (first === undefined) throw new Error('it holds no picture');
  const number = isOme(first) ? omePage(first, ask) : noted(first, ask);
  const planes = isOme(first) ? pages : pages.filter((page) => !page.isSmaller);
  const page = planes[number];
  if (page === undefined)
    throw new Error(`its plane ${count(number + 1)} is not in this file, which has ${count(planes.length)}`);
  const geotiff = await import('geotiff');
  const tiff = await geotiff.GeoTIFF.fromSource(sourceFor(source));
  const at = await levelFor(geotiff, tiff, page, planes.length === 1 ? pages : []);
  const image = await imageAt(geotiff, tiff, at);
  return readPlane(image, page);
}

/** Which page holds the plane: the description says in which order they stand, or where each is. */
function omePage(first: TiffPage, { channel, slice, moment }: Plane): number {
  const pixels = /<(?:\w+:)?Pixels\s[^>]*>/.exec(first.description)?.[0] ?? '';
  const value = (tag: string, name: string): string | undefined =>
    new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  const length = (axis: string): number => Math.max(1, Number(value(pixels, `Size${axis}`)) || 1);
  const wanted: Record<string, number> = { C: channel, Z: slice, T: moment };
  const image = first.description.slice(0, first.description.search(/<\/(?:\w+:)?Pixels>/));
  for (const tag of image.match(/<(?:\w+:)?TiffData\s[^>]*>/g) ?? []) {
    const place = value(tag, 'IFD');
    const same = Object.entries(wanted).every(
      ([axis, number]) => Number(value(tag, `First${axis}`) ?? 0) === number,
    );
    if (same && place !== undefined) return Number(place);
  }
  const order = (value(pixels, 'DimensionOrder') ?? 'XYCZT').slice(2);
  let [step, number] = [1, 0];
  for (const axis of order) {
    // Colours of one pixel are one channel of several samples.
    const planes =
      axis === 'C' && first.samples > 1 ? Math.max(1, length('C') / first.samples) : length(axis);
    number += Math.min(wanted[axis] ?? 0, planes - 1) * step;
    step *= planes;
  }
  return number;
}

/** ImageJ's stacks: channels change first, then slices, then moments. Other files have slices alone. */
function noted(first: TiffPage, { channel, slice, moment }: Plane): number {
  const note = (name: string): number =>
    Number(new RegExp(`^${name}=(\\d+)`, 'm').exec(first.description)?.[1] ?? 1);
  const [channels, slices] = [note('channels'), note('slices')];
  return /^ImageJ=/.test(first.description) ? channel + channels * (slice + slices * moment) : slice;
}

type Tiff = InstanceType<typeof GeoTiffModule.GeoTIFF>;
type TiffImage = InstanceType<typeof GeoTiffModule.GeoTIFFImage>;

async function imageAt(geotiff: typeof GeoTiffModule, tiff: Tiff, at: number): Promise<TiffImage> {
  const directory = await tiff.parser.parseFileDirectoryAt(at);
  return new geotiff.GeoTIFFImage(directory, tiff.littleEndian, false, tiff.source);
}

/** The smallest copy that is still as large as what is shown, else the page itself. */
async function levelFor(
  geotiff: typeof GeoTiffModule,
  tiff: Tiff,
  page: TiffPage,
  others: readonly TiffPage[],
): Promise<number> {
  let best = { at: page.at, side: Math.max(page.width, page.height) };
  const copies = [...page.smaller, ...others.filter((other) => other.isSmaller).map((other) => other.at)];
  for (const at of copies.slice(0, 32)) {
    const image = await imageAt(geotiff, tiff, at);
    const side = Math.max(image.getWidth(), image.getHeight());
    if (side >= SHOWN && side < best.side) best = { at, side };
  }
  return best.at;
}

async function readPlane(image: TiffImage, page: TiffPage): Promise<ViewContent> {
  const [width, height] = [image.getWidth(), image.getHeight()];
  if (width < 1 || height < 1) throw new Error('it has no pixels');
  const [across, down] = [image.getTileWidth(), image.getTileHeight()];
  const piece = across * down;
  if (!(piece >= 1)) throw new Error('its pieces have no pixels');
  if (piece > MOST) throw new Error(`it is stored in pieces of ${count(piece)} pixels, which is too large`);
  // Of a plane that is too large its middle.
  const most = Math.floor(Math.sqrt(MOST));
  const [wide, high] =
    width * height <= MOST ? [width, height] : [Math.min(width, most), Math.min(height, most)];
  const [left, top] = [Math.floor((width - wide) / 2), Math.floor((height - high) / 2)];
  const pieces = Math.ceil(wide / across + 1) * Math.ceil(high / down + 1);
  if (pieces > PIECES) throw new Error(`it is stored in more than ${count(PIECES)} pieces`);
  const scale = Math.min(1, SHOWN / Math.max(wide, high));
  const size = {
    width: Math.max(1, Math.round(wide * scale)),
    height: Math.max(1, Math.round(high * scale)),
  };
  const how = { window: [left, top, left + wide, top + high] as [number, number, number, number], ...size };
  if (image.getSamplesPerPixel() > SAMPLES)
    throw new Error(`each of its pixels has ${count(image.getSamplesPerPixel())} samples`);
  const bytes = page.type === 'uint8';
  // Palettes and the colours of JPEG are turned into red, green and blue by the library.
  const inColour = page.colours === 3 || (page.samples >= 3 && page.colours !== 1 && page.colours !== 0);
  const values = (inColour
    ? page.colours === 2
      ? await image.readRasters({ ...how, samples: [0, 1, 2], interleave: true })
      : await image.readRGB({ ...how, interleave: true })
    : await image.readRasters({ ...how, samples: [0], interleave: true })) as unknown as ArrayLike<number>;
  const found = inColour
    ? colourPixels(values, bytes || page.colours !== 2)
    : greyPixels(values, page.colours === 0);
  const whole = wide === width && high === height;
  return {
    kind: 'plane',
    ...size,
    of: { width: page.width, height: page.height },
    ...found,
    layers: [],
    note: whole ? null : `The middle ${count(wide)} × ${count(high)} pixels are shown.`,
  };
}

/** Our bytes as geotiff asks for them. */
function sourceFor(source: ByteSource): Parameters<typeof GeoTiffModule.GeoTIFF.fromSource>[0] {
  const fetchSlice = async ({ offset, length }: { offset: number; length: number }): Promise<ArrayBuffer> => {
    if (length > 512 * 1024 * 1024) throw new Error('one of its pieces is too large');
    const bytes = await source.read(offset, Math.min(source.size, offset + length));
    // A copy of its own: in Node a source may give a piece of a larger buffer.
    return new Uint8Array(bytes).buffer;
  };
  return {
    fetch: (slices: { offset: number; length: number }[]) => Promise.all(slices.map(fetchSlice)),
    fetchSlice: async (slice: { offset: number; length: number }) => ({
      ...slice,
      data: await fetchSlice(slice),
    }),
    get fileSize() {
      return source.size;
    },
    close: () => Promise.resolve(),
  };
}
