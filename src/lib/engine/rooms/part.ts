// Live texts as the engine's facade offers them to whoever holds the documents (workers/rooms.ts): the versions of a note, what
// is kept of its text here, and the act that makes a version of it. It knows bytes and rows, not Yjs.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { blockTable, saveBlock } from '../registry/block.ts';
import { resolveRef } from '../registry/resolve.ts';
import { registryOf } from '../registry/tables.ts';
import type { Ref } from '../registry/registry-types.ts';
import { auxOf } from '../registry/typing.ts';
import { all, one, run, type Steps } from '../statement.ts';
import { refuseInPast } from '../write/journal.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { noteRoomName, readNoteRoom, type NoteRoom } from './names.ts';
import type { NoteMemory, NoteVersion } from './note-doc.ts';
import { notesDdl } from './tables.ts';

/** A state that is longer stays in the room: a record has at most 1 MiB. */
const mostCarried = 256 * 1024;
/** Notes that are looked at when versions of others came. */
const mostLooked = 200;
const noMemory: NoteMemory = { head: null, undone: [], taken: [] };

export function liveNotesPart(context: EngineContext) {
  const { driver, model, read, act, writer, clock } = context;
  const { journal, author } = writer;
  let made = false;

  const there = (): boolean =>
    made || (made = driver.all("SELECT 1 FROM sqlite_master WHERE name = 'loam_note_update'").length > 0);

  function make(): void {
    refuseInPast(journal);
    if (there()) return;
    for (const sql of notesDdl) read(run(sql));
    made = true;
  }

  function noteRoom(name: string): NoteRoom {
    const room = readNoteRoom(model, name);
    if (room) return room;
    throw new LoamError('InvalidArgument', `"${name.slice(0, 80)}" names no note of this database.`);
  }

  /** Rows of the object: all versions of a versioned one. */
  function* rowsOf({ table, object }: NoteRoom): Steps<number[]> {
    const found = yield* all(
      table.versioned
        ? `SELECT id FROM "${table.name}" WHERE uid >= ?1 || '0000' AND uid < ?1 || 'zzzz~' ORDER BY id`
        : `SELECT id FROM "${table.name}" WHERE uid = ?1`,
      [object],
    );
    return found.map(([id]) => Number(id));
  }

  function* versionsOf(room: NoteRoom): Steps<NoteVersion[]> {
    const { blocks, own } = blockTable(model, room.table);
    const ids = yield* rowsOf(room);
    if (ids.length === 0) return [];
    const onBranch = blocks.column.has('branch_id') ? `AND +branch_id IN (${author.visible.join(', ')})` : '';
    const made = blocks.column.has('created_on_id') ? 'created_on_id = branch_id' : '1';
    const rows = yield* all(
      `SELECT created_at, hash, content, _aux, ${made} FROM "${blocks.name}" WHERE "${own}" IN (${ids.join(', ')})
       AND kind = 'readme' ${onBranch} ORDER BY created_at, id`,
    );
    return rows.map(([at, hash, content, aux, ownBranch]) => ({
      key: `${String(at)} ${String(hash)}`,
      content: String(content),
      state: stateIn(aux ?? null),
      ownBranch: ownBranch === 1,
    }));
  }

  return {
    /** Name of the room of a note, on the branch that is checked out. */
    noteRoom(registry: string, ref: Ref): string {
      const { table, uid } = read(namedObject(registry, ref));
      return noteRoomName(table, uid, author.branchUid);
    },

    /** Uid of the branch of a room; its text is saved there alone. */
    noteBranch: (name: string): string => noteRoom(name).branch,

    /** Whether versions of the note are rows of one of these tables. */
    noteTables: (name: string, tables: ReadonlySet<string>): boolean =>
      tables.has(blockTable(model, noteRoom(name).table).blocks.name),

    noteVersions: (name: string): NoteVersion[] => read(versionsOf(noteRoom(name))),

    /** What is kept here of a room: updates in the order in which they came. */
    keptNote(name: string): { updates: Uint8Array[]; memory: NoteMemory; unsent: boolean } {
      noteRoom(name);
      if (!there()) return { updates: [], memory: noMemory, unsent: false };
      const rows = read(all('SELECT bytes, own FROM loam_note_update WHERE room = ? ORDER BY id', [name]));
      const row = read(one('SELECT memory FROM loam_note WHERE room = ?', [name]));
      return {
        updates: rows.map(([bytes]) => new Uint8Array(bytes as Uint8Array)),
        memory: row ? memoryIn(String(row[0])) : noMemory,
        unsent: rows.some(([, own]) => own === 1),
      };
    },

    /** Keeps an update. `own`: typed on this device. */
    keepNoteUpdate(name: string, bytes: Uint8Array, own: boolean): void {
      make();
      read(
        run('INSERT INTO loam_note_update(room, bytes, own) VALUES (?, ?, ?)', [
          name,
          new Uint8Array(bytes),
          own ? 1 : 0,
        ]),
      );
    },

    /** In place of all updates of the room their sum; `unsent` as before where it is not told. */
    packNote(name: string, whole: Uint8Array, unsent: boolean): void {
      make();
      // The sum first: a power cut between the two leaves more than is needed, which does no harm.
      const { lastId } = driver.run('INSERT INTO loam_note_update(room, bytes, own) VALUES (?, ?, ?)', [
        ...[name, new Uint8Array(whole), unsent ? 1 : 0],
      ] as SqlValue[]);
      read(run('DELETE FROM loam_note_update WHERE room = ? AND id < ?', [name, lastId]));
    },

    keepNoteMemory(name: string, memory: NoteMemory): void {
      make();
      const coded = (one: { key: string; state: Uint8Array }) => ({ ...one, state: toBase64(one.state) });
      const words = JSON.stringify({
        head: memory.head && coded(memory.head),
        undone: memory.undone.map(coded),
        taken: memory.taken,
      });
      read(
        run('INSERT OR REPLACE INTO loam_note(room, memory, at) VALUES (?, ?, ?)', [name, words, clock()]),
      );
    },

    /** Rooms that have a text here, the latest first. `unsent` alone: those with something of this device's. */
    notesHere(unsent = false): string[] {
      if (!there()) return [];
      const sql = unsent
        ? 'SELECT DISTINCT room FROM loam_note_update WHERE own = 1 LIMIT ?'
        : 'SELECT room FROM loam_note ORDER BY at DESC LIMIT ?';
      return read(all(sql, [mostLooked])).map(([room]) => String(room));
    },

    /** Makes a version of the text, as an act of its own. The same text as the latest version's is none. */
    saveLiveNote(name: string, content: string, state: Uint8Array): boolean {
      const room = noteRoom(name);
      if (room.branch !== author.branchUid)
        throw new LoamError('BranchChanged', 'The note belongs to a branch that is not checked out.');
      const rows = read(rowsOf(room));
      const id = rows.at(-1);
      if (id === undefined)
        throw new LoamError('DoesNotExist', 'The object of this note is not there any more.', { room: name });
      // Of a versioned object the note stays on the version that has it.
      const { blocks, own } = blockTable(model, room.table);
      const head = read(
        one(
          `SELECT "${own}", content FROM "${blocks.name}" WHERE "${own}" IN (${rows.join(', ')}) AND kind = 'readme'
           AND is_latest = 1 ${blocks.column.has('branch_id') ? `AND +branch_id IN (${author.visible.join(', ')})` : ''}
           ORDER BY created_at DESC, id DESC LIMIT 1`,
        ),
      );
      if ((head ? String(head[1]) : '') === content) return false;
      const on = head ? Number(head[0]) : id;
      const live = state.length <= mostCarried ? toBase64(state) : 'room';
      const saved = act('note', `Note on ${nameOf(room, on)}`, (tx) =>
        saveBlock(tx, room.table, on, { kind: 'readme', content, live }),
      );
      return saved?.created ?? false;
    },
  };

  function* namedObject(registry: string, ref: Ref) {
    const table = registryOf(model, registry);
    const id = yield* resolveRef(table, ref, { author });
    const row = yield* one(`SELECT uid FROM "${table.name}" WHERE id = ?`, [id]);
    return { table, uid: String(row?.[0]) };
  }

  function nameOf({ table, object }: NoteRoom, id: number): string {
    const column = table.column.has('name') ? 'name' : table.column.has('key') ? 'key' : 'uid';
    const row = read(one(`SELECT ${column} FROM "${table.name}" WHERE id = ?`, [id]));
    return `${table.registry ?? table.name} ${String(row?.[0] ?? object)}`;
  }
}

function stateIn(aux: SqlValue): NoteVersion['state'] {
  if (typeof aux !== 'string' || !aux.includes('"loam"')) return null;
  let held: unknown;
  try {
    held = auxOf(aux)['loam'];
  } catch {
    return null;
  }
  const text = typeof held === 'object' && held !== null ? (held as Record<string, unknown>)['text'] : null;
  if (text === 'room') return 'room';
  return typeof text === 'string' ? fromBase64(text) : null;
}

/** What another program wrote there is no memory: the versions are looked at as if for the first time. */
function memoryIn(words: string): NoteMemory {
  try {
    const held = JSON.parse(words) as {
      head: { key: string; state: string } | null;
      undone: { key: string; state: string }[];
      taken: string[];
    };
    const decoded = (one: { key: string; state: string }) => {
      const state = fromBase64(one.state);
      return state ? [{ key: one.key, state }] : [];
    };
    return {
      head: held.head ? (decoded(held.head)[0] ?? null) : null,
      undone: held.undone.flatMap(decoded),
      taken: held.taken.filter((key) => typeof key === 'string'),
    };
  } catch {
    return noMemory;
  }
}
