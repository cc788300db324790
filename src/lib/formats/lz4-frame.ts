// LZ4 frames, the default of Feather files. The packages at hand read single LZ4 blocks only;
// frames link blocks, so a block may copy from the one before.

const MAGIC = 0x184d2204;

/** Unpacks a frame; throws on damage and where more than `limit` bytes would come out. */
export function decodeLz4Frame(input: Uint8Array, limit: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (input.length < 7 || view.getUint32(0, true) !== MAGIC) throw new Error('no LZ4 frame');
  const flags = input[4] ?? 0;
  const blockChecksum = (flags & 0x10) !== 0;
  const hasSize = (flags & 0x08) !== 0;
  const hasDictionary = (flags & 0x01) !== 0;
  let at = 6;
  let announced: number | null = null;
  if (hasSize) {
    announced = Number(view.getBigUint64(at, true));
    if (announced > limit) throw new Error('LZ4 frame is too large');
    at += 8;
  }
  at += (hasDictionary ? 4 : 0) + 1;
  const output = {
    bytes: new Uint8Array(announced ?? Math.min(limit, Math.max(65_536, input.length * 4))),
    length: 0,
  };
  for (;;) {
    const header = view.getUint32(at, true);
    at += 4;
    if (header === 0) break;
    const size = header & 0x7fffffff;
    const block = input.subarray(at, at + size);
    if (block.length !== size) throw new Error('LZ4 frame is cut off');
    if (header >>> 31 === 1) {
      reserve(output, size, limit);
      output.bytes.set(block, output.length);
      output.length += size;
    } else decodeBlock(block, output, limit);
    at += size + (blockChecksum ? 4 : 0);
  }
  return output.bytes.subarray(0, output.length);
}

/** One LZ4 block whose unpacked size is known. */
export function decodeLz4Block(block: Uint8Array, size: number): Uint8Array {
  const output = { bytes: new Uint8Array(size), length: 0 };
  decodeBlock(block, output, size);
  if (output.length !== size) throw new Error('LZ4 block is cut off');
  return output.bytes;
}

interface Output {
  bytes: Uint8Array;
  length: number;
}

function reserve(output: Output, more: number, limit: number): void {
  const needed = output.length + more;
  if (needed > limit) throw new Error('LZ4 frame is too large');
  if (needed <= output.bytes.length) return;
  const grown = new Uint8Array(Math.min(limit, Math.max(needed, output.bytes.length * 2)));
  grown.set(output.bytes.subarray(0, output.length));
  output.bytes = grown;
}

function decodeBlock(block: Uint8Array, output: Output, limit: number): void {
  let at = 0;
  const extended = (start: number): number => {
    let length = start;
    if (start !== 15) return length;
    for (;;) {
      const byte = block[at++];
      if (byte === undefined) throw new Error('LZ4 block is cut off');
      length += byte;
      if (byte !== 255) return length;
    }
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = extended(token >> 4);
    if (at + literals > block.length) throw new Error('LZ4 block is cut off');
    reserve(output, literals, limit);
    output.bytes.set(block.subarray(at, at + literals), output.length);
    output.length += literals;
    at += literals;
    // The last sequence has no match.
    if (at >= block.length) return;
    const offset = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    const length = extended(token & 15) + 4;
    if (offset === 0 || offset > output.length) throw new Error('LZ4 block points before its start');
    reserve(output, length, limit);
    const { bytes } = output;
    // Byte by byte: source and target overlap where a pattern repeats.
    for (let i = 0; i < length; i++) bytes[output.length + i] = bytes[output.length + i - offset] ?? 0;
    output.length += length;
  }
}
