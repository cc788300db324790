// REST over HTTP: the list of routes mounted on Hono below `/api/instances`, who may call them, how long they may take, and
// how their errors leave. Who is calling was found out before (http/guard.ts).
import { Hono, type Context } from 'hono';
import { LoamError, type ErrorCode } from '../../src/lib/engine/errors.ts';
import { encodeBytes } from '../../src/lib/engine/base62.ts';
import { md5 } from '../../src/lib/engine/md5.ts';
import { includesRole, type Access } from '../../src/lib/engine/sync/access.ts';
import type { Env } from '../http/guard.ts';
import { readJson } from '../http/input.ts';
import type { Account } from '../people/accounts.ts';
import { accessOf } from '../people/rights.ts';
import { signInNeeded } from '../people/sessions.ts';
import { passedOver } from './inputs.ts';
import { readQuery, type Call, type RestDeps, type Route } from './route.ts';
import { readRoutes } from './routes.ts';
import { checkShape } from './shape.ts';
import { writeRoutes } from './write-routes.ts';

/** What LaminHub answers with for an error of LaminDB (nf-lamin reads them so). */
const statuses: Partial<Record<ErrorCode, 400 | 401 | 403 | 404 | 409 | 429 | 503>> = {
  ...{
    ValidationError: 400,
    InvalidArgument: 400,
    FieldValidationError: 400,
    NameTooLong: 400,
    DataError: 400,
  },
  ...{ FieldError: 400, ValueError: 400, TypeError: 400, KeyError: 400, AttributeError: 400 },
  ...{ NotSupportedError: 400, NotImplementedError: 400, OperationalError: 400, AssertionError: 400 },
  ...{ OrganismNotSet: 400, StatementCancelled: 400, Cancelled: 400, UpdateRefused: 403 },
  ...{
    SignInNeeded: 401,
    NoAccess: 403,
    NoWriteAccess: 403,
    DoesNotExist: 404,
    MultipleObjectsReturned: 409,
  },
  ...{ IntegrityError: 409, ProtectedError: 409, MergeConflict: 409, BranchChanged: 409, UndoConflict: 409 },
  ...{ TooManyTries: 429, ConnectionLost: 503 },
};

/** Requests of one account, and of all, that are being answered or wait. */
const mostAtOnce = { account: 8, all: 64 };
const usualPatience = 2_000;
/** Bodies may carry a thousand rows. */
const bodyLimit = 1024 * 1024;

interface Writer {
  access: Access;
  account: Account;
}

/** The routes that a server with these means has. */
export const routesOf = (deps: Pick<RestDeps, 'write'>): readonly Route[] =>
  // What writes goes first: `batch-delete` is no uid.
  deps.write ? [...writeRoutes, ...readRoutes] : readRoutes;

/** To be mounted at `/api/instances`, behind `identify`. */
export function restRoutes(deps: RestDeps): Hono<Env> {
  const app = new Hono<Env>();
  const busy = new Map<string, number>();
  let all = 0;

  for (const route of routesOf(deps))
    app.on(route.method.toUpperCase(), honoPath(route.path), async (c) => {
      const { instance_id, ...params } = c.req.param() as Record<string, string>;
      const by = await admit(c, instance_id ?? '', route);
      const query = readQuery(
        { ...route.query, ...passedOver },
        route.needed ?? [],
        new URL(c.req.url).searchParams,
      );
      const body = route.body ? checkShape(route.body, await bodyOf(c), 'body') : {};
      const held = busy.get(by.account.uid) ?? 0;
      if (held >= mostAtOnce.account || all >= mostAtOnce.all)
        throw new LoamError('TooManyTries', 'Too many requests at once. Wait for the answers of some.', {
          seconds: 1,
        });
      busy.set(by.account.uid, held + 1);
      all += 1;
      try {
        const call = callOf(by, { params, query, body: body as Call['body'] });
        return c.json((await route.act(call)) as never);
      } finally {
        all -= 1;
        const left = (busy.get(by.account.uid) ?? 1) - 1;
        if (left > 0) busy.set(by.account.uid, left);
        else busy.delete(by.account.uid);
      }
    });

  app.onError((error, c) => {
    const status = error instanceof LoamError ? statuses[error.code] : undefined;
    // What is no answer to a request is the server's to log and to hide.
    if (!(error instanceof LoamError) || status === undefined) throw error;
    if (error.code === 'TooManyTries') c.header('Retry-After', String(error.details.seconds ?? 1));
    const { field } = error.details;
    // `detail` is where clients of LaminHub look for the words.
    return c.json(
      {
        error: { code: error.code, message: error.message, ...(field ? { field } : {}) },
        detail: error.message,
      },
      status,
    );
  });
  return app;

  /** Who it is must be a member, and a writer where the route writes. */
  async function admit(c: Context<Env>, instance: string, route: Route): Promise<Writer> {
    const [session, key] = [c.get('session'), c.get('key')];
    const account = session?.account ?? key?.account;
    if (!account) throw signInNeeded();
    const access =
      isInstance(instance, deps.instance) && (key === null || key.instance === deps.instance)
        ? await deps.ground.postgres.session((sql) => accessOf(sql, deps.instance, account, key))
        : null;
    // The same words for an instance that there is not: its name is not told to others.
    if (!access)
      throw new LoamError(
        'NoAccess',
        `You are no member of the instance ${instance.slice(0, 40)}, or there is none.`,
      );
    if (route.writes && !includesRole(access.role, 'write'))
      throw new LoamError('NoWriteAccess', `This takes the role “write”; you have “${access.role}”.`);
    return { access, account };
  }

  function callOf({ access, account }: Writer, given: Pick<Call, 'params' | 'query' | 'body'>): Call {
    const { model, write, bring, patience = usualPatience } = deps;
    return {
      ...given,
      read: (work) =>
        deps.read(({ engine, driver }) => {
          driver.deadline(patience);
          try {
            return engine.queryWithin(patience, () => work({ engine, model }));
          } catch (error) {
            throw inWords(error, patience);
          } finally {
            driver.deadline(null);
          }
        }),
      async write(work) {
        if (!write) throw new LoamError('NotSupportedError', 'Nothing is written by REST here.');
        await bring?.(account);
        return await write(access, (engine) => work({ engine, model }));
      },
    };
  }
}

function inWords(error: unknown, patience: number): unknown {
  if (!(error instanceof LoamError) || error.code !== 'StatementCancelled') return error;
  return new LoamError(
    'StatementCancelled',
    `The question took longer than ${patience / 1000} seconds and was given up. Narrow the filter, or ask for fewer rows.`,
  );
}

async function bodyOf(c: Context<Env>): Promise<unknown> {
  const none = c.req.header('content-type') === undefined && (c.req.header('content-length') ?? '0') === '0';
  return none ? {} : await readJson(c.req.raw, bodyLimit);
}

/** `{name}` is `:name` in Hono. */
const honoPath = (path: string): string =>
  `/{instance_id}${path}`.replace(/\{(\w+)\}/g, (_, name: string) => `:${name}`);

/** The uid of the instance, or the UUID that LaminDB makes it of (lamindb-setup 1.27, `_settings_instance.py`). */
function isInstance(named: string, instance: string): boolean {
  if (named === instance) return true;
  const hex = named.toLowerCase().replaceAll('-', '');
  return /^[0-9a-f]{32}$/.test(hex) && encodeBytes(md5(hex)).slice(0, 12) === instance;
}
