// Fixes of an h5ad: obs is written anew, everything else keeps its bytes, and the copy reads and validates by itself.
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Fix } from '../../src/lib/engine/curate/fixes.ts';
import { fixedHdf5 } from '../../src/lib/formats/curate/fixed-hdf5.ts';
import { lookup3, nameRoot } from '../../src/lib/formats/curate/hdf5-root.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { withHdf5 } from '../../src/lib/formats/hdf5-file.ts';
import { allValues } from '../../src/lib/formats/tree.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { h5adBytes } from '../fixtures/write-h5ad.ts';

const cells = ['NK cell', 'T cell', 'T-cell', 'B cell'];
const file = () =>
  h5adBytes({
    obsNames: Array.from({ length: 40 }, (_, i) => `cell-${i}`),
    varNames: ['ENSG00000153563', 'ENSG00000010610'],
    category: { name: 'cell_type', categories: cells, codes: Array.from({ length: 40 }, (_, i) => i % 4) },
    number: { name: 'pct_mt', values: Array.from({ length: 40 }, (_, i) => i / 8) },
  });
const obs = { slot: 'obs' };
const fixes: Fix[] = [
  {
    ...obs,
    kind: 'map',
    column: 'cell_type',
    values: { 'NK cell': 'natural killer cell', 'T-cell': 'T cell' },
  },
  { ...obs, kind: 'rename', column: 'pct_mt', to: 'percent_mito' },
];

async function obsOf(bytes: Uint8Array) {
  const ask = { slot: 'obs', transposed: false, namesOnly: false, index: 'values' as const };
  const columns = [0, 1].map((at) => ({ at, want: 'values' as const }));
  const { frames } = await readDataset(bufferSource(bytes), 'x.h5ad', [{ ...ask, columns }]);
  return frames[0];
}

describe('a fixed h5ad', () => {
  it('[row 44] has its categories joined, its columns renamed, and X as it was', async () => {
    const bytes = await file();
    const copy = await fixedHdf5(bufferSource(bytes), fixes);
    const frame = await obsOf(copy);
    expect(frame?.names).toEqual(['cell_type', 'percent_mito']);
    expect(frame?.columns[0]?.dtype).toBe('category');
    expect(frame?.columns[0]?.values?.map(({ text, count }) => [text, count])).toEqual([
      ['natural killer cell', 10],
      ['T cell', 20],
      ['B cell', 10],
    ]);
    expect(frame?.index?.values?.length).toBe(40);
    const x = (some: Uint8Array) =>
      withHdf5(bufferSource(some), async (root) => [
        await root.keys(),
        Array.from((await allValues((await root.get('X')) ?? root)) as ArrayLike<number>),
        root.attrs['encoding-type'],
      ]);
    expect(await x(copy)).toEqual(await x(bytes));
    // All that the original holds is there byte for byte, but for its first page and what links to the new root.
    let differ = 0;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== copy[i]) differ++;
    expect(differ).toBeLessThan(bytes.length / 10);
    if (process.env.LOAM_COPY) writeFileSync(process.env.LOAM_COPY, copy);
  });

  it('leaves columns out, empties values and fills empty ones', async () => {
    const copy = await fixedHdf5(bufferSource(await file()), [
      { ...obs, kind: 'map', column: 'cell_type', values: { 'NK cell': '' } },
      { ...obs, kind: 'drop', column: 'pct_mt' },
    ]);
    const emptied = await obsOf(copy);
    expect([emptied?.names, emptied?.columns[0]?.nulls]).toEqual([['cell_type'], 10]);
    const filled = await obsOf(
      await fixedHdf5(bufferSource(copy), [{ ...obs, kind: 'fill', column: 'cell_type', value: 'unknown' }]),
    );
    expect(filled?.columns[0]?.nulls).toBe(0);
    expect(filled?.columns[0]?.values?.map(({ text }) => text)).toContain('unknown');
  });

  it('[row 44] numbers are mended and converted, and names of variables and cells change', async () => {
    const source = bufferSource(await file());
    const column = 'pct_mt';
    const values = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [Number.isInteger(i / 8) ? `${i / 8}.0` : String(i / 8), '3']),
    );
    const whole: Fix[] = [
      { ...obs, kind: 'map', column, values },
      { ...obs, kind: 'cast', column, to: 'int' },
      {
        slot: 'var.T',
        column: 'var',
        index: true,
        kind: 'map',
        values: { ENSG00000010610: 'ENSG00000010611' },
      },
    ];
    const copy = await fixedHdf5(source, whole);
    const number = (await obsOf(copy))?.columns[1];
    expect([number?.dtype, number?.values?.map(({ text, count }) => [text, count])]).toEqual([
      'int64',
      [['3', 40]],
    ]);
    const ask = { slot: 'var', transposed: false, namesOnly: false, index: 'values' as const, columns: [] };
    const { frames } = await readDataset(bufferSource(copy), 'x.h5ad', [ask]);
    expect(frames[0]?.index?.values?.map(({ text }) => text)).toEqual(['ENSG00000153563', 'ENSG00000010611']);
    const emptied = await fixedHdf5(bufferSource(copy), [{ ...obs, kind: 'map', column, values: { 3: '' } }]);
    const gaps = (await obsOf(emptied))?.columns[1];
    expect([gaps?.dtype, gaps?.nulls]).toEqual(['float64', 40]);
    await expect(
      fixedHdf5(bufferSource(emptied), [{ ...obs, kind: 'cast', column, to: 'int' }]),
    ).rejects.toThrow(/Fill its empty cells first/);
    await expect(fixedHdf5(source, [{ ...obs, kind: 'cast', column, to: 'int' }])).rejects.toThrow(
      /are no whole number/,
    );
  });

  it('other slots and odd layouts are refused in words', async () => {
    const source = bufferSource(await file());
    await expect(fixedHdf5(source, [{ slot: 'uns:study', kind: 'drop', column: 'x' }])).rejects.toThrow(
      /obs and var can/,
    );
    expect(() => nameRoot(new Uint8Array(100), new Uint8Array(8))).toThrow(/laid out in a way/);
  });

  it('sums as HDF5 does (from Jenkins’ own examples)', () => {
    expect(lookup3(new Uint8Array(0))).toBe(0xdeadbeef);
    expect(lookup3(new TextEncoder().encode('Four score and seven years ago'))).toBe(0x17770551);
  });
});
