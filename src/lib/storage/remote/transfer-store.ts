// What outlives a closed tab of files on their way to or from a bucket, in IndexedDB: the transfers, how far each upload in
// parts is, and where artifacts were uploaded to. No keys and no signed addresses.
import { deviceRecords } from '../device-records.ts';
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

const { run } = deviceRecords(
  'loam-transfers',
  { transfers: { keyPath: 'id' }, uploads: {}, uploaded: { keyPath: 'uid' } },
  'This browser does not let uploads be remembered.',
);

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
