// Excel workbooks (.xlsx): the sheets with their sizes and first rows, read from the XML inside the zip. Nothing in it is
// run or followed: formulas give the value they had when the file was saved.
import type { ByteSource } from '../engine/ports.ts';
import {
  clip,
  count,
  MAX_PARTS,
  partOf,
  PREVIEW_COLUMNS,
  PREVIEW_ROWS,
  reason,
  summaryOf,
  type FileSummary,
  type SummaryPart,
} from './summary.ts';
import { entryChunks } from './zip-entry.ts';
import type { ZipEntry } from './zip.ts';

/** The list of sheets and its like are read whole; no tag is longer. */
const SMALL = 16 * 1024 * 1024;
/** Unpacked bytes of all sheets together that are gone through, and of the shared texts. */
const SHEETS = 16 * 1024 * 1024;
/** Shared texts that are kept. */
const TEXTS = 200_000;

const amount = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;

export const isWorkbook = (entries: readonly ZipEntry[]): boolean =>
  entries.some((entry) => entry.path === 'xl/workbook.xml');

export interface Sheet {
  name: string;
  hidden: boolean;
  entry: ZipEntry;
}

export interface Workbook {
  sheets: Sheet[];
  sharedTexts: ZipEntry | null;
  styles: ZipEntry | null;
  /** Days are counted from 1904, as old Macs did. */
  from1904: boolean;
}

/** The parts of a workbook. Sheets of charts hold no cells and are left out, as pandas does. */
export async function openWorkbook(source: ByteSource, entries: readonly ZipEntry[]): Promise<Workbook> {
  const named = new Map(entries.map((entry) => [entry.path, entry]));
  const text = (path: string): Promise<string> => {
    const entry = named.get(path);
    if (entry === undefined) throw new Error(`its part ${path} is missing`);
    return entryText(source, entry);
  };
  const targets = new Map<string, string>();
  for (const tag of (await text('xl/_rels/workbook.xml.rels')).match(/<(?:\w+:)?Relationship\s[^>]*>/g) ??
    []) {
    const target = attribute(tag, 'Target') ?? '';
    targets.set(attribute(tag, 'Id') ?? '', target.startsWith('/') ? target.slice(1) : `xl/${target}`);
  }
  const sheets: Sheet[] = [];
  const book = await text('xl/workbook.xml');
  for (const tag of book.match(/<(?:\w+:)?sheet\s[^>]*>/g) ?? []) {
    const path = targets.get(attribute(tag, 'r:id') ?? '') ?? '';
    const entry = named.get(path);
    if (entry === undefined || !/worksheets\//.test(path)) continue;
    const hidden = (attribute(tag, 'state') ?? 'visible') !== 'visible';
    sheets.push({ name: attribute(tag, 'name') ?? '', hidden, entry });
  }
  const properties = /<(?:\w+:)?workbookPr\s[^>]*>/.exec(book)?.[0] ?? '';
  return {
    sheets,
    sharedTexts: named.get('xl/sharedStrings.xml') ?? null,
    styles: named.get('xl/styles.xml') ?? null,
    from1904: /^(1|true)$/.test(attribute(properties, 'date1904') ?? ''),
  };
}

export async function summariseWorkbook(
  source: ByteSource,
  entries: readonly ZipEntry[],
): Promise<FileSummary> {
  const found = summaryOf('xlsx', { suffixFromContent: '.xlsx' });
  try {
    const book = await openWorkbook(source, entries);
    const texts = book.sharedTexts === null ? NO_TEXTS : await sharedTexts(source, book.sharedTexts);
    const isDate = book.styles === null ? [] : dateStyles(await entryText(source, book.styles));
    const parts: SummaryPart[] = [];
    const problems: string[] = [];
    let left = SHEETS;
    for (const sheet of book.sheets.slice(0, MAX_PARTS)) {
      try {
        const read = await readSheet(source, sheet.entry, texts, {
          isDate,
          from1904: book.from1904,
          limit: left,
        });
        left = Math.max(1024 * 1024, left - read.bytes);
        parts.push(sheetPart(sheet, read));
      } catch (error) {
        problems.push(`The sheet “${clip(sheet.name, 60)}” could not be read (${reason(error)}).`);
      }
    }
    const hidden = book.sheets.filter((sheet) => sheet.hidden).length;
    return {
      ...found,
      facts: [
        {
          label: 'Sheets',
          value:
            hidden === 0
              ? count(book.sheets.length)
              : `${count(book.sheets.length)}, ${count(hidden)} of them hidden`,
        },
      ],
      parts,
      problem: problems.length === 0 ? null : clip(problems.slice(0, 3).join(' '), 600),
    };
  } catch (error) {
    return { ...found, problem: `This workbook is damaged and could not be read (${reason(error)}).` };
  }
}

interface ReadSheet {
  rows: number;
  columns: number;
  /** False where the sheet was not gone through to its end. */
  whole: boolean;
  bytes: number;
  /** The first rows from the top, the header among them. */
  cells: (string | null)[][];
}

function sheetPart({ name, hidden }: Sheet, { rows, columns, whole, cells }: ReadSheet): SummaryPart {
  const width = Math.min(columns, PREVIEW_COLUMNS);
  const [header = [], ...body] = cells;
  const data = Math.max(0, rows - 1);
  return partOf(name, hidden ? 'hidden sheet' : 'sheet', {
    size: `${whole ? '' : 'more than '}${amount(data, 'row')} × ${amount(columns, 'column')}`,
    rows: whole ? data : null,
    preview:
      rows === 0
        ? null
        : {
            columns: Array.from({ length: width }, (_, i) => header[i] ?? columnLetters(i + 1)),
            rows: body
              .slice(0, Math.min(PREVIEW_ROWS, data))
              .map((row) => Array.from({ length: width }, (_, i) => row[i] ?? null)),
          },
  });
}

const ATTRIBUTES = new Map<string, RegExp>();

function attribute(tag: string, name: string): string | null {
  let pattern = ATTRIBUTES.get(name);
  if (pattern === undefined) ATTRIBUTES.set(name, (pattern = new RegExp(`\\s${name}="([^"]*)"`)));
  const found = pattern.exec(tag)?.[1];
  return found === undefined ? null : unescape(found);
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(#x?[\da-fA-F]+|\w+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
    const code = name[1] === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code < 0x110000 ? String.fromCodePoint(code) : whole;
  });
}

async function entryText(source: ByteSource, entry: ZipEntry): Promise<string> {
  const decoder = new TextDecoder();
  let whole = '';
  for await (const part of entryChunks(source, entry, SMALL)) whole += decoder.decode(part, { stream: true });
  return whole;
}

/** Tags and the texts between them, many at once. `onBytes` hears how many bytes were unpacked. */
export async function* tokens(
  source: ByteSource,
  entry: ZipEntry,
  limit: number,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<string[], void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of entryChunks(source, entry, limit)) {
    onBytes(part.length);
    rest += decoder.decode(part, { stream: true });
    const end = rest.lastIndexOf('>') + 1;
    yield rest.slice(0, end).match(/<[^>]*>|[^<]+/g) ?? [];
    rest = rest.slice(end);
    if (rest.length > SMALL) throw new Error(`${entry.path} is damaged`);
  }
}

/** Texts that cells show by number. A cell that shows an empty one is an empty cell. */
interface SharedTexts {
  texts: string[];
  empty: ReadonlySet<number>;
}
const NO_TEXTS: SharedTexts = { texts: [], empty: new Set() };

async function sharedTexts(source: ByteSource, entry: ZipEntry): Promise<SharedTexts> {
  const texts: string[] = [];
  const empty = new Set<number>();
  try {
    await eachText(tokens(source, entry, SHEETS), (index, text) => {
      if (text.trim() === '') empty.add(index);
      if (index < TEXTS) texts.push(clip(text));
    });
  } catch (error) {
    // What was read up to the limit, or up to damage, is enough for most first rows.
    if (texts.length === 0) throw error;
  }
  return { texts, empty };
}

/** Calls `visit` for each shared text with its number. Readings (of Japanese) beside a text do not count. */
export async function eachText(
  tokens: AsyncIterable<readonly string[]>,
  visit: (index: number, text: string) => void,
): Promise<void> {
  let index = -1;
  let text = '';
  let reading = false;
  for await (const some of tokens) {
    for (const token of some) {
      if (!token.startsWith('<')) {
        if (index >= 0 && !reading && text.length < 4096) text += token;
        continue;
      }
      const [, close = '', name] = TAG.exec(token) ?? [];
      if (name === 'rPh') reading = close === '' && !token.endsWith('/>');
      if (name !== 'si') continue;
      if (close === '') {
        index++;
        text = '';
      }
      if (close === '/' || token.endsWith('/>')) visit(index, unescape(text));
    }
  }
}

const TAG = /^<(\/?)(?:\w+:)?(\w+)/;

/** Which styles of cells show numbers as dates: by the number formats built into Excel, and by their own patterns. */
function dateStyles(styles: string): boolean[] {
  const custom = new Map<string, string>();
  for (const tag of styles.match(/<(?:\w+:)?numFmt\s[^>]*>/g) ?? [])
    custom.set(attribute(tag, 'numFmtId') ?? '', attribute(tag, 'formatCode') ?? '');
  const formats = /<(?:\w+:)?cellXfs[\s>][\s\S]*?<\/(?:\w+:)?cellXfs>/.exec(styles)?.[0] ?? '';
  return (formats.match(/<(?:\w+:)?xf\s[^>]*>/g) ?? []).slice(0, 100_000).map((tag) => {
    const id = attribute(tag, 'numFmtId') ?? '0';
    const pattern = custom.get(id);
    if (pattern === undefined) return /^(1[4-9]|2[0-2]|4[5-7])$/.test(id);
    return /[ymdhs]/i.test(pattern.replace(/"[^"]*"|\\.|\[[^\]hms]*\]/gi, ''));
  });
}

async function readSheet(
  source: ByteSource,
  entry: ZipEntry,
  texts: SharedTexts,
  how: { isDate: readonly boolean[]; from1904: boolean; limit: number },
): Promise<ReadSheet> {
  let bytes = 0;
  let announced: string | null = null;
  const cells: (string | null)[][] = [];
  let [rows, columns, whole] = [0, 0, true];
  const visit = ({ row, column, type, value, style }: Cell): void => {
    if (!isFilled(type, value, texts.empty)) return;
    rows = Math.max(rows, row);
    columns = Math.max(columns, column);
    if (row > PREVIEW_ROWS + 1 || row < 1 || column > PREVIEW_COLUMNS) return;
    while (cells.length < row) cells.push([]);
    const line = cells[row - 1] ?? [];
    while (line.length < column) line.push(null);
    line[column - 1] = cellWord(type, value, style, texts, how);
  };
  try {
    const found = tokens(source, entry, how.limit, (more) => (bytes += more));
    await eachCell(found, visit, (range) => (announced = range));
  } catch (error) {
    if (bytes < how.limit - 1024 * 1024 && cells.length === 0) throw error;
    whole = false;
    // What the sheet says of its own size, where it was not gone through.
    const [last, width] = sizeOf(announced);
    rows = Math.max(rows, last);
    columns = Math.max(columns, width);
  }
  while (cells.length < Math.min(rows, PREVIEW_ROWS + 1)) cells.push([]);
  return { rows, columns, whole, bytes, cells };
}

export interface Cell {
  row: number;
  column: number;
  type: string;
  /** As it is written. */
  value: string;
  style: number;
}

/** Whether pandas takes the cell for one that holds something. */
export const isFilled = (type: string, value: string, empty: ReadonlySet<number>): boolean =>
  value !== '' && (type !== 's' || !empty.has(Number(value)));

/** Calls `visit` for each cell of a sheet that has a value. */
export async function eachCell(
  tokens: AsyncIterable<readonly string[]>,
  visit: (cell: Cell) => void,
  onRange: (range: string | null) => void = () => {},
): Promise<void> {
  let cell: Cell = { row: 0, column: 0, type: '', value: '', style: 0 };
  let inValue = false;
  for await (const some of tokens) {
    for (const token of some) {
      if (!token.startsWith('<')) {
        if (inValue) cell.value += token;
        continue;
      }
      const [, close, name] = TAG.exec(token) ?? [];
      if (close === '/') {
        if (name === 'v' || name === 't') inValue = false;
        if (name === 'c') visit(cell);
        continue;
      }
      if (name === 'row') cell = { ...cell, row: Number(attribute(token, 'r') ?? cell.row + 1), column: 0 };
      else if (name === 'c') {
        const column = columnOf(attribute(token, 'r')) ?? cell.column + 1;
        const style = Number(attribute(token, 's') ?? 0);
        cell = { row: cell.row, column, type: attribute(token, 't') ?? '', value: '', style };
      } else if ((name === 'v' || name === 't') && !token.endsWith('/>')) inValue = true;
      else if (name === 'dimension') onRange(attribute(token, 'ref'));
    }
  }
}

function cellWord(
  type: string,
  value: string,
  style: number,
  { texts }: SharedTexts,
  { isDate, from1904 }: { isDate: readonly boolean[]; from1904: boolean },
): string {
  switch (type) {
    case 's':
      return texts[Number(value)] ?? '(a text that was not read)';
    case 'b':
      return value === '1' ? 'True' : 'False';
    case '':
    case 'n':
      return isDate[style] ? dateText(Number(value), from1904) : clip(value);
    default:
      return clip(unescape(value));
  }
}

const DAY = 86_400_000;

/** A number of days as a date; without days as a time, without a part of a day as a day. */
function dateText(days: number, from1904: boolean): string {
  const start = from1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30);
  const moment = new Date(start + Math.round(days * 86_400) * 1000);
  if (Number.isNaN(moment.getTime())) return String(days);
  const [day, time] = moment.toISOString().slice(0, 19).split('T') as [string, string];
  if (days >= 0 && days < 1) return time;
  return (moment.getTime() - start) % DAY === 0 ? day : `${day} ${time}`;
}

/** Last row and column of `A1:K1000`. */
function sizeOf(range: string | null): [rows: number, columns: number] {
  const last = (range ?? '').split(':').at(-1) ?? '';
  const row = Number(/\d+$/.exec(last)?.[0] ?? 0);
  return [row <= 1_048_576 ? row : 0, Math.min(16_384, columnOf(last) ?? 0)];
}

/** The number of a column from the letters of a cell's name: A1 is 1, AA1 27. */
function columnOf(name: string | null): number | null {
  const letters = /^[A-Z]{1,4}/.exec(name ?? '')?.[0];
  if (letters === undefined) return null;
  return Array.from(letters).reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0);
}

function columnLetters(column: number): string {
  const rest = Math.floor((column - 1) / 26);
  return (rest > 0 ? columnLetters(rest) : '') + String.fromCharCode(65 + ((column - 1) % 26));
}
