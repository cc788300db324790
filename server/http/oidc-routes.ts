// Routes of sign-in by an OIDC provider (0039): the way there, the way back, and the yes of an account's
// owner. The way back is the one address that another site may lead to, and the only one that answers with a redirect: what came of
// it stands behind the `#` of a page of ours, as one of a few words, so that nobody writes texts into our pages by links.
import { Hono, type Context } from 'hono';
import { LoamError, isLoamError } from '../../src/lib/engine/errors.ts';
import { askedOidc, beginOidc, consentOidc, finishOidc } from '../people/oidc-sign-in.ts';
import type { SignInProvider } from '../people/oidc.ts';
import { endSessions } from '../people/sessions.ts';
import { takeVisit } from '../people/sign-in.ts';
import { flowCookie, person, setCookie, setFlowCookie, type Env, type HttpDeps } from './guard.ts';
import { checkInput, readJson, type InputSchema } from './input.ts';

export const oidcInputs = {
  start: {
    type: 'object',
    properties: {
      invitation: {
        type: 'string',
        description: 'the token of an invitation',
        maxLength: 100,
        nullable: true,
      },
    },
    required: [],
  },
  consent: { type: 'object', properties: {}, required: [] },
} as const satisfies Record<string, InputSchema>;

/** Where people come back to: a page of the app. */
export const oidcPage = '/team/back';
/** The address of a provider's answers, which has to be registered there. */
export const oidcCallback = (origin: string, name: string): string => `${origin}/api/oidc/${name}/callback`;

/** What came of it, as the page is told: `in`, `ask`, or why not. */
export const oidcOutcomes = [
  ...(['in', 'ask', 'late', 'refused', 'unverified', 'no-account', 'other-address', 'invitation'] as const),
  ...(['too-many', 'failed'] as const),
] as const;
export type OidcOutcome = (typeof oidcOutcomes)[number];

function outcomeOf(error: unknown): OidcOutcome {
  if (isLoamError(error, 'TooManyTries')) return 'too-many';
  const reason = isLoamError(error) ? error.details.outcome : undefined;
  return oidcOutcomes.find((one) => one === reason) ?? 'failed';
}

export function oidcRoutes(deps: HttpDeps): Hono<Env> {
  const { ground, origin, limits, providers = [], log } = deps;
  const named = (c: Context<Env>): SignInProvider => {
    const name = c.req.param('provider') ?? '';
    const found = providers.find((provider) => provider.name === name);
    if (found) return found;
    throw new LoamError('DoesNotExist', `There is no sign-in by “${name.slice(0, 40)}” here.`);
  };
  return new Hono<Env>()
    .get('/asked', async (c) => {
      const asked = await askedOidc(ground, flowCookie(c, origin));
      const provider = providers.find(({ name }) => name === asked?.provider);
      return c.json(
        asked && provider
          ? { provider: provider.name, title: provider.title ?? provider.name, email: asked.email }
          : null,
      );
    })
    .post('/:provider/start', async (c) => {
      const provider = named(c);
      const { invitation } = checkInput(oidcInputs.start, await readJson(c.req.raw));
      await takeVisit(ground, c.get('visitor'), limits);
      const { location, flow } = await beginOidc(ground, provider, { invitation: invitation ?? null });
      setFlowCookie(c, origin, flow);
      return c.json({ location });
    })
    .get('/:provider/callback', async (c) => {
      let outcome: OidcOutcome;
      try {
        const provider = named(c);
        await takeVisit(ground, c.get('visitor'), limits);
        const came = await finishOidc(
          ground,
          provider,
          { flow: flowCookie(c, origin), current: new URL(c.req.url) },
          c.get('visitor'),
        );
        outcome = came.kind;
        if (came.kind === 'ask') setFlowCookie(c, origin, came.flow);
        else {
          // The cookie of a session is not sent along from another site: one that is there is of a browser that sends all.
          const before = c.get('session');
          if (before) await endSessions(ground, before, false);
          setCookie(c, origin, came.entered.token);
          setFlowCookie(c, origin, null);
        }
      } catch (error) {
        outcome = outcomeOf(error);
        setFlowCookie(c, origin, null);
        if (outcome === 'failed')
          log({ event: 'fault', message: error instanceof Error ? error.message : String(error) });
      }
      return c.redirect(`${oidcPage}#${outcome}`, 303);
    })
    .post('/:provider/consent', async (c) => {
      const provider = named(c);
      checkInput(oidcInputs.consent, await readJson(c.req.raw));
      await takeVisit(ground, c.get('visitor'), limits);
      await consentOidc(ground, provider.name, { flow: flowCookie(c, origin), session: person(c) });
      setFlowCookie(c, origin, null);
      return c.json({ linked: true });
    });
}
