// The pair of keys by which this browser signs: made once, kept in IndexedDB, the secret one never given out. It says that two
// files come from the same device, not whose it is.
import type { BundleSigner } from '../../engine/ports.ts';
import { deviceRecords } from '../device-records.ts';
import { newKeys, signerWith } from './ed25519.ts';

const { run } = deviceRecords(
  'loam-signing',
  { own: {} },
  'This browser does not let keys be kept on this device.',
);
const name = 'ed25519';

const kept = () => run('own', 'readonly', (own) => own.get(name) as IDBRequest<CryptoKeyPair | undefined>);

/** Null where the browser has no Ed25519 or keeps nothing: what leaves is not signed then. */
export async function deviceSigner(): Promise<BundleSigner | null> {
  if (typeof indexedDB === 'undefined') return null;
  try {
    let pair = await kept();
    if (!pair) {
      const made = await newKeys(false);
      if (!made) return null;
      // Another tab may have made one meanwhile: the first stays.
      await run('own', 'readwrite', (own) => own.add(made, name)).catch(() => {});
      pair = (await kept()) ?? made;
    }
    return await signerWith(pair);
  } catch (error) {
    console.warn('There is no key to sign with', error);
    return null;
  }
}
