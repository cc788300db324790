// Elements of a SpatialData store beside its tables: images and labels with their axes, points and shapes.
import { cellText, clip, count, partOf, PREVIEW_ROWS, type SummaryPart } from './summary.ts';
import { pictureOf } from './ome-zarr.ts';
import type { TreeNode } from './tree.ts';

const KINDS = ['images', 'labels', 'points', 'shapes'] as const;

/** Null where there are none. */
export async function elementsPart(root: TreeNode): Promise<SummaryPart | null> {
  const rows: (string | null)[][] = [];
  let found = 0;
  for (const kind of KINDS) {
    const group = await root.get(kind).catch(() => null);
    for (const name of group?.kind === 'group' ? await group.keys() : []) {
      found++;
      if (rows.length >= PREVIEW_ROWS) continue;
      const element = await group?.get(name).catch(() => null);
      rows.push([clip(name), kind, element ? await sizeOf(element) : 'not readable']);
    }
  }
  if (found === 0) return null;
  return partOf('Elements', 'list', {
    size: count(found),
    rows: found,
    preview: { columns: ['Element', 'Kind', 'Size'], rows },
  });
}

async function sizeOf(element: TreeNode): Promise<string | null> {
  const picture = await pictureOf(element).catch(() => null);
  if (picture !== null) {
    const levels = picture.levels.length === 1 ? '' : `, ${count(picture.levels.length)} levels`;
    return `${picture.axes.map((axis, i) => `${axis} ${count(picture.shape[i] ?? 0)}`).join(', ')}${levels}`;
  }
  const parts: string[] = [];
  const coordinates = (await element.get('coords').catch(() => null)) ?? null;
  if (coordinates?.shape[0] !== undefined) parts.push(`${count(coordinates.shape[0])} places`);
  const axes = element.attrs.axes;
  if (Array.isArray(axes)) parts.push(`axes ${cellText(axes.join(', ')) ?? ''}`);
  return parts.length === 0 ? null : parts.join(', ');
}
