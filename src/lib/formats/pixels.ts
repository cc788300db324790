// Numbers of a picture as pixels for the screen: grey values stretched over what is there, or three colours.

import type { PlaneLayer } from '../engine/ports.ts';

/** Values that are looked at to find the darkest and brightest. */
const SAMPLE = 100_000;
/** Parts of the values that are shown all black and all white, so that a few hot pixels leave something to see. */
const TAILS = 0.002;

export interface Pixels {
  pixels: Uint8ClampedArray<ArrayBuffer>;
  range: { low: number; high: number } | null;
}

/** One value a pixel, from black to white over `window`, else over nearly all values. What is no number stays transparent. */
export function greyPixels(
  values: ArrayLike<number>,
  inverted = false,
  window: { low: number; high: number } | null = null,
): Pixels {
  const range = window ?? rangeOf(values);
  const pixels = new Uint8ClampedArray(values.length * 4);
  const scale = range.high > range.low ? 255 / (range.high - range.low) : 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    const grey = scale === 0 ? 128 : (value - range.low) * scale;
    pixels.fill(inverted ? 255 - Math.min(255, Math.max(0, grey)) : grey, i * 4, i * 4 + 3);
    pixels[i * 4 + 3] = 255;
  }
  return { pixels, range };
}

/** Three values a pixel: bytes as they are, larger numbers stretched over what is there. */
export function colourPixels(values: ArrayLike<number>, bytes: boolean): Pixels {
  const range = bytes ? { low: 0, high: 255 } : rangeOf(values);
  const pixels = new Uint8ClampedArray((values.length / 3) * 4);
  const scale = range.high > range.low ? 255 / (range.high - range.low) : 0;
  for (let i = 0, at = 0; i + 2 < values.length; i += 3, at += 4) {
    for (let colour = 0; colour < 3; colour++)
      pixels[at + colour] = ((values[i + colour] as number) - range.low) * scale;
    pixels[at + 3] = 255;
  }
  return { pixels, range: bytes ? null : range };
}

export interface Layer {
  name: string;
  values: ArrayLike<number>;
  /** Red, green, blue of the brightest. */
  colour: [number, number, number];
  /** Values that are black and in full colour; null: nearly all that are there. */
  window: { low: number; high: number } | null;
}

/** Pictures of as many pixels each, laid over each other as light adds up. */
export function layerPixels(layers: readonly Layer[]): Pixels & { layers: PlaneLayer[] } {
  const size = layers[0]?.values.length ?? 0;
  const pixels = new Uint8ClampedArray(size * 4);
  for (let i = 3; i < pixels.length; i += 4) pixels[i] = 255;
  const told: PlaneLayer[] = [];
  for (const { name, values, colour, window } of layers) {
    const range = window ?? rangeOf(values);
    told.push({ name, colour, ...range });
    const scale = range.high > range.low ? 1 / (range.high - range.low) : 0;
    for (let i = 0, at = 0; i < size; i++, at += 4) {
      const value = values[i] as number;
      if (Number.isNaN(value)) continue;
      const part = scale === 0 ? 0.5 : Math.min(1, Math.max(0, (value - range.low) * scale));
      for (let k = 0; k < 3; k++) pixels[at + k] = (pixels[at + k] ?? 0) + part * (colour[k] ?? 0);
    }
  }
  return { pixels, range: null, layers: told };
}

function rangeOf(values: ArrayLike<number>): { low: number; high: number } {
  const step = Math.max(1, Math.floor(values.length / SAMPLE));
  const sample: number[] = [];
  for (let i = 0; i < values.length; i += step) {
    const value = values[i] as number;
    if (Number.isFinite(value)) sample.push(value);
  }
  const sorted = Float64Array.from(sample).sort();
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))] ?? 0;
  const [low, high] = [at(TAILS), at(1 - TAILS)];
  // A picture of few bright points on black is no grey field.
  return high > low ? { low, high } : { low: sorted[0] ?? 0, high: sorted.at(-1) ?? 0 };
}
