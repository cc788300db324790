// Keys of buckets that a person wants this device to remember: encrypted by a key that the browser makes and never gives out
// (AES-GCM, not extractable), both in IndexedDB. They are no part of any database, export or log. Whoever can run code of
// this site on this device can use them; a copy of the browser's files without the browser cannot be read.
import { LoamError } from '../../engine/errors.ts';
import { deviceRecords } from '../device-records.ts';

interface Wrapped {
  root: string;
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

const ownKey = 'own';

const { run } = deviceRecords(
  'loam-keys',
  { own: {}, wrapped: { keyPath: 'root' } },
  'This browser does not let keys be kept on this device.',
);

async function wrappingKey(make: boolean): Promise<CryptoKey | null> {
  const known = await run('own', 'readonly', (own) => own.get(ownKey) as IDBRequest<CryptoKey | undefined>);
  if (known || !make) return known ?? null;
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  // Another tab may have made one meanwhile: the first stays.
  await run('own', 'readwrite', (own) => own.add(made, ownKey)).catch(() => {});
  return wrappingKey(false);
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** `value` is plain data. Throws `StorageUnavailable` where the browser keeps nothing. */
export async function keepKeys(root: string, value: unknown): Promise<void> {
  const key = await wrappingKey(true);
  if (!key)
    throw new LoamError('StorageUnavailable', 'This browser does not let keys be kept on this device.');
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: bytesOf(root) },
    key,
    bytesOf(JSON.stringify(value)),
  );
  await run('wrapped', 'readwrite', (wrapped) => wrapped.put({ root, iv, data } satisfies Wrapped));
}

export async function forgetKeys(root: string): Promise<void> {
  if (typeof indexedDB === 'undefined') return;
  await run('wrapped', 'readwrite', (wrapped) => wrapped.delete(root));
}

/** What is remembered, by the root of its storage. What cannot be decrypted any more is left out and forgotten. */
export async function keptKeys(): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  if (typeof indexedDB === 'undefined') return found;
  const key = await wrappingKey(false);
  if (!key) return found;
  const all = await run('wrapped', 'readonly', (wrapped) => wrapped.getAll() as IDBRequest<Wrapped[]>);
  for (const { root, iv, data } of all) {
    try {
      const plain = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv, additionalData: bytesOf(root) },
        key,
        data,
      );
      found.set(root, JSON.parse(new TextDecoder().decode(plain)));
    } catch {
      await forgetKeys(root).catch(() => {});
    }
  }
  return found;
}
