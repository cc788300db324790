// The arrays of obsm: which of them can be drawn, the groups of a store that have some, and coordinates of each cell.
import type { ViewContent } from '../engine/ports.ts';
import { frameColumn, frameNames, MOST_ROWS } from './frame-columns.ts';
import { find } from './ome-zarr.ts';
import { clip, count, MAX_PARTS, reason } from './summary.ts';
import { textAttr, Unsupported, type TreeNode } from './tree.ts';

/** Told how far a reading is, in whatever it counts. */
export type Report = (done: number, total: number) => void;

/** Members of obsm that are looked at. */
const MEMBERS = 100;
/** Components of one embedding that is read whole to draw two of them. */
const COMPONENTS = 1_000;

/** Groups with cells to draw: those with an embedding. */
export async function cellGroups(
  root: TreeNode,
  kind: 'AnnData' | 'MuData' | 'SpatialData',
): Promise<{ path: string; name: string }[]> {
  const found = (await embeddingsOf(root)).embeddings.length > 0 ? [{ path: '', name: 'All' }] : [];
  const below = kind === 'AnnData' ? null : kind === 'MuData' ? 'mod' : 'tables';
  const parts = below === null ? null : await root.get(below);
  for (const name of (await parts?.keys())?.slice(0, MAX_PARTS) ?? []) {
    const part = await parts?.get(name).catch(() => null);
    if (part && (await embeddingsOf(part)).embeddings.length > 0)
      found.push({ path: `${below}/${name}`, name: clip(name, 100) });
  }
  return found;
}

/** Throws where there is no such group. */
export async function cellsAt(root: TreeNode, path: string): Promise<TreeNode> {
  const node = await find(root, path);
  if (node?.kind !== 'group') throw new Error(`there is no AnnData at “${clip(path, 100)}”`);
  return node;
}

const USUAL = [/umap/i, /tsne/i, /spatial/i, /draw_graph|phate|diffmap/i, /pca/i];
const rank = (name: string): number => {
  const at = USUAL.findIndex((pattern) => pattern.test(name));
  return at < 0 ? USUAL.length : at;
};

export async function embeddingsOf(
  cells: TreeNode,
): Promise<{ embeddings: { name: string; components: number }[]; notes: string[] }> {
  const notes: string[] = [];
  const obsm = await cells.get('obsm').catch(() => null);
  if (obsm?.kind === 'array')
    return { embeddings: [], notes: ['obsm is kept as records, as anndata 0.5 did, and cannot be drawn.'] };
  const embeddings: { name: string; components: number }[] = [];
  for (const name of ((await obsm?.keys()) ?? []).slice(0, MEMBERS)) {
    try {
      const node = await obsm?.get(name);
      const components = node ? await componentsOf(node) : 0;
      if (components >= 1) embeddings.push({ name, components });
    } catch (error) {
      notes.push(`obsm “${clip(name, 60)}” cannot be drawn (${reason(error)}).`);
    }
  }
  embeddings.sort((a, b) => rank(a.name) - rank(b.name));
  return { embeddings, notes };
}

/** 0 where it is nothing to draw, as MuData's masks of one axis. */
async function componentsOf(node: TreeNode): Promise<number> {
  if (node.kind === 'array') {
    if (node.shape.length !== 2 || !isNumber(node)) return 0;
    return node.shape[1] ?? 0;
  }
  if (textAttr(node, 'encoding-type') !== 'dataframe')
    throw new Unsupported('it is neither an array nor a table');
  return (await frameNames(node)).columns.length;
}

const isNumber = ({ element }: TreeNode): boolean =>
  element !== null && ['int', 'uint', 'float'].includes(element.kind);

/** Coordinates of each cell. */
export async function viewEmbedding(
  root: TreeNode,
  path: string,
  basis: string,
  [across, up]: [number, number],
  report: Report,
): Promise<ViewContent> {
  const cells = await cellsAt(root, path);
  const node = (await (await cells.get('obsm'))?.get(basis)) ?? null;
  const components = node === null ? 0 : await componentsOf(node);
  if (node === null || components < 1) throw new Error(`obsm has no array “${clip(basis, 60)}”`);
  for (const one of [across, up])
    if (!Number.isInteger(one) || one < 0 || one >= components)
      throw new Error(`“${clip(basis, 60)}” has ${count(components)} components`);
  if (node.kind === 'group') {
    const { columns } = await frameNames(node);
    const axis = async (at: number): Promise<Float32Array<ArrayBuffer>> => {
      const column = await frameColumn(cells, node, columns[at] ?? '');
      const values = new Float32Array(rowsOf(column.rows));
      let row = 0;
      for await (const piece of column.values.scan(column.field))
        for (let i = 0; i < piece.length && row < values.length; i++) values[row++] = Number(piece[i]);
      return values;
    };
    return { kind: 'embedding', x: await axis(across), y: await axis(up) };
  }
  const rows = rowsOf(node.shape[0] ?? 0);
  if (components > COMPONENTS) throw new Unsupported(`it has ${count(components)} components`);
  const [x, y] = [new Float32Array(rows), new Float32Array(rows)];
  let row = 0;
  for await (const piece of node.scan()) {
    for (let at = 0; at + components <= piece.length && row < rows; at += components, row++) {
      x[row] = Number(piece[at + across]);
      y[row] = Number(piece[at + up]);
    }
    report(row, rows);
  }
  return { kind: 'embedding', x, y };
}

export function rowsOf(rows: number): number {
  if (rows > MOST_ROWS)
    throw new Unsupported(`it has ${count(rows)} cells, and at most ${count(MOST_ROWS)} are drawn`);
  return rows;
}
