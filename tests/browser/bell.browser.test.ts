// The leading worker's bell: rung by removing its file, also in the very moment in which it is hung.
import { afterEach, describe, expect, it } from 'vitest';
import { ring } from '../../src/lib/client/bell.ts';
import type { Order } from './bell.worker.ts';

let worker: Worker;
const start = () => (worker = new Worker(new URL('./bell.worker.ts', import.meta.url), { type: 'module' }));
const tell = (order: Order) =>
  new Promise<unknown>((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage(order);
  });
afterEach(() => worker.terminate());

describe('the bell', () => {
  it('is heard once for each ring, and only when it was hung', async () => {
    start();
    expect(await tell('rung')).toBe(false);
    for (let i = 0; i < 3; i++) {
      await tell('hang');
      expect(await tell('rung')).toBe(false);
      await ring();
      expect(await tell('rung')).toBe(true);
      expect(await tell('rung')).toBe(false);
    }
  });

  it('hangs after rings that came while it was hung, so that the next one is heard', async () => {
    start();
    await tell({ ringInside: 3 });
    await tell('hang');
    expect(await tell('rung')).toBe(false);
    await ring();
    expect(await tell('rung')).toBe(true);
  });

  it('counts as rung while one statement hangs it again, so that another gives way too', async () => {
    start();
    expect(await tell('hangUnawaited')).toBe(true);
    await tell('hang');
    expect(await tell('rung')).toBe(false);
  });

  it('gives up where it can never hang, and is silent', async () => {
    start();
    await tell({ ringInside: 1000 });
    await tell('hang');
    expect(await tell('rung')).toBe(false);
  });
});
