// Writing OPFS files: by a sync access handle in a worker, else by a writable stream (pages, older browsers).
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

/** The whole of a small file in as few calls as OPFS allows. Answers the bytes taken, as `write` does above. */
export async function writeWhole(handle: FileSystemFileHandle, bytes: Uint8Array): Promise<number> {
  if (!('createSyncAccessHandle' in handle)) {
    const stream = await (handle as FileSystemFileHandle).createWritable();
    await stream.write(bytes as Uint8Array<ArrayBuffer>);
    await stream.close();
    return bytes.length;
  }
  const access = await handle.createSyncAccessHandle();
  try {
    const taken = access.write(bytes as Uint8Array<ArrayBuffer>, { at: 0 });
    if (access.getSize() > bytes.length) access.truncate(bytes.length);
    access.flush();
    return taken;
  } finally {
    access.close();
  }
}

/** Changes bytes in the middle of a file; its size stays. */
export async function overwrite(handle: FileSystemFileHandle, at: number, bytes: Uint8Array): Promise<void> {
  if (!('createSyncAccessHandle' in handle)) {
    const stream = await (handle as FileSystemFileHandle).createWritable({ keepExistingData: true });
    await stream.write({ type: 'write', position: at, data: bytes as Uint8Array<ArrayBuffer> });
    await stream.close();
    return;
  }
  const access = await handle.createSyncAccessHandle();
  try {
    access.write(bytes as Uint8Array<ArrayBuffer>, { at });
    access.flush();
  } finally {
    access.close();
  }
}
