// Fixed copies of Zarr stores, read by Python's anndata: in versions 2 and 3, with and without shards, everything but the fixes is
// the same, the consolidated descriptions tell the same as the nodes, and every object that no fix names is byte for byte the same.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fix } from '../../src/lib/engine/curate/fixes.ts';
import { fixedZarr } from '../../src/lib/formats/curate/fixed-zarr.ts';
import { folderStore } from '../../src/lib/formats/zarr-store.ts';
import { folderSource } from '../fixtures/sources.ts';
import { python, pythonInstance, whyNot } from './python.ts';

const make = `
import anndata as ad, numpy as np, pandas as pd, zarr
n = 5000
texts = [['x', 'y'][i % 2] for i in range(5000)]
a = ad.AnnData(np.arange(n * 3, dtype='f4').reshape(n, 3),
    obs=pd.DataFrame({'cell_type': pd.Categorical(['NK cell', 'T cell', 'T-cell', None, 'B cell'] * (n // 5)),
                      'batch': ['x', 'y'] * (n // 2), 'good': [True, False] * (n // 2), 'pct': np.arange(n) / 8,
                      'n': np.arange(n) * 1.0, 'code': [str(i) for i in range(n)]},
                     index=[f'c{i}' for i in range(n)]),
    var=pd.DataFrame({'symbol': ['a', 'b', 'c']}, index=['g1', 'g2', 'g3']))
a.obsm['X_pca'] = np.ones((n, 2)); a.uns['study'] = {'lab': 'A', 'n': 3}; a.layers['raw'] = a.X * 2
a.varm['more'] = pd.DataFrame({'k': [1, 2, 3]}, index=a.var_names)
for v in [2, 3]:
    ad.settings.zarr_write_format = v
    a.write_zarr(f'v{v}.zarr')
# Texts of one length, as older anndata wrote them, and shards.
g = zarr.open_group('v2.zarr', mode='a', use_consolidated=False)
del g['obs/batch']
g.create_array('obs/batch', data=np.array(texts, dtype='<U1'), chunks=(700,))
g['obs/batch'].attrs.update({'encoding-type': 'string-array', 'encoding-version': '0.2.0'})
zarr.consolidate_metadata('v2.zarr', zarr_format=2)
ad.settings.zarr_write_format = 3
a.write_zarr('sharded.zarr')
g = zarr.open_group('sharded.zarr', mode='a', use_consolidated=False)
for k in ['obs/cell_type/codes', 'obs/code', 'obs/n', 'obs/_index']:
    node = g[k]; data, attrs = node[:], dict(node.attrs)
    del g[k]
    kind = {} if data.dtype.kind not in 'OT' else {'dtype': 'string'}
    made = g.create_array(k, shape=data.shape, chunks=(500,), shards=(1500,), dtype=kind.get('dtype', data.dtype))
    made[:] = data; made.attrs.update(attrs)
zarr.consolidate_metadata('sharded.zarr')
`;
const compare = `
import anndata as ad, json, numpy as np, os, zarr, warnings
for name in ['v2', 'v3', 'sharded']:
    a, b = ad.read_zarr(f'{name}.zarr'), ad.read_zarr(f'{name}.fixed.zarr')
    assert (a.X == b.X).all() and (a.obsm['X_pca'] == b.obsm['X_pca']).all() and (a.layers['raw'] == b.layers['raw']).all()
    assert a.uns['study']['lab'] == b.uns['study']['lab'] and (a.obs_names == b.obs_names).all()
    assert list(b.var_names) == ['g1', 'gene 2', 'g3'], list(b.var_names)
    assert list(b.varm['more'].index) == list(b.var_names)
    assert list(b.var['symbol']) == ['a', 'b', 'c']
    assert list(b.obs) == ['cell_type', 'lot', 'good', 'n', 'code'], list(b.obs)
    assert (a.obs['good'] == b.obs['good']).all()
    assert (a.obs['batch'].astype(str).replace({'x': 'ex lot'}) == b.obs['lot'].astype(str)).all()
    assert set(b.obs['cell_type'].cat.categories) == {'B cell', 'natural killer cell', 'T cell', 'unknown'}
    want = a.obs['cell_type'].astype(object).replace({'NK cell': 'natural killer cell', 'T-cell': 'T cell'}).fillna('unknown')
    assert (want == b.obs['cell_type'].astype(object)).all()
    assert str(b.obs['n'].dtype) == 'int64' and b.obs['n'].iloc[0] == 7 and (b.obs['n'].iloc[1:] == a.obs['n'].iloc[1:]).all()
    assert str(b.obs['code'].dtype) == 'int64' and (b.obs['code'] == a.obs['code'].astype(int)).all()
    # What the consolidated description tells is what the nodes tell.
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        whole = zarr.open_group(f'{name}.fixed.zarr', mode='r', use_consolidated=True)
        plain = zarr.open_group(f'{name}.fixed.zarr', mode='r', use_consolidated=False)
    told = {k: v.metadata for k, v in whole['obs'].members(max_depth=None)}
    there = {k: v.metadata for k, v in plain['obs'].members(max_depth=None)}
    assert set(told) == set(there), set(told) ^ set(there)
    for k, m in there.items():
        x, y = m.to_dict(), told[k].to_dict()
        x.pop('consolidated_metadata', None); y.pop('consolidated_metadata', None)
        assert str(x) == str(y), (k, x, y)
    assert dict(whole['obs'].attrs) == dict(plain['obs'].attrs)
    for k in ['obs/cell_type/codes'] + (['obs/lot'] if name == 'v2' else ['obs/lot/codes']):
        was = zarr.open_array(f'{name}.zarr/' + k.replace('lot', 'batch'), mode='r'); now = zarr.open_array(f'{name}.fixed.zarr/{k}', mode='r')
        assert was.chunks == now.chunks and was.shards == now.shards and was.compressors == now.compressors, (was.metadata, now.metadata)
    b.write_zarr(f'{name}.again.zarr')
print('same')
`;
const obs = { slot: 'obs', column: 'cell_type' };
const fixes: Fix[] = [
  { ...obs, kind: 'map', values: { 'NK cell': 'natural killer cell', 'T-cell': 'T cell' } },
  { ...obs, kind: 'fill', value: 'unknown' },
  { ...obs, column: 'batch', kind: 'rename', to: 'lot' },
  { ...obs, column: 'lot', kind: 'map', values: { x: 'ex lot' } },
  { ...obs, column: 'pct', kind: 'drop' },
  { ...obs, column: 'n', kind: 'map', values: { '0.0': '7' } },
  { ...obs, column: 'n', kind: 'cast', to: 'int' },
  { ...obs, column: 'code', kind: 'cast', to: 'int' },
  { slot: 'var.T', column: 'var', index: true, kind: 'map', values: { g2: 'gene 2' } },
];

describe.skipIf(python === null)(`fixed Zarr stores${whyNot}`, () => {
  it('[row 44] anndata reads the fixes and finds nothing else changed, in both versions and in shards', async () => {
    const instance = pythonInstance({ init: false });
    instance.run(make);
    for (const name of ['v2', 'v3', 'sharded']) {
      const from = join(instance.folder, `${name}.zarr`);
      const to = join(instance.folder, `${name}.fixed.zarr`);
      const objects = await fixedZarr(folderStore(folderSource(from)), fixes, () => {});
      for (const [path, object] of objects) {
        mkdirSync(dirname(join(to, path)), { recursive: true });
        writeFileSync(
          join(to, path),
          'bytes' in object ? object.bytes : readFileSync(join(from, object.from)),
        );
      }
      const kept = [...objects].filter(([path, object]) => 'from' in object && path.startsWith('X/'));
      expect(kept.length).toBe(
        readdirSync(join(from, 'X'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
          .length,
      );
    }
    expect(instance.run(compare)).toContain('same');
  });
});
