// What needs Yjs, loaded with the first live text and then there.
import type * as NoteDoc from '../engine/rooms/note-doc.ts';
import type * as Yjs from 'yjs';

type Loaded = { Y: typeof Yjs } & typeof NoteDoc;

let loading: Promise<Loaded> | null = null;

export function yjs(): Promise<Loaded> {
  loading ??= Promise.all([import('yjs'), import('../engine/rooms/note-doc.ts')]).then(([Y, noteDoc]) => ({
    Y,
    ...noteDoc,
  }));
  // Offline before it was ever fetched: the next one tries again.
  loading.catch(() => (loading = null));
  return loading;
}
