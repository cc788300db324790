// Sign-in by a provider over HTTP: the way there, back through a real provider, and the yes of an account's owner.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { oidcCallback } from '../../server/http/oidc-routes.ts';
import { invite } from '../../server/people/invitations.ts';
import { oidcProvider } from '../../server/people/oidc.ts';
import { signUp, type Entered } from '../../server/people/sign-in.ts';
import { onBoth } from './both.ts';
import { startSite, type Answer, type Site } from './http-world.ts';
import { goodPassword, visitor, world, type World } from './people-world.ts';
import { client, startProvider, type RealProvider } from './real-provider.ts';

const sub1 = { sub: 'sub-1', email: 'maria@example.org', email_verified: true, name: 'Maria' };

onBoth('[row 110] Sign-in by a provider over HTTP', (at) => {
  let here: World;
  let site: Site;
  let real: RealProvider;
  beforeEach(async () => {
    here = await world(at().postgres);
    site = await startSite(here, 0, async (origin) => {
      const redirectUri = oidcCallback(origin, 'test');
      real = await startProvider(redirectUri, { ...sub1 });
      return [oidcProvider({ ...client, name: 'test', title: 'The lab', issuer: real.issuer, redirectUri })];
    });
  });
  afterEach(async () => {
    await site.close();
    real.close();
  });

  const cookieIn = ({ cookies }: Answer, name: string): string | null => {
    const line = cookies.find((one) => one.startsWith(`${name}=`));
    return line === undefined ? null : (/=([^;]*)/.exec(line)?.[1] ?? null);
  };
  const begin = async (invitation: string | null = null) => {
    const answer = await site.ask('/api/oidc/test/start', {
      body: invitation === null ? {} : { invitation },
    });
    expect(answer.status).toBe(200);
    return { location: String(answer.json.location), flow: cookieIn(answer, 'loam-flow') ?? '', answer };
  };
  /** As a browser comes back: from another site, by a link, with the cookies that such a request carries. */
  const back = (url: URL, flow: string | null) =>
    site.ask(url.pathname + url.search, {
      headers: {
        origin: undefined,
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        cookie: flow === null ? undefined : `loam-flow=${flow}`,
      },
    });
  const outcome = ({ status, headers }: Answer) => {
    expect(status).toBe(303);
    return /^\/team\/back#([a-z-]+)$/.exec(String(headers.location))?.[1];
  };
  const come = async (invitation: string | null = null) => {
    const { location, flow } = await begin(invitation);
    return await back(await real.visit(location), flow);
  };
  const offer = async (email: string | null = null) =>
    (await invite(here.ground, { instance: here.instance, by: here.admin, role: 'write', hours: 1, email }))
      .token;

  test('which there are is told; somebody new comes in by an invitation, and the next time without', async () => {
    expect((await site.ask('/api/server')).json).toEqual({
      instance: { uid: here.instance, name: 'the-lab' },
      signedIn: false,
      providers: [{ name: 'test', title: 'The lab' }],
    });
    const { answer } = await begin();
    const set = answer.cookies.find((one) => one.startsWith('loam-flow=')) ?? '';
    for (const part of ['HttpOnly', 'SameSite=Lax', 'Path=/', 'Max-Age=600']) expect(set).toContain(part);
    const first = await come(await offer());
    expect(outcome(first)).toBe('in');
    expect(cookieIn(first, 'loam-flow')).toBe('');
    expect(first.cookies.find((one) => one.startsWith('loam='))).toContain('SameSite=Strict');
    const session = cookieIn(first, 'loam') ?? '';
    const me = await site.ask('/api/account/me', { headers: { cookie: `loam=${session}` } });
    expect(me.json).toMatchObject({
      account: { handle: 'maria', email: 'maria@example.org', name: 'Maria' },
      memberships: [{ instance: here.instance, role: 'write' }],
    });
    const second = await come();
    expect(outcome(second)).toBe('in');
    expect(cookieIn(second, 'loam')).not.toBe(session);
  });

  test('a handle that others have gets a number', async () => {
    await here.person('maria');
    const made = await come(await offer());
    expect(outcome(made)).toBe('in');
    const me = await site.ask('/api/account/me', { headers: { cookie: `loam=${cookieIn(made, 'loam')}` } });
    expect(me.json.account).toMatchObject({ handle: 'maria2' });
  });

  test('an account with the address asks its owner, who has to be signed in otherwise', async () => {
    const token = await offer('maria@example.org');
    const owner = await signUp(
      here.ground,
      { invitation: token, handle: 'maria', name: 'Maria', password: goodPassword },
      visitor,
    );
    const other = await here.person('other');
    const asked = await come();
    expect(outcome(asked)).toBe('ask');
    expect(cookieIn(asked, 'loam')).toBe(null);
    const flow = cookieIn(asked, 'loam-flow') ?? '';
    const withFlow = (session: string) => `loam=${session}; loam-flow=${flow}`;
    expect((await site.ask('/api/oidc/asked', { headers: { cookie: `loam-flow=${flow}` } })).json).toEqual({
      ...{ provider: 'test', title: 'The lab', email: 'maria@example.org' },
    });
    expect((await site.ask('/api/oidc/asked')).text).toBe('null');
    const consent = (as: Entered | null, csrf = as?.session.csrf) =>
      site.ask('/api/oidc/test/consent', {
        body: {},
        headers: { cookie: as ? withFlow(as.token) : `loam-flow=${flow}`, 'x-loam-csrf': csrf },
      });
    expect((await consent(null)).status).toBe(401);
    expect((await consent(owner, 'guessed')).status).toBe(403);
    const yes = await consent(owner);
    expect([yes.status, yes.json]).toEqual([200, { linked: true }]);
    expect(cookieIn(yes, 'loam-flow')).toBe('');
    expect((await consent(owner)).status).toBe(401);
    expect(outcome(await come())).toBe('in');
    expect((await consent(other)).status).toBe(401);
  });

  test('why it did not work is one word behind the #, and says nothing of anybody', async () => {
    expect(outcome(await come())).toBe('no-account');
    expect(outcome(await come(await offer('somebody@example.org')))).toBe('other-address');
    const used = await offer();
    expect(outcome(await come(used))).toBe('in');
    real.claims = { ...sub1, sub: 'sub-2', email: 'second@example.org' };
    expect(outcome(await come(used))).toBe('invitation');
    real.claims = { ...sub1, sub: 'sub-3', email: 'third@example.org', email_verified: false };
    expect(outcome(await come(await offer()))).toBe('unverified');
    // Without the cookie, with another browser's, or twice.
    const { location } = await begin();
    const url = await real.visit(location);
    expect(outcome(await back(url, null))).toBe('late');
    expect(outcome(await back(url, (await begin()).flow))).toBe('refused');
    const again = await begin();
    const there = await real.visit(again.location);
    await back(there, again.flow);
    expect(outcome(await back(there, again.flow))).toBe('late');
    // Whoever says no at the provider.
    const no = await begin();
    const state = new URL(no.location).searchParams.get('state') ?? '';
    const refused = new URL(`/api/oidc/test/callback?error=access_denied&state=${state}`, site.origin);
    expect(outcome(await back(refused, no.flow))).toBe('refused');
    const late = await begin();
    const came = await real.visit(late.location);
    here.pass(11 * 60_000);
    expect(outcome(await back(came, late.flow))).toBe('late');
  });

  test('an unknown provider, an invitation that is none, and a start from another page are refused', async () => {
    expect((await site.ask('/api/oidc/nobody/start', { body: {} })).status).toBe(404);
    expect((await site.ask('/api/oidc/test/start', { body: { invitation: 'x' } })).status).toBe(403);
    const foreign = { origin: 'https://evil.example' };
    expect((await site.ask('/api/oidc/test/start', { body: {}, headers: foreign })).status).toBe(403);
    const nobody = new URL('/api/oidc/nobody/callback?code=x', site.origin);
    expect(outcome(await back(nobody, 'x'))).toBe('failed');
    expect(site.logged.every((entry) => !JSON.stringify(entry).includes('loam_'))).toBe(true);
  });
});
