// Sync from a shell: sign in with a key, connect a directory to a server, exchange changes. The server is the relay of tests/sim on
// this machine, over HTTP and a real socket; the real one has its own tests.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serversPath } from '../../cli/servers.ts';
import { commandLine } from '../../scripts/prepare.mjs';
import { instance, startRelay, type RelayServer } from '../sim/relay-http.ts';
import { ground } from '../sim/synced-device.ts';
import { users } from '../sim/simulation.ts';
import { device as plain, type Device } from '../unit/sync-world.ts';
import { inProcess, scratch } from './run.ts';

const here = scratch();
const [, uid = '', other = ''] = users;
const key = `loam_key_abcdefghijkl_${'x'.repeat(43)}`;
const otherKey = `loam_key_abcdefghijkl_${'y'.repeat(43)}`;
const badKey = `loam_key_abcdefghijkl_${'z'.repeat(43)}`;

let server: RelayServer;
let database: Device;

/** A person's directory, with a configuration of its own. */
function person(name: string) {
  const cwd = join(here, name);
  mkdirSync(cwd);
  const env = { XDG_CONFIG_HOME: join(here, `${name}-config`) };
  return {
    cwd,
    env,
    loam: (args: string[], more: Parameters<typeof inProcess>[4] = {}) =>
      inProcess(cwd, args, false, env, more),
    async ok(args: string[], more: Parameters<typeof inProcess>[4] = {}) {
      const done = await inProcess(cwd, args, false, env, more);
      expect([done.code, done.err]).toEqual([0, expect.not.stringMatching(/Error|refused/)]);
      return done.out;
    },
  };
}

beforeAll(async () => {
  database = await plain(700, { bytes: await ground() });
  server = await startRelay(database);
  server.keys.set(key, { uid, handle: 'user1', role: 'write' });
  server.keys.set(otherKey, { uid: other, handle: 'user2', role: 'write' });
});
afterAll(async () => {
  await server.close();
  database.driver.close();
});

describe('loam login', () => {
  it('[row 71] keeps a key for its owner alone, from a prompt or a file, and forgets it', async () => {
    const { loam, env, cwd, ok } = person('login');
    expect(await ok(['login', `${server.url}/some/page`], { secret: `${key}\n` })).toBe(
      `Signed in at ${server.url} as user1 (write).`,
    );
    const path = serversPath(env);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toContain(key);
    writeFileSync(join(cwd, 'key.txt'), otherKey);
    expect(await ok(['login', server.url, '--key-file', 'key.txt'])).toContain('as user2');
    const bad = await loam(['login', server.url], { secret: badKey });
    expect(bad).toMatchObject({
      code: 1,
      err: expect.stringContaining('SignInNeeded: The API key is not known.'),
    });
    expect(JSON.stringify(bad)).not.toContain(badKey);
    expect((await loam(['login', server.url], { secret: 'hunter2' })).err).toMatch(/This is no API key/);
    expect((await loam(['login', server.url])).err).toMatch(/No API key was given/);
    expect((await loam(['login', 'http://example.org'], { secret: key })).err).toMatch(/unencrypted/);
    expect((await loam(['login', 'http://127.0.0.1:1'], { secret: key })).err).toMatch(/cannot be reached/);
    expect((await loam(['login'], { secret: key })).code).toBe(2);
    expect(await ok(['logout'])).toContain(`Signed out of ${server.url}`);
    expect(readFileSync(path, 'utf8')).not.toContain('loam_key');
    expect(await ok(['logout'])).toBe('You are not signed in anywhere.');
  });
});

/** As a process of its own, whose standard input holds the key. */
function piped(
  args: string[],
  env: Record<string, string>,
  input: string,
): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [commandLine, ...args],
      { env: { ...process.env, ...env } },
      (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: `${out}${err}`.trim() }),
    );
    child.stdin?.end(input);
  });
}

describe('the program', () => {
  it('[row 71] reads a key that is piped in, and one that is refused is not shown', async () => {
    const env = { XDG_CONFIG_HOME: join(here, 'piped-config') };
    expect(await piped(['login', server.url], env, `${key}\n`)).toEqual({
      code: 0,
      out: `Signed in at ${server.url} as user1 (write).`,
    });
    const refused = await piped(['login', server.url], env, badKey);
    expect(refused).toEqual({ code: 1, out: 'SignInNeeded: The API key is not known.' });
  });
});

describe('loam connect and loam sync', () => {
  it('[row 67] two people connect, write, sync, and have each other’s', async () => {
    const [a, b] = [person('a'), person('b')];
    expect((await a.loam(['connect', server.url])).err).toMatch(/You are not signed in/);
    await a.ok(['login', server.url], { secret: key });
    await b.ok(['login', server.url], { secret: otherKey });
    server.making = 1;
    const connected = await a.loam(['connect']);
    expect([connected.code, connected.out]).toEqual([
      0,
      expect.stringContaining(`Connected to lab at ${server.url} as user1.`),
    ]);
    expect(connected.err).toMatch(/making a snapshot[^]*Downloading/);
    expect(await a.ok(['connect'])).toMatch(/belongs to .* already/);
    await b.ok(['connect', server.url, '--storage', './elsewhere']);
    expect(existsSync(join(b.cwd, 'elsewhere', '.lamindb', 'lamin.db'))).toBe(true);
    expect(await a.ok(['info'])).toContain(`user1 (${uid})`);
    expect(await a.ok(['sync', '--status'])).toMatch(/to send +0\nlast sync +never yet/);

    await a.ok(['create', 'project', 'of a']);
    await a.ok(['create', 'project', 'of a too']);
    expect(await a.ok(['sync', '--status'])).toMatch(/to send +2/);
    const synced = await a.ok(['sync']);
    expect(synced).toMatch(
      /instance +lab \(instance0000\)\naccount +user1 \(write\)\nto send +0\nlast sync +2/,
    );
    await b.ok(['create', 'project', 'of b']);
    await b.ok(['sync']);
    await a.ok(['sync']);
    for (const one of [a, b]) {
      const names = await one.ok([
        'sql',
        "SELECT name FROM lamindb_project WHERE name LIKE 'of %' ORDER BY 1",
        '--format',
        'csv',
      ]);
      expect(names.split('\n').slice(1)).toEqual(['of a', 'of a too', 'of b']);
      const authors = await one.ok([
        ...[
          'sql',
          "SELECT u.uid FROM lamindb_project p JOIN lamindb_user u ON u.id = p.created_by_id WHERE p.name LIKE 'of %' ORDER BY p.name",
        ],
        ...['--format', 'csv'],
      ]);
      expect(authors.split('\n').slice(1)).toEqual([uid, uid, other]);
    }
  });

  it('goes on until it is ended, and tells what changes', async () => {
    const c = person('c');
    await c.ok(['login', server.url], { secret: key });
    await c.ok(['connect']);
    let end = (): void => {};
    const lines: string[] = [];
    const watching = c.loam(['sync', '--watch'], {
      interrupted: (then) => (end = then),
      heard: (line) => lines.push(line),
    });
    const synced = () => lines.filter((line) => line === 'synced').length;
    await expect.poll(synced, { timeout: 20_000 }).toBe(1);
    server.relay.bye('OperationalError', 'The server is being restarted.');
    await expect.poll(synced, { timeout: 20_000 }).toBe(2);
    end();
    const { code, out } = await watching;
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      ...['connecting', 'catching up', 'synced'],
      'offline, The server is being restarted.',
      ...[expect.stringMatching(/^connecting/), expect.stringMatching(/^catching up/), 'synced'],
      'stopped',
    ]);
  });

  it('a key that was revoked, another person’s key and a server that is gone are told in words', async () => {
    const d = person('d');
    await d.ok(['login', server.url], { secret: otherKey });
    await d.ok(['connect']);
    await d.ok(['create', 'project', 'kept here']);
    await d.ok(['login', server.url], { secret: key });
    expect(await d.loam(['sync'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/NoAccess: This database is user2's, and user1 is signed in/),
    });
    await d.ok(['login', server.url], { secret: otherKey });
    server.keys.delete(otherKey);
    expect((await d.loam(['sync'])).err).toMatch(/SignInNeeded: Your key is not good any more/);
    server.keys.set(otherKey, { uid: other, handle: 'user2', role: 'write' });
    const { url } = server;
    await server.close();
    const gone = await d.loam(['sync', '--timeout', '1']);
    expect([gone.code, gone.err]).toEqual([1, expect.stringMatching(/ConnectionLost: .*cannot be reached/)]);
    server = await startRelay(database);
    server.keys.set(otherKey, { uid: other, handle: 'user2', role: 'write' });
    server.keys.set(key, { uid, handle: 'user1', role: 'write' });
    expect(url).not.toBe(server.url);
    expect(await d.ok(['sync', '--status'])).toMatch(/to send +1/);
  });

  it('a snapshot that is not what was announced is not kept', async () => {
    const e = person('e');
    await e.ok(['login', server.url], { secret: key });
    const faults: [(bytes: Uint8Array) => Uint8Array, RegExp][] = [
      [(bytes) => bytes.subarray(0, bytes.length / 2), /broke off/],
      [(bytes) => bytes.map((byte, i) => (i === 5000 ? byte ^ 1 : byte)), /checksum|broke off|More came/],
      [(bytes) => Uint8Array.from([...bytes, ...bytes]), /More came than the server announced/],
    ];
    for (const [spoil, words] of faults) {
      server.spoil = spoil;
      expect((await e.loam(['connect'])).err).toMatch(words);
      expect(existsSync(join(e.cwd, 'storage', '.lamindb', 'lamin.db'))).toBe(false);
      expect(existsSync(join(e.cwd, 'storage', '.lamindb', 'lamin.db.part'))).toBe(false);
    }
    server.spoil = null;
    await e.ok(['connect']);
    await e.ok(['sync']);
    expect(instance.uid).toBe('instance0000');
  });

  it('a database that belongs to nobody is not synced', async () => {
    const f = person('f');
    await f.ok(['init', '--storage', './store', '--name', 'own']);
    expect((await f.loam(['sync'])).err).toMatch(/on this computer alone/);
    await f.ok(['login', server.url], { secret: key });
    expect((await f.loam(['connect'])).err).toMatch(/a database of its own/);
  });
});
