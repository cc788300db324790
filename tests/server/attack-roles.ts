// Attacks on roles, keys and invitations by people who have some.
import { invite, revokeInvitation } from '../../server/people/invitations.ts';
import { removeMember, setRole } from '../../server/people/members.ts';
import { type Attack, at, up, offer, by } from './attack-scene.ts';
import { goodPassword } from './people-world.ts';
import { expect } from 'vitest';

export const roles: Attack[] = [
  ['a stranger lists members', 403, (s) => s.ask(at(s, 'members'), { as: s.stranger })],
  ['nobody lists members', 401, (s) => s.ask(at(s, 'members'))],
  ['an administrator of another instance', 403, (s) => s.ask(at(s, 'audit'), { as: s.stranger })],
  [
    'a reader invites',
    403,
    (s) => s.ask(at(s, 'invitations'), { as: s.reader, body: { role: 'read', hours: 1 } }),
  ],
  [
    'a writer makes himself administrator',
    403,
    (s) =>
      s.ask(at(s, `members/${s.writer.account.uid}`), {
        method: 'PATCH',
        as: s.writer,
        body: { role: 'admin' },
      }),
  ],
  [
    'a writer demotes the administrator',
    403,
    (s) =>
      s.ask(at(s, `members/${s.boss.account.uid}`), {
        method: 'PATCH',
        as: s.writer,
        body: { role: 'read' },
      }),
  ],
  [
    'a role that there is not',
    400,
    (s) =>
      s.ask(at(s, `members/${s.writer.account.uid}`), {
        method: 'PATCH',
        as: s.boss,
        body: { role: 'owner' },
      }),
  ],
  [
    'a reader throws a writer out',
    403,
    (s) => s.ask(at(s, `members/${s.writer.account.uid}`), { method: 'DELETE', as: s.reader }),
  ],
  [
    'a reader makes a key that writes',
    403,
    (s) =>
      s.ask(at(s, 'keys'), {
        as: s.reader,
        body: { account: s.reader.account.uid, name: 'k', role: 'write', days: 1 },
      }),
  ],
  [
    'a writer makes a key of the administrator',
    403,
    (s) =>
      s.ask(at(s, 'keys'), {
        as: s.writer,
        body: { account: s.boss.account.uid, name: 'k', role: 'read', days: 1 },
      }),
  ],
  [
    'an administrator makes a key of a person',
    403,
    (s) =>
      s.ask(at(s, 'keys'), {
        as: s.boss,
        body: { account: s.writer.account.uid, name: 'k', role: 'read', days: 1 },
      }),
  ],
  [
    'a key for ever',
    400,
    (s) =>
      s.ask(at(s, 'keys'), {
        as: s.writer,
        body: { account: s.writer.account.uid, name: 'k', role: 'read', days: 9999 },
      }),
  ],
  [
    'a key for a place with SQL',
    400,
    (s) =>
      s.ask(at(s, 'keys'), {
        as: s.writer,
        body: { account: s.writer.account.uid, name: 'k', role: 'read', days: 1, spaces: ['a},{b'] },
      }),
  ],
  [
    'a key makes a key',
    403,
    (s) =>
      s.ask(at(s, 'keys'), {
        key: s.bossKey,
        body: { account: s.boss.account.uid, name: 'k', role: 'admin', days: 366 },
      }),
  ],
  [
    'a key of an administrator invites',
    403,
    (s) => s.ask(at(s, 'invitations'), { key: s.bossKey, body: { role: 'admin', hours: 1 } }),
  ],
  [
    'a key changes the password',
    403,
    (s) =>
      s.ask('/api/account/password', {
        key: s.bossKey,
        body: { old: goodPassword, fresh: 'whatever it may be' },
      }),
  ],
  ['a key reads the audit log', 403, (s) => s.ask(at(s, 'audit'), { key: s.bossKey })],
  [
    'a writer takes the key of another back',
    404,
    (s) => s.ask(at(s, `keys/${s.bossKey.slice(9, 21)}`), { method: 'DELETE', as: s.writer }),
  ],
  [
    'a reader gives himself a right',
    403,
    (s) =>
      s.ask(at(s, 'rights'), {
        method: 'PUT',
        as: s.reader,
        body: { account: s.reader.account.uid, kind: 'space', place: 'abc' },
      }),
  ],
  [
    'a writer opens a protected branch',
    403,
    (s) =>
      s.ask(at(s, 'rules'), {
        method: 'PUT',
        as: s.writer,
        body: { kind: 'branch', place: 'mmmmmmmmmmmm', writers: 'members', protected: false },
      }),
  ],
  [
    'a bot as administrator',
    400,
    (s) => s.ask(at(s, 'bots'), { as: s.boss, body: { handle: 'robot', name: 'R', role: 'admin' } }),
  ],
  ['the audit log as a writer', 403, (s) => s.ask(at(s, 'audit'), { as: s.writer })],
  [
    'the administrator of a moment ago',
    403,
    async (s) => {
      const one = await s.here.person('moment', 'admin');
      expect((await s.ask(at(s, 'audit'), { as: one })).status).toBe(200);
      await setRole(s.here.ground, { ...by(s), account: one.account.uid, role: 'write' });
      return await s.ask(at(s, 'audit'), { as: one });
    },
  ],
  [
    'a member that was taken out',
    403,
    async (s) => {
      const one = await s.here.person('gone', 'write');
      await removeMember(s.here.ground, { ...by(s), account: one.account.uid });
      return await s.ask(at(s, 'members'), { as: one });
    },
  ],
];
export const invitations: Attack[] = [
  ['a made-up invitation', 403, (s) => up(s, `loam_invite_${'A'.repeat(43)}`)],
  [
    'an invitation used twice',
    403,
    async (s) => {
      const { token } = await offer(s);
      expect((await up(s, token, { handle: 'first' })).status).toBe(201);
      return await up(s, token, { handle: 'second' });
    },
  ],
  [
    'an invitation taken back',
    403,
    async (s) => {
      const { token, invitation } = await offer(s);
      await revokeInvitation(s.here.ground, { ...by(s), uid: invitation.uid });
      return await up(s, token);
    },
  ],
  [
    'an invitation of somebody who is no administrator any more',
    403,
    async (s) => {
      const one = await s.here.person('former', 'admin');
      const { token } = await invite(s.here.ground, {
        instance: s.here.instance,
        by: one.account,
        role: 'admin',
        hours: 700,
      });
      await setRole(s.here.ground, { ...by(s), account: one.account.uid, role: 'read' });
      return await up(s, token);
    },
  ],
  ['a role of one’s own choice with the invitation', 400, (s) => up(s, s.invitation, { role: 'admin' })],
  ['a taken handle, in other letters', 409, (s) => up(s, s.invitation, { handle: 'ADMIN' })],
  [
    'an invitation for somebody else’s address',
    403,
    async (s) => {
      const { token } = await invite(s.here.ground, {
        ...by(s),
        role: 'admin',
        hours: 1,
        email: 'x@example.org',
      });
      return await s.ask('/api/account/join', { as: s.reader, body: { invitation: token } });
    },
  ],
  [
    'an invitation that has ended',
    403,
    async (s) => {
      const { token } = await offer(s);
      s.here.pass(2 * 3_600_000);
      return await up(s, token);
    },
  ],
];
