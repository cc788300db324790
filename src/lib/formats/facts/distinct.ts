// Counts different texts without keeping them all: the texts themselves up to 100,000, beyond that 64-bit hashes in a flat
// table (8 bytes each at most 70 % full), where two of ten million texts meet by chance once in 400,000 files.

const EXACT = 100_000;

export class Distinct {
  #texts: Set<string> | null = new Set();
  #table = new Uint32Array(0);
  #count = 0;
  #hasZero = false;

  /** True when the text was not there before. */
  add(text: string): boolean {
    if (this.#texts !== null) {
      const before = this.#texts.size;
      this.#texts.add(text);
      if (this.#texts.size > EXACT) this.#spill(this.#texts);
      return this.#texts === null || this.#texts.size > before;
    }
    return this.#insert(...hash(text));
  }

  get size(): number {
    return this.#texts?.size ?? this.#count;
  }

  #spill(texts: Set<string>): void {
    this.#texts = null;
    this.#table = new Uint32Array(2 * 2 ** 19);
    for (const text of texts) this.#insert(...hash(text));
  }

  #insert(low: number, high: number): boolean {
    // A pair of zeros marks an empty place, so that one hash is kept apart.
    if (low === 0 && high === 0) {
      const isNew = !this.#hasZero;
      this.#hasZero = true;
      this.#count += Number(isNew);
      return isNew;
    }
    const places = this.#table.length / 2;
    if (this.#count > places * 0.7) {
      this.#grow();
      return this.#insert(low, high);
    }
    for (let place = low % places; ; place = (place + 1) % places) {
      const [a, b] = [this.#table[2 * place], this.#table[2 * place + 1]];
      if (a === low && b === high) return false;
      if (a === 0 && b === 0) {
        this.#table[2 * place] = low;
        this.#table[2 * place + 1] = high;
        this.#count++;
        return true;
      }
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(old.length * 2);
    this.#count = Number(this.#hasZero);
    for (let i = 0; i < old.length; i += 2) {
      const [low = 0, high = 0] = [old[i], old[i + 1]];
      if (low !== 0 || high !== 0) this.#insert(low, high);
    }
  }
}

/** Two independent 32-bit hashes of the UTF-16 units (the mixing steps of MurmurHash3). */
function hash(text: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [a >>> 0, b >>> 0];
}
