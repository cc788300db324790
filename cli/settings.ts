// What the command line remembers beside the database: `.loam/settings.json` of the development directory, found from
// the current directory upwards, as LaminDB finds its `.lamin` folder.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { Io } from './verb.ts';

export interface Settings {
  /** Absolute path of the storage folder that holds `.lamindb/lamin.db`. */
  storage: string;
  /** Name of the branch new rows go to. */
  branch?: string;
  /** Name of the space new rows go to. */
  space?: string;
  /** Absolute path of the folder for files that were brought from addresses and buckets. */
  cacheDir?: string;
}

export const databaseOf = (storage: string): string => join(storage, '.lamindb', 'lamin.db');

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** The settings that hold here and the folder they were found in; null outside of any development directory. */
export function findSettings(io: Pick<Io, 'cwd'>): { folder: string; settings: Settings } | null {
  for (let folder = resolve(io.cwd); ; folder = dirname(folder)) {
    const path = join(folder, '.loam', 'settings.json');
    const text = readIfThere(path);
    if (text !== null) return { folder, settings: parsed(text, path) };
    if (dirname(folder) === folder) return null;
  }
}

function parsed(text: string, path: string): Settings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const { storage } = (value ?? {}) as Partial<Settings>;
  if (typeof storage !== 'string') {
    throw new LoamError(
      'InvalidArgument',
      `${path} names no storage folder. Remove it and run "loam init" again.`,
    );
  }
  return value as Settings;
}

export function writeSettings(folder: string, settings: Settings): void {
  mkdirSync(join(folder, '.loam'), { recursive: true });
  writeFileSync(join(folder, '.loam', 'settings.json'), `${JSON.stringify(settings, null, 2)}\n`);
}
