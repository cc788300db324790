// Facts of Excel workbooks: rows and columns of each sheet as pandas.read_excel gives them, so without the header row,
// and without empty cells at the right and empty rows at the end.
import type { ByteSource } from '../../engine/ports.ts';
import { eachCell, eachText, isFilled, openWorkbook, tokens } from '../workbook.ts';
import type { ZipEntry } from '../zip.ts';
import { record, type Facts } from './facts-types.ts';

/** Unpacked bytes of one part of a workbook. */
const MOST = 2 * 1024 * 1024 * 1024;

export async function workbookFacts(source: ByteSource, entries: readonly ZipEntry[]): Promise<Facts> {
  const book = await openWorkbook(source, entries);
  const empty = new Set<number>();
  if (book.sharedTexts !== null)
    await eachText(tokens(source, book.sharedTexts, MOST), (index, text) => {
      if (text.trim() === '') empty.add(index);
    });
  const sheets: [string, number[]][] = [];
  for (const { name, entry } of book.sheets) {
    let [rows, columns] = [0, 0];
    await eachCell(tokens(source, entry, MOST), ({ row, column, type, value }) => {
      if (!isFilled(type, value, empty)) return;
      rows = Math.max(rows, row);
      columns = Math.max(columns, column);
    });
    sheets.push([name, [Math.max(0, rows - 1), columns]]);
  }
  return { kind: 'xlsx', sheets: record(sheets) };
}
