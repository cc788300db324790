// JSON, Markdown and any other readable text: the head as text and a few counts.
import type { ByteSource } from '../engine/ports.ts';
import { asNotebook, cellSource, isCode, NOTEBOOK_LIMIT, type Notebook } from './notebook.ts';
import { nesting } from './json-text.ts';
import type { Sniffed } from './sniff.ts';
import { isReport, REPORT_LIMIT } from './validation-report.ts';
import { webFormat } from './web-page.ts';
import { chunks, decodeText, gunzipChunks } from './source.ts';
import { clip, count, FAR_LIMIT, MAX_TEXT, reason, summaryOf, type FileSummary } from './summary.ts';

/** JSON up to this size is parsed; larger files show their head. */
const PARSE_LIMIT = 8 * 1024 * 1024;
const MAX_DEPTH = 500;
/** Lines are counted up to this many bytes. */
const LINE_LIMIT = 64 * 1024 * 1024;

export async function summariseJson(
  source: ByteSource,
  sniffed: Sniffed,
  name: string,
): Promise<FileSummary> {
  // Notebooks carry their pictures, reports of validations all values at fault.
  const limit = /\.ipynb$/i.test(name)
    ? NOTEBOOK_LIMIT
    : /\.validation\.json$/i.test(name)
      ? REPORT_LIMIT
      : PARSE_LIMIT;
  const encoding = sniffed.encoding ?? { label: 'utf-8', name: 'UTF-8', bom: 0 };
  const found = summaryOf('json', {
    suffixFromContent: sniffed.gzip ? '.json.gz' : '.json',
    text: headText(sniffed),
  });
  if (sniffed.gzip || source.size > limit) {
    return { ...found, facts: [{ label: 'Shown', value: 'the beginning only' }] };
  }
  const text = decodeText(await source.read(0, source.size), encoding);
  const depth = nesting(text);
  if (depth > MAX_DEPTH) {
    return {
      ...found,
      problem: `This JSON is nested ${count(depth)} levels deep; it is shown as plain text.`,
    };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const lines = text.split('\n', 3).filter((line) => line.trim() !== '');
    if (lines.length > 1 && lines.slice(0, 2).every(isJson)) {
      return {
        ...found,
        suffixFromContent: '.jsonl',
        facts: [{ label: 'JSON lines', value: 'one value per line' }],
      };
    }
    return { ...found, problem: `This is not valid JSON (${reason(error)}). It is shown as plain text.` };
  }
  const facts = [describe(value)];
  const notebook = asNotebook(value);
  if (notebook !== null) return notebookSummary(found, notebook);
  const views = isReport(value) ? { report: true } : null;
  return { ...found, text: clip(JSON.stringify(value, null, 2), MAX_TEXT), facts, views };
}

function notebookSummary(found: FileSummary, { format, language, kernel, cells }: Notebook): FileSummary {
  const code = cells.filter(isCode).length;
  return {
    ...found,
    format: 'notebook',
    suffixFromContent: '.ipynb',
    // Its first words; the cells are a view of their own.
    text: clip(cells.slice(0, 5).map(cellSource).join('\n\n'), 2_000),
    facts: [
      { label: 'Cells', value: `${count(cells.length)}, ${count(code)} of them code` },
      { label: 'Language', value: language },
      ...(kernel === null ? [] : [{ label: 'Kernel', value: kernel }]),
      { label: 'Notebook format', value: String(format) },
    ],
    views: { notebook: true },
  };
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function describe(value: unknown): { label: string; value: string } {
  if (Array.isArray(value)) return { label: 'List', value: `${count(value.length)} entries` };
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    return { label: 'Keys', value: clip(`${count(keys.length)}: ${keys.slice(0, 20).join(', ')}`) };
  }
  return { label: 'Value', value: value === null ? 'null' : typeof value };
}

export async function summariseText(
  source: ByteSource,
  sniffed: Sniffed,
  format: 'text' | 'markdown',
): Promise<FileSummary> {
  const text = headText(sniffed) ?? '';
  const facts = [{ label: 'Encoding', value: sniffed.encoding?.name ?? 'unknown' }];
  if (sniffed.gzip) facts.push({ label: 'Compression', value: 'gzip' });
  let problem: string | null = null;
  const narrow = !sniffed.encoding?.label.startsWith('utf-16');
  const limit = source.far ? FAR_LIMIT : LINE_LIMIT;
  // Unpacked text has no size to tell beforehand.
  if (narrow && (sniffed.gzip ? !source.far || source.size <= limit : source.size <= limit)) {
    try {
      const lines = await countLines(sniffed.gzip ? gunzipChunks(source, LINE_LIMIT) : chunks(source));
      facts.push({ label: 'Lines', value: count(lines) });
    } catch (error) {
      problem = `The compressed file is damaged or cut off; only its first part could be read (${reason(error)}).`;
    }
  }
  const web = format === 'text' && !sniffed.gzip ? webFormat(text) : null;
  if (web === 'html')
    return summaryOf('html', { text, facts, problem, suffixFromContent: '.html', views: { page: true } });
  if (web === 'svg') {
    const media = { type: 'image/svg+xml', width: null, height: null };
    return summaryOf('svg', { text, facts, problem, suffixFromContent: '.svg', media });
  }
  return summaryOf(format, { text, facts, problem, suffixFromContent: format === 'markdown' ? '.md' : null });
}

async function countLines(parts: AsyncGenerator<Uint8Array, void>): Promise<number> {
  let found = 0;
  let last = 10;
  for await (const part of parts) {
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) found++;
    last = part.at(-1) ?? last;
  }
  return last === 10 ? found : found + 1;
}

function headText(sniffed: Sniffed): string | null {
  if (sniffed.encoding === null) return null;
  return clip(decodeText(sniffed.sample, sniffed.encoding), MAX_TEXT);
}
