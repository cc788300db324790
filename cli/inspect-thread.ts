// The thread in which files are looked at, one after the other: a hostile one can crash or fill only this thread, and
// `loam inspect` starts another for the next.
import { statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { LoamError } from '../src/lib/engine/errors.ts';
import { hashFile, hashFolder } from '../src/lib/engine/hash.ts';
import { factsOfFile, factsOfFolder, type Facts } from '../src/lib/formats/facts/facts.ts';
import { hdf5Damaged } from '../src/lib/formats/hdf5-file.ts';
import { localFile, localFolder } from './local-files.ts';

/** What is known about one path. Folders also have their number of files. */
export interface Look {
  size: number;
  n_files?: number;
  lamin_hash: string;
  hash_type: string;
  facts: Facts;
}

export type ThreadAnswer =
  | { look: Look; damaged: boolean }
  /** Nothing could be read at all, with the reason in words. */
  | { error: string; damaged: boolean };

async function look(path: string): Promise<Look> {
  const info = statSync(path);
  if (info.isDirectory()) {
    const folder = localFolder(path);
    const { hash, hashType, size, nFiles } = await hashFolder(folder);
    const counted = nFiles === null ? {} : { n_files: nFiles };
    return { size, ...counted, lamin_hash: hash, hash_type: hashType, facts: await factsOfFolder(folder) };
  }
  if (!info.isFile()) throw new LoamError('FileUnreadable', 'It is neither a file nor a folder.');
  const { source, close } = localFile(path);
  try {
    const { hash, hashType } = await hashFile(source);
    const facts = await factsOfFile(source, path);
    return { size: source.size, lamin_hash: hash, hash_type: hashType, facts };
  } finally {
    close();
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'There is no file or folder of this name.';
  if (code === 'EACCES' || code === 'EPERM') return 'It may not be read: the permission is missing.';
  if (code === 'ELOOP') return 'It is a link that leads nowhere.';
  return message || 'It could not be read.';
}

parentPort?.on('message', (path: string) => {
  void look(path)
    .then(
      (found): ThreadAnswer => ({ look: found, damaged: hdf5Damaged() }),
      (error: unknown): ThreadAnswer => ({ error: reasonOf(error), damaged: hdf5Damaged() }),
    )
    .then((answer) => parentPort?.postMessage(answer));
});
