// What the device keeps of live texts, so that what was typed offline survives a restart: updates as they came, and what is
// remembered of each note's versions. Made with the first live text.
export const notesDdl: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS loam_note (room TEXT PRIMARY KEY, memory TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID`,
  // `own`: typed here and perhaps not at the server yet.
  `CREATE TABLE IF NOT EXISTS loam_note_update (
    id INTEGER PRIMARY KEY, room TEXT NOT NULL, bytes BLOB NOT NULL, own INTEGER NOT NULL)`,
  `CREATE INDEX IF NOT EXISTS loam_note_update_room ON loam_note_update(room)`,
];
