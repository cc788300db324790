// Presence in the worker: tabs say where they are, others are heard of, and what a stranger says is looked at.
import { expect, it } from 'vitest';
import { readRoomMessage, type PresenceState } from '../../src/lib/engine/rooms/messages.ts';
import { createWorkerPresence, forgetAfter } from '../../src/lib/workers/presence.ts';

const said = (bytes: Uint8Array | null): PresenceState[] => {
  const message = bytes && readRoomMessage(bytes);
  return message?.kind === 'presence' ? message.states : [];
};
const ada = { uid: 'Ada00001', handle: 'ada', name: 'Ada', color: '#aa3311' };

it('[row 73] tabs of others are shown with who they are and where; older words and odd ones are not', () => {
  let now = 1_000_000;
  const presence = createWorkerPresence(() => now);
  expect(presence.heard([{ client: 1, clock: 5, state: { user: ada, where: '/artifacts/x' } }])).toBe(true);
  expect(presence.list()).toEqual([
    { account: 'Ada00001', handle: 'ada', name: 'Ada', where: '/artifacts/x', color: '#aa3311' },
  ]);
  expect(presence.heard([{ client: 1, clock: 4, state: null }])).toBe(false);
  expect(presence.heard([{ client: 1, clock: 6, state: { user: ada, where: '/artifacts/x' } }])).toBe(false);
  for (const where of ['//evil.example', 'https://evil.example', 'javascript:1', 7])
    presence.heard([{ client: 2, clock: now++, state: { user: { ...ada, color: 'url(x)' }, where } }]);
  expect(presence.list().at(-1)).toMatchObject({ where: null, color: '#555555' });
  presence.heard([{ client: 2, clock: now++, state: { where: '/' } }]);
  expect(presence.heard([{ client: 1, clock: 7, state: null }])).toBe(true);
  expect(presence.list()).toEqual([]);
});

it('own tabs are told again to a new connection, unless they have been silent', () => {
  let now = 1_000_000;
  const presence = createWorkerPresence(() => now);
  const [first] = said(presence.say(7, '/a'));
  const [second] = said(presence.say(8, '/b'));
  expect(second?.clock).toBeGreaterThan(first?.clock ?? 0);
  expect(said(presence.own())).toMatchObject([{ client: 7, state: { where: '/a' } }, { client: 8 }]);
  // The server gives one's own words back.
  expect(presence.heard([{ client: 7, clock: 9e8, state: { user: ada, where: '/a' } }])).toBe(false);
  expect(said(presence.say(7, null))).toMatchObject([{ client: 7, state: null }]);
  now += forgetAfter + 1;
  expect(presence.own()).toBeNull();
});
