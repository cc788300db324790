// A list of ten million rows in an element that a browser can hold.
import { expect, it } from 'vitest';
import { barFor, CAP, elementHeight, movedShift, restingShift } from '../../src/lib/client/tall-scroll.ts';

const tall = { total: 280_000_000, view: 500 };

it('small lists are as they are', () => {
  const small = { total: 5000, view: 500 };
  expect([
    elementHeight(small),
    restingShift(small, 700),
    movedShift(small, 0, 0, 4500),
    barFor(small, 9e9),
  ]).toEqual([...[5000, 0, 0, 4500]]);
});

it('the ends of the bar are the ends of the list, and every row can be reached', () => {
  expect(elementHeight(tall)).toBe(CAP);
  const last = CAP - tall.view;
  expect(last + restingShift(tall, last)).toBeCloseTo(tall.total - tall.view, 3);
  expect(restingShift(tall, 0)).toBe(0);
  for (const row of [0, 1, 5_000_000, 9_999_982]) {
    const bar = barFor(tall, row * 28);
    expect(bar + restingShift(tall, bar)).toBeCloseTo(Math.min(row * 28, tall.total - tall.view), 3);
  }
});

it('a turn of the wheel moves by its pixels, the handle by shares, and neither leaves the list', () => {
  const shift = restingShift(tall, 1000);
  expect(movedShift(tall, shift, 1000, 1100)).toBe(shift);
  expect(4_000_000 + movedShift(tall, shift, 1000, 4_000_000)).toBeCloseTo(
    (tall.total - 500) * (4_000_000 / (CAP - 500)),
    3,
  );
  // Before the first row there is none.
  expect(100 + movedShift(tall, -150, 200, 100)).toBe(0);
});
