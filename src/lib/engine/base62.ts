// Base62 over LaminDB's alphabet (0-9A-Za-z, also the order of version counters).
// `encodeBytes` keeps leading zero bytes the way Python's `base62.encodebytes` does, so deterministic uids agree.

export const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function encodeInteger(value: bigint): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = BASE62.charAt(Number(rest % 62n)) + text;
  return text;
}

/** 62³: as many digits as a division by a number below 2¹⁸ gives at once, exactly, from limbs of 16 bits. */
const three = 62 ** 3;

/** The same for 16 bytes, where it is done for every term of an ontology: BigInts would take ten times as long. */
function encodeDigest(bytes: Uint8Array): string {
  const limbs = new Uint16Array(8);
  for (let i = 0; i < 8; i++) limbs[i] = ((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0);
  let text = '';
  for (let from = 0; from < 8;) {
    let rest = 0;
    for (let i = from; i < 8; i++) {
      const value = rest * 65_536 + (limbs[i] as number);
      const whole = Math.floor(value / three);
      limbs[i] = whole;
      rest = value - whole * three;
    }
    while (from < 8 && limbs[from] === 0) from += 1;
    const high = Math.floor(rest / 3844);
    const middle = Math.floor(rest / 62) % 62;
    text = BASE62.charAt(high) + BASE62.charAt(middle) + BASE62.charAt(rest % 62) + text;
  }
  return text.replace(/^0+/, '');
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
  if (bytes.length === 16) return prefix + encodeDigest(bytes);
  let value = 0n;
  for (let i = zeros; i < bytes.length; i++) value = value * 256n + BigInt(bytes[i] ?? 0);
  return prefix + encodeInteger(value);
}
