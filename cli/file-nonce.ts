// By which this computer tells a database file from a copy or an older state of it (FileNonce): a short text for each path, in the
// person's configuration, where a copied folder does not take it along.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileNonce } from '../src/lib/engine/ports.ts';
import { devicePath } from './device.ts';

/** Where nothing can be kept each opening is taken for that of a copy, which costs a name. */
export function fileNonce(database: string, env: NodeJS.ProcessEnv = process.env): FileNonce {
  const path = () =>
    join(
      dirname(devicePath(env)),
      'files',
      `${createHash('sha256').update(realpathSync(database)).digest('hex').slice(0, 32)}.txt`,
    );
  return {
    async read() {
      try {
        return readFileSync(path(), 'utf8').trim() || null;
      } catch {
        return null;
      }
    },
    async write(nonce) {
      try {
        mkdirSync(dirname(path()), { recursive: true });
        writeFileSync(path(), `${nonce}\n`);
      } catch {
        // Nothing is kept here: see above.
      }
    },
  };
}
