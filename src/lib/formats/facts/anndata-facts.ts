// Facts of AnnData objects in any tree, as anndata 0.12 reads them: layouts of 0.5 (records, categories in uns), 0.7
// (`__categories`, neighbours still in uns) and later. Matrices are summed, columns counted; everything is read in pieces.
import type { TreeNode } from '../tree.ts';
import { frameFacts, type FrameSource } from './column-facts.ts';
import type { Facts, FrameFacts } from './facts-types.ts';
import { record } from './facts-types.ts';
import { isNull, matrixFacts, matrixShape, sparseFormat } from './matrix-facts.ts';
import type { Problems } from './problems.ts';
import { frameOf, textsOf, type OutsideCategories } from './stored-frame.ts';
import { memberShape, unsFacts } from './uns-facts.ts';

const ALIGNED = ['obsm', 'varm', 'obsp', 'varp'] as const;

export async function anndataFacts(root: TreeNode, problems: Problems, at = ''): Promise<Facts> {
  const get = (name: string): Promise<TreeNode | null> => part(root, name, `${at}${name}`, problems);
  const [x, uns, obsNode, varNode] = [await get('X'), await get('uns'), await get('obs'), await get('var')];
  const outside = obsNode?.kind === 'array' ? await categoriesInUns(uns) : new Map<string, string[]>();
  const shape = x === null || isNull(x) ? null : matrixShape(x);
  const obs = await frame(obsNode, shape?.[0], outside, `${at}obs`, problems);
  const vars = await frame(varNode, shape?.[1], outside, `${at}var`, problems);

  const layers = await get('layers');
  const layerFacts: [string, unknown][] = [];
  for (const name of layers === null ? [] : await layers.keys()) {
    const what = `${at}layers/${name}`;
    const layer = layers === null ? null : await part(layers, name, what, problems);
    layerFacts.push([name, await matrixFacts(layer, what, problems)]);
  }
  const aligned: Record<string, Record<string, number[] | string>> = {};
  for (const name of ALIGNED) aligned[name] = await shapes(await get(name), `${at}${name}`, problems);
  const moved = await neighbours(uns);
  for (const [name, node] of moved) (aligned.obsp ??= {})[name] = matrixShape(node) ?? [];

  const used = new Set<string>();
  for (const name of outside.keys()) {
    if ([obsNode, varNode].some((node) => node?.element?.fields?.some((field) => field.name === name)))
      used.add(`${name}_categories`);
  }
  return {
    kind: 'AnnData',
    n_obs: obs.n,
    n_vars: vars.n,
    X: await matrixFacts(x, `${at}X`, problems),
    layers: record(layerFacts),
    obs,
    var: vars,
    ...aligned,
    uns:
      uns === null ? {} : await unsFacts(uns, { used, moved: new Set(moved.keys()) }, `${at}uns`, problems),
    raw: await rawFacts(root, obs.n, at, problems),
  };
}

/** A member, or null where there is none; damage on the way is noted. */
export async function part(
  node: TreeNode,
  name: string,
  what: string,
  problems: Problems,
): Promise<TreeNode | null> {
  try {
    return await node.get(name);
  } catch (error) {
    problems.note(what, error);
    return null;
  }
}

const NO_ROWS: FrameFacts = { n: 0, index_name: null, index_head: [], index_unique: true, columns: {} };

/** Facts of obs or var; where there is no table, the rows that X has. */
export async function frame(
  node: TreeNode | null,
  rows: number | undefined,
  outside: OutsideCategories,
  what: string,
  problems: Problems,
): Promise<FrameFacts> {
  try {
    const source: FrameSource =
      node === null
        ? { rows: rows ?? 0, indexName: null, index: null, columns: [] }
        : await frameOf(node, outside);
    return await frameFacts(source, (column, error) => problems.note(`${what}, ${column}`, error));
  } catch (error) {
    problems.note(what, error);
    return { ...NO_ROWS, n: rows ?? 0 };
  }
}

/** Before 0.7 the names of categories stood in uns under `<column>_categories`. */
export async function categoriesInUns(uns: TreeNode | null): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  if (uns?.kind !== 'group') return found;
  for (const name of await uns.keys()) {
    if (!name.endsWith('_categories')) continue;
    const node = await uns.get(name);
    if (node?.kind === 'array') found.set(name.replace('_categories', ''), Array.from(await textsOf(node)));
  }
  return found;
}

/** Distances and connectivities of neighbours stood in uns before 0.7; anndata moves them to obsp. */
async function neighbours(uns: TreeNode | null): Promise<Map<string, TreeNode>> {
  const moved = new Map<string, TreeNode>();
  const group = uns?.kind === 'group' ? await uns.get('neighbors').catch(() => null) : null;
  for (const name of ['distances', 'connectivities']) {
    const node = group?.kind === 'group' ? await group.get(name).catch(() => null) : null;
    if (node === null) continue;
    if (sparseFormat(node) !== null || (node.kind === 'array' && node.shape.length === 2))
      moved.set(name, node);
  }
  return moved;
}

async function shapes(
  node: TreeNode | null,
  what: string,
  problems: Problems,
): Promise<Record<string, number[] | string>> {
  if (node === null) return {};
  if (node.kind === 'array') {
    // One array of records, each field a row of its own matrix.
    const rows = node.shape[0] ?? 0;
    return record(
      (node.element?.fields ?? []).map(({ name, type }) => [name, [rows, ...(type.shape ?? [])]] as const),
    );
  }
  const found: [string, number[] | string][] = [];
  for (const name of await node.keys()) {
    const member = await part(node, name, `${what}/${name}`, problems);
    try {
      if (member !== null) found.push([name, await memberShape(member)]);
    } catch (error) {
      found.push([name, `unreadable: ${problems.note(`${what}/${name}`, error)}`]);
    }
  }
  return record(found);
}

async function rawFacts(
  root: TreeNode,
  rows: number,
  at: string,
  problems: Problems,
): Promise<{ shape: number[]; X: unknown } | null> {
  const raw = await part(root, 'raw', `${at}raw`, problems);
  const group = raw?.kind === 'group' ? raw : null;
  const x = group
    ? await part(group, 'X', `${at}raw/X`, problems)
    : await part(root, 'raw.X', `${at}raw.X`, problems);
  const table = group
    ? await part(group, 'var', `${at}raw/var`, problems)
    : await part(root, 'raw.var', `${at}raw.var`, problems);
  if (x === null && table === null) return null;
  const vars = table === null ? null : (await frameOf(table)).rows;
  const shape = x === null ? null : matrixShape(x);
  return {
    shape: [shape?.[0] ?? rows, vars ?? shape?.[1] ?? 0],
    X: await matrixFacts(x, `${at}raw/X`, problems),
  };
}
