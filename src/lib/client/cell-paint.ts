// The colour of each cell and the order cells are drawn in, by what they are coloured by.
import type { FileView } from '../workers/wire.ts';
import { categoryColour, missingColour, pixelOf, scaleColour } from './palettes.ts';

export type CellColours = Extract<FileView, { kind: 'categories' | 'numbers' }>;

export interface Painted {
  paint: Uint32Array;
  /** Missing values first; numbers from low to high, so that what is high is seen. Null is the order of the file. */
  order: Uint32Array | null;
}

const SHADES = 256;

/** `own`: the colours that the file gives its categories, where it does. */
export function paintCells(colours: CellColours | null, cells: number, dark: boolean, own: boolean): Painted {
  const missing = pixelOf(missingColour(dark));
  const paint = new Uint32Array(cells);
  if (colours === null) return { paint: paint.fill(pixelOf(categoryColour(0))), order: null };
  if (colours.kind === 'categories') {
    const shades = colours.names.map((_, at) => pixelOf(colourOfCategory(colours, at, own)));
    for (let i = 0; i < cells; i++) paint[i] = shades[colours.codes[i] ?? -1] ?? missing;
    return { paint, order: colours.codes.includes(-1) ? missingFirst(colours.codes) : null };
  }
  const { values, range } = colours;
  const shades = Uint32Array.from({ length: SHADES }, (_, at) =>
    pixelOf(scaleColour(at / (SHADES - 1), dark)),
  );
  const [low, span] = range === null ? [0, 1] : [range.low, range.high - range.low];
  const levels = new Uint16Array(cells);
  for (let i = 0; i < cells; i++) {
    const value = values[i] ?? NaN;
    const part = span > 0 ? (value - low) / span : 0.5;
    const level = Math.min(SHADES - 1, Math.max(0, Math.round(part * (SHADES - 1))));
    levels[i] = Number.isFinite(value) ? level + 1 : 0;
    paint[i] = Number.isFinite(value) ? (shades[level] as number) : missing;
  }
  return { paint, order: sortedBy(levels, SHADES + 1) };
}

export function colourOfCategory(
  colours: Extract<CellColours, { kind: 'categories' }>,
  at: number,
  own: boolean,
): string {
  return (own ? colours.colours?.[at] : undefined) ?? categoryColour(at);
}

function missingFirst(codes: Int32Array): Uint32Array {
  const levels = new Uint16Array(codes.length);
  for (let i = 0; i < codes.length; i++) levels[i] = (codes[i] as number) < 0 ? 0 : 1;
  return sortedBy(levels, 2);
}

/** Places in the order of their levels, each level in the order of the file. */
function sortedBy(levels: Uint16Array, kinds: number): Uint32Array {
  const starts = new Uint32Array(kinds + 1);
  for (const level of levels) starts[level + 1] = (starts[level + 1] as number) + 1;
  for (let level = 0; level < kinds; level++)
    starts[level + 1] = (starts[level + 1] as number) + (starts[level] as number);
  const order = new Uint32Array(levels.length);
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i] as number;
    const at = starts[level] as number;
    order[at] = i;
    starts[level] = at + 1;
  }
  return order;
}
