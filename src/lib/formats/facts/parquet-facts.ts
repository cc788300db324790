// Facts of parquet files: schema in Arrow's words, and each column as pandas holds it, index and extension types as pandas
// noted them. Columns are gone through page by page, nested ones row group by row group.
import type * as ArrowModule from 'apache-arrow';
import { parquetMetadataAsync, parquetSchema, type FileMetaData } from 'hyparquet';
import type { ByteSource } from '../../engine/ports.ts';
import { loadArrow } from '../arrow.ts';
import { parquetEnd } from '../parquet.ts';
import { reason } from '../summary.ts';
import { arrowText, fromArrowField, type ArrowField, type ArrowType } from './arrow-type.ts';
import { frameFacts, type FrameSource } from './column-facts.ts';
import { record, type Facts, type FrameFacts } from './facts-types.ts';
import { pandasNotes, type PandasNotes } from './pandas-notes.ts';
import { dtypeOf, indexTexts, openColumn, settle } from './parquet-columns.ts';
import { parquetFields, withOrigin, type ParquetNode } from './parquet-schema.ts';
import { Problems } from './problems.ts';
import { quoted } from './python-text.ts';

/** Tables wider than this are told by their number of columns and the first few. */
const WIDE = 1000;
const FIRST = 5;

export interface ParquetFile {
  source: ByteSource;
  metadata: FileMetaData;
  notes: PandasNotes;
}

/** The file with its description and its columns as Arrow and pandas know them, or why it cannot be read. */
export async function openParquet(
  source: ByteSource,
): Promise<{ file: ParquetFile; nodes: ParquetNode[] } | { problem: string }> {
  const end = await parquetEnd(source);
  if ('problem' in end) return end;
  let metadata: FileMetaData;
  let nodes: ParquetNode[];
  try {
    metadata = await parquetMetadataAsync(end.file, { initialFetchSize: end.footer + 8 });
    nodes = await withArrowSchema(parquetFields(parquetSchema(metadata)), metadata);
  } catch (error) {
    return {
      problem: `The description at the end of this parquet file is damaged, so its table cannot be read (${reason(error)}).`,
    };
  }
  const notes = pandasNotes(metadata.key_value_metadata?.find((entry) => entry.key === 'pandas')?.value);
  return { file: { source, metadata, notes }, nodes };
}

export async function parquetFacts(source: ByteSource): Promise<Facts> {
  const opened = await openParquet(source);
  if ('problem' in opened) return { kind: 'unreadable', error: opened.problem };
  const { file, nodes } = opened;
  const { metadata } = file;
  const facts: Facts = {
    kind: 'Parquet',
    num_rows: Number(metadata.num_rows),
    row_groups: metadata.row_groups.length,
    created_by: metadata.created_by ?? null,
  };
  const schema = nodes.map(({ field }) => [field.name, arrowText(field.type)] as const);
  if (nodes.length > WIDE)
    return { ...facts, schema: record(schema.slice(0, FIRST)), n_columns: nodes.length };
  const problems = new Problems();
  const values = await tableFacts(file, nodes, problems);
  return problems.told({ ...facts, schema: record(schema), values });
}

/** Types as the Arrow program that wrote the file knew them, where it left its schema. */
async function withArrowSchema(nodes: ParquetNode[], metadata: FileMetaData): Promise<ParquetNode[]> {
  const encoded = metadata.key_value_metadata?.find((entry) => entry.key === 'ARROW:schema')?.value;
  if (!encoded) return nodes;
  let fields: ArrowField[];
  try {
    fields = await arrowFields(await loadArrow(), encoded);
  } catch {
    // A note of the writer; the file's own schema is enough.
    return nodes;
  }
  if (fields.length !== nodes.length) return nodes;
  return nodes.map((node, i) =>
    fields[i] === undefined ? node : retyped(node, withOrigin(node.field.type, fields[i].type)),
  );
}

async function arrowFields(arrow: typeof ArrowModule, encoded: string): Promise<ArrowField[]> {
  const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  const { Message } = await import('apache-arrow/ipc/metadata/message');
  const view = new DataView(bytes.buffer);
  const message = Message.decode(bytes.subarray(view.getInt32(0, true) === -1 ? 8 : 4));
  if (!message.isSchema()) throw new Error('no schema');
  const { fields } = message.header() as ArrowModule.Schema;
  return fields.map((field) => fromArrowField(arrow, field));
}

/** The node with another type, carried down to its parts. */
function retyped(node: ParquetNode, type: ArrowType): ParquetNode {
  const field = { ...node.field, type };
  switch (node.shape) {
    case 'leaf':
      return { ...node, field };
    case 'list':
      return type.id === 'list' || type.id === 'fixed-list'
        ? { ...node, field, item: retyped(node.item, type.item.type) }
        : { ...node, field };
    case 'struct':
      return type.id === 'struct'
        ? {
            ...node,
            field,
            fields: node.fields.map((one, i) => retyped(one, type.fields[i]?.type ?? one.field.type)),
          }
        : { ...node, field };
    case 'map':
      return type.id === 'map'
        ? {
            ...node,
            field,
            key: retyped(node.key, type.key.type),
            value: retyped(node.value, type.value.type),
          }
        : { ...node, field };
  }
}

async function tableFacts(file: ParquetFile, nodes: ParquetNode[], problems: Problems): Promise<FrameFacts> {
  const { notes, metadata } = file;
  const rows = Number(metadata.num_rows);
  const named = new Map(nodes.map((node) => [node.field.name, node]));
  const levels = (notes.index ?? []).flatMap((one) => ('column' in one ? [named.get(one.column)] : []));
  const indexNodes = levels.filter((node) => node !== undefined);
  const columns = nodes.filter((node) => !indexNodes.includes(node));
  const frame: FrameSource = {
    rows,
    ...indexOf(file, indexNodes, rows),
    columns: columns.map((node) => ({
      name: node.field.name,
      dtype: dtypeOf(node.field.type, notes.extensions.get(node.field.name)),
      open: () => openColumn(file, node),
    })),
  };
  const facts = await frameFacts(frame, (what, error) => problems.note(what, error));
  for (const node of columns) {
    const name = node.field.name;
    const found = facts.columns[name];
    if (found && !('error' in found)) {
      try {
        facts.columns[name] = await settle(file, node, found);
      } catch (error) {
        facts.columns[name] = { dtype: found.dtype, error: problems.note(`column ${name}`, error) };
      }
    }
  }
  return facts;
}

function indexOf(
  file: ParquetFile,
  nodes: ParquetNode[],
  rows: number,
): Pick<FrameSource, 'indexName' | 'index'> {
  const { notes } = file;
  const [only] = nodes;
  if (nodes.length === 1 && only !== undefined)
    return { indexName: levelName(notes, only), index: () => indexTexts(file, only, (text) => text) };
  if (nodes.length > 1) return { indexName: null, index: () => tuples(file, nodes) };
  const range = notes.index?.find((one) => 'start' in one);
  if (range === undefined || !('start' in range) || range.step === 0n)
    return { indexName: null, index: null };
  const length = (range.stop - range.start + range.step + (range.step > 0n ? -1n : 1n)) / range.step;
  // A range that does not fit the table is replaced by the usual one, without a name.
  if (length !== BigInt(rows)) return { indexName: null, index: null };
  const { start, step, name } = range;
  return {
    indexName: name,
    index: async function* () {
      const piece = 65_536;
      for (let at = 0; at < rows; at += piece)
        yield Array.from({ length: Math.min(piece, rows - at) }, (_, i) =>
          String(start + step * BigInt(at + i)),
        );
    },
  };
}

/** Levels without a name are stored as `__index_level_0__`. */
function levelName(notes: PandasNotes, node: ParquetNode): string | null {
  const { name } = node.field;
  return notes.levels.has(name)
    ? (notes.levels.get(name) ?? null)
    : /^__index_level_\d+__$/.test(name)
      ? null
      : name;
}

/** Rows of an index with several levels are tuples. */
async function* tuples(file: ParquetFile, nodes: ParquetNode[]): AsyncGenerator<string[], void> {
  const levels: string[][] = [];
  for (const node of nodes) {
    const texts: string[] = [];
    const asText =
      node.field.type.id === 'string' || node.field.type.id === 'dictionary' ? quoted : undefined;
    for await (const part of indexTexts(file, node, asText ?? ((text) => text))) texts.push(...part);
    levels.push(texts);
  }
  yield (levels[0] ?? []).map((_, row) => `(${levels.map((level) => level[row] ?? '').join(', ')})`);
}
