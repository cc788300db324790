// Jupyter notebooks: their cells with what they printed, for reading. Nothing in them runs: of outputs only text and
// pictures made of pixels are taken; HTML, SVG and scripts are left out and named.
import type { ByteSource, NotebookCell, NotebookOutput, ViewContent } from '../engine/ports.ts';
import { isRecord, list, readJson, type JsonRecord } from './json-file.ts';
import { clip, count } from './summary.ts';

export const NOTEBOOK_LIMIT = 64 * 1024 * 1024;
const DEEPEST = 100;
const CELLS = 1_000;
/** Characters of a cell, of one printed text, and of all texts together. */
const SOURCE = 64 * 1024;
const TEXT = 16 * 1024;
const ALL_TEXT = 4 * 1024 * 1024;
/** Bytes of one picture, and of all. */
const PICTURE = 8 * 1024 * 1024;
const ALL_PICTURES = 48 * 1024 * 1024;
const OUTPUTS = 50;

/** A text, or its lines. */
const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : list(value)
        .filter((line) => typeof line === 'string')
        .join('');

export interface Notebook {
  format: number;
  language: string;
  kernel: string | null;
  cells: JsonRecord[];
}

/** Null where the value is no notebook. Before version 4 cells stood in worksheets, with code under `input`. */
export function asNotebook(value: unknown): Notebook | null {
  if (!isRecord(value) || typeof value.nbformat !== 'number') return null;
  const [sheet] = list(value.worksheets);
  const cells = Array.isArray(value.cells) ? value.cells : isRecord(sheet) ? sheet.cells : null;
  if (!Array.isArray(cells)) return null;
  const about = isRecord(value.metadata) ? value.metadata : {};
  const kernel = isRecord(about.kernelspec) ? about.kernelspec : {};
  const language = isRecord(about.language_info) ? about.language_info.name : kernel.language;
  return {
    format: value.nbformat,
    language: clip(typeof language === 'string' ? language : 'code', 40),
    kernel: typeof kernel.display_name === 'string' ? clip(kernel.display_name, 60) : null,
    cells: cells.filter(isRecord),
  };
}

export const isCode = (cell: JsonRecord): boolean => cell.cell_type === 'code';
export const cellSource = (cell: JsonRecord): string => textOf(cell.source ?? cell.input);

/** Throws where the file is no notebook or too large to be shown. */
export async function viewNotebook(source: ByteSource): Promise<ViewContent> {
  const notebook = asNotebook(await readJson(source, 'notebook', { bytes: NOTEBOOK_LIMIT, depth: DEEPEST }));
  if (notebook === null) throw new Error('it is no notebook');
  const left = { text: ALL_TEXT, pictures: ALL_PICTURES };
  const cells: NotebookCell[] = [];
  for (const cell of notebook.cells.slice(0, CELLS)) {
    if (left.text <= 0) break;
    cells.push(cellOf(cell, left));
  }
  return {
    kind: 'notebook',
    language: notebook.language,
    cells,
    more: notebook.cells.length - cells.length,
  };
}

interface Left {
  text: number;
  pictures: number;
}

function cellOf(cell: JsonRecord, left: Left): NotebookCell {
  const source = taken(cellSource(cell), SOURCE, left);
  const number = cell.execution_count ?? cell.prompt_number;
  const outputs = isCode(cell) ? list(cell.outputs).filter(isRecord) : [];
  const shown = outputs.slice(0, OUTPUTS).map((output) => outputOf(output, left));
  if (outputs.length > OUTPUTS)
    shown.push({ type: 'left out', what: `${count(outputs.length - OUTPUTS)} more outputs` });
  return {
    type: isCode(cell) ? 'code' : cell.cell_type === 'markdown' ? 'markdown' : 'raw',
    source,
    count: typeof number === 'number' ? number : null,
    outputs: shown,
  };
}

function taken(text: string, most: number, left: Left): string {
  const found = clip(text, Math.max(1, Math.min(most, left.text)));
  left.text -= found.length;
  return found;
}

/** Kinds of pictures that hold nothing but pixels. */
const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;

function outputOf(output: JsonRecord, left: Left): NotebookOutput {
  const printed = (text: string): string => taken(withoutColours(text), TEXT, left);
  if (output.output_type === 'stream')
    return { type: output.name === 'stderr' ? 'stderr' : 'text', text: printed(textOf(output.text)) };
  if (output.output_type === 'error' || output.output_type === 'pyerr') {
    const trace = list(output.traceback).map(textOf).join('\n');
    const name = `${textOf(output.ename)}: ${textOf(output.evalue)}`;
    return { type: 'error', text: printed(trace || name) };
  }
  const data = isRecord(output.data) ? output.data : oldData(output);
  for (const media of PICTURES) {
    const bytes = data[media] === undefined ? null : pictureOf(textOf(data[media]), left);
    if (bytes !== null) return { type: 'picture', media, bytes };
  }
  const plain = data['text/plain'];
  if (plain !== undefined) return { type: 'text', text: printed(textOf(plain)) };
  if (data['text/markdown'] !== undefined)
    return { type: 'markdown', text: taken(textOf(data['text/markdown']), TEXT, left) };
  const kinds = Object.keys(data);
  return { type: 'left out', what: clip(kinds.length === 0 ? 'an empty output' : kinds.join(', '), 100) };
}

/** Before version 4 kinds were short words beside the rest. */
function oldData(output: JsonRecord): JsonRecord {
  const { text, png, jpeg, html, svg } = output;
  return Object.fromEntries(
    Object.entries({
      'text/plain': text,
      'image/png': png,
      'image/jpeg': jpeg,
      'text/html': html,
      'image/svg+xml': svg,
    }).filter(([, value]) => value !== undefined),
  );
}

/** Null where the text is no base64, or too much. */
function pictureOf(base64: string, left: Left): Uint8Array | null {
  const packed = base64.replace(/\s+/g, '');
  const size = (packed.length * 3) / 4;
  if (size > Math.min(PICTURE, left.pictures) || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return null;
  left.pictures -= size;
  try {
    return Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Without the codes that terminals take for colours, and without what a line that was begun again (`\r`) said before. */
function withoutColours(text: string): string {
  const lines = text.split('\n').map((line) => {
    const whole = line.endsWith('\r') ? line.slice(0, -1) : line;
    return whole.slice(whole.lastIndexOf('\r') + 1);
  });
  // eslint-disable-next-line no-control-regex -- it is control characters that are taken out
  return lines.join('\n').replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
}
