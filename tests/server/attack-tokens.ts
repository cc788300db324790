// Attacks with tokens: forged, exchanged, replayed, ended.
import { revokeKey } from '../../server/people/api-keys.ts';
import { sessionTimes } from '../../server/people/sessions.ts';
import { type Attack, jwt, flip, me, cookie, enter, good, again, aKey } from './attack-scene.ts';
import { goodPassword } from './people-world.ts';
import { expect } from 'vitest';

export const tokens: Attack[] = [
  ['no token', 401, (s) => me(s, {})],
  ['an empty cookie', 401, (s) => cookie(s, 'loam=')],
  ['a made-up token', 401, (s) => cookie(s, `loam=loam_session_${'A'.repeat(43)}`)],
  ['a token with one letter changed', 401, (s) => cookie(s, `loam=${flip(s.reader.token)}`)],
  ['a token cut off', 401, (s) => cookie(s, `loam=${s.reader.token.slice(0, -1)}`)],
  ['a token with more behind it', 401, (s) => cookie(s, `loam=${s.reader.token}A`)],
  ['a token in capitals', 401, (s) => cookie(s, `loam=${s.reader.token.toUpperCase()}`)],
  ['a token in quotes', 401, (s) => cookie(s, `loam="${s.reader.token}"`)],
  [
    'two cookies of the name: one was planted',
    401,
    (s) => cookie(s, `loam=${s.stranger.token}; loam=${s.reader.token}`),
  ],
  ['the cookie of another name', 401, (s) => cookie(s, `__Host-loam=${s.reader.token}`)],
  ['SQL in the cookie', 401, (s) => cookie(s, `loam=' OR '1'='1`)],
  ['a session token as a key', 401, (s) => me(s, { key: s.reader.token })],
  ['a key as a session', 401, (s) => cookie(s, `loam=${s.key}`)],
  ['an invitation as a session', 401, (s) => cookie(s, `loam=${s.invitation}`)],
  [
    'a token in the address',
    401,
    (s) => s.ask(`/api/account/me?token=${s.reader.token}&loam=${s.reader.token}`),
  ],
  ['a JWT without algorithm', 401, (s) => me(s, { key: jwt({ alg: 'none' }) })],
  [
    'a JWT with a kid that is a path',
    401,
    (s) => me(s, { key: jwt({ alg: 'HS256', kid: '../../dev/null' }) }),
  ],
  [
    'the hash out of the database',
    401,
    async (s) => {
      const { rows } = await s.here.ground.postgres.session((sql) =>
        sql.query('SELECT hash FROM loam.session LIMIT 1'),
      );
      const hash = Buffer.from(rows[0]?.[0] as Uint8Array);
      return await cookie(s, `loam=loam_session_${hash.toString('base64url')}`);
    },
  ],
  [
    'Basic in place of Bearer',
    401,
    (s) =>
      me(s, {
        headers: { authorization: `Basic ${Buffer.from(`reader:${goodPassword}`).toString('base64')}` },
      }),
  ],
  [
    'an empty Bearer beside a good cookie',
    401,
    (s) => me(s, { as: s.reader, headers: { authorization: 'Bearer ' } }),
  ],
  ['a wrong key beside a good cookie', 401, (s) => me(s, { as: s.reader, key: flip(s.key) })],
  ['a key with another’s prefix', 401, (s) => me(s, { key: s.key.slice(0, 21) + s.bossKey.slice(21) })],
  ['a key with a long tail', 401, (s) => me(s, { key: s.key + 'x'.repeat(5000) })],
];
export const ended: Attack[] = [
  [
    'a session that signed out',
    401,
    async (s) => {
      const one = await again(s, 'reader');
      await s.ask('/api/account/sign-out', { as: one, body: {} });
      return await me(s, { as: one });
    },
  ],
  [
    'a session that signed out elsewhere',
    401,
    async (s) => {
      const [one, two] = [await again(s, 'stranger'), await again(s, 'stranger')];
      await s.ask('/api/account/sign-out', { as: two, body: { everywhere: true } });
      s.stranger = await again(s, 'stranger');
      return await me(s, { as: one });
    },
  ],
  [
    'a session after the password changed',
    401,
    async (s) => {
      const [one, two] = [await again(s, 'reader'), await again(s, 'reader')];
      await s.ask('/api/account/password', {
        as: two,
        body: { old: goodPassword, fresh: `${goodPassword}!` },
      });
      await s.ask('/api/account/password', {
        as: two,
        body: { old: `${goodPassword}!`, fresh: goodPassword },
      });
      s.reader = two;
      return await me(s, { as: one });
    },
  ],
  [
    'a token before its rotation, replayed: and the thief’s session ends too',
    401,
    async (s) => {
      const one = await again(s, 'writer');
      s.here.pass(sessionTimes.rotated);
      const fresh = /loam=([^;]+)/.exec((await me(s, { as: one })).cookies[0] ?? '')?.[1] ?? '';
      expect((await cookie(s, `loam=${fresh}`)).status).toBe(200);
      s.here.pass(sessionTimes.grace + 1);
      const replayed = await me(s, { as: one });
      expect((await cookie(s, `loam=${fresh}`)).status).toBe(401);
      return replayed;
    },
  ],
  [
    'a session planted before the sign-in gets nobody’s name',
    401,
    async (s) => {
      const planted = `loam_session_${'B'.repeat(42)}A`;
      const answer = await enter(s, good, { cookie: `loam=${planted}` });
      expect(answer.cookies[0]).not.toContain(planted);
      return await cookie(s, `loam=${planted}`);
    },
  ],
  [
    'a session used on after another sign-in over it',
    401,
    async (s) => {
      const one = await again(s, 'reader');
      expect((await s.ask('/api/account/sign-in', { as: one, body: good })).status).toBe(200);
      return await me(s, { as: one });
    },
  ],
  [
    'a key that was taken back',
    401,
    async (s) => {
      const { token, key } = await aKey(s, s.writer, 'read');
      await revokeKey(s.here.ground, { instance: s.here.instance, by: s.boss.account, prefix: key.prefix });
      return await me(s, { key: token });
    },
  ],
  ['the password of a wrong account', 401, (s) => enter(s, { who: 'reader', password: 'not the right one' })],
  ['an account that there is not', 401, (s) => enter(s, { who: 'nobody', password: goodPassword })],
  ['the handle as a pattern', 401, (s) => enter(s, { who: 'rea%', password: goodPassword })],
  ['SQL as the handle', 401, (s) => enter(s, { who: `reader' --`, password: goodPassword })],
  ['an empty password for an account', 400, (s) => enter(s, { who: 'reader', password: '' })],
  ['a password of 500 characters', 401, (s) => enter(s, { who: 'reader', password: 'x'.repeat(500) })],
];
