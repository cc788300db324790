// A real OIDC provider (oidc-provider) on a port of this machine, and a browser that signs in at it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export const client = { clientId: 'loam', clientSecret: 'a secret of the test, long enough for HS256' };

/** What the provider says of whoever signs in. */
export interface Claims {
  sub: string;
  email: string;
  email_verified: boolean;
  name: string;
}

export interface RealProvider {
  readonly issuer: string;
  /** May be changed between sign-ins. */
  claims: Claims;
  /** A browser at the provider: follows its pages, signs in and consents in its development forms, and is sent back. */
  visit(location: string): Promise<URL>;
  close(): void;
}

export const listen = (server: Server): Promise<string> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ),
  );

export async function startProvider(redirectUri: string, claims: Claims): Promise<RealProvider> {
  // Its address is part of what it is made with, so the port comes first.
  const server = createServer();
  const issuer = await listen(server);
  const provider = new Provider(issuer, {
    clients: [
      { client_id: client.clientId, client_secret: client.clientSecret, redirect_uris: [redirectUri] },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...made.claims, sub }) }),
    pkce: { required: () => true },
    cookies: { keys: ['test'] },
  });
  const handle = provider.callback();
  server.on('request', (req, res) => void handle(req, res));
  const made: RealProvider = {
    issuer,
    claims,
    close() {
      server.closeAllConnections();
      server.close();
    },
    async visit(location) {
      const jar = new Map<string, string>();
      let [at, form]: [string, URLSearchParams | null] = [location, null];
      for (let step = 0; step < 20; step++) {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
        const answer: Response = await fetch(at, {
          redirect: 'manual',
          headers: { cookie },
          ...(form ? { method: 'POST', body: form } : {}),
        });
        for (const line of answer.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
          if (value === '') jar.delete(name);
          else jar.set(name, value);
        }
        const next = answer.headers.get('location');
        if (next !== null) {
          const url = new URL(next, at);
          if (url.href.startsWith(redirectUri)) return url;
          [at, form] = [url.href, null];
          continue;
        }
        const page = await answer.text();
        const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
        const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? '';
        if (action === undefined) throw new Error(`${answer.status} ${page.slice(0, 300)}`);
        [at, form] = [
          new URL(action, at).href,
          new URLSearchParams({ prompt, login: made.claims.sub, password: 'x' }),
        ];
      }
      throw new Error('the provider never sent anybody back');
    },
  };
  return made;
}
