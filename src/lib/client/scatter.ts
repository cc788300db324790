// Many points on a canvas: where the camera stands, the pixels of a frame, what lies under the pointer and inside a shape.
// Pixels are written by ourselves into one array: 200,000 points take a few milliseconds, without a GPU.

/** The place of the data in the middle of the canvas, and pixels for one unit of it. */
export interface Camera {
  x: number;
  y: number;
  scale: number;
}

export interface Points {
  x: Float32Array;
  y: Float32Array;
}

/** Space round the points, as part of the canvas. */
const MARGIN = 0.06;

/** All finite points, as large as they fit; one unit is as long across as up, as embeddings want it. */
export function fitCamera({ x, y }: Points, width: number, height: number): Camera {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    const [at, up] = [x[i] as number, y[i] as number];
    if (!Number.isFinite(at) || !Number.isFinite(up)) continue;
    if (at < left) left = at;
    if (at > right) right = at;
    if (up < low) low = up;
    if (up > high) high = up;
  }
  if (left > right) return { x: 0, y: 0, scale: 1 };
  const across = Math.max(right - left, 1e-9);
  const up = Math.max(high - low, 1e-9);
  const room = 1 - 2 * MARGIN;
  return {
    x: left / 2 + right / 2,
    y: low / 2 + high / 2,
    scale: Math.min((width * room) / across, (height * room) / up),
  };
}

/** Zooms by a factor so that the place under the pointer stays where it is. */
export function zoomAt(
  camera: Camera,
  factor: number,
  px: number,
  py: number,
  width: number,
  height: number,
): Camera {
  const scale = Math.min(1e12, Math.max(1e-12, camera.scale * factor));
  const [dx, dy] = [px - width / 2, py - height / 2];
  return {
    x: camera.x + dx / camera.scale - dx / scale,
    y: camera.y - dy / camera.scale + dy / scale,
    scale,
  };
}

export interface Frame {
  /** One number a pixel, alpha first in memory order of a little-endian machine. */
  pixels: Uint32Array;
  width: number;
  height: number;
  camera: Camera;
  /** Pixels from the middle of a point to its edge. */
  radius: number;
  /** The colour of each point. */
  paint: Uint32Array;
  /** Points in the order they are drawn; null is the order of the file. */
  order: Uint32Array | null;
  /** Where given, points of 0 are drawn first and in the one colour `faded`. */
  chosen: Uint8Array | null;
  faded: number;
}

export function drawPoints(points: Points, frame: Frame): void {
  frame.pixels.fill(0);
  if (frame.chosen) drawPass(points, frame, 0);
  drawPass(points, frame, 1);
}

function drawPass({ x, y }: Points, frame: Frame, pass: 0 | 1): void {
  const { pixels, width, height, camera, radius, paint, order, chosen, faded } = frame;
  const spans = spansOf(radius);
  const reach = Math.floor(radius);
  const [left, top] = [width / 2 - camera.x * camera.scale, height / 2 + camera.y * camera.scale];
  for (let k = 0; k < x.length; k++) {
    const i = order === null ? k : (order[k] as number);
    if (chosen && chosen[i] !== pass) continue;
    const px = Math.round((x[i] as number) * camera.scale + left);
    const py = Math.round(top - (y[i] as number) * camera.scale);
    // What is no number fails here too.
    if (!(px >= -reach && px < width + reach && py >= -reach && py < height + reach)) continue;
    const colour = chosen && pass === 0 ? faded : (paint[i] as number);
    for (let row = 0; row < spans.length; row++) {
      const line = py + row - reach;
      if (line < 0 || line >= height) continue;
      const half = spans[row] as number;
      const from = Math.max(0, px - half);
      const to = Math.min(width - 1, px + half);
      for (let at = line * width + from, end = line * width + to; at <= end; at++) pixels[at] = colour;
    }
  }
}

/** Half the width of a disc on each of its lines. */
function spansOf(radius: number): number[] {
  const reach = Math.floor(radius);
  return Array.from({ length: 2 * reach + 1 }, (_, row) => {
    const dy = row - reach;
    const inside = Math.max(0, radius * radius - dy * dy);
    return Math.floor(Math.sqrt(inside));
  });
}

/** As small as many points need and as large as few can be, growing a little with the zoom. */
export function pointRadius(points: number, zoom: number): number {
  const base =
    points > 200_000 ? 0.7 : points > 50_000 ? 1.1 : points > 10_000 ? 1.6 : points > 1_000 ? 2.4 : 3.4;
  return Math.min(9, base * Math.max(1, Math.min(4, zoom ** 0.4)));
}

/** Points by squares of the plane, to find those near a place without looking at all. */
export interface Grid {
  side: number;
  left: number;
  low: number;
  step: number;
  starts: Uint32Array;
  points: Uint32Array;
}

export function gridOf(points: Points): Grid {
  const { x, y } = points;
  const side = Math.max(1, Math.min(512, Math.round(Math.sqrt(x.length / 8))));
  const { x: middle, y: height, scale } = fitCamera(points, 1, 1);
  // The square that fitCamera shows, with its margin.
  const step = 1 / scale / side || 1;
  const [left, low] = [middle - (step * side) / 2, height - (step * side) / 2];
  const cells = new Int32Array(x.length).fill(-1);
  const starts = new Uint32Array(side * side + 1);
  for (let i = 0; i < x.length; i++) {
    const column = Math.floor(((x[i] as number) - left) / step);
    const row = Math.floor(((y[i] as number) - low) / step);
    if (!(column >= 0 && column < side && row >= 0 && row < side)) continue;
    const cell = row * side + column;
    cells[i] = cell;
    starts[cell + 1] = (starts[cell + 1] as number) + 1;
  }
  for (let cell = 0; cell < side * side; cell++)
    starts[cell + 1] = (starts[cell + 1] as number) + (starts[cell] as number);
  const next = starts.slice();
  const sorted = new Uint32Array(starts.at(-1) ?? 0);
  for (let i = 0; i < x.length; i++) {
    const cell = cells[i] as number;
    if (cell < 0) continue;
    const at = next[cell] as number;
    sorted[at] = i;
    next[cell] = at + 1;
  }
  return { side, left, low, step, starts, points: sorted };
}

/** The point nearest to a place and at most `reach` away (both in units of the data), or null. */
export function nearest({ x, y }: Points, grid: Grid, at: number, up: number, reach: number): number | null {
  const { side, left, low, step, starts, points } = grid;
  const first = (value: number, from: number): number =>
    Math.max(0, Math.floor((value - reach - from) / step));
  const last = (value: number, from: number): number =>
    Math.min(side - 1, Math.floor((value + reach - from) / step));
  let best = reach * reach;
  let found: number | null = null;
  for (let row = first(up, low); row <= last(up, low); row++)
    for (let column = first(at, left); column <= last(at, left); column++) {
      const cell = row * side + column;
      for (let k = starts[cell] as number; k < (starts[cell + 1] as number); k++) {
        const i = points[k] as number;
        const distance = ((x[i] as number) - at) ** 2 + ((y[i] as number) - up) ** 2;
        if (distance <= best) [best, found] = [distance, i];
      }
    }
  return found;
}

/** Points inside a closed line (in units of the data), in the order of the file. */
export function inside({ x, y }: Points, line: readonly (readonly [number, number])[]): Uint32Array {
  const xs = line.map(([at]) => at);
  const ys = line.map(([, up]) => up);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const found: number[] = [];
  for (let i = 0; i < x.length; i++) {
    const [at, up] = [x[i] as number, y[i] as number];
    if (!(at >= left && at <= right && up >= low && up <= high)) continue;
    let odd = false;
    for (let k = 0, before = line.length - 1; k < line.length; before = k++) {
      const [ax, ay] = [xs[k] as number, ys[k] as number];
      const [bx, by] = [xs[before] as number, ys[before] as number];
      if (ay > up !== by > up && at < ((bx - ax) * (up - ay)) / (by - ay) + ax) odd = !odd;
    }
    if (odd) found.push(i);
  }
  return Uint32Array.from(found);
}
