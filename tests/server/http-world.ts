// The server on a port of this machine, and requests with any headers, which fetch would not send.
import { request } from 'node:http';
import { createServer, connect, type AddressInfo } from 'node:net';
import { createHttp, listenHttp } from '../../server/http/http.ts';
import type { SignInProvider } from '../../server/people/oidc.ts';
import type { Entered } from '../../server/people/sign-in.ts';
import type { World } from './people-world.ts';

export interface Asked {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  raw?: string | Buffer;
  headers?: Record<string, string | string[] | undefined>;
  as?: Entered;
  key?: string;
}
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: Record<string, unknown> & { error?: { code: string; message: string } };
  cookies: string[];
}
export interface Site {
  readonly origin: string;
  readonly port: number;
  readonly logged: Record<string, string | number | null>[];
  ask(path: string, asked?: Asked): Promise<Answer>;
  /** Bytes on a socket; what comes back until it closes or is silent. */
  bytes(text: string): Promise<string>;
  close(): Promise<void>;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

export async function startSite(
  here: World,
  proxies = 0,
  providersAt: (origin: string) => Promise<SignInProvider[]> = () => Promise.resolve([]),
): Promise<Site> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const logged: Site['logged'] = [];
  const { ground, limits } = here;
  const providers = await providersAt(origin);
  const app = createHttp({
    ...{ ground, limits, origin, proxies, providers },
    instance: { uid: here.instance, name: 'the-lab' },
    log: (entry) => logged.push(entry),
  });
  const server = await listenHttp(app, { host: '127.0.0.1', port });
  return {
    ...{ origin, port, logged },
    close: () => server.close(),
    ask: (path, { method, body, raw, headers = {}, as, key } = {}) =>
      new Promise((resolve, reject) => {
        const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
        const all: Record<string, string | string[] | undefined> = { host: `127.0.0.1:${port}`, origin };
        if (sent !== undefined) all['content-type'] = 'application/json';
        if (as) Object.assign(all, { cookie: `loam=${as.token}`, 'x-loam-csrf': as.session.csrf });
        if (key !== undefined) all.authorization = `Bearer ${key}`;
        Object.assign(all, headers);
        for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
        const req = request(
          {
            ...{ host: '127.0.0.1', port, path, agent: false },
            method: method ?? (sent === undefined ? 'GET' : 'POST'),
            headers: all,
          },
          (res) => {
            const parts: Buffer[] = [];
            res.on('data', (part: Buffer) => parts.push(part));
            res.on('end', () => {
              const text = Buffer.concat(parts).toString();
              let json = {};
              try {
                json = JSON.parse(text) as object;
              } catch {
                // Not every answer is JSON.
              }
              resolve({
                status: res.statusCode ?? 0,
                headers: res.headers,
                text,
                json,
                cookies: res.headers['set-cookie'] ?? [],
              });
            });
          },
        );
        req.on('error', reject);
        req.end(sent);
      }),
    bytes: (text) =>
      new Promise((resolve) => {
        let back = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        socket.setTimeout(1000, () => socket.destroy());
        socket.on('data', (part) => (back += part.toString('latin1')));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(back));
      }),
  };
}
