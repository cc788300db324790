// Brings bytes out of the browser: the database file and the bytes of artifacts.
import { attempt, say } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { bytes } from './words.ts';

interface SavePickerWindow {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own reference by then; the address must not stay for the life of the page.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function isAbort(problem: unknown): boolean {
  return problem instanceof DOMException && problem.name === 'AbortError';
}

/** Streams to a chosen file where the browser can, so a large database never lies in memory as a whole. */
export async function exportDatabase(instance: string): Promise<void> {
  const name = `${instance.replace(/[^\w.-]+/g, '-')}.db`;
  const { showSaveFilePicker } = window as SavePickerWindow;
  let handle: FileSystemFileHandle | null = null;
  if (showSaveFilePicker) {
    try {
      handle = await showSaveFilePicker.call(window, { suggestedName: name });
    } catch (problem) {
      if (isAbort(problem)) return;
      // Some embeddings have the function and refuse it; the download below still works.
    }
  }
  const size = await attempt('The database could not be exported', async () => {
    const stream = await session.engine.exportDatabase();
    if (handle) {
      await stream.pipeTo(await handle.createWritable());
      return (await handle.getFile()).size;
    }
    const blob = await new Response(stream).blob();
    download(blob, name);
    return blob.size;
  });
  if (size !== undefined)
    say('Database exported', `${name}, ${bytes(size)}. It opens in LaminDB and in any SQLite tool.`);
}

export async function downloadArtifact(uid: string, name: string, path?: string): Promise<void> {
  await attempt('The file could not be read', async () => {
    download(await session.engine.openArtifact(uid, path), name);
  });
}
