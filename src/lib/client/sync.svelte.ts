// Sync of the database worked in, as rune state: how it stands, what needs a person, and the few things that can be asked of it. What
// the engine does not offer is not there: then `sync.status` stays null and the frame says nothing.
import { methodKinds } from '../workers/methods.ts';
import type { Attention, SyncApi, SyncStatus } from '../workers/sync-wire.ts';
import { attempt, sayWithUndo, say } from './notices.svelte.ts';
import { createRefresher } from './refresh.ts';
import { session } from './session.svelte.ts';

const api = session.engine as unknown as SyncApi;
const offered = (name: keyof SyncApi): boolean => name in methodKinds;

let status = $state.raw<SyncStatus | null>(null);
/** Changes whenever the tray may have changed. */
let turn = $state(0);

async function load(): Promise<void> {
  if (session.state !== 'ready') return;
  try {
    const next = await api.syncStatus();
    if (next.attention !== status?.attention) turn += 1;
    status = next;
  } catch (problem) {
    // How the engine is doing is told by its own state.
    console.warn('sync', problem);
  }
}
const refresher = createRefresher(load, { soon: 100, every: 300, seldom: 5 });
const wish = () => refresher.wish();

if (offered('syncStatus') && typeof window !== 'undefined') {
  session.onEvent((event) => {
    const { type } = event as { type: string };
    if (type === 'sync' || type === 'feed' || type === 'status') wish();
    if (type === 'sync') turn += 1;
  });
  session.onMoving(wish);
  window.addEventListener('online', wish);
  window.addEventListener('offline', wish);
}

export const sync = {
  /** Asked for when the frame is made, and by what changes it from then on. */
  follow(): void {
    if (offered('syncStatus')) wish();
  },
  get status() {
    return status;
  },
  /** The database is shared with a team. */
  get connected() {
    return status !== null && status.state !== 'off';
  },
  get turn() {
    return turn;
  },
  async now(): Promise<void> {
    await attempt('Could not sync', () => api.syncNow());
    wish();
  },
  async pause(): Promise<void> {
    await attempt('Could not pause', () => api.pauseSync());
    wish();
  },
  attention: (most?: number): Promise<Attention[]> => api.attention(most),
  async settle(
    entry: Extract<Attention, { kind: 'conflict' }>,
    place: { client: number; clock: number; text: string },
  ): Promise<void> {
    const done = await attempt('Could not take the value', async () => {
      await api.settleConflict(entry.registry, entry.uid, entry.column, place);
      return true;
    });
    if (done) sayWithUndo(`${entry.field} of ${entry.name} is “${place.text}”`);
    turn += 1;
    wish();
  },
  async discard(entry: Extract<Attention, { kind: 'rejected' }>): Promise<void> {
    const done = await attempt('Could not discard', async () => {
      await api.discardRejected(entry.act);
      return true;
    });
    if (done) say(`Discarded: ${entry.title}`, 'What it changed stays in the history of what was done.');
    turn += 1;
    wish();
  },
  /** Answers the name of the branch it is on now. */
  async revise(entry: Extract<Attention, { kind: 'rejected' }>): Promise<string | undefined> {
    const name = await attempt('Could not put it on a branch', () => api.reviseRejected(entry.act));
    turn += 1;
    wish();
    return name;
  },
};
