// Writing one OPFS file: by a sync access handle in a worker, else by a writable stream (pages, older browsers).
// A sync write at the quota does not throw: Chromium answers 4294967288, Firefox a short count (reliability.md §0.2).

export interface OpfsWriter {
  /** Answers the bytes taken; anything but the chunk's length means the storage is full. */
  write(chunk: Uint8Array, at: number): Promise<number>;
  /** Cuts the file to `size`, brings it to disk and lets it go. */
  finish(size: number): Promise<void>;
  abort(): Promise<void>;
}

export async function opfsWriter(handle: FileSystemFileHandle): Promise<OpfsWriter> {
  if (!('createSyncAccessHandle' in handle)) {
    const stream = await (handle as FileSystemFileHandle).createWritable();
    return {
      async write(chunk, at) {
        await stream.write({ type: 'write', position: at, data: chunk as Uint8Array<ArrayBuffer> });
        return chunk.length;
      },
      finish: () => stream.close(),
      abort: () => stream.abort().catch(() => {}),
    };
  }
  const access = await handle.createSyncAccessHandle();
  access.truncate(0);
  return {
    write: async (chunk, at) => access.write(chunk as Uint8Array<ArrayBuffer>, { at }),
    async finish(size) {
      access.truncate(size);
      access.flush();
      access.close();
    },
    async abort() {
      access.close();
    },
  };
}
