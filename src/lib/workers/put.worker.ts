// Writes small files into OPFS for the engine worker, which must not stand still while the disk takes them: bringing a
// file to disk blocks the thread that asks for it.
import { toWire, type WireError } from '../engine/errors.ts';
import type { KeptFile } from '../engine/ports.ts';
import { putFiles } from '../storage/blob/opfs-put.ts';

export interface PutRequest {
  id: number;
  /** Directory in the OPFS root. */
  directory: string;
  files: readonly KeptFile[];
}

export interface PutAnswer {
  id: number;
  error: WireError | null;
}

async function put({ directory, files }: PutRequest): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await putFiles(await root.getDirectoryHandle(directory, { create: true }), files);
}

onmessage = async ({ data }: MessageEvent<PutRequest>) => {
  const error = await put(data).then(
    () => null,
    (problem: unknown) => toWire(problem),
  );
  postMessage({ id: data.id, error } satisfies PutAnswer);
};
