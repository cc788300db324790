// OIDC against a real provider (oidc-provider) and against one that lies.
import { createServer } from 'node:http';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oidcProvider, type Kept, type SignInProvider } from '../../server/people/oidc.ts';
import { refusal } from './people-world.ts';
import { client, listen, startProvider, type RealProvider } from './real-provider.ts';

const redirectUri = 'http://127.0.0.1:9/api/oidc/test/callback';

describe('A real OIDC provider', () => {
  let real: RealProvider;
  let ours: SignInProvider;
  const visit = (location: string) => real.visit(location);
  beforeAll(async () => {
    real = await startProvider(redirectUri, {
      ...{ sub: 'sub-1', email: 'Maria@Example.org', email_verified: true, name: 'Maria' },
    });
    ours = oidcProvider({ ...client, name: 'test', issuer: real.issuer, redirectUri });
  });
  afterAll(() => real.close());

  test('who came back: subject, verified address, name; the code is good once', async () => {
    const { location, kept } = await ours.begin();
    const asked = new URL(location).searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(asked.get(name)?.length).toBeGreaterThan(20);
    expect(location).not.toContain(kept.verifier);
    const back = await visit(location);
    expect(await ours.finish(back, kept)).toMatchObject({
      subject: 'sub-1',
      email: 'maria@example.org',
      name: 'Maria',
    });
    await refusal(ours.finish(back, kept), 'SignInNeeded');
  });

  test.each<[string, (kept: Kept, back: URL) => [Kept, URL]]>([
    ['another state', (kept, back) => [{ ...kept, state: 'x'.repeat(43) }, back]],
    ['another nonce', (kept, back) => [{ ...kept, nonce: 'x'.repeat(43) }, back]],
    ['another verifier', (kept, back) => [{ ...kept, verifier: 'x'.repeat(43) }, back]],
    ['another issuer in the answer', (kept, back) => [kept, changed(back, 'iss', 'https://evil.example')]],
    ['another code', (kept, back) => [kept, changed(back, 'code', 'x')]],
    [
      'an error of the provider',
      (kept, back) => [kept, changed(changed(back, 'code', null), 'error', 'access_denied')],
    ],
    ['the state twice', (kept, back) => [kept, new URL(`${back.href}&state=${kept.state}`)]],
  ])('refused: %s', async (_, change) => {
    const { location, kept } = await ours.begin();
    const error = await refusal(
      ours.finish(...([...change(kept, await visit(location))].reverse() as [URL, Kept])),
      'SignInNeeded',
    );
    expect(error.message).not.toContain(kept.verifier);
  });
});

const changed = (url: URL, name: string, value: string | null): URL => {
  const made = new URL(url);
  if (value === null) made.searchParams.delete(name);
  else made.searchParams.set(name, value);
  return made;
};

describe('A provider that lies', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  type Lie = {
    head?: object;
    claims?: object;
    key?: typeof privateKey;
    hmac?: string | Buffer;
    unsigned?: boolean;
    discovery?: object;
    token?: string;
    redirect?: boolean;
  };
  let lie: Lie = {};
  let nonce = '';
  let issuer = '';
  const server = createServer((req, res) => {
    const send = (value: object | string) =>
      res
        .setHeader('content-type', 'application/json')
        .end(typeof value === 'string' ? value : JSON.stringify(value));
    if (req.url?.startsWith('/.well-known'))
      return send({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        id_token_signing_alg_values_supported: ['RS256'],
        ...lie.discovery,
      });
    if (req.url === '/jwks')
      return send({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }] });
    if (lie.redirect) return res.writeHead(307, { location: `${issuer}/elsewhere` }).end();
    if (lie.token !== undefined) return send(lie.token);
    const now = Math.floor(Date.now() / 1000);
    const text = `${part({ alg: 'RS256', kid: 'k', ...lie.head })}.${part({ iss: issuer, aud: client.clientId, sub: 's', nonce, iat: now, exp: now + 60, email: 'a@b.org', email_verified: true, ...lie.claims })}`;
    const signature = lie.unsigned
      ? ''
      : lie.hmac !== undefined
        ? createHmac('sha256', lie.hmac).update(text).digest('base64url')
        : sign('sha256', Buffer.from(text), lie.key ?? privateKey).toString('base64url');
    return send({ access_token: 'a', token_type: 'Bearer', id_token: `${text}.${signature}` });
  });
  beforeAll(async () => (issuer = await listen(server)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const come = async (told: Lie) => {
    lie = told;
    const ours = oidcProvider({ ...client, name: 'test', issuer, redirectUri });
    const { kept } = await ours.begin();
    nonce = kept.nonce;
    return await ours.finish(new URL(`${redirectUri}?code=c&state=${kept.state}`), kept);
  };

  test('the truth is accepted; an address that is not verified is none', async () => {
    expect(await come({})).toMatchObject({ subject: 's', email: 'a@b.org' });
    for (const email_verified of [false, 'true', 1, undefined])
      expect((await come({ claims: { email_verified } })).email).toBeNull();
  });

  const past = Math.floor(Date.now() / 1000) - 7200;
  test.each<[string, Lie]>([
    ['no signature', { head: { alg: 'none' }, unsigned: true }],
    ['no signature under the right algorithm', { unsigned: true }],
    ['signed by another key', { key: other.privateKey }],
    [
      'signed with the public key as a secret',
      { head: { alg: 'HS256' }, hmac: publicKey.export({ format: 'pem', type: 'spki' }) },
    ],
    ['signed with the client’s secret', { head: { alg: 'HS256' }, hmac: client.clientSecret }],
    ['a kid that there is not', { head: { kid: '../../dev/null' } }],
    ['an unknown critical header', { head: { crit: ['x'], x: 1 } }],
    ['for another client', { claims: { aud: 'other' } }],
    ['for two clients', { claims: { aud: [client.clientId, 'other'] } }],
    ['by another issuer', { claims: { iss: 'https://evil.example' } }],
    ['ended', { claims: { iat: past, exp: past + 60 } }],
    ['without an end', { claims: { exp: undefined } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['with another nonce', { claims: { nonce: 'n' } }],
    ['without a nonce', { claims: { nonce: undefined } }],
    ['an issuer of another name', { discovery: { issuer: 'https://evil.example' } }],
    ['no ID token', { token: '{"access_token":"a","token_type":"Bearer"}' }],
    ['no JSON', { token: '<html>' }],
    ['an answer of a megabyte', { token: `{"access_token":"${'a'.repeat(1e6)}","token_type":"Bearer"}` }],
    ['a redirect', { redirect: true }],
  ])('refused: %s', async (_, told) => {
    await refusal(come(told), 'SignInNeeded');
  });

  test('plain http is for this machine alone', () => {
    expect(() => oidcProvider({ ...client, name: 'test', issuer: 'http://id.example', redirectUri })).toThrow(
      /https/,
    );
  });
});
