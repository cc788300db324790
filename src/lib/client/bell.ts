// Rings the leading worker's bell (workers/bell.ts) by removing its file: a statement that holds the worker inside one
// step gives way, and the messages that wait are taken. Without a bell hung nothing happens.
import { bellFile, bellFolder } from '../workers/tab-messages.ts';

export async function ring(): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(bellFolder);
    await folder.removeEntry(bellFile);
  } catch {
    // Not hung, rung already, or a browser without OPFS.
  }
}
