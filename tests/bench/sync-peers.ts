// Peers of the benchmark of the server: who signs up, devices with the ordinary engine, that talk to a server which
// runs as a process of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { modelFingerprint } from '../../src/lib/engine/branch/fingerprint.ts';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { OpenSocket, SqlDriver } from '../../src/lib/engine/ports.ts';
import { createConnection, type Connection } from '../../src/lib/engine/sync/connection.ts';
import { encodePeerFrame, protocolVersion } from '../../src/lib/engine/sync/frames.ts';
import { createLocalSide } from '../../src/lib/engine/sync/local-side.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

export interface Site {
  readonly origin: string;
  readonly instance: string;
  readonly account: string;
  readonly cookie: string;
  /** Resident bytes of the server's process. */
  memory(): number;
  /** Milliseconds of processor that it has spent. */
  spent(): number;
  stop(): Promise<void>;
}

const statusOf = (pid: number, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) *
  1024;

/** Ticks of ten milliseconds. */
function spentBy(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** `npm start` over a database, and its first administrator. */
export async function startSite(root: string, database: string): Promise<Site> {
  const data = mkdtempSync(join(tmpdir(), 'loam-bench-server-'));
  const env = {
    ...process.env,
    DATABASE_URL: database,
    LOAM_DATA: data,
    LOAM_LOG: 'faults',
    LOAM_ORIGIN: '',
  };
  const child: ChildProcess = spawn(process.execPath, ['scripts/start.mjs', '--port', '0'], {
    ...{ cwd: root, env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = child.pid ?? 0;
  const ended = new Promise<never>((_, reject) =>
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`))),
  );
  ended.catch(() => undefined);
  let origin = '';
  const invitation = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      origin = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? origin;
      const token = /\/team\/invite#(\S+)/.exec(line)?.[1];
      if (token !== undefined) resolve(token);
    });
  });
  const token = await Promise.race([invitation, ended]);
  const given = {
    invitation: token,
    handle: 'bench',
    name: 'Bench',
    password: 'correct horse battery staple',
  };
  const answer = await fetch(`${origin}/api/account/sign-up`, {
    ...{ method: 'POST', body: JSON.stringify(given) },
    headers: { origin, 'content-type': 'application/json' },
  });
  if (answer.status !== 201) throw new Error(`sign-up: ${answer.status} ${await answer.text()}`);
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const made = (await answer.json()) as { account: { uid: string }; joined: { instance: string } };
  return {
    ...{ origin, cookie, instance: made.joined.instance, account: made.account.uid },
    memory: () => statusOf(pid, 'VmRSS'),
    spent: () => spentBy(pid),
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** The database that devices begin with. */
export async function firstSync({ origin, instance, cookie }: Site): Promise<Uint8Array> {
  const ask = (path: string) =>
    fetch(`${origin}/api/instances/${instance}/snapshot${path}`, { headers: { origin, cookie } });
  for (;;) {
    const answer = await ask('');
    if (answer.status === 200) {
      const { file } = (await answer.json()) as { file: { name: string } };
      // A plain array: SQLite’s memory takes no Buffer.
      return new Uint8Array(gunzipSync(new Uint8Array(await (await ask(`/${file.name}`)).arrayBuffer())));
    }
    if (answer.status !== 202) throw new Error(`first sync: ${answer.status} ${await answer.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const socketOf = ({ origin, cookie }: Site): WebSocket =>
  new WebSocket(`${origin.replace('http', 'ws')}/sync`, {
    headers: { origin, cookie },
    perMessageDeflate: false,
  });

/** A peer that says who it is and nothing more. */
export async function idlePeer(site: Site): Promise<() => void> {
  const ws = socketOf(site);
  await new Promise<void>((resolve, reject) => {
    ws.once('open', () => {
      const introduction = { app: 'bench', schema: modelFingerprint(model), instance: site.instance };
      const more = { protocol: protocolVersion, token: null, device: 'idle', time: Date.now(), clients: [] };
      ws.send(encodePeerFrame({ type: 'hello', ...introduction, ...more }));
    });
    // The welcome.
    ws.once('message', () => resolve());
    ws.once('error', reject);
    ws.once('close', (code) => reject(new Error(`an idle peer was sent away: ${code}`)));
  });
  ws.on('message', () => undefined);
  return () => ws.terminate();
}

export interface Device {
  readonly engine: Engine;
  readonly driver: SqlDriver;
  readonly connection: Connection;
  /** Settles as soon as what is asked for holds; looked at whenever something came or changed. */
  until(holds: () => boolean, seconds?: number): Promise<void>;
  /** Everything that was written here is kept by the server. */
  sent(): Promise<void>;
  close(): void;
}

/** A device with a database of its own. */
export async function openDevice(site: Site, bytes: Uint8Array): Promise<Device> {
  // In memory, as fast as a browser's: a commit of a file by the driver of Node 20 takes longer than all the rest.
  const driver = await openMemory({ bytes });
  const clock = () => Date.now();
  const random = (some: Uint8Array) => randomFillSync(some);
  const refuse = () => Promise.reject(new Error('no bytes here'));
  const looking = new Set<() => void>();
  const look = () => {
    for (const one of looking) one();
  };
  let connection: Connection | null = null;
  const engine = await createEngine({
    ...{ driver, model, blobs: createMemoryBlobs(), clock, random },
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    onFeed({ last }) {
      if (last) connection?.wake();
      look();
    },
    onDrop: () => {},
  });
  engine.sync.turnOn();
  const { writer, sync } = engine;
  const me = () => {
    const row = driver.all('SELECT id FROM lamindb_user WHERE uid = ?', [site.account])[0];
    if (row) Object.assign(writer.author, { userId: Number(row[0]), userUid: site.account });
    return row !== undefined;
  };
  const open: OpenSocket = (events) => {
    const ws = socketOf(site);
    ws.binaryType = 'nodebuffer';
    ws.on('open', () => events.opened());
    ws.on('message', (data: Buffer) => events.received(new Uint8Array(data)));
    ws.on('close', (code) => events.closed(`closed with ${code}`));
    ws.on('error', () => undefined);
    return {
      send: (some) => ws.send(some),
      get waiting() {
        return ws.bufferedAmount;
      },
      close: () => ws.terminate(),
    };
  };
  const local = createLocalSide({ driver, writer, log: sync, clock });
  const own = createConnection({
    ...{ open, local, clock, random, onStatus: look },
    later(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    introduction: () => ({
      ...{
        app: 'bench',
        schema: modelFingerprint(model),
        instance: site.instance,
        token: null,
        device: 'bench',
      },
    }),
  });
  connection = own;
  own.start();
  const device: Device = {
    ...{ engine, driver, connection: own },
    until: (holds, seconds = 600) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          looking.delete(once);
          reject(new Error(`nothing came of it in ${seconds} s: ${JSON.stringify(own.status)}`));
        }, seconds * 1000);
        function once(): void {
          if (own.status.state !== 'stopped' && !holds()) return;
          looking.delete(once);
          clearTimeout(timer);
          if (own.status.state === 'stopped') reject(new Error(`stopped: ${own.status.error?.message}`));
          else resolve();
        }
        looking.add(once);
        once();
      }),
    sent: () => device.until(() => own.status.state === 'live' && own.status.pending === 0),
    close() {
      own.stop();
      driver.close();
    },
  };
  await device.until(() => own.status.state === 'live' && me(), 60);
  return device;
}
