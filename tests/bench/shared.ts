// Sizes and statements that our engine and the native anchor (native.py) must have in common.
export const bulkRows = 100_000;
export const perTransaction = 2_000;
export const singles = 2_000;

export const plainInsert = (columns: string[]) =>
  `INSERT INTO lamindb_ulabel (${columns.map((c) => `"${c}"`).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;

export const ftsTable = "CREATE VIRTUAL TABLE bench_fts USING fts5(name, content='', tokenize='unicode61')";
export const ftsBuild = 'INSERT INTO bench_fts(rowid, name) SELECT id, name FROM lamindb_ulabel ORDER BY id';
export const pointRead = 'SELECT * FROM lamindb_ulabel WHERE uid = ?';

/** The settings of opfs-sahpool.ts: both sides run with the same ones. */
export const nativeSettings = [
  'PRAGMA locking_mode=exclusive',
  'PRAGMA journal_mode=wal',
  'PRAGMA synchronous=normal',
  'PRAGMA cache_size=-65536',
  'PRAGMA foreign_keys=on',
  'PRAGMA temp_store=memory',
];
