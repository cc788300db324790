// Numbers of a window as a picture: a heat map's pixels, a line, a histogram. What is no finite number has no colour.
import type { ArrayValues } from '../workers/wire.ts';
import { missingColour, pixelOf, scaleColour } from './palettes.ts';

export interface Range {
  low: number;
  high: number;
}

/** Plain numbers, or null where the values are texts. Integers beyond 2^53 lose their last digits here. */
export function numbersOf(values: ArrayValues): Float64Array | null {
  if (Array.isArray(values)) return values.length === 0 ? new Float64Array() : null;
  return Float64Array.from(values as ArrayLike<number>, Number);
}

/** Least and greatest finite value, or null where there is none. */
export function rangeOf(values: Float64Array): Range | null {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? null : { low, high };
}

/** One pixel a value, row by row. */
export function heatPixels(
  values: Float64Array,
  range: Range | null,
  dark: boolean,
): Uint32Array<ArrayBuffer> {
  const shades = Uint32Array.from({ length: 256 }, (_, at) => pixelOf(scaleColour(at / 255, dark)));
  const missing = pixelOf(missingColour(dark));
  const { low, high } = range ?? { low: 0, high: 1 };
  const pixels = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const part = high > low ? (value - low) / (high - low) : 0.5;
    pixels[i] = Number.isFinite(value) ? (shades[Math.round(part * 255)] ?? missing) : missing;
  }
  return pixels;
}

/** A line through the values on a field of `width` × `height`, as an SVG path; gaps stay gaps. At most two points a column. */
export function linePath(values: Float64Array, { low, high }: Range, width: number, height: number): string {
  const y = (value: number): string =>
    (high > low ? height - ((value - low) / (high - low)) * height : height / 2).toFixed(1);
  const step = Math.max(1, values.length / width);
  const parts: string[] = [];
  let drawing = false;
  for (let start = 0; start < values.length; start += step) {
    const piece = values.subarray(
      Math.floor(start),
      Math.max(Math.floor(start) + 1, Math.floor(start + step)),
    );
    const range = rangeOf(piece);
    if (range === null) {
      drawing = false;
      continue;
    }
    const x = (values.length > 1 ? (start / (values.length - 1)) * width : width / 2).toFixed(1);
    parts.push(`${drawing ? 'L' : 'M'}${x} ${y(range.low)}`);
    if (range.high > range.low) parts.push(`L${x} ${y(range.high)}`);
    drawing = true;
  }
  return parts.join('');
}

/** How many values fall into each of `bins` equal parts of the range. */
export function histogram(values: Float64Array, { low, high }: Range, bins: number): number[] {
  const found = new Array<number>(bins).fill(0);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const part = high > low ? (value - low) / (high - low) : 0;
    const bin = Math.min(bins - 1, Math.floor(part * bins));
    found[bin] = (found[bin] as number) + 1;
  }
  return found;
}
