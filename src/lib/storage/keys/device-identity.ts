// Which device this is, for the acts made on it: a random uid and a name, made once and kept in IndexedDB beside all databases, so
// that a copied database file does not take it along.
import type { Device } from '../../engine/ports.ts';
import { deviceRecords } from '../device-records.ts';
import { browserName } from './browser-name.ts';

const { run } = deviceRecords('loam-device', { own: {} }, 'This browser does not let anything be kept.');
const key = 'identity';

const kept = () => run('own', 'readonly', (own) => own.get(key) as IDBRequest<Device | undefined>);

/** Null where the browser keeps nothing: acts tell of no device then. */
export async function deviceIdentity(newUid: () => string): Promise<Device | null> {
  if (typeof indexedDB === 'undefined') return null;
  try {
    let device = await kept();
    if (!device) {
      const made: Device = { uid: newUid(), name: browserName(navigator.userAgent) };
      // Another tab may have made one meanwhile: the first stays.
      await run('own', 'readwrite', (own) => own.add(made, key)).catch(() => {});
      device = (await kept()) ?? made;
    }
    return device;
  } catch (error) {
    console.warn('This device has no name for its acts', error);
    return null;
  }
}

/** Keeps another name. */
export async function keepDevice(device: Device): Promise<void> {
  await run('own', 'readwrite', (own) => own.put(device, key));
}
