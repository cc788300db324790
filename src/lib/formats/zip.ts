// The list of a zip file's entries, read from its end with caps, and what kind of file the zip carries (docx, npz).
import type { ByteSource } from '../engine/ports.ts';
import { clip, count, summaryOf, type FileSummary } from './summary.ts';

export interface ZipEntry {
  path: string;
  packed: number;
  size: number;
  /** 0 stored, 8 deflated. */
  method: number;
  /** Where its own header begins. */
  at: number;
}

const MAX_DIRECTORY = 64 * 1024 * 1024;

/** Throws with a sentence where the list is missing or unreasonable. */
export async function listZip(source: ByteSource): Promise<ZipEntry[]> {
  const tailStart = Math.max(0, source.size - 66_000);
  const tail = await source.read(tailStart, source.size);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let end = tail.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error('its list of contents is missing, as after an interrupted download');
  let start = view.getUint32(end + 16, true);
  let length = view.getUint32(end + 12, true);
  if (start === 0xffffffff || length === 0xffffffff || view.getUint16(end + 10, true) === 0xffff) {
    // Zip64: a locator of 20 bytes stands before the end and points to the larger numbers.
    if (end < 20 || view.getUint32(end - 20, true) !== 0x07064b50)
      throw new Error('its list of contents is damaged');
    const at = Number(view.getBigUint64(end - 12, true));
    const record = await source.read(at, at + 56);
    if (record.length < 56) throw new Error('its list of contents is damaged');
    const wide = new DataView(record.buffer, record.byteOffset);
    length = Number(wide.getBigUint64(40, true));
    start = Number(wide.getBigUint64(48, true));
  }
  if (length > MAX_DIRECTORY || start + length > source.size)
    throw new Error('its list of contents is damaged');
  return parseDirectory(await source.read(start, start + length));
}

function parseDirectory(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder();
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at + 46 <= bytes.length && view.getUint32(at, true) === 0x02014b50) {
    const name = view.getUint16(at + 28, true);
    entries.push({
      path: text.decode(bytes.subarray(at + 46, at + 46 + name)),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      method: view.getUint16(at + 10, true),
      at: view.getUint32(at + 42, true),
    });
    at += 46 + name + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

export function summariseZip(entries: readonly ZipEntry[]): FileSummary {
  const files = entries.filter((entry) => !entry.path.endsWith('/'));
  const has = (path: string): boolean => files.some((entry) => entry.path === path);
  const kind = has('word/document.xml')
    ? { format: 'docx', suffix: null }
    : files.length > 0 && files.every((entry) => entry.path.endsWith('.npy'))
      ? { format: 'npz', suffix: '.npz' }
      : { format: 'zip', suffix: '.zip' };
  const size = files.reduce((sum, entry) => sum + entry.size, 0);
  const shown = files.slice(0, 20).map((entry) => entry.path);
  return summaryOf(kind.format, {
    suffixFromContent: kind.suffix,
    facts: [
      { label: 'Files inside', value: count(files.length) },
      { label: 'Unpacked size', value: `${count(size)} bytes` },
      { label: 'Contents', value: clip(shown.join(', ') + (files.length > shown.length ? ', …' : '')) },
    ],
  });
}
