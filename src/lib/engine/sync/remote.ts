// Where a database belongs to: the server, the instance there, and the account of whoever works here. Kept in the file itself, so
// that a copy of it belongs there too. Secrets are not kept here: a browser has its cookie, the command line its own file.
import { LoamError } from '../errors.ts';
import type { FileNonce, Random, SqlDriver } from '../ports.ts';
import { unseenSetting } from '../registry/device-storage.ts';
import { inTransaction, one, run, runSync, type Steps } from '../statement.ts';
import { timeText } from '../time.ts';
import { randomUid } from '../uid.ts';
import { raiseVersion } from '../write/packs.ts';
import { sharedFrom, syncedVersion, syncSetting } from '../write/synced.ts';

export interface Remote {
  /** Origin, as `https://loam.example.org`. */
  server: string;
  instance: { uid: string; name: string };
  account: { uid: string; handle: string };
  /** The person has disconnected it. */
  paused: boolean;
  /** Milliseconds since 1970; null where nothing was synced yet. */
  lastSync: number | null;
}

/** Name in `loam_setting`. */
export const remoteSetting = 'sync remote';

/** Null where the database belongs to no server. */
export function* readRemote(): Steps<Remote | null> {
  const there = yield* one("SELECT 1 FROM sqlite_master WHERE name = 'loam_setting'");
  const row = there && (yield* one('SELECT value FROM loam_setting WHERE name = ?', [remoteSetting]));
  return row ? parsed(String(row[0])) : null;
}

function parsed(text: string): Remote | null {
  try {
    const found = JSON.parse(text) as Partial<Remote>;
    const { server, instance, account } = found;
    if (typeof server !== 'string' || typeof instance?.uid !== 'string' || typeof account?.uid !== 'string')
      return null;
    return {
      server: originOf(server),
      instance: { uid: instance.uid, name: String(instance.name) },
      account: { uid: account.uid, handle: String(account.handle) },
      paused: found.paused === true,
      lastSync: typeof found.lastSync === 'number' ? found.lastSync : null,
    };
  } catch {
    return null; // a file of somebody's: what it says is no reason not to open it
  }
}

export function* writeRemote(remote: Remote): Steps<void> {
  yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
    remoteSetting,
    JSON.stringify(remote),
  ]);
}

export function* forgetRemote(): Steps<void> {
  yield* run('DELETE FROM loam_setting WHERE name = ?', [remoteSetting]);
}

/** The origin of an address; only web servers, and none without TLS but this machine. */
export function originOf(address: string): string {
  const match = /^(https?):\/\/(\[[0-9a-f:]+\]|[0-9a-z.-]+)(:\d{1,5})?(?:[/?#].*)?$/i.exec(address.trim());
  const [, scheme = '', host = '', port = ''] = match ?? [];
  if (!match)
    throw new LoamError(
      'InvalidArgument',
      `“${address.slice(0, 100)}” is no address of a server. Give one like https://loam.example.org.`,
    );
  const here = /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(host);
  if (scheme.toLowerCase() === 'http' && !here)
    throw new LoamError(
      'InvalidArgument',
      `${address.slice(0, 100)} would send what you do unencrypted. Use https://, or a server on this computer.`,
    );
  return `${scheme}://${host}${port}`.toLowerCase();
}

export interface AttachOptions extends Pick<Remote, 'server' | 'instance'> {
  account: { uid: string; handle: string; name?: string | null };
  random: Random;
  clock: () => number;
  /** Of this file, where it is kept: else its next opening takes it for a copy, which costs nothing but a name. */
  nonce?: FileNonce;
}

/**
 * Makes a database file that came from a server (a snapshot of its replica) this device's: it is synced with that server, what
 * others wrote is theirs, and what is written here from now on is the account's. Before the engine is opened on it.
 */
export async function attachRemote(driver: SqlDriver, options: AttachOptions): Promise<void> {
  const { account, random, clock } = options;
  const server = originOf(options.server);
  const file = randomUid(16, random);
  runSync(
    driver,
    inTransaction(
      (function* (): Steps<void> {
        if (!(yield* one('SELECT 1 FROM lamindb_user WHERE uid = ?', [account.uid]))) {
          const now = timeText(Math.floor(clock() * 1000));
          yield* run(
            'INSERT INTO lamindb_user(uid, handle, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?)',
            [account.uid, account.handle, account.name ?? null, now, now],
          );
        }
        const synced = yield* one('SELECT 1 FROM loam_setting WHERE name = ?', [syncSetting]);
        if (!synced) {
          yield* raiseVersion(syncedVersion);
          const newest = yield* one('SELECT max(id) FROM loam_record');
          yield* run('INSERT OR IGNORE INTO loam_setting(name, value) VALUES (?, ?)', [
            sharedFrom,
            String(newest?.[0] ?? 0),
          ]);
        }
        yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [syncSetting, file]);
        // Which bytes are here is looked at when it is opened.
        yield* run("INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, '1')", [unseenSetting]);
        // Sessions of the server's, and of whoever's file this is.
        yield* run('UPDATE loam_sync_client SET own = 0 WHERE own <> 0');
        const { instance } = options;
        yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
          'instance',
          instance.name,
        ]);
        yield* writeRemote({
          ...{ server, instance: { uid: instance.uid, name: instance.name }, paused: false, lastSync: null },
          account: { uid: account.uid, handle: account.handle },
        });
      })(),
    ),
  );
  await options.nonce?.write(file);
}
