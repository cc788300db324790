// What needs Yjs, loaded with the first live text and then there.
type Loaded = { Y: typeof import('yjs') } & typeof import('../engine/rooms/note-doc.ts');

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
