// A zip archive written as a stream: members are stored as they are (they are databases, parquet, packed arrays), sizes
// beyond 4 GiB and more than 65,535 members in the zip64 form. Small members carry their sum in front, large ones behind.

export interface ZipMember {
  /** Relative, `/`-separated. */
  path: string;
  /** Known size in bytes. */
  size: number;
  /** The bytes, in any number of chunks. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Up to here a member is read whole, so that its head can be complete: not all readers like the other form. */
const wholeBelow = 8 * 1024 * 1024;
const utf8 = 0x0800;
const sumsBehind = 0x0008;
const stored = 0;
const max32 = 0xffffffff;

interface Written {
  path: Uint8Array;
  flags: number;
  crc: number;
  size: number;
  at: number;
}

/**
 * The archive as chunks. `when` is the time all members get.
 * @throws what a member's `chunks` throws, and where one gives another number of bytes than it said.
 */
export async function* zipChunks(
  members: AsyncIterable<ZipMember> | Iterable<ZipMember>,
  when: Date,
): AsyncGenerator<Uint8Array> {
  const time = dosTime(when);
  const written: Written[] = [];
  let at = 0;
  for await (const member of members) {
    const path = new TextEncoder().encode(member.path);
    const start = at;
    let flags = utf8;
    let crc = 0;
    let size = 0;
    if (member.size <= wholeBelow) {
      const parts: Uint8Array[] = [];
      for await (const chunk of member.chunks()) {
        crc = crc32(chunk, crc);
        size += chunk.length;
        parts.push(chunk);
      }
      const head = localHead({ path, flags, crc, size, at: start }, time);
      at += head.length + size;
      yield head;
      yield* parts;
    } else {
      flags |= sumsBehind;
      const head = localHead({ path, flags, crc: 0, size: member.size, at: start }, time);
      yield head;
      for await (const chunk of member.chunks()) {
        crc = crc32(chunk, crc);
        size += chunk.length;
        yield chunk;
      }
      const behind = descriptor(crc, size);
      at += head.length + size + behind.length;
      yield behind;
    }
    if (size !== member.size) throw new Error(`${member.path} has ${size} bytes, not ${member.size}`);
    written.push({ path, flags, crc, size, at: start });
  }
  const directory = at;
  for (const entry of written) {
    const bytes = centralEntry(entry, time);
    at += bytes.length;
    yield bytes;
  }
  yield ending(written.length, at - directory, directory);
}

function localHead({ path, flags, crc, size }: Written, [date, clock]: [number, number]): Uint8Array {
  const behind = (flags & sumsBehind) !== 0;
  // With its sum behind, a member always has the 64-bit form, so that a reader knows how wide the sums are.
  const wide = behind || size > max32;
  const bytes = new Bytes(30 + path.length + (wide ? 20 : 0));
  bytes
    .u32(0x04034b50)
    .u16(wide ? 45 : 20)
    .u16(flags)
    .u16(stored)
    .u16(clock)
    .u16(date);
  bytes
    .u32(crc)
    .u32(wide ? max32 : size)
    .u32(wide ? max32 : size);
  bytes
    .u16(path.length)
    .u16(wide ? 20 : 0)
    .raw(path);
  if (wide)
    bytes
      .u16(1)
      .u16(16)
      .u64(behind ? 0 : size)
      .u64(behind ? 0 : size);
  return bytes.all;
}

function descriptor(crc: number, size: number): Uint8Array {
  return new Bytes(24).u32(0x08074b50).u32(crc).u64(size).u64(size).all;
}

function centralEntry({ path, flags, crc, size, at }: Written, [date, clock]: [number, number]): Uint8Array {
  const wide = size > max32 || at > max32;
  const bytes = new Bytes(46 + path.length + (wide ? 28 : 0));
  bytes
    .u32(0x02014b50)
    .u16(0x031e)
    .u16(wide ? 45 : 20)
    .u16(flags)
    .u16(stored)
    .u16(clock)
    .u16(date);
  bytes
    .u32(crc)
    .u32(wide ? max32 : size)
    .u32(wide ? max32 : size);
  bytes
    .u16(path.length)
    .u16(wide ? 28 : 0)
    .u16(0)
    .u16(0)
    .u16(0);
  // A plain file that its owner may write and all may read.
  bytes
    .u32((0o100644 << 16) >>> 0)
    .u32(wide ? max32 : at)
    .raw(path);
  if (wide) bytes.u16(1).u16(24).u64(size).u64(size).u64(at);
  return bytes.all;
}

function ending(count: number, size: number, at: number): Uint8Array {
  const wide = count > 0xfffe || size >= max32 || at >= max32;
  const bytes = new Bytes(22 + (wide ? 76 : 0));
  if (wide) {
    bytes.u32(0x06064b50).u64(44).u16(0x031e).u16(45).u32(0).u32(0);
    bytes.u64(count).u64(count).u64(size).u64(at);
    bytes
      .u32(0x07064b50)
      .u32(0)
      .u64(at + size)
      .u32(1);
  }
  bytes.u32(0x06054b50).u16(0).u16(0);
  bytes.u16(wide ? 0xffff : count).u16(wide ? 0xffff : count);
  bytes
    .u32(wide ? max32 : size)
    .u32(wide ? max32 : at)
    .u16(0);
  return bytes.all;
}

/** Little-endian numbers one after the other. */
class Bytes {
  readonly all: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(length: number) {
    this.all = new Uint8Array(length);
    this.view = new DataView(this.all.buffer);
  }
  u16(value: number): this {
    this.view.setUint16(this.at, value, true);
    this.at += 2;
    return this;
  }
  u32(value: number): this {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
    return this;
  }
  u64(value: number): this {
    this.view.setBigUint64(this.at, BigInt(value), true);
    this.at += 8;
    return this;
  }
  raw(bytes: Uint8Array): this {
    this.all.set(bytes, this.at);
    this.at += bytes.length;
    return this;
  }
}

/** [date, time] as MS-DOS counts them, UTC; nothing before 1980. */
function dosTime(when: Date): [number, number] {
  const year = Math.max(1980, when.getUTCFullYear());
  const date = ((year - 1980) << 9) | ((when.getUTCMonth() + 1) << 5) | when.getUTCDate();
  const clock = (when.getUTCHours() << 11) | (when.getUTCMinutes() << 5) | (when.getUTCSeconds() >> 1);
  return [date, clock];
}

/** Eight tables, so that eight bytes are taken at a step: 5 times the speed of one. */
const tables: Uint32Array[] = [];

function crcTables(): Uint32Array[] {
  if (tables.length > 0) return tables;
  const first = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    first[n] = c >>> 0;
  }
  tables.push(first);
  for (let t = 1; t < 8; t++) {
    const before = tables[t - 1] as Uint32Array;
    tables.push(before.map((c) => ((first[c & 255] ?? 0) ^ (c >>> 8)) >>> 0));
  }
  return tables;
}

/** CRC-32 of the bytes, going on from an earlier part's. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = crcTables() as [
    ...[Uint32Array, Uint32Array, Uint32Array, Uint32Array],
    ...[Uint32Array, Uint32Array, Uint32Array, Uint32Array],
  ];
  const at = (table: Uint32Array, index: number) => table[index & 255] as number;
  let crc = ~before >>> 0;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const low =
      crc ^
      ((bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24));
    crc =
      at(t7, low) ^
      at(t6, low >>> 8) ^
      at(t5, low >>> 16) ^
      at(t4, low >>> 24) ^
      at(t3, bytes[i + 4] as number) ^
      at(t2, bytes[i + 5] as number) ^
      at(t1, bytes[i + 6] as number) ^
      at(t0, bytes[i + 7] as number);
  }
  for (; i < bytes.length; i++) crc = at(t0, crc ^ (bytes[i] as number)) ^ (crc >>> 8);
  return ~crc >>> 0;
}
