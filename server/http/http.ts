// The server's routes over HTTP, and how errors leave it. What a route does is in people/; who may call it in guard.ts.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { LoamError, type ErrorCode } from '../../src/lib/engine/errors.ts';
import { accountRoutes } from './account-routes.ts';
import { checkOrigin, checkPlaces, identify, strictHeaders, type Env, type HttpDeps } from './guard.ts';
import { instanceRoutes } from './instance-routes.ts';
import { oidcRoutes } from './oidc-routes.ts';

const statuses: Partial<Record<ErrorCode, 400 | 401 | 403 | 404 | 409 | 429 | 503 | 507>> = {
  ...{ ValidationError: 400, InvalidArgument: 400, DataError: 400, SignInNeeded: 401, NoAccess: 403 },
  ...{ NoWriteAccess: 403, DoesNotExist: 404, IntegrityError: 409, TooManyTries: 429, ConnectionLost: 503 },
  StorageFull: 507,
};

/** All routes below `/api`. The answer is a Hono app: mounted by the server, or asked by tests. */
export function createHttp(deps: HttpDeps): Hono<Env> {
  checkOrigin(deps.origin);
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    const start = performance.now();
    await next();
    deps.log({
      ...{ event: 'request', id: randomUUID(), method: c.req.method.slice(0, 10), route: c.req.routePath },
      ...{ status: c.res.status, ms: Math.round(performance.now() - start) },
      address: c.get('visitor')?.address ?? null,
      account: c.get('session')?.account.uid ?? c.get('key')?.account.uid ?? null,
    });
  });
  app.use(strictHeaders(deps.origin), checkPlaces(deps.origin), identify(deps));
  app.get('/api/server', (c) =>
    c.json({
      instance: deps.instance ?? null,
      signedIn: c.get('session') !== null,
      providers: (deps.providers ?? []).map(({ name, title }) => ({ name, title: title ?? name })),
    }),
  );
  app.route('/api/account', accountRoutes(deps));
  app.route('/api/instances', instanceRoutes(deps));
  app.route('/api/oidc', oidcRoutes(deps));
  for (const { path, app: group } of deps.groups ?? []) app.route(path, group);
  app.notFound((c) =>
    c.json({ error: { code: 'DoesNotExist', message: 'There is no such address here.' } }, 404),
  );
  app.onError((error, c) => {
    const status = error instanceof LoamError ? statuses[error.code] : undefined;
    if (!(error instanceof LoamError) || status === undefined) {
      // What a database or a mistake says is not for strangers.
      deps.log({ event: 'fault', message: error.message, stack: error.stack ?? null });
      return c.json(
        { error: { code: 'InternalError', message: 'The server made a mistake. Try again.' } },
        500,
      );
    }
    if (error.code === 'TooManyTries') c.header('Retry-After', String(error.details.seconds ?? 1));
    const { field } = error.details;
    return c.json(
      { error: { code: error.code, message: error.message, ...(field ? { field } : {}) } },
      status,
    );
  });
  return app;
}

/** Listens. Slow, long and half-open requests are given up. */
export async function listenHttp(
  app: Hono<Env>,
  at: { host: string; port: number },
): Promise<{ port: number; close(): Promise<void> }> {
  const server = await new Promise<Server>((resolve) => {
    const made = serve(
      {
        fetch: app.fetch,
        ...{ hostname: at.host, port: at.port },
        serverOptions: {
          maxHeaderSize: 16 * 1024,
          headersTimeout: 10_000,
          requestTimeout: 30_000,
          insecureHTTPParser: false,
        },
      },
      () => resolve(made),
    ) as Server;
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
