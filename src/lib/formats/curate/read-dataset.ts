// The door of this room: what a validation asks of a file, a folder or rows in memory, told as pandas, anndata, mudata and
// spatialdata load it. What the file is, is found by its content. Throws `FileUnreadable` for damage, in words.
import { isLoamError, LoamError } from '../../engine/errors.ts';
import type { DatasetRead, FolderSource, FrameAsk } from '../../engine/ports.ts';
import { scverseKind } from '../anndata.ts';
import { Hdf5Problem, withHdf5 } from '../hdf5-file.ts';
import { sniff } from '../sniff.ts';
import type { SyncByteSource } from '../source.ts';
import { reason } from '../summary.ts';
import type { TreeNode } from '../tree.ts';
import { openZarr, zarrRoot } from '../zarr-node.ts';
import { folderStore, zipStore } from '../zarr-store.ts';
import { listZip } from '../zip.ts';
import { answer, type CheckedFrame } from './checked-frame.ts';
import { csvFrame } from './csv-frame.ts';
import { csvLook, isTextTable } from './csv-look.ts';
import { arrowFrame } from './arrow-frame.ts';
import { parquetFrame } from './parquet-frame.ts';
import { rowsFrame, type RowsTable } from './rows-frame.ts';
import { orMissing, slotRead } from './stored-slots.ts';
import { attrsTable } from './stored-uns.ts';

export type { RowsTable } from './rows-frame.ts';

export type ReadInput = SyncByteSource | FolderSource | { rows: RowsTable };

/** `onDone` is told how many rows were gone through so far, of all columns together. */
export async function readDataset(
  input: ReadInput,
  name: string,
  asks: readonly FrameAsk[],
  onDone: (rows: number) => void = () => {},
): Promise<DatasetRead> {
  let [before, last] = [0, 0];
  // Each column begins anew.
  const onRows = (rows: number): void => {
    if (rows < last) before += last;
    last = rows;
    onDone(before + rows);
  };
  try {
    if ('rows' in input) return await table(rowsFrame(input.rows), asks, onRows);
    if ('files' in input) {
      if (zarrRoot(input.files.map(({ path }) => path)) === null) return nothing;
      return await fromTree(await openZarr(folderStore(input)), asks, onRows);
    }
    const sniffed = await sniff(input, name);
    if (sniffed.damage !== null) throw sniffed.damage;
    switch (sniffed.format) {
      case 'parquet':
        return await table(await parquetFrame(input), asks, onRows);
      case 'arrow':
        return await table(await arrowFrame(input), asks, onRows);
      case 'hdf5':
        return await withHdf5(input, (root) => fromTree(root, asks, onRows));
      case 'zip': {
        const entries = await listZip(input);
        if (zarrRoot(entries.map(({ path }) => path)) === null) return nothing;
        return await fromTree(await openZarr(await zipStore(input, entries)), asks, onRows);
      }
      case 'empty':
        throw new LoamError('FileUnreadable', 'This file is empty (0 bytes).');
      default:
        if (!isTextTable(name)) return nothing;
        return await csvTable(input, name, sniffed.gzip, asks, onRows);
    }
  } catch (error) {
    if (isLoamError(error)) throw error;
    if (error instanceof Hdf5Problem) throw new LoamError('FileUnreadable', error.message);
    throw new LoamError(
      'FileUnreadable',
      `This file is damaged, or holds what is not read here (${reason(error)}).`,
    );
  }
}

const nothing: DatasetRead = { otype: null, frames: [], bytesRead: null };

async function table(
  frame: CheckedFrame,
  asks: readonly FrameAsk[],
  onRows: (rows: number) => void,
): Promise<DatasetRead> {
  const frames = [];
  for (const ask of asks) {
    if (ask.slot === 'columns') frames.push(await answer(frame, ask, onRows));
    else if (ask.slot.startsWith('attrs')) {
      const keys = ask.slot.split(':').slice(1);
      const attrs = async () => answer(rowsFrame(attrsTable(frame.attrs ?? {}, keys, ask.slot)), ask, onRows);
      frames.push(await orMissing(ask, attrs));
    }
  }
  return { otype: 'DataFrame', frames, bytesRead: null };
}

async function csvTable(
  input: SyncByteSource,
  name: string,
  gzip: boolean,
  asks: readonly FrameAsk[],
  onRows: (rows: number) => void,
): Promise<DatasetRead> {
  const ask = asks.find(({ slot }) => slot === 'columns') ?? null;
  const frame = await csvFrame(input, csvLook(name, gzip), ask, onRows);
  return table(frame, asks, onRows);
}

async function fromTree(
  root: TreeNode | null,
  asks: readonly FrameAsk[],
  onRows: (rows: number) => void,
): Promise<DatasetRead> {
  if (root === null)
    throw new LoamError('FileUnreadable', 'The description of this Zarr store is missing or damaged.');
  const kind = await scverseKind(root);
  if (kind === null) return nothing;
  const frames = [];
  for (const ask of asks) frames.push(await slotRead(root, kind, ask, onRows));
  return { otype: kind, frames, bytesRead: null };
}
