// How sync is doing, in words: the chip of the frame, its panel and the tray say the same. Nothing is said where nothing is connected.
import type { Attention, SyncStatus } from '../workers/sync-wire.ts';
import { ago, plural } from './words.ts';

export interface SyncWords {
  words: string;
  tone: 'ok' | 'busy' | 'off' | 'bad';
}

const changes = (n: number) => plural(n, 'change');

/** What the chip says; null: this database is not shared. */
export function syncWords(status: SyncStatus | null): SyncWords | null {
  if (!status || status.state === 'off') return null;
  const { state, pending, attention, error } = status;
  if (attention > 0) return { words: `Needs attention: ${attention.toLocaleString('en')}`, tone: 'bad' };
  switch (state) {
    case 'connecting':
      return { words: pending > 0 ? `Connecting, ${changes(pending)} to send` : 'Connecting…', tone: 'busy' };
    case 'catching up':
      return { words: 'Catching up…', tone: 'busy' };
    case 'live':
      return pending > 0
        ? { words: `${changes(pending)} waiting`, tone: 'busy' }
        : { words: 'Synced', tone: 'ok' };
    case 'offline':
      return { words: pending > 0 ? `Offline – ${changes(pending)} kept here` : 'Offline', tone: 'off' };
    case 'stopped':
      return {
        words: `${error ? 'Sync stopped' : 'Sync paused'}${pending > 0 ? ` – ${changes(pending)} kept here` : ''}`,
        tone: error ? 'bad' : 'off',
      };
  }
}

/** One sentence about the connection, for the panel. */
export function stateSentence({ state, pending, error, retryAt }: SyncStatus, now = Date.now()): string {
  switch (state) {
    case 'off':
      return 'This database is on this device alone.';
    case 'connecting':
      return 'Connecting to the server.';
    case 'catching up':
      return 'Taking in what others did meanwhile.';
    case 'live':
      return pending > 0
        ? `Connected. ${changes(pending)} on the way to the server.`
        : 'Connected. The server has everything from here, and you have everything from there.';
    case 'offline': {
      const kept =
        pending > 0
          ? `${changes(pending)} made here will be sent then.`
          : 'What you do here will be sent then.';
      const seconds = retryAt === null ? null : Math.max(1, Math.round((retryAt - now) / 1000));
      return `No connection to the server. ${seconds === null ? 'It is tried again when you are online' : `It is tried again in ${seconds} s`}; ${kept.charAt(0).toLowerCase()}${kept.slice(1)}`;
    }
    case 'stopped':
      return error
        ? 'Sync has stopped. Nothing is lost: what you do is kept here.'
        : 'You paused sync. What you do is kept here until you go on.';
  }
}

/** What a person can do about an error of sync, beyond its own words; null: its words are enough. */
export function whatToDo({ error }: SyncStatus): 'sign in' | 'ask' | 'update' | null {
  switch (error?.code) {
    case 'SignInNeeded':
      return 'sign in';
    case 'NoAccess':
    case 'NoWriteAccess':
      return 'ask';
    case 'NotSupportedError':
      return 'update';
    default:
      return null;
  }
}

export const lastSyncWords = (at: number | null): string =>
  at === null ? 'never yet' : ago(new Date(at).toISOString());

const KINDS: { kind: Attention['kind']; title: string; about: string }[] = [
  {
    kind: 'rejected',
    title: 'Not taken by the server',
    about:
      'These changes of yours are on this device alone. Fix them on a branch and send them again, or discard them.',
  },
  {
    kind: 'conflict',
    title: 'Changed by several people at once',
    about:
      'Neither had seen the other’s value. One of them is shown meanwhile; choose the one that is right.',
  },
  {
    kind: 'kept out',
    title: 'Kept out',
    about:
      'These came in but cannot stand in the tables beside what is there. They are kept and come in when that changes.',
  },
  {
    kind: 'newer',
    title: 'From a newer version of Loam',
    about: 'They are kept as they came and are shown after an update.',
  },
];

export interface AttentionGroup<K extends Attention['kind'] = Attention['kind']> {
  kind: K;
  title: string;
  about: string;
  entries: Attention[];
}

/** Entries by what is to be done with them, most urgent first; groups without entries are left out. */
export const attentionGroups = (entries: readonly Attention[]): AttentionGroup[] =>
  KINDS.map((group) => ({ ...group, entries: entries.filter(({ kind }) => kind === group.kind) })).filter(
    (group) => group.entries.length > 0,
  );

/** Letters for a face: of the first and the last name, else the first two of the handle. */
export function initials({ name, handle }: { name: string; handle: string }): string {
  const parts = name.trim().split(/\s+/).filter(Boolean);
  const letters = parts.length > 1 ? [parts[0], parts.at(-1)] : [];
  const text = letters.map((part) => [...(part ?? '')][0] ?? '').join('');
  return (text || [...(handle || name)].slice(0, 2).join('')).toUpperCase();
}
