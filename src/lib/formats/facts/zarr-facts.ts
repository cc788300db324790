// Facts of Zarr stores: every group and array with type, chunks and shards as zarr-python tells them, the root's
// attributes, and the AnnData objects of the store (alone, as modalities, as tables).
import { listText, numpyName } from '../element-type.ts';
import { reason } from '../summary.ts';
import { textAttr, type TreeNode } from '../tree.ts';
import { openZarr, type ZarrTreeNode } from '../zarr-node.ts';
import type { ObjectStore } from '../zarr-store.ts';
import { anndataFacts, part } from './anndata-facts.ts';
import { record, type Facts } from './facts-types.ts';
import { partsFacts } from './hdf5-facts.ts';
import { Problems } from './problems.ts';
import { jsonText } from './python-json.ts';

export async function zarrFacts(store: ObjectStore): Promise<Facts> {
  const problems = new Problems();
  let root: ZarrTreeNode | null;
  try {
    root = await openZarr(store);
  } catch (error) {
    return { kind: 'unreadable', error: `This Zarr store could not be read (${reason(error)}).` };
  }
  if (root === null) {
    return {
      kind: 'unreadable',
      error: 'The description of this Zarr store is missing or damaged, so its contents cannot be read.',
    };
  }
  const members = await memberFacts(root, problems);
  const facts: Facts = {
    kind: 'Zarr',
    zarr_format: root.zarr.format,
    members: record(members),
    n_members: members.length,
    attrs: record([...root.zarr.attributes].map(([name, value]) => [name, jsonText(value)] as const)),
  };
  if (root.kind === 'array') facts.array = arrayText(root);
  const keys = new Set(root.kind === 'group' ? await root.keys() : []);
  const encoding = (textAttr(root, 'encoding-type') ?? '').toLowerCase();
  if (keys.has('mod'))
    facts.mods = await partsFacts(await part(root, 'mod', 'mod', problems), 'mod', problems);
  else if (keys.has('tables'))
    facts.tables = await partsFacts(await part(root, 'tables', 'tables', problems), 'tables', problems);
  else if (encoding === 'anndata' || (keys.has('obs') && keys.has('var')))
    facts.anndata = await anndataFacts(root, problems);
  return problems.told(facts);
}

async function memberFacts(root: TreeNode, problems: Problems): Promise<[string, string][]> {
  const found: [string, string][] = [];
  const walk = async (node: TreeNode, path: string): Promise<void> => {
    for (const name of await node.keys()) {
      const at = path + name;
      try {
        const child = await node.get(name);
        // A folder between nodes that is no node itself.
        if (child === null) continue;
        found.push([at, child.kind === 'group' ? 'group' : arrayText(child)]);
        if (child.kind === 'group') await walk(child, `${at}/`);
      } catch (error) {
        found.push([at, `unreadable: ${problems.note(at, error)}`]);
      }
    }
  };
  if (root.kind === 'group') await walk(root, '');
  return found;
}

const arrayText = (node: TreeNode): string =>
  `${listText(node.shape)} ${node.element === null ? 'unknown' : numpyName(node.element)} ${node.layout}`;
