// What files hold and are made of, for `load` and `fromDataFrame`: JSON, text, and tables as rows. The parquet library is
// loaded when a parquet file is met.
import { LoamError } from '../engine/errors.ts';
import { DataFrame } from './data-frame.ts';

type Row = Record<string, unknown>;

/** Text that is given as text. */
const texts = new Set(
  '.txt .md .html .svg .yaml .yml .xml .py .r .sh .qmd .rmd .fasta .fa .log .toml .js .ts .sql'.split(' '),
);

/** The content by its suffix: JSON as a value, tables as rows, text as text, all else as bytes. */
export async function loadFile(file: Blob, suffix: string): Promise<unknown> {
  switch (suffix.toLowerCase()) {
    case '.json':
      return JSON.parse(await file.text()) as unknown;
    case '.jsonl':
      return (await file.text())
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line) as unknown);
    case '.csv':
      return delimited(await file.text(), ',');
    case '.tsv':
      return delimited(await file.text(), '\t');
    case '.parquet':
      return parquetRows(file);
    default:
      return texts.has(suffix.toLowerCase()) ? file.text() : new Uint8Array(await file.arrayBuffer());
  }
}

/** Rows of a text with a header. A column whose every value is a number, or true and false, is read as such. */
export function delimited(text: string, separator: string): Row[] {
  const [names = [], ...lines] = fieldsOf(text, separator);
  const columns = names.map((_, c) => read(lines.map((line) => line[c] ?? '')));
  return lines.map((_, r) => Object.fromEntries(names.map((name, c) => [name, columns[c]?.[r] ?? null])));
}

function read(values: readonly string[]): unknown[] {
  const given = values.filter((value) => value !== '');
  const all = (pattern: RegExp) => given.length > 0 && given.every((value) => pattern.test(value));
  const number = all(/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/);
  const truth = all(/^(true|false)$/i);
  return values.map((value) => {
    if (value === '') return null;
    return number ? Number(value) : truth ? value.toLowerCase() === 'true' : value;
  });
}

function fieldsOf(text: string, separator: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  let field = '';
  let quoted = false;
  const body = text.replace(/^\ufeff/, '');
  for (let at = 0; at < body.length; at++) {
    const character = body[at] ?? '';
    if (quoted) {
      if (character !== '"') field += character;
      else if (body[at + 1] === '"') field += body[++at] ?? '';
      else quoted = false;
    } else if (character === '"' && field === '') quoted = true;
    else if (character === separator) {
      line.push(field);
      field = '';
    } else if (character === '\n') {
      lines.push([...line, field.replace(/\r$/, '')]);
      line = [];
      field = '';
    } else field += character;
  }
  if (field !== '' || line.length > 0) lines.push([...line, field.replace(/\r$/, '')]);
  return lines;
}

async function parquetRows(file: Blob): Promise<Row[]> {
  const { parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const bytes = {
    byteLength: file.size,
    slice: (start: number, end?: number) => file.slice(start, end ?? file.size).arrayBuffer(),
  };
  const rows = (await parquetReadObjects({ file: bytes, compressors })) as Row[];
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, small(value)])),
  );
}

const small = (value: unknown): unknown =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;

/** A table as the file that its key asks for: `.csv`, `.tsv`, else parquet. */
export async function tableFile(given: DataFrame | readonly Row[], key: string): Promise<Blob> {
  const rows = given instanceof DataFrame ? given.rows() : given;
  if (!Array.isArray(rows) || rows.some((row) => row === null || typeof row !== 'object'))
    throw new LoamError('TypeError', 'A data frame is made of rows, each an object of its columns.');
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) throw new LoamError('ValueError', 'A data frame without columns cannot be saved.');
  const separator = key.endsWith('.csv') ? ',' : key.endsWith('.tsv') ? '\t' : null;
  if (separator !== null) {
    const cell = (value: unknown) => {
      const text =
        value === null || value === undefined
          ? ''
          : typeof value === 'object'
            ? JSON.stringify(value)
            : String(value);
      return /["\r\n]/.test(text) || text.includes(separator) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    const lines = [names, ...rows.map((row) => names.map((name) => row[name]))].map((line) =>
      line.map(cell).join(separator),
    );
    return new Blob([`${lines.join('\n')}\n`]);
  }
  if (!key.endsWith('.parquet'))
    throw new LoamError(
      'InvalidArgument',
      `The key of a data frame ends with .parquet, .csv or .tsv, not as "${key}" does.`,
    );
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  return new Blob([parquetWriteBuffer({ columnData: names.map((name) => parquetColumn(name, rows)) })]);
}

function parquetColumn(name: string, rows: readonly Row[]) {
  const data = rows.map((row) => row[name] ?? null);
  const given = data.filter((value) => value !== null);
  const every = (test: (value: unknown) => boolean) => given.length > 0 && given.every(test);
  const column = { name, nullable: true };
  if (every((value) => typeof value === 'boolean')) return { ...column, data, type: 'BOOLEAN' as const };
  if (every(Number.isSafeInteger))
    return {
      ...column,
      data: data.map((value) => (value === null ? null : BigInt(value as number))),
      type: 'INT64' as const,
    };
  if (every((value) => typeof value === 'number')) return { ...column, data, type: 'DOUBLE' as const };
  if (every((value) => value instanceof Date)) return { ...column, data, type: 'TIMESTAMP' as const };
  const text = (value: unknown) =>
    value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);
  return { ...column, data: data.map(text), type: 'STRING' as const };
}
