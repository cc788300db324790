// Sums as NumPy adds: in halves down to blocks of 128, each of eight running sums, all in 64-bit floats. So a sum is the same
// to its last bit as that of `values.astype("float64").sum()`, where adding one after the other would differ.

const BLOCK = 128;
const LANES = 8;

/** Takes exactly `length` values in order, in pieces of any size. */
export class PairwiseSum {
  /** Sums of finished left halves, and lengths of right halves still to come. */
  readonly #open: ({ left: number } | { right: number })[] = [];
  readonly #block = new Float64Array(BLOCK);
  #filled = 0;
  #size = 0;
  #rest: number;
  #sum = 0;

  constructor(length: number) {
    this.#rest = length;
    if (length > 0) this.#descend(length);
  }

  add(values: ArrayLike<number | bigint>): void {
    for (let i = 0; i < values.length; i++) {
      if (this.#rest === 0) throw new Error('more values than were announced');
      this.#rest--;
      this.#block[this.#filled++] = Number(values[i]);
      if (this.#filled === this.#size) this.#finish();
    }
  }

  /** Throws where fewer values came than were announced. */
  get total(): number {
    if (this.#rest > 0) throw new Error('fewer values than were announced');
    return this.#sum;
  }

  #descend(length: number): void {
    let size = length;
    while (size > BLOCK) {
      const half = Math.floor(size / 2);
      const left = half - (half % LANES);
      this.#open.push({ right: size - left });
      size = left;
    }
    this.#size = size;
    this.#filled = 0;
  }

  #finish(): void {
    let sum = blockSum(this.#block, this.#size);
    for (;;) {
      const last = this.#open.pop();
      if (last === undefined) {
        this.#sum = sum;
        return;
      }
      if ('right' in last) {
        this.#open.push({ left: sum });
        this.#descend(last.right);
        return;
      }
      sum = last.left + sum;
    }
  }
}

function blockSum(values: Float64Array, length: number): number {
  const at = (i: number): number => values[i] ?? 0;
  if (length < LANES) {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += at(i);
    return sum;
  }
  let [a, b, c, d, e, f, g, h] = [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)];
  let i = LANES;
  for (; i < length - (length % LANES); i += LANES) {
    a += at(i);
    b += at(i + 1);
    c += at(i + 2);
    d += at(i + 3);
    e += at(i + 4);
    f += at(i + 5);
    g += at(i + 6);
    h += at(i + 7);
  }
  let sum = a + b + (c + d) + (e + f + (g + h));
  for (; i < length; i++) sum += at(i);
  return sum;
}
