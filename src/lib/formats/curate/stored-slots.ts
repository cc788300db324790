// Slots of AnnData, MuData and SpatialData wherever in a store they lie, for validation: obs and var as tables, uns and attrs
// as tables of one row. X and its like are never touched. What is not there is told with what is there instead.
import type { FrameAsk, FrameRead } from '../../engine/ports.ts';
import type { ScverseKind } from '../anndata.ts';
import { categoriesInUns } from '../facts/anndata-facts.ts';
import { isNull, matrixShape } from '../facts/matrix-facts.ts';
import { frameOf } from '../facts/stored-frame.ts';
import type { FrameSource } from '../facts/column-facts.ts';
import { clip } from '../summary.ts';
import type { TreeNode } from '../tree.ts';
import { answer, mostNames, type CheckedFrame } from './checked-frame.ts';
import { Missing } from './opaque.ts';
import { rowsFrame, type RowsTable } from './rows-frame.ts';
import { attrsTable, unsTable } from './stored-uns.ts';
import { tally } from './tally.ts';

export async function slotRead(
  root: TreeNode,
  kind: ScverseKind,
  ask: FrameAsk,
  onRows: (rows: number) => void,
): Promise<FrameRead> {
  return orMissing(ask, async () => answer(await slotFrame(root, kind, ask.slot), ask, onRows));
}

/** A part that is not there is an answer. */
export async function orMissing(ask: FrameAsk, read: () => Promise<FrameRead>): Promise<FrameRead> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    const { message, available } = error;
    return { slot: ask.slot, missing: { message, available }, rows: 0, names: [], columns: [], index: null };
  }
}

async function slotFrame(root: TreeNode, kind: ScverseKind, slot: string): Promise<CheckedFrame> {
  const parts = slot.split(':');
  if (kind === 'SpatialData') {
    if (parts[0] === 'tables' && parts.length === 3)
      return tableFrame(await member(root, 'tables', parts[1] ?? '', 'table'), parts[2] ?? '', slot);
    const keys = parts[0]?.startsWith('attrs') ? parts.slice(1) : [slot];
    const { spatialdata_attrs: _own, ...attrs } = root.attrs;
    return rows(attrsTable(attrs, keys, slot));
  }
  const at = parts.indexOf('uns');
  if (kind === 'MuData' && at !== 0 && parts.length > 1) {
    const modality = await member(root, 'mod', parts[0] ?? '', 'modality');
    return at === 1
      ? rows(await unsTable(modality, parts.slice(2), slot))
      : tableFrame(modality, parts[1] ?? '', slot);
  }
  return at === 0 ? rows(await unsTable(root, parts.slice(1), slot)) : tableFrame(root, slot, slot);
}

const rows = (table: RowsTable): CheckedFrame => rowsFrame(table);

async function member(root: TreeNode, group: string, name: string, word: string): Promise<TreeNode> {
  const parent = await root.get(group);
  const names = parent?.kind === 'group' ? await parent.keys() : [];
  const found = names.includes(name) ? await parent?.get(name) : null;
  if (!found) throw new Missing(`The dataset has no ${word} '${clip(name, 60)}'.`, names);
  return found;
}

async function tableFrame(root: TreeNode, slot: string, whole: string): Promise<CheckedFrame> {
  const name = slot.replace(/\.T$/, '');
  if (name !== 'obs' && name !== 'var')
    throw new Missing(`The slot '${clip(whole, 60)}' cannot be validated.`, ['obs', 'var', 'var.T', 'uns']);
  const node = await root.get(name);
  if (node !== null) {
    const outside = node.kind === 'array' ? await categoriesInUns(await root.get('uns')) : undefined;
    return checked(await frameOf(node, outside));
  }
  // Without a table the rows are those of X, which is not read for that.
  const x = await root.get('X');
  const shape = x === null || isNull(x) ? null : matrixShape(x);
  const count = shape?.[name === 'obs' ? 0 : 1];
  if (count === undefined) throw new Missing(`The dataset holds no ${name}.`, []);
  return checked({ rows: count, indexName: null, index: null, columns: [] });
}

/** anndata holds the names of rows as texts, also those that are plain numbers. */
function checked(frame: FrameSource): CheckedFrame {
  const names = async function* (): AsyncGenerator<ArrayLike<string>, void> {
    if (frame.index !== null) return yield* frame.index();
    // A shape that a file merely claims is no reason to count to it.
    if (frame.rows > mostNames)
      throw new Error(`it claims ${frame.rows.toLocaleString('en')} rows without names`);
    const piece = 65_536;
    for (let at = 0; at < frame.rows; at += piece)
      yield Array.from({ length: Math.min(piece, frame.rows - at) }, (_, i) => String(at + i));
  };
  return {
    rows: frame.rows,
    columns: frame.columns.map(({ name, open }) => ({
      name,
      async tell(want, onRows) {
        const source = await open();
        const kind = source.kind === 'category' ? (source.of ?? 'str') : 'str';
        return tally(source, want, { kind, onRows });
      },
    })),
    index: {
      name: frame.indexName,
      levels: 1,
      tell: (want, onRows) =>
        tally(
          {
            kind: 'object',
            dtype: 'object',
            async *pieces() {
              for await (const values of names()) yield { values };
            },
          },
          want,
          { kind: 'str', onRows },
        ),
      async names() {
        const all: string[] = [];
        for await (const part of names()) for (let i = 0; i < part.length; i++) all.push(part[i] ?? '');
        return all;
      },
    },
  };
}
