// The way to an OIDC provider and back. The page leaves for the provider's address; what it needs again afterwards, an invitation that
// waits to be used, stays in this tab's own storage and in no address.
import { server } from './server.ts';
import type { Provider } from './team-types.ts';

const waiting = 'loam-invitation';

export async function goToProvider(name: string, invitation: string | null = null): Promise<void> {
  const { location: there } = await server.send<{ location: string }>(
    'POST',
    `/oidc/${encodeURIComponent(name)}/start`,
    invitation === null ? {} : { invitation },
  );
  if (invitation === null) sessionStorage.removeItem(waiting);
  else sessionStorage.setItem(waiting, invitation);
  location.assign(there);
  // The button stays pressed until the page is gone.
  await new Promise(() => {});
}

/** The invitation with which somebody left; told once. */
export function waitingInvitation(): string | null {
  const token = sessionStorage.getItem(waiting);
  sessionStorage.removeItem(waiting);
  return token;
}

/** An account with the same verified address is there, and its owner is asked to say yes; null: nobody is. */
export const askedForConsent = (): Promise<{ provider: string; title: string; email: string } | null> =>
  server.get('/oidc/asked');

export async function consent({ provider }: { provider: string }): Promise<void> {
  await server.send('POST', `/oidc/${encodeURIComponent(provider)}/consent`, {});
}

/** Why the way back did not lead in: the server tells one of these words and never a text. */
export const OUTCOMES: Record<string, string> = {
  late: 'The sign-in took longer than ten minutes, or was finished already. Begin it again.',
  refused: 'The provider did not sign you in, or its answer was not accepted. Begin it again.',
  unverified:
    'The provider does not say that your e-mail address is verified. Verify it there, or sign in with a password.',
  'no-account':
    'Nobody with your e-mail address has an account here. Ask an administrator for an invitation link.',
  'other-address': 'The invitation is for another e-mail address than the one you signed in with.',
  invitation: 'The invitation cannot be used any more. Ask an administrator for another one.',
  'too-many': 'There were too many tries from here. Wait a few minutes and try again.',
  failed: 'The sign-in failed. Begin it again.',
};

export type { Provider };
