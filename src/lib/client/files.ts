// Files and folders from a drop or a picker, as the items the engine saves.
// A folder that is a Zarr store is one item; any other folder is one item per file, unless the user keeps it whole.
import type { DropItem } from '../workers/wire.ts';

export interface PickedFolder {
  name: string;
  files: { path: string; file: File }[];
  isZarr: boolean;
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

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
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
  for (const entry of await entriesOf(directory)) {
    const path = prefix + entry.name;
    try {
      if (entry.isFile) into.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
      else await walk(entry as FileSystemDirectoryEntry, `${path}/`, into, lost);
    } catch {
      lost.push(path);
    }
  }
}

/** Entries must be taken before the first await: the browser empties the list after the event. */
export async function fromDataTransfer(transfer: DataTransfer): Promise<Picked> {
  const entries: FileSystemEntry[] = [];
  const plain: File[] = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    if (entry) entries.push(entry);
    else {
      const file = item.getAsFile();
      if (file) plain.push(file);
    }
  }
  const picked: Picked = { files: plain, folders: [], unreadable: [] };
  for (const entry of entries) {
    try {
      if (entry.isFile) picked.files.push(await fileOf(entry as FileSystemFileEntry));
      else {
        const files: PickedFolder['files'] = [];
        await walk(entry as FileSystemDirectoryEntry, '', files, picked.unreadable);
        picked.folders.push(folder(entry.name, files));
      }
    } catch {
      picked.unreadable.push(entry.name);
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
