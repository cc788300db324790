// Records of a text table as pandas' C reader cuts them: a quote opens only at the start of a cell, doubled ones stand for
// one, blank lines are skipped, a line of too many cells is an error. Cells come as texts; what they mean is csv-frame.ts.
import { LoamError } from '../../engine/errors.ts';

export interface Records {
  /** Complete records of the text so far are handed to `each`, which must not keep the array. */
  push(text: string): void;
  end(): void;
}

/** A cell longer than this is not what tables are for. */
const longest = 64 * 2 ** 20;

/** Cells are asked for by `each` with the record's number of cells. */
export function createRecords(separator: string, each: (cells: string[], record: number) => void): Records {
  const sep = separator.charCodeAt(0);
  let cells: string[] = [];
  let held = '';
  /** In a quoted cell, or just behind its closing quote. */
  let state: 'start' | 'plain' | 'quoted' | 'quote' = 'start';
  let record = 0;
  let skipNewline = false;

  function endRecord(): void {
    const blank = cells.length === 0 || (cells.length === 1 && /^[ \t]*$/.test(cells[0] ?? ''));
    if (!blank || wasQuoted) each(cells, record++);
    cells = [];
    wasQuoted = false;
  }
  let wasQuoted = false;

  return {
    push(text) {
      let from = 0;
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (skipNewline) {
          skipNewline = false;
          if (code === 10) {
            from = i + 1;
            continue;
          }
        }
        if (state === 'quoted') {
          if (code !== 34) continue;
          held += text.slice(from, i);
          from = i + 1;
          state = 'quote';
          continue;
        }
        if (code === 34) {
          if (state === 'start') {
            state = 'quoted';
            wasQuoted = true;
            from = i + 1;
          } else if (state === 'quote') {
            // A doubled quote: the second one is kept with what follows.
            from = i;
            state = 'quoted';
          }
          continue;
        }
        if (code === sep) {
          cells.push(held + text.slice(from, i));
          held = '';
          from = i + 1;
          state = 'start';
        } else if (code === 10 || code === 13) {
          if (state !== 'start' || cells.length > 0 || i > from || held !== '')
            cells.push(held + text.slice(from, i));
          held = '';
          from = i + 1;
          state = 'start';
          skipNewline = code === 13;
          endRecord();
        } else state = 'plain';
      }
      held += text.slice(from);
      if (held.length > longest) {
        throw new LoamError(
          'FileUnreadable',
          `A cell of record ${record + 1} does not end within ${longest / 2 ** 20} million characters, so this is no text table.`,
        );
      }
    },
    end() {
      if (state === 'quoted') {
        throw new LoamError(
          'FileUnreadable',
          `A quotation mark in record ${record + 1} is never closed. Close it, or double marks that belong to a text.`,
        );
      }
      if (held !== '' || cells.length > 0) {
        cells.push(held);
        endRecord();
      }
    },
  };
}
