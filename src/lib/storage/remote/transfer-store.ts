// What outlives a closed tab of files on their way to or from a bucket, in IndexedDB: the transfers, how far each upload in
// parts is, and where artifacts were uploaded to. No keys and no signed addresses.
import type { UploadState } from './upload.ts';

export interface StoredTransfer {
  id: string;
  /** The database of this device that it belongs to. */
  db: string;
}

/** Bytes that lie in a bucket, whatever the database says of them by now (an upload may have been undone). */
export interface UploadedBytes {
  uid: string;
  storage: { uid: string; root: string; type: string; region: string | null };
  key: string;
}

type StoreName = 'transfers' | 'uploads' | 'uploaded';

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('loam-transfers', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('transfers', { keyPath: 'id' });
      request.result.createObjectStore('uploads');
      request.result.createObjectStore('uploaded', { keyPath: 'uid' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be opened'));
  });
}

async function run<T>(
  name: StoreName,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const db = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = db.transaction(name, mode);
      const request = work(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB aborted'));
    });
  } finally {
    db.close();
  }
}

/** All of one kind of record; the caller knows what it put in. */
export const storedTransfers = <T extends StoredTransfer>(): Promise<T[]> =>
  run('transfers', 'readonly', (store) => store.getAll() as IDBRequest<T[]>);
export const keepTransfer = async (transfer: StoredTransfer): Promise<void> =>
  void (await run('transfers', 'readwrite', (store) => store.put(transfer)));
export const removeTransfer = async (id: string): Promise<void> =>
  void (await run('transfers', 'readwrite', (store) => store.delete(id)));

/** `file`: the transfer's id and a file's number in it. */
export const uploadOf = async (file: string): Promise<UploadState | null> =>
  (await run('uploads', 'readonly', (store) => store.get(file) as IDBRequest<UploadState | undefined>)) ??
  null;
export const keepUpload = async (file: string, state: UploadState): Promise<void> =>
  void (await run('uploads', 'readwrite', (store) => store.put(state, file)));
export const removeUpload = async (file: string): Promise<void> =>
  void (await run('uploads', 'readwrite', (store) => store.delete(file)));

export const keepUploaded = async (bytes: UploadedBytes): Promise<void> =>
  void (await run('uploaded', 'readwrite', (store) => store.put(bytes)));
export const uploadedBytes = async (uid: string): Promise<UploadedBytes | null> =>
  typeof indexedDB === 'undefined'
    ? null
    : ((await run(
        'uploaded',
        'readonly',
        (store) => store.get(uid) as IDBRequest<UploadedBytes | undefined>,
      )) ?? null);
