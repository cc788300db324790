// By which this browser tells a database of its own from a copy or an older state of it (FileNonce): a short text for each, kept in
// IndexedDB beside all databases. Where the browser keeps nothing each opening is taken for that of a copy, which costs a name.
import type { FileNonce } from '../../engine/ports.ts';
import { deviceRecords } from '../device-records.ts';

const { run } = deviceRecords('loam-files', { nonces: {} }, 'This browser does not let anything be kept.');

/** `database`: its id among those of this device. */
export function fileNonce(database: string): FileNonce {
  return {
    async read() {
      if (typeof indexedDB === 'undefined') return null;
      try {
        const kept = await run('nonces', 'readonly', (all) => all.get(database) as IDBRequest<unknown>);
        return typeof kept === 'string' ? kept : null;
      } catch (error) {
        console.warn('It cannot be told whether this database is a copy', error);
        return null;
      }
    },
    async write(nonce) {
      if (typeof indexedDB === 'undefined') return;
      await run('nonces', 'readwrite', (all) => all.put(nonce, database)).catch((error: unknown) => {
        console.warn('It will not be told from a copy', error);
      });
    },
  };
}
