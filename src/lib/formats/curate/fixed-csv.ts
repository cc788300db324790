// A text table with fixes applied, as bytes: record by record, so that a table of any size passes through. Cells that no fix
// names are written as they were read; only quotation marks that nothing needs may go. Numbers keep their spelling.
import {
  changedText,
  decimal,
  fixedColumns,
  fixedIndex,
  type Change,
  type Fix,
  type FixedColumn,
} from '../../engine/ports.ts';
import type { ByteSource } from '../../engine/ports.ts';
import { floatText } from '../facts/python-text.ts';
import { chunks, gunzipChunks } from '../source.ts';
import { headerOf } from './csv-frame.ts';
import type { CsvLook } from './csv-look.ts';
import { createRecords } from './csv-records.ts';
import { isMissing } from './csv-types.ts';

/** Text that is gathered before it is handed on. */
const piece = 1 << 20;

export async function* fixedCsv(
  source: ByteSource,
  look: CsvLook,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): AsyncGenerator<Uint8Array, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const encoder = new TextEncoder();
  let out = '';
  let rows = 0;
  let end = '\n';
  let columns: FixedColumn[] = [];
  const index = fixedIndex('columns', fixes);
  let width = 0;
  let ahead = 0;
  const line = (cells: readonly string[]): void => {
    // A line without anything in it would be passed over by readers.
    const only = cells.length === 1 && cells[0] === '';
    out += (only ? '""' : cells.map((cell) => quoted(cell, look.separator)).join(look.separator)) + end;
  };
  const records = createRecords(look.separator, (cells, record) => {
    if (record === 0) {
      const names = headerOf(cells);
      width = names.length;
      columns = fixedColumns('columns', names, fixes);
      line(columns.map(({ at, name }) => (name === names[at] ? (cells[at] ?? '') : name)));
      return;
    }
    if (record === 1) ahead = Math.max(0, cells.length - width);
    const names = cells.slice(0, ahead);
    if (ahead === 1 && index.length > 0) names[0] = changed(cells[0], index);
    line([
      ...names,
      ...columns.map(({ at, changes }) => {
        const cell = cells[ahead + at];
        return changes.length === 0 ? (cell ?? '') : changed(cell, changes);
      }),
    ]);
    rows++;
  });
  const bytes = look.gzip ? gunzipChunks(source, Infinity, Infinity) : chunks(source);
  let begun = false;
  for await (const part of bytes) {
    const text = decoder.decode(part, { stream: true });
    if (!begun && /^[^\n]*\r\n/.test(text)) end = '\r\n';
    begun = true;
    records.push(text);
    onRows(rows);
    if (out.length >= piece) {
      yield encoder.encode(out);
      out = '';
    }
  }
  records.push(decoder.decode());
  records.end();
  onRows(rows);
  yield encoder.encode(out);
}

function changed(cell: string | undefined, changes: readonly Change[]): string {
  const empty = cell === undefined || isMissing(cell);
  let now: string | null = empty ? null : cell;
  for (const change of changes) {
    if (now === null || change.kind !== 'map') now = changedText(now, [change]);
    else {
      const { values } = change;
      const named = spellings(now).find((text) => values.has(text));
      if (named !== undefined) now = changedText(named, [change]);
    }
  }
  return now ?? (empty ? (cell ?? '') : '');
}

/** As it is written, and where it is a number as findings tell it: `01` is 1, or 1.0 in a column with gaps. */
function spellings(cell: string): string[] {
  if (!decimal.test(cell)) return [cell];
  const number = Number(cell);
  return [cell, ...(Number.isInteger(number) ? [String(number)] : []), floatText(number)];
}

function quoted(cell: string, separator: string): string {
  return cell.includes(separator) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
