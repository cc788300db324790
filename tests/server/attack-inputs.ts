// Attacks with bodies, headers and pages of others.
import { type Attack, me, at, enter, good, up } from './attack-scene.ts';
import { goodPassword } from './people-world.ts';

export const shapes: Attack[] = [
  ['a list as the body', 400, (s) => enter(s, [good])],
  ['a number as the password', 400, (s) => enter(s, { who: 'reader', password: 1 })],
  ['an object as the handle', 400, (s) => enter(s, { who: { $ne: null }, password: goodPassword })],
  ['a list as the handle', 400, (s) => enter(s, { who: ['reader'], password: goodPassword })],
  [
    '__proto__ in the body',
    400,
    (s) =>
      s.ask('/api/account/sign-in', {
        raw: `{"who":"reader","password":"${goodPassword}","__proto__":{"admin":true}}`,
      }),
  ],
  [
    'constructor in the body',
    400,
    (s) => enter(s, { ...good, constructor: { prototype: { role: 'admin' } } }),
  ],
  [
    'only __proto__, to inherit the fields',
    400,
    (s) =>
      s.ask('/api/account/sign-in', { raw: `{"__proto__":{"who":"reader","password":"${goodPassword}"}}` }),
  ],
  [
    'a field that names the account',
    400,
    (s) => s.ask(at(s, 'invitations'), { as: s.boss, body: { role: 'read', hours: 1, by: 'admin' } }),
  ],
  ['a body of a megabyte', 400, (s) => enter(s, { who: 'x'.repeat(1_000_000), password: 'x' })],
  [
    'a body that is longer than it says, in pieces',
    400,
    (s) =>
      s.ask('/api/account/sign-in', {
        raw: `{"who":"${'x'.repeat(80_000)}"}`,
        headers: { 'transfer-encoding': 'chunked' },
      }),
  ],
  ['60,000 brackets', 400, (s) => s.ask('/api/account/sign-in', { raw: '['.repeat(60_000) })],
  [
    'a form, as other sites may send',
    400,
    (s) =>
      s.ask('/api/account/sign-in', {
        raw: 'who=reader',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
  ],
  [
    'JSON as text/plain',
    400,
    (s) =>
      s.ask('/api/account/sign-in', { raw: JSON.stringify(good), headers: { 'content-type': 'text/plain' } }),
  ],
  [
    'a packed body',
    400,
    (s) =>
      s.ask('/api/account/sign-in', { raw: JSON.stringify(good), headers: { 'content-encoding': 'gzip' } }),
  ],
  [
    'text that is no UTF-8',
    400,
    (s) => s.ask('/api/account/sign-in', { raw: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) }),
  ],
  ['a NUL in the handle', 400, (s) => enter(s, { who: 'reader\0', password: goodPassword })],
  [
    'half a surrogate in the handle',
    400,
    (s) => s.ask('/api/account/sign-in', { raw: `{"who":"\\ud800","password":"x"}` }),
  ],
  ['a handle that looks like another one', 400, (s) => up(s, s.invitation, { handle: 'аdmin' })],
  ['a name that turns the text around', 400, (s) => up(s, s.invitation, { name: 'x\u202enimda' })],
  ['a weak password', 400, (s) => up(s, s.invitation, { password: 'mallory123' })],
  [
    'a path out of the instance',
    [401, 403, 404],
    (s) => s.ask(`/api/instances/..%2f..%2faccount/members`, { as: s.reader }),
  ],
  [
    'a method that there is not',
    [404, 403],
    (s) => s.ask('/api/account/me', { method: 'PUT', as: s.reader, body: {} }),
  ],
];
export const places: Attack[] = [
  [
    'another page writes with the cookie',
    403,
    (s) =>
      s.ask('/api/account/sign-out', { as: s.reader, body: {}, headers: { origin: 'https://evil.example' } }),
  ],
  [
    'a page without an origin',
    403,
    (s) => s.ask('/api/account/sign-out', { as: s.reader, body: {}, headers: { origin: 'null' } }),
  ],
  [
    'no origin at all',
    403,
    (s) => s.ask('/api/account/sign-out', { as: s.reader, body: {}, headers: { origin: undefined } }),
  ],
  [
    'our origin as the beginning of another',
    403,
    (s) =>
      s.ask('/api/account/sign-out', {
        as: s.reader,
        body: {},
        headers: { origin: `${s.origin}.evil.example` },
      }),
  ],
  [
    'our host by another scheme',
    403,
    (s) =>
      s.ask('/api/account/sign-out', {
        as: s.reader,
        body: {},
        headers: { origin: s.origin.replace('http:', 'https:') },
      }),
  ],
  [
    'no CSRF token',
    403,
    (s) => s.ask('/api/account/sign-out', { as: s.reader, body: {}, headers: { 'x-loam-csrf': undefined } }),
  ],
  [
    'the CSRF token of another session',
    403,
    (s) =>
      s.ask('/api/account/sign-out', {
        as: s.reader,
        body: {},
        headers: { 'x-loam-csrf': s.stranger.session.csrf },
      }),
  ],
  ['a sign-in by another page', 403, (s) => enter(s, good, { origin: 'https://evil.example' })],
  ['a page of the same site on another port', 403, (s) => enter(s, good, { origin: 'http://127.0.0.1:1' })],
  [
    'what the browser says is from another site',
    403,
    (s) => enter(s, good, { origin: undefined, 'sec-fetch-site': 'cross-site' }),
  ],
  ['another page reads', 403, (s) => me(s, { as: s.reader, headers: { origin: 'https://evil.example' } })],
  [
    'a name that leads here by DNS',
    403,
    (s) => me(s, { as: s.reader, headers: { host: `evil.example:${s.port}` } }),
  ],
  [
    'the host in X-Forwarded-Host',
    403,
    (s) =>
      me(s, { as: s.reader, headers: { host: 'evil.example', 'x-forwarded-host': `127.0.0.1:${s.port}` } }),
  ],
  [
    'a method smuggled in a header',
    404,
    (s) =>
      s.ask(at(s, `members/${s.writer.account.uid}`), {
        as: s.reader,
        body: {},
        headers: { 'x-http-method-override': 'DELETE' },
      }),
  ],
  [
    'an open redirect: nothing answers with a place to go',
    404,
    (s) => s.ask('/api/account/sign-in?return_to=//evil.example', { as: s.reader }),
  ],
  ['a redirect by a path of two slashes', 404, (s) => s.ask('//evil.example/%2e%2e', { as: s.reader })],
];
