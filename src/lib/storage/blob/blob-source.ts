// Files and Blobs as sources of bytes: dropped files, and those in OPFS. It also gives memory back, which for long reads
// cannot be left to the garbage collector.
import type { ByteSource } from '../../engine/ports.ts';

export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
    release: letGo,
  };
}

/**
 * Sends the memory to a closed port, where it ends. Reading 1 GiB in Chromium 156 held 11 MB at most in this way, 160 MB
 * when left to the garbage collector and all of it after `ArrayBuffer.transfer(0)`, which hides it from the collector.
 */
export function letGo({ buffer, byteLength }: Uint8Array): void {
  if (buffer.byteLength !== byteLength || !(buffer instanceof ArrayBuffer)) return;
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(null, [buffer]);
  port1.close();
  port2.close();
}
