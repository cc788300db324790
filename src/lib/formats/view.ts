// The door of this room for views: what somebody looks at beyond a summary, made anew each time. Throws a LoamError in
// words where the file has no such view or is damaged.
import { LoamError } from '../engine/errors.ts';
import type { FileView, FolderSource, ViewAsk, ViewContent } from '../engine/ports.ts';
import { viewArray } from './array-window.ts';
import { viewColumn } from './cell-colours.ts';
import { viewCells, viewRows } from './cells.ts';
import { viewEmbedding, type Report } from './embeddings.ts';
import { viewGene, viewGenes } from './gene-values.ts';
import { viewNotebook } from './notebook.ts';
import { viewOmePlane } from './ome-plane.ts';
import { withTree } from './open-tree.ts';
import { viewReport } from './validation-report.ts';
import { viewPage } from './web-page.ts';
import { metered, type SyncByteSource } from './source.ts';
import { reason } from './summary.ts';
import { viewPlane } from './tiff-plane.ts';
import type { TreeNode } from './tree.ts';

/** `report` is told how far a long one is, in whatever it counts. */
export async function viewFile(
  input: SyncByteSource | FolderSource,
  ask: ViewAsk,
  report: Report = () => {},
): Promise<FileView> {
  try {
    const { counted, bytes } = meter(input);
    const view = await viewOf(counted, ask, report);
    return { ...view, read: bytes() };
  } catch (error) {
    throw new LoamError('FileUnreadable', `It cannot be shown (${reason(error)}).`);
  }
}

function meter(input: SyncByteSource | FolderSource): {
  counted: SyncByteSource | FolderSource;
  bytes: () => number;
} {
  if (!('files' in input)) {
    const { source, bytes } = metered(input);
    return { counted: source, bytes: () => Math.min(bytes(), input.size) };
  }
  const meters = input.files.map(({ path, source }) => ({ path, size: source.size, ...metered(source) }));
  return {
    counted: { files: meters },
    bytes: () => meters.reduce((sum, { size, bytes }) => sum + Math.min(bytes(), size), 0),
  };
}

function viewOf(input: SyncByteSource | FolderSource, ask: ViewAsk, report: Report): Promise<ViewContent> {
  if (ask.kind === 'plane') {
    if (ask.path === undefined) return viewPlane(aFile(input), ask);
    return withTree(input, (root) => viewOmePlane(root, ask));
  }
  if (ask.kind === 'notebook') return viewNotebook(aFile(input));
  if (ask.kind === 'page') return viewPage(aFile(input));
  if (ask.kind === 'report') return viewReport(aFile(input));
  return withTree(input, (root) => viewTree(root, ask, report));
}

function aFile(input: SyncByteSource | FolderSource): SyncByteSource {
  if ('files' in input) throw new Error('it is a folder');
  return input;
}

type TreeAsk = Exclude<ViewAsk, { kind: 'plane' | 'notebook' | 'page' | 'report' }>;

function viewTree(root: TreeNode, ask: TreeAsk, report: Report): Promise<ViewContent> {
  switch (ask.kind) {
    case 'cells':
      return viewCells(root, ask.path);
    case 'embedding':
      return viewEmbedding(root, ask.path, ask.basis, ask.components, report);
    case 'array':
      return viewArray(root, ask);
    case 'genes':
      return viewGenes(root, ask.path, ask.matrix);
    case 'rows':
      return viewRows(root, ask.path, ask.rows);
    case 'colours':
      return 'column' in ask.by
        ? viewColumn(root, ask.path, ask.by.column, report)
        : viewGene(root, ask.path, ask.by, ask.anyway, report);
  }
}
