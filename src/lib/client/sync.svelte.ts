// Sync of the database worked in, as rune state: how it stands, what needs a person, and the few things that can be asked of it. Where
// it belongs to no server the status is `off`, and the frame says nothing.
import type { WireError } from '../engine/errors.ts';
import type { Attention, SyncStatus } from '../workers/sync-wire.ts';
import { asWireError, attempt, say, sayWithUndo } from './notices.svelte.ts';
import { createRefresher } from './refresh.ts';
import { session } from './session.svelte.ts';

export type Conflict = Extract<Attention, { kind: 'conflict' }>;
export type Rejected = Extract<Attention, { kind: 'rejected' }>;

/** So many entries of the tray are read; more come as these are dealt with. */
const most = 200;

let status = $state.raw<SyncStatus | null>(null);
/** The tray; null until it was read. */
let entries = $state.raw<readonly Attention[] | null>(null);
let problem = $state.raw<WireError | null>(null);

function take(next: SyncStatus): void {
  const changed = next.attention !== status?.attention;
  status = next;
  if (changed) tray.wish();
}

async function load(): Promise<void> {
  if (session.state !== 'ready') return;
  try {
    take(await session.engine.syncStatus());
  } catch (failure) {
    // How the engine is doing is told by its own state.
    console.warn('sync', failure);
  }
}

async function loadTray(): Promise<void> {
  try {
    entries = status && status.attention > 0 ? await session.engine.attention(most) : [];
    problem = null;
  } catch (failure) {
    problem = asWireError(failure);
  }
}
const tray = createRefresher(loadTray);

session.onEvent((event) => {
  if (event.type === 'sync') take(event.status);
});
// Names and values of the tray are those of the tables.
session.onFeed((feed) => {
  if (status && status.attention > 0) tray.wish(!feed.last);
});

export const sync = {
  /** Asked once when the database is open, and again when another tab takes over; from then on the engine tells. */
  follow: (): void => void load(),
  get status() {
    return status;
  },
  /** The database is shared with a team. */
  get connected() {
    return status !== null && status.state !== 'off';
  },
  get tray() {
    return { entries, error: problem, most };
  },
  /** Names of the fields of this row that several people wrote at once. */
  conflictsOf: (uid: string): string[] =>
    (entries ?? []).flatMap((one) => (one.kind === 'conflict' && one.uid === uid ? [one.field] : [])),
  async now(): Promise<void> {
    await attempt('Could not sync', () => session.engine.syncNow());
  },
  async pause(): Promise<void> {
    await attempt('Could not pause', () => session.engine.pauseSync());
  },
  async settle(entry: Conflict, place: Conflict['values'][number]): Promise<void> {
    const { client, clock, text } = place;
    const done = await attempt('Could not take the value', async () => {
      await session.engine.settleConflict(entry.registry, entry.uid, entry.column, { client, clock });
      return true;
    });
    if (done) sayWithUndo(`${entry.field} of ${entry.name} is “${text}”`);
    tray.wish();
  },
  async discard(entry: Rejected): Promise<void> {
    await session.engine.discardRejected(entry.act);
    say(`Discarded: ${entry.title}`, 'What it changed stays in the history of what was done.');
    tray.wish();
  },
  async revise(entry: Rejected): Promise<void> {
    const name = await attempt('Could not put it on a branch', () =>
      session.engine.reviseRejected(entry.act),
    );
    if (name !== undefined)
      say(`It is on the branch ${name} now`, 'Change it there, then merge it to send it again.');
    tray.wish();
  },
};
