// Tables of the projection, made when the first record of another arrives: a database that nobody shares has none of them.
// Facts (records of everybody, own ones among them) are found by loam_touch and loam_span like all of history; these hold
// what history does not know: who had seen what, what could not be put into the tables, and what two people did at once.
import { run, type Steps } from '../statement.ts';

export const projectionDdl: readonly string[] = [
  // Every projected record by its place; `at` is its author's time, `rec` the record here.
  `CREATE TABLE IF NOT EXISTS loam_known (
    client INTEGER NOT NULL, clock INTEGER NOT NULL, rec INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (client, clock)) WITHOUT ROWID`,
  // Places of records that were refused. `rec`: the record here, null where it never came into the tables; `since`: the
  // newest record here when that was known, since what is written later cannot mean it any more; `told`: a person has dealt
  // with it.
  `CREATE TABLE IF NOT EXISTS loam_void (
    client INTEGER NOT NULL, clock INTEGER NOT NULL, rec INTEGER, since INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (client, clock)) WITHOUT ROWID`,
  // What came to a client before its record: of `other` all records below `upto`.
  `CREATE TABLE IF NOT EXISTS loam_saw (
    client INTEGER NOT NULL, other INTEGER NOT NULL, clock INTEGER NOT NULL, upto INTEGER NOT NULL,
    PRIMARY KEY (client, other, clock)) WITHOUT ROWID`,
  // Records whose causal past, or whose branch, is not here yet.
  `CREATE TABLE IF NOT EXISTS loam_waiting (
    client INTEGER NOT NULL, clock INTEGER NOT NULL, doc TEXT NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (client, clock)) WITHOUT ROWID`,
  // Operations of a record, with the ids here, where what was done here is not what it says.
  `CREATE TABLE IF NOT EXISTS loam_shadow (rec INTEGER PRIMARY KEY, body BLOB NOT NULL)`,
  // Ids of the rows of each operation, where its words mean other rows by now than when it came.
  `CREATE TABLE IF NOT EXISTS loam_moved (rec INTEGER PRIMARY KEY, ids BLOB NOT NULL)`,
  // Operations that name tables or columns which this version does not have.
  `CREATE TABLE IF NOT EXISTS loam_parked (
    rec INTEGER NOT NULL, op INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (rec, op)) WITHOUT ROWID`,
  // Values of rows that are kept out of the tables and have no record of their own to come back from.
  `CREATE TABLE IF NOT EXISTS loam_hidden (
    tab INTEGER NOT NULL, id INTEGER NOT NULL, vals TEXT NOT NULL, PRIMARY KEY (tab, id)) WITHOUT ROWID`,
  // What a row, or one of its cells, waits for: a row that is not there, or the holder of a unique value.
  `CREATE TABLE IF NOT EXISTS loam_wait (
    branch INTEGER NOT NULL, tab INTEGER NOT NULL, id INTEGER NOT NULL, col TEXT NOT NULL, on_tab INTEGER NOT NULL,
    on_id INTEGER NOT NULL, reason TEXT NOT NULL, whole INTEGER NOT NULL,
    PRIMARY KEY (branch, tab, id, col, on_tab, on_id)) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS loam_wait_on ON loam_wait(on_tab, on_id)`,
  // Writes of one cell of which none saw the other; one of them is shown.
  `CREATE TABLE IF NOT EXISTS loam_conflict (
    branch INTEGER NOT NULL, tab INTEGER NOT NULL, id INTEGER NOT NULL, col TEXT NOT NULL, client INTEGER NOT NULL,
    clock INTEGER NOT NULL, rec INTEGER NOT NULL, shown INTEGER NOT NULL, value TEXT NOT NULL, author TEXT NOT NULL,
    at INTEGER NOT NULL, PRIMARY KEY (branch, tab, id, col, client, clock)) WITHOUT ROWID`,
  // Rows that were made with one name by several at once are one row; their uids.
  `CREATE TABLE IF NOT EXISTS loam_alias (
    tab INTEGER NOT NULL, uid TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tab, uid)) WITHOUT ROWID`,
  // Rows by the name that they were made with, of registries in which a name is made once. `sole`: nobody had it before.
  `CREATE TABLE IF NOT EXISTS loam_birth (
    tab INTEGER NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, rec INTEGER NOT NULL, client INTEGER NOT NULL,
    clock INTEGER NOT NULL, id INTEGER NOT NULL, sole INTEGER NOT NULL,
    PRIMARY KEY (tab, name, uid, client, clock)) WITHOUT ROWID`,
  // Rows of families in which two versions had one uid, as they were made.
  `CREATE TABLE IF NOT EXISTS loam_twin (
    tab INTEGER NOT NULL, stem TEXT NOT NULL, id INTEGER NOT NULL, uid TEXT NOT NULL, client INTEGER NOT NULL,
    clock INTEGER NOT NULL, rec INTEGER NOT NULL, at INTEGER NOT NULL, hash, created,
    branch TEXT NOT NULL,    PRIMARY KEY (tab, stem, uid, client, clock)) WITHOUT ROWID`,
];

export function* createProjectionTables(): Steps<void> {
  for (const sql of projectionDdl) yield* run(sql);
}
