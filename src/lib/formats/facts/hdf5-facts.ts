// Facts of HDF5 files: every group and dataset with its type, chunks and filters as h5py tells them, and AnnData or MuData
// where the file holds one.
import { listText, numpyName } from '../element-type.ts';
import { hdf5Damaged, Hdf5Problem, withHdf5 } from '../hdf5-file.ts';
import type { SyncByteSource } from '../source.ts';
import { reason } from '../summary.ts';
import { textAttr, type TreeNode } from '../tree.ts';
import { anndataFacts, frame, part } from './anndata-facts.ts';
import { record, type Facts } from './facts-types.ts';
import { Problems } from './problems.ts';

/** Members listed of one file, and levels below the root. */
const MOST = 100_000;
const DEEPEST = 64;

export async function hdf5Facts(source: SyncByteSource): Promise<Facts> {
  try {
    return await withHdf5(source, async (root) => {
      const problems = new Problems();
      const h5 = await treeFacts(root, problems);
      const facts = await contentFacts(root, problems);
      // Parts that are only asked about, such as attributes, may crash it without a word.
      if (hdf5Damaged()) problems.note('a part that is not named', new Error('it crashed the reader'));
      return problems.told({ ...facts, h5 });
    });
  } catch (error) {
    return {
      kind: 'unreadable',
      error:
        error instanceof Hdf5Problem
          ? error.message
          : `This HDF5 file is damaged and could not be read (${reason(error)}). Compare it with its origin.`,
    };
  }
}

async function contentFacts(root: TreeNode, problems: Problems): Promise<Facts> {
  const keys = new Set(await root.keys());
  const encoding = (textAttr(root, 'encoding-type') ?? '').toLowerCase();
  if (encoding === 'mudata' || (keys.has('mod') && keys.has('obs'))) return mudataFacts(root, problems);
  if (encoding === 'anndata' || (keys.has('obs') && keys.has('var'))) return anndataFacts(root, problems);
  return { kind: 'HDF5' };
}

async function mudataFacts(root: TreeNode, problems: Problems): Promise<Facts> {
  const table = async (name: string): Promise<unknown> =>
    frame(await part(root, name, name, problems), undefined, new Map(), name, problems);
  return {
    kind: 'MuData',
    mods: await partsFacts(await part(root, 'mod', 'mod', problems), 'mod', problems),
    obs: await table('obs'),
    var: await table('var'),
  };
}

/** AnnData objects that are members of one group, by name: modalities, or tables of SpatialData. */
export async function partsFacts(
  group: TreeNode | null,
  what: string,
  problems: Problems,
): Promise<Record<string, Facts>> {
  const found: [string, Facts][] = [];
  for (const name of group === null ? [] : await group.keys()) {
    const child = group === null ? null : await part(group, name, `${what}/${name}`, problems);
    if (child?.kind === 'group') found.push([name, await anndataFacts(child, problems, `${what}/${name}/`)]);
  }
  return record(found);
}

/** Soft links are not followed, as h5py's visititems does not. */
async function treeFacts(root: TreeNode, problems: Problems): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  const walk = async (node: TreeNode, path: string, depth: number): Promise<void> => {
    const names = await node.keys();
    for (const name of names.sort()) {
      if (found.length >= MOST) return;
      const at = path + name;
      try {
        if (node.isLink(name)) continue;
        const child = await node.get(name);
        if (child === null) continue;
        if (child.kind === 'group') {
          found.push([`${at}/`, 'group']);
          if (depth < DEEPEST) await walk(child, `${at}/`, depth + 1);
        } else found.push([at, datasetText(child)]);
      } catch (error) {
        found.push([at, `unreadable: ${problems.note(at, error)}`]);
      }
    }
  };
  await walk(root, '', 1);
  return record(found);
}

function datasetText(node: TreeNode): string {
  const type = node.element === null ? 'unknown' : numpyName(node.element);
  return `${node.filled ? listText(node.shape) : 'None'} ${type} ${node.layout}`;
}
