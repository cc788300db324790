// Which pictures a Zarr store holds: itself, its labels, the images that Bio-Formats put beside each other, the fields of a
// plate's wells, the images and labels of SpatialData.
import type { PictureViews } from '../engine/ports.ts';
import { isRecord, list, type JsonRecord } from './json-file.ts';
import { CHANNELS, find, omeAttrs, pictureOf, TOGETHER, type ZarrPicture } from './ome-zarr.ts';
import { clip, count, reason } from './summary.ts';
import type { TreeNode } from './tree.ts';

/** Wells whose descriptions are read, and pictures that are listed. */
const WELLS = 384;
const MOST = 1_000;

const paths = (value: unknown): string[] =>
  list(value).flatMap((one) => (isRecord(one) && typeof one.path === 'string' ? [one.path] : []));

export interface Pictures {
  views: PictureViews[];
  /** The first of them, which stands for the others of a plate. */
  first: ZarrPicture | null;
  facts: { label: string; value: string }[];
  /** What cannot be shown and why, as sentences; null where all is well. */
  problem: string | null;
}

/** Reads descriptions only, no pixels. Never throws for what a store says of itself. */
export async function picturesOf(root: TreeNode): Promise<Pictures> {
  const found: Pictures = { views: [], first: null, facts: [], problem: null };
  const problems: string[] = [];
  if (root.kind !== 'group') return found;
  const about = omeAttrs(root);
  const add = async (path: string, name: string): Promise<void> => {
    if (found.views.length >= MOST) return;
    try {
      const node = await find(root, path);
      const picture = node === null ? null : await pictureOf(node);
      if (picture === null) return;
      problems.push(...picture.notes);
      found.first ??= picture;
      found.views.push({ path, name: clip(name, 100), ...planesOf(picture) });
    } catch (error) {
      problems.push(
        `${path === '' ? 'It' : `“${clip(path, 60)}”`} cannot be shown as a picture (${reason(error)}).`,
      );
    }
  };
  await add('', 'Picture');
  if (isRecord(about.plate)) await addPlate(root, about.plate, found, problems);
  if ('bioformats2raw.layout' in about)
    for (const name of await numbered(root)) await add(name, `Image ${name}`);
  for (const kind of ['images', 'labels']) {
    const group = await root.get(kind).catch(() => null);
    if (group?.kind !== 'group') continue;
    for (const name of (await group.keys().catch(() => [])).slice(0, MOST))
      await add(`${kind}/${name}`, kind === 'labels' ? `Labels ${name}` : name);
  }
  found.problem = problems.length === 0 ? null : clip([...new Set(problems)].slice(0, 3).join(' '), 500);
  return found;
}

const numbered = async (root: TreeNode): Promise<string[]> =>
  (await root.keys().catch(() => []))
    .filter((name) => /^\d{1,6}$/.test(name))
    .sort((one, other) => Number(one) - Number(other));

/** Fields of a plate are alike, so that only one of them is looked into. */
async function addPlate(
  root: TreeNode,
  plate: JsonRecord,
  found: Pictures,
  problems: string[],
): Promise<void> {
  const wells = paths(plate.wells);
  found.facts.push({ label: 'Wells', value: count(wells.length) });
  if (wells.length === 0) problems.push('The plate names no wells.');
  let [fields, missing] = [0, 0];
  for (const well of wells.slice(0, WELLS)) {
    const node = await find(root, well).catch(() => null);
    const described = node === null ? undefined : omeAttrs(node).well;
    const names = isRecord(described) ? paths(described.images) : [];
    if (node === null || names.length === 0) missing++;
    for (const field of names) {
      fields++;
      if (found.views.length >= MOST) continue;
      const path = `${well}/${field}`;
      if (found.first === null) {
        const picture = await find(root, path)
          .then((at) => (at === null ? null : pictureOf(at)))
          .catch((error: unknown) => {
            problems.push(`“${clip(path, 60)}” cannot be shown as a picture (${reason(error)}).`);
            return null;
          });
        if (picture === null) continue;
        found.first = picture;
        problems.push(...picture.notes);
      }
      const name = `Well ${well.replaceAll('/', '')}${names.length > 1 ? `, field ${field}` : ''}`;
      found.views.push({ path, name: clip(name, 100), ...planesOf(found.first) });
    }
  }
  if (missing > 0) problems.push(`Of ${count(missing)} of ${count(wells.length)} wells no fields are here.`);
  found.facts.push({
    label: 'Fields',
    value: wells.length > WELLS ? `${count(fields)} in the first ${count(WELLS)} wells` : count(fields),
  });
}

function planesOf({ axes, shape, channels }: ZarrPicture): Omit<PictureViews, 'path' | 'name'> {
  const length = (axis: string): number => {
    const at = axes.indexOf(axis);
    return at < 0 ? 1 : Math.max(1, shape[at] ?? 1);
  };
  const number = Math.min(CHANNELS, length('c'));
  const coloured = channels.slice(0, number).filter(({ active, colour }) => active && colour !== null).length;
  return {
    channels:
      number > 1 || channels[0]?.name
        ? Array.from({ length: number }, (_, i) => channels[i]?.name || `Channel ${count(i + 1)}`)
        : [],
    slices: length('z'),
    moments: length('t'),
    together: coloured > 1 && coloured <= TOGETHER,
  };
}
