// Fixed copies of Zarr stores, read by Python's anndata: in versions 2 and 3, with and without shards, everything but the fixes is
// the same, the consolidated descriptions tell the same as the nodes, and every object that no fix names is byte for byte the same.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
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

const bio = resolve(process.env['LOAM_FIXTURES'] ?? '../shared', 'fixtures/bio/zarr');
const blobs = join(bio, 'spatialdata_0.7_blobs.sdata.zarr');
const there = existsSync(blobs);
const names = `
import anndata as ad, sys
print(ad.read_zarr(sys.argv[1]).var_names[0])
`;
const same = `
import anndata as ad, numpy as np, sys
a, b = ad.read_zarr(sys.argv[1]), ad.read_zarr(sys.argv[2])
dense = lambda x: x if isinstance(x, np.ndarray) else x.toarray()
assert list(b.var_names) == ['renamed', *a.var_names[1:]], b.var_names
assert (a.obs_names == b.obs_names).all() and a.obs.equals(b.obs)
assert a.X is None and b.X is None or (np.nan_to_num(dense(a.X)) == np.nan_to_num(dense(b.X))).all()
assert list(a.var) == list(b.var) and a.var.reset_index(drop=True).equals(b.var.reset_index(drop=True))
assert set(a.uns) == set(b.uns) and set(a.layers) == set(b.layers)
print('same')
`;

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

  it.skipIf(!there)(
    `[row 44] tables of a real SpatialData and AnnData stores of older versions are read with their fixes${there ? '' : ' (skipped: LOAM_FIXTURES has none)'}`,
    async () => {
      const instance = pythonInstance({ init: false });
      const told = async (from: string, name: string, own: Fix[]): Promise<string[]> => {
        const objects = await fixedZarr(folderStore(folderSource(from)), own, () => {});
        for (const [path, object] of objects) {
          const to = join(instance.folder, name, path);
          mkdirSync(dirname(to), { recursive: true });
          writeFileSync(to, 'bytes' in object ? object.bytes : readFileSync(join(from, object.from)));
        }
        return [...objects].flatMap(([path, object]) => ('bytes' in object ? [path] : []));
      };
      const table = readdirSync(join(blobs, 'tables')).find((one) =>
        existsSync(join(blobs, 'tables', one, 'var/_index')),
      ) as string;
      const [slot, other] = [
        `tables:${table}:var`,
        readdirSync(join(blobs, 'tables')).find((one) => one !== table),
      ];
      const first = instance.run(names, join(blobs, 'tables', table)).trim();
      const map = {
        kind: 'map' as const,
        column: 'index',
        index: true as const,
        values: { [first]: 'renamed' },
      };
      const changed = await told(blobs, 'blobs.zarr', [{ slot, ...map }]);
      expect(
        changed.every((path) => path.startsWith(`tables/${table}/var/`) || path.endsWith('zarr.json')),
      ).toBe(true);
      for (const name of ['anndata_0.12_csr.adata.zarr', 'anndata_0.9_dense.zarr']) {
        const old = instance.run(names, join(bio, name)).trim();
        const values = { [old]: 'renamed' };
        const made = await told(join(bio, name), name, [{ slot: 'var.T', ...map, values }]);
        expect(made.length).toBeGreaterThan(1);
        expect(instance.run(same, join(bio, name), name)).toContain('same');
      }
      expect(instance.run(same, join(blobs, 'tables', table), join('blobs.zarr/tables', table))).toContain(
        'same',
      );
      if (other !== undefined)
        expect(instance.run(names, join('blobs.zarr/tables', other))).toBe(
          instance.run(names, join(blobs, 'tables', other)),
        );
    },
  );
});
