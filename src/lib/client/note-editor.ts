// The editor of a note: CodeMirror bound to its live text, with the cursors of others and an undo of one's own steps. Loaded
// with the first note that is opened, so that Yjs and the editor are in no other screen's bundle.
import { defaultKeymap } from '@codemirror/commands';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightSpecialChars, keymap, placeholder } from '@codemirror/view';
import {
  applyAwarenessUpdate,
  Awareness,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import * as Y from 'yjs';
import type { EngineApi } from '../workers/wire.ts';

export interface NotePerson {
  /** Of the page, not of the account: one may be here twice. */
  client: number;
  name: string;
  color: string;
}

export interface NoteEditorOptions {
  parent: HTMLElement;
  engine: EngineApi;
  registry: string;
  uid: string;
  me: { name: string; color: string; colorLight: string };
  onRoom(listener: (room: string, bytes: Uint8Array) => void): () => void;
  /** The text, after each change of anybody. */
  onText(text: string): void;
  /** Others in this note. */
  onPeople(people: NotePerson[]): void;
  /** What was typed could not be kept; null: it is kept again. */
  onProblem(error: unknown): void;
}

export interface NoteEditor {
  /** Makes a version now. */
  save(): Promise<void>;
  focus(): void;
  /** Another worker leads now: it is told what it may not have. */
  reconnect(): Promise<void>;
  close(): void;
}

/** Bytes of messages as workers send and take them (engine/rooms/messages.ts). */
const [syncType, presenceType, whoType, changeStep] = [0, 1, 3, 2];
const textName = 'note';

export async function openNoteEditor(options: NoteEditorOptions): Promise<NoteEditor> {
  const { engine, registry, uid } = options;
  const { room, state } = await engine.openNote(registry, { uid });
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state, 'worker');
  const text = doc.getText(textName);
  const awareness = new Awareness(doc);
  const undoManager = new Y.UndoManager(text, { captureTimeout: 800 });
  let closed = false;
  /** What was typed goes to the worker one after the other, so that nothing overtakes. */
  let typing: Promise<void> = Promise.resolve();

  function type(update: Uint8Array): void {
    typing = typing.then(async () => {
      try {
        await engine.typeNote(room, update);
        options.onProblem(null);
      } catch (error) {
        options.onProblem(error);
      }
    });
  }
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== 'worker') type(update);
  });
  text.observe(() => options.onText(text.toJSON()));

  function sayPresence(clients: number[]): void {
    const bytes = block(presenceType, null, encodeAwarenessUpdate(awareness, clients));
    void engine.sayPresence(room, bytes).catch(() => {}); // the next movement says more
  }
  awareness.on(
    'update',
    ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>, origin: unknown) => {
      if (origin !== 'worker') sayPresence([...added, ...updated, ...removed]);
      const people = [...awareness.getStates()].flatMap(([client, { user }]) =>
        client === doc.clientID || typeof user !== 'object' || user === null
          ? []
          : [personOf(client, user as object)],
      );
      options.onPeople(people);
    },
  );
  awareness.setLocalStateField('user', options.me);

  const stop = options.onRoom((of, bytes) => {
    if (of !== room || closed) return;
    const message = readBlock(bytes);
    if (message?.type === syncType && message.step === changeStep)
      Y.applyUpdate(doc, message.bytes, 'worker');
    else if (message?.type === presenceType) applyAwarenessUpdate(awareness, message.bytes, 'worker');
    else if (message?.type === whoType) sayPresence([doc.clientID]);
  });

  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: text.toJSON(),
      extensions: [
        highlightSpecialChars(),
        drawSelection(),
        yCollab(text, awareness, { undoManager }),
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          'aria-label': 'Note in Markdown',
          'aria-multiline': 'true',
          spellcheck: 'true',
        }),
        placeholder('Write in Markdown'),
      ],
    }),
  });
  options.onText(text.toJSON());

  return {
    async save() {
      await typing;
      await engine.saveLiveNote(room);
    },
    focus: () => view.focus(),
    async reconnect() {
      const there = await engine.openNote(registry, { uid });
      if (closed || there.room !== room) return;
      Y.applyUpdate(doc, there.state, 'worker');
      type(Y.encodeStateAsUpdate(doc, Y.encodeStateVectorFromUpdate(there.state)));
      sayPresence([doc.clientID]);
    },
    close() {
      if (closed) return;
      removeAwarenessStates(awareness, [doc.clientID], 'page');
      closed = true;
      stop();
      view.destroy();
      awareness.destroy();
      void typing.then(() => engine.closeNote(room)).catch(options.onProblem);
    },
  };
}

function personOf(client: number, user: object): NotePerson {
  const { name, handle, color } = user as Record<string, unknown>;
  return {
    client,
    name: typeof name === 'string' && name !== '' ? name : typeof handle === 'string' ? handle : 'Somebody',
    color: typeof color === 'string' && /^#[0-9a-f]{6}$/.test(color) ? color : '#555555',
  };
}

/** Type, step (of sync messages), and bytes behind their length. */
function block(type: number, step: number | null, bytes: Uint8Array): Uint8Array {
  const head = [type, ...(step === null ? [] : [step])];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    head.push(rest > 127 ? 128 | (rest % 128) : rest);
    if (rest <= 127) break;
  }
  const out = new Uint8Array(head.length + bytes.length);
  out.set(head);
  out.set(bytes, head.length);
  return out;
}

/** Messages come from the worker, which has read them; null for those that say nothing here. */
function readBlock(message: Uint8Array): { type: number; step: number | null; bytes: Uint8Array } | null {
  const type = message[0] ?? -1;
  let at = 1;
  const step = type === syncType ? (message[at++] ?? null) : null;
  if (type === whoType) return { type, step, bytes: new Uint8Array() };
  let [length, scale] = [0, 1];
  for (let byte = 128; byte > 127 && at < message.length; scale *= 128) {
    byte = message[at++] ?? 0;
    length += (byte & 127) * scale;
  }
  return message.length === at + length ? { type, step, bytes: message.slice(at) } : null;
}
