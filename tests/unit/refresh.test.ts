// When screens ask again: often enough to be right, not so often that a slow answer never arrives.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRefresher } from '../../src/lib/client/refresh.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A question that takes `ms`; tells when each was asked. */
function question(ms: number) {
  const asked: number[] = [];
  const start = performance.now();
  const run = () => {
    asked.push(Math.round(performance.now() - start));
    return new Promise<void>((done) => setTimeout(done, ms));
  };
  return { asked, run };
}

describe('a screen asks again', () => {
  it('once for wishes that come together, and then at most twice a second', async () => {
    const { asked, run } = question(1);
    const refresher = createRefresher(run);
    for (let i = 0; i < 5; i++) refresher.wish();
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual([30]);
    for (let i = 0; i < 20; i++) {
      refresher.wish();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(asked.slice(0, 4)).toEqual([30, 530, 1030, 1530]);
  });

  it('after the answer it waits for, however slow that is: each answer is used and the last wish is kept', async () => {
    const { asked, run } = question(900);
    const refresher = createRefresher(run);
    // A long act tells of a slice every 40 ms for two seconds.
    for (let i = 0; i < 50; i++) {
      refresher.wish();
      await vi.advanceTimersByTimeAsync(40);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    // Never while an answer is on its way; once more after the last wish, and then no more.
    expect(asked).toEqual([30, 960, 1890, 2820].slice(0, asked.length));
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.at(-1)).toBeGreaterThanOrEqual(1890);
  });

  it('while an act goes on, a slow question is asked seldom, and at once when the act has ended', async () => {
    const slow = question(200);
    const quick = question(2);
    const refreshers = [slow, quick].map(({ run }) => createRefresher(run));
    for (let i = 0; i < 200; i++) {
      for (const refresher of refreshers) refresher.wish(true);
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(slow.asked).toEqual([30, 4030, 8030]);
    expect(quick.asked.length).toBeGreaterThanOrEqual(19);
    for (const refresher of refreshers) refresher.wish(false);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(slow.asked).toEqual([30, 4030, 8030, 10_030]);
  });

  it('a question known to be slow waits for a while even the first time', async () => {
    const { asked, run } = question(200);
    const refresher = createRefresher(run, undefined, () => 300);
    refresher.wish(true);
    await vi.advanceTimersByTimeAsync(599);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(10);
    expect(asked).toEqual([600]);
    refresher.wish();
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toEqual([600, 1100]);
  });

  it('goes on after a failure, and not at all once it is stopped', async () => {
    let runs = 0;
    const refresher = createRefresher(() => {
      runs += 1;
      return Promise.reject(new Error('no'));
    });
    refresher.wish();
    await vi.advanceTimersByTimeAsync(50);
    refresher.wish();
    await vi.advanceTimersByTimeAsync(1000);
    expect(runs).toBe(2);
    refresher.wish();
    refresher.stop();
    refresher.wish();
    await vi.advanceTimersByTimeAsync(5000);
    expect(runs).toBe(2);
  });
});
