// The count behind the storage meter: equal to a look at every file after any sequence of changes, without that look.
import { describe, expect, it, vi } from 'vitest';
import { countedBlobs } from '../../src/lib/engine/held-bytes.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { bytesSource } from '../../src/lib/storage/blob/keys.ts';

const bytes = (n: number) => new Uint8Array(n);
const source = (n: number) => bytesSource(bytes(n));

describe('held bytes', () => {
  it('are counted once and then kept count of', async () => {
    const store = createMemoryBlobs({ capacity: 10_000 });
    const looks = vi.spyOn(store, 'keys');
    const counted = countedBlobs(store);
    const truth = async () => (await store.keys()).reduce((sum, { size }) => sum + size, 0);
    await counted.put([{ key: 'a', bytes: bytes(5) }]);
    expect(await counted.held()).toBe(5);
    expect(looks).toHaveBeenCalledTimes(1);

    await counted.put(['b', 'c'].map((key) => ({ key, bytes: bytes(10) })));
    await counted.stage('one', '', source(100));
    await counted.commit('one', 'd');
    for (const [path, n] of [
      ['x/1', 3],
      ['x/2', 4],
      ['x/2', 6],
    ] as const)
      await counted.stage('two', path, source(n));
    await counted.commit('two', 'folder');
    await counted.stage('three', '', source(50));
    await counted.discard('three');
    expect(await counted.held()).toBe(134);
    await counted.stage('four', '', source(70));
    await counted.commit('four', 'd'); // replaces
    await counted.remove('b');
    await counted.remove('folder');
    await counted.remove('never there');
    expect(await counted.held()).toBe(85);
    expect(looks).toHaveBeenCalledTimes(1);
    expect(await truth()).toBe(85);
  });

  it('are counted again after a change that failed, and after bytes of an earlier session', async () => {
    const store = createMemoryBlobs({ capacity: 100 });
    const counted = countedBlobs(store);
    expect(await counted.held()).toBe(0);
    const files = [60, 60, 10].map((n, i) => ({ key: `k${i}`, bytes: bytes(n) }));
    await expect(counted.put(files)).rejects.toMatchObject({ code: 'StorageFull' });
    expect(await counted.held()).toBe(70);
    await store.stage('old', '', source(20));
    await counted.commit('old', 'k9');
    expect(await counted.held()).toBe(90);
  });

  it('a count that a change overtakes is told but not kept', async () => {
    const store = createMemoryBlobs();
    const counted = countedBlobs(store);
    const first = counted.held();
    await counted.put([{ key: 'a', bytes: bytes(5) }]);
    await first;
    expect(await counted.held()).toBe(5);
  });
});
