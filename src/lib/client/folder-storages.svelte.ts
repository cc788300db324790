// Folders of the user's disk as storage locations of their own: added with the path that LaminDB in Python knows them by,
// and their files registered where they lie, with their hashes and without a copy.
import type { PlacedFile } from '../engine/registry/in-place.ts';
import { attempt, say } from './notices.svelte.ts';
import { registerPlaced } from './remote-storages.svelte.ts';
import { session } from './session.svelte.ts';
import { storages } from './storages.svelte.ts';

let reading = $state.raw<{ done: number; total: number; name: string } | null>(null);
let stopped = false;

export const folderStorages = {
  /** How far reading files for their hashes is; null when none is going on. */
  get reading() {
    return reading;
  },
  /** Nothing is registered then. */
  stop(): void {
    stopped = true;
  },

  /**
   * Makes the location at `root`, or takes the one that is there, and lets the folder stand for it; its uid, or
   * undefined after words.
   */
  async add(handle: FileSystemDirectoryHandle, root: string): Promise<string | undefined> {
    const made = await attempt('The folder could not be added', () =>
      session.engine.create('Storage', { root: root.trim() }),
    );
    if (!made) return undefined;
    await storages.attach(made.uid, handle);
    return made.uid;
  },

  /** Registers files, Zarr stores, and of other folders (which end with a slash) everything below. True when it is done. */
  async register(storage: string, chosen: readonly string[]): Promise<boolean> {
    stopped = false;
    const files: PlacedFile[] = [];
    const whole = await attempt('The files could not be read', async () => {
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- read once
      const keys = new Set<string>();
      for (const one of chosen) {
        if (!one.endsWith('/')) keys.add(one);
        else if (one.endsWith('.zarr/')) keys.add(one.slice(0, -1));
        else for (const key of await session.engine.keysBelow(storage, one)) keys.add(key);
      }
      for (const key of keys) {
        if (stopped) return false;
        reading = { done: files.length, total: keys.size, name: key };
        files.push(await session.engine.lookInFolder(storage, key));
      }
      return true;
    });
    reading = null;
    if (whole === false) say('Nothing was registered');
    if (!whole) return false;
    if (files.length === 0) {
      say('There is nothing to register', 'The folders that were chosen hold no files.');
      return false;
    }
    return registerPlaced(storage, files);
  },
};
