// Which rows of a long list are in sight. Browsers draw no box higher than some 17 to 33 million pixels, which is less than
// a million rows: beyond that the scroll bar covers more rows per pixel, and rows are placed by what it says.

export interface Scroller {
  /** Height of the box that scrolls inside, in pixels. */
  readonly height: number;
  /** First and last row to draw, some of them out of sight. */
  readonly first: number;
  readonly last: number;
  /** Where the row starts in that box. */
  topOf(index: number): number;
  /** For a scroll event of the box. */
  moved(box: HTMLElement): void;
  /** The scroll position at which the row is in sight, moving as little as possible. */
  positionFor(index: number): number;
}

const OVERSCAN = 12;
/** Firefox stops at 17.8 million pixels, Chromium and Safari at 33.5 million. */
const HIGHEST = typeof navigator !== 'undefined' && /Firefox/.test(navigator.userAgent) ? 16e6 : 32e6;

/** `head` is the height of what stays at the top of the box. */
export function createScroller(
  total: () => number,
  row: () => number,
  head: number,
  highest: number = HIGHEST,
): Scroller {
  let top = $state(0);
  let view = $state(600);

  const full = $derived(total() * row());
  const height = $derived(Math.min(full, highest));
  /** Rows in sight fill this many pixels. */
  const room = $derived(Math.max(0, view - head));
  /** Pixels of list per pixel of scrolling. */
  const ratio = $derived(height > room ? (full - room) / (height - room) : 1);
  const offset = $derived(Math.min(Math.max(0, full - room), top * ratio));
  const first = $derived(Math.max(0, Math.floor(offset / row()) - OVERSCAN));
  const last = $derived(Math.min(total() - 1, Math.ceil((offset + room) / row()) + OVERSCAN));

  return {
    get height() {
      return height;
    },
    get first() {
      return first;
    },
    get last() {
      return last;
    },
    topOf: (index) => index * row() - offset + top,
    moved(box) {
      top = box.scrollTop;
      view = box.clientHeight;
    },
    positionFor(index) {
      const start = index * row();
      const end = start + row();
      if (start < offset) return start / ratio;
      if (end > offset + room) return (end - room) / ratio;
      return top;
    },
  };
}
