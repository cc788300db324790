// What every request passes before a route sees it: where it was sent to, where it comes from, who sends it; and what
// every answer carries.
import type { Context, Hono, MiddlewareHandler } from 'hono';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { seeKey, type ApiKey } from '../people/api-keys.ts';
import type { Ground } from '../people/ground.ts';
import type { Limits } from '../people/limits.ts';
import { seeSession, signInNeeded, sessionTimes, type Session } from '../people/sessions.ts';
import type { SignInProvider } from '../people/oidc.ts';
import { takeVisit, type Visitor } from '../people/sign-in.ts';

export interface HttpDeps {
  readonly ground: Ground;
  /** Address of the pages, `https://loam.example.org`. Requests to other hosts and from other pages are refused. */
  readonly origin: string;
  /** Proxies of our own in front: so many addresses from the right of X-Forwarded-For are theirs. None: it is not read. */
  readonly proxies?: number;
  readonly limits?: Limits;
  /** What this server is for, as everybody is told who asks. */
  readonly instance?: { readonly uid: string; readonly name: string };
  /** Other ways to sign in than a password. */
  readonly providers?: readonly SignInProvider[];
  /** Groups of routes of other rooms (route-groups.ts), each below its path. */
  readonly groups?: readonly { readonly path: string; readonly app: Hono<Env> }[];
  /** One object for each request and each unforeseen error, without secrets. */
  readonly log: (entry: Record<string, string | number | null>) => void;
}

export interface Variables {
  visitor: Visitor;
  /** Null: nobody is signed in. */
  session: Session | null;
  key: ApiKey | null;
}
export interface Env {
  Bindings: { incoming?: { socket: { remoteAddress?: string | undefined } } };
  Variables: Variables;
}

const isLoopback = (origin: string): boolean => {
  const { protocol, hostname } = new URL(origin);
  return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
};

/** Throws where pages would be served without encryption to other machines. */
export function checkOrigin(origin: string): void {
  const url = new URL(origin);
  if (url.origin !== origin || (url.protocol !== 'https:' && !isLoopback(origin)))
    throw new LoamError(
      'InvalidArgument',
      `“${origin}” cannot be the address of the pages: https://HOST, or http://localhost:PORT for this machine alone.`,
    );
}

/** The prefix binds the cookie to this host and to https; without it on loopback, where there is no https. */
export const cookieName = (origin: string): string => (isLoopback(origin) ? 'loam' : '__Host-loam');

export function setCookie(c: Context<Env>, origin: string, token: string | null): void {
  writeCookie(c, origin, [cookieName(origin), token, 'Strict', sessionTimes.most / 1000]);
}

/** Of somebody who is at a provider: Lax, since the way back begins on the provider's page. */
export function setFlowCookie(c: Context<Env>, origin: string, token: string | null): void {
  writeCookie(c, origin, [`${cookieName(origin)}-flow`, token, 'Lax', 600]);
}
export const flowCookie = (c: Context<Env>, origin: string): string | null =>
  cookieOf(c.req.header('cookie'), `${cookieName(origin)}-flow`);

function writeCookie(
  c: Context<Env>,
  origin: string,
  [name, token, sameSite, seconds]: [string, string | null, 'Strict' | 'Lax', number],
): void {
  const parts = [`${name}=${token ?? ''}`, 'Path=/', 'HttpOnly', `SameSite=${sameSite}`];
  parts.push(`Max-Age=${token === null ? 0 : seconds}`);
  if (!isLoopback(origin)) parts.push('Secure');
  c.header('Set-Cookie', parts.join('; '), { append: true });
}

/** The one cookie of that name. Two of it are none: somebody planted one. */
export function cookieOf(header: string | undefined, name: string): string | null {
  const found = (header ?? '')
    .split(';')
    .map((part) => part.trim().split('='))
    .filter(([key]) => key === name);
  return found.length === 1 ? found[0]?.slice(1).join('=') || null : null;
}

/** Of answers that are data: they are kept nowhere, shown in no frame, run by nobody. */
export function strictHeaders(origin: string): MiddlewareHandler<Env> {
  return async (c, next) => {
    await next();
    const fixed: Record<string, string> = {
      'Cache-Control': 'no-store',
      'Content-Security-Policy':
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=()',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
    };
    if (!isLoopback(origin)) fixed['Strict-Transport-Security'] = 'max-age=31536000';
    // A page of ours says itself what it may load.
    const own = c.res.headers.get('Content-Security-Policy');
    for (const [name, value] of Object.entries(fixed)) c.res.headers.set(name, value);
    if (own !== null) c.res.headers.set('Content-Security-Policy', own);
  };
}

const elsewhere = (what: string): LoamError => new LoamError('NoAccess', what);

/** Host and origin: against names that lead here by DNS, and against pages of others that write. */
export function checkPlaces(origin: string): MiddlewareHandler<Env> {
  const { host } = new URL(origin);
  return async (c, next) => {
    if (c.req.header('host')?.toLowerCase() !== host)
      throw elsewhere('The request was sent to another host.');
    const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
    const [from, site] = [c.req.header('origin'), c.req.header('sec-fetch-site')];
    if (from !== undefined && from !== origin)
      throw elsewhere('The request comes from a page of another address.');
    if (!reads && site !== undefined && site !== 'same-origin' && site !== 'none')
      throw elsewhere('The request comes from a page of another address.');
    await next();
  };
}

/** The address of the socket, or what the outermost proxy of ours was spoken to by. */
function addressOf(c: Context<Env>, proxies: number): string {
  const socket = (c.env as Env['Bindings'] | undefined)?.incoming?.socket.remoteAddress ?? 'unknown';
  return addressFrom(socket, c.req.header('x-forwarded-for'), proxies);
}

/** The same of a request that is none of Hono's (a socket's). */
export function addressFrom(socket: string, forwarded: string | undefined, proxies: number): string {
  if (proxies === 0) return socket;
  const told = (forwarded ?? '').split(',').map((one) => one.trim());
  const address = told.at(-proxies) ?? '';
  return /^[0-9A-Fa-f.:]{2,45}$/.test(address) ? address : socket;
}

/**
 * Who it is: an API key where there is an Authorization header, whatever cookies come along; else the session of the
 * cookie. What writes with a cookie must come from our page and send its token.
 */
export function identify(deps: HttpDeps): MiddlewareHandler<Env> {
  const { ground, origin, limits, proxies = 0 } = deps;
  const name = cookieName(origin);
  return async (c, next) => {
    const visitor = { address: addressOf(c, proxies), agent: c.req.header('user-agent') ?? '' };
    c.set('visitor', visitor);
    c.set('session', null);
    c.set('key', null);
    const authorization = c.req.header('authorization');
    if (authorization !== undefined) {
      const token = /^Bearer ([\x21-\x7e]{1,200})$/.exec(authorization)?.[1];
      const key = await seeKey(ground, token);
      if (!key) {
        await takeVisit(ground, visitor, limits);
        throw new LoamError('SignInNeeded', 'The API key is not right, has ended, or was taken back.');
      }
      c.set('key', key);
    } else {
      const token = cookieOf(c.req.header('cookie'), name);
      const seen = token === null ? null : await seeSession(ground, token);
      if (seen) {
        const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
        if (
          !reads &&
          (c.req.header('origin') !== origin || c.req.header('x-loam-csrf') !== seen.session.csrf)
        )
          throw elsewhere('The request does not come from a page of ours. Load the page again.');
        c.set('session', seen.session);
        if (seen.fresh !== null) setCookie(c, origin, seen.fresh);
      }
    }
    await next();
  };
}

/** Throws unless a person is signed in. Keys do not manage people, keys or invitations: one that leaks makes no others. */
export function person(c: Context<Env>): Session {
  const session = c.get('session');
  if (session) return session;
  if (c.get('key')) throw new LoamError('NoAccess', 'An API key cannot do this: sign in.');
  throw signInNeeded();
}
