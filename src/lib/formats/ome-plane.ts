// One plane of a picture in Zarr as pixels: of the smallest level that fills the screen, one channel or several in their
// colours. Only the chunks that the plane touches are read.
import type { ViewAsk, ViewContent } from '../engine/ports.ts';
import { find, pictureOf, TOGETHER, type ZarrPicture } from './ome-zarr.ts';
import { greyPixels, layerPixels } from './pixels.ts';
import { clip, count } from './summary.ts';
import { Unsupported, type TreeNode } from './tree.ts';

/** The longer side of what is shown. */
const SHOWN = 1024;
/** Pixels that are read for it, and chunks that hold them. */
const MOST = 4096 * 4096;
const PIECES = 20_000;
const GREY: [number, number, number] = [255, 255, 255];

type Plane = Extract<ViewAsk, { kind: 'plane' }>;
type Level = ZarrPicture['levels'][number];

interface Frame {
  left: number;
  top: number;
  wide: number;
  high: number;
  /** Of what is shown of it. */
  width: number;
  height: number;
}

/** Throws in words where there is no such picture, or its plane cannot be read here. */
export async function viewOmePlane(root: TreeNode, ask: Plane): Promise<ViewContent> {
  const path = ask.path ?? '';
  const node = await find(root, path);
  const picture = node === null ? null : await pictureOf(node);
  if (picture === null) throw new Error(`there is no picture at “${clip(path, 100)}”`);
  const axis = { x: picture.axes.indexOf('x'), y: picture.axes.indexOf('y') };
  const level = levelFor(picture.levels, axis);
  const [wide, high] = [level.shape[axis.x] ?? 0, level.shape[axis.y] ?? 0];
  const frame = frameOf(wide, high);
  const layers = [];
  for (const channel of channelsOf(picture, ask)) {
    const told = picture.channels[channel];
    layers.push({
      name: told?.name || `Channel ${count(channel + 1)}`,
      values: await planeValues(picture, level, { ...ask, channel }, frame),
      colour: told?.colour ?? GREY,
      window: told?.window ?? null,
    });
  }
  const [first] = layers;
  const grey = layers.length === 1 && first?.colour.every((part) => part === first.colour[0]);
  const drawn =
    grey && first ? { ...greyPixels(first.values, false, first.window), layers: [] } : layerPixels(layers);
  return {
    kind: 'plane',
    width: frame.width,
    height: frame.height,
    of: { width: picture.shape[axis.x] ?? 0, height: picture.shape[axis.y] ?? 0 },
    ...drawn,
    note: noteOf(picture, { wide, high, frame }),
  };
}

/** The smallest that still fills the screen, else the largest. */
function levelFor(levels: readonly Level[], { x, y }: { x: number; y: number }): Level {
  const side = ({ shape }: Level): number => Math.max(shape[x] ?? 0, shape[y] ?? 0);
  const [largest] = levels;
  if (largest === undefined) throw new Error('it has no levels');
  return levels.reduce(
    (best, level) => (side(level) >= SHOWN && side(level) < side(best) ? level : best),
    largest,
  );
}

/** Of a plane that is too large its middle. */
function frameOf(width: number, height: number): Frame {
  if (width < 1 || height < 1) throw new Error('it has no pixels');
  const most = Math.floor(Math.sqrt(MOST));
  const [wide, high] =
    width * height <= MOST ? [width, height] : [Math.min(width, most), Math.min(height, most)];
  const scale = Math.min(1, SHOWN / Math.max(wide, high));
  return {
    left: Math.floor((width - wide) / 2),
    top: Math.floor((height - high) / 2),
    wide,
    high,
    width: Math.max(1, Math.round(wide * scale)),
    height: Math.max(1, Math.round(high * scale)),
  };
}

/** Those that the store shows when all are asked for, else the one. */
function channelsOf({ axes, shape, channels }: ZarrPicture, { channel, together }: Plane): number[] {
  const at = axes.indexOf('c');
  const last = at < 0 ? 0 : Math.max(0, (shape[at] ?? 1) - 1);
  if (!together) return [channel];
  const active = channels.flatMap((one, i) => (one.active && one.colour !== null && i <= last ? [i] : []));
  if (active.length === 0) throw new Error('none of its channels has a colour');
  return active.slice(0, TOGETHER);
}

/** What is shown of the plane, a value a pixel, row by row. */
async function planeValues(
  { axes, shape }: ZarrPicture,
  { node, path, shape: own }: Level,
  ask: { channel: number; slice: number; moment: number },
  frame: Frame,
): Promise<Float64Array> {
  if (node.blocked) throw new Unsupported(`its values are not shown: ${node.blocked}`);
  const kind = node.element?.kind ?? 'object';
  if (!['bool', 'int', 'uint', 'float'].includes(kind))
    throw new Unsupported(`its pixels are of type ${clip(node.type, 40)}, which are no numbers`);
  const wanted: Record<string, number> = { c: ask.channel, z: ask.slice, t: ask.moment };
  const start: number[] = [];
  const length: number[] = [];
  for (const [i, axis] of axes.entries()) {
    const [size, whole] = [own[i] ?? 0, shape[i] ?? 0];
    const at = wanted[axis] ?? 0;
    if (axis === 'x' || axis === 'y') {
      start.push(axis === 'x' ? frame.left : frame.top);
      length.push(axis === 'x' ? frame.wide : frame.high);
      continue;
    }
    if (!(Number.isInteger(at) && at >= 0 && at < whole))
      throw new Error(
        `its axis ${axis} has ${count(whole)} places, and place ${count(at + 1)} was asked for`,
      );
    // Some stores make levels smaller in depth as well.
    start.push(Math.min(size - 1, Math.floor((at * size) / whole)));
    length.push(1);
  }
  const pieces = (node.chunks ?? []).reduce((all, chunk, i) => {
    const [from, items, piece] = [start[i] ?? 0, length[i] ?? 1, Math.max(1, chunk)];
    return all * (Math.floor((from + items - 1) / piece) - Math.floor(from / piece) + 1);
  }, 1);
  if (pieces > PIECES)
    throw new Unsupported(
      `its level “${clip(path, 40)}” is stored in more than ${count(PIECES)} pieces a plane`,
    );
  const values = await node.box(start, length);
  return sampled(values as ArrayLike<number | bigint>, frame, axes.indexOf('x') < axes.indexOf('y'));
}

/** One of the pixels that share a place on the screen: means would make up labels that are not there. */
function sampled(
  values: ArrayLike<number | bigint>,
  { wide, high, width, height }: Frame,
  byColumns: boolean,
): Float64Array {
  const found = new Float64Array(width * height);
  for (let row = 0, at = 0; row < height; row++) {
    const y = Math.floor(((row + 0.5) * high) / height);
    for (let column = 0; column < width; column++, at++) {
      const x = Math.floor(((column + 0.5) * wide) / width);
      found[at] = Number(values[byColumns ? x * high + y : y * wide + x]);
    }
  }
  return found;
}

function noteOf(
  { axes, shape, levels }: ZarrPicture,
  { wide, high, frame }: { wide: number; high: number; frame: Frame },
): string | null {
  const notes: string[] = [];
  if (frame.wide < wide || frame.high < high)
    notes.push(
      `The middle ${count(frame.wide)} × ${count(frame.high)} pixels of ${count(wide)} × ${count(high)} are shown${
        levels.length > 1 ? ' of its smallest level' : ''
      }.`,
    );
  for (const [i, axis] of axes.entries())
    if (!['t', 'c', 'z', 'y', 'x'].includes(axis) && (shape[i] ?? 1) > 1)
      notes.push(`Of axis ${axis} the first of ${count(shape[i] ?? 1)} is shown.`);
  return notes.length === 0 ? null : notes.join(' ');
}
