// A database file together with the write-ahead log that lies beside it (`…-wal`; SQLite's file format, section 4): the
// committed pages of the log stand in for those of the file, as a checkpoint would have it. Only frames whose checksums
// hold count, and of those only up to the last commit.
import { LoamError } from '../../engine/errors.ts';
import type { ByteSource } from '../../engine/ports.ts';

const headerBytes = 32;
const frameHeadBytes = 24;
const chunkBytes = 1 << 20;

export interface WalPages {
  pageSize: number;
  /** Page number -> where its newest committed content begins in the log. */
  pages: Map<number, number>;
  /** Pages of the database after the last commit; 0 where the log holds no commit. */
  count: number;
}

/** Reads the log. Throws `FileUnreadable` where it is none, or belongs to a database of other pages. */
export async function readWal(log: ByteSource, pageSize: number): Promise<WalPages> {
  const none: WalPages = { pageSize, pages: new Map(), count: 0 };
  if (log.size === 0) return none;
  if (log.size < headerBytes) throw refused('it is cut off');
  const head = view(await log.read(0, headerBytes));
  const magic = head.getUint32(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) throw refused('it does not begin as one');
  if (head.getUint32(8) !== pageSize)
    throw refused(`its pages have ${head.getUint32(8)} bytes, those of the database ${pageSize}`);
  const littleEndian = magic === 0x377f0682;
  const salts = [head.getUint32(16), head.getUint32(20)];
  let sums = checksum([0, 0], head, 0, 24, littleEndian);
  if (sums[0] !== head.getUint32(24) || sums[1] !== head.getUint32(28)) return none;

  const found: WalPages = { pageSize, pages: new Map(), count: 0 };
  const open = new Map<number, number>();
  const frameBytes = frameHeadBytes + pageSize;
  const atOnce = Math.max(1, Math.floor(chunkBytes / frameBytes)) * frameBytes;
  for (let from = headerBytes; from + frameBytes <= log.size; from += atOnce) {
    const part = view(await log.read(from, Math.min(log.size, from + atOnce)));
    for (let at = 0; at + frameBytes <= part.byteLength; at += frameBytes) {
      if (part.getUint32(at + 8) !== salts[0] || part.getUint32(at + 12) !== salts[1]) return found;
      sums = checksum(sums, part, at, 8, littleEndian);
      sums = checksum(sums, part, at + frameHeadBytes, pageSize, littleEndian);
      if (sums[0] !== part.getUint32(at + 16) || sums[1] !== part.getUint32(at + 20)) return found;
      open.set(part.getUint32(at), from + at + frameHeadBytes);
      const size = part.getUint32(at + 4);
      if (size === 0) continue;
      for (const [page, offset] of open) found.pages.set(page, offset);
      open.clear();
      found.count = size;
    }
  }
  return found;
}

/** The database as it would be after a checkpoint, in chunks; undefined at the end. */
export function withWal(
  file: ByteSource,
  log: ByteSource,
  { pageSize, pages, count }: WalPages,
): () => Promise<Uint8Array | undefined> {
  const total = count > 0 ? count : Math.ceil(file.size / pageSize);
  const atOnce = Math.max(1, Math.floor(chunkBytes / pageSize));
  let next = 1;
  return async () => {
    if (next > total) return undefined;
    const last = Math.min(total, next + atOnce - 1);
    const chunk = new Uint8Array((last - next + 1) * pageSize);
    const from = (next - 1) * pageSize;
    if (from < file.size) chunk.set(await file.read(from, Math.min(file.size, from + chunk.length)));
    for (let page = next; page <= last; page++) {
      const at = pages.get(page);
      if (at !== undefined) chunk.set(await log.read(at, at + pageSize), (page - next) * pageSize);
    }
    next = last + 1;
    return chunk;
  };
}

/** SQLite's running checksum over pairs of 32-bit words. */
function checksum(
  [a, b]: [number, number],
  bytes: DataView,
  from: number,
  length: number,
  littleEndian: boolean,
): [number, number] {
  let [s0, s1] = [a, b];
  for (let at = from; at < from + length; at += 8) {
    s0 = (s0 + bytes.getUint32(at, littleEndian) + s1) >>> 0;
    s1 = (s1 + bytes.getUint32(at + 4, littleEndian) + s0) >>> 0;
  }
  return [s0, s1];
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const refused = (why: string) =>
  new LoamError(
    'FileUnreadable',
    `The file beside the database is not its write-ahead log: ${why}. Nothing was changed.`,
  );
