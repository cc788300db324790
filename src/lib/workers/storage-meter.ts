// How much room the database, its bytes and what is kept beside them take on this device.
import type { Engine } from '../engine/index.ts';
import { cacheFolder } from '../storage/remote/cache-layout.ts';
import type { OpenedDatabase } from '../storage/sql/opened.ts';
import type { StorageMeter } from './status-wire.ts';

export async function meter(engine: Engine, file: OpenedDatabase['file']): Promise<StorageMeter> {
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  return {
    artifactBytes: await engine.storedBytes(),
    keptBytes: engine.copiesHere(null).reduce((sum, { size }) => sum + size, 0),
    cacheBytes: await folderBytes(cacheFolder),
    queryCopyBytes: await folderBytes('query-copies'),
    databaseBytes: await file.size(),
    usage: estimate?.usage ?? null,
    quota: estimate?.quota ?? null,
    persisted: (await navigator.storage?.persisted?.().catch(() => null)) ?? null,
    onlyHere: engine.onlyHere(),
  };
}

/** Bytes of the files of a folder of the private file system; 0 where there is none. */
async function folderBytes(name: string): Promise<number> {
  try {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(name);
    let bytes = 0;
    for await (const handle of folder.values())
      if (handle.kind === 'file') bytes += (await (handle as FileSystemFileHandle).getFile()).size;
    return bytes;
  } catch {
    return 0;
  }
}
