// The empty database as the bytes of a file, made without SQLite: its schema table and one empty page for each table and
// index (https://sqlite.org/fileformat2.html). Executing 1,169 CREATE statements takes seconds; this takes milliseconds
// and may run while the module that will open the file is still loading. It runs once in a worker, so in code that the
// browser has not compiled yet: plain loops over one buffer, since there every array and closure costs (decision 0018).
import { utf8 } from '../md5.ts';
import type { Model, Table } from '../model/types.ts';
import { schemaEntries, type Entry } from './entries.ts';

const pageSize = 4096;
/** The largest record a leaf holds whole; of a longer one this much stays and the rest goes to overflow pages. */
const whole = pageSize - 35;
const least = Math.floor(((pageSize - 12) * 32) / 255) - 23;
const overflowRoom = pageSize - 4;
const [leaf, interior, indexLeaf] = [0x0d, 0x05, 0x0a];

/** `own` are CREATE statements of tables and indexes beside the model's. */
export function databaseImage(model: Model, own: readonly string[]): Uint8Array {
  const tables = model.order.map((name) => model.tables.get(name) as Table);
  const entries = schemaEntries(tables, own);
  const records = new Records();
  const rows: Row[] = [];
  for (const entry of entries) rows.push(records.add(entry, rows.length + 1));

  const leaves = fill(rows);
  let next = 2 + leaves.length;
  let firstRoot = next;
  for (const row of rows) firstRoot += row.overflow;
  const image = new Image(firstRoot - 1 + entries.length);
  image.header();
  for (const [i, part] of leaves.entries()) {
    const page = image.leaf(2 + i);
    for (const row of part) {
      records.setRoot(row, firstRoot + row.rowid - 1);
      page.cell(records.of(row), row, next, image);
      next += row.overflow;
    }
  }
  image.root(leaves.map((part) => (part.at(-1) as Row).rowid));
  for (const [i, { type, rowless }] of entries.entries())
    image.empty(firstRoot + i, type === 'table' && !rowless ? leaf : indexLeaf);
  return image.bytes;
}

interface Row {
  rowid: number;
  /** Where its record lies among all, and how many bytes it has. */
  start: number;
  size: number;
  /** Where in the record the root page's number stands. */
  rootAt: number;
  /** Bytes of the record in the leaf, and pages of its rest. */
  local: number;
  overflow: number;
  /** Bytes it takes in its leaf: cell and pointer. */
  room: number;
}

/** The records of the schema table, one behind the other; root pages are filled in when their numbers are known. */
class Records {
  private bytes = new Uint8Array(512 * 1024);
  private end = 0;

  /**
   * Five columns: type, name, tbl_name, root page (an integer of four bytes), sql; before them their serial types, behind
   * the length of all that.
   */
  add(entry: Entry, rowid: number): Row {
    const { type, name, table, sql } = entry;
    const most = 3 * (type.length + name.length + table.length + (sql?.length ?? 0)) + 32;
    while (this.end + most > this.bytes.length) this.grow();
    const start = this.end;
    // The head's length is known after the texts; they go behind the longest head there can be and move up then.
    const texts = start + 24;
    let at = texts;
    const kind = this.text(at, type);
    at += kind;
    const named = this.text(at, name);
    at += named;
    const of = this.text(at, table);
    at += of;
    const root = at - texts;
    at += 4;
    const long = sql === null ? -1 : this.text(at, sql);
    at += Math.max(0, long);

    let head = start + 1;
    head = putVarint(this.bytes, head, serialOf(kind));
    head = putVarint(this.bytes, head, serialOf(named));
    head = putVarint(this.bytes, head, serialOf(of));
    this.bytes[head++] = 4;
    head = putVarint(this.bytes, head, long < 0 ? 0 : serialOf(long));
    this.bytes[start] = head - start;
    this.bytes.copyWithin(head, texts, at);
    this.end = head + (at - texts);

    const size = this.end - start;
    const kept = least + ((size - least) % overflowRoom);
    const local = size <= whole ? size : kept <= whole ? kept : least;
    const overflow = Math.ceil((size - local) / overflowRoom);
    const room = varintBytes(size) + varintBytes(rowid) + local + (overflow > 0 ? 4 : 0) + 2;
    return { rowid, start, size, rootAt: head - start + root, local, overflow, room };
  }

  setRoot({ start, rootAt }: Row, page: number): void {
    putUint32(this.bytes, start + rootAt, page);
  }

  of({ start, size }: Row): Uint8Array {
    return this.bytes.subarray(start, start + size);
  }

  /** Writes the text and answers how many bytes it takes; there is room for three per character. */
  private text(at: number, text: string): number {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        const encoded = utf8(text);
        bytes.set(encoded, at);
        return encoded.length;
      }
      bytes[at + i] = code;
    }
    return text.length;
  }

  private grow(): void {
    const wider = new Uint8Array(this.bytes.length * 2);
    wider.set(this.bytes);
    this.bytes = wider;
  }
}

/** Which rows go to which leaf, in order. */
function fill(rows: readonly Row[]): Row[][] {
  const leaves: Row[][] = [];
  let free = 0;
  for (const row of rows) {
    if (row.room > free) {
      leaves.push([]);
      free = pageSize - 8;
    }
    leaves.at(-1)?.push(row);
    free -= row.room;
  }
  return leaves;
}

/** The serial type of a text of so many bytes. */
const serialOf = (bytes: number): number => bytes * 2 + 13;

/** SQLite's variable-length integer, of at most four bytes here. */
function varintBytes(value: number): number {
  return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4;
}

/** Writes it and answers where it ends. */
function putVarint(bytes: Uint8Array, at: number, value: number): number {
  const end = at + varintBytes(value);
  bytes[end - 1] = value & 127;
  let rest = value >> 7;
  for (let i = end - 2; i >= at; i--) {
    bytes[i] = (rest & 127) | 128;
    rest >>= 7;
  }
  return end;
}

function putUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 255;
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  putUint16(bytes, at, value >>> 16);
  putUint16(bytes, at + 2, value & 0xffff);
}

class Image {
  readonly bytes: Uint8Array;

  constructor(private readonly pages: number) {
    this.bytes = new Uint8Array(pages * pageSize);
  }

  header(): void {
    const { bytes } = this;
    bytes.set(utf8('SQLite format 3\0'));
    putUint16(bytes, 16, pageSize);
    bytes.set([1, 1, 0, 64, 32, 32], 18);
    putUint32(bytes, 24, 1); // change counter
    putUint32(bytes, 28, this.pages);
    putUint32(bytes, 40, 1); // schema cookie
    putUint32(bytes, 44, 4); // schema format
    putUint32(bytes, 56, 1); // UTF-8
    putUint32(bytes, 92, 1); // the change counter for which the page count holds
    putUint32(bytes, 96, 3_054_000);
  }

  /** A page without cells: kind, no free block, content begins at the page's end. */
  empty(number: number, type: number): void {
    const at = (number - 1) * pageSize;
    this.bytes[at] = type;
    putUint16(this.bytes, at + 5, pageSize);
  }

  leaf(number: number): Leaf {
    this.empty(number, leaf);
    return new Leaf(this.bytes, (number - 1) * pageSize);
  }

  /** Page 1 points to the leaves, which follow it; `last` is the last rowid of each. */
  root(last: readonly number[]): void {
    const { bytes } = this;
    let end = pageSize;
    let pointer = 112;
    for (let i = 0; i < last.length - 1; i++) {
      const rowid = last[i] ?? 0;
      end -= 4 + varintBytes(rowid);
      if (end < pointer + 2) throw new Error('The schema is too large for one root page.');
      putUint32(bytes, end, 2 + i);
      putVarint(bytes, end + 4, rowid);
      putUint16(bytes, pointer, end);
      pointer += 2;
    }
    bytes[100] = interior;
    putUint16(bytes, 103, last.length - 1);
    putUint16(bytes, 105, end);
    putUint32(bytes, 108, 1 + last.length);
  }

  overflow(number: number, content: Uint8Array, next: number): void {
    const at = (number - 1) * pageSize;
    putUint32(this.bytes, at, next);
    this.bytes.set(content, at + 4);
  }
}

/** A leaf that takes cells, from its end on. */
class Leaf {
  private cells = 0;
  private end = pageSize;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly at: number,
  ) {}

  /** A record with its rowid; what does not fit goes to the overflow pages from `next` on. */
  cell(content: Uint8Array, row: Row, next: number, image: Image): void {
    const { bytes, at } = this;
    this.end -= row.room - 2;
    let put = putVarint(bytes, at + this.end, row.size);
    put = putVarint(bytes, put, row.rowid);
    bytes.set(row.overflow === 0 ? content : content.subarray(0, row.local), put);
    if (row.overflow > 0) putUint32(bytes, put + row.local, next);
    for (let i = 0; i < row.overflow; i++) {
      const from = row.local + i * overflowRoom;
      const last = i === row.overflow - 1;
      image.overflow(next + i, content.subarray(from, from + overflowRoom), last ? 0 : next + i + 1);
    }
    putUint16(bytes, at + 8 + 2 * this.cells, this.end);
    this.cells += 1;
    putUint16(bytes, at + 3, this.cells);
    putUint16(bytes, at + 5, this.end);
  }
}
