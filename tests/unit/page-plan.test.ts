// Plans for pages of long lists: whatever is known of the list, the plan leads to exactly the rows asked for.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMarks } from '../../src/lib/client/page-plan.ts';
import type { Cursor, PageSpec } from '../../src/lib/workers/wire.ts';

const cursor = (index: number): Cursor => [index, index];
/** What the engine does with a plan on a list of the rows 0, 1, 2 … */
function answer(total: number, { after, backwards, skip = 0, limit }: PageSpec): number[] {
  const rows = Array.from({ length: total }, (_, i) => i);
  const from = after?.[1];
  if (!backwards) return rows.slice((from ?? -1) + 1 + skip).slice(0, limit);
  const end = (from ?? total) - skip;
  return rows.slice(Math.max(0, end - limit), Math.max(0, end));
}

describe('plans', () => {
  it('[row 11] lead to the rows asked for from any marks, forwards and backwards', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 }),
        fc.array(fc.integer({ min: 0, max: 299 }), { maxLength: 20 }),
        fc.integer({ min: 0, max: 310 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (total, known, start, limit, counted) => {
          const marks = createMarks();
          for (const index of known) if (index < total) marks.add(index, cursor(index));
          const plan = marks.plan(start, limit, counted ? total : null);
          const wanted = Array.from({ length: total }, (_, i) => i).slice(start, start + limit);
          expect(answer(total, plan)).toEqual(wanted);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('skip little: the end is near from the end, and a page is near after its neighbour', () => {
    const marks = createMarks();
    expect(marks.plan(999_900, 100, 1_000_000)).toEqual({
      after: null,
      skip: 0,
      limit: 100,
      backwards: true,
    });
    marks.add(499_999, cursor(499_999));
    expect(marks.plan(500_000, 100, 1_000_000)).toEqual({ after: cursor(499_999), skip: 0, limit: 100 });
    expect(marks.plan(499_800, 100, 1_000_000)).toMatchObject({ backwards: true, skip: 99 });
    marks.clear();
    expect(marks.plan(500, 100, null)).toEqual({ after: null, skip: 500, limit: 100 });
  });
});
