// Bytes of the sync log as Yjs writes them (lib0's encoding): whole numbers of seven bits a byte, texts and byte strings
// behind their length. What is read comes from anybody: every length is held against what is there before it is believed.
import { strFromU8, strToU8 } from 'fflate';
import { LoamError, type ErrorDetails } from '../errors.ts';

/** Why an update was not taken: for code that goes on differently after each. */
export type RefusalReason =
  | 'malformed'
  | 'newer'
  | 'too large'
  | 'gap'
  | 'diverged'
  | 'unknown log'
  | 'full'
  | 'foreign client'
  | 'voids';

/** What was wrong with bytes of a log, in words; `why` says it to programs. */
export const refusedUpdate = (why: RefusalReason, message: string, details: ErrorDetails = {}): LoamError =>
  new LoamError('UpdateRefused', message, { why, ...details });

export const malformed = (what: string): LoamError =>
  refusedUpdate('malformed', `An update of a log was refused: ${what}. Nothing of it was taken.`);

/** Writes into one buffer that grows. What `done` gives is a plain Uint8Array, the only kind that Yjs takes (no Buffer). */
export class ByteWriter {
  private bytes: Uint8Array;
  private end = 0;

  constructor(room = 256) {
    this.bytes = new Uint8Array(room);
  }

  get length(): number {
    return this.end;
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.end++] = value;
  }

  /** A whole number of up to 53 bits, seven a byte, the lowest first. */
  number(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new LoamError('InternalError', `${value} is no number that the log can hold.`);
    this.room(8);
    let rest = value;
    while (rest > 127) {
      this.bytes[this.end++] = 128 | (rest % 128);
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.end++] = rest;
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  block(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.raw(bytes);
  }

  text(text: string): void {
    this.block(strToU8(text));
  }

  done(): Uint8Array {
    return this.bytes.slice(0, this.end);
  }

  private room(more: number): void {
    if (this.end + more <= this.bytes.length) return;
    const wider = new Uint8Array(Math.max(this.bytes.length * 2, this.end + more));
    wider.set(this.bytes.subarray(0, this.end));
    this.bytes = wider;
  }
}

export class ByteReader {
  private at = 0;
  private readonly bytes: Uint8Array;

  /** What is read out is never a Buffer, whatever the socket gave: Yjs takes none as content. */
  constructor(bytes: Uint8Array) {
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.at;
  }

  byte(what: string): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw malformed(`it ends within ${what}`);
    this.at++;
    return value;
  }

  /** Only the shortest form of a number is one: two texts of bytes never mean the same. */
  number(what: string): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte(what);
      value += (byte & 127) * scale;
      if (byte < 128) {
        if ((byte === 0 && i > 0) || !Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 128;
    }
    throw malformed(`${what} is no number`);
  }

  /** How many things follow, each of at least `least` bytes. */
  count(what: string, least: number, most: number): number {
    const count = this.number(`the number of ${what}`);
    if (count > most) throw malformed(`it has ${count} ${what}, where ${most} are the most`);
    if (count * least > this.left) throw malformed(`it ends before its ${count} ${what}`);
    return count;
  }

  raw(length: number, what: string): Uint8Array {
    if (length > this.left) throw malformed(`it ends within ${what}`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  block(what: string, most: number): Uint8Array {
    const length = this.number(`the length of ${what}`);
    if (length > most)
      throw refusedUpdate(
        'too large',
        `An update of a log was refused: ${what} has ${length} bytes, where ${most} are the most. Nothing of it was taken.`,
        { bytes: length, limit: most },
      );
    return this.raw(length, what);
  }

  text(what: string, most: number): string {
    return strFromU8(this.block(what, most));
  }
}
