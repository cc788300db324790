// Pictures in Zarr as OME lays them out (0.4 in v2, 0.5 in v3): axes, levels from full to small, channels, pixel size.
import { clip, count } from './summary.ts';
import type { TreeNode } from './tree.ts';

export interface ZarrPicture {
  /** Such as t, c, z, y, x. */
  axes: string[];
  units: (string | null)[];
  /** Of the largest level. */
  shape: number[];
  /** Paths of the levels, the largest first. */
  levels: string[];
  /** Names of channels where the store tells them. */
  channels: string[];
  /** Of one step along each axis of the largest level; null where it is not told. */
  scale: number[] | null;
}

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Null where the node is no such picture, or its largest level is missing. */
export async function pictureOf(node: TreeNode): Promise<ZarrPicture | null> {
  if (node.kind !== 'group') return null;
  const about = isRecord(node.attrs.ome) ? node.attrs.ome : node.attrs;
  const [scales] = list(about.multiscales);
  if (!isRecord(scales)) return null;
  const sets = list(scales.datasets).filter(isRecord);
  const levels = sets.map(({ path }) => text(path)).filter((path) => path !== null);
  const largest = levels[0] === undefined ? null : await find(node, levels[0]);
  if (largest?.kind !== 'array') return null;
  const axes = list(scales.axes).map((axis) => (isRecord(axis) ? text(axis.name) : text(axis)) ?? '?');
  // Before 0.4 there were always the same five.
  const named =
    axes.length === largest.shape.length ? axes : ['t', 'c', 'z', 'y', 'x'].slice(-largest.shape.length);
  const transforms = list(sets[0]?.coordinateTransformations).filter(isRecord);
  const scale = list(transforms.find(({ type }) => type === 'scale')?.scale).map(Number);
  const omero = isRecord(about.omero) ? about.omero : isRecord(node.attrs.omero) ? node.attrs.omero : {};
  return {
    axes: named,
    units: list(scales.axes).map((axis) => (isRecord(axis) ? text(axis.unit) : null)),
    shape: largest.shape,
    levels,
    channels: list(omero.channels)
      .filter(isRecord)
      .map((channel) => text(channel.label) ?? ''),
    scale: scale.length === largest.shape.length && scale.every(Number.isFinite) ? scale : null,
  };
}

export function pictureFacts({ axes, units, shape, levels, channels, scale }: ZarrPicture): {
  label: string;
  value: string;
}[] {
  const facts = [
    { label: 'Size', value: axes.map((axis, i) => `${axis} ${count(shape[i] ?? 0)}`).join(', ') },
  ];
  if (levels.length > 1) facts.push({ label: 'Levels', value: count(levels.length) });
  if (channels.length > 0) facts.push({ label: 'Channels', value: clip(channels.join(', ')) });
  if (scale !== null) {
    const steps = axes.map((axis, i) => `${axis} ${scale[i] ?? '?'}${units[i] ? ` ${units[i]}` : ''}`);
    facts.push({
      label: 'Step',
      value: clip(steps.filter((_, i) => 'zyx'.includes(axes[i] ?? '?')).join(', ')),
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
