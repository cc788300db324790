// Real processes: the server is killed while peers write, and everything that was acknowledged is there once (decision 0040).
import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { contentOf, decodeRecord } from '../../src/lib/engine/sync/record.ts';
import { valueAt } from '../../server/sync/standing.ts';
import { programs, startCluster, whyNot, type Cluster } from './cluster.ts';
import {
  liveDevice,
  person,
  signUp,
  type LiveDevice,
  type Running,
  type SignedIn,
} from './running-server.ts';
import { groundOf } from './ground-file.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'build-server', 'main.js');

interface Process {
  at: Running;
  kill(): Promise<void>;
  stop(): Promise<number | null>;
}

async function startProcess(env: Record<string, string>, port = 0): Promise<Process> {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(root, 'tests/server/server-process.mjs'), pathToFileURL(program).href, String(port)],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  let wrong = '';
  child.stderr?.on('data', (part: Buffer) => (wrong += part.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const first = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (part: Buffer) => {
      said += part.toString();
      if (said.includes('\n')) resolve(said.split('\n')[0] ?? '');
    });
    void ended.then(() => reject(new Error(`the server ended: ${wrong}`)));
  });
  const {
    port: taken,
    instance,
    invitation,
  } = JSON.parse(first) as {
    port: number;
    instance: { uid: string; name: string };
    invitation: string | null;
  };
  return {
    at: {
      ...{
        core: { instance, invitation } as Running['core'],
        origin: `http://127.0.0.1:${taken}`,
        data: env.LOAM_DATA ?? '',
        logged: [],
      },
      stop: () => Promise.resolve(),
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Names of labels that are in records which the server acknowledged to this device. */
const acked = ({ driver }: LiveDevice): string[] =>
  driver
    .all(
      `SELECT i.head, i.body FROM loam_sync_item i JOIN loam_sync_client c ON c.client = i.client
       WHERE c.own > 0 AND i.clock < c.acked AND i.head IS NOT NULL`,
    )
    .flatMap(([head, body]) => decodeRecord(contentOf(head as Uint8Array, body as Uint8Array)).operations)
    .filter(({ k, t }) => k === 'i' && t === 'lamindb_ulabel')
    .map((operation) => String(valueAt(operation, 0, 'name')));

function tests(place: () => { env: Record<string, string> }, rounds: number): void {
  let running: Process;
  let port = 0;
  const devices: LiveDevice[] = [];

  it(`[row 67] killed ${rounds} times while two peers write: nothing acknowledged is lost, nothing is there twice`, async () => {
    const { env } = place();
    running = await startProcess(env);
    port = Number(new URL(running.at.origin).port);
    const { at } = running;
    const ground = groundOf(at);
    const admin: SignedIn = await signUp(at, (at.core.invitation ?? '').split('#')[1] ?? '', 'admin');
    for (const as of [admin, await person(at, admin, 'other')]) {
      const made = await liveDevice(at, as, ground);
      devices.push(made);
      await made.settled();
    }
    const made: string[] = [];
    /** Labels whose records were acknowledged before the server was killed. */
    const acknowledged = new Set<string>();
    let unsent = 0;
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < 40; i++)
        for (const [n, one] of devices.entries()) {
          const name = `r${round} d${n} i${i}`;
          one.engine.create('ULabel', { name });
          made.push(name);
          // Frames go out and acknowledgements come in between.
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      await running.kill();
      for (const one of devices) {
        unsent += one.engine.sync.unsent();
        for (const name of acked(one)) acknowledged.add(name);
      }
      running = await startProcess(env, port);
      for (const one of devices) one.connection.start();
    }
    // It was killed in the middle of it.
    expect(acknowledged.size).toBeGreaterThan(0);
    expect(unsent).toBeGreaterThan(0);
    await Promise.all(devices.map((one) => one.settled()));
    await vi.waitFor(() => {
      for (const one of devices) expect(one.names()).toEqual([...made].sort());
    }, 60_000);
    // What the server has is what somebody gets who has nothing.
    const fresh = await liveDevice(at, admin, ground);
    devices.push(fresh);
    await fresh.settled();
    expect(fresh.names()).toEqual([...made].sort());
    expect(fresh.names()).toEqual(expect.arrayContaining([...acknowledged]));
    const [one] = devices as [LiveDevice];
    for (const { doc } of one.engine.sync.logs())
      expect(fresh.engine.sync.digest(doc)).toBe(one.engine.sync.digest(doc));
  }, 240_000);

  it('it stops in order when it is told to', async () => {
    for (const one of devices) one.close();
    expect(await running.stop()).toBe(0);
    expect(existsSync(join(place().env.LOAM_DATA ?? '', 'server.pid'))).toBe(false);
  });
}

describe('a server that is killed', () => {
  beforeAll(() => {
    execFileSync(
      process.execPath,
      [
        '-e',
        `import('${pathToFileURL(join(root, 'scripts/prepare.mjs')).href}').then((m) => m.prepareServer())`,
      ],
      { stdio: 'ignore' },
    );
  }, 300_000);

  describe('with the embedded Postgres', () => {
    const data = mkdtempSync(join(tmpdir(), 'loam-kills-'));
    afterAll(() => rmSync(data, { recursive: true, force: true }));
    tests(() => ({ env: { LOAM_DATA: data, DATABASE_URL: '' } }), 2);
  });

  describe.skipIf(programs === null)(`with a server of Postgres${whyNot}`, () => {
    const data = mkdtempSync(join(tmpdir(), 'loam-kills-'));
    let cluster: Cluster;
    let address = '';
    beforeAll(async () => {
      cluster = await startCluster({ durable: true });
      address = cluster.database('loam');
    });
    afterAll(() => {
      cluster.stop();
      rmSync(data, { recursive: true, force: true });
    });
    tests(() => ({ env: { LOAM_DATA: data, DATABASE_URL: address, LOAM_LOG: 'faults' } }), 4);
  });
});
