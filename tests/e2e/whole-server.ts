// The whole server as `npm start` runs it, in this process: the app, the routes and the socket at one address, over an embedded Postgres
// with LaminDB's tables in a folder of its own.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStatic } from '../../scripts/serve.mjs';
import type { Core } from '../../server/core.ts';
import { start } from '../../server/main.ts';
import { builtApp } from './harness.ts';

export interface WholeServer {
  readonly url: string;
  /** Link of the first administrator. */
  readonly invitation: string;
  /** Nothing answers at the address, and whoever was connected is not any more, until `comeBack`. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

export async function startWholeServer(name: string): Promise<WholeServer> {
  const data = await mkdtemp(join(tmpdir(), 'loam-whole-'));
  const files = await createStatic(builtApp);
  const sockets = new Set<Socket>();
  let core: Core | null = null;
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve) => {
      const made = createServer((req, res) =>
        req.url?.startsWith('/api/') ? core?.handle(req, res) : files(req, res),
      );
      made.on('upgrade', (req, socket, head) => core?.upgrade(req, socket, head));
      made.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
      made.listen(port, '127.0.0.1', () => resolve(made));
    });
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  core = await start({ LOAM_DATA: data, LOAM_NAME: name }, { port, app: version });
  const running = core;
  const goAway = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    ...{ url: `http://127.0.0.1:${port}`, invitation: running.invitation ?? '', goAway },
    async comeBack() {
      server = await listen(port);
    },
    async close() {
      await goAway();
      await running.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}
