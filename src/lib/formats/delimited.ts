// Comma, tab, semicolon and pipe separated text: separator, header, column types, first rows, and the count of rows.
// Quotes may hold separators and line ends (RFC 4180). Types come from the first rows and say so by being only a summary.
import type { ByteSource } from '../engine/ports.ts';
import { countRecords } from './delimited-count.ts';
import type { Sniffed } from './sniff.ts';
import { decodeText } from './source.ts';
import {
  clip,
  count,
  MAX_COLUMNS,
  PREVIEW_COLUMNS,
  PREVIEW_ROWS,
  summaryOf,
  type FileSummary,
  type SummaryColumn,
} from './summary.ts';

const SEPARATORS = [',', '\t', ';', '|'] as const;
const NAMES: Record<string, string> = { ',': 'comma', '\t': 'tab', ';': 'semicolon', '|': 'pipe' };
/** Rows that decide on the types. */
const TYPE_ROWS = 1_000;
/** Cells looked at in total, so that 20,000 columns cost no more than 20. */
const TYPE_CELLS = 400_000;

export async function summariseDelimited(
  source: ByteSource,
  sniffed: Sniffed,
  name: string,
): Promise<FileSummary> {
  const encoding = sniffed.encoding ?? { label: 'utf-8', name: 'UTF-8', bom: 0 };
  let text = decodeText(sniffed.sample, encoding);
  let cut = sniffed.gzip ? sniffed.sample.length >= 256 * 1024 : sniffed.sample.length < source.size;
  const separator = detectSeparator(text, name);
  let records = parseRecords(text, separator, TYPE_ROWS + 1, cut);
  // One line of a very wide table may be longer than the sample.
  if (records.length < 2 && cut && !sniffed.gzip) {
    const more = await source.read(0, 16 * 1024 * 1024);
    cut = more.length < source.size;
    text = decodeText(more, encoding);
    records = parseRecords(text, separator, TYPE_ROWS + 1, cut);
  }
  const counted = await countRecords(source, sniffed.gzip, encoding, separator.charCodeAt(0));
  const first = records[0] ?? [];
  const header = hasHeader(records);
  const body = header ? records.slice(1) : records;
  const width = Math.max(
    first.length,
    ...(header ? [] : body.slice(0, PREVIEW_ROWS).map((row) => row.length)),
  );
  const names = Array.from({ length: width }, (_, i) =>
    header ? (first[i] ?? '').trim() || `column ${i + 1}` : `column ${i + 1}`,
  );
  const decimalComma = separator !== ',' && usesDecimalComma(body);
  const columns = typeColumns(names, body, decimalComma);

  const facts = [
    { label: 'Separator', value: NAMES[separator] ?? separator },
    { label: 'Encoding', value: encoding.name },
  ];
  if (sniffed.gzip) facts.push({ label: 'Compression', value: 'gzip' });
  if (decimalComma) facts.push({ label: 'Decimal mark', value: 'comma' });
  if (!header) facts.push({ label: 'Header', value: 'none: the first line looks like data' });
  const repeated = duplicates(names);
  if (repeated.length > 0) facts.push({ label: 'Repeated column names', value: clip(repeated.join(', ')) });
  const ragged = body.filter((row) => row.length !== width).length;
  if (ragged > 0) {
    facts.push({
      label: 'Uneven rows',
      value: `${count(ragged)} of the first ${count(body.length)} have another number of cells than the header`,
    });
  }
  if (counted.estimated) {
    facts.push({
      label: 'Rows',
      value: `estimated from the first ${count(Math.round(counted.bytes / 2 ** 20))} MiB`,
    });
  }
  const rows = Math.max(0, counted.records - (header ? 1 : 0));
  return summaryOf(separator === '\t' ? 'tsv' : 'csv', {
    suffixFromContent: (separator === '\t' ? '.tsv' : '.csv') + (sniffed.gzip ? '.gz' : ''),
    rows,
    columns,
    columnCount: width,
    facts,
    preview: {
      columns: names.slice(0, PREVIEW_COLUMNS).map((column) => clip(column)),
      rows: body.slice(0, PREVIEW_ROWS).map((row) => previewRow(row, Math.min(width, PREVIEW_COLUMNS))),
    },
    problem: counted.problem,
  });
}

function previewRow(row: string[], width: number): (string | null)[] {
  return Array.from({ length: width }, (_, i) => {
    const cell = row[i];
    return cell === undefined || cell === '' ? null : clip(cell);
  });
}

/** The separator whose records have most evenly more than one cell; the name decides between equals. */
export function detectSeparator(text: string, name: string): string {
  const preferred = /\.tsv(\.\w+)?$/i.test(name) ? '\t' : ',';
  const sample = text.slice(0, 131_072);
  let best: { separator: string; score: number } = { separator: preferred, score: 0 };
  for (const separator of [preferred, ...SEPARATORS.filter((one) => one !== preferred)]) {
    const widths = parseRecords(sample, separator, 20, text.length > sample.length).map((row) => row.length);
    const usual = mostCommon(widths);
    if (usual < 2) continue;
    const even = widths.filter((width) => width === usual).length / widths.length;
    const score = even * even * (1 + Math.log2(usual) / 20);
    if (score > best.score + 1e-9) best = { separator, score };
  }
  return best.separator;
}

function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? 0;
}

/** Records of the text, blank lines left out. `cut` drops the last one, which the sample may have cut in two. */
export function parseRecords(text: string, separator: string, limit: number, cut: boolean): string[][] {
  const records: string[][] = [];
  let row: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const endRow = (): void => {
    if (row.length > 1 || (row[0] ?? '') !== '') records.push(row);
    row = [];
  };
  while (at < text.length && records.length < limit) {
    if (text.charCodeAt(at) === 34) {
      let value = '';
      let from = at + 1;
      for (;;) {
        const quote = text.indexOf('"', from);
        if (quote < 0) {
          value += text.slice(from);
          from = text.length;
          break;
        }
        value += text.slice(from, quote);
        from = quote + 1;
        if (text.charCodeAt(from) !== 34) break;
        value += '"';
        from++;
      }
      at = from;
      row.push(value);
    } else {
      const next = text.indexOf(separator, at);
      const end = Math.min(next < 0 ? text.length : next, endOfLine(text, at, next));
      row.push(text.slice(at, end));
      at = end;
    }
    // Text after a closing quote belongs to the cell in sloppy files; it is skipped up to the next border.
    while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at++;
    if (at >= text.length) break;
    if (text[at] === separator) {
      at++;
      if (at === text.length || text[at] === '\n' || text[at] === '\r') row.push('');
      if (at < text.length && text[at] !== '\n' && text[at] !== '\r') continue;
      if (at >= text.length) break;
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    endRow();
  }
  if (row.length > 0 && !cut && records.length < limit) endRow();
  return records;
}

/** The nearest line end at or after `at`, searched no further than `stop`. */
function endOfLine(text: string, at: number, stop: number): number {
  const end = stop < 0 ? text.length : stop;
  for (let i = at; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 10 || code === 13) return i;
  }
  return end;
}

const INTEGER = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(inf|infinity)$/i;
const COMMA_FLOAT = /^[+-]?\d+,\d+([eE][+-]?\d+)?$/;
const DATE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
/** pandas reads these as missing. */
const MISSING = new Set([
  '',
  'NA',
  'N/A',
  'n/a',
  'NaN',
  'nan',
  'NULL',
  'null',
  'None',
  '#N/A',
  '<NA>',
  '-nan',
  '-NaN',
]);

function typeColumns(names: string[], body: string[][], decimalComma: boolean): SummaryColumn[] {
  const shown = names.slice(0, MAX_COLUMNS);
  const rows = body.slice(
    0,
    Math.max(20, Math.min(TYPE_ROWS, Math.floor(TYPE_CELLS / Math.max(shown.length, 1)))),
  );
  return shown.map((name, i) => {
    let nulls = 0;
    let type: string | null = null;
    for (const row of rows) {
      const cell = (row[i] ?? '').trim();
      if (MISSING.has(cell)) nulls++;
      else type = widen(type, cellType(cell, decimalComma));
    }
    return { name: clip(name), type: type ?? 'empty', nulls: rows.length === body.length ? nulls : null };
  });
}

function cellType(cell: string, decimalComma: boolean): string {
  if (INTEGER.test(cell)) return 'int';
  if (FLOAT.test(cell) || (decimalComma && COMMA_FLOAT.test(cell))) return 'float';
  if (/^(true|false)$/i.test(cell)) return 'bool';
  if (DATE.test(cell)) return 'date';
  return 'str';
}

function widen(before: string | null, now: string): string {
  if (before === null || before === now) return now;
  const numbers = ['int', 'float'];
  return numbers.includes(before) && numbers.includes(now) ? 'float' : 'str';
}

/** Decimal commas: some cells look like 1,5 and none like 1.5. */
function usesDecimalComma(body: string[][]): boolean {
  let commas = 0;
  for (const row of body.slice(0, 200)) {
    for (const cell of row.slice(0, 200)) {
      if (COMMA_FLOAT.test(cell.trim())) commas++;
      else if (/^[+-]?\d+\.\d+$/.test(cell.trim())) return false;
    }
  }
  return commas > 0;
}

/**
 * Tables without a header are rare and need two signs: every number column starts with a number,
 * and the first line repeats a cell or holds a decimal number, which names do not.
 */
function hasHeader(records: string[][]): boolean {
  const first = (records[0] ?? []).slice(0, PREVIEW_COLUMNS).map((cell) => cell.trim());
  const body = records.slice(1, 21);
  if (body.length === 0) return true;
  const isNumber = (cell: string): boolean => INTEGER.test(cell) || FLOAT.test(cell);
  const numeric = first.map((_, i) => body.every((row) => isNumber((row[i] ?? '').trim())));
  if (!numeric.includes(true)) return true;
  if (!first.every((cell, i) => !numeric[i] || isNumber(cell))) return true;
  const numbers = first.filter(isNumber);
  return new Set(numbers).size === numbers.length && numbers.every((cell) => INTEGER.test(cell));
}

function duplicates(names: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  return [...twice].slice(0, 20);
}
