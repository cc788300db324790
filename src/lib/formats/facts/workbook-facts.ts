// Facts of Excel workbooks: rows and columns of each sheet as pandas.read_excel gives them, so without the header row,
// and without empty cells at the right and empty rows at the end.
import type { ByteSource } from '../../engine/ports.ts';
import { entryChunks } from '../zip-entry.ts';
import type { ZipEntry } from '../zip.ts';
import { record, type Facts } from './facts-types.ts';

/** Unpacked bytes of one part of a workbook. */
const MOST = 2 * 1024 * 1024 * 1024;
/** The list of sheets and its like are read whole. */
const SMALL = 16 * 1024 * 1024;

export const isWorkbook = (entries: readonly ZipEntry[]): boolean =>
  entries.some((entry) => entry.path === 'xl/workbook.xml');

export async function workbookFacts(source: ByteSource, entries: readonly ZipEntry[]): Promise<Facts> {
  const named = new Map(entries.map((entry) => [entry.path, entry]));
  const text = async (path: string): Promise<string> => {
    const entry = named.get(path);
    if (entry === undefined) throw new Error(`its part ${path} is missing`);
    const decoder = new TextDecoder();
    let whole = '';
    for await (const part of entryChunks(source, entry, SMALL))
      whole += decoder.decode(part, { stream: true });
    return whole;
  };
  const targets = new Map<string, string>();
  for (const tag of (await text('xl/_rels/workbook.xml.rels')).match(/<(?:\w+:)?Relationship\s[^>]*>/g) ??
    []) {
    const target = attribute(tag, 'Target') ?? '';
    targets.set(attribute(tag, 'Id') ?? '', target.startsWith('/') ? target.slice(1) : `xl/${target}`);
  }
  const shared = named.get('xl/sharedStrings.xml');
  const empty = shared === undefined ? new Set<number>() : await emptyTexts(source, shared);
  const sheets: [string, number[]][] = [];
  for (const tag of (await text('xl/workbook.xml')).match(/<(?:\w+:)?sheet\s[^>]*>/g) ?? []) {
    const path = targets.get(attribute(tag, 'r:id') ?? '') ?? '';
    const entry = named.get(path);
    // Sheets of charts hold no cells, and pandas does not count them.
    if (entry === undefined || !/worksheets\//.test(path)) continue;
    sheets.push([attribute(tag, 'name') ?? '', await sheetSize(source, entry, empty)]);
  }
  return { kind: 'xlsx', sheets: record(sheets) };
}

function attribute(tag: string, name: string): string | null {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
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

/** Tags and the texts between them, without comments and declarations. */
async function* tokens(source: ByteSource, entry: ZipEntry): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of entryChunks(source, entry, MOST)) {
    rest += decoder.decode(part, { stream: true });
    const end = rest.lastIndexOf('>') + 1;
    for (const token of rest.slice(0, end).match(/<[^>]*>|[^<]+/g) ?? []) yield token;
    rest = rest.slice(end);
    if (rest.length > SMALL) throw new Error(`${entry.path} is damaged`);
  }
}

/** Numbers of shared texts that are empty: a cell that shows one is an empty cell. */
async function emptyTexts(source: ByteSource, entry: ZipEntry): Promise<Set<number>> {
  const empty = new Set<number>();
  let index = -1;
  let filled = false;
  for await (const token of tokens(source, entry)) {
    if (/^<(?:\w+:)?si[\s>/]/.test(token)) {
      index++;
      filled = false;
    }
    if (!token.startsWith('<') && index >= 0)
      filled ||= token !== '' && !/^\s*$/.test(token.replace(/&\w+;/g, 'x'));
    if (/^<\/(?:\w+:)?si>/.test(token) || /^<(?:\w+:)?si[^>]*\/>/.test(token)) {
      if (!filled) empty.add(index);
    }
  }
  return empty;
}

async function sheetSize(source: ByteSource, entry: ZipEntry, empty: ReadonlySet<number>): Promise<number[]> {
  let row = 0;
  let column = 0;
  let type = '';
  let value = '';
  let inValue = false;
  let lastRow = 0;
  let width = 0;
  for await (const token of tokens(source, entry)) {
    if (!token.startsWith('<')) {
      if (inValue) value += token;
      continue;
    }
    const tag = /^<(\/?)(?:\w+:)?(\w+)/.exec(token);
    const name = tag?.[2];
    if (tag?.[1] === '/') {
      if (name === 'v' || name === 't') inValue = false;
      if (name === 'c') {
        const filled = type === 's' ? value !== '' && !empty.has(Number(value)) : value !== '';
        if (filled) {
          lastRow = Math.max(lastRow, row);
          width = Math.max(width, column);
        }
      }
      continue;
    }
    if (name === 'row') {
      row = Number(attribute(token, 'r') ?? row + 1);
      column = 0;
    } else if (name === 'c') {
      column = columnOf(attribute(token, 'r')) ?? column + 1;
      type = attribute(token, 't') ?? '';
      value = '';
    } else if ((name === 'v' || name === 't') && !token.endsWith('/>')) inValue = true;
  }
  return [Math.max(0, lastRow - 1), width];
}

/** The number of a column from the letters of a cell's name: A1 is 1, AA1 27. */
function columnOf(name: string | null): number | null {
  const letters = /^[A-Z]+/.exec(name ?? '')?.[0];
  if (letters === undefined) return null;
  return Array.from(letters).reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0);
}
