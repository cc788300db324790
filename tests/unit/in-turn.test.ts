// Reads that give way: a burst of questions is answered in the order of what they cost, not of how they were asked.
import { expect, it } from 'vitest';
import { all, runInTurn, type Steps } from '../../src/lib/engine/statement.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { nextTask } from '../../src/lib/workers/serve.ts';

it('lets what was asked in the same breath go first, and waits between statements once they take long', async () => {
  const driver = await openMemory();
  let now = 0;
  const done: string[] = [];
  const breaths: string[] = [];
  function* count(): Steps<number> {
    let sum = 0;
    for (let i = 1; i <= 3; i++) {
      const [row] = yield* all('SELECT ?', [i]);
      done.push(`facet ${i}`);
      sum += Number(row?.[0]);
      now += 8; // a turn is 10 ms: the third statement waits
    }
    return sum;
  }
  const breathe = () => {
    breaths.push(done.at(-1) ?? 'start');
    return nextTask();
  };
  const facet = runInTurn(driver, count(), () => now, breathe);
  done.push('rows');
  expect(await facet).toBe(6);
  expect(done).toEqual(['rows', 'facet 1', 'facet 2', 'facet 3']);
  expect(breaths).toEqual(['start', 'facet 2']);
  driver.close();
});
