// Idle work: only when it is quiet, slice by slice, the checkpoint last, and never in the way of an export.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createTidy } from '../../src/lib/workers/tidy.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function idle(slices: number) {
  const did: string[] = [];
  const driver = { reading: false, inTransaction: false, exec: (sql: string) => void did.push(sql) };
  let left = slices;
  const repack = () => {
    if (left > 0) did.push('slice');
    return left-- > 0 ? 500 : 0;
  };
  return { did, driver, changed: createTidy(driver, repack) };
}
const checkpoint = 'PRAGMA wal_checkpoint(TRUNCATE)';

it('waits until nothing has changed for five seconds, repacks slice by slice, then cuts the WAL file', () => {
  const { did, changed } = idle(3);
  changed();
  vi.advanceTimersByTime(4_000);
  changed();
  vi.advanceTimersByTime(4_999);
  expect(did).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(did).toEqual(['slice']);
  vi.advanceTimersByTime(200);
  expect(did).toEqual(['slice', 'slice']);
  // A change in between: everything waits again.
  changed();
  vi.advanceTimersByTime(4_999);
  expect(did.length).toBe(2);
  vi.advanceTimersByTime(1_000);
  expect(did).toEqual(['slice', 'slice', 'slice', checkpoint]);
  vi.advanceTimersByTime(60_000);
  expect(did.length).toBe(4);
});

it('leaves a database alone that is being exported, and comes back', () => {
  const { did, driver, changed } = idle(1);
  driver.reading = true;
  changed();
  vi.advanceTimersByTime(12_000);
  expect(did).toEqual([]);
  driver.reading = false;
  vi.advanceTimersByTime(5_500);
  expect(did).toEqual(['slice', checkpoint]);
});

it('that fails to repack still cuts the WAL file and says why', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { did, driver } = idle(0);
  const changed = createTidy(driver, () => {
    throw new Error('disk full');
  });
  changed();
  vi.advanceTimersByTime(5_000);
  expect(did).toEqual([checkpoint]);
  expect(warn).toHaveBeenCalledOnce();
});
