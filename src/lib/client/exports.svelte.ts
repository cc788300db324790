// Taking the database along: for Python with its files, or its registries as parquet; into a folder, as an archive, or
// as a download where the browser has no pickers. One at a time; the sheet shows how far it is.
import type { DatabaseProgress, ExportKind, ExportReport } from '../workers/databases-wire.ts';
import { download } from './export.ts';
import { asWireError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

export type Exporting =
  | { state: 'asking'; kind: ExportKind }
  | { state: 'going'; kind: ExportKind; token: string; where: string }
  | { state: 'done'; kind: ExportKind; where: string; report: ExportReport }
  | { state: 'failed'; kind: ExportKind; message: string };

interface PickerWindow {
  showDirectoryPicker?: (options: { id: string; mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

let current = $state.raw<Exporting | null>(null);
let progress = $state.raw<DatabaseProgress | null>(null);

session.onEvent((event) => {
  if (event.type === 'database' && current?.state === 'going' && event.progress.token === current.token)
    progress = event.progress;
});

const isAbort = (problem: unknown) => problem instanceof DOMException && problem.name === 'AbortError';

async function run(
  kind: ExportKind,
  where: string,
  work: (token: string) => Promise<ExportReport>,
): Promise<void> {
  const token = crypto.randomUUID();
  progress = null;
  current = { state: 'going', kind, token, where };
  const mine = () => current?.state === 'going' && current.token === token;
  try {
    const report = await work(token);
    if (mine()) current = { state: 'done', kind, where, report };
  } catch (problem) {
    if (mine()) current = { state: 'failed', kind, message: asWireError(problem).message };
  }
}

export const exports = {
  get current() {
    return current;
  },
  get progress() {
    return progress;
  },
  get canPickFolder(): boolean {
    return typeof (window as PickerWindow).showDirectoryPicker === 'function';
  },
  ask(kind: ExportKind): void {
    current = { state: 'asking', kind };
  },
  async close(): Promise<void> {
    const was = current;
    current = null;
    if (was?.state === 'going') await session.engine.cancelDatabase(was.token).catch(() => {});
  },

  async toFolder(kind: ExportKind): Promise<void> {
    try {
      const folder = await (window as PickerWindow).showDirectoryPicker?.({
        id: 'export',
        mode: 'readwrite',
      });
      if (folder) await run(kind, folder.name, (token) => session.engine.exportTo(token, kind, { folder }));
    } catch (problem) {
      if (!isAbort(problem)) current = { state: 'failed', kind, message: asWireError(problem).message };
    }
  },

  async toZip(kind: ExportKind): Promise<void> {
    const name = `${(session.status?.instance ?? 'loam').replace(/[^\w.-]+/g, '-')}-${kind}.zip`;
    const { showSaveFilePicker } = window as PickerWindow;
    let file: FileSystemFileHandle | null = null;
    if (showSaveFilePicker) {
      try {
        file = await showSaveFilePicker.call(window, { suggestedName: name });
      } catch (problem) {
        if (isAbort(problem)) return;
        // Some embeddings have the function and refuse it; the download below still works.
      }
    }
    await run(kind, name, async (token) => {
      if (file) return session.engine.exportTo(token, kind, { file });
      const stream = await session.engine.exportStream(token, kind);
      const [blob, report] = await Promise.all([new Response(stream).blob(), session.engine.exported(token)]);
      download(blob, name);
      return report;
    });
  },
};
