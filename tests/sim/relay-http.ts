// The relay as a server on this machine: the routes that the command line asks, and its socket, with the paths of the real one.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { WebSocketServer } from 'ws';
import { modelFingerprint } from '../../src/lib/engine/branch/fingerprint.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { inTransaction, runSync } from '../../src/lib/engine/statement.ts';
import { socketPath } from '../../src/lib/engine/sync/frames.ts';
import { leaveHome, snapshotLogs } from '../../src/lib/engine/sync/snapshot.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import type { Device } from '../unit/sync-world.ts';
import { createRelay, type Relay, type RelayOptions } from './relay.ts';

export interface RelayServer {
  url: string;
  relay: Relay;
  /** Keys and whose they are. */
  keys: Map<string, { uid: string; handle: string; role: string }>;
  /** What of the snapshot is sent in place of it. */
  spoil: ((bytes: Uint8Array) => Uint8Array) | null;
  /** So many more answers say that it is still being made. */
  making: number;
  close(): Promise<void>;
}

export const instance = { uid: 'instance0000', name: 'lab' };

export async function startRelay(device: Device, options: Partial<RelayOptions> = {}): Promise<RelayServer> {
  const keys: RelayServer['keys'] = new Map();
  const relay = createRelay({
    log: device.log,
    instance: instance.uid,
    whose: (token) => keys.get(token ?? '') ?? null,
    ...options,
  });
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body, type }) => {
      response.writeHead(status, { 'content-type': type });
      response.end(body);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== socketPath) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const line = relay.connect(
        (bytes) => ws.send(bytes),
        () => ws.close(1008),
      );
      ws.on('message', (data: Buffer) => line.take(new Uint8Array(data)));
      ws.on('close', () => line.gone());
      ws.on('error', () => undefined);
    });
  });

  async function answer(
    request: IncomingMessage,
  ): Promise<{ status: number; body: Buffer | string; type: string }> {
    const json = (status: number, value: unknown) =>
      ({ status, body: JSON.stringify(value), type: 'application/json' }) as const;
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const account = keys.get(token);
    if (!account) return json(401, { error: { code: 'SignInNeeded', message: 'The API key is not known.' } });
    const base = `/api/instances/${instance.uid}/snapshot`;
    if (request.url === '/api/account/me')
      return json(200, {
        account: { ...account, name: null, kind: 'person', email: null },
        memberships: [{ instance: instance.uid, role: account.role }],
        csrf: null,
        key: { prefix: 'x', instance: instance.uid, role: account.role },
      });
    if (request.url === base && made.making > 0) {
      made.making--;
      return json(202, { making: { step: 'copying', done: 0, total: null } });
    }
    const { manifest, packed } = await snapshot();
    if (request.url === base) return json(200, manifest);
    if (request.url === `${base}/${manifest.file.name}`)
      return {
        status: 200,
        body: Buffer.from(made.spoil ? made.spoil(packed) : packed),
        type: 'application/octet-stream',
      };
    return json(404, { error: { code: 'DoesNotExist', message: 'There is no such address here.' } });
  }

  async function snapshot() {
    const copy = await openMemory({ bytes: device.driver.serialize() });
    runSync(copy, inTransaction(leaveHome()));
    const logs = runSync(copy, snapshotLogs());
    const bytes = copy.serialize();
    copy.close();
    const packed = new Uint8Array(gzipSync(bytes));
    const sha = (of: Uint8Array) => createHash('sha256').update(of).digest('hex');
    return {
      packed,
      manifest: {
        ...{ format: 1, instance, app: 'relay', schema: modelFingerprint(model), madeAt: 1, logs },
        file: { name: 'first.db.gz', bytes: packed.length, sha256: sha(packed) },
        database: { bytes: bytes.length, sha256: sha(bytes) },
      },
    };
  }

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const made: RelayServer = {
    ...{
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      relay,
      keys,
      spoil: null,
      making: 0,
    },
    async close() {
      for (const ws of sockets.clients) ws.terminate();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return made;
}
