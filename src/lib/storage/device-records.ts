// Small records of this browser that are no part of any database: one IndexedDB database for each kind of thing, opened for
// each transaction, since a connection that is held open keeps others from upgrading.
import { LoamError } from '../engine/errors.ts';

export interface DeviceRecords<Store extends string> {
  /** One transaction with one request; resolves once it is complete. Throws `StorageUnavailable` where nothing is kept. */
  run<T>(store: Store, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T>;
}

/** `stores` by name, as version 1 has them; `refusal` says what is lost where the browser keeps nothing. */
export function deviceRecords<Store extends string>(
  name: string,
  stores: Readonly<Record<Store, IDBObjectStoreParameters>>,
  refusal: string,
): DeviceRecords<Store> {
  function open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => {
        for (const [store, parameters] of Object.entries<IDBObjectStoreParameters>(stores))
          request.result.createObjectStore(store, parameters);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () =>
        reject(new LoamError('StorageUnavailable', `${refusal} (${String(request.error)})`));
    });
  }
  return {
    async run(store, mode, work) {
      const db = await open();
      try {
        return await new Promise((resolve, reject) => {
          const transaction = db.transaction(store, mode);
          const request = work(transaction.objectStore(store));
          transaction.oncomplete = () => resolve(request.result);
          transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB aborted'));
        });
      } finally {
        db.close();
      }
    },
  };
}
