// Who is signed in at the server of this page, and in which team: asked when a screen about the team is opened, never before, so that
// whoever works alone asks nobody. Screens about members, keys and rights use `team.instance` and `team.role`.
import type { WireError } from '../engine/errors.ts';
import { asWireError } from './notices.svelte.ts';
import { awayOf, server, type Away } from './server.ts';
import { sync } from './sync.svelte.ts';
import type { Me, Offer, Role, ServerInfo } from './team-types.ts';

/** `in`: somebody is signed in; `out`: nobody; else why there is no answer (`asking`: none yet). */
export type TeamState = 'asking' | Away | 'failed' | 'out' | 'in';

let state = $state<TeamState>('asking');
let info = $state.raw<ServerInfo | null>(null);
let me = $state.raw<Me | null>(null);
let error = $state.raw<WireError | null>(null);
let newest = 0;
let again: ReturnType<typeof setTimeout> | undefined;

async function load(): Promise<void> {
  const mine = ++newest;
  clearTimeout(again);
  try {
    const told = await server.get<ServerInfo>('/server');
    const who = told.signedIn ? await server.get<Me>('/account/me') : null;
    if (mine !== newest) return;
    info = told;
    take(who);
    error = null;
  } catch (problem) {
    if (mine !== newest) return;
    error = asWireError(problem);
    state = awayOf(problem) ?? 'failed';
    // A server that starts is there in a moment; whoever waits is not asked to press anything.
    if (state === 'starting') again = setTimeout(() => void load(), 2_000);
  }
}

function take(who: Me | null): void {
  me = who;
  server.csrf = who?.csrf ?? null;
  state = who ? 'in' : 'out';
}

/** Somebody has just come in: a database that waited for that goes on. */
async function cameIn(): Promise<void> {
  await load();
  if (sync.status?.state === 'stopped') await sync.now();
}

/** Of the team that this server is for; else of the first one that the account is in. */
const membership = $derived(
  me?.memberships.find(({ instance }) => instance === info?.instance?.uid) ?? me?.memberships[0] ?? null,
);

export const team = {
  get state() {
    return state;
  },
  get error() {
    return error;
  },
  get me() {
    return me;
  },
  get providers() {
    return info?.providers ?? [];
  },
  /** Uid of the team's instance; null where the account is in none. */
  get instance(): string | null {
    return membership?.instance ?? null;
  },
  get role(): Role | null {
    return membership?.role ?? null;
  },
  /** Name of the team, as far as the server tells it. */
  get name(): string {
    return (
      (membership && info?.instance?.uid === membership.instance ? info.instance.name : null) ?? 'the team'
    );
  },
  /** Name of what the server is for, also to those who are not signed in. */
  get serverName(): string | null {
    return info?.instance?.name ?? null;
  },
  load,
  cameIn,
  /** Path below /api of the team's own routes. */
  path: (rest: string): string => `/instances/${encodeURIComponent(membership?.instance ?? '')}/${rest}`,

  async signIn(who: string, password: string): Promise<void> {
    await server.send('POST', '/account/sign-in', { who, password });
    await cameIn();
  },
  async signUp(given: { invitation: string; handle: string; name: string; password: string }): Promise<void> {
    await server.send('POST', '/account/sign-up', given);
    await cameIn();
  },
  lookAtInvitation: (invitation: string): Promise<Offer> =>
    server.send<Offer>('POST', '/account/invitation', { invitation }),
  async useInvitation(invitation: string): Promise<void> {
    await server.send('POST', '/account/join', { invitation });
    await load();
  },
  async signOut(everywhere: boolean): Promise<void> {
    await server.send('POST', '/account/sign-out', { everywhere });
    take(null);
  },
  async changePassword(old: string | null, fresh: string): Promise<void> {
    await server.send('POST', '/account/password', { old, fresh });
  },
};

/** What a role may do, in a few words. */
export const ROLES: { id: Role; name: string; may: string }[] = [
  { id: 'read', name: 'Read', may: 'sees everything, changes nothing' },
  { id: 'write', name: 'Write', may: 'adds and changes data, makes branches' },
  { id: 'admin', name: 'Admin', may: 'also manages members, keys and rights' },
];
export const roleName = (role: Role): string => ROLES.find(({ id }) => id === role)?.name ?? role;
