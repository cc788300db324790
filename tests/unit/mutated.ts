// Bytes as a bad network, a bad program or a bad person makes them of good ones.

/** One to eight changes: bits, bytes, pieces cut, doubled, swapped or made up, numbers made huge. */
export function mutated(bytes: Uint8Array, next: () => number): Uint8Array {
  let out = [...bytes];
  const any = (most: number) => Math.floor(next() * most);
  for (let n = 1 + any(8); n > 0; n--) {
    const at = any(out.length + 1);
    const length = any(20);
    switch (any(8)) {
      case 0:
        out[at] = (out[at] ?? 0) ^ (1 << any(8));
        break;
      case 1:
        out[at] = any(256);
        break;
      case 2:
        out.splice(at, length);
        break;
      case 3:
        out.splice(at, 0, ...out.slice(at, at + length));
        break;
      case 4:
        out.splice(at, 0, ...Array.from({ length }, () => any(256)));
        break;
      case 5:
        out.splice(at, 1, ...Array.from({ length: any(9) }, () => 255), any(128));
        break;
      case 6:
        out = [...out.slice(any(out.length)), ...out.slice(0, any(out.length))];
        break;
      default:
        out = out.slice(0, any(out.length + 1));
    }
  }
  return Uint8Array.from(out);
}
