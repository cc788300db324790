// Colours of points and values that people with any colour vision can tell apart, on light and on dark ground.

/** Okabe and Ito's seven (the yellow darker, to be seen on white), then Tol's muted ones. */
const CATEGORIES = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#b3a000',
  '#882255',
  '#44aa99',
  '#999933',
  '#aa4499',
  '#6699cc',
  '#661100',
  '#117733',
  '#888888',
];
/** How many categories have a colour of their own. */
export const OWN_COLOURS = CATEGORIES.length;
export const categoryColour = (at: number): string => CATEGORIES[at % CATEGORIES.length] as string;

/** Matplotlib's viridis at nine places. */
const VIRIDIS = [
  '#440154',
  '#472d7b',
  '#3b528b',
  '#2c728e',
  '#21918c',
  '#28ae80',
  '#5ec962',
  '#addc30',
  '#fde725',
];

/** A place from 0 to 1 on the scale. On dark ground the darkest part, on light ground the brightest is left out. */
export function scaleColour(part: number, dark: boolean): string {
  const [from, to] = dark ? [0.2, 1] : [0, 0.94];
  const at = (from + Math.min(1, Math.max(0, part)) * (to - from)) * (VIRIDIS.length - 1);
  const below = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const [a, b] = [channels(VIRIDIS[below] as string), channels(VIRIDIS[below + 1] as string)];
  const mixed = a.map((one, i) => Math.round(one + ((b[i] as number) - one) * (at - below)));
  return `#${mixed.map((one) => one.toString(16).padStart(2, '0')).join('')}`;
}

function channels(colour: string): [number, number, number] {
  const number = parseInt(colour.slice(1, 7), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

/** As one pixel of a canvas (ABGR in a little-endian number, as all machines have it). */
export function pixelOf(colour: string): number {
  const [red, green, blue] = channels(colour);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export const missingColour = (dark: boolean): string => (dark ? '#5b6057' : '#b9bbb4');
/** Of what is not chosen. */
export const fadedColour = (dark: boolean): string => (dark ? '#2c302a' : '#e3e4de');
