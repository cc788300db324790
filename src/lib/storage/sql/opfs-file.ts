// Reading a database file of the opfs-sahpool beside its open handle: the pool keeps files under opaque names, each
// with a 4,096-byte prefix that begins with the database's path.
import { LoamError } from '../../engine/errors.ts';
import type { ReadableStreamLike } from '../../engine/ports.ts';
import { stampHeader } from './opened.ts';

const prefixBytes = 4096;
const pathBytes = 512;

/** The pool's file for the path `name`, prefix included. */
export async function poolFile(directory: string, name: string): Promise<File> {
  let folder = await navigator.storage.getDirectory();
  for (const part of `${directory}/.opaque`.split('/')) folder = await folder.getDirectoryHandle(part);
  for await (const handle of folder.values()) {
    if (handle.kind !== 'file') continue;
    const file = await (handle as FileSystemFileHandle).getFile();
    const head = new Uint8Array(await file.slice(0, pathBytes).arrayBuffer());
    const end = head.indexOf(0);
    if (end > 0 && new TextDecoder().decode(head.subarray(0, end)) === name) return file;
  }
  throw new LoamError('DoesNotExist', `The database file ${name} is not in this browser's storage.`);
}

/**
 * Streams a checkpointed database from disk, without the prefix. Its header is set from WAL to rollback journal, so
 * that every tool can open the copy. `onEnd` runs once, when the stream ends, fails or is cancelled.
 */
export async function exportPoolFile(
  directory: string,
  name: string,
  onEnd: () => void = () => {},
): Promise<ReadableStream<Uint8Array>> {
  let ended = false;
  const end = () => {
    if (!ended) onEnd();
    ended = true;
  };
  try {
    const file = await poolFile(directory, name);
    const reader = file.slice(prefixBytes).stream().getReader();
    let first = true;
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            end();
            return controller.close();
          }
          if (first) stampHeader(value);
          first = false;
          controller.enqueue(value);
        } catch (error) {
          end();
          throw error;
        }
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    });
  } catch (error) {
    end();
    throw error;
  }
}

/** The file as SQLite left it, without the pool's prefix. */
export async function rawPoolFile(directory: string, name: string): Promise<ReadableStreamLike> {
  return (await poolFile(directory, name)).slice(prefixBytes).stream();
}
