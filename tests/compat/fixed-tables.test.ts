// Fixed copies of tables and h5ad files as pandas and anndata read them: numbers, casts and names of rows come out as the fixes
// say, with pandas' types, and nothing else has changed.
import { createRequire } from 'node:module';
import { openAsBlob, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as ParquetWasm from 'parquet-wasm';
import { describe, expect, it } from 'vitest';
import type { Fix } from '../../src/lib/engine/curate/fixes.ts';
import { fixedArrowFile } from '../../src/lib/formats/curate/fixed-arrow-file.ts';
import { fixedHdf5 } from '../../src/lib/formats/curate/fixed-hdf5.ts';
import { fixedParquet } from '../../src/lib/workers/fixed-parquet.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { python, pythonInstance, whyNot } from './python.ts';

const make = `
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.feather as feather, anndata as ad
n = 200_000
i = np.arange(n)
df = pd.DataFrame({
    'cell': pd.Categorical(np.array(['NK cell', 'T cell', 'T-cell', None], dtype=object)[i % 4], categories=['T-cell', 'NK cell', 'T cell', 'never'], ordered=True),
    'note': np.array(['a', None, 'b'], dtype=object)[i % 3],
    'count': (i % 50).astype('int32'),
    'size': np.where(i % 5 == 0, np.nan, i % 50),
    'text': (i % 70).astype(str),
    'good': i % 2 == 0,
    'null': pd.array(np.where(i % 7 == 0, None, i % 30), dtype='Int64'),
    'when': pd.Timestamp('2024-01-01') + pd.to_timedelta(i % 9, unit='D'),
}, index=pd.Index([f'r{k % 1000}' for k in i], name='sample'))
df.attrs['lab'] = 'A'
df.to_parquet('t.parquet', row_group_size=70_000)
table = pa.Table.from_pandas(df)
with pa.OSFile('t.feather', 'wb') as sink:
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression='lz4')) as writer:
        for batch in table.to_batches(max_chunksize=60_000): writer.write_batch(batch)
import pyarrow.parquet as pq
pq.write_table(pa.table({'n': ['1', None, '3'], 'good': pa.array(['True', None, 'False']), 'z': [1, 2, 3]}), 'bare.parquet')
obs = df.reset_index(drop=True).drop(columns=['when', 'note', 'null']).iloc[:1000]
obs.index = [f'c{k}' for k in range(1000)]
obs['text'] = obs['text'].astype(str)
a = ad.AnnData(np.ones((1000, 2), dtype='f4'), obs=obs, var=pd.DataFrame(index=['g1', 'g2']))
a.strings_to_categoricals = lambda *args: None
a.write_h5ad('t.h5ad')
`;
const compare = `
import numpy as np, pandas as pd, pyarrow as pa, anndata as ad, json
def check(a, b, index=True):
    want = a.copy()
    want['cell'] = want['cell'].astype(object).replace({'NK cell': 'natural killer cell', 'T-cell': 'T cell'}).fillna('unknown')
    want['count'] = np.where(want['count'] == 3, 1.5, want['count'])
    want['size'] = want['size'].fillna(7).replace(8, 9)
    want['text'] = want['text'].replace('5', '500').astype(int)
    got = b.copy()
    assert str(b['cell'].dtype) == 'category' and b['cell'].cat.ordered, (b['cell'].dtype, b['cell'].cat.ordered)
    assert str(b['count'].dtype) == 'float64', b['count'].dtype
    assert str(b['size'].dtype) in ('Int64', 'int64') and str(b['text'].dtype) in ('Int64', 'int64'), b.dtypes
    for name in ['cell', 'count', 'size', 'text', 'good']:
        x, y = want[name].astype(object).to_numpy(), got[name].astype(object).to_numpy()
        assert (x == y).all(), (name, x[:9], y[:9])
    assert list(got.columns) == list(want.columns), list(got.columns)
a = pd.read_parquet('t.parquet')
for name, b in [('parquet', pd.read_parquet('t.fixed.parquet')), ('feather', pd.read_feather('t.fixed.feather'))]:
    check(a, b)
    assert b.index.name == 'sample', b.index
    assert (b.index == a.index.str.replace(r'^r1$', 'row one', regex=True)).all(), b.index
    assert str(b['null'].dtype) == 'Int64', (name, b['null'].dtype)
    plain = lambda one: one['null'].fillna(-1).to_numpy()
    assert (plain(a) == plain(b)).all() and (a['null'].isna().to_numpy() == b['null'].isna().to_numpy()).all()
    assert (a['note'].fillna('?').to_numpy() == b['note'].fillna('?').to_numpy()).all()
    assert (a['when'].to_numpy() == b['when'].to_numpy()).all() and b['when'].dtype == a['when'].dtype
    assert b.attrs == a.attrs, b.attrs
bare = pd.read_parquet('bare.fixed.parquet')
assert [str(t) for t in bare.dtypes] == ['Int64', 'boolean', 'int64'], bare.dtypes
assert bare['n'].tolist() == [1, pd.NA, 3] and bare['good'].tolist() == [True, pd.NA, False] and list(bare.index) == [0, 1, 2]
t = pa.ipc.open_file('t.fixed.feather')
assert t.num_record_batches == 4 and 'pandas' in {k.decode() for k in t.schema.metadata}
x, y = ad.read_h5ad('t.h5ad'), ad.read_h5ad('t.fixed.h5ad')
x.obs['text'] = x.obs['text'].astype(str)
check(x.obs, y.obs)
assert list(y.var_names) == ['g1', 'gene two'] and (x.obs_names == y.obs_names).all() and (x.X == y.X).all()
y.write_h5ad('again.h5ad')
print('same')
`;
const fixesOf = (slot: string): Fix[] => [
  { slot, column: 'cell', kind: 'map', values: { 'NK cell': 'natural killer cell', 'T-cell': 'T cell' } },
  { slot, column: 'cell', kind: 'fill', value: 'unknown' },
  { slot, column: 'count', kind: 'map', values: { 3: '1.5' } },
  { slot, column: 'size', kind: 'fill', value: '7' },
  { slot, column: 'size', kind: 'map', values: { '8.0': '9' } },
  { slot, column: 'size', kind: 'cast', to: 'int' },
  { slot, column: 'text', kind: 'map', values: { 5: '500' } },
  { slot, column: 'text', kind: 'cast', to: 'int' },
];

describe.skipIf(python === null)(`fixed tables${whyNot}`, () => {
  it('[row 44] pandas and anndata read what the fixes say, in its types, and find nothing else changed', async () => {
    const instance = pythonInstance({ init: false });
    instance.run(make);
    const at = (name: string) => join(instance.folder, name);
    const index: Fix = {
      slot: 'columns',
      column: 'sample',
      index: true,
      kind: 'map',
      values: { r1: 'row one' },
    };
    const fixes = [...fixesOf('columns'), index];
    const parquet = createRequire(import.meta.url)('parquet-wasm/node') as typeof ParquetWasm;
    const copy = await fixedParquet(parquet, await openAsBlob(at('t.parquet')), fixes, () => {});
    writeFileSync(at('t.fixed.parquet'), new Uint8Array(await copy.arrayBuffer()));
    const bare: Fix[] = [
      { slot: 'columns', column: 'n', kind: 'cast', to: 'int' },
      { slot: 'columns', column: 'good', kind: 'cast', to: 'bool' },
    ];
    const plain = await fixedParquet(parquet, await openAsBlob(at('bare.parquet')), bare, () => {});
    writeFileSync(at('bare.fixed.parquet'), new Uint8Array(await plain.arrayBuffer()));
    const feather = bufferSource(new Uint8Array(readFileSync(at('t.feather'))));
    writeFileSync(at('t.fixed.feather'), await fixedArrowFile(feather, fixes, () => {}));
    const h5ad = bufferSource(new Uint8Array(readFileSync(at('t.h5ad'))));
    const genes: Fix = { slot: 'var.T', column: 'var', index: true, kind: 'map', values: { g2: 'gene two' } };
    const casts: Fix[] = [{ slot: 'obs', column: 'text', kind: 'cast', to: 'str' }];
    writeFileSync(at('t.fixed.h5ad'), await fixedHdf5(h5ad, [...casts, ...fixesOf('obs'), genes]));
    expect(instance.run(compare)).toContain('same');
  });
});
