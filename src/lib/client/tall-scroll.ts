// Lists taller than a browser lets an element be (about 33 million pixels in Chromium, 17 in Firefox). The element is at
// most CAP pixels high. Small movements are what they are; a large one, with the handle of the bar, goes to the same share
// of the list. What differs between both, the shift, is put right whenever scrolling rests.
export const CAP = 8_000_000;

export interface TallScroll {
  /** Pixels of the list. */
  total: number;
  /** Pixels in sight. */
  view: number;
}

/** Height of the element. */
export const elementHeight = ({ total }: TallScroll): number => Math.min(total, CAP);

const listEnd = ({ total, view }: TallScroll) => Math.max(0, total - view);
const elementEnd = (of: TallScroll) => Math.max(0, elementHeight(of) - of.view);

/** The shift of a position of the bar that stands for the same share of the list. */
export function restingShift(of: TallScroll, scrollTop: number): number {
  if (of.total <= CAP) return 0;
  return (scrollTop / Math.max(1, elementEnd(of))) * listEnd(of) - scrollTop;
}

/** The shift after the bar has moved from `before` to `scrollTop`: kept for steps of up to three screens. */
export function movedShift(of: TallScroll, shift: number, before: number, scrollTop: number): number {
  if (of.total <= CAP) return 0;
  const top = scrollTop + shift;
  const near = Math.abs(scrollTop - before) <= 3 * of.view;
  if (near && top >= 0 && top <= listEnd(of)) return shift;
  return near ? Math.min(Math.max(0, top), listEnd(of)) - scrollTop : restingShift(of, scrollTop);
}

/** Where the bar stands when this pixel of the list is the first in sight. */
export function barFor(of: TallScroll, top: number): number {
  const clipped = Math.min(Math.max(0, top), listEnd(of));
  if (of.total <= CAP) return clipped;
  return (clipped / Math.max(1, listEnd(of))) * elementEnd(of);
}

/** The shift that makes this pixel the first in sight while the bar stands there. */
export function shiftAt(of: TallScroll, scrollTop: number, top: number): number {
  if (of.total <= CAP) return 0;
  return Math.min(Math.max(0, top), listEnd(of)) - scrollTop;
}
