// Cells to be drawn, as the page asks for them: coordinates, columns of obs and genes equal anndata's of the same files
// (tests/compat/view_facts.py), and stores that lie are told in words.
import { readFileSync } from 'node:fs';
import type * as H5 from 'h5wasm';
import { describe, expect, it } from 'vitest';
import { inspectFile, inspectFolder } from '../../src/lib/formats/inspect.ts';
import { viewFile } from '../../src/lib/formats/view.ts';
import type { FileView, FolderSource, ViewAsk } from '../../src/lib/engine/ports.ts';
import type { SyncByteSource } from '../../src/lib/formats/source.ts';
import { madeFiles } from '../fixtures/inspect-facts.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { h5Bytes } from '../fixtures/write-h5ad.ts';

type Told = number | string | null;
interface Facts {
  cells: string[];
  obsm: Record<string, Told[][]>;
  obs: Record<string, Told[]>;
  genes: Record<string, Told[][]>;
  names: string[];
}
const facts = JSON.parse(
  readFileSync(new URL('../fixtures/view-facts.json', import.meta.url), 'utf8'),
) as Record<string, Facts>;
const files = madeFiles();

function inputOf(name: string): SyncByteSource | FolderSource {
  const file = files.find(([path]) => path === name);
  if (file) return bufferSource(file[1]);
  return {
    files: files
      .filter(([path]) => path.startsWith(`${name}/`))
      .map(([path, bytes]) => ({ path: path.slice(name.length + 1), source: bufferSource(bytes) })),
  };
}

type Of<Kind extends FileView['kind']> = Extract<FileView, { kind: Kind }>;
async function view<Kind extends FileView['kind']>(
  input: SyncByteSource | FolderSource,
  kind: Kind,
  ask: ViewAsk,
): Promise<Of<Kind>> {
  const found = await viewFile(input, ask);
  expect(found.kind).toBe(kind);
  return found as Of<Kind>;
}

/** As the facts have it: null is missing, what is not finite is text; a float32 of what a float64 was. */
const same = (values: ArrayLike<number>, told: readonly Told[]): void => {
  const wanted = told.map((one) =>
    Math.fround(one === null ? NaN : one === 'nan' ? NaN : one === 'inf' ? Infinity : Number(one)),
  );
  expect(Array.from(values)).toEqual(wanted);
};

describe.each(Object.keys(facts))('%s beside anndata', (name) => {
  const told = facts[name] as Facts;
  const input = inputOf(name);

  it('has these embeddings and matrices, with these values', async () => {
    const cells = await view(input, 'cells', { kind: 'cells', path: '' });
    expect(cells.observations).toBe(told.cells.length);
    expect(cells.embeddings.map((one) => one.name).sort()).toEqual(Object.keys(told.obsm).sort());
    expect(cells.matrices.map((one) => one.path).sort()).toEqual(Object.keys(told.genes).sort());
    for (const [basis, rows] of Object.entries(told.obsm)) {
      const width = rows[0]?.length ?? 0;
      const components: [number, number] = [0, width - 1];
      const found = await view(input, 'embedding', { kind: 'embedding', path: '', basis, components });
      same(
        found.x,
        rows.map((row) => row[0] ?? null),
      );
      same(
        found.y,
        rows.map((row) => row[width - 1] ?? null),
      );
    }
  });

  it('has these columns in obs, whole and row by row', async () => {
    for (const [column, values] of Object.entries(told.obs)) {
      const found = await viewFile(input, { kind: 'colours', path: '', by: { column }, anyway: false });
      if (found.kind === 'numbers') same(found.values, values);
      else if (found.kind === 'categories') {
        const texts = Array.from(found.codes, (code) => (code < 0 ? null : found.names[code]));
        const python = values.map((one) => (one === 'True' ? 'true' : one === 'False' ? 'false' : one));
        // Numbers as categories: Python writes `1e+20` and `10`, so their values are compared.
        const comparable = (one: Told | undefined): unknown =>
          typeof one === 'string' && one.trim() !== '' && !Number.isNaN(Number(one)) ? Number(one) : one;
        expect(texts.map(comparable)).toEqual(python.map(comparable));
      } else expect.unreachable(`${column} is ${found.kind}`);
    }
    const rows = [told.cells.length - 1, 0];
    const { preview } = await view(input, 'rows', { kind: 'rows', path: '', rows });
    expect(preview.rows.map((row) => row[0])).toEqual([told.cells.at(-1), told.cells[0]]);
    expect(preview.columns.slice(1)).toEqual(Object.keys(told.obs));
    const at = preview.columns.indexOf('int64');
    if (at > 0)
      expect(preview.rows.map((row) => Number(row[at]))).toEqual(rows.map((row) => told.obs['int64']?.[row]));
  });

  it('has these genes', async () => {
    for (const [matrix, genes] of Object.entries(told.genes)) {
      const { names } = await view(input, 'genes', { kind: 'genes', path: '', matrix });
      if (matrix !== 'raw/X') expect(names).toEqual(told.names);
      expect(names.length).toBe(genes.length);
      for (const [gene, values] of genes.entries()) {
        const by = { gene, matrix };
        const found = await view(input, 'numbers', { kind: 'colours', path: '', by, anyway: false });
        same(found.values, values);
      }
    }
  });
});

/** An AnnData of three cells and two genes, with what `more` writes. */
const lying = (more: (file: H5.File) => void): Promise<Uint8Array> =>
  h5Bytes((file) => {
    file.create_attribute('encoding-type', 'anndata');
    for (const [slot, names] of [
      ['obs', ['a', 'b', 'c']],
      ['var', ['g', 'h']],
    ] as const) {
      const group = file.create_group(slot);
      group.create_attribute('_index', '_index');
      group.create_dataset({ name: '_index', data: [...names] });
    }
    file.create_group('obsm');
    more(file);
  });
const obsm = (file: H5.File, data: number[], shape: number[]): unknown =>
  (file.get('obsm') as H5.Group).create_dataset({
    name: 'X_umap',
    data: Float32Array.from(data),
    shape,
    dtype: '<f4',
  });

function sparse(file: H5.File, format: string, indices: number[], indptr: number[], shape = [3, 2]): void {
  const x = file.create_group('X');
  x.create_attribute('encoding-type', format);
  x.create_attribute('shape', Int32Array.from(shape));
  x.create_dataset({ name: 'data', data: Float32Array.from(indices, (_, i) => i + 1), dtype: '<f4' });
  x.create_dataset({ name: 'indices', data: Int32Array.from(indices), dtype: '<i4' });
  x.create_dataset({ name: 'indptr', data: Int32Array.from(indptr), dtype: '<i4' });
}

const gene = (at: number, anyway = false): ViewAsk => ({
  kind: 'colours',
  path: '',
  by: { gene: at, matrix: 'X' },
  anyway,
});

describe('stores that lie', () => {
  it('coordinates that are no numbers are handed on, and told by the summary as drawable', async () => {
    const bytes = await lying((file) => obsm(file, [1, NaN, Infinity, 2, 3, -1], [3, 2]));
    const summary = await inspectFile(bufferSource(bytes), 'a.h5ad');
    expect(summary.views).toEqual({ cells: [{ path: '', name: 'All' }], arrays: true });
    const found = await view(bufferSource(bytes), 'embedding', {
      kind: 'embedding',
      path: '',
      basis: 'X_umap',
      components: [0, 1],
    });
    expect([...found.x, ...found.y]).toEqual([1, Infinity, 3, NaN, 2, -1]);
    expect(found.read).toBeGreaterThan(0);
  });

  it('what is asked for must be there', async () => {
    const source = bufferSource(await lying((file) => obsm(file, [1, 2, 3, 4, 5, 6], [3, 2])));
    const asks: [ViewAsk, RegExp][] = [
      [{ kind: 'cells', path: 'mod/none' }, /no AnnData at “mod\/none”/],
      [{ kind: 'embedding', path: '', basis: 'none', components: [0, 1] }, /no array “none”/],
      [{ kind: 'embedding', path: '', basis: 'X_umap', components: [0, 2] }, /has 2 components/],
      [{ kind: 'colours', path: '', by: { column: 'none' }, anyway: false }, /no column “none”/],
      [gene(0), /no matrix X/],
    ];
    for (const [ask, words] of asks) await expect(viewFile(source, ask)).rejects.toThrow(words);
    const table = Buffer.from('a,b\n1,2\n');
    await expect(viewFile(bufferSource(table), { kind: 'cells', path: '' })).rejects.toThrow(
      /cannot be shown/,
    );
  });

  it('indices outside the matrix are left out, and an index that contradicts itself is refused', async () => {
    const outside = await lying((file) => sparse(file, 'csr_matrix', [0, 7, -1, 1], [0, 2, 3, 4]));
    const found = await view(bufferSource(outside), 'numbers', gene(1));
    expect([...found.values]).toEqual([0, 0, 4]);
    const falling = await lying((file) => sparse(file, 'csr_matrix', [1, 1, 1], [0, 9, 1, 3]));
    expect([...(await view(bufferSource(falling), 'numbers', gene(1))).values]).toEqual([6, 0, 0]);
    const short = await lying((file) => sparse(file, 'csr_matrix', [1], [0, 1]));
    await expect(viewFile(bufferSource(short), gene(1))).rejects.toThrow(/another length than its cells/);
    const csc = await lying((file) => sparse(file, 'csc_matrix', [0, 1, 2], [0, 99, 3]));
    await expect(viewFile(bufferSource(csc), gene(0))).rejects.toThrow(/contradicts itself/);
    await expect(viewFile(bufferSource(csc), gene(2))).rejects.toThrow(/has 2 variables/);
  });

  it('shapes that no machine holds are refused in words', async () => {
    const many = await lying((file) => sparse(file, 'csr_matrix', [0], [0, 1], [2 ** 31 - 1, 2]));
    await expect(viewFile(bufferSource(many), gene(0))).rejects.toThrow(/at most 4,000,000 are drawn/);
    const none = await lying((file) => sparse(file, 'bsr_matrix', [0], [0, 1]));
    const cells = await view(bufferSource(none), 'cells', { kind: 'cells', path: '' });
    expect(cells.notes.join(' ')).toContain('X cannot be drawn (it is no matrix that is known here)');
  });

  it('of thousands of categories the last ones share a name', async () => {
    const bytes = await lying((file) => {
      const obs = file.get('obs') as H5.Group;
      const column = obs.create_group('many');
      const names = Array.from({ length: 3000 }, (_, i) => `k${i}`);
      column.create_dataset({ name: 'categories', data: names });
      column.create_dataset({ name: 'codes', data: Int16Array.from([0, 2999, 12_000]), dtype: '<i2' });
    });
    const by = { column: 'many' };
    const found = await view(bufferSource(bytes), 'categories', {
      kind: 'colours',
      path: '',
      by,
      anyway: false,
    });
    expect(found.of).toBe(3000);
    expect(found.names.length).toBe(1000);
    expect([...found.codes].map((code) => found.names[code] ?? null)).toEqual(['k0', '2,001 others', null]);
  });

  it('a pass over a large CSR matrix is asked for first', async () => {
    const stored = 9_000_000;
    const bytes = await lying((file) => {
      const x = file.create_group('X');
      x.create_attribute('encoding-type', 'csr_matrix');
      x.create_attribute('shape', Int32Array.from([3, 2]));
      x.create_dataset({ name: 'data', data: new Float32Array(stored).fill(1), dtype: '<f4' });
      x.create_dataset({ name: 'indices', data: new Int32Array(stored), dtype: '<i4' });
      x.create_dataset({ name: 'indptr', data: Int32Array.from([0, 1, 2, stored]), dtype: '<i4' });
    });
    const lazy = { ...bufferSource(bytes), readSync: (from: number, to: number) => bytes.slice(from, to) };
    const needs = await view(lazy, 'needs', gene(0));
    expect(needs.bytes).toBe(stored * 8 + 16);
    expect(needs.why).toContain('CSR');
    expect(needs.read).toBeLessThan(1e6);
    const told: number[] = [];
    const found = await viewFile(lazy, gene(0, true), (done, total) => told.push(done / total));
    expect(found.kind === 'numbers' && [...found.values]).toEqual([1, 1, stored - 2]);
    expect(told.length).toBeGreaterThan(3);
    expect(told.at(-1)).toBe(1);
  });
});

describe('views that a summary names', () => {
  it('modalities and stores with embeddings', async () => {
    const full = await inspectFile(inputOf('cells/full.h5ad') as SyncByteSource, 'full.h5ad');
    expect(full.views?.cells).toEqual([{ path: '', name: 'All' }]);
    const plain = await inspectFolder(inputOf('cells/anndata_v3.zarr') as FolderSource, 'a.zarr');
    expect(plain.views?.cells).toBeUndefined();
  });
});
