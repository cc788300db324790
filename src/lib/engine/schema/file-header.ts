// The first 100 bytes of a database file (SQLite's file format, section 1.3), read before SQLite sees any of it: is it
// a database at all, is all of it there, and in which mode was it left. Every refusal says in words what the file is.
import { LoamError } from '../errors.ts';
import { exportStamp } from '../ports.ts';

export const headerBytes = 100;

export interface FileHeader {
  pageSize: number;
  /** Pages the file says it has; 0 where an old SQLite wrote none. */
  pages: number;
  /** Left in WAL mode: the newest changes may lie in a file beside it, named `…-wal`. */
  wal: boolean;
  /** Written by nobody since Loam exported it (see `exportStamp`). */
  untouched: boolean;
}

/** `SQLite format 3` and a zero. */
const sqliteMagic = '53514c69746520666f726d6174203300';

/** What files begin with that are often taken for databases; as hexadecimal digits. */
const magics: [RegExp, string][] = [
  [/^1f8b/, 'It is packed with gzip.'],
  [/^504b0304/, 'It is a zip archive: unpack it and choose the database in it.'],
  [
    /^377f068[23]/,
    'It is the write-ahead log of a database (its name ends in "-wal"). Choose the database itself, or both together.',
  ],
  [
    /^d9d505f920a163d7/,
    'It is the rollback journal of a database (its name ends in "-journal"). Choose the database itself.',
  ],
  [/^50415231/, 'It is a parquet file: add it as an artifact.'],
  [/^89484446/, 'It is an HDF5 file (h5ad): add it as an artifact.'],
  [/^5047444d50/, 'It is a dump of a Postgres database, which Loam cannot open.'],
  [/^.{16}4455434b/, 'It is a DuckDB database, which holds no LaminDB registries.'],
  [/^((09|0a|0d|20)*)(7b|5b|3c)/, 'It is a text file.'],
];

/**
 * Reads the header.
 * @param head the first bytes of the file, at least 100 where it has them.
 * @param size bytes of the whole file; null while they are not known.
 */
export function readHeader(head: Uint8Array, size: number | null): FileHeader {
  if (head.length === 0) throw refused('The file is empty.');
  const begins = Array.from(head.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (begins !== sqliteMagic) {
    const known = magics.find(([magic]) => magic.test(begins))?.[1];
    throw refused(
      `This is no SQLite database. ${known ?? 'Its first bytes are not those of one; an encrypted database cannot be opened either.'}`,
    );
  }
  if (head.length < headerBytes) throw refused(`The file is cut off: only ${head.length} bytes are there.`);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const raw = view.getUint16(16);
  const pageSize = raw === 1 ? 65536 : raw;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0)
    throw damaged(`its header gives a page size of ${raw} bytes`);
  const reserved = head[20] ?? 0;
  if (pageSize - reserved < 480) throw damaged(`${reserved} bytes of each page are reserved`);
  const [writes, reads] = [head[18] ?? 0, head[19] ?? 0];
  if (Math.max(reads, writes) > 2 || Math.min(reads, writes) < 1)
    throw refused(`The file has SQLite format version ${reads}/${writes}, which this SQLite cannot use.`);
  if (head[21] !== 64 || head[22] !== 32 || head[23] !== 32)
    throw damaged('the fixed numbers in its header are wrong');
  const encoding = view.getUint32(56);
  if (encoding === 2 || encoding === 3)
    throw refused('The database keeps its text as UTF-16. LaminDB writes UTF-8; convert the file first.');
  if (encoding !== 1) throw damaged(`its header names the text encoding ${encoding}`);
  const counter = view.getUint32(24);
  const current = counter === view.getUint32(92);
  // Older SQLite did not keep the count of pages; it is right only where the two counters agree.
  const pages = current ? view.getUint32(28) : 0;
  if (size !== null && size % pageSize !== 0 && pages === 0)
    throw damaged('it does not end at the end of a page');
  if (size !== null && pages * pageSize > size) {
    throw new LoamError(
      'FileUnreadable',
      `The file is cut off: ${bytes(size)} of ${bytes(pages * pageSize)} are there. Copy or download it again. Nothing was changed.`,
      { size, wanted: pages * pageSize },
    );
  }
  return { pageSize, pages, wal: reads === 2, untouched: current && counter === exportStamp };
}

const bytes = (n: number) => `${n.toLocaleString('en')} bytes`;

const refused = (why: string) => new LoamError('FileUnreadable', `${why} Nothing was changed.`);

const damaged = (how: string) =>
  new LoamError('FileUnreadable', `The database file is damaged: ${how}. Nothing was changed.`);
