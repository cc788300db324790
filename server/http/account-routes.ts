// Routes of one's own account: sign-up, sign-in, sign-out, who am I, password, joining.
import { Hono } from 'hono';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { changePassword, type Account } from '../people/accounts.ts';
import { join, lookAtInvitation, type Invitation } from '../people/invitations.ts';
import { membershipsOf } from '../people/members.ts';
import { endSessions } from '../people/sessions.ts';
import { signIn, signUp, takeVisit } from '../people/sign-in.ts';
import { person, setCookie, type Env, type HttpDeps } from './guard.ts';
import { checkInput, readJson, type InputSchema } from './input.ts';

const text = (description: string, maxLength: number) =>
  ({ type: 'string', description, maxLength }) as const;
const invitation = text('the token of the invitation', 100);
const password = text('the password', 512);

export const accountInputs = {
  signUp: {
    type: 'object',
    properties: {
      invitation,
      handle: text('the name to sign in with', 30),
      name: text('the name to be shown', 150),
      password,
    },
    required: ['invitation', 'handle', 'name', 'password'],
  },
  signIn: {
    type: 'object',
    properties: { who: text('handle or e-mail address', 254), password },
    required: ['who', 'password'],
  },
  signOut: {
    type: 'object',
    properties: { everywhere: { type: 'boolean', description: 'on all devices' } },
    required: [],
  },
  password: {
    type: 'object',
    properties: {
      old: { ...text('the password until now', 512), nullable: true },
      fresh: text('the new password', 512),
    },
    required: ['old', 'fresh'],
  },
  invitation: { type: 'object', properties: { invitation }, required: ['invitation'] },
} as const satisfies Record<string, InputSchema>;

/** What others may know of an account. */
export const shownAccount = ({ uid, kind, handle, name }: Account) => ({ uid, kind, handle, name });
const shownOffer = ({ instance, role, by, expiresAt, email }: Invitation) => ({
  ...{ instance, role, by, expiresAt },
  bound: email !== null,
});

export function accountRoutes(deps: HttpDeps): Hono<Env> {
  const { ground, origin, limits } = deps;
  return new Hono<Env>()
    .post('/sign-up', async (c) => {
      const given = checkInput(accountInputs.signUp, await readJson(c.req.raw));
      const before = c.get('session');
      const {
        account,
        session,
        token,
        invitation: used,
      } = await signUp(ground, given, c.get('visitor'), limits);
      if (before) await endSessions(ground, before, false);
      setCookie(c, origin, token);
      return c.json({ account: shownAccount(account), csrf: session.csrf, joined: shownOffer(used) }, 201);
    })
    .post('/sign-in', async (c) => {
      const given = checkInput(accountInputs.signIn, await readJson(c.req.raw));
      const before = c.get('session');
      const { account, session, token } = await signIn(ground, given, c.get('visitor'), limits);
      if (before) await endSessions(ground, before, false);
      setCookie(c, origin, token);
      return c.json({ account: shownAccount(account), csrf: session.csrf });
    })
    .post('/sign-out', async (c) => {
      const { everywhere } = checkInput(accountInputs.signOut, await readJson(c.req.raw));
      const ended = await endSessions(ground, person(c), everywhere ?? false);
      setCookie(c, origin, null);
      return c.json({ ended });
    })
    .get('/me', async (c) => {
      const [session, key] = [c.get('session'), c.get('key')];
      const account = session?.account ?? key?.account;
      if (!account) throw new LoamError('SignInNeeded', 'Nobody is signed in.');
      const memberships = await ground.postgres.session((sql) => membershipsOf(sql, account));
      return c.json({
        account: { ...shownAccount(account), email: account.email },
        memberships: key ? memberships.filter(({ instance }) => instance === key.instance) : memberships,
        csrf: session?.csrf ?? null,
        key: key ? { prefix: key.prefix, instance: key.instance, role: key.role } : null,
      });
    })
    .post('/password', async (c) => {
      const given = checkInput(accountInputs.password, await readJson(c.req.raw));
      const { account, id } = person(c);
      await takeVisit(ground, c.get('visitor'), limits);
      await changePassword(ground, account, { ...given, keep: id });
      return c.json({ changed: true });
    })
    .post('/invitation', async (c) => {
      const given = checkInput(accountInputs.invitation, await readJson(c.req.raw));
      await takeVisit(ground, c.get('visitor'), limits);
      return c.json(shownOffer(await lookAtInvitation(ground, given.invitation)));
    })
    .post('/join', async (c) => {
      const given = checkInput(accountInputs.invitation, await readJson(c.req.raw));
      const { account } = person(c);
      await takeVisit(ground, c.get('visitor'), limits);
      return c.json(shownOffer(await join(ground, account, given.invitation)));
    });
}
