// Brings bytes out of the browser: the database file and the bytes of artifacts.
import { attempt, say } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { bytes } from './words.ts';

interface SavePickerWindow {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

export function download(blob: Blob, name: string): void {
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

/** The file the person chose; null where the browser offers no choice, undefined where they thought better of it. */
export async function chosenFile(name: string): Promise<FileSystemFileHandle | null | undefined> {
  const { showSaveFilePicker } = window as SavePickerWindow;
  if (!showSaveFilePicker) return null;
  try {
    return await showSaveFilePicker.call(window, { suggestedName: name });
  } catch (problem) {
    // Some embeddings have the function and refuse it; a download still works.
    return isAbort(problem) ? undefined : null;
  }
}

/** Passes bytes on; fails when the worker they come from is gone, since nobody would end such a stream. */
function whileLed(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let lost = (_why: Error) => {};
  const gone = new Promise<never>((_resolve, reject) => (lost = reject));
  gone.catch(() => {});
  const forget = session.onMoving(() =>
    lost(new Error('Another tab or a new worker took the database over. Download again.')),
  );
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await Promise.race([reader.read(), gone]);
      if (!done) return controller.enqueue(value);
      forget();
      controller.close();
    },
    async cancel(why) {
      forget();
      await reader.cancel(why);
    },
  });
}

/**
 * Streams to a chosen file where the browser can, so that a large one never lies in memory as a whole. Answers its
 * bytes; null where the person chose no file.
 */
export async function saveStream(
  name: string,
  open: () => Promise<ReadableStream<Uint8Array>>,
): Promise<number | null> {
  const handle = await chosenFile(name);
  if (handle === undefined) return null;
  const stream = whileLed(await open());
  if (handle) {
    await stream.pipeTo(await handle.createWritable());
    return (await handle.getFile()).size;
  }
  const blob = await new Response(stream).blob();
  download(blob, name);
  return blob.size;
}

export async function exportDatabase(instance: string): Promise<void> {
  const name = `${instance.replace(/[^\w.-]+/g, '-')}.db`;
  const size = await attempt('The database could not be exported', () =>
    saveStream(name, () => session.engine.exportDatabase()),
  );
  if (typeof size === 'number')
    // The file is the whole of it, with what is checked out in its tables; other programs know no working trees.
    say(
      'Database exported',
      session.status?.branch.isMain === false
        ? `${name}, ${bytes(size)}. Its tables show the branch “${session.status.branch.name}”, as here: for Python go to main first, or take the export for Python.`
        : `${name}, ${bytes(size)}. It opens in LaminDB and in any SQLite tool.`,
    );
}

export async function downloadArtifact(uid: string, name: string, path?: string): Promise<void> {
  await attempt('The file could not be read', async () => {
    download(await session.engine.openArtifact(uid, path), name);
  });
}
