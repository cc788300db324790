import { describe, expect, test } from 'vitest';
import {
  attentionGroups,
  initials,
  lastSyncWords,
  stateSentence,
  syncWords,
  whatToDo,
} from '$lib/client/sync-words.ts';
import { detailWords, eventWords } from '$lib/client/audit-words.ts';
import type { Attention, SyncStatus } from '$lib/workers/sync-wire.ts';

export const status = (given: Partial<SyncStatus> = {}): SyncStatus => ({
  ...{ state: 'live', server: 'https://loam.example.org', instance: { uid: 'i', name: 'Lab 12' } },
  ...{ account: { uid: 'a', handle: 'ada' }, role: 'write', pending: 0, waiting: 0, lastSync: 0 },
  ...{ attention: 0, retryAt: null, error: null },
  ...given,
});
const error = (code: 'SignInNeeded' | 'NoAccess' | 'NotSupportedError' | 'InternalError') => ({
  ...{ code, message: 'Why.', details: {} },
});

describe('[row 71] sync in words', () => {
  test.each<[Partial<SyncStatus>, string | null]>([
    [{ state: 'off', pending: 3 }, null],
    [{}, 'Synced'],
    [{ pending: 1 }, '1 change waiting'],
    [{ pending: 1200 }, '1,200 changes waiting'],
    [{ state: 'connecting' }, 'Connecting…'],
    [{ state: 'connecting', pending: 2 }, 'Connecting, 2 changes to send'],
    [{ state: 'catching up' }, 'Catching up…'],
    [{ state: 'offline', pending: 12 }, 'Offline – 12 changes kept here'],
    [{ state: 'offline' }, 'Offline'],
    [{ state: 'stopped' }, 'Sync paused'],
    [{ state: 'stopped', pending: 1, error: error('NoAccess') }, 'Sync stopped – 1 change kept here'],
    [{ attention: 2, pending: 4 }, 'Needs attention: 2'],
  ])('%o', (given, words) => {
    expect(syncWords(status(given))?.words ?? null).toBe(words);
  });

  test('nothing is said before the engine has answered', () => expect(syncWords(null)).toBe(null));

  test('the sentence tells when it is tried again, and what an error asks for', () => {
    expect(stateSentence(status({ state: 'offline', pending: 2, retryAt: 9_000 }), 1_000)).toBe(
      'No connection to the server. It is tried again in 8 s; 2 changes made here will be sent then.',
    );
    expect(stateSentence(status({ state: 'offline' }))).toContain('tried again when you are online');
    expect(whatToDo(status({ error: error('SignInNeeded') }))).toBe('sign in');
    expect(whatToDo(status({ error: error('NoAccess') }))).toBe('ask');
    expect(whatToDo(status({ error: error('NotSupportedError') }))).toBe('update');
    expect(whatToDo(status({ error: error('InternalError') }))).toBe(null);
    expect(lastSyncWords(null)).toBe('never yet');
  });

  test('the tray is sorted by what is to be done, and says nothing of what there is not', () => {
    const entries: Attention[] = [
      { kind: 'newer', records: 2, reason: 'r' },
      { kind: 'kept out', registry: 'ULabel', uid: 'u', name: 'T', field: null, reason: 'r' },
      { kind: 'rejected', act: 'a', title: 't', reason: 'r', at: 0, changes: [] },
    ];
    expect(attentionGroups(entries).map(({ kind, entries: own }) => [kind, own.length])).toEqual([
      ['rejected', 1],
      ['kept out', 1],
      ['newer', 1],
    ]);
    expect(attentionGroups([])).toEqual([]);
  });

  test('letters of faces', () => {
    expect(initials({ name: 'Ada Lovelace King', handle: 'ada' })).toBe('AK');
    expect(initials({ name: 'Plato', handle: 'plato' })).toBe('PL');
    expect(initials({ name: '', handle: 'x' })).toBe('X');
    expect(initials({ name: 'Ľuba Šťastná', handle: 'l' })).toBe('ĽŠ');
  });
});

test('[row 111] entries of the server’s log in words, also of events that this version does not know', () => {
  expect(eventWords('right.given')).toBe('gave a right to write');
  expect(eventWords('record.taken-in')).toBe('record taken in');
  expect(detailWords({ details: '{"role":"write","hours":168,"bound":false,"note":null}' })).toBe(
    'role write, hours 168',
  );
  expect(detailWords({ details: '{"spaces":["a","b"],"everywhere":true}' })).toBe('spaces a, b, everywhere');
  const right = { details: '{"kind":"branch","place":"mmmmmmmmmmmm"}' };
  expect(detailWords(right, () => 'main')).toBe('branch main');
  expect(detailWords(right)).toBe('branch mmmmmmmmmmmm');
  expect(detailWords({ details: 'not json' })).toBe('not json');
});
