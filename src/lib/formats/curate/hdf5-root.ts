// The root that an HDF5 file's first bytes name (HDF5 file format 3.0, "Disk Format: Level 0A"): versions 0 and 1 hold a
// symbol table entry, versions 2 and 3 an address under a checksum.
import { LoamError } from '../../engine/errors.ts';

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Makes another group the root, by the eight bytes of its address. */
export function nameRoot(bytes: Uint8Array, address: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[8] ?? -1;
  const eights = version < 2 ? bytes[13] === 8 && bytes[14] === 8 : bytes[9] === 8 && bytes[10] === 8;
  const base = version < 2 ? view.getBigUint64(version === 0 ? 24 : 28, true) : view.getBigUint64(12, true);
  if (
    signature.some((byte, i) => bytes[i] !== byte) ||
    version > 3 ||
    !eights ||
    base !== 0n ||
    address.length !== 8
  )
    throw new LoamError(
      'NotImplementedError',
      'This HDF5 file is laid out in a way in which no fixed copy of it can be written. Fix it where it was made.',
    );
  if (version < 2) {
    // Behind four addresses: the place of its name, its header, and what was cached of it, which is now nothing.
    const entry = (version === 0 ? 24 : 28) + 32;
    bytes.set(address, entry + 8);
    bytes.fill(0, entry + 16, entry + 40);
    return;
  }
  bytes.set(address, 36);
  view.setUint32(44, lookup3(bytes.subarray(0, 44)), true);
}

const turn = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** Bob Jenkins' lookup3, as HDF5 sums its metadata. */
export function lookup3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let length = bytes.length;
  let [a, b, c] = [0xdeadbeef + length, 0xdeadbeef + length, 0xdeadbeef + length].map((one) => one | 0) as [
    number,
    number,
    number,
  ];
  let at = 0;
  for (; length > 12; length -= 12, at += 12) {
    a = (a + view.getUint32(at, true)) | 0;
    b = (b + view.getUint32(at + 4, true)) | 0;
    c = (c + view.getUint32(at + 8, true)) | 0;
    a = (a - c) ^ turn(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ turn(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ turn(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ turn(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ turn(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ turn(b, 4);
    b = (b + a) | 0;
  }
  if (length === 0) return c >>> 0;
  const rest = new Uint8Array(12);
  rest.set(bytes.subarray(at));
  const last = new DataView(rest.buffer);
  a = (a + last.getUint32(0, true)) | 0;
  b = (b + last.getUint32(4, true)) | 0;
  c = (c + last.getUint32(8, true)) | 0;
  c = (c ^ b) - turn(b, 14);
  a = (a ^ c) - turn(c, 11);
  b = (b ^ a) - turn(a, 25);
  c = (c ^ b) - turn(b, 16);
  a = (a ^ c) - turn(c, 4);
  b = (b ^ a) - turn(a, 14);
  c = (c ^ b) - turn(b, 24);
  return c >>> 0;
}
