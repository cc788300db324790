// Names of rooms. `presence` is who is here; `note/<registry>-<uid>/<branch>` the live text of the note on an object. It is
// named after the object and not after the stem of its note, which does not exist before the first save: two people who
// begin the same note at once are in the same room (decision 0042).
import type { Model, Table } from '../model/types.ts';

export const presenceRoom = 'presence';

export interface NoteRoom {
  table: Table;
  /** Stem of a versioned object, whose note is one for all versions; else its uid. */
  object: string;
  /** Uid of the branch. */
  branch: string;
}

/** `lamindb_ulabel` is `ulabel`; tables of other modules keep theirs, with a hyphen. */
const wordOf = (table: Table): string => table.name.replace(/^lamindb_/, '').replaceAll('_', '-');

/** A versioned object is named by its stem. */
export const objectOf = (table: Table, uid: string): string =>
  table.versioned ? uid.slice(0, table.uidLength ?? 16) : uid;

export const noteRoomName = (table: Table, uid: string, branch: string): string =>
  `note/${wordOf(table)}-${objectOf(table, uid)}/${branch}`;

/** Tables whose rows have notes, by the word that rooms use. */
export function notedTables(model: Model): ReadonlyMap<string, Table> {
  const found = new Map<string, Table>();
  for (const table of model.tables.values())
    if (
      table.registry &&
      model.tables.get(`${table.name}block`)?.family === 'block' &&
      table.column.has('uid')
    )
      found.set(wordOf(table), table);
  return found;
}

/** Null for what names no note of this model. */
export function readNoteRoom(model: Model, room: string): NoteRoom | null {
  const parts = /^note\/([0-9A-Za-z-]{3,64})\/([0-9A-Za-z]{4,20})$/.exec(room);
  if (!parts) return null;
  const [, name = '', branch = ''] = parts;
  const cut = name.lastIndexOf('-');
  const table = notedTables(model).get(name.slice(0, cut));
  const object = name.slice(cut + 1);
  return table && /^[0-9A-Za-z]{4,24}$/.test(object) ? { table, object, branch } : null;
}
