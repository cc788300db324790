// Fixed copies of h5ad files, read by Python's anndata: in both layouts that h5py writes, everything but the fixes is the same.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fix } from '../../src/lib/engine/curate/fixes.ts';
import { fixedHdf5 } from '../../src/lib/formats/curate/fixed-hdf5.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { python, pythonInstance, whyNot } from './python.ts';

const make = `
import anndata as ad, h5py, numpy as np, pandas as pd, sys
n = 50
a = ad.AnnData(np.arange(n * 3, dtype='f4').reshape(n, 3),
    obs=pd.DataFrame({'cell_type': pd.Categorical(['NK cell', 'T cell', 'T-cell', None, 'B cell'] * 10),
                      'batch': ['x', 'y'] * 25, 'good': [True, False] * 25, 'pct': np.arange(n) / 8},
                     index=[f'c{i}' for i in range(n)]),
    var=pd.DataFrame({'symbol': ['a', 'b', 'c']}, index=['g1', 'g2', 'g3']))
a.obsm['X_pca'] = np.ones((n, 2)); a.uns['study'] = {'lab': 'A', 'n': 3}; a.layers['raw'] = a.X * 2
a.write_h5ad('old.h5ad', compression='gzip')
with h5py.File('old.h5ad') as f, h5py.File('new.h5ad', 'w', libver='latest') as g:
    for k in f: f.copy(k, g)
    for k, v in f.attrs.items(): g.attrs[k] = v
`;
const compare = `
import anndata as ad, json, numpy as np, sys
for name in ['old', 'new']:
    a, b = ad.read_h5ad(f'{name}.h5ad'), ad.read_h5ad(f'{name}.fixed.h5ad')
    assert (a.X == b.X).all() and (a.obsm['X_pca'] == b.obsm['X_pca']).all() and (a.layers['raw'] == b.layers['raw']).all()
    assert a.var.equals(b.var) and a.uns['study'] == b.uns['study'] and (a.obs_names == b.obs_names).all()
    assert list(b.obs) == ['cell_type', 'lot', 'good'], list(b.obs)
    assert (a.obs['good'] == b.obs['good']).all() and (a.obs['batch'] == b.obs['lot']).all()
    assert list(b.obs['cell_type'].cat.categories) == ['B cell', 'natural killer cell', 'T cell', 'unknown']
    want = a.obs['cell_type'].astype(object).replace({'NK cell': 'natural killer cell', 'T-cell': 'T cell'}).fillna('unknown')
    assert (want == b.obs['cell_type'].astype(object)).all()
    b.write_h5ad(f'{name}.again.h5ad')
print('same')
`;
const obs = { slot: 'obs', column: 'cell_type' };
const fixes: Fix[] = [
  { ...obs, kind: 'map', values: { 'NK cell': 'natural killer cell', 'T-cell': 'T cell' } },
  { ...obs, kind: 'fill', value: 'unknown' },
  { ...obs, column: 'batch', kind: 'rename', to: 'lot' },
  { ...obs, column: 'pct', kind: 'drop' },
];

describe.skipIf(python === null)(`fixed h5ad${whyNot}`, () => {
  it('[row 44] anndata reads the fixes and finds nothing else changed, in files of old and new layout', async () => {
    const instance = pythonInstance({ init: false });
    instance.run(make);
    const layouts: number[] = [];
    for (const name of ['old', 'new']) {
      const bytes = new Uint8Array(readFileSync(join(instance.folder, `${name}.h5ad`)));
      layouts.push(bytes[8] ?? -1);
      writeFileSync(join(instance.folder, `${name}.fixed.h5ad`), await fixedHdf5(bufferSource(bytes), fixes));
    }
    expect(layouts).toEqual([0, 3]);
    expect(instance.run(compare)).toContain('same');
  });
});
