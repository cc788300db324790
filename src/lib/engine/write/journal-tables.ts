// Our own tables of the write path, beside LaminDB's and never inside them (architecture idea 1).
// The log is the only history: acts group records, spans and touches say which records concern a row.

/** Longest contiguous run one record may cover; look-ups by id rely on it to bound their scan. */
export const recordRows = 2000;

/** Rows of an update in one record: who asks for the history of a row reads whole records for one row of each. */
export const updateRows = 1000;

export const journalDdl: string[] = [
  // One user intention. `root` is the act whose effect this one adds (+1) or takes away (-1); undo and redo extend the chain.
  `CREATE TABLE IF NOT EXISTS loam_act (
    id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL,
    root INTEGER NOT NULL, sign INTEGER NOT NULL, undone INTEGER, last INTEGER, user_id INTEGER NOT NULL,
    branch_id INTEGER NOT NULL, at INTEGER NOT NULL, result TEXT)`,
  // Devices that wrote here, and the acts with which another one of them began to write (devices.ts); null: none was told.
  `CREATE TABLE IF NOT EXISTS loam_device (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, name TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS loam_made_on (act INTEGER PRIMARY KEY, device INTEGER)`,
  // One committed slice. client/clock: its place in the log that is synced; records of an open act have none.
  `CREATE TABLE IF NOT EXISTS loam_record (
    id INTEGER PRIMARY KEY, act INTEGER NOT NULL, at INTEGER NOT NULL, client INTEGER, clock INTEGER,
    body BLOB NOT NULL, local BLOB NOT NULL)`,
  `CREATE INDEX IF NOT EXISTS loam_record_act ON loam_record(act)`,
  // Old small records, many to a blob (packs.ts): those of the range that are no rows any more.
  `CREATE TABLE IF NOT EXISTS loam_pack (
    rec_from INTEGER PRIMARY KEY, rec_to INTEGER NOT NULL, act_from INTEGER NOT NULL, act_to INTEGER NOT NULL,
    body BLOB NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS loam_table (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)`,
  // Contiguous blocks of rows a record wrote: every insert, and deletes or updates of runs.
  `CREATE TABLE IF NOT EXISTS loam_span (
    tab INTEGER NOT NULL, id_from INTEGER NOT NULL, rec INTEGER NOT NULL, id_to INTEGER NOT NULL,
    PRIMARY KEY (tab, id_from, rec)) WITHOUT ROWID`,
  // Single rows a record changed later.
  `CREATE TABLE IF NOT EXISTS loam_touch (
    tab INTEGER NOT NULL, id INTEGER NOT NULL, rec INTEGER NOT NULL, PRIMARY KEY (tab, id, rec)) WITHOUT ROWID`,
  // Ids of rows that were deleted once, by their uid: the way to the history of those that are gone.
  `CREATE TABLE IF NOT EXISTS loam_gone (
    tab INTEGER NOT NULL, key TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID`,
  // Rows that hung on another one (links, values, notes) and were deleted, by the row they hung on: its history needs them.
  `CREATE TABLE IF NOT EXISTS loam_cut (
    tab INTEGER NOT NULL, host INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tab, host, id)) WITHOUT ROWID`,
  // The branch an object was on before it went to the trash (LaminDB forgets it).
  `CREATE TABLE IF NOT EXISTS loam_trashed (
    tab INTEGER NOT NULL, id INTEGER NOT NULL, branch_id INTEGER NOT NULL, PRIMARY KEY (tab, id)) WITHOUT ROWID`,
  // Where a branch begins: its parent, and the newest act that it has seen of it. Branches of Python's have none.
  `CREATE TABLE IF NOT EXISTS loam_branch (
    id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, fork INTEGER NOT NULL, at INTEGER NOT NULL)`,
  // Cells that a branch has otherwise than its parent (branch-log.ts). `held`: it could not be put into the table.
  `CREATE TABLE IF NOT EXISTS loam_cell (
    branch INTEGER NOT NULL, tab INTEGER NOT NULL, id INTEGER NOT NULL, col TEXT NOT NULL, base, other,
    held INTEGER NOT NULL, PRIMARY KEY (branch, tab, id, col)) WITHOUT ROWID`,
  // Rows without a branch of their own that a branch added (1) or took out (-1); `vals` where they are in no table.
  `CREATE TABLE IF NOT EXISTS loam_row (
    branch INTEGER NOT NULL, tab INTEGER NOT NULL, id INTEGER NOT NULL, kind INTEGER NOT NULL, held INTEGER NOT NULL,
    vals TEXT, PRIMARY KEY (branch, tab, id)) WITHOUT ROWID`,
  // What was chosen where a branch and its parent differ, while the parent still has what was seen then.
  `CREATE TABLE IF NOT EXISTS loam_choice (
    branch INTEGER NOT NULL, tab INTEGER NOT NULL, id INTEGER NOT NULL, col TEXT NOT NULL, choice TEXT NOT NULL,
    value, seen, PRIMARY KEY (branch, tab, id, col)) WITHOUT ROWID`,
  // Facts about stored bytes that LaminDB has no column for: full checksum, summary of the content, where copies are.
  `CREATE TABLE IF NOT EXISTS loam_blob (
    artifact_id INTEGER PRIMARY KEY, storage_key TEXT NOT NULL, sha256 TEXT, summary TEXT,
    only_here INTEGER NOT NULL DEFAULT 1)`,
  `CREATE INDEX IF NOT EXISTS loam_blob_key ON loam_blob(storage_key)`,
  // Drops in progress: what a crash or a full disk has to resume or take back.
  `CREATE TABLE IF NOT EXISTS loam_drop (
    uid TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (uid, item)) WITHOUT ROWID`,
  // Views of lists that people keep (view/saved.ts). A deleted one stays as a mark.
  `CREATE TABLE IF NOT EXISTS loam_view (
    uid TEXT PRIMARY KEY, registry TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, position INTEGER NOT NULL,
    is_default INTEGER NOT NULL, user_id INTEGER NOT NULL, at INTEGER NOT NULL, gone INTEGER NOT NULL) WITHOUT ROWID`,
  // Logs that are synced (sync/): one of each branch and epoch.
  `CREATE TABLE IF NOT EXISTS loam_sync_doc (id INTEGER PRIMARY KEY, branch TEXT NOT NULL, epoch INTEGER NOT NULL)`,
  `CREATE UNIQUE INDEX IF NOT EXISTS loam_sync_doc_epoch ON loam_sync_doc(branch, epoch)`,
  // A session that wrote into a log. Records below \`next\` are here, below \`acked\` at the server, below \`done\` in the
  // tables; below \`told\` the running session knows that its records have to tell of them. \`own\`: 1 of this file, 2 of one that it is a copy of.
  `CREATE TABLE IF NOT EXISTS loam_sync_client (
    client INTEGER PRIMARY KEY, doc INTEGER NOT NULL, own INTEGER NOT NULL, next INTEGER NOT NULL,
    bytes INTEGER NOT NULL, acked INTEGER NOT NULL, done INTEGER NOT NULL, told INTEGER NOT NULL)`,
  `CREATE INDEX IF NOT EXISTS loam_sync_client_doc ON loam_sync_client(doc)`,
  `CREATE INDEX IF NOT EXISTS loam_sync_client_own ON loam_sync_client(client) WHERE own > 0`,
  `CREATE INDEX IF NOT EXISTS loam_sync_client_fresh ON loam_sync_client(client) WHERE done > told`,
  // Their records, in the order in which they came. Without \`head\`: refused, \`reason\` says why. \`record\`: the one of
  // loam_record; 0 where none is to be, NULL while it waits to be done.
  `CREATE TABLE IF NOT EXISTS loam_sync_item (
    seq INTEGER PRIMARY KEY, client INTEGER NOT NULL, clock INTEGER NOT NULL, record INTEGER,
    head BLOB, body BLOB, reason TEXT)`,
  `CREATE UNIQUE INDEX IF NOT EXISTS loam_sync_item_place ON loam_sync_item(client, clock)`,
  `CREATE INDEX IF NOT EXISTS loam_sync_item_refused ON loam_sync_item(client, clock) WHERE head IS NULL`,
  `CREATE INDEX IF NOT EXISTS loam_sync_item_waiting ON loam_sync_item(seq) WHERE record IS NULL AND head IS NOT NULL`,
  `CREATE TABLE IF NOT EXISTS loam_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
];
