// Live texts in the leading worker: it holds the documents that pages show, keeps what is typed, takes in what the server and
// the rows of notes say, and makes versions when nobody types any more. Yjs is loaded with the first of them. Whoever owns
// the socket calls `connect`, `connected` and `received`; without one it all works between the tabs of this device.
import type { Doc } from 'yjs';
import type { Engine } from '../engine/index.ts';
import {
  encodeAnswer,
  encodeChange,
  encodeHave,
  encodeWho,
  readRoomMessage,
} from '../engine/rooms/messages.ts';
import { presenceRoom } from '../engine/rooms/names.ts';
import type { NoteMemory } from '../engine/rooms/note-doc.ts';
import {
  checkVector,
  fits,
  isRefusal,
  readTextUpdate,
  textClientLimit,
} from '../engine/rooms/text-update.ts';
import type { FeedChange } from '../engine/write/writer.ts';
import { createWorkerPresence } from './presence.ts';
import { yjs } from './rooms-yjs.ts';
import type { RoomsApi } from './rooms-wire.ts';

export interface RoomsDeps {
  engine: Engine;
  /** Tells all tabs. */
  emit(room: string, bytes: Uint8Array): void;
  later?(ms: number, run: () => void): () => void;
  random?(): number;
}

export interface WorkerRooms {
  api: RoomsApi;
  /** The way to the server; answers false where there is none now. */
  connect(send: (room: string, bytes: Uint8Array) => boolean): void;
  /** There is a connection, or one again. */
  connected(): void;
  /** There is none now: nobody is heard of. */
  disconnected(): void;
  /** A message of a room from the server, to be read as a stranger's. */
  received(room: string, bytes: Uint8Array): void;
  /** An act changed tables. */
  fed(change: FeedChange): void;
}

interface LiveText {
  room: string;
  doc: Doc;
  memory: NoteMemory;
  /** Pages that show it. */
  open: number;
  /** The last to type was somebody on this device: its is the save. */
  mine: boolean;
  stop: () => void;
  /** Updates kept since they were last put together. */
  kept: number;
}

/** Milliseconds without a key until a version is made; by others only where that did not happen. */
const idle = 10_000;
const othersIdle = 25_000;
const again = 5_000;
/** After rows came: a device that merged at the same moment has told by then. */
const settleFrom = 2_000;
const mostKept = 100;

const usualLater = (ms: number, run: () => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

export function createRooms(deps: RoomsDeps): WorkerRooms {
  const { engine, emit } = deps;
  const later = deps.later ?? usualLater;
  const random = deps.random ?? Math.random;
  const texts = new Map<string, Promise<LiveText>>();
  let send: (room: string, bytes: Uint8Array) => boolean = () => false;
  const presence = createWorkerPresence();
  let looking: (() => void) | null = null;

  async function load(room: string): Promise<LiveText> {
    const { Y, takeVersions } = await yjs();
    const doc = new Y.Doc();
    const { updates, memory, unsent } = engine.keptNote(room);
    for (const update of updates) Y.applyUpdate(doc, update, 'kept');
    const text: LiveText = { ...{ room, doc, memory, open: 0, mine: false }, stop: () => {}, kept: 0 };
    if (updates.length > mostKept) engine.packNote(room, Y.encodeStateAsUpdate(doc), unsent);
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      engine.keepNoteUpdate(room, update, origin !== 'server');
      text.kept++;
      emit(room, encodeChange(update));
      if (origin !== 'server') send(room, encodeChange(update));
      if (origin === 'page') text.mine = true;
      else if (origin === 'server') text.mine = false;
      wait(text, text.mine ? idle : othersIdle * (1 + random()));
    });
    text.memory = takeVersions(doc, engine.noteVersions(room), memory, 'rows');
    if (JSON.stringify(text.memory.taken) !== JSON.stringify(memory.taken) || !memory.head)
      engine.keepNoteMemory(room, text.memory);
    send(room, encodeHave(Y.encodeStateVector(doc)));
    return text;
  }

  function textAt(room: string): Promise<LiveText> {
    let text = texts.get(room);
    if (!text) {
      text = load(room);
      texts.set(room, text);
      text.catch(() => texts.delete(room));
    }
    return text;
  }

  /** The branch of a room is checked out, and the tables are those of now. */
  const here = (room: string): boolean =>
    !engine.past() && engine.noteBranch(room) === engine.writer.author.branchUid;

  function wait(text: LiveText, ms: number): void {
    text.stop();
    text.stop = later(ms, () => void save(text).catch(() => wait(text, again)));
  }

  async function save(text: LiveText): Promise<boolean> {
    text.stop();
    // What others made of the row meanwhile is in the version, too.
    await refresh(text);
    if (!here(text.room)) return false;
    const { Y, textOf } = await yjs();
    engine.notInPast();
    const saved = engine.saveLiveNote(text.room, textOf(text.doc), Y.encodeStateAsUpdate(text.doc));
    text.mine = false;
    if (saved) await refresh(text);
    if (text.kept > mostKept) {
      text.kept = 0;
      engine.packNote(text.room, Y.encodeStateAsUpdate(text.doc), engine.keptNote(text.room).unsent);
    }
    return saved;
  }

  /** Takes in what the rows say. Answers whether the text is another one than the latest version now. */
  async function refresh(text: LiveText): Promise<boolean> {
    const { takeVersions, textOf } = await yjs();
    if (!here(text.room)) return false;
    const versions = engine.noteVersions(text.room);
    text.memory = takeVersions(text.doc, versions, text.memory, 'rows');
    engine.keepNoteMemory(text.room, text.memory);
    return textOf(text.doc) !== (versions.at(-1)?.content ?? '');
  }

  /** Looks at the notes that have a text here after rows of notes came: two saves that did not know of each other are one. */
  async function look(tables: ReadonlySet<string>): Promise<void> {
    const known = new Set([...texts.keys(), ...engine.notesHere()]);
    for (const room of known) {
      if (!engine.noteTables(room, tables) || !here(room)) continue;
      const text = await textAt(room);
      if (await refresh(text)) wait(text, text.open > 0 ? othersIdle : settleFrom * (1 + 3 * random()));
      else if (text.open === 0) forget(text);
    }
  }

  function forget(text: LiveText): void {
    text.stop();
    texts.delete(text.room);
    text.doc.destroy();
  }

  async function fromServer(room: string, bytes: Uint8Array): Promise<void> {
    const message = readRoomMessage(bytes);
    if (message.kind === 'presence' && room === presenceRoom) {
      if (presence.heard(message.states)) emit(room, bytes);
      return;
    }
    if (message.kind === 'presence' || message.kind === 'who') return emit(room, bytes);
    // A server says something in rooms that were entered, and opens none here.
    if (!texts.has(room)) return;
    const text = await textAt(room);
    const { Y } = await yjs();
    const have = Y.decodeStateVector(Y.encodeStateVector(text.doc));
    if (message.kind === 'have') {
      checkVector(message.vector);
      const theirs = Y.decodeStateVector(message.vector);
      if ([...have].every(([client, clock]) => (theirs.get(client) ?? 0) >= clock))
        engine.packNote(room, Y.encodeStateAsUpdate(text.doc), false);
      // The marks of deleted characters are in no vector: they always go along.
      send(room, encodeAnswer(Y.encodeStateAsUpdate(text.doc, message.vector)));
      return;
    }
    if (fits(have, readTextUpdate(message.update))) Y.applyUpdate(text.doc, message.update, 'server');
    else send(room, encodeHave(Y.encodeStateVector(text.doc)));
  }

  const pending = new Set<string>();

  return {
    api: {
      async openNote(registry, ref) {
        engine.notInPast();
        const room = engine.noteRoom(registry, ref);
        const text = await textAt(room);
        text.open++;
        await refresh(text);
        const { Y } = await yjs();
        send(room, encodeHave(Y.encodeStateVector(text.doc)));
        return { room, state: Y.encodeStateAsUpdate(text.doc) };
      },
      async typeNote(room, update) {
        engine.notInPast();
        // A page is ours, and yet what it sends goes to others.
        readTextUpdate(update);
        const text = await textAt(room);
        (await yjs()).Y.applyUpdate(text.doc, update, 'page');
      },
      saveLiveNote: async (room) => save(await textAt(room)),
      async closeNote(room) {
        const text = await textAt(room);
        text.open = Math.max(0, text.open - 1);
        await save(text);
        if (text.open === 0) forget(text);
      },
      sayPresence: async (room, bytes) => {
        if (readRoomMessage(bytes).kind !== 'presence') return;
        emit(room, bytes);
        send(room, bytes);
      },
      sayWhere: async (client, where) => {
        if (!Number.isInteger(client) || client < 1 || client >= textClientLimit) return;
        send(presenceRoom, presence.say(client, where));
      },
      present: async () => presence.list(),
    },
    connect(way) {
      send = way;
    },
    connected() {
      presence.forgetOthers();
      const own = presence.own();
      send(presenceRoom, own ?? encodeWho());
      if (own) send(presenceRoom, encodeWho());
      for (const room of texts.keys()) emit(room, encodeWho());
      void (async () => {
        const { Y } = await yjs();
        for (const room of new Set([...texts.keys(), ...engine.notesHere(true)]))
          send(room, encodeHave(Y.encodeStateVector((await textAt(room)).doc)));
      })().catch(() => {}); // the next connection does it again
    },
    disconnected() {
      presence.forgetOthers();
      emit(presenceRoom, encodeWho());
    },
    received(room, bytes) {
      // What is no message of a room says nothing; the connection is another's to end.
      void fromServer(room, bytes).catch((error: unknown) => {
        if (!isRefusal(error)) console.error(error);
      });
    },
    fed(change) {
      const notes = change.tables.filter(({ table }) => table.endsWith('block')).map(({ table }) => table);
      if (notes.length === 0) return;
      for (const table of notes) pending.add(table);
      looking ??= later(100, () => {
        looking = null;
        const tables = new Set(pending);
        pending.clear();
        void look(tables).catch(() => {}); // looked at again with the next change, and when it is opened
      });
    },
  };
}
