// All rows of a statement as CSV (RFC 4180), made as they are asked for, so that the result never exists as a whole.
// NULL is an empty field and empty text a quoted one, so that they stay two things; blobs are SQLite's x'…' literals.
import { LoamError } from '../errors.ts';
import type { ReaderRow } from '../ports.ts';
import type { Stepper } from './stepping.ts';
import type { SqlExport, SqlSpec } from './types.ts';

/** A chunk is handed on at this size. */
const chunkChars = 256 * 1024;

function quoted(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A REAL is told from an INTEGER by its point, as in SQLite's own text form. */
export function realText(value: number): string {
  if (value === Infinity) return 'Inf';
  if (value === -Infinity) return '-Inf';
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${Object.is(value, -0) ? '-0' : text}.0` : text;
}

function field(row: ReaderRow, column: number): string {
  const value = row.value(column);
  switch (row.kind(column)) {
    case 'null':
      return '';
    case 'real':
      return realText(value as number);
    case 'text':
      return quoted(value as string);
    case 'blob':
      return `x'${Array.from(value as Uint8Array, (byte) => byte.toString(16).padStart(2, '0')).join('')}'`;
    default:
      return String(value);
  }
}

/**
 * The chunks of the file, the first with the header. `told` is filled in at the end. The time limit holds for each
 * stretch without a row, since a long file is no fault.
 */
export async function* csvChunks(
  stepper: Stepper,
  spec: Pick<SqlSpec, 'uid' | 'sql' | 'params' | 'timeLimitMs'>,
  told: SqlExport,
): AsyncGenerator<string> {
  const s = stepper.begin({ ...spec, skip: 0, keep: true });
  let text = '';
  let headed = false;

  function head(): void {
    if (headed) return;
    headed = true;
    text = `${s.columns.map(({ name }) => quoted(name)).join(',')}\r\n${text}`;
  }
  function visit(row: ReaderRow): boolean {
    const fields: string[] = [];
    for (let i = 0; i < s.columns.length; i++) fields.push(field(row, i));
    text += `${fields.join(',')}\r\n`;
    told.rows++;
    s.spent = 0;
    return text.length < chunkChars;
  }

  try {
    for (;;) {
      const outcome = await stepper.advance(s, visit);
      if (outcome === 'changed') {
        told.changed = true;
        if (!s.reader?.open && told.rows > 0) {
          throw new LoamError(
            'StatementCancelled',
            `The database changed after ${told.rows.toLocaleString('en')} rows in a way that ended the statement. Download again.`,
          );
        }
        continue;
      }
      head();
      const chunk = text;
      text = '';
      yield chunk;
      if (outcome === 'end') return;
    }
  } finally {
    stepper.end(s);
  }
}
