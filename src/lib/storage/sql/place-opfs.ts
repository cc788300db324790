// A place in OPFS: a small pool of its own (folder `.lamin-sah/<name>`), so that it can belong to another worker than
// the database in use.
import { LoamError } from '../../engine/errors.ts';
import { openError } from './errors.ts';
import { loadOfficial } from './official-module.ts';
import { exportPoolFile, poolFile, rawPoolFile } from './opfs-file.ts';
import type { Place } from './place.ts';
import { connectPool, connectUntrusted, copyIn, directoryOf, installPool, isPoolName, main } from './pool.ts';
import { createReadMeter } from './read-meter.ts';

/** The database, its journal or WAL, and room for a copy of it (VACUUM INTO). */
const capacity = 4;
/** What `compacted` makes. */
const copy = '/compacted.sqlite3';
const removeTries = 20;
const removePauseMs = 150;
/** Each file of a pool begins with its name. */
const prefixBytes = 4096;

export async function openOpfsPlace(name: string, metered = false): Promise<Place> {
  if (!isPoolName(name)) throw new LoamError('InvalidArgument', `"${name}" cannot name a database.`);
  const official = await loadOfficial();
  const meter = createReadMeter();
  const install = () => installPool(official, name, capacity);
  const pool = await (metered ? meter.around(install) : install());
  const directory = directoryOf(name);
  const size = async () => (await poolFile(directory, main)).size - prefixBytes;
  return {
    name,
    async receive(next) {
      for (const file of [main, `${main}-wal`, `${main}-journal`]) pool.unlink(file);
      await copyIn(pool, main, next);
      return size();
    },
    untrusted: async () => connectUntrusted(official, pool),
    connect: async () => connectPool(official, pool),
    async meter(tell) {
      if (tell) meter.start(await size(), tell);
      else meter.stop();
    },
    stream: () => exportPoolFile(directory, main),
    size,
    async compacted(driver) {
      pool.unlink(copy);
      driver.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      driver.exec('PRAGMA journal_mode=delete; PRAGMA page_size=4096');
      driver.run('VACUUM INTO ?', [`file:${copy}?vfs=${pool.vfsName}`]);
      const bytes = (await poolFile(directory, copy)).size - prefixBytes;
      return { size: bytes, stream: () => rawPoolFile(directory, copy) };
    },
    keep: () => Promise.resolve(),
    close: () => void pool.pauseVfs(),
  };
}

export async function opfsPlaceSize(name: string): Promise<number | null> {
  try {
    return (await poolFile(directoryOf(name), main)).size - prefixBytes;
  } catch {
    return null;
  }
}

export async function removeOpfsPlace(name: string): Promise<void> {
  if (!isPoolName(name)) throw new LoamError('InvalidArgument', `"${name}" names no database.`);
  const root = await navigator.storage.getDirectory();
  for (let attempt = 1; ; attempt++) {
    try {
      const [parent = ''] = directoryOf(name).split('/');
      return await (await root.getDirectoryHandle(parent)).removeEntry(name, { recursive: true });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotFoundError') return;
      if (attempt === removeTries) throw openError(error);
      await new Promise((resolve) => setTimeout(resolve, removePauseMs));
    }
  }
}
