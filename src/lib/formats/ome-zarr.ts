// Pictures in Zarr as OME lays them out (0.1 to 0.4 in v2, 0.5 in v3; ngff.openmicroscopy.org): axes, levels from full to
// small, channels with colour and contrast, size of a step. What contradicts itself is said in words and not used.
import { isRecord, list, type JsonRecord } from './json-file.ts';
import { clip, count } from './summary.ts';
import type { TreeNode } from './tree.ts';

/** Levels and channels that are looked at, and channels that are put together in one picture. */
const LEVELS = 32;
export const CHANNELS = 200;
export const TOGETHER = 8;

export interface ZarrChannel {
  /** '' where the store does not name it. */
  name: string;
  /** Red, green, blue; null where none is told. */
  colour: [number, number, number] | null;
  /** Values that are shown black and in full colour; null where none are told. */
  window: { low: number; high: number } | null;
  active: boolean;
}

export interface ZarrPicture {
  /** Such as t, c, z, y, x; each once, y and x among them. */
  axes: string[];
  units: (string | null)[];
  /** Of the largest level. */
  shape: number[];
  /** Levels that are there, the largest first. */
  levels: { path: string; shape: number[]; node: TreeNode }[];
  /** As many as the store tells of, which may be fewer than there are. */
  channels: ZarrChannel[];
  /** Of one step along each axis of the largest level; null where it is not told. */
  scale: number[] | null;
  /** What is wrong with the description, as sentences. */
  notes: string[];
}

const text = (value: unknown): string | null =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null;

/** What OME says of a node: since 0.5 it stands under one name. */
export const omeAttrs = ({ attrs }: TreeNode): JsonRecord => (isRecord(attrs.ome) ? attrs.ome : attrs);

/**
 * Null where the node does not say that it is a picture. Throws where it says so and cannot be shown: without levels, or
 * with axes that do not fit.
 */
export async function pictureOf(node: TreeNode): Promise<ZarrPicture | null> {
  if (node.kind !== 'group') return null;
  const about = omeAttrs(node);
  const [scales] = list(about.multiscales);
  if (!isRecord(scales)) return null;
  const notes: string[] = [];
  const sets = list(scales.datasets).filter(isRecord).slice(0, LEVELS);
  const levels: ZarrPicture['levels'] = [];
  for (const set of sets) {
    const path = text(set.path) ?? '';
    const level = path === '' ? null : await find(node, path).catch(() => null);
    const first = levels[0]?.shape.length;
    if (level?.kind !== 'array') notes.push(`Its level “${clip(path, 60)}” is missing.`);
    else if (first !== undefined && level.shape.length !== first)
      notes.push(`Its level “${clip(path, 60)}” has ${count(level.shape.length)} axes instead of ${first}.`);
    else levels.push({ path, shape: level.shape, node: level });
  }
  const [written] = levels;
  if (written === undefined)
    throw new Error(
      sets.length === 0
        ? 'it names no levels'
        : sets.length === 1
          ? 'the level it names is not there'
          : `none of the ${count(sets.length)} levels it names is there`,
    );
  const axes = axesOf(scales.axes, written.shape.length);
  const { y, x } = { y: axes.indexOf('y'), x: axes.indexOf('x') };
  // Only the first is the largest by what is written; a store may lie.
  const area = ({ shape }: { shape: number[] }): number => (shape[y] ?? 0) * (shape[x] ?? 0);
  levels.sort((one, other) => area(other) - area(one));
  const [largest = written] = levels;
  if (area(written) < area(largest)) notes.push('Its levels do not stand in the order of their sizes.');
  const scale = scaleOf(scales, sets, largest, notes);
  const omero = [about.omero, node.attrs.omero].find(isRecord) ?? {};
  return {
    axes,
    units: axes.map((_, i) => {
      const axis = list(scales.axes)[i];
      return isRecord(axis) ? text(axis.unit) : null;
    }),
    shape: largest.shape,
    levels,
    channels: list(omero.channels).filter(isRecord).slice(0, CHANNELS).map(channelOf),
    scale,
    notes,
  };
}

/** Names of the axes in lower case. Before 0.3 there were always the same five and none was named. */
function axesOf(told: unknown, dimensions: number): string[] {
  const named = list(told).map((axis) => (isRecord(axis) ? text(axis.name) : text(axis)) ?? '?');
  const axes =
    named.length === 0 && dimensions <= 5
      ? ['t', 'c', 'z', 'y', 'x'].slice(5 - dimensions)
      : named.map((axis) => clip(axis.toLowerCase(), 20));
  if (axes.length !== dimensions)
    throw new Error(`it names ${count(axes.length)} axes, and its levels have ${count(dimensions)}`);
  if (new Set(axes).size !== axes.length) throw new Error(`it names an axis twice: ${axes.join(', ')}`);
  if (!axes.includes('y') || !axes.includes('x'))
    throw new Error(`it has no axes y and x, but ${clip(axes.join(', '), 100)}`);
  return axes;
}

/** The level's own scale times that of the whole. */
function scaleOf(
  scales: JsonRecord,
  sets: readonly JsonRecord[],
  { path, shape }: { path: string; shape: number[] },
  notes: string[],
): number[] | null {
  const of = (about: JsonRecord | undefined): unknown[] =>
    list(
      list(about?.coordinateTransformations)
        .filter(isRecord)
        .find(({ type }) => type === 'scale')?.scale,
    );
  const [own, all] = [of(sets.find((set) => text(set.path) === path)), of(scales)];
  if (own.length === 0 && all.length === 0) return null;
  const scale = shape.map((_, i) => Number(own[i] ?? 1) * Number(all[i] ?? 1));
  const fits = [own, all].every(({ length }) => length === 0 || length === shape.length);
  if (fits && scale.every((step) => Number.isFinite(step) && step > 0)) return scale;
  const told = clip((own.length > 0 ? own : all).map((step) => text(step) ?? '?').join(', '), 100);
  notes.push(`The size of its pixels is not known: its scale says ${told}.`);
  return null;
}

function channelOf({ label, color, window, active }: JsonRecord): ZarrChannel {
  const hex = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(text(color) ?? '');
  const { start, end } = isRecord(window) ? window : {};
  const told = typeof start === 'number' && typeof end === 'number' && Number.isFinite(end - start);
  return {
    name: clip(text(label) ?? '', 60),
    colour: hex ? [parseInt(hex[1] ?? '', 16), parseInt(hex[2] ?? '', 16), parseInt(hex[3] ?? '', 16)] : null,
    window: told && end > start ? { low: start, high: end } : null,
    active: active !== false,
  };
}

export function pictureFacts({ axes, units, shape, levels, channels, scale }: ZarrPicture): {
  label: string;
  value: string;
}[] {
  const facts = [
    { label: 'Size', value: axes.map((axis, i) => `${axis} ${count(shape[i] ?? 0)}`).join(', ') },
  ];
  const type = levels[0]?.node.type;
  if (type) facts.push({ label: 'Type', value: clip(type) });
  if (levels.length > 1) facts.push({ label: 'Levels', value: count(levels.length) });
  const names = channels.map(({ name }) => name).filter((name) => name !== '');
  if (names.length > 0) facts.push({ label: 'Channels', value: clip(names.join(', ')) });
  if (scale !== null) {
    const steps = axes.map((axis, i) => `${axis} ${scale[i] ?? '?'}${units[i] ? ` ${units[i]}` : ''}`);
    facts.push({
      label: 'Step',
      value: clip(steps.filter((_, i) => ['z', 'y', 'x'].includes(axes[i] ?? '?')).join(', ')),
    });
  }
  return facts;
}

/** A member below, by a path of names. */
export async function find(node: TreeNode, path: string): Promise<TreeNode | null> {
  let at: TreeNode | null = node;
  for (const name of path.split('/').filter((part) => part !== '')) at = (await at?.get(name)) ?? null;
  return at;
}
