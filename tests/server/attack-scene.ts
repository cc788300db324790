// The people, keys and invitations that attacks are made with.
import { makeKey } from '../../server/people/api-keys.ts';
import { invite } from '../../server/people/invitations.ts';
import { signIn, type Entered } from '../../server/people/sign-in.ts';
import { startSite, type Answer, type Asked, type Site } from './http-world.ts';
import { goodPassword, visitor, world, type World } from './people-world.ts';

export interface Scene extends Site {
  here: World;
  boss: Entered;
  reader: Entered;
  writer: Entered;
  stranger: Entered;
  /** Of the writer, with the role read. */
  key: string;
  /** Of the boss, with the role admin. */
  bossKey: string;
  invitation: string;
}
/** Sends the request; `wanted` are the statuses of a refusal. */
export type Attack = [title: string, wanted: number | number[], attack: (s: Scene) => Promise<Answer>];

export const enc = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
export const jwt = (head: object) => `${enc(head)}.${enc({ sub: 'admin', exp: 9e9 })}.`;
export const flip = (token: string) =>
  token.slice(0, -2) + (token.at(-2) === 'A' ? 'B' : 'A') + token.slice(-1);
export const me = (s: Scene, asked: Asked) => s.ask('/api/account/me', asked);
export const cookie = (s: Scene, value: string, more: Asked = {}) =>
  me(s, { ...more, headers: { cookie: value } });
export const at = (s: Scene, path: string) => `/api/instances/${s.here.instance}/${path}`;
export const enter = (s: Scene, body: unknown, headers: Asked['headers'] = {}) =>
  s.ask('/api/account/sign-in', { body, headers });
export const good = { who: 'reader', password: goodPassword };
export const up = (s: Scene, invitation: unknown, more: object = {}) =>
  s.ask('/api/account/sign-up', {
    body: { invitation, handle: 'mallory', name: 'M', password: goodPassword, ...more },
  });

export const by = (s: Scene) => ({ instance: s.here.instance, by: s.boss.account });
export const offer = (s: Scene) => invite(s.here.ground, { ...by(s), role: 'read', hours: 1 });
export const wide = {
  pair: { burst: 1e6, seconds: 1 },
  account: { burst: 1e6, seconds: 1 },
  address: { burst: 1e6, seconds: 1 },
};
export const again = (s: Scene, who: string) =>
  signIn(s.here.ground, { who, password: goodPassword }, visitor, wide);
export const aKey = (s: Scene, who: Entered, role: 'read' | 'admin') =>
  makeKey(s.here.ground, {
    instance: s.here.instance,
    by: who.account,
    account: who.account.uid,
    name: 'k',
    role,
    days: 30,
  });

export async function scene(postgres: World['ground']['postgres'], limits = wide): Promise<Scene> {
  const here = await world(postgres, limits);
  const boss = await signIn(here.ground, { who: 'admin', password: goodPassword }, visitor, wide);
  const s = { ...(await startSite(here)), here, boss } as Scene;
  for (const role of ['reader', 'writer'] as const)
    s[role] = await here.person(role, role === 'reader' ? 'read' : 'write');
  s.stranger = await here.person('stranger', 'admin', 'instance0002');
  s.key = (await aKey(s, s.writer, 'read')).token;
  s.bossKey = (await aKey(s, boss, 'admin')).token;
  s.invitation = (await invite(here.ground, { ...by(s), role: 'read', hours: 700 })).token;
  return s;
}
