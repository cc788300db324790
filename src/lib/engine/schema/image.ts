// The empty database as the bytes of a file, made without SQLite: its schema table and one empty page for each table and
// index (https://sqlite.org/fileformat2.html). Executing 1,169 CREATE statements takes seconds; this takes milliseconds
// and may run while the module that will open the file is still loading.
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
  const rows = entries.map((entry, i) => sized(entry, i + 1));
  const leaves = fill(rows);
  const overflow = rows.reduce((sum, row) => sum + row.overflow, 0);
  const firstOverflow = 2 + leaves.length;
  const firstRoot = firstOverflow + overflow;
  const image = new Image(firstRoot - 1 + entries.length);
  image.header();

  let next = firstOverflow;
  for (const [i, part] of leaves.entries()) {
    const page = image.page(2 + i, leaf);
    for (const row of part) {
      page.cell(record(row, firstRoot + row.rowid - 1), row, next, image);
      next += row.overflow;
    }
  }
  image.root(leaves.map((part) => (part.at(-1) as Row).rowid));
  for (const [i, { type, rowless }] of entries.entries())
    image.page(firstRoot + i, type === 'table' && !rowless ? leaf : indexLeaf);
  return image.bytes;
}

interface Row {
  rowid: number;
  /** type, name, tbl_name, sql; the root page stands between the last two. */
  texts: (Uint8Array | null)[];
  /** Bytes of the record, and of them those in the leaf. */
  size: number;
  local: number;
  overflow: number;
  /** Bytes it takes in its leaf: cell and pointer. */
  room: number;
}

function sized(entry: Entry, rowid: number): Row {
  const texts = [entry.type, entry.name, entry.table, entry.sql].map((text) =>
    text === null ? null : utf8(text),
  );
  const data = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0) + 4;
  const size = headOf(texts).length + data;
  const kept = least + ((size - least) % overflowRoom);
  const local = size <= whole ? size : kept <= whole ? kept : least;
  const overflow = Math.ceil((size - local) / overflowRoom);
  const room = varint(size).length + varint(rowid).length + local + (overflow > 0 ? 4 : 0) + 2;
  return { rowid, texts, size, local, overflow, room };
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

/** Serial types of the five columns, behind their own length: texts, and the root page as a 4-byte integer. */
function headOf(texts: readonly (Uint8Array | null)[]): number[] {
  const [type, name, table, sql] = texts.map((text) => varint(text ? text.length * 2 + 13 : 0));
  const types = [type, name, table, [4], sql].flatMap((one) => one ?? []);
  return [types.length + 1, ...types];
}

function record(row: Row, root: number): Uint8Array {
  const bytes = new Uint8Array(row.size);
  const head = headOf(row.texts);
  bytes.set(head);
  let at = head.length;
  for (const [i, text] of row.texts.entries()) {
    if (i === 3) {
      new DataView(bytes.buffer).setUint32(at, root);
      at += 4;
    }
    if (text) bytes.set(text, at);
    at += text?.length ?? 0;
  }
  return bytes;
}

/** SQLite's variable-length integer, of at most four bytes here. */
function varint(value: number): number[] {
  const bytes = [value & 127];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 127) | 128);
  return bytes;
}

class Image {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(private readonly pages: number) {
    this.bytes = new Uint8Array(pages * pageSize);
    this.view = new DataView(this.bytes.buffer);
  }

  header(): void {
    this.bytes.set(utf8('SQLite format 3\0'));
    this.view.setUint16(16, pageSize);
    this.bytes.set([1, 1, 0, 64, 32, 32], 18);
    this.view.setUint32(24, 1); // change counter
    this.view.setUint32(28, this.pages);
    this.view.setUint32(40, 1); // schema cookie
    this.view.setUint32(44, 4); // schema format
    this.view.setUint32(56, 1); // UTF-8
    this.view.setUint32(92, 1); // the change counter for which the page count holds
    this.view.setUint32(96, 3_054_000);
  }

  page(number: number, type: number): Page {
    return new Page(this.bytes, this.view, (number - 1) * pageSize, type);
  }

  /** Page 1 points to the leaves, which follow it; `last` is the last rowid of each. */
  root(last: readonly number[]): void {
    const cells = last.slice(0, -1).map((rowid, i) => {
      const cell = Uint8Array.from([0, 0, 0, 0, ...varint(rowid)]);
      new DataView(cell.buffer).setUint32(0, 2 + i);
      return cell;
    });
    let end = pageSize;
    let pointer = 112;
    for (const cell of cells) {
      end -= cell.length;
      if (end < pointer + 2) throw new Error('The schema is too large for one root page.');
      this.bytes.set(cell, end);
      this.view.setUint16(pointer, end);
      pointer += 2;
    }
    this.bytes[100] = interior;
    this.view.setUint16(103, cells.length);
    this.view.setUint16(105, end);
    this.view.setUint32(108, 1 + last.length);
  }

  overflow(number: number, bytes: Uint8Array, next: number): void {
    const at = (number - 1) * pageSize;
    this.view.setUint32(at, next);
    this.bytes.set(bytes, at + 4);
  }
}

/** A leaf, at first without cells: kind, no free block, no cells, content begins at the page's end. */
class Page {
  private cells = 0;
  private end = pageSize;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly view: DataView,
    private readonly at: number,
    type: number,
  ) {
    bytes[at] = type;
    view.setUint16(at + 5, pageSize);
  }

  /** A record with its rowid; what does not fit goes to the overflow pages from `next` on. */
  cell(content: Uint8Array, row: Row, next: number, image: Image): void {
    const head = [...varint(row.size), ...varint(row.rowid)];
    const { local } = row;
    this.end -= head.length + local + (row.overflow > 0 ? 4 : 0);
    const start = this.at + this.end;
    this.bytes.set(head, start);
    this.bytes.set(content.subarray(0, local), start + head.length);
    if (row.overflow > 0) this.view.setUint32(start + head.length + local, next);
    for (let i = 0; i < row.overflow; i++) {
      const from = local + i * overflowRoom;
      const last = i === row.overflow - 1;
      image.overflow(next + i, content.subarray(from, from + overflowRoom), last ? 0 : next + i + 1);
    }
    this.view.setUint16(this.at + 8 + 2 * this.cells, this.end);
    this.cells += 1;
    this.view.setUint16(this.at + 3, this.cells);
    this.view.setUint16(this.at + 5, this.end);
  }
}
