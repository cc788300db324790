// HTML pages and SVG drawings: told from other text by their first tag. Nothing of them runs here; the page shows HTML in a
// frame without scripts and SVG as a picture.
import type { ByteSource, ViewContent } from '../engine/ports.ts';
import { decodeText, detectEncoding } from './source.ts';

/** Bytes of a page that are shown; reports with their libraries inside have a few megabytes. */
const PAGE_LIMIT = 32 * 1024 * 1024;

/** By the first tag behind comments and declarations. */
export function webFormat(text: string): 'html' | 'svg' | null {
  const start = text.slice(0, 8192).replace(/^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--[\s\S]*?-->\s*)*/, '');
  if (/^<!doctype\s+html|^<html[\s>]/i.test(start)) return 'html';
  return /^(?:<!DOCTYPE\s+svg[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<svg[\s>]/i.test(start) ? 'svg' : null;
}

export async function viewPage(source: ByteSource): Promise<ViewContent> {
  const bytes = await source.read(0, Math.min(source.size, PAGE_LIMIT));
  const encoding = detectEncoding(bytes.subarray(0, 64 * 1024));
  if (encoding === null) throw new Error('it is no text');
  return { kind: 'page', html: decodeText(bytes, encoding), more: source.size > PAGE_LIMIT };
}
