// Bringing a database in, as the page sees it: what was picked, how far the check is, what was found, and the choice.
// One at a time; the sheet shows it.
import type {
  DatabaseProgress,
  DatabaseSource,
  DeviceDatabase,
  ExaminedDatabase,
} from '../workers/databases-wire.ts';
import { databaseIn, pickDatabase, pickParquet, type PickedDatabase } from './files.ts';
import { asWireError, attempt, say, sayError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { storages } from './storages.svelte.ts';
import { bytes, count } from './words.ts';

export type { DeviceDatabase, ExaminedDatabase };

export type Opening =
  /** A dropped database could also be kept as a file. */
  | { phase: 'offered'; name: string; picked: PickedDatabase; asArtifacts: () => void }
  | { phase: 'examining'; name: string; token: string }
  | { phase: 'found'; name: string; found: ExaminedDatabase; folder: FileSystemDirectoryHandle | null }
  | { phase: 'adopting'; name: string; found: ExaminedDatabase }
  | { phase: 'refused'; name: string; message: string };

let opening = $state.raw<Opening | null>(null);
let progress = $state.raw<DatabaseProgress | null>(null);
/** Changes whenever the list of databases may have changed. */
let version = $state(0);

session.onEvent((event) => {
  if (event.type !== 'database') return;
  const token =
    opening?.phase === 'examining'
      ? opening.token
      : opening?.phase === 'adopting'
        ? opening.found.token
        : null;
  if (event.progress.token === token) progress = event.progress;
});

const randomToken = () => crypto.randomUUID();

async function examine(
  name: string,
  source: DatabaseSource,
  folder: FileSystemDirectoryHandle | null = null,
): Promise<void> {
  const token = randomToken();
  progress = null;
  opening = { phase: 'examining', name, token };
  const stillMine = () => opening?.phase === 'examining' && opening.token === token;
  try {
    const found = await session.engine.examineDatabase(token, source);
    if (stillMine()) opening = { phase: 'found', name, found, folder };
    else await session.engine.cancelDatabase(token);
  } catch (problem) {
    if (stillMine()) opening = { phase: 'refused', name, message: asWireError(problem).message };
  }
}

export const databases = {
  get opening() {
    return opening;
  },
  get progress() {
    return progress;
  },
  get version() {
    return version;
  },
  /** A database was dropped: open it, or keep it as an artifact? */
  offer(picked: PickedDatabase, asArtifacts: () => void): void {
    opening = { phase: 'offered', name: picked.folder?.name ?? picked.file.name, picked, asArtifacts };
  },
  open: (picked: PickedDatabase): Promise<void> =>
    examine(
      picked.folder?.name ?? picked.file.name,
      { file: picked.file, wal: picked.wal },
      picked.folder?.handle ?? null,
    ),
  openUrl: (url: string): Promise<void> => examine(url, { url }),
  /** Looks at a database where it lies; answers why it cannot, in words. */
  async lookAt(url: string): Promise<string | null> {
    try {
      const id = await session.engine.lookAtUrl(url);
      const found = (await session.engine.databases()).find((database) => database.id === id);
      session.look({ id, title: found?.title ?? url });
      return null;
    } catch (problem) {
      return asWireError(problem).message;
    }
  },
  /** Registries as parquet files, or a zip archive of them, become a database of their own. */
  openParquet(files: File[], name: string): Promise<void> {
    return examine(name, { parquet: files, name });
  },

  /** Puts the sheet away; what was received and not taken in is removed. */
  async close(): Promise<void> {
    const was = opening;
    opening = null;
    const token = was?.phase === 'examining' ? was.token : was?.phase === 'found' ? was.found.token : null;
    if (token) await attempt('Could not cancel', () => session.engine.cancelDatabase(token));
  },

  /** Takes in what was found. Answers whether it was. */
  async take(how: 'work' | 'look', title: string): Promise<boolean> {
    if (opening?.phase !== 'found') return false;
    const { name, found, folder } = opening;
    progress = null;
    opening = { phase: 'adopting', name, found };
    try {
      await session.engine.openDatabase(found.token, how, title);
      opening = null;
      version += 1;
      const storage = found.storages[0]?.uid;
      // The database came with the folder of its files.
      if (folder && storage && how === 'work') await storages.attach(storage, folder);
      if (how === 'work') say(`${title} is open`, 'Your earlier database is in Settings, under Databases.');
      else say(`${title} can be looked at`, 'It stands beside your database.');
      return true;
    } catch (problem) {
      opening = { phase: 'refused', name, message: asWireError(problem).message };
      return false;
    }
  },

  async use(database: DeviceDatabase): Promise<void> {
    const done = await attempt(`Could not open ${database.title}`, () =>
      session.engine.useDatabase(database.id).then(() => true),
    );
    if (done) say(`${database.title} is open`);
    version += 1;
  },
  async remove(database: DeviceDatabase): Promise<void> {
    await attempt(`Could not remove ${database.title}`, () => session.engine.closeDatabase(database.id));
    version += 1;
  },
  async rename(database: DeviceDatabase, title: string): Promise<void> {
    await attempt(`Could not rename ${database.title}`, () =>
      session.engine.renameDatabase(database.id, title),
    );
    version += 1;
  },
};

/** Asks for a file and opens it: "Open a LaminDB file". */
export async function openDatabase(): Promise<void> {
  const picked = await pickDatabase();
  if (!picked) return;
  const [only] = picked.files;
  const alone = only && picked.files.length === 1 ? { file: only, wal: null, folder: null } : null;
  const database = databaseIn(picked) ?? alone;
  if (database) await databases.open(database);
  else sayError(new Error('Choose one database, or a database together with the "-wal" file beside it.'));
}

/** Asks for the parquet files of an export, or its archive: "Import parquet". */
export async function importParquet(): Promise<void> {
  const picked = await pickParquet();
  if (!picked) return;
  const files = [
    ...picked.files,
    ...picked.folders.flatMap((folder) => folder.files.map(({ file }) => file)),
  ];
  const [only] = files;
  const name = only && files.length === 1 ? only.name.replace(/\.(zip|parquet)$/i, '') : 'parquet';
  await databases.openParquet(files, name);
}

const STEPS: Record<DatabaseProgress['step'], string> = {
  making: 'The server makes a copy of its database',
  receiving: 'Receiving the file',
  checking: 'Comparing it with what the server announced',
  schema: 'Reading its tables',
  integrity: 'Checking every page',
  references: 'Following every reference',
  counts: 'Counting its rows',
  adopting: 'Making it yours',
  copying: 'Copying',
  moving: 'Bringing your own rows',
};

/** How far it is, in words: `Checking every page, 34 %`. */
export function progressWords(step: DatabaseProgress | null): string {
  if (!step) return 'Reading the file…';
  const { done, total } = step;
  const what = STEPS[step.step];
  if (step.step === 'receiving')
    return `${what}, ${bytes(done)}${total === null ? '' : ` of ${bytes(total)}`}`;
  return total ? `${what}, ${Math.min(100, Math.round((done / total) * 100))} %` : `${what}…`;
}

/** The registries that hold something, largest first, and how many are empty. */
export function filled(found: ExaminedDatabase): { rows: { name: string; rows: string }[]; empty: number } {
  const some = found.counts.filter(({ rows }) => rows > 0).sort((a, b) => b.rows - a.rows);
  return {
    rows: some.map(({ registry, table, module, rows }) => ({
      name: registry === null ? table : module === 'lamindb' ? registry : `${module}.${registry}`,
      rows: count(rows),
    })),
    empty: found.counts.length - some.length,
  };
}
