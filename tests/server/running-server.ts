// A whole server of the tests' own on a port of this machine, over a folder or a database; and devices that talk to it with the
// peer's own connection over web sockets.
import { randomFillSync } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { OpenSocket, SqlDriver } from '../../src/lib/engine/ports.ts';
import {
  createConnection,
  type Connection,
  type ConnectionStatus,
} from '../../src/lib/engine/sync/connection.ts';
import {
  encodePeerFrame,
  readServerFrame,
  type PeerFrame,
  type ServerFrame,
} from '../../src/lib/engine/sync/frames.ts';
import { createLocalSide } from '../../src/lib/engine/sync/local-side.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { readConfig } from '../../server/config.ts';
import { startCore, type Core, type Parts } from '../../server/core.ts';
import { standIn } from './mirror-stand-in.ts';

export interface Running {
  readonly core: Core;
  readonly origin: string;
  readonly data: string;
  readonly logged: Record<string, string | number | null>[];
  stop(): Promise<void>;
}

export const testParts = (own: Partial<Parts> = {}): Parts => {
  const { createMirror, copyTables } = standIn();
  return {
    ...{ createMirror, copyTables, takeEdits: () => Promise.reject(new Error('there is no mirror here')) },
    rooms: () => ({
      ...{ join: () => {}, message: () => {}, accessChanged: () => {}, leave: () => {} },
      stop: () => Promise.resolve(),
    }),
    ...own,
  };
};

export async function startRunning(
  given: { data?: string; address?: string | null; parts?: Parts } = {},
): Promise<Running> {
  const data = given.data ?? mkdtempSync(join(tmpdir(), 'loam-server-'));
  let core: Core | null = null;
  const server: Server = createServer((request, response) => core?.handle(request, response));
  server.on('upgrade', (request: IncomingMessage, socket, head) => core?.upgrade(request, socket, head));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const logged: Running['logged'] = [];
  const config = readConfig(
    { LOAM_DATA: data, ...(given.address ? { DATABASE_URL: given.address } : {}) },
    port,
  );
  core = await startCore(config, given.parts ?? testParts(), 'test', (entry) => logged.push(entry));
  const running = core;
  return {
    ...{ core, origin: config.origin, data, logged },
    async stop() {
      await running.stop();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

export interface SignedIn {
  account: string;
  cookie: string;
  csrf: string;
}

/** Asks the server as a page of its would. */
export async function ask(at: Running, path: string, body?: unknown, as?: SignedIn, method?: string) {
  const answer = await fetch(`${at.origin}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      origin: at.origin,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(as ? { cookie: as.cookie, 'x-loam-csrf': as.csrf } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    cookie: (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '',
    json: (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : {}) as Record<string, unknown>,
  };
}

/** Signs up by an invitation's token. */
export async function signUp(at: Running, invitation: string, handle: string): Promise<SignedIn> {
  const given = { invitation, handle, name: `The ${handle}`, password: 'correct horse battery staple' };
  const { status, cookie, json } = await ask(at, '/api/account/sign-up', given);
  if (status !== 201) throw new Error(`${handle} could not sign up: ${JSON.stringify(json)}`);
  return { account: (json.account as { uid: string }).uid, cookie, csrf: json.csrf as string };
}

/** The first administrator, by the link that the server shows. */
export const firstAdmin = (at: Running): Promise<SignedIn> =>
  signUp(at, (at.core.invitation ?? '').split('#')[1] ?? '', 'admin');

export async function person(
  at: Running,
  admin: SignedIn,
  handle: string,
  role = 'write',
): Promise<SignedIn> {
  const { json } = await ask(
    at,
    `/api/instances/${at.core.instance.uid}/invitations`,
    { role, hours: 1 },
    admin,
  );
  return await signUp(at, json.token as string, handle);
}

export const webSocket = (at: Running, as: SignedIn | null, more: Record<string, string> = {}): WebSocket =>
  new WebSocket(`${at.origin.replace('http', 'ws')}/sync`, {
    headers: { origin: at.origin, ...(as ? { cookie: as.cookie } : {}), ...more },
  });

/** Frames as they are, said and heard one by one. */
export interface RawPeer {
  readonly heard: ServerFrame[];
  /** Why it was closed; null while it is open. */
  readonly ended: Promise<{ code: number; bye: Extract<ServerFrame, { type: 'bye' }> | null }>;
  say(frame: PeerFrame): void;
  sayBytes(bytes: Uint8Array | string): void;
  /** The next frame of this type that comes, or came and was not asked for yet. */
  next<T extends ServerFrame['type']>(type: T): Promise<Extract<ServerFrame, { type: T }>>;
  close(): void;
}

export async function rawPeer(ws: WebSocket): Promise<RawPeer> {
  const heard: ServerFrame[] = [];
  const taken = new Set<ServerFrame>();
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const one of waiting) one();
  };
  ws.binaryType = 'nodebuffer';
  ws.on('message', (data: Buffer) => {
    heard.push(readServerFrame(new Uint8Array(data)));
    wake();
  });
  let over: number | null = null;
  const ended = new Promise<{ code: number; bye: Extract<ServerFrame, { type: 'bye' }> | null }>(
    (resolve) => {
      ws.on('close', (code) => {
        over = code;
        wake();
        resolve({ code, bye: heard.find((frame) => frame.type === 'bye') ?? null });
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('error', reject);
  });
  ws.on('error', () => undefined);
  return {
    ...{ heard, ended },
    say: (frame) => ws.send(encodePeerFrame(frame)),
    sayBytes: (bytes) => ws.send(bytes),
    async next(type) {
      for (;;) {
        const found = heard.find((frame) => frame.type === type && !taken.has(frame));
        if (found) {
          taken.add(found);
          return found as never;
        }
        if (over !== null)
          throw new Error(`closed (${over}) before “${type}”: ${JSON.stringify(heard.at(-1))}`);
        await new Promise<void>((resolve) => {
          const once = () => {
            waiting.delete(once);
            resolve();
          };
          waiting.add(once);
        });
      }
    },
    close: () => ws.close(),
  };
}

export const hello = (at: Running, more: Partial<Extract<PeerFrame, { type: 'hello' }>> = {}): PeerFrame => ({
  ...{ type: 'hello', protocol: 1, app: 'test', schema: 'test', instance: at.core.instance.uid, token: null },
  ...{ device: 'a device', time: Date.now(), clients: [] },
  ...more,
});

export interface LiveDevice {
  engine: Engine;
  driver: SqlDriver;
  connection: Connection;
  told: ConnectionStatus[];
  /** Settles when both sides have the same; looks whenever something was told. */
  settled(): Promise<void>;
  names(): string[];
  close(): void;
}

/** A device with the ordinary engine and the peer's connection. It starts from `bytes`, the database of epoch 0. */
export async function liveDevice(
  at: Running,
  as: SignedIn,
  bytes: Uint8Array,
  token: string | null = null,
): Promise<LiveDevice> {
  const driver = await openMemory({ bytes });
  const refuse = () => Promise.reject(new Error('no bytes here'));
  let connection: Connection | null = null;
  const engine = await createEngine({
    ...{ driver, model, blobs: createMemoryBlobs(), clock: () => Date.now() },
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    random: (some: Uint8Array) => randomFillSync(some),
    onFeed: ({ last }) => {
      if (last) connection?.wake();
      me();
    },
    onDrop: () => {},
  });
  engine.sync.turnOn();
  const { writer } = engine;
  function me(): void {
    const row = driver.all('SELECT id FROM lamindb_user WHERE uid = ?', [as.account])[0];
    if (row) Object.assign(writer.author, { userId: Number(row[0]), userUid: as.account });
  }
  const local = createLocalSide({ driver, writer, log: engine.sync, clock: () => Date.now() });
  const open: OpenSocket = (events) => {
    const ws = webSocket(at, token === null ? as : null);
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
  const told: ConnectionStatus[] = [];
  const looking = new Set<() => void>();
  const own = createConnection({
    ...{ open, local, clock: () => Date.now(), random: (some: Uint8Array) => randomFillSync(some) },
    later(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    introduction: () => ({
      ...{ app: 'test', schema: 'test', instance: at.core.instance.uid, token, device: 'a device' },
    }),
    onStatus(status) {
      told.push(status);
      me();
      for (const one of looking) one();
    },
  });
  connection = own;
  own.start();
  return {
    ...{ engine, driver, connection: own, told },
    names: () => driver.all('SELECT name FROM lamindb_ulabel ORDER BY name').map(([name]) => String(name)),
    settled: () =>
      new Promise((resolve, reject) => {
        const look = () => {
          const { state, pending, error } = own.status;
          if (state === 'stopped') {
            looking.delete(look);
            return reject(new Error(`stopped: ${error?.message}`));
          }
          if (state !== 'live' || pending > 0 || local.waiting > 0) return;
          looking.delete(look);
          resolve();
        };
        looking.add(look);
        look();
      }),
    close() {
      own.stop();
      driver.close();
    },
  };
}
