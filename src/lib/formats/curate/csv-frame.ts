// A text table as `pandas.read_csv` loads it (LaminDB's loaders: comma for .csv, tab for .tsv, whatever is inside), for
// validation. The first look reads the header alone; a second one goes through the file once for all columns asked for.
import { LoamError } from '../../engine/errors.ts';
import type { ByteSource, ColumnWant, FrameAsk } from '../../engine/ports.ts';
import { chunks, gunzipChunks } from '../source.ts';
import type { CsvLook } from './csv-look.ts';
import { createRecords } from './csv-records.ts';
import { createCsvColumn, stretchOf } from './csv-types.ts';
import type { CheckedFrame } from './checked-frame.ts';
import type { Told } from './tally.ts';

/** Reads the columns that the ask names; none of them where it names none. */
export async function csvFrame(
  source: ByteSource,
  look: CsvLook,
  ask: FrameAsk | null,
  onRows: (rows: number) => void,
): Promise<CheckedFrame> {
  const wants = new Map<number, ColumnWant>((ask?.columns ?? []).map(({ at, want }) => [at, want]));
  if (ask !== null && ask.index !== 'none') wants.set(-1, ask.index);
  const first = ask === null || ask.namesOnly;
  const table = createTable(wants);
  const records = createRecords(look.separator, table.record);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const bytes = look.gzip ? gunzipChunks(source, Infinity, Infinity) : chunks(source);
  try {
    for await (const part of bytes) {
      records.push(decoder.decode(part, { stream: true }));
      onRows(table.rows());
      // The row behind the header tells whether the first column is the index.
      if (first && table.rows() > 0) break;
    }
    if (!first || table.rows() === 0) {
      records.push(decoder.decode());
      records.end();
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new LoamError(
      'FileUnreadable',
      'The file holds characters that are no UTF-8, as LaminDB reads text tables. Save it as UTF-8.',
    );
  }
  return table.frame(first);
}

function createTable(wants: ReadonlyMap<number, ColumnWant>) {
  let names: string[] | null = null;
  /** Cells before the first named column: the index. */
  let ahead = 0;
  let rows = 0;
  let stretch = 0;
  const asked = [...wants].map(([at, want]) => ({
    at,
    column: createCsvColumn(want),
    cells: [] as (string | undefined)[],
  }));
  function flush(): void {
    for (const { column, cells } of asked) {
      column.add(cells);
      cells.length = 0;
    }
  }
  return {
    rows: (): number => rows,
    record(cells: string[], record: number): void {
      if (record === 0) {
        names = headerOf(cells);
        return;
      }
      const width = names?.length ?? 0;
      if (record === 1) {
        ahead = Math.max(0, cells.length - width);
        stretch = stretchOf(width + ahead);
      }
      if (cells.length > width + ahead) {
        throw new LoamError(
          'FileUnreadable',
          `Row ${rows + 1} has ${cells.length} cells, but the rows above have ${width + ahead}. Mend the row, or put texts that hold the separator in quotation marks.`,
        );
      }
      for (const { at, cells: kept } of asked) kept.push(at < 0 ? cells[0] : cells[ahead + at]);
      rows++;
      if (rows % stretch === 0) flush();
    },
    frame(first: boolean): CheckedFrame {
      if (names === null)
        throw new LoamError(
          'FileUnreadable',
          'The file has no header and no rows, so there is no table in it.',
        );
      flush();
      const told = new Map<number, Told>(asked.map(({ at, column }) => [at, column.told()]));
      const tell = (at: number) => async (): Promise<Told> => {
        const found = told.get(at);
        if (found === undefined) throw new Error('it was not asked for');
        return found;
      };
      return {
        rows: first ? 0 : rows,
        columns: names.map((name, at) => ({ name, tell: tell(at) })),
        index: {
          name: null,
          levels: ahead,
          tell: ahead === 0 ? null : tell(-1),
          names: async () => Array.from({ length: rows }, (_, i) => String(i)),
        },
      };
    },
  };
}

/** Names as pandas makes them different: empty ones by their place, repeated ones by a number behind. */
export function headerOf(cells: readonly string[]): string[] {
  const given = cells.map((cell, i) => {
    const name = i === 0 ? cell.replace(/^\ufeff/, '') : cell;
    return name === '' ? `Unnamed: ${i}` : name;
  });
  const taken = new Set(given);
  const seen = new Map<string, number>();
  return given.map((name) => {
    let count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    if (count === 0) return name;
    let fresh = `${name}.${count}`;
    while (taken.has(fresh)) fresh = `${name}.${++count}`;
    seen.set(name, count + 1);
    taken.add(fresh);
    return fresh;
  });
}
