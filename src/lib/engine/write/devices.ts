// On which device an act was made. What is kept are not acts but changes of hands: a row where another device begins to write, so
// that an act costs nothing as long as the same one goes on. Acts before the first row are from before devices were told.
import type { Device, SqlValue } from '../ports.ts';
import { one, run, type Steps } from '../statement.ts';
import type { Journal } from './journal.ts';

/** SQL of the number of the device that made an act; null where it is not recorded. */
export const deviceOfAct = (act: string): string =>
  `(SELECT m.device FROM loam_made_on m WHERE m.act <= ${act} ORDER BY m.act DESC LIMIT 1)`;

/** With the act that is being written: it, and those after it, are this device's. */
export function* noteDevice(journal: Journal, act: number, device: Device | null): Steps<void> {
  const number = device ? yield* deviceNumber(journal, device) : null;
  if (journal.writing === undefined) {
    const row = yield* one('SELECT device FROM loam_made_on ORDER BY act DESC LIMIT 1');
    journal.writing = (row?.[0] ?? null) as number | null;
  }
  if (journal.writing === number) return;
  yield* run('INSERT OR REPLACE INTO loam_made_on(act, device) VALUES (?, ?)', [act, number]);
  journal.writing = number;
}

function* deviceNumber(journal: Journal, { uid, name }: Device): Steps<number> {
  const known = journal.devices.get(uid);
  if (known !== undefined) return known;
  // The name that it had last is the one that is told.
  yield* run(
    'INSERT INTO loam_device(uid, name) VALUES (?, ?) ON CONFLICT(uid) DO UPDATE SET name = excluded.name WHERE name <> excluded.name',
    [uid, name],
  );
  const row = yield* one('SELECT id FROM loam_device WHERE uid = ?', [uid]);
  const number = Number(row?.[0]);
  journal.devices.set(uid, number);
  return number;
}

/** What the device is called from here on, where it wrote in this database. */
export function* renameDevice(device: Device): Steps<void> {
  yield* run('UPDATE loam_device SET name = ? WHERE uid = ?', [device.name, device.uid]);
}

/** Columns `uid, name` of a device as it is told. */
export const toldDevice = (uid: SqlValue | undefined, name: SqlValue | undefined): Device | null =>
  uid === null || uid === undefined ? null : { uid: String(uid), name: String(name) };
