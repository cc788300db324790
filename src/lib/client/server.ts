// The server behind this page's own address, as the page asks it: routes below /api (server/http), answers in JSON, errors by code.
// It tells apart what looks alike to `fetch`: no connection, a place that serves files alone (most places do), and a server that is
// only starting. It keeps nothing but the token that shows a write to come from a page of ours.
import { LoamError, type ErrorCode, type ErrorDetails } from '../engine/errors.ts';

/** Why there is no answer: kept in the error's details as `away`. */
export type Away = 'offline' | 'none' | 'starting';

export interface ServerClient {
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  /** Writes; sent with the csrf token of the session where there is one. */
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T>;
  /** As the answers to a sign-in and to `account/me` tell it; null: nobody is signed in. */
  csrf: string | null;
}

const AWAY: Record<Away, string> = {
  offline: 'The server cannot be reached. What you do is kept on this device; try again once you are online.',
  none: 'There is no Loam server at this address, only the app itself.',
  starting: 'The server is starting, or its database is not ready yet. Try again in a moment.',
};

const away = (why: Away): LoamError => new LoamError('ConnectionLost', AWAY[why], { away: why });

/** Why a call had no answer; null where the server did answer. */
export function awayOf(problem: unknown): Away | null {
  const { details } = (problem ?? {}) as { details?: ErrorDetails };
  const why = details?.['away'];
  return why === 'offline' || why === 'none' || why === 'starting' ? why : null;
}

export function createServerClient(ask: typeof fetch): ServerClient {
  async function once(method: string, path: string, body?: object, signal?: AbortSignal): Promise<unknown> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method !== 'GET' && client.csrf !== null) headers['x-loam-csrf'] = client.csrf;
    let answer: Response;
    try {
      answer = await ask(`/api${path}`, {
        ...{ method, headers, credentials: 'same-origin', cache: 'no-store', redirect: 'error' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch {
      if (signal?.aborted) throw new LoamError('Cancelled', 'The question to the server was taken back.');
      throw away('offline');
    }
    const isJson = /^application\/json\b/i.test(answer.headers.get('content-type') ?? '');
    // What stands in front of a server that is not there yet answers in its own words.
    if (!isJson) throw away([502, 503, 504].includes(answer.status) ? 'starting' : 'none');
    let value: unknown;
    try {
      value = await answer.json();
    } catch {
      throw away('offline'); // broken off in the middle
    }
    if (answer.ok) return value;
    throw errorOf(answer, value);
  }

  const client: ServerClient = {
    csrf: null,
    get: async <T>(path: string, signal?: AbortSignal) => (await once('GET', path, undefined, signal)) as T,
    async send<T>(method: string, path: string, body?: object) {
      const sent = client.csrf;
      // Every write has a body: the server takes JSON alone.
      const given = method === 'DELETE' ? body : (body ?? {});
      try {
        return (await once(method, path, given)) as T;
      } catch (problem) {
        // Another tab may have signed in again: then the cookie is the new session's, and the token is not.
        if (sent === null || !(problem instanceof LoamError) || problem.code !== 'NoAccess') throw problem;
        const { csrf } = (await once('GET', '/account/me')) as { csrf: string | null };
        if (csrf === sent || csrf === null) throw problem;
        client.csrf = csrf;
        return (await once(method, path, given)) as T;
      }
    },
  };
  return client;
}

function errorOf(answer: Response, value: unknown): LoamError {
  const told = (value as { error?: { code?: unknown; message?: unknown; field?: unknown } } | null)?.error;
  const code = typeof told?.code === 'string' && /^[A-Za-z]{1,40}$/.test(told.code) ? told.code : null;
  if (answer.status === 503 && (code === null || code === 'ConnectionLost')) return away('starting');
  const message = typeof told?.message === 'string' ? told.message.slice(0, 2000) : null;
  if (code === null || message === null)
    return new LoamError(
      'InternalError',
      `The server answered with ${answer.status} and no words. Try again.`,
    );
  const details: ErrorDetails = { status: answer.status };
  if (typeof told?.field === 'string') details['field'] = told.field;
  const wait = Number(answer.headers.get('retry-after'));
  if (wait > 0) details['seconds'] = wait;
  return new LoamError(code as ErrorCode, message, details);
}

/** The field of a form that an error is about; null: none. */
export function fieldOf(problem: unknown): string | null {
  const { details } = (problem ?? {}) as { details?: ErrorDetails };
  return typeof details?.['field'] === 'string' ? details['field'] : null;
}

/** A time as the server tells it (`2026-01-02 03:04:05.000000`, UTC) in the form that words.ts reads. */
export const serverTime = (text: string): string =>
  /^\d{4}-\d\d-\d\d \d\d:\d\d/.test(text) ? `${text.replace(' ', 'T')}Z` : text;

/** The one client of this page. */
export const server: ServerClient = createServerClient((...asked) => fetch(...asked));
