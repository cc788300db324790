// The driver for Node on a file path: node:sqlite where this Node has it (22.5 and later), else node-sqlite3-wasm.
// Neither can be interrupted from outside, so deadlines act between rows only.
import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { LoamError } from '../../engine/errors.ts';
import type { SqlDriver } from '../../engine/ports.ts';
import { openError } from './errors.ts';
import { lockWords } from './node-lock.ts';
import { openNative, type NativeModule } from './node-native.ts';
import { openNodeWasm } from './node-wasm.ts';

const require = createRequire(import.meta.url);

export interface NodeOptions {
  /** Tests choose an engine; the default takes the better one there is. */
  engine?: 'native' | 'wasm';
  /** The file is not changed, nor is anything made beside it. Only the native engine can; see `canReadOnly`. */
  readOnly?: boolean;
  /**
   * Nobody else opens the file while this process has it: a commit then costs a write and no wait for the disk, as with the
   * native engine always. After a loss of power the newest commits may be missing, never a part of one.
   */
  alone?: boolean;
}

/** node-sqlite3-wasm makes a lock folder beside the file, and a file in WAL mode needs its index beside it. */
export function canReadOnly(path: string): boolean {
  if (nativeSqlite() === null) return false;
  const head = new Uint8Array(20);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, 20, 0);
  } finally {
    closeSync(file);
  }
  return head[18] !== 2 && head[19] !== 2;
}

/** Null in Node 20. */
export function nativeSqlite(): NativeModule | null {
  try {
    return require('node:sqlite') as NativeModule;
  } catch {
    return null;
  }
}

/** Opens or creates the database file. */
export function openNode(path: string, options: NodeOptions = {}): SqlDriver {
  try {
    const native = options.engine === 'wasm' ? null : nativeSqlite();
    if (native) return openNative(native, path, options.readOnly ?? false);
    return openNodeWasm(require('node-sqlite3-wasm'), path, options.alone ?? false);
  } catch (error) {
    const failed = openError(error);
    if (failed.code !== 'DatabaseLocked') throw failed;
    throw new LoamError(failed.code, failed.message + lockWords(path), failed.details);
  }
}
