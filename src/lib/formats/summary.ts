// What a reader tells about a file's content, and the caps every reader keeps so that a hostile or huge file stays cheap.

import {
  summaryReader,
  type ByteSource,
  type FileSummary,
  type SummaryColumn,
  type SummaryMember,
  type SummaryPart,
  type SummaryRows,
} from '../engine/ports.ts';

export type { FileSummary, SummaryColumn, SummaryMember, SummaryPart, SummaryRows };

export const MAX_COLUMNS = 2_000;
export const PREVIEW_ROWS = 50;
export const PREVIEW_COLUMNS = 200;
/** Characters of one preview cell or column name. */
export const MAX_CELL = 300;
export const MAX_TEXT = 64 * 1024;
/** Members of a store that are listed, and of one whose main parts are told anyway. */
export const MAX_MEMBERS = 500;
export const FEW_MEMBERS = 200;
/** Text tables are counted to the end up to this size, estimated above. */
export const COUNT_LIMIT = 256 * 1024 * 1024;
/** Of files that lie elsewhere this is read: a preview must not fetch them whole. */
export const FAR_LIMIT = 2 * 1024 * 1024;
/** Files whose every line is understood are counted up to this size (unpacked), which takes a second or two. */
const PARSE_LIMIT = 16 * 1024 * 1024;
export const parseLimit = ({ far }: ByteSource): number => (far ? FAR_LIMIT : PARSE_LIMIT);
export const MAX_PARTS = 30;

export function summaryOf(format: string, fields: Partial<FileSummary> = {}): FileSummary {
  return {
    format,
    otype: null,
    suffixFromContent: null,
    rows: null,
    nObservations: null,
    shape: null,
    columns: null,
    columnCount: null,
    obs: null,
    vars: null,
    facts: [],
    preview: null,
    parts: null,
    members: null,
    text: null,
    media: null,
    views: null,
    bytesRead: null,
    reader: summaryReader,
    problem: null,
    ...fields,
  };
}

/** A store's summary, where its members can be looked into. */
export const withArrays = (found: FileSummary): FileSummary =>
  found.members?.some(({ kind }) => kind === 'array')
    ? { ...found, views: { ...found.views, arrays: true } }
    : found;

/** A part with what is not said of it left out; it has as many rows as its first ones where nothing else is said. */
export function partOf(name: string, what: string, fields: Partial<SummaryPart> = {}): SummaryPart {
  return {
    name: clip(name),
    what,
    size: '',
    rows: fields.preview?.rows.length ?? null,
    columns: null,
    obs: null,
    vars: null,
    preview: null,
    ...fields,
  };
}

/** Cuts a text to `limit` characters and shows that it was cut. */
export function clip(text: string, limit = MAX_CELL): string {
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

export function count(value: number | bigint): string {
  return value.toLocaleString('en');
}

/** The reason in a thrown value, short enough for a sentence. */
export function reason(error: unknown): string {
  // A reader that trips over damaged bytes throws the language's own errors, which say nothing to a scientist.
  if (error instanceof RangeError || error instanceof TypeError)
    return 'its bytes contradict their own description';
  const text = error instanceof Error ? error.message : String(error);
  return clip(
    text
      .replace(/\s+/g, ' ')
      .replace(/^error - name not defined!?$/i, 'a part it names is missing')
      .trim() || 'no reason given',
    200,
  );
}

/** Any decoded value as a preview cell; null stays null. Never expands more than the cell can show. */
export function cellText(value: unknown, depth = 0): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return clip(value);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof Uint8Array) return `${count(value.length)} bytes`;
  if (depth >= 4) return '…';
  if (ArrayBuffer.isView(value) && 'length' in value) {
    return cellText(
      Array.from((value as unknown as Float64Array).subarray(0, 20) as Iterable<unknown>),
      depth,
    );
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, 20).map((item) => cellText(item, depth + 1) ?? 'null');
    return clip(`[${shown.join(', ')}${value.length > 20 ? ', …' : ''}]`);
  }
  if (typeof value === 'object') {
    const entries = Object.entries(value).slice(0, 20);
    return clip(
      `{${entries.map(([key, item]) => `${key}: ${cellText(item, depth + 1) ?? 'null'}`).join(', ')}}`,
    );
  }
  return clip(typeof value);
}
