// The rows of a statement as the grid holds them: pages one after the other, and single values as text. Types are told
// apart by how they look: a REAL has a point, a blob is bytes in hex, NULL is no text at all.
import type { FilesRead } from './file-statements.ts';
import type { SqlPage } from '../workers/wire.ts';
import { bytes } from './words.ts';

export type Kind = 'null' | 'integer' | 'real' | 'text' | 'blob';

/** As the engine numbers storage classes (engine/console/types.ts). */
const KINDS: readonly Kind[] = ['null', 'integer', 'real', 'text', 'blob'];

export interface SqlResult {
  sql: string;
  columns: SqlPage['columns'];
  /** Those in memory, in order. Where rows are kept on the device there are gaps between them. */
  pages: SqlPage[];
  /** Row number of each page's first row. */
  starts: number[];
  /** Rows that can be shown: in memory, or kept on the device. */
  count: number;
  more: boolean;
  /** Milliseconds of work for all pages. */
  ms: number;
  stopped: boolean;
  changed: boolean;
  /** A long act was going on: its rows so far may be among these. */
  unfinished: boolean;
  stamp: string;
  artifacts: ReadonlySet<string>;
  /** What was read for it, where it is over files; null for rows of the registries. */
  meter: FilesRead | null;
}

export interface Cell {
  kind: Kind;
  text: string;
  /** Bytes of the whole value where only its beginning is here. */
  cutFrom: number | null;
  /** The artifact it names. */
  artifact: string | null;
}

export function resultOf(sql: string, page: SqlPage, unfinished: boolean): SqlResult {
  return {
    sql,
    columns: page.columns,
    pages: [page],
    starts: [0],
    count: page.count,
    more: page.more,
    ms: page.ms,
    stopped: page.stopped,
    changed: page.changed,
    unfinished,
    stamp: page.stamp,
    artifacts: new Set(page.artifacts),
    meter: null,
  };
}

export function withPage(result: SqlResult, page: SqlPage, unfinished: boolean): SqlResult {
  return {
    ...result,
    pages: [...result.pages, page],
    starts: [...result.starts, result.count],
    count: result.count + page.count,
    more: page.more,
    ms: result.ms + page.ms,
    stopped: page.stopped,
    changed: result.changed || page.changed,
    unfinished: result.unfinished || unfinished,
    stamp: page.stamp,
    artifacts: new Set([...result.artifacts, ...page.artifacts]),
  };
}

function pageAt(result: SqlResult, row: number): { page: SqlPage; at: number } | null {
  const { pages, starts } = result;
  let [low, high] = [0, pages.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= row) low = middle;
    else high = middle - 1;
  }
  const page = pages[low];
  const at = row - (starts[low] ?? 0);
  return page && at >= 0 && at < page.count ? { page, at } : null;
}

/** Whether the row is in memory. */
export const hasRow = (result: SqlResult, row: number): boolean => pageAt(result, row) !== null;

/** Pages in memory, at most; the first one stays. */
const PAGES_MOST = 128;

/** With a page from anywhere; those farthest from it give way. */
export function withKept(result: SqlResult, page: SqlPage, from: number): SqlResult {
  const all = result.pages.map((one, i) => ({ page: one, from: result.starts[i] ?? 0 }));
  if (all.some((one) => one.from === from)) return result;
  all.push({ page, from });
  const [first, ...others] = all.sort((a, b) => a.from - b.from);
  others.sort((a, b) => Math.abs(a.from - from) - Math.abs(b.from - from));
  const near = others.slice(0, PAGES_MOST - 1).sort((a, b) => a.from - b.from);
  const shown = first ? [first, ...near] : near;
  return { ...result, pages: shown.map((one) => one.page), starts: shown.map((one) => one.from) };
}

function textOf(kind: Kind, value: unknown): string {
  if (kind === 'null') return '';
  if (kind === 'real') {
    if (Number.isNaN(value)) return 'NaN';
    if (!Number.isFinite(value)) return value === Infinity ? 'Inf' : '-Inf';
    const text = Object.is(value, -0) ? '-0' : String(value);
    return /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
  if (kind === 'blob') {
    const hex = Array.from(value as Uint8Array, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return `x'${hex}'`;
  }
  return String(value);
}

/** Where rows end early, or a column is not there, a cell is NULL. */
export function cellAt(result: SqlResult, row: number, column: number): Cell {
  const found = pageAt(result, row);
  if (!found) return { kind: 'null', text: '', cutFrom: null, artifact: null };
  const { page, at } = found;
  const kind = KINDS[page.kinds[column]?.[at] ?? 0] ?? 'null';
  const value = page.values[column]?.[at] ?? null;
  const text = textOf(kind, value);
  const cut = page.cut.find((one) => one.column === column && one.row === at);
  const artifact = typeof value === 'string' && result.artifacts.has(value) ? value : null;
  return { kind, text, cutFrom: cut?.bytes ?? null, artifact };
}

/** One line for the grid: line breaks are shown, blobs as their size. */
export function shortText(cell: Cell): string {
  if (cell.kind === 'blob') return `${bytes(cell.cutFrom ?? (cell.text.length - 3) / 2)} blob`;
  return cell.text
    .slice(0, 400)
    .replace(/\r?\n|\r/g, ' ⏎ ')
    .replaceAll('\t', ' ⇥ ');
}

/** Storage classes seen in a column, for its heading. */
export function kindsOf(result: SqlResult, column: number): Kind[] {
  const seen = new Set<number>();
  for (const page of result.pages) for (const kind of page.kinds[column] ?? []) seen.add(kind);
  return [...seen].map((number) => KINDS[number] ?? 'null').filter((kind) => kind !== 'null');
}

export interface CellRange {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/** Cells as spreadsheets take them: tabs between, text with tabs, breaks or quotes in quotes. */
export function tsv(result: SqlResult, { top, left, bottom, right }: CellRange, head: boolean): string {
  const quote = (text: string) => (/[\t\r\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines: string[] = [];
  const columns = Array.from({ length: right - left + 1 }, (_, i) => left + i);
  if (head) lines.push(columns.map((column) => quote(result.columns[column]?.name ?? '')).join('\t'));
  for (let row = top; row <= bottom; row++)
    lines.push(columns.map((column) => quote(cellAt(result, row, column).text)).join('\t'));
  return lines.join('\n');
}

/** All pages as CSV (RFC 4180), in the form that the engine writes: NULL is an empty field, empty text a quoted one. */
export function csvLines(
  first: SqlPage,
  next: () => Promise<{ page: SqlPage }>,
  count: (rows: number) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let page: SqlPage | null = first;
  const head = `${first.columns.map(({ name }) => csvField('text', name)).join(',')}\r\n`;
  return new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(head)),
    async pull(controller) {
      if (!page) return controller.close();
      const shown: SqlPage = page;
      count(shown.count);
      const lines = Array.from({ length: shown.count }, (_, row) =>
        shown.columns
          .map((_column, at) => {
            const kind = KINDS[shown.kinds[at]?.[row] ?? 0] ?? 'null';
            return csvField(kind, textOf(kind, shown.values[at]?.[row] ?? null));
          })
          .join(','),
      );
      controller.enqueue(encoder.encode(lines.map((line) => `${line}\r\n`).join('')));
      page = shown.more ? (await next()).page : null;
    },
  });
}

function csvField(kind: Kind, text: string): string {
  if (kind !== 'text') return text;
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
