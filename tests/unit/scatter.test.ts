// Points on a canvas: what a frame shows, what lies under the pointer and inside a line, colours that mean their values.
import { describe, expect, it } from 'vitest';
import { paintCells } from '../../src/lib/client/cell-paint.ts';
import { missingColour, pixelOf, scaleColour } from '../../src/lib/client/palettes.ts';
import { drawPoints, fitCamera, gridOf, inside, nearest, zoomAt } from '../../src/lib/client/scatter.ts';

const points = {
  x: Float32Array.from([0, 10, 5, NaN, 1e3 * 0]),
  y: Float32Array.from([0, 10, 5, 1, Infinity]),
};

describe('points on a canvas', () => {
  it('all that are finite fit, and those that are not are left out', () => {
    const camera = fitCamera(points, 100, 100);
    expect(camera).toMatchObject({ x: 5, y: 5 });
    const pixels = new Uint32Array(100 * 100);
    const paint = Uint32Array.from([1, 2, 3, 4, 5]);
    const frame = { pixels, width: 100, height: 100, camera, radius: 0.5, order: null, faded: 9 };
    drawPoints(points, { ...frame, paint, chosen: null });
    expect([...pixels].filter((one) => one !== 0).sort()).toEqual([1, 2, 3]);
    // The lowest is drawn at the bottom.
    expect(pixels.indexOf(1)).toBeGreaterThan(pixels.indexOf(2));
    drawPoints(points, { ...frame, paint, chosen: Uint8Array.from([0, 1, 0, 0, 0]) });
    expect([...pixels].filter((one) => one !== 0).sort()).toEqual([2, 9, 9]);
    expect(fitCamera({ x: Float32Array.from([NaN]), y: Float32Array.from([1]) }, 9, 9)).toEqual({
      x: 0,
      y: 0,
      scale: 1,
    });
  });

  it('zooming keeps the place under the pointer', () => {
    const before = fitCamera(points, 200, 100);
    const after = zoomAt(before, 3, 30, 20, 200, 100);
    const placeOf = (camera: typeof before): number[] => [
      camera.x + (30 - 100) / camera.scale,
      camera.y - (20 - 50) / camera.scale,
    ];
    placeOf(after).forEach((one, i) => expect(one).toBeCloseTo(placeOf(before)[i] as number, 9));
  });

  it('the nearest point is the one that looking at all of them finds', () => {
    const many = { x: new Float32Array(5000), y: new Float32Array(5000) };
    let seed = 7;
    const next = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    for (let i = 0; i < 5000; i++) [many.x[i], many.y[i]] = [next() * 10, next() * 3];
    const grid = gridOf(many);
    for (let k = 0; k < 200; k++) {
      const [at, up] = [next() * 10, next() * 3];
      let [best, wanted] = [0.04, null as number | null];
      for (let i = 0; i < 5000; i++) {
        const distance = ((many.x[i] as number) - at) ** 2 + ((many.y[i] as number) - up) ** 2;
        if (distance <= best) [best, wanted] = [distance, i];
      }
      expect(nearest(many, grid, at, up, 0.2)).toBe(wanted);
    }
    expect(nearest(many, grid, 100, 100, 1)).toBeNull();
  });

  it('a line round points holds those inside it, dents left out', () => {
    const line: [number, number][] = [
      [-1, -1],
      [11, -1],
      [11, 11],
      [6, 4],
      [-1, 11],
    ];
    expect([...inside(points, line)]).toEqual([0]);
    expect([
      ...inside(points, [
        [-1, -1],
        [11, -1],
        [11, 11],
        [-1, 11],
      ]),
    ]).toEqual([0, 1, 2]);
  });

  it('high values are drawn last in bright colours, missing ones first in grey', () => {
    const values = Float32Array.from([5, NaN, 0, 10, 99]);
    const range = { least: 0, most: 99, low: 0, high: 10 };
    const { paint, order } = paintCells(
      { kind: 'numbers', values, range, missing: 1, read: 0 },
      5,
      false,
      false,
    );
    expect([...(order ?? [])]).toEqual([1, 2, 0, 3, 4]);
    expect(paint[1]).toBe(pixelOf(missingColour(false)));
    expect(paint[2]).toBe(pixelOf(scaleColour(0, false)));
    expect(paint[3]).toBe(paint[4]);
    const codes = Int32Array.from([0, -1, 1]);
    const given = {
      kind: 'categories' as const,
      codes,
      names: ['a', 'b'],
      of: 2,
      colours: ['#010203', '#ff0000'],
      read: 0,
    };
    expect(paintCells(given, 3, true, true).paint[0]).toBe(0xff030201);
    expect([...(paintCells(given, 3, true, false).order ?? [])]).toEqual([1, 0, 2]);
  });
});
