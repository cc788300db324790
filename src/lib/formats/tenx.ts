// Count matrices of 10x Genomics: the HDF5 file of Cell Ranger (version 3 and later, and 2) and the folder with
// matrix.mtx, features.tsv and barcodes.tsv. The counts themselves are not read.
import type { FolderSource } from '../engine/ports.ts';
import { decodeText, detectEncoding, head } from './source.ts';
import {
  cellText,
  clip,
  count,
  FEW_MEMBERS,
  partOf,
  PREVIEW_COLUMNS,
  PREVIEW_ROWS,
  reason,
  summaryOf,
  type FileSummary,
  type SummaryPart,
} from './summary.ts';
import { membersOf, type TreeNode } from './tree.ts';

/** Null where the file has neither layout. */
export async function summariseTenx(root: TreeNode): Promise<FileSummary | null> {
  const matrix = await root.get('matrix');
  if (matrix?.kind === 'group') return summariseMatrix(root, matrix, await matrix.get('features'));
  // Cell Ranger 2: one group for each genome.
  for (const name of (await root.keys()).slice(0, 10)) {
    const genome = await root.get(name);
    if (genome?.kind !== 'group' || (await genome.get('genes')) === null) continue;
    const found = await summariseMatrix(root, genome, genome);
    if (found !== null) return { ...found, facts: [...found.facts, { label: 'Genome', value: clip(name) }] };
  }
  return null;
}

/** Names of what stands beside the matrix but does not describe its features. */
const COUNTS = ['data', 'indices', 'indptr', 'shape', 'barcodes'];

async function summariseMatrix(
  root: TreeNode,
  matrix: TreeNode,
  features: TreeNode | null,
): Promise<FileSummary | null> {
  const [shape, barcodes, data] = [
    await matrix.get('shape'),
    await matrix.get('barcodes'),
    await matrix.get('data'),
  ];
  if (shape === null || barcodes === null) return null;
  const [variables, observations] = (await shape.read(2)).map(Number);
  if (variables === undefined || observations === undefined) return null;
  const described: [name: string, node: TreeNode][] = [];
  for (const name of (await features?.keys()) ?? []) {
    const node = COUNTS.includes(name) ? null : await features?.get(name);
    if (node?.kind === 'array' && node.shape[0] === variables) described.push([name, node]);
  }
  const { members } = await membersOf(root, FEW_MEMBERS);
  return summaryOf('10x', {
    suffixFromContent: '.h5',
    rows: observations,
    shape: { observations, variables },
    vars: described.map(([name, { type }]) => ({ name: clip(name), type })),
    members,
    parts: [
      await columnsPart('Features', variables, described),
      await columnsPart('Barcodes', observations, [['barcode', barcodes]]),
    ],
    facts: [
      { label: 'Layout', value: '10x Genomics feature-barcode matrix' },
      { label: 'Stored values', value: count(data?.shape[0] ?? 0) },
    ],
  });
}

async function columnsPart(name: string, rows: number, columns: [string, TreeNode][]): Promise<SummaryPart> {
  const shown = columns.slice(0, PREVIEW_COLUMNS);
  const values: unknown[][] = [];
  for (const [, node] of shown)
    values.push(node.blocked === null ? await node.read(PREVIEW_ROWS).catch(() => []) : []);
  return partOf(name, 'table', {
    size: count(rows),
    rows,
    preview: {
      columns: shown.map(([title]) => clip(title)),
      rows: Array.from({ length: Math.min(rows, PREVIEW_ROWS) }, (_, r) =>
        values.map((column) => cellText(column[r])),
      ),
    },
  });
}

const LISTS = [
  { file: /^(features|genes)\.tsv(\.gz)?$/, name: 'Features', columns: ['id', 'name', 'type'], axis: 0 },
  { file: /^barcodes\.tsv(\.gz)?$/, name: 'Barcodes', columns: ['barcode'], axis: 1 },
] as const;

/** Null where the folder holds no matrix.mtx that can be understood. */
export async function summariseTenxFolder(folder: FolderSource): Promise<FileSummary | null> {
  const matrix = folder.files.find((file) => /(^|\/)matrix\.mtx(\.gz)?$/.test(file.path));
  if (matrix === undefined) return null;
  const start = await firstText(matrix);
  const size = start
    .split('\n')
    .find((line) => line.trim() !== '' && !line.startsWith('%'))
    ?.trim()
    .split(/\s+/)
    .map(Number);
  const [variables, observations, values] = size ?? [];
  if (variables === undefined || observations === undefined || !Number.isFinite(values)) return null;
  const above = matrix.path.slice(0, matrix.path.lastIndexOf('/') + 1);
  const parts: SummaryPart[] = [];
  const problems: string[] = [];
  for (const { file, name, columns, axis } of LISTS) {
    const found = folder.files.find(
      ({ path }) => path.startsWith(above) && file.test(path.slice(above.length)),
    );
    if (found === undefined) {
      problems.push(`Its list of ${name.toLowerCase()} is missing.`);
      continue;
    }
    const rows = axis === 0 ? variables : observations;
    try {
      const lines = (await firstText(found)).split(/\r?\n/, PREVIEW_ROWS + 1).filter((line) => line !== '');
      const cells = lines.slice(0, PREVIEW_ROWS).map((line) => line.split('\t', PREVIEW_COLUMNS));
      const width = Math.max(columns.length, ...cells.map((row) => row.length));
      const names = Array.from({ length: width }, (_, i) => columns[i] ?? `column ${i + 1}`);
      parts.push(
        partOf(name, 'table', {
          size: count(rows),
          rows,
          preview: { columns: names, rows: cells.map((row) => names.map((_, i) => cellText(row[i]))) },
        }),
      );
    } catch (error) {
      problems.push(`Its list of ${name.toLowerCase()} could not be read (${reason(error)}).`);
    }
  }
  return summaryOf('10x', {
    rows: observations,
    shape: { observations, variables },
    parts,
    facts: [
      { label: 'Files', value: count(folder.files.length) },
      { label: 'Layout', value: '10x Genomics matrix folder' },
      { label: 'Stored values', value: count(values ?? 0) },
    ],
    problem: problems.length === 0 ? null : problems.join(' '),
  });
}

async function firstText({ source }: FolderSource['files'][number]): Promise<string> {
  const start = await source.read(0, 2);
  const bytes = await head(source, 64 * 1024, start[0] === 0x1f && start[1] === 0x8b);
  return decodeText(bytes, detectEncoding(bytes) ?? { label: 'utf-8', name: 'UTF-8', bom: 0 });
}
