// What is said of a branch: how much it has and lacks, when its parent has left it behind, and a name that is free.
import { expect, test } from 'vitest';
import { staleWords, standing, suggestedName } from '../../src/lib/client/branch-words.ts';
import type { BranchRow } from '../../src/lib/workers/wire.ts';

const now = Date.parse('2026-11-27T12:00:00Z');
const branch = (given: Partial<BranchRow>): BranchRow => ({
  uid: 'b1',
  name: 'try',
  description: null,
  status: 'draft',
  current: false,
  main: false,
  parent: { uid: 'main', name: 'main' },
  by: 'anna',
  createdAt: '2026-11-06T12:00:00Z',
  forkedAt: '2026-11-06T12:00:00Z',
  ahead: 0,
  behind: 0,
  ...given,
});

test('[row 66] a branch says how stale it is once that matters, and not before', () => {
  expect(staleWords(branch({ behind: 12 }), now)).toBe('12 behind, forked 3 weeks ago');
  expect(staleWords(branch({ behind: 3 }), now)).toBe('3 behind, forked 3 weeks ago');
  expect(staleWords(branch({ behind: 12, forkedAt: '2026-11-26T12:00:00Z' }), now)).toBe(
    '12 behind, forked yesterday',
  );
  for (const fresh of [
    branch({ behind: 0 }),
    branch({ behind: 9, forkedAt: '2026-11-26T12:00:00Z' }),
    branch({ behind: 12, status: 'merged' }),
    branch({ behind: 12, status: 'closed' }),
  ])
    expect(staleWords(fresh, now)).toBeNull();
});

test('what a branch has and lacks', () => {
  expect(standing(branch({}))).toBe('no changes yet');
  expect(standing(branch({ ahead: 1, behind: 2 }))).toBe('1 change, 2 behind main');
  expect(standing(branch({ ahead: 1200 }))).toBe('1,200 changes');
});

test('a new branch has a name that none has yet', () => {
  const day = new Date(now);
  expect(suggestedName('anonymous', ['main'], day)).toBe('changes-27-nov');
  expect(suggestedName('anna', ['main', 'Anna-27-Nov', 'anna-27-nov-2'], day)).toBe('anna-27-nov-3');
});
