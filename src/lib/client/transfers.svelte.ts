// Files on their way to buckets and from them, as this page sees them, whichever tab began them; and what it says when one
// has ended.
import type { Transfer } from '../workers/wire.ts';
import { attempt, say, sayWithUndo } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { plural } from './words.ts';

export type { Transfer };

let list = $state.raw<Transfer[]>([]);
let open = $state(false);
/** Those whose end was said, or that had ended before this page came. */
// eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing shown follows it
const told = new Set<string>();

const place = (root: string) => root.replace(/\?.*$/, '');
const going = (one: Transfer) => ['queued', 'running', 'waiting', 'paused'].includes(one.state);

session.onEvent((event) => {
  if (event.type !== 'transfers') return;
  const fresh = event.transfers.filter(({ id, state }) => state === 'done' && !told.has(id));
  for (const { id } of fresh) told.add(id);
  list = event.transfers;
  // One tab that is looked at is enough to say it.
  if (fresh.length > 0 && document.visibilityState === 'visible') tellDone(fresh);
});

function tellDone(done: readonly Transfer[]): void {
  const uploads = done.filter(({ kind }) => kind === 'upload');
  const [first] = uploads;
  if (first)
    sayWithUndo(
      uploads.length === 1
        ? `Uploaded ${first.name} to ${place(first.root)}`
        : `Uploaded ${plural(uploads.length, 'artifact')}`,
      uploadUndone,
    );
  const [kept] = done.filter(({ kind }) => kind === 'keep');
  if (kept)
    say(
      done.length - uploads.length === 1
        ? `${kept.name} is kept offline`
        : `${plural(done.length - uploads.length, 'artifact')} kept offline`,
    );
}

/** What taking an upload back means for its bytes. */
export const uploadUndone =
  'Undo makes this browser its storage again. The uploaded bytes stay in the bucket, until they are deleted there.';

export const transfers = {
  get list() {
    return list;
  },
  /** Whether the list of them is on screen. */
  get open() {
    return open;
  },
  set open(value: boolean) {
    open = value;
  },
  get summary() {
    const now = list.filter(going);
    return {
      going: now.length,
      /** Nothing moves by itself any more. */
      paused: now.length > 0 && now.every(({ state }) => state === 'paused'),
      waiting: now.some(({ state }) => state === 'waiting'),
      failed: list.filter(({ state }) => state === 'failed').length,
      current: list.find(({ state }) => state === 'running') ?? now[0] ?? null,
    };
  },
  of: (uid: string): Transfer | null => list.find((one) => one.uid === uid && one.state !== 'done') ?? null,

  /** What is on its way in the tab that holds the database. */
  async resume(): Promise<void> {
    const known = await attempt('Uploads could not be listed', () => session.engine.transfers());
    if (!known) return;
    list = known;
    for (const { id, state } of known) if (state === 'done') told.add(id);
  },
  async upload(uids: readonly string[], storage: string, keep: boolean): Promise<boolean> {
    const begun = await attempt('The upload could not begin', () =>
      session.engine.uploadArtifacts([...uids], storage, { keep }).then(() => true),
    );
    return begun === true;
  },
  async keepOffline(uids: readonly string[]): Promise<void> {
    await attempt('Could not keep it offline', () => session.engine.keepOffline([...uids]));
  },
  async release(uids: readonly string[]): Promise<void> {
    const stayed = await attempt('The copy could not be removed', () =>
      session.engine.releaseCopies([...uids]),
    );
    if (stayed === undefined) return;
    say(
      stayed > 0
        ? `${plural(stayed, 'copy stays', 'copies stay')}: another database here needs ${stayed === 1 ? 'it' : 'them'}`
        : `${plural(uids.length, 'copy', 'copies')} removed from this device`,
    );
  },
  pause: (id: string | null, paused: boolean) =>
    attempt(paused ? 'Could not pause' : 'Could not go on', () => session.engine.pauseTransfer(id, paused)),
  cancel: (id: string | null) => attempt('Could not cancel', () => session.engine.cancelTransfer(id)),
  retry: (id: string | null) => attempt('Could not try again', () => session.engine.retryTransfer(id)),
  clear: () => attempt('Could not clear the list', () => session.engine.clearTransfers()),
};
