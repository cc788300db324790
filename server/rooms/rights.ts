// Who may write the text of a note: whoever may save the note. The rule is that of operations (engine/sync/access.ts).
import type { Model } from '../../src/lib/engine/model/types.ts';
import { readNoteRoom } from '../../src/lib/engine/rooms/names.ts';
import { includesRole, mayWrite, type Access } from '../../src/lib/engine/sync/access.ts';
import type { Postgres } from '../postgres.ts';

/** Where a note belongs. */
export interface NotePlace {
  /** Table of its versions. */
  table: string;
  /** Uid of the space of its object; null where that has none. */
  space: string | null;
  /** Uid of the branch. */
  branch: string;
}

export interface RoomRights {
  mayRead(access: Access): boolean;
  mayWrite(access: Access, place: NotePlace): boolean;
}

export const createRights = (instance: string): RoomRights => ({
  mayRead: (access) => access.instance === instance && includesRole(access.role, 'read'),
  mayWrite: (access, { table, space, branch }) =>
    mayWrite(access, {
      ...{ instance, author: access.account, kind: 'note', proven: false, branch, table, change: 'i' },
      ...{ space: { old: null, new: space }, rowBranch: { old: null, new: branch } },
    }).may,
});

/** Looks the object of a note up in LaminDB's tables. */
export function placesIn(postgres: Postgres, model: Model): (room: string) => Promise<NotePlace | null> {
  return async (name) => {
    const room = readNoteRoom(model, name);
    if (!room) return null;
    const { table, object, branch } = room;
    const space = table.column.has('space_id')
      ? '(SELECT s.uid FROM lamindb_space s WHERE s.id = o.space_id)'
      : 'NULL';
    return await postgres.session(async (session) => {
      const { rows } = await session.query(
        `SELECT ${space} FROM "${table.name}" o, lamindb_branch b WHERE b.uid = $2 AND ${
          table.versioned ? 'left(o.uid, length($1)) = $1 AND length(o.uid) = length($1) + 4' : 'o.uid = $1'
        } ORDER BY o.id DESC LIMIT 1`,
        [object, branch],
      );
      const found = rows[0];
      if (!found) return null;
      return { table: `${table.name}block`, space: found[0] === null ? null : String(found[0]), branch };
    });
  };
}
