// A stored table as a row of Arrow IPC streams of some ten thousand rows each, so that tables of any length pass through
// bounded memory.
import type * as ArrowModule from 'apache-arrow';
import { LoamError } from '../engine/errors.ts';
import { loadArrow } from './arrow.ts';
import { columnReader, textReader, type ColumnReader } from './arrow-column.ts';
import type { FrameSource } from './facts/column-facts.ts';
import { clip, count, reason } from './summary.ts';
import type { TableSlot } from './table-ask.ts';
import { Unsupported } from './tree.ts';

/** Values of one batch, and rows at most. */
const CELLS = 8_000_000;
const ROWS = 65_536;
const COLUMNS = 30_000;
/** Of each column a piece of at most so many bytes is held, and of all together so many. */
const PIECE = 4 * 1024 * 1024;
const HELD = 1.5e9;

/** A column that is not among the rows, and why. */
export interface LeftOutColumn {
  column: string;
  why: string;
}

export interface TableBatches {
  rows: number;
  /** Rows that are worth packing together in a table as wide as this one. */
  rowsOfGroup: number;
  leftOut: LeftOutColumn[];
  /** Arrow IPC streams, at least one. Throws `FileUnreadable` for damage. */
  batches(onRows: (done: number) => void): AsyncGenerator<Uint8Array, void>;
}

/** Rows of a batch for so many columns. */
export const rowsFor = (columns: number): number =>
  Math.max(256, Math.min(ROWS, Math.floor(CELLS / Math.max(1, columns))));

/** What the index is called as a column: `obs_names` and `var_names`, as it is on AnnData whatever name it has there. */
const indexNames: Record<TableSlot, string> = { obs: 'obs_names', var: 'var_names', rows: 'index' };

/** Columns that no table holds are left out and told; damaged ones are an error with the name of the column. */
export async function frameBatches(frame: FrameSource, slot: TableSlot): Promise<TableBatches> {
  if (frame.columns.length > COLUMNS)
    throw new LoamError(
      'FileUnreadable',
      `it has ${count(frame.columns.length)} columns; statements take ${count(COLUMNS)}.`,
    );
  if (frame.columns.length * Math.min(PIECE, frame.rows * 8) > HELD)
    throw new LoamError(
      'FileUnreadable',
      `${count(frame.rows)} rows of ${count(frame.columns.length)} columns are more than this page can hold while it reads them.`,
    );
  const arrow = await loadArrow();
  const readers: { name: string; title: string; reader: ColumnReader }[] = [];
  const leftOut: LeftOutColumn[] = [];
  const named = differentNames();
  const names = frame.index === null ? numbered(frame.rows) : frame.index();
  // A column of the file keeps its name.
  const own = new Set(frame.columns.map(({ name }) => name.toLowerCase()));
  let index = indexNames[slot];
  while (own.has(index)) index += '_';
  readers.push({ name: named(index), title: 'the index', reader: textReader(arrow, names) });
  for (const { name, open } of frame.columns) {
    const title = `column "${clip(name, 60)}"`;
    try {
      readers.push({ name: named(name), title, reader: columnReader(arrow, await open()) });
    } catch (error) {
      if (!(error instanceof Unsupported)) throw damaged(title, error);
      leftOut.push({ column: clip(name, 200), why: reason(error) });
    }
  }
  const step = rowsFor(readers.length);
  return {
    rows: frame.rows,
    rowsOfGroup: step,
    leftOut,
    async *batches(onRows) {
      for (let at = 0; at < frame.rows || at === 0; at += step) {
        const rows = Math.min(step, frame.rows - at);
        const columns: { name: string; data: ArrowModule.Data }[] = [];
        for (const { name, title, reader } of readers)
          columns.push({ name, data: await told(title, () => reader.take(rows)) });
        yield streamOf(arrow, columns, rows);
        onRows(at + rows);
      }
      for (const { title, reader } of readers) await told(title, () => reader.end());
    },
  };
}

const damaged = (title: string, error: unknown) =>
  error instanceof LoamError
    ? error
    : new LoamError('FileUnreadable', `${title} cannot be read (${reason(error)}).`);

async function told<T>(title: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw damaged(title, error);
  }
}

/** Names of columns differ by more than capitals in SQL: a second `leiden` is `leiden_1`. */
export function differentNames(): (name: string) => string {
  const used = new Set<string>();
  return (name) => {
    let free = name;
    for (let i = 1; used.has(free.toLowerCase()); i++) free = `${name}_${i}`;
    used.add(free.toLowerCase());
    return free;
  };
}

/** Names of rows that have none, as anndata gives them. */
async function* numbered(rows: number): AsyncGenerator<string[], void> {
  for (let at = 0; at < rows; at += ROWS)
    yield Array.from({ length: Math.min(ROWS, rows - at) }, (_, i) => String(at + i));
}

function streamOf(
  arrow: typeof ArrowModule,
  columns: readonly { name: string; data: ArrowModule.Data }[],
  length: number,
): Uint8Array {
  const schema = new arrow.Schema(columns.map(({ name, data }) => new arrow.Field(name, data.type, true)));
  const children = columns.map(({ data }) => data);
  const type = new arrow.Struct(schema.fields);
  const batch = new arrow.RecordBatch(schema, arrow.makeData({ type, length, nullCount: 0, children }));
  return arrow.tableToIPC(new arrow.Table([batch]), 'stream');
}
