// Pictures and PDFs: their dimensions or pages from a few bytes. The page shows the bytes themselves.
import type { ByteSource } from '../engine/ports.ts';
import { count, summaryOf, type FileSummary } from './summary.ts';

export async function summarisePng(source: ByteSource): Promise<FileSummary> {
  const bytes = await source.read(0, 33);
  const found = summaryOf('image', {
    suffixFromContent: '.png',
    media: { type: 'image/png', width: null, height: null },
  });
  if (bytes.length < 33 || String.fromCharCode(...bytes.subarray(12, 16)) !== 'IHDR') {
    return { ...found, problem: 'This PNG picture is damaged or cut off at its beginning.' };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return withSize(found, view.getUint32(16), view.getUint32(20));
}

export async function summariseJpeg(source: ByteSource): Promise<FileSummary> {
  const found = summaryOf('image', {
    suffixFromContent: '.jpg',
    media: { type: 'image/jpeg', width: null, height: null },
  });
  const bytes = await source.read(0, Math.min(source.size, 1024 * 1024));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    // Start of frame, in all its kinds; C4, C8 and CC mean other things.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return withSize(found, view.getUint16(at + 7), view.getUint16(at + 5));
    }
    at += 2 + view.getUint16(at + 2);
  }
  return { ...found, problem: 'The size of this JPEG picture was not found; it may be damaged.' };
}

function withSize(found: FileSummary, width: number, height: number): FileSummary {
  return {
    ...found,
    media: { type: found.media?.type ?? 'image/png', width, height },
    facts: [{ label: 'Size', value: `${count(width)} × ${count(height)} pixels` }],
  };
}

/** Pages are counted by their markers in the readable parts; PDFs with packed structure tell none. */
export async function summarisePdf(source: ByteSource): Promise<FileSummary> {
  const limit = 4 * 1024 * 1024;
  const decode = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);
  const text =
    source.size <= 2 * limit
      ? decode(await source.read(0, source.size))
      : decode(await source.read(0, limit)) + decode(await source.read(source.size - limit, source.size));
  const counts = [...text.matchAll(/\/Count\s+(\d{1,6})/g)].map((match) => Number(match[1]));
  const pages = Math.max(0, ...counts) || [...text.matchAll(/\/Type\s*\/Page(?![a-zA-Z])/g)].length;
  const cut = !text.slice(-2048).includes('%%EOF');
  return summaryOf('pdf', {
    suffixFromContent: '.pdf',
    media: { type: 'application/pdf', width: null, height: null },
    facts: pages > 0 ? [{ label: 'Pages', value: count(pages) }] : [],
    problem: cut ? 'The end of this PDF is missing, as after an interrupted download.' : null,
  });
}
