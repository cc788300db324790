// Who else is here, as rune state; and what others are told of this tab: the route that it shows. Nothing is kept.
import type { Present } from '../workers/sync-wire.ts';
import { session } from './session.svelte.ts';

/** The worker forgets tabs that have been silent for a minute (workers/presence.ts). */
const repeatMs = 20_000;

let people = $state.raw<readonly Present[]>([]);

export const presence = {
  /** One entry for each tab of others. */
  get people() {
    return people;
  },
  /** Those who look at a route, by account. */
  at(where: string): Present[] {
    const here = people.filter((one) => one.where === where);
    return here.filter(({ account }, i) => here.findIndex((one) => one.account === account) === i);
  },
};

/** Follows the route of this tab; must be called while the frame of all screens is being created. */
export function tellWhere(route: () => string): void {
  const client = 1 + Math.floor(Math.random() * 0xfffffffe);
  const ask = () =>
    void session.engine.present().then(
      (found) => (people = found),
      () => {},
    ); // asked again when it changes
  const say = (where: string | null) => void session.engine.sayWhere(client, where).catch(() => {}); // said again soon

  $effect(() => {
    const where = route();
    if (session.state !== 'ready') return;
    say(where);
    const timer = setInterval(() => say(where), repeatMs);
    return () => clearInterval(timer);
  });
  $effect(() => {
    if (session.state === 'ready') ask();
    return session.onEvent((event) => {
      if (event.type === 'room' && event.room === 'presence') ask();
    });
  });
  $effect(() => {
    const leave = () => say(null);
    window.addEventListener('pagehide', leave);
    return () => window.removeEventListener('pagehide', leave);
  });
}
