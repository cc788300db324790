// Facts of TIFF pictures, OME-TIFF among them: the series of images with shape, type and axes.
import type { ByteSource } from '../../engine/ports.ts';
import { isOme, omeSeries, readPages, seriesOfPages } from '../tiff-pages.ts';
import type { Facts } from './facts-types.ts';

const PAGES = 100_000;

export async function tiffFacts(source: ByteSource): Promise<Facts> {
  const pages = await readPages(source, PAGES);
  const [first] = pages;
  if (first === undefined) throw new Error('it holds no picture');
  return isOme(first)
    ? { kind: 'OME-TIFF', series: omeSeries(first) }
    : { kind: 'TIFF', series: seriesOfPages(pages) };
}
