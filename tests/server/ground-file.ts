// What devices of a test start from.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import type { Running } from './running-server.ts';

/** The database as it was before the first record: the replica's file, whose sessions are nobody's. */
export function groundOf(at: Running): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'loam-ground-'));
  try {
    const file = join(folder, 'ground.sqlite');
    const driver = openNode(join(at.data, `replica-${at.core.instance.uid}.sqlite`));
    driver.run(`VACUUM INTO '${file}'`);
    driver.close();
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
