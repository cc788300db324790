// Files of JSON that anybody may have written: read within bounds, and taken apart only where they are what they should be.
import type { ByteSource } from '../engine/ports.ts';
import { nesting } from './json-text.ts';
import { decodeText, detectEncoding } from './source.ts';
import { count } from './summary.ts';

export type JsonRecord = Record<string, unknown>;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** Throws where the file is larger or nested deeper than `what` may be, or no JSON. */
export async function readJson(
  source: ByteSource,
  what: string,
  most: { bytes: number; depth: number },
): Promise<unknown> {
  if (source.size > most.bytes)
    throw new Error(`a ${what} of ${count(source.size)} bytes is too large to be shown`);
  const bytes = await source.read(0, source.size);
  const text = decodeText(bytes, detectEncoding(bytes) ?? { label: 'utf-8', name: 'UTF-8', bom: 0 });
  if (nesting(text) > most.depth) throw new Error('it is nested too deep');
  return JSON.parse(text);
}
