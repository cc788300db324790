// LZF, the packing of h5py's compression="lzf" (HDF5 filter 32000).

/**
 * Unpacks one block. `expected` is a first guess of the unpacked size: h5py counts a text as 8 bytes there where the file
 * takes 16, so the output may grow, up to `limit`. Throws on damage.
 */
export function decodeLzf(input: Uint8Array, expected: number, limit: number): Uint8Array {
  let output = new Uint8Array(Math.min(limit, Math.max(expected, 64)));
  let length = 0;
  const reserve = (more: number): void => {
    const needed = length + more;
    if (needed > limit) throw new Error('LZF block is too large');
    if (needed <= output.length) return;
    const grown = new Uint8Array(Math.min(limit, Math.max(needed, output.length * 2)));
    grown.set(output.subarray(0, length));
    output = grown;
  };
  for (let at = 0; at < input.length;) {
    const control = input[at++] ?? 0;
    if (control < 32) {
      const literals = control + 1;
      if (at + literals > input.length) throw new Error('LZF block is cut off');
      reserve(literals);
      output.set(input.subarray(at, at + literals), length);
      length += literals;
      at += literals;
      continue;
    }
    let count = control >> 5;
    if (count === 7) count += input[at++] ?? 0;
    count += 2;
    const low = input[at++];
    if (low === undefined) throw new Error('LZF block is cut off');
    let from = length - ((control & 31) << 8) - low - 1;
    if (from < 0) throw new Error('LZF block points before its start');
    reserve(count);
    // Byte by byte: source and target overlap where a pattern repeats.
    for (let i = 0; i < count; i++) output[length++] = output[from++] ?? 0;
  }
  return output.subarray(0, length);
}
