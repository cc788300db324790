// A place where the browser has no synchronous file access: the file lies in memory while it is open and in IndexedDB
// between, in the same form as the database in use (wa-sqlite.ts), so that either can become the other.
import { LoamError } from '../../engine/errors.ts';
import { openMemory, openUntrustedMemory } from './memory.ts';
import { readChunks, streamOf } from './opened.ts';
import type { Place } from './place.ts';
import { keepMirror, mirroredBytes } from './wa-sqlite.ts';

export async function openMirrorPlace(name: string): Promise<Place> {
  let held: Uint8Array | null = null;
  const bytes = async (): Promise<Uint8Array> => {
    held ??= await mirroredBytes(name);
    if (!held) throw new LoamError('DoesNotExist', 'The database is not in this browser’s storage.');
    return held;
  };
  return {
    name,
    async receive(next) {
      const chunks = await readChunks(next);
      held = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
      let at = 0;
      for (const chunk of chunks) {
        held.set(chunk, at);
        at += chunk.length;
      }
      return held.length;
    },
    untrusted: async () => openUntrustedMemory(await bytes()),
    connect: async () => openMemory({ bytes: await bytes() }),
    // In memory a check is over before it could be told.
    meter: () => Promise.resolve(),
    stream: async () => streamOf((await bytes()).slice()),
    size: async () => (await bytes()).length,
    async compacted(driver) {
      driver.exec('VACUUM');
      const copy = driver.serialize();
      return { size: copy.length, stream: async () => new Blob([copy as Uint8Array<ArrayBuffer>]).stream() };
    },
    async keep(driver) {
      if (driver) held = driver.serialize();
      if (held) await keepMirror(name, held);
    },
    close() {
      held = null;
    },
  };
}
