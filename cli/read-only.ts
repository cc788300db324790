// A database that is only looked at: opened without the right to write where that can be, else as a copy that is gone
// afterwards. The file and its folder stay as they are.
import { copyFileSync, existsSync, mkdtempSync, rmSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { SqlDriver } from '../src/lib/engine/ports.ts';
import { hasInstance } from '../src/lib/engine/schema/open.ts';
import { canReadOnly, openNode } from '../src/lib/storage/sql/node.ts';

/** Runs `use` on the database and closes it, whatever happens. */
export async function lookingAt<T>(path: string, use: (driver: SqlDriver) => T | Promise<T>): Promise<T> {
  if (!existsSync(path)) throw new LoamError('DoesNotExist', `There is no file ${path}.`);
  if (canReadOnly(path)) return checked(openNode(path, { readOnly: true }), path, use);
  return onCopy(path, use);
}

/** The same on a copy that may be changed, and is gone afterwards. */
export function onCopy<T>(path: string, use: (driver: SqlDriver) => T | Promise<T>): Promise<T> {
  return inScratch((copy) => {
    copyFileSync(path, copy, constants.COPYFILE_FICLONE);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
    return checked(openNode(copy), path, use);
  });
}

/** The same of a database that is open: as it is now. */
export function onCopyOf<T>(driver: SqlDriver, use: (copy: SqlDriver) => T | Promise<T>): Promise<T> {
  return inScratch((copy) => {
    driver.run('VACUUM INTO ?', [copy]);
    return checked(openNode(copy), copy, use);
  });
}

/** With the path of a database to be made, which is gone afterwards. */
async function inScratch<T>(use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'loam-copy-'));
  try {
    return await use(join(folder, 'lamin.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function checked<T>(
  driver: SqlDriver,
  path: string,
  use: (driver: SqlDriver) => T | Promise<T>,
): Promise<T> {
  try {
    if (!hasInstance(driver)) throw new LoamError('DatabaseDamaged', `${path} holds no LaminDB tables.`);
    return await use(driver);
  } finally {
    driver.close();
  }
}
