// What devices of a test start from.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import type { Running } from './running-server.ts';

/** The database as it was before the first record: the replica's file, whose sessions are nobody's. */
export function groundOf(at: Running): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'loam-ground-'));
  try {
    const file = join(folder, 'ground.sqlite');
    // The server has it alone: what is opened is a copy, made while nobody writes.
    const copy = join(folder, 'copy.sqlite');
    for (const end of ['', '-wal']) {
      const of = join(at.data, `replica-${at.core.instance.uid}.sqlite${end}`);
      if (existsSync(of)) copyFileSync(of, `${copy}${end}`);
    }
    const driver = openNode(copy, { alone: true });
    driver.run(`VACUUM INTO '${file}'`);
    driver.close();
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
