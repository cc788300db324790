// A table as validation looks at it, whatever file it lies in: names, and a way to be told of each column. Frames are answers
// to what the engine asks (engine/curate/frame.ts).
import type { ColumnWant, FrameAsk, FrameRead, IndexRead } from '../../engine/ports.ts';
import { reason } from '../summary.ts';
import { Nulls, none, type Told } from './tally.ts';

export interface CheckedColumn {
  name: string;
  tell(want: ColumnWant, onRows: (rows: number) => void): Promise<Told>;
}

export interface CheckedFrame {
  rows: number;
  columns: CheckedColumn[];
  index: CheckedIndex;
  /** What pandas keeps beside the columns (`DataFrame.attrs`). */
  attrs?: Record<string, unknown>;
}

export interface CheckedIndex {
  name: string | null;
  /** 0 for pandas' plain numbers, which are stored nowhere. */
  levels: number;
  tell: CheckedColumn['tell'] | null;
  /** Names of the rows as texts, for transposed slots. */
  names(): Promise<string[]>;
}

/** Rows that may be names of columns at once. */
export const mostNames = 5_000_000;

export async function answer(
  frame: CheckedFrame,
  ask: FrameAsk,
  onRows: (rows: number) => void,
): Promise<FrameRead> {
  if (ask.transposed) return transposed(frame, ask);
  const read: FrameRead = {
    slot: ask.slot,
    missing: null,
    rows: frame.rows,
    names: frame.columns.map(({ name }) => name),
    columns: [],
    index: null,
  };
  for (const { at, want } of ask.columns) {
    const column = frame.columns[at];
    if (column === undefined) continue;
    read.columns.push({ at, name: column.name, ...(await told(column.tell(want, onRows), frame.rows)) });
  }
  if (ask.index !== 'none') read.index = await indexRead(frame, ask.index, onRows);
  return read;
}

/** A column that cannot be read is an answer too. */
async function told(telling: Promise<Told>, rows: number): Promise<Told> {
  try {
    return await telling;
  } catch (error) {
    return { ...none('object', rows, new Nulls()), problem: reason(error) };
  }
}

async function indexRead(
  { index, rows }: CheckedFrame,
  want: ColumnWant,
  onRows: (rows: number) => void,
): Promise<IndexRead> {
  const { name, levels, tell } = index;
  const found =
    tell === null || levels > 1 ? none('int64', rows, new Nulls()) : await told(tell(want, onRows), rows);
  return { ...found, name, levels, range: levels === 0 };
}

/** Names of rows as columns; a table without columns of its own then has no rows. */
async function transposed(frame: CheckedFrame, ask: FrameAsk): Promise<FrameRead> {
  if (frame.rows > mostNames)
    throw new Error(`it has ${frame.rows.toLocaleString('en')} rows, too many to be names of columns`);
  const names = await frame.index.names();
  return {
    slot: ask.slot,
    missing: null,
    rows: frame.columns.length,
    names,
    // What values they have follows from the columns of the table as it lies; they are never categories.
    columns: ask.columns.map(({ at }) => ({
      at,
      name: names[at] ?? '',
      ...none('object', frame.columns.length, new Nulls()),
      kinds: [],
    })),
    index: null,
  };
}
