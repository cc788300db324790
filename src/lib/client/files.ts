// Files and folders from a drop or a picker, as the items the engine saves.
// A folder that is a Zarr store is one item; any other folder is one item per file, unless the user keeps it whole.
import type { DropItem } from '../workers/wire.ts';

export interface PickedFolder {
  name: string;
  files: { path: string; file: File }[];
  isZarr: boolean;
  /** The folder itself, where the browser gives it: it can then be read again later. */
  handle?: FileSystemDirectoryHandle | null;
}

export interface Picked {
  files: File[];
  folders: PickedFolder[];
  /** Names that could not be read, told to the user. */
  unreadable: string[];
}

const ZARR_METADATA = new Set(['zarr.json', '.zgroup', '.zarray', '.zattrs', '.zmetadata']);
/** What operating systems leave in folders; nobody means to save it. */
const LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);

function folder(name: string, files: PickedFolder['files']): PickedFolder {
  const kept = files.filter(({ path }) => !LITTER.has(path.slice(path.lastIndexOf('/') + 1)));
  const isZarr = /\.zarr$/i.test(name) || kept.some(({ path }) => ZARR_METADATA.has(path));
  return { name, files: kept, isZarr };
}

/** Null where it cannot be read. Each is a question to the browser's process: many are asked at once. */
function opening(entry: FileSystemEntry): Promise<File | null> {
  return new Promise((resolve) => (entry as FileSystemFileEntry).file(resolve, () => resolve(null)));
}

/** readEntries answers in batches of 100 until it answers with none. */
async function entriesOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (batch.length === 0) return all;
    all.push(...batch);
  }
}

async function walk(
  directory: FileSystemDirectoryEntry,
  prefix: string,
  into: PickedFolder['files'],
  lost: string[],
) {
  const entries = await entriesOf(directory);
  const opened = await Promise.all(entries.map((entry) => (entry.isFile ? opening(entry) : null)));
  for (const [i, entry] of entries.entries()) {
    const path = prefix + entry.name;
    const file = opened[i];
    if (file) into.push({ path, file });
    else if (entry.isFile) lost.push(path);
    else await walk(entry as FileSystemDirectoryEntry, `${path}/`, into, lost).catch(() => lost.push(path));
  }
}

/** In Chromium; not in TypeScript's DOM types. */
type Handled = DataTransferItem & { getAsFileSystemHandle?(): Promise<FileSystemHandle | null> };

/**
 * Everything must be taken before the first await: the browser empties the list after the event. Files come as they are,
 * their entries tell only which of them are folders: asking an entry for its file takes longer than saving a small one.
 */
export async function fromDataTransfer(transfer: DataTransfer): Promise<Picked> {
  const picked: Picked = { files: [], folders: [], unreadable: [] };
  const directories: { entry: FileSystemDirectoryEntry; handle: Promise<FileSystemHandle | null> }[] = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    const file = entry?.isDirectory ? null : item.getAsFile();
    if (entry?.isDirectory) {
      const handle = (item as Handled).getAsFileSystemHandle?.().catch(() => null) ?? Promise.resolve(null);
      directories.push({ entry: entry as FileSystemDirectoryEntry, handle });
    } else if (file) picked.files.push(file);
    else if (entry) picked.unreadable.push(entry.name);
  }
  for (const { entry: directory, handle } of directories) {
    const files: PickedFolder['files'] = [];
    try {
      await walk(directory, '', files, picked.unreadable);
      const itself = await handle;
      picked.folders.push({
        ...folder(directory.name, files),
        handle: itself?.kind === 'directory' ? (itself as FileSystemDirectoryHandle) : null,
      });
    } catch {
      picked.unreadable.push(directory.name);
    }
  }
  return picked;
}

/** From `<input webkitdirectory>`: every file carries its path from the chosen folder. */
export function fromFileList(list: Iterable<File>): Picked {
  const picked: Picked = { files: [], folders: [], unreadable: [] };
  const folders = new Map<string, PickedFolder['files']>();
  for (const file of list) {
    const path = file.webkitRelativePath;
    const cut = path.indexOf('/');
    if (cut < 0) picked.files.push(file);
    else {
      const name = path.slice(0, cut);
      const files = folders.get(name) ?? [];
      files.push({ path: path.slice(cut + 1), file });
      folders.set(name, files);
    }
  }
  for (const [name, files] of folders) picked.folders.push(folder(name, files));
  return picked;
}

/** A database among what was picked: a file, perhaps with the log beside it, or a storage folder with one in it. */
export interface PickedDatabase {
  file: File;
  wal: File | null;
  /** The folder whose `.lamindb` holds it. */
  folder: PickedFolder | null;
}

const DATABASE = /\.(db|sqlite|sqlite3)(\.gz)?$/i;

/** Null unless a database is all that was picked, so that other drops stay what they were. */
export function databaseIn({ files, folders }: Picked): PickedDatabase | null {
  const [folder] = folders;
  if (folder && folders.length === 1 && files.length === 0) {
    const at = (name: string) => folder.files.find(({ path }) => path === `.lamindb/${name}`)?.file ?? null;
    const file = at('lamin.db') ?? at('lamin.db.gz');
    return file ? { file, wal: at('lamin.db-wal'), folder } : null;
  }
  if (folders.length > 0 || files.length > 2) return null;
  const file = files.find(({ name }) => DATABASE.test(name));
  if (!file) return null;
  const wal = files.find(({ name }) => name === `${file.name}-wal`) ?? null;
  return files.length === 1 || wal ? { file, wal, folder: null } : null;
}

let nextItem = 0;
const itemId = () => `${Date.now().toString(36)}-${nextItem++}`;

/** `whole` names the folders that stay one artifact; Zarr stores always do. */
export function toItems(picked: Picked, whole: ReadonlySet<string> = new Set()): DropItem[] {
  const items: DropItem[] = picked.files.map((file) => ({ id: itemId(), key: file.name, file, files: null }));
  for (const { name, files, isZarr } of picked.folders) {
    if (isZarr || whole.has(name)) items.push({ id: itemId(), key: name, file: null, files });
    else
      for (const { path, file } of files)
        items.push({ id: itemId(), key: `${name}/${path}`, file, files: null });
  }
  return items;
}

export function itemSize(item: DropItem): number {
  if (item.file) return item.file.size;
  return (item.files ?? []).reduce((sum, { file }) => sum + file.size, 0);
}

function pick(attributes: Record<string, string>): Promise<Picked | null> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    input.addEventListener('change', () => resolve(input.files?.length ? fromFileList(input.files) : null));
    input.addEventListener('cancel', () => resolve(null));
    input.click();
  });
}

export const pickFiles = () => pick({});
/** No `accept`: databases carry many endings, and what is none is told in words. */
export const pickDatabase = () => pick({});
export const pickParquet = () => pick({ accept: '.parquet,.zip' });
export const pickBranchFile = () => pick({ accept: '.loam' });
export const pickFolder = () => pick({ webkitdirectory: '' });

/** What the browser tells while something is still being dragged: how many, and sometimes a media type. */
export function describeDrag(transfer: DataTransfer): string {
  const files = [...transfer.items].filter((item) => item.kind === 'file');
  if (files.length === 0) return 'Files';
  const kinds = new Map<string, number>();
  for (const { type } of files) {
    const word = type === '' ? 'other' : (type.split('/')[1] ?? type).replace(/^x-/, '').toUpperCase();
    kinds.set(word, (kinds.get(word) ?? 0) + 1);
  }
  const parts = [...kinds].filter(([word]) => word !== 'other').map(([word, n]) => `${n} ${word}`);
  const what = files.length === 1 ? '1 file or folder' : `${files.length} files or folders`;
  return parts.length > 0 && parts.length <= 4 ? `${what} (${parts.join(', ')})` : what;
}
