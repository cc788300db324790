// Base62 over LaminDB's alphabet (0-9A-Za-z, also the order of version counters).
// `encodeBytes` keeps leading zero bytes the way Python's `base62.encodebytes` does, so deterministic uids agree.

export const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function encodeInteger(value: bigint): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = BASE62.charAt(Number(rest % 62n)) + text;
  return text;
}

/**
 * Leading zero bytes are written as a run marker: "0z" for each 61 of them, then "0" + the digit of the remainder.
 * Without it, byte strings that differ only in leading zeros would share one text.
 */
export function encodeBytes(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  const prefix =
    '0z'.repeat(Math.floor(zeros / 61)) + (zeros % 61 > 0 ? '0' + BASE62.charAt(zeros % 61) : '');
  let value = 0n;
  for (let i = zeros; i < bytes.length; i++) value = value * 256n + BigInt(bytes[i] ?? 0);
  return prefix + encodeInteger(value);
}
