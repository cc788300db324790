// Storage locations on this page: attaching a folder of the user's disk, asking its permission again, and copying files
// in where the browser has no folder picker.
import type { DeviceStorage, StoredItem } from '../workers/storages.ts';
import { attempt, say, sayError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { plural } from './words.ts';

export type { DeviceStorage };

interface PickerWindow {
  showDirectoryPicker?: (options?: { id?: string; mode?: 'read' }) => Promise<FileSystemDirectoryHandle>;
}
type Permissible = FileSystemDirectoryHandle & {
  requestPermission?(options: { mode: 'read' }): Promise<PermissionState>;
};

/** Changes whenever bytes may have come into reach. */
let version = $state(0);
let copying = $state.raw<{ done: number; total: number } | null>(null);

export const canPickFolders = (): boolean =>
  typeof window !== 'undefined' && typeof (window as PickerWindow).showDirectoryPicker === 'function';

/** The folder a person picks; null where they changed their mind. Only where `canPickFolders`. */
export async function pickHandle(): Promise<FileSystemDirectoryHandle | null> {
  try {
    return (await (window as PickerWindow).showDirectoryPicker?.({ id: 'storage', mode: 'read' })) ?? null;
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === 'AbortError') return null;
    sayError(problem, 'The folder could not be picked');
    return null;
  }
}

export const storages = {
  get version() {
    return version;
  },
  /** How far copying files in is; null when none is going on. */
  get copying() {
    return copying;
  },
  changed(): void {
    version += 1;
  },

  /** Lets a folder stand for a storage location and says what was found in it. */
  async attach(storage: string, handle: FileSystemDirectoryHandle): Promise<void> {
    const report = await attempt('The folder could not be attached', () =>
      session.engine.attachStorage(storage, handle),
    );
    if (!report) return;
    version += 1;
    if (report.warning) sayError(new Error(report.warning), `${handle.name} is attached`);
    else if (report.looked === 0) say(`${handle.name} is attached`);
    else
      say(
        `${handle.name} is attached`,
        `${report.found} of ${plural(report.looked, 'file')} looked for are in it.`,
      );
  },
  async pickAndAttach(storage: string): Promise<void> {
    const handle = await pickHandle();
    if (handle) await storages.attach(storage, handle);
  },
  async detach(storage: string): Promise<void> {
    await attempt('The folder could not be detached', () => session.engine.detachStorage(storage));
    version += 1;
  },
  /** Asks the browser; works only from a click. */
  async allow(storage: string): Promise<void> {
    const handle = await attempt('The folder could not be asked for', () =>
      session.engine.attachedHandle(storage),
    );
    if (!handle) return;
    const state = await (handle as Permissible).requestPermission?.({ mode: 'read' });
    if (state === 'denied')
      sayError(new Error('The browser keeps the folder closed. Attach it again to read it.'));
    version += 1;
  },

  /** Copies the artifacts' files out of a chosen folder into this browser, by their storage keys. */
  async copyIn(storage: string, files: readonly { path: string; file: File }[]): Promise<void> {
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- an index of this call, nothing shown
    const byPath = new Map(files.map((one) => [one.path, one]));
    const sorted = [...byPath.keys()].sort();
    const below = (key: string) =>
      sorted
        .filter((path) => path.startsWith(`${key}/`))
        .map((path) => ({ path: path.slice(key.length + 1), file: byPath.get(path)!.file }));
    const tally = { copied: 0, there: 0, differs: 0, missing: 0 };
    await attempt('The files could not be copied', async () => {
      const items = await allItems(storage);
      copying = { done: 0, total: items.length };
      for (const item of items) {
        const one = byPath.get(item.key);
        const found = item.folder ? below(item.key) : one ? [one] : [];
        if (found.length === 0) tally.missing += 1;
        else tally[await session.engine.copyBytes(item.uid, found)] += 1;
        copying = { done: copying.done + 1, total: items.length };
      }
      say(
        `${plural(tally.copied, 'file')} copied in`,
        [
          tally.there > 0 ? `${tally.there} were here already.` : '',
          tally.missing > 0 ? `${tally.missing} are not in the folder.` : '',
          tally.differs > 0
            ? `${tally.differs} have other content than the database says and were left out.`
            : '',
        ]
          .filter(Boolean)
          .join(' ') || undefined,
      );
    });
    copying = null;
    version += 1;
  },

  /** A new path for a storage location, e.g. after its folder was moved. One act, can be undone. */
  async moveRoot(storage: DeviceStorage, root: string): Promise<void> {
    await attempt('The path could not be changed', () =>
      session.engine.update('Storage', storage.uid, { root }),
    );
    version += 1;
  },
};

async function allItems(storage: string): Promise<StoredItem[]> {
  const items: StoredItem[] = [];
  for (;;) {
    const page = await session.engine.storedItems(storage, items.at(-1)?.id ?? 0, 500);
    items.push(...page);
    if (page.length === 0) return items;
  }
}
