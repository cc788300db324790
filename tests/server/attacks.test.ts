// Attacks on sign-in and access, through a socket: each is refused, and the refusal says nothing that helps.
import { createHttp } from '../../server/http/http.ts';
import { verifyAudit } from '../../server/people/audit.ts';
import { endSessions } from '../../server/people/sessions.ts';
import { type Scene, me, at, enter, good, wide, scene } from './attack-scene.ts';
import { onBoth } from './both.ts';
import { startSite } from './http-world.ts';
import { goodPassword } from './people-world.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { places, shapes } from './attack-inputs.ts';
import { invitations, roles } from './attack-roles.ts';
import { ended, tokens } from './attack-tokens.ts';

const table = [...tokens, ...shapes, ...places, ...roles, ...invitations, ...ended];

onBoth('[row 110] Attacks on accounts', (place) => {
  let s: Scene;
  beforeAll(async () => {
    s = await scene(place().postgres);
  });
  afterAll(() => s.close());

  test('what is no attack passes', async () => {
    expect((await me(s, { as: s.reader })).json).toMatchObject({
      account: { handle: 'reader' },
      csrf: s.reader.session.csrf,
    });
    expect((await me(s, { key: s.key })).json).toMatchObject({ key: { role: 'read' }, csrf: null });
    const answer = await enter(s, good);
    expect(answer.status).toBe(200);
    expect(answer.cookies).toHaveLength(1);
    expect(answer.cookies[0]).toMatch(
      /^loam=loam_session_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/,
    );
    expect((await s.ask(at(s, 'members'), { as: s.reader })).text).toContain('"handle":"writer"');
    const made = await s.ask(at(s, 'invitations'), { as: s.boss, body: { role: 'read', hours: 1 } });
    expect(made.json.link).toBe(`${s.origin}/team/invite#${String(made.json.token)}`);
    expect(
      (await s.ask('/api/account/invitation', { body: { invitation: made.json.token } })).json,
    ).toMatchObject({ role: 'read', by: 'admin' });
    expect((await s.ask(at(s, 'audit?event=invitation.made'), { as: s.boss })).status).toBe(200);
    expect((await s.ask(at(s, 'audit/verdict'), { as: s.boss })).json).toMatchObject({ faults: [] });
  });

  test.each(table)('%s', async (_, wanted, attack) => {
    const { status, text, json, headers } = await attack(s);
    expect([wanted].flat(), text).toContain(status);
    expect(json.error?.message.length).toBeGreaterThan(10);
    expect(headers.location).toBeUndefined();
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['cache-control']).toBe('no-store');
    expect(text).not.toMatch(/Postgres|node_modules|\bat .*\.ts|SELECT/);
    expect(Object.prototype).not.toHaveProperty('admin');
  });

  test('there are more than 80 of them', () => expect(table.length).toBeGreaterThanOrEqual(80));

  test('an unknown account and a wrong password: the same answer, the same work', async () => {
    const seen = async (who: string) => {
      const before = s.here.passwords.checked;
      const answer = await enter(s, { who, password: 'not the right one' });
      return { work: s.here.passwords.checked - before, text: answer.text, status: answer.status };
    };
    expect(await seen('nobody-at-all')).toEqual(await seen('reader'));
    expect((await seen('reader')).work).toBe(1);
  });

  test('requests smuggled in a body, by two lengths or in two hosts, are not answered', async () => {
    const head = `POST /api/account/sign-in HTTP/1.1\r\nHost: 127.0.0.1:${s.port}\r\nOrigin: ${s.origin}\r\nContent-Type: application/json\r\n`;
    const inner = `GET /api/account/me HTTP/1.1\r\nHost: 127.0.0.1:${s.port}\r\nCookie: loam=${s.reader.token}\r\n\r\n`;
    for (const raw of [
      `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      `${head}Content-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
      `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`,
      `${head}Content-Length : 3\r\n\r\n{}\r\n${inner}`,
      `GET /api/account/me HTTP/1.1\r\nCookie: loam=${s.reader.token}\r\n\r\n`,
      `GET /api/account/me HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1:${s.port}\r\nCookie: loam=${s.reader.token}\r\n\r\n`,
      `GET /api/account/me HTTP/1.1\r\nHost: 127.0.0.1:${s.port}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    ])
      expect(await s.bytes(raw)).not.toMatch(/HTTP\/1\.1 200/);
  });

  test('guessing is slowed by account and address, whatever a header says of the address', async () => {
    const limits = { ...wide, pair: { burst: 3, seconds: 60 }, address: { burst: 8, seconds: 60 } };
    const slow = await startSite({ ...s.here, limits });
    try {
      const guess = (who: string, i: number) =>
        slow.ask('/api/account/sign-in', {
          body: { who, password: `guess number ${i}` },
          headers: { 'x-forwarded-for': `10.0.0.${i}` },
        });
      const tried: number[] = [];
      for (let i = 0; i < 5; i++) tried.push((await guess('target', i)).status);
      expect(tried).toEqual([401, 401, 401, 429, 429]);
      for (let i = 5; i < 9; i++) tried.push((await guess(`target${i}`, i)).status);
      expect(tried.slice(5)).toEqual([401, 401, 401, 429]);
      const last = await guess('target', 1);
      expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
    } finally {
      await slow.close();
    }
  });

  test('[row 111] logs hold no secret and the audit log is whole after all of it', async () => {
    await endSessions(s.here.ground, s.reader.session, false);
    const text = JSON.stringify(s.logged);
    for (const secret of [
      s.reader.token,
      s.key,
      s.bossKey,
      s.invitation,
      goodPassword,
      s.reader.session.csrf,
    ])
      expect(text).not.toContain(secret);
    expect(s.logged.filter(({ event }) => event === 'fault')).toEqual([]);
    const { faults, entries } = await s.here.ground.postgres.session((sql) => verifyAudit(sql));
    expect(faults).toEqual([]);
    expect(entries).toBeGreaterThan(40);
    const { rows } = await s.here.ground.postgres.session((sql) =>
      sql.query('SELECT string_agg(a::text, $1) FROM loam.audit a', ['\n']),
    );
    for (const secret of [s.key, s.invitation, goodPassword])
      expect(String(rows[0]?.[0])).not.toContain(secret);
    expect(String(rows[0]?.[0])).toContain('session.replayed');
  });

  test('pages for other machines are served over https alone; there cookies are Secure and bound to the host', async () => {
    const deps = { ground: s.here.ground, limits: wide, log: () => undefined };
    expect(() => createHttp({ ...deps, origin: 'http://loam.example' })).toThrow(/https/);
    const origin = 'https://loam.example';
    const headers = { host: 'loam.example', origin, 'content-type': 'application/json' };
    const answer = await createHttp({ ...deps, origin }).request('/api/account/sign-in', {
      method: 'POST',
      body: JSON.stringify(good),
      headers,
    });
    expect(answer.status, await answer.clone().text()).toBe(200);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-loam=.*; HttpOnly; SameSite=Strict; .*; Secure$/,
    );
    expect(answer.headers.get('strict-transport-security')).toMatch(/max-age/);
  });
});
