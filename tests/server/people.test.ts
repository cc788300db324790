// Accounts, sessions, keys, bots, invitations, members and rights, over both kinds of Postgres.
import { beforeEach, describe, expect, test } from 'vitest';
import { openLoamSchema, schemaSteps } from '../../server/loam-schema.ts';
import { changePassword } from '../../server/people/accounts.ts';
import { makeBot, makeKey, keysOf, revokeKey, seeKey } from '../../server/people/api-keys.ts';
import { accessChannel } from '../../server/people/ground.ts';
import {
  firstInvitation,
  invite,
  invitationsOf,
  join,
  lookAtInvitation,
  revokeInvitation,
} from '../../server/people/invitations.ts';
import { forgiveTries, sweepTries, takeTries } from '../../server/people/limits.ts';
import {
  closeAccount,
  membersOf,
  membershipsOf,
  removeMember,
  setRole,
} from '../../server/people/members.ts';
import { passwordFault, passwordWork, usualCost } from '../../server/people/password.ts';
import { accessOf, giveRight, placesOf, setPlaceRule, takeRight } from '../../server/people/rights.ts';
import {
  endSessions,
  seeSession,
  sessionLives,
  sessionTimes,
  sweepSessions,
} from '../../server/people/sessions.ts';
import { signIn, signUp } from '../../server/people/sign-in.ts';
import { onBoth } from './both.ts';
import { cheap, goodPassword, refusal, visitor, world, type World } from './people-world.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

describe('Passwords', () => {
  test('the hash tells its cost and salt; each is another one; other spellings of the same letters fit', async () => {
    const work = passwordWork(cheap);
    const [one, two] = [await work.hash('pässword-ﬁve'), await work.hash('pässword-ﬁve')];
    expect(one).toMatch(/^scrypt\$16\$1\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(two);
    expect(await work.check('pa\u0308ssword-five', one)).toBe(true);
    expect(await work.check('password-five', one)).toBe(false);
    expect(await work.check('', one)).toBe(false);
    expect(await work.check('anything', null)).toBe(false);
    expect(work.isWeak(one)).toBe(false);
    expect(passwordWork({ N: 32, r: 1, p: 1 }).isWeak(one)).toBe(true);
  });

  test('the usual cost takes 32 MiB; a stored text that asks for more than a server has is refused', async () => {
    expect(128 * usualCost.N * usualCost.r).toBe(32 * 2 ** 20);
    const work = passwordWork(usualCost);
    expect(await work.check(goodPassword, await work.hash(goodPassword))).toBe(true);
    const salt = 'A'.repeat(22);
    await refusal(work.check('x', `scrypt$999999999$999$1$${salt}$${'A'.repeat(43)}`), 'DatabaseDamaged');
    await refusal(work.check('x', 'md5$whatever'), 'DatabaseDamaged');
  });

  test('few are worked on at once; who comes when many wait is told to come again', async () => {
    const work = passwordWork({ N: 2 ** 13, r: 8, p: 1 }, 1, 2);
    const asked = Array.from({ length: 5 }, () => work.check('x', null).catch((error: Error) => error.name));
    expect((await Promise.all(asked)).sort()).toEqual(['TooManyTries', 'TooManyTries', false, false, false]);
    expect(await work.check('x', null)).toBe(false);
  });

  test('weak ones are refused in words', () => {
    for (const weak of [
      'short',
      'aaaaaaaaaaaa',
      '            ',
      'password1234',
      'maria.curie1',
      'x'.repeat(257),
    ])
      expect(passwordFault(weak, ['maria.curie'])).toEqual(expect.any(String));
    for (const fit of [goodPassword, 'κωδικός-πρόσβασης', 'x9!kQ2_zzT'])
      expect(passwordFault(fit, ['maria'])).toBeNull();
  });
});

onBoth('[row 110] People', (at) => {
  let here: World;
  beforeEach(async () => {
    here = await world(at().postgres);
  });
  const use: World['ground']['postgres']['session'] = (work) => at().postgres.session(work);

  test('the tables are made once, by one of two servers, and those of a newer Loam are left alone', async () => {
    expect(await openLoamSchema(at().postgres)).toEqual([]);
    await use((session) => session.exec('DROP SCHEMA loam CASCADE'));
    const made = await Promise.all([openLoamSchema(at().postgres), openLoamSchema(at().postgres)]);
    expect(made.flat()).toEqual(schemaSteps.map(({ name }) => name));
    await refusal(openLoamSchema(at().postgres, schemaSteps.slice(0, 1)), 'SchemaDrift');
    const broken = [
      ...schemaSteps,
      { name: 'broken', sql: 'CREATE TABLE loam.half (id integer); SELECT 1/0' },
    ];
    await refusal(openLoamSchema(at().postgres, broken), 'DataError');
    expect((await use((session) => session.query(`SELECT to_regclass('loam.half')`))).rows).toEqual([[null]]);
  });

  test('the first administrator comes by a link of the server’s; then there is none', async () => {
    expect(await firstInvitation(here.ground, here.instance)).toBeNull();
    const [one, two] = [
      await firstInvitation(here.ground, 'other'),
      await firstInvitation(here.ground, 'other'),
    ];
    await refusal(lookAtInvitation(here.ground, one), 'NoAccess');
    expect(await lookAtInvitation(here.ground, two)).toMatchObject({
      role: 'admin',
      by: null,
      instance: 'other',
    });
  });

  test('sign-up and sign-in; secrets are in no column', async () => {
    const { account, token } = await here.person('maria', 'read');
    expect(await use((session) => membershipsOf(session, account))).toEqual([
      { instance: here.instance, role: 'read' },
    ]);
    const again = await signIn(here.ground, { who: ' MARIA ', password: goodPassword }, visitor);
    expect(again.account).toEqual(account);
    expect(again.token).not.toBe(token);
    expect((await seeSession(here.ground, again.token))?.session.account.handle).toBe('maria');
    const { rows: tables } = await use((session) =>
      session.query(
        `SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'loam'::regnamespace AND c.relkind = 'r'`,
      ),
    );
    expect(tables.length).toBeGreaterThanOrEqual(13);
    for (const [table] of tables) {
      const { rows } = await use((session) => session.query(`SELECT t::text FROM loam."${String(table)}" t`));
      const text = rows.flat().join('\n');
      for (const secret of [token, again.token, goodPassword]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString('hex'));
      }
    }
  });

  test('a sign-in makes an old hash as strong as today’s', async () => {
    await here.person('maria');
    const stronger = { ...here.ground, passwords: passwordWork({ N: 32, r: 1, p: 1 }) };
    await signIn(stronger, { who: 'maria', password: goodPassword }, visitor);
    const { rows } = await use((session) =>
      session.query(`SELECT password FROM loam.account WHERE handle = 'maria'`),
    );
    expect(rows[0]?.[0]).toMatch(/^scrypt\$32\$/);
    await signIn(stronger, { who: 'maria', password: goodPassword }, visitor);
  });

  test('a changed password ends all other sessions', async () => {
    const first = await here.person('maria');
    const second = await signIn(here.ground, { who: 'maria', password: goodPassword }, visitor);
    const fresh = 'quite another long one';
    const change = (old: string) =>
      changePassword(here.ground, first.account, { old, fresh, keep: second.session.id });
    await refusal(change('wrong'), 'NoAccess');
    await change(goodPassword);
    expect(await seeSession(here.ground, first.token)).toBeNull();
    expect(await seeSession(here.ground, second.token)).not.toBeNull();
    await refusal(signIn(here.ground, { who: 'maria', password: goodPassword }, visitor), 'SignInNeeded');
    await signIn(here.ground, { who: 'maria', password: fresh }, visitor);
  });

  test('a session’s token changes as it is used; requests under way still pass; a lost answer does no harm', async () => {
    const { token } = await here.person('maria');
    expect((await seeSession(here.ground, token))?.fresh).toBeNull();
    here.pass(sessionTimes.rotated);
    const both = await Promise.all([seeSession(here.ground, token), seeSession(here.ground, token)]);
    const [fresh] = both.map((seen) => seen?.fresh).filter((one) => one != null);
    expect(both.filter((seen) => seen?.fresh != null)).toHaveLength(1);
    expect(both[0]?.session.csrf).toBe(both[1]?.session.csrf);
    expect((await seeSession(here.ground, token))?.fresh).toBeNull();
    // The answer with the new token was lost: nobody used it, so the old one gets another.
    here.pass(sessionTimes.grace + 1);
    const later = await seeSession(here.ground, token);
    expect(later?.fresh).toEqual(expect.any(String));
    expect(await seeSession(here.ground, fresh)).toBeNull();
    expect(await seeSession(here.ground, later?.fresh)).not.toBeNull();
  });

  test('sessions end by time, idleness and sign-out, here or everywhere', async () => {
    const one = await here.person('maria');
    const more = await Promise.all(
      [1, 2].map(() => signIn(here.ground, { who: 'maria', password: goodPassword }, visitor)),
    );
    expect(await endSessions(here.ground, one.session, false)).toBe(1);
    expect(await seeSession(here.ground, one.token)).toBeNull();
    expect(await sessionLives(here.ground, one.session.id)).toBe(false);
    expect(await sessionLives(here.ground, more[0]?.session.id ?? 0)).toBe(true);
    expect(await endSessions(here.ground, one.session, true)).toBe(2);
    const idle = await signIn(here.ground, { who: 'maria', password: goodPassword }, visitor);
    here.pass(sessionTimes.idle);
    expect(await seeSession(here.ground, idle.token)).toBeNull();
    expect(await sweepSessions(here.ground)).toBe(2);
    let { token } = await signIn(here.ground, { who: 'maria', password: goodPassword }, visitor);
    for (let days = 0; days < 29; days += 1) {
      here.pass(day);
      token = (await seeSession(here.ground, token))?.fresh ?? token;
    }
    expect(await seeSession(here.ground, token)).not.toBeNull();
    here.pass(day);
    expect(await seeSession(here.ground, token)).toBeNull();
  });

  test('invitations: used once also by two at the same time, bound to an address, taken back', async () => {
    const { ground, instance, admin } = here;
    const { token } = await invite(ground, { instance, by: admin, role: 'write', hours: 2 });
    const both = await Promise.allSettled(
      ['anna', 'bert'].map((handle) =>
        signUp(ground, { invitation: token, handle, name: handle, password: goodPassword }, visitor),
      ),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await use((session) => membersOf(session, instance))).toHaveLength(2);
    // Whoever failed left no account behind.
    expect((await use((session) => session.query('SELECT count(*) FROM loam.account'))).rows).toEqual([[2]]);
    const bound = await invite(ground, {
      instance,
      by: admin,
      role: 'read',
      hours: 2,
      email: 'Carla@Example.org',
    });
    const anna = await signIn(
      ground,
      { who: both[0]?.status === 'fulfilled' ? 'anna' : 'bert', password: goodPassword },
      visitor,
    );
    await refusal(join(ground, anna.account, bound.token), 'NoAccess');
    const carla = await signUp(
      ground,
      { invitation: bound.token, handle: 'carla', name: 'Carla', password: goodPassword },
      visitor,
    );
    expect(carla.account.email).toBe('carla@example.org');
    const taken = await invite(ground, { instance, by: admin, role: 'read', hours: 2 });
    await revokeInvitation(ground, { instance, by: admin, uid: taken.invitation.uid });
    await refusal(lookAtInvitation(ground, taken.token), 'NoAccess');
    await refusal(
      revokeInvitation(ground, { instance, by: admin, uid: bound.invitation.uid }),
      'IntegrityError',
    );
    expect(
      (await use((session) => invitationsOf(session, instance, admin))).map(({ usedAt }) => usedAt !== null),
    ).toEqual([false, true, true, true].slice(0, 4));
  });

  test('somebody of another instance joins; a role is raised by an invitation and never lowered', async () => {
    const { ground, instance, admin } = here;
    const other = await here.person('olga', 'admin', 'instance0002');
    const offered = (role: 'read' | 'write') => invite(ground, { instance, by: admin, role, hours: 1 });
    await join(ground, other.account, (await offered('write')).token);
    await join(ground, other.account, (await offered('read')).token);
    expect(await use((session) => membershipsOf(session, other.account))).toEqual([
      { instance, role: 'write' },
      { instance: 'instance0002', role: 'admin' },
    ]);
  });

  test('roles change at once, servers hear of it, and an administrator is always left', async () => {
    const { ground, instance, admin } = here;
    const { account } = await here.person('maria', 'read');
    const heard: string[] = [];
    const stop = await at().postgres.listen(accessChannel, (uid) => heard.push(uid));
    await setRole(ground, { instance, by: admin, account: account.uid, role: 'admin' });
    await expect.poll(() => heard).toContain(account.uid);
    await stop();
    // Each takes the role of the other at the same time: one of them stays.
    const both = await Promise.allSettled([
      setRole(ground, { instance, by: admin, account: account.uid, role: 'read' }),
      setRole(ground, { instance, by: account, account: admin.uid, role: 'read' }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const left = (await use((session) => membersOf(session, instance))).find(({ role }) => role === 'admin');
    const last = left?.account ?? admin;
    await refusal(
      setRole(ground, { instance, by: last, account: last.uid, role: 'write' }),
      'IntegrityError',
    );
    await refusal(removeMember(ground, { instance, by: last, account: last.uid }), 'IntegrityError');
    await refusal(closeAccount(ground, last, last), 'IntegrityError');
    expect(await use((session) => membersOf(session, instance))).toHaveLength(2);
  });

  test('keys do less than their account: role, places, time, name; bots have nothing else', async () => {
    const { ground, instance, admin } = here;
    const { account } = await here.person('maria', 'write');
    const mine = { instance, by: account, account: account.uid, name: 'laptop', days: 30 } as const;
    const { token, key } = await makeKey(ground, { ...mine, role: 'read', branches: ['bbbbbbbbbbbb'] });
    expect(token).toMatch(/^loam_key_[0-9A-Za-z]{12}_[\w-]{43}$/);
    const seen = await seeKey(ground, token);
    expect(seen).toMatchObject({
      prefix: key.prefix,
      role: 'read',
      branches: ['bbbbbbbbbbbb'],
      spaces: null,
    });
    const access = await use((session) => accessOf(session, instance, account, seen));
    expect(access).toMatchObject({ role: 'read', onlySpaces: null, onlyBranches: new Set(['bbbbbbbbbbbb']) });
    expect((await use((session) => keysOf(session, instance, account)))[0]?.usedAt).toEqual(
      expect.any(String),
    );
    const bot = await makeBot(ground, {
      instance,
      by: admin,
      handle: 'robot',
      name: 'A robot',
      role: 'write',
    });
    const bots = await makeKey(ground, { ...mine, by: admin, account: bot.uid, role: 'write' });
    expect((await seeKey(ground, bots.token))?.account).toEqual(bot);
    expect(await use((session) => keysOf(session, instance, admin))).toHaveLength(2);
    expect(await use((session) => keysOf(session, instance, account))).toHaveLength(1);
    await revokeKey(ground, { instance, by: admin, prefix: bots.key.prefix });
    expect(await seeKey(ground, bots.token)).toBeNull();
    here.pass(30 * day);
    expect(await seeKey(ground, token)).toBeNull();
    const fresh = await makeKey(ground, { ...mine, role: 'write' });
    await removeMember(ground, { instance, by: admin, account: account.uid });
    expect(await seeKey(ground, fresh.token)).toBeNull();
  });

  test('rights to write by space and branch; whoever leaves keeps none', async () => {
    const { ground, instance, admin } = here;
    const { account } = await here.person('maria', 'write');
    const space = {
      instance,
      by: admin,
      account: account.uid,
      kind: 'space',
      place: 'ssssssssssss',
    } as const;
    await giveRight(ground, space);
    await giveRight(ground, { ...space, kind: 'branch', place: 'bbbbbbbbbbbb' });
    const rule = { instance, by: admin, kind: 'branch', place: 'mmmmmmmmmmmm' } as const;
    await setPlaceRule(ground, { ...rule, writers: 'granted', protected: true });
    await setPlaceRule(ground, {
      instance,
      by: admin,
      kind: 'space',
      place: 'oooooooooooo',
      writers: 'members',
      protected: false,
    });
    const access = () => use((session) => accessOf(session, instance, account));
    expect(await access()).toEqual({
      ...{ instance, account: account.uid, role: 'write' },
      openSpaces: new Set(['aaaaaaaaaaaa', 'oooooooooooo']),
      ownSpaces: new Set(['ssssssssssss']),
      closedBranches: new Set(['mmmmmmmmmmmm']),
      ownBranches: new Set(['bbbbbbbbbbbb']),
      protectedBranches: new Set(['mmmmmmmmmmmm']),
      ...{ onlySpaces: null, onlyBranches: null },
    });
    expect((await use((session) => placesOf(session, instance))).rights).toHaveLength(2);
    await takeRight(ground, space);
    expect((await access())?.ownSpaces.size).toBe(0);
    await removeMember(ground, { instance, by: admin, account: account.uid });
    expect(await access()).toBeNull();
    expect((await use((session) => placesOf(session, instance))).rights).toEqual([]);
  });

  test('tries are counted in the database, by all at once, and come back with time', async () => {
    const limits = { ...here.limits, pair: { burst: 3, seconds: 10 } };
    const take = () => use((session) => takeTries(session, here.ground.now(), limits, [['pair', 'x']]));
    const first = await Promise.allSettled([1, 2, 3, 4, 5].map(take));
    expect(first.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await refusal(take(), 'TooManyTries')).details.seconds).toBe(10);
    here.pass(20_000);
    await take();
    await refusal(take(), 'TooManyTries');
    await use((session) => forgiveTries(session, 'pair', 'x'));
    await take();
    // A clock that goes back gives nothing.
    here.pass(-100_000);
    await take();
    await take();
    await refusal(take(), 'TooManyTries');
    expect(await use((session) => sweepTries(session, here.ground.now() + 3 * day))).toBeGreaterThan(0);
  });

  test('a closed account is gone from everywhere, and its handle stays taken', async () => {
    const { account, token } = await here.person('maria', 'write');
    await closeAccount(here.ground, here.admin, account);
    expect(await seeSession(here.ground, token)).toBeNull();
    await refusal(signIn(here.ground, { who: 'maria', password: goodPassword }, visitor), 'SignInNeeded');
    expect(await use((session) => accessOf(session, here.instance, account))).toBeNull();
    await refusal(here.person('maria'), 'IntegrityError');
  });
});
