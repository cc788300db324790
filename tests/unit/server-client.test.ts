// The page's way to its own server: what is told apart, what a write carries, and what is done when another tab signed in anew.
import { describe, expect, test } from 'vitest';
import { awayOf, createServerClient, fieldOf, serverTime } from '$lib/client/server.ts';
import { tokenIn } from '$lib/client/invite-link.ts';
import type { LoamError } from '$lib/engine/errors.ts';

interface Sent {
  path: string;
  method: string;
  headers: Record<string, string>;
  body: string | null;
}
function answering(...answers: (Response | Error)[]) {
  const sent: Sent[] = [];
  const client = createServerClient((path, init) => {
    sent.push({
      ...{ path: String(path), method: init?.method ?? '', headers: init?.headers as Record<string, string> },
      body: (init?.body as string | undefined) ?? null,
    });
    const next = answers.shift() ?? new Error('nothing left to answer');
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  });
  return { client, sent };
}
const json = (value: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
  });
const refused = (code: string, message: string, status: number, more: object = {}) =>
  json({ error: { code, message, ...more } }, status);
const thrown = (work: Promise<unknown>): Promise<LoamError> =>
  work.then(
    () => Promise.reject(new Error('this was to fail')),
    (error: LoamError) => error,
  );

describe('[row 71] the page’s way to its server', () => {
  test.each<[string, Response | Error, string]>([
    ['no connection', new TypeError('Failed to fetch'), 'offline'],
    [
      'the page of the app for every address',
      new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }),
      'none',
    ],
    [
      'a place of files alone',
      new Response('404', { status: 404, headers: { 'content-type': 'text/plain' } }),
      'none',
    ],
    ['a proxy before a server that is down', new Response('Bad gateway', { status: 502 }), 'starting'],
    ['a server whose database is not ready', refused('ConnectionLost', 'not yet', 503), 'starting'],
    ['a server that says only that it is not ready', json({}, 503), 'starting'],
    [
      'an answer that broke off',
      new Response('{"a":', { headers: { 'content-type': 'application/json' } }),
      'offline',
    ],
  ])('%s', async (_, answer, why) => {
    const error = await thrown(answering(answer).client.get('/server'));
    expect([error.code, awayOf(error)]).toEqual(['ConnectionLost', why]);
  });

  test('errors keep code, words, field and how long to wait', async () => {
    const { client } = answering(
      refused('ValidationError', 'The password is too short.', 400, { field: 'password' }),
      json({ error: { code: 'TooManyTries', message: 'Wait.' } }, 429, { 'retry-after': '30' }),
      json({ oops: true }, 500),
    );
    const first = await thrown(client.get('/a'));
    expect([first.code, first.message, fieldOf(first), awayOf(first)]).toEqual([
      ...['ValidationError', 'The password is too short.', 'password', null],
    ]);
    expect((await thrown(client.get('/b'))).details['seconds']).toBe(30);
    expect((await thrown(client.get('/c'))).code).toBe('InternalError');
  });

  test('writes are JSON with the token of the session, reads are not', async () => {
    const { client, sent } = answering(json({}), json({}), json({}), json({}));
    await client.send('POST', '/account/sign-in', { who: 'ada' });
    client.csrf = 'token';
    await client.get('/account/me');
    await client.send('POST', '/account/sign-out');
    await client.send('DELETE', '/instances/i/keys/k');
    expect(sent.map(({ method, headers, body }) => [method, headers['x-loam-csrf'], body])).toEqual([
      ['POST', undefined, '{"who":"ada"}'],
      ['GET', undefined, null],
      ['POST', 'token', '{}'],
      ['DELETE', 'token', null],
    ]);
    expect(sent.every(({ path }) => path.startsWith('/api/'))).toBe(true);
  });

  test('where another tab signed in anew, the write is sent once more with the new token; a refusal of rights is not', async () => {
    const stale = answering(
      refused('NoAccess', 'Load the page again.', 403),
      json({ csrf: 'new' }),
      json({ done: true }),
    );
    stale.client.csrf = 'old';
    expect(await stale.client.send('POST', '/x')).toEqual({ done: true });
    expect(stale.sent.map(({ headers }) => headers['x-loam-csrf'])).toEqual(['old', undefined, 'new']);
    const rights = answering(refused('NoAccess', 'Ask an administrator.', 403), json({ csrf: 'same' }));
    rights.client.csrf = 'same';
    expect((await thrown(rights.client.send('POST', '/x'))).message).toBe('Ask an administrator.');
    expect(rights.sent).toHaveLength(2);
  });

  test('a question that is taken back is cancelled, not offline', async () => {
    const ended = new AbortController();
    ended.abort();
    const { client } = answering(new DOMException('aborted', 'AbortError') as unknown as Error);
    expect((await thrown(client.get('/x', ended.signal))).code).toBe('Cancelled');
  });

  test('times of the server are UTC', () => {
    expect(serverTime('2026-01-02 03:04:05.000006')).toBe('2026-01-02T03:04:05.000006Z');
    expect(new Date(serverTime('2026-01-02 03:04:05')).toISOString()).toBe('2026-01-02T03:04:05.000Z');
  });

  test('the token of an invitation is found in a link and by itself, and nowhere else', () => {
    const token = `loam_invite_${'A'.repeat(43)}`;
    expect(tokenIn(` https://loam.example.org/team/invite#${token}\n`)).toBe(token);
    expect(tokenIn(token)).toBe(token);
    for (const none of ['', 'https://loam.example.org/team/invite', `${token}x`, `https://x/?t=${token}`])
      expect(tokenIn(none)).toBe(null);
  });
});
