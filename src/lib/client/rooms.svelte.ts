// Live texts of this page: opens the editor of a note when it is wanted, and follows what the worker tells of rooms. The
// editor, Yjs and all that belongs to them come with the first note.
import { colourOf } from '../workers/rooms-wire.ts';
import type { NoteEditor, NotePerson } from './note-editor.ts';
import { session } from './session.svelte.ts';

const onRoom = (listener: (room: string, bytes: Uint8Array) => void): (() => void) =>
  session.onEvent((event) => {
    if (event.type === 'room') listener(event.room, event.bytes);
  });

export interface LiveNote {
  readonly text: string;
  /** Others who have the note open. */
  readonly people: readonly NotePerson[];
  /** The text is there and can be typed into. */
  readonly open: boolean;
  /** Why it cannot be opened, or what was typed cannot be kept. */
  readonly problem: unknown;
  save(): Promise<void>;
  close(): void;
}

/** Opens the live text of the note on a row in `parent`, on the branch that is checked out. */
export function liveNote(parent: HTMLElement, registry: string, uid: string): LiveNote {
  let text = $state('');
  let people = $state.raw<readonly NotePerson[]>([]);
  let open = $state(false);
  let problem = $state.raw<unknown>(null);
  let editor: NoteEditor | null = null;
  let closed = false;
  const user = session.status?.user;

  const opening = (async () => {
    try {
      const { openNoteEditor } = await import('./note-editor.ts');
      if (closed) return;
      editor = await openNoteEditor({
        ...{ parent, registry, uid, onRoom, engine: session.engine },
        me: { name: user?.name ?? user?.handle ?? '', ...colourOf(user?.uid ?? '') },
        onText: (next) => (text = next),
        onPeople: (next) => (people = next),
        onProblem: (next) => (problem = next),
      });
      if (closed) editor.close();
      else open = true;
    } catch (error) {
      problem = error;
    }
  })();
  const stop = session.onMoving(() => {
    void editor?.reconnect().catch((error: unknown) => (problem = error));
  });

  return {
    get text() {
      return text;
    },
    get people() {
      return people;
    },
    get open() {
      return open;
    },
    get problem() {
      return problem;
    },
    async save() {
      await opening;
      await editor?.save();
    },
    close() {
      closed = true;
      stop();
      editor?.close();
    },
  };
}
