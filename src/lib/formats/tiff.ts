// TIFF and OME-TIFF pictures: size, type, channels, size of a pixel, and which planes can be looked at.
import type { ByteSource, SummaryViews } from '../engine/ports.ts';
import { clip, count, partOf, PREVIEW_ROWS, reason, summaryOf, type FileSummary } from './summary.ts';
import { isOme, omeSeries, readPages, seriesOfPages, type Series, type TiffPage } from './tiff-pages.ts';

/** Pages whose directories are read for a summary. */
const PAGES = 1_000;
const CHANNELS = 200;

const PACKING: Record<number, string> = {
  1: 'none',
  2: 'CCITT',
  3: 'CCITT fax 3',
  4: 'CCITT fax 4',
  5: 'LZW',
  6: 'JPEG (old)',
  7: 'JPEG',
  8: 'deflate',
  32773: 'PackBits',
  32946: 'deflate',
  34712: 'JPEG 2000',
  34887: 'LERC',
  50000: 'zstd',
  50001: 'WebP',
};

export async function summariseTiff(source: ByteSource): Promise<FileSummary> {
  const found = summaryOf('tiff', { suffixFromContent: '.tiff' });
  try {
    const pages = await readPages(source, PAGES + 1);
    const more = pages.length > PAGES;
    const [first] = pages;
    if (first === undefined) throw new Error('it holds no picture');
    const ome = isOme(first);
    const series = ome ? omeSeries(first) : seriesOfPages(pages.filter((page) => !page.isSmaller));
    const facts: FileSummary['facts'] = [
      { label: 'Size', value: `${count(first.width)} × ${count(first.height)} pixels` },
      { label: 'Type', value: first.samples > 1 ? `${first.type}, ${first.samples} samples` : first.type },
      { label: 'Pages', value: more ? `more than ${count(PAGES)}` : count(pages.length) },
      { label: 'Packing', value: PACKING[first.compression] ?? `number ${first.compression}` },
    ];
    const about = ome ? omeAbout(first) : null;
    if (about !== null && about.channels.length > 0)
      facts.push({ label: 'Channels', value: clip(about.channels.join(', ')) });
    if (about?.pixel) facts.push({ label: 'Pixel size', value: about.pixel });
    return {
      ...found,
      format: ome ? 'ome-tiff' : 'tiff',
      suffixFromContent: ome ? '.ome.tiff' : '.tiff',
      facts,
      parts: [
        partOf('Series', 'list', {
          size: count(series.length),
          rows: series.length,
          preview: {
            columns: ['Series', 'Axes', 'Shape', 'Type'],
            rows: series
              .slice(0, PREVIEW_ROWS)
              .map(([shape, type, axes], i) => [String(i), axes, shape.join(' × '), type]),
          },
        }),
      ],
      views: { plane: planesOf(first, series[0], about?.channels ?? []) },
    };
  } catch (error) {
    return { ...found, problem: `This TIFF picture is damaged and could not be read (${reason(error)}).` };
  }
}

/** Of the first series. */
function planesOf(
  first: TiffPage,
  series: Series | undefined,
  names: readonly string[],
): NonNullable<SummaryViews['plane']> {
  const [shape, , axes] = series ?? [[], '', ''];
  const length = (axis: string): number => {
    const at = axes.indexOf(axis);
    return at < 0 ? 1 : (shape[at] ?? 1);
  };
  // Pages that nobody named are slices.
  const channels = Math.min(CHANNELS, length('C'));
  return {
    channels:
      channels > 1 || (names[0] && first.samples === 1)
        ? Array.from({ length: channels }, (_, i) => names[i] || `Channel ${i + 1}`)
        : [],
    slices: length('Z') * length('I') * length('Q'),
    moments: length('T'),
  };
}

/** What the description says of the first image: channels by name, and the size of a pixel. */
function omeAbout(first: TiffPage): { channels: string[]; pixel: string | null } {
  const image =
    /<(?:\w+:)?Pixels\s[\s\S]*?<\/(?:\w+:)?Pixels>/.exec(first.description)?.[0] ?? first.description;
  const channels = (image.match(/<(?:\w+:)?Channel\s[^>]*>/g) ?? [])
    .slice(0, CHANNELS)
    .map((tag) => clip(attribute(tag, 'Name') ?? '', 60));
  const pixels = /<(?:\w+:)?Pixels\s[^>]*>/.exec(image)?.[0] ?? '';
  const sizes = ['X', 'Y', 'Z'].flatMap((axis) => {
    const size = Number(attribute(pixels, `PhysicalSize${axis}`));
    return size > 0
      ? [`${axis.toLowerCase()} ${size} ${attribute(pixels, `PhysicalSize${axis}Unit`) ?? 'µm'}`]
      : [];
  });
  return {
    channels: channels.every((name) => name === '') ? [] : channels,
    pixel: sizes.length === 0 ? null : clip(sizes.join(', ')),
  };
}

/** Names in descriptions may hold the few signs that XML escapes. */
function attribute(tag: string, name: string): string | null {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  const signs: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return found === undefined
    ? null
    : found.replace(/&(amp|lt|gt|quot|apos);/g, (_, sign: string) => signs[sign] ?? '');
}
