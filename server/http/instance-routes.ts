// Routes of an instance's people: members, invitations, keys, bots, rights, audit. Each asks for the role in the
// transaction of what it does (people/), so that nothing here has to know who may.
import { Hono } from 'hono';
import { makeBot, makeKey, keysOf, revokeKey, type ApiKey } from '../people/api-keys.ts';
import { readAudit, verifyAudit } from '../people/audit.ts';
import { invite, invitationsOf, revokeInvitation, type Invitation } from '../people/invitations.ts';
import { membersOf, needRole, removeMember, roleOf, setRole } from '../people/members.ts';
import { giveRight, placesOf, setPlaceRule, takeRight } from '../people/rights.ts';
import { shownAccount } from './account-routes.ts';
import { person, type Env, type HttpDeps } from './guard.ts';
import { checkInput, readJson, type InputSchema } from './input.ts';

const text = (description: string, maxLength: number) =>
  ({ type: 'string', description, maxLength }) as const;
const oneOf = (description: string, ...values: readonly string[]) =>
  ({ type: 'string', description, maxLength: 20, enum: values }) as const;
const uids = (description: string) =>
  ({ type: 'array', description, maxItems: 100, items: { maxLength: 24 }, nullable: true }) as const;
const role = oneOf('the role', 'read', 'write', 'admin');
const place = {
  kind: oneOf('the kind of place', 'space', 'branch'),
  place: text('uid of the space or branch', 24),
};

export const instanceInputs = {
  role: { type: 'object', properties: { role }, required: ['role'] },
  invitation: {
    type: 'object',
    properties: {
      role,
      email: { ...text('the only address that may use it', 254), nullable: true },
      note: text('a note for administrators', 200),
      hours: { type: 'integer', description: 'how long it is good', minimum: 1, maximum: 720 },
    },
    required: ['role', 'hours'],
  },
  key: {
    type: 'object',
    properties: {
      ...{
        account: text('uid of the account, one’s own or a bot’s', 8),
        name: text('what it is for', 100),
        role,
      },
      ...{ spaces: uids('the only spaces it may write'), branches: uids('the only branches it may write') },
      days: { type: 'integer', description: 'how long it is good', minimum: 1, maximum: 366 },
    },
    required: ['account', 'name', 'role', 'days'],
  },
  bot: {
    type: 'object',
    properties: {
      handle: text('its handle', 30),
      name: text('its name', 150),
      role: oneOf('its role', 'read', 'write'),
    },
    required: ['handle', 'name', 'role'],
  },
  right: {
    type: 'object',
    properties: { account: text('uid of the account', 8), ...place },
    required: ['account', 'kind', 'place'],
  },
  rule: {
    type: 'object',
    properties: {
      ...place,
      writers: oneOf('who may write there', 'members', 'granted'),
      protected: { type: 'boolean', description: 'takes merges alone' },
    },
    required: ['kind', 'place', 'writers', 'protected'],
  },
  audit: {
    type: 'object',
    properties: {
      ...{
        actor: text('uid of an account', 8),
        event: text('name of an event', 60),
        branch: text('uid of a branch', 24),
      },
      ...{
        tab: text('name of a table', 80),
        from: text('from this time on', 32),
        until: text('before this time', 32),
      },
      before: text('entries before this number', 16),
    },
    required: [],
  },
} as const satisfies Record<string, InputSchema>;

const shownKey = ({ account, ...key }: ApiKey) => ({ ...key, account: shownAccount(account) });
const shownInvitation = (invitation: Invitation) => invitation;

export function instanceRoutes(deps: HttpDeps): Hono<Env> {
  const { ground } = deps;
  const sql = ground.postgres.session.bind(ground.postgres);
  return new Hono<Env>()
    .get('/:instance/members', async (c) => {
      const [{ account }, instance] = [person(c), c.req.param('instance')];
      const members = await sql(async (session) => {
        await needRole(session, instance, account, 'read');
        return await membersOf(session, instance);
      });
      return c.json(members.map((member) => ({ ...member, account: shownAccount(member.account) })));
    })
    .patch('/:instance/members/:account', async (c) => {
      const given = checkInput(instanceInputs.role, await readJson(c.req.raw));
      await setRole(ground, { ...c.req.param(), by: person(c).account, role: roleOf(given.role) });
      return c.json({ changed: true });
    })
    .delete('/:instance/members/:account', async (c) => {
      await removeMember(ground, { ...c.req.param(), by: person(c).account });
      return c.json({ removed: true });
    })
    .get('/:instance/invitations', async (c) => {
      const { account } = person(c);
      const found = await sql((session) => invitationsOf(session, c.req.param('instance'), account));
      return c.json(found.map(shownInvitation));
    })
    .post('/:instance/invitations', async (c) => {
      const {
        role: offered,
        email,
        note,
        hours,
      } = checkInput(instanceInputs.invitation, await readJson(c.req.raw));
      const by = person(c).account;
      const instance = c.req.param('instance');
      const made = await invite(ground, {
        instance,
        by,
        role: roleOf(offered),
        hours,
        email: email ?? null,
        note: note ?? '',
      });
      return c.json(
        { token: made.token, link: `${deps.origin}/team/invite#${made.token}`, invitation: made.invitation },
        201,
      );
    })
    .delete('/:instance/invitations/:uid', async (c) => {
      await revokeInvitation(ground, { ...c.req.param(), by: person(c).account });
      return c.json({ revoked: true });
    })
    .get('/:instance/keys', async (c) => {
      const { account } = person(c);
      return c.json(
        (await sql((session) => keysOf(session, c.req.param('instance'), account))).map(shownKey),
      );
    })
    .post('/:instance/keys', async (c) => {
      const { spaces, branches, ...given } = checkInput(instanceInputs.key, await readJson(c.req.raw));
      const by = person(c).account;
      const limits = { spaces: spaces ?? null, branches: branches ?? null, role: roleOf(given.role) };
      const { token, key } = await makeKey(ground, {
        ...given,
        ...limits,
        by,
        instance: c.req.param('instance'),
      });
      return c.json({ token, key: shownKey(key) }, 201);
    })
    .delete('/:instance/keys/:prefix', async (c) => {
      await revokeKey(ground, { ...c.req.param(), by: person(c).account });
      return c.json({ revoked: true });
    })
    .post('/:instance/bots', async (c) => {
      const { handle, name, role: its } = checkInput(instanceInputs.bot, await readJson(c.req.raw));
      const by = person(c).account;
      const bot = {
        instance: c.req.param('instance'),
        by,
        handle,
        name,
        role: its === 'write' ? 'write' : 'read',
      } as const;
      return c.json(shownAccount(await makeBot(ground, bot)), 201);
    })
    .get('/:instance/rights', async (c) => {
      const [{ account }, instance] = [person(c), c.req.param('instance')];
      return c.json(
        await sql(async (session) => {
          await needRole(session, instance, account, 'read');
          return await placesOf(session, instance);
        }),
      );
    })
    .put('/:instance/rights', async (c) => {
      const given = checkInput(instanceInputs.right, await readJson(c.req.raw));
      const kind = given.kind === 'space' ? 'space' : 'branch';
      await giveRight(ground, { ...given, kind, instance: c.req.param('instance'), by: person(c).account });
      return c.json({ given: true });
    })
    .delete('/:instance/rights/:account/:kind/:place', async (c) => {
      const { kind, ...given } = c.req.param();
      await takeRight(ground, { ...given, kind: kind as 'space', by: person(c).account });
      return c.json({ taken: true });
    })
    .put('/:instance/rules', async (c) => {
      const given = checkInput(instanceInputs.rule, await readJson(c.req.raw));
      const kind = given.kind === 'space' ? 'space' : 'branch';
      const writers = given.writers === 'granted' ? 'granted' : 'members';
      await setPlaceRule(ground, {
        ...given,
        kind,
        writers,
        instance: c.req.param('instance'),
        by: person(c).account,
      });
      return c.json({ set: true });
    })
    .get('/:instance/audit', async (c) => {
      const [{ account }, instance] = [person(c), c.req.param('instance')];
      const { before, ...wanted } = checkInput(instanceInputs.audit, c.req.query());
      const filter = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
      return c.json(
        await sql(async (session) => {
          await needRole(session, instance, account, 'admin');
          const page = /^\d{1,15}$/.test(before ?? '') ? { before: Number(before) } : {};
          return await readAudit(session, { ...filter, ...page, instance });
        }),
      );
    })
    .get('/:instance/audit/verdict', async (c) => {
      const [{ account }, instance] = [person(c), c.req.param('instance')];
      return c.json(
        await sql(async (session) => {
          await needRole(session, instance, account, 'admin');
          return await verifyAudit(session);
        }),
      );
    });
}
