// The server of a team as end-to-end tests need it: the routes about people over an embedded Postgres and the built app, at one address.
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomFillSync } from 'node:crypto';
import { getRequestListener } from '@hono/node-server';
import { openEmbedded } from '../../server/embedded-postgres.ts';
import { createHttp } from '../../server/http/http.ts';
import { oidcCallback } from '../../server/http/oidc-routes.ts';
import { openLoamSchema } from '../../server/loam-schema.ts';
import { groundOf, type Ground } from '../../server/people/ground.ts';
import { firstInvitation } from '../../server/people/invitations.ts';
import { oidcProvider } from '../../server/people/oidc.ts';
import { passwordWork } from '../../server/people/password.ts';
import { client, startProvider, type RealProvider } from '../server/real-provider.ts';
import { startServer } from './harness.ts';

export interface TeamServer {
  readonly url: string;
  readonly instance: string;
  readonly ground: Ground;
  readonly provider: RealProvider;
  /** Link of the first administrator. */
  firstLink(): Promise<string>;
  /** Paths that were asked for, with their queries. */
  readonly asked: string[];
  /** Nothing answers at the address until `comeBack`. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** `mount` adds routes of other rooms. */
export async function startTeamServer(
  mount: (app: ReturnType<typeof createHttp>, at: { ground: Ground; instance: string }) => void = () => {},
): Promise<TeamServer> {
  const files = await startServer();
  const postgres = await openEmbedded();
  await openLoamSchema(postgres);
  const ground = groundOf(postgres, {
    random: (bytes) => randomFillSync(bytes),
    passwords: passwordWork({ N: 16, r: 1, p: 1 }),
  });
  const instance = 'instance0001';
  const asked: string[] = [];
  let answer: ReturnType<typeof getRequestListener> | null = null;
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve) => {
      const made = createServer((req, res) => {
        asked.push(req.url ?? '');
        if (req.url?.startsWith('/api/')) return void answer?.(req, res);
        const { method, url: path, headers } = req;
        const passed = request({ host: '127.0.0.1', port: files.port, method, path, headers }, (from) => {
          res.writeHead(from.statusCode ?? 502, from.headers);
          from.pipe(res);
        });
        passed.on('error', () => res.destroy());
        passed.end();
      });
      made.listen(port, '127.0.0.1', () => resolve(made));
    });
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const redirectUri = oidcCallback(url, 'lab');
  const provider = await startProvider(redirectUri, {
    ...{ sub: 'sub-1', email: 'maria@example.org', email_verified: true, name: 'Maria Moser' },
  });
  const app = createHttp({
    ...{ ground, origin: url, log: () => {}, instance: { uid: instance, name: 'Lab 12' } },
    providers: [
      oidcProvider({ ...client, name: 'lab', title: 'the institute', issuer: provider.issuer, redirectUri }),
    ],
  });
  mount(app, { ground, instance });
  answer = getRequestListener(app.fetch);
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    ...{ url, instance, ground, provider, asked },
    firstLink: async () => `${url}/team/invite#${(await firstInvitation(ground, instance)) ?? ''}`,
    goAway: stop,
    comeBack: async () => {
      server = await listen(port);
    },
    async close() {
      await stop();
      provider.close();
      await postgres.close();
      await files.close();
    },
  };
}
