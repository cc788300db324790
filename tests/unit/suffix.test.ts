// The canonical suffix against answers that LaminDB 2.12.1 itself gave for the same names (suffix-facts.json).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { agreedSuffix, suffixOf } from '../../src/lib/engine/suffix.ts';

const cases = JSON.parse(readFileSync(new URL('../fixtures/suffix-facts.json', import.meta.url), 'utf8')) as [
  name: string,
  canonical: string,
  raw: string,
][];

describe('canonical suffix', () => {
  it.each(cases)('%s', (name, canonical, raw) => {
    expect(suffixOf(name)).toEqual({ canonical, raw });
  });

  it.each([
    ['data/sample.csv', '.csv'],
    ['data/sample.CSV.GZ', '.csv.gz'],
    ['filename.h5ad.tar.xz', '.h5ad.tar.xz'],
    ['x.anndata.zarr', '.anndata.zarr'],
    ['x.vitessce.json', '.vitessce.json'],
    ['image.ome.tif', '.tif'],
    ['run.2022_07_03_txt', ''],
    ['README', ''],
  ])('%s is stored as "%s"', (name, suffix) => {
    expect(suffixOf(name).canonical).toBe(suffix);
  });

  it('refuses a key whose ending differs from that of the file, known or not', () => {
    expect(agreedSuffix('a/b.csv', 'c.csv')).toBe('.csv');
    expect(agreedSuffix(null, 'c.h5ad')).toBe('.h5ad');
    expect(agreedSuffix('a/b.xyz', 'c.XYZ')).toBe('');
    for (const [key, file] of [
      ['a.csv', 'a.tsv'],
      ['a.xyz', 'a.abc'],
      ['a', 'a.csv'],
    ] as const) {
      let error: unknown;
      try {
        agreedSuffix(key, file);
      } catch (caught) {
        error = caught;
      }
      expect(isLoamError(error, 'InvalidArgument')).toBe(true);
      expect(String(error)).toContain(key);
    }
  });
});
