// Tables inside files as Arrow: obs and var in every layout, with values as pandas and anndata have them, and X left alone.
import * as arrow from 'apache-arrow';
import {
  tableFromIPC,
  Table,
  tableToIPC,
  vectorFromArray,
  Utf8,
  Int32,
  Dictionary,
  RecordBatchFileWriter,
} from 'apache-arrow';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FolderSource } from '../../src/lib/engine/ports.ts';
import { columnReader } from '../../src/lib/formats/arrow-column.ts';
import { withTable } from '../../src/lib/formats/open-table.ts';
import { metered, type SyncByteSource } from '../../src/lib/formats/source.ts';
import type { LeftOutColumn } from '../../src/lib/formats/table-batches.ts';
import type { TableSlot } from '../../src/lib/formats/table-ask.ts';
import { h5Bytes } from '../fixtures/write-h5ad.ts';
import { zarrAnnData } from '../fixtures/write-zarr.ts';
import type * as H5 from 'h5wasm';

const source = (bytes: Uint8Array): SyncByteSource => ({
  size: bytes.length,
  read: async (start, end) => bytes.subarray(start, end),
  readSync: (start, end) => bytes.subarray(start, end),
});

interface Read {
  names: string[];
  types: string[];
  rows: unknown[][];
  leftOut: LeftOutColumn[];
}

/** The whole table, by rows; int64 as bigint. */
async function read(
  input: SyncByteSource | FolderSource,
  slot: TableSlot,
  part: string | null = null,
): Promise<Read> {
  return withTable(input, { slot, part }, async ({ batches, leftOut }) => {
    const rows: unknown[][] = [];
    let names: string[] = [];
    let types: string[] = [];
    for await (const ipc of batches(() => {})) {
      const table = tableFromIPC(ipc);
      names = table.schema.fields.map(({ name }) => name);
      types = table.schema.fields.map(({ type }) => String(type));
      for (let i = 0; i < table.numRows; i++)
        rows.push(table.schema.fields.map((_, c): unknown => table.getChildAt(c)?.get(i)));
    }
    return { names, types, rows, leftOut };
  });
}

const marks = (entity: H5.Group | H5.Dataset, type: string, version = '0.2.0') => {
  entity.create_attribute('encoding-type', type);
  entity.create_attribute('encoding-version', version);
};

function frame(
  parent: H5.File | H5.Group,
  name: string,
  index: string[],
  order: string[],
  indexName = '_index',
): H5.Group {
  const group = parent.create_group(name);
  marks(group, 'dataframe');
  group.create_attribute('_index', indexName);
  if (order.length > 0) group.create_attribute('column-order', order);
  else group.create_attribute('column-order', new Float64Array(0), [0], '<d');
  marks(group.create_dataset({ name: indexName, data: index }), 'string-array');
  return group;
}

function masked(
  group: H5.Group,
  name: string,
  type: string,
  data: Int32Array | string[],
  mask: number[],
): void {
  const column = group.create_group(name);
  marks(column, type, '0.1.0');
  column.create_dataset({ name: 'values', data });
  column.create_dataset({ name: 'mask', data: Uint8Array.from(mask) });
}

const cellNames = ['AAAC-1', 'AAAG-1', 'Zürich→'];

/** One column of each kind that anndata writes. */
const everyKind = h5Bytes((file) => {
  marks(file as unknown as H5.Group, 'anndata', '0.1.0');
  const order = ['cell_type', 'n_genes', 'score', 'Score', 'big', 'note', 'free', 'graph'];
  const obs = frame(file, 'obs', cellNames, order, 'barcode');
  const type = obs.create_group('cell_type');
  marks(type, 'categorical');
  type.create_attribute('ordered', new Int8Array([0]), [], '<b');
  type.create_dataset({ name: 'codes', data: Int8Array.of(1, -1, 0) });
  type.create_dataset({ name: 'categories', data: ['B cell', 'T cell'] });
  masked(obs, 'n_genes', 'nullable-integer', Int32Array.of(7, 0, -9), [0, 1, 0]);
  obs.create_dataset({ name: 'score', data: Float64Array.of(0.1, NaN, -Infinity) });
  obs.create_dataset({ name: 'Score', data: Float32Array.of(0.5, 1.5, 2.5) });
  obs.create_dataset({ name: 'big', data: BigInt64Array.of(9007199254740993n, -1n, 0n) });
  masked(obs, 'note', 'nullable-string-array', ['a', '', 'x'], [0, 0, 1]);
  marks(obs.create_dataset({ name: 'free', data: ["it's", '', '"q"'] }), 'string-array');
  marks(obs.create_group('graph'), 'csr_matrix', '0.1.0');
  frame(file, 'var', ['ENSG1', 'ENSG2'], []);
  file.create_dataset({ name: 'X', data: new Float32Array(1_500_000), shape: [3, 500_000] });
});

describe('obs and var as tables', () => {
  it('[row 38] every kind of column has the values that pandas has, and X is not read', async () => {
    const { source: counted, bytes } = metered(source(await everyKind));
    const obs = await read(counted, 'obs');
    expect(obs.names).toEqual([
      'obs_names',
      'cell_type',
      'n_genes',
      'score',
      'Score_1',
      'big',
      'note',
      'free',
    ]);
    expect(obs.rows).toEqual([
      ['AAAC-1', 'T cell', 7, 0.1, 0.5, 9007199254740993n, 'a', "it's"],
      ['AAAG-1', null, null, null, 1.5, -1n, '', ''],
      ['Zürich→', 'B cell', -9, -Infinity, 2.5, 0n, null, '"q"'],
    ]);
    expect(obs.types).toEqual(['Utf8', 'Utf8', 'Int32', 'Float64', 'Float32', 'Int64', 'Utf8', 'Utf8']);
    expect(obs.leftOut).toEqual([{ column: 'graph', why: expect.stringMatching(/csr_matrix/) as string }]);
    // X alone has 6 MB.
    expect(bytes()).toBeLessThan(600_000);
    expect((await read(counted, 'var')).rows).toEqual([['ENSG1'], ['ENSG2']]);
  });

  it('reads Zarr folders of both versions, and of them nothing below X', async () => {
    const data = {
      obsNames: ['c1', 'c2', 'c3'],
      varNames: ['g1', 'g2'],
      category: { name: 'cell type', categories: ['B', 'T'], codes: [1, -1, 0] },
      number: { name: 'pct', values: [0.25, NaN, 3] },
    };
    for (const version of [2, 3] as const) {
      const asked: string[] = [];
      const files = zarrAnnData('s', version, data).map(({ path, bytes }) => ({
        path: path.replace(/^s\//, ''),
        source: {
          ...source(bytes),
          read: async (a: number, b: number) => (asked.push(path), bytes.subarray(a, b)),
        },
      }));
      const obs = await read({ files }, 'obs');
      expect(obs.names).toEqual(['obs_names', 'cell type', 'pct']);
      expect(obs.rows).toEqual([
        ['c1', 'T', 0.25],
        ['c2', null, null],
        ['c3', 'B', 3],
      ]);
      expect(asked.filter((path) => /^s\/X\/(?:c|0)/.test(path))).toEqual([]);
      expect((await read({ files }, 'var')).rows).toEqual([['g1'], ['g2']]);
    }
  });

  it('MuData has a table for each modality; names that are not there are told with those that are', async () => {
    const bytes = await h5Bytes((file) => {
      marks(file as unknown as H5.Group, 'MuData', '0.1.0');
      frame(file, 'obs', ['c1', 'c2'], []);
      frame(file, 'var', ['g1', 'p1'], []);
      const mod = file.create_group('mod');
      for (const [name, cell, gene] of [
        ['rna', 'c1', 'g1'],
        ['prot', 'c2', 'p1'],
      ] as const) {
        const one = mod.create_group(name);
        marks(one, 'anndata', '0.1.0');
        frame(one, 'obs', [cell], []);
        frame(one, 'var', [gene], []);
      }
    });
    expect((await read(source(bytes), 'obs')).rows).toEqual([['c1'], ['c2']]);
    expect((await read(source(bytes), 'obs', 'prot')).rows).toEqual([['c2']]);
    expect((await read(source(bytes), 'var', 'rna')).rows).toEqual([['g1']]);
    await expect(read(source(bytes), 'obs', 'atac')).rejects.toMatchObject({
      code: 'DoesNotExist',
      message: `it has no modality "atac". Its modalities: 'prot', 'rna'.`,
    });
    await expect(read(source(await everyKind), 'obs', 'rna')).rejects.toThrow(/no parts such as "rna"/);
  });

  it('a matrix of 10x Genomics has features and barcodes', async () => {
    const bytes = await h5Bytes((file) => {
      const matrix = file.create_group('matrix');
      matrix.create_dataset({ name: 'barcodes', data: ['AAA-1', 'CCC-1'] });
      matrix.create_dataset({ name: 'shape', data: Int32Array.of(1, 2) });
      const features = matrix.create_group('features');
      features.create_dataset({ name: 'id', data: ['ENSG1'] });
      features.create_dataset({ name: 'name', data: ['CD3E'] });
      features.create_dataset({ name: 'feature_type', data: ['Gene Expression'] });
      features.create_dataset({ name: '_all_tag_keys', data: ['genome'] });
    });
    const features = await read(source(bytes), 'var');
    expect(features.names).toEqual(['var_names', 'feature_type', 'name']);
    expect(features.rows).toEqual([['ENSG1', 'Gene Expression', 'CD3E']]);
    expect((await read(source(bytes), 'obs')).rows).toEqual([['AAA-1'], ['CCC-1']]);
  });

  it('says what is wrong with files that are damaged, and names the column', async () => {
    const code = await h5Bytes((file) => {
      marks(file as unknown as H5.Group, 'anndata', '0.1.0');
      const obs = frame(file, 'obs', ['a', 'b'], ['batch']);
      const batch = obs.create_group('batch');
      marks(batch, 'categorical');
      batch.create_dataset({ name: 'codes', data: Int8Array.of(0, 5) });
      batch.create_dataset({ name: 'categories', data: ['x'] });
      const vars = frame(file, 'var', ['g'], ['n']);
      vars.create_dataset({ name: 'n', data: Int32Array.of(1, 2) });
    });
    await expect(read(source(code), 'obs')).rejects.toThrow(
      'column "batch" cannot be read (code 5 names none of 1 categories).',
    );
    await expect(read(source(code), 'var')).rejects.toThrow(
      /column "n".*more values than the table has rows/,
    );
    const cut = (await everyKind).slice(0, 3000);
    await expect(read(source(cut), 'obs')).rejects.toMatchObject({ code: 'FileUnreadable' });
    await expect(read(source(new Uint8Array(9)), 'obs')).rejects.toMatchObject({ code: 'FileUnreadable' });
    const plain = await h5Bytes((file) => void file.create_group('stuff'));
    await expect(read(source(plain), 'obs')).rejects.toMatchObject({ code: 'DoesNotExist' });
  });
});

describe('columns as Arrow', () => {
  it('bools and half floats of pieces that end anywhere', async () => {
    const pieces = async function* () {
      yield { values: [1, 0, 1], missing: [0, 0, 1] };
      yield { values: [] };
      yield { values: Array.from({ length: 9 }, () => 1) };
    };
    const bools = columnReader(arrow, { kind: 'bool', dtype: 'bool', pieces });
    const first = new arrow.Vector([await bools.take(2)]);
    const rest = new arrow.Vector([await bools.take(10)]);
    await bools.end();
    expect([...first]).toEqual([true, false]);
    expect([...rest]).toEqual([null, ...Array.from({ length: 9 }, () => true)]);
    const half = columnReader(arrow, {
      ...{ kind: 'number', dtype: '>f2' },
      pieces: async function* () {
        yield { values: Float32Array.of(1.5, NaN) };
      },
    });
    const values = new arrow.Vector([await half.take(2)]);
    expect([String(values.type), ...values]).toEqual(['Float32', 1.5, null]);
    await expect(half.take(1)).rejects.toThrow(/end after 0/);
  });
});

describe('Arrow files as tables', () => {
  const table = new Table({
    id: vectorFromArray([1, 2, null], new Int32()),
    kind: vectorFromArray(['b', 'a', 'b'], new Dictionary(new Utf8(), new Int32())),
  });
  const feather = () => RecordBatchFileWriter.writeAll(table).toUint8Array();

  it('[row 38] rows of an Arrow file come as they are', async () => {
    const rows = await read(source(await feather()), 'rows');
    expect(rows.rows).toEqual([
      [1, 'b'],
      [2, 'a'],
      [null, 'b'],
    ]);
  });

  it('a stream, a cut file and an old Feather file are refused in words', async () => {
    await expect(read(source(tableToIPC(table, 'stream')), 'rows')).rejects.toThrow(/no Arrow file/);
    await expect(read(source((await feather()).subarray(0, 200)), 'rows')).rejects.toThrow(
      /its end is missing/,
    );
    await expect(read(source(new TextEncoder().encode('FEA1....FEA1')), 'rows')).rejects.toThrow(
      /Feather V1/,
    );
  });
});

/* ---------- real files, where this machine has them ---------- */

const bio = join(process.env['LOAM_FIXTURES'] ?? '', 'fixtures/bio');
interface ColumnFact {
  dtype: string;
  n_null?: number;
  counts?: Record<string, number>;
  sum?: number | null;
  min?: number | null;
  true?: number;
  n_unique?: number;
  head?: string[];
  error?: string;
}
interface FrameFact {
  n: number;
  index_head: string[];
  columns: Record<string, ColumnFact>;
}

function folderOf(path: string, below = ''): FolderSource['files'] {
  return readdirSync(join(path, below), { withFileTypes: true }).flatMap((entry) => {
    const at = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return folderOf(path, at);
    return [{ path: at, source: source(readFileSync(join(path, at))) }];
  });
}
const inputOf = (path: string): SyncByteSource | FolderSource =>
  statSync(path).isDirectory() ? { files: folderOf(path) } : source(readFileSync(path));

function compare(found: Read, fact: FrameFact): number {
  expect(found.rows.length).toBe(fact.n);
  expect(found.rows.slice(0, 3).map(([name]) => name)).toEqual(fact.index_head);
  let checked = 0;
  for (const [
    name,
    { dtype, n_null: nulls, counts, sum, min, true: yes, n_unique, head, error },
  ] of Object.entries(fact.columns)) {
    const at = found.names.indexOf(name);
    if (error !== undefined || at < 0) continue;
    const values = found.rows.map((row) => row[at]);
    const there = values.filter((value) => value !== null);
    expect([name, values.length - there.length]).toEqual([name, nulls ?? 0]);
    if (counts) {
      const own: Record<string, number> = Object.fromEntries(Object.keys(counts).map((key) => [key, 0]));
      for (const value of there) own[String(value)] = (own[String(value)] ?? 0) + 1;
      expect(own).toEqual(counts);
    }
    if (yes !== undefined) expect(there.filter(Boolean).length).toBe(yes);
    if (typeof sum === 'number') {
      const own = there.reduce((a: number, b) => a + Number(b), 0);
      expect(Math.abs(own - sum)).toBeLessThanOrEqual(Math.abs(sum) * (dtype.includes('32') ? 1e-5 : 1e-9));
    }
    if (typeof min === 'number')
      expect(there.map(Number).reduce((a, b) => Math.min(a, b), Infinity)).toBe(min);
    if (n_unique !== undefined) expect(new Set(there).size).toBe(n_unique);
    if (head && dtype === 'object') expect(values.slice(0, 3)).toEqual(head);
    checked++;
  }
  return checked;
}

describe.skipIf(!existsSync(bio))('real files', () => {
  const facts = existsSync(bio)
    ? (
        JSON.parse(readFileSync(join(bio, 'facts.json'), 'utf8')) as {
          files: {
            file: string;
            facts?: {
              kind?: string;
              obs?: FrameFact;
              var?: FrameFact;
              mods?: Record<string, { obs: FrameFact }>;
            };
          }[];
        }
      ).files
    : [];
  it('obs and var equal what pandas and anndata say of them', async () => {
    const told: string[] = [];
    for (const { file, facts: one } of facts) {
      if (one?.kind !== 'AnnData' || !one.obs || !one.var) continue;
      const input = inputOf(join(bio, file));
      told.push(
        `${file} ${compare(await read(input, 'obs'), one.obs)} ${compare(await read(input, 'var'), one.var)}`,
      );
    }
    // All but those whose values Python did not read either have columns that were compared.
    expect(told.length).toBe(10);
    expect(told).toContain('h5ad/anndata_v0.5.0_pbmc68k.h5ad 8 5');
    expect(told).toContain('odd/squidpy_lzf.h5ad 2 5');
  });

  it('modalities, tables of SpatialData, matrices of 10x and packed Feather files', async () => {
    const at = (path: string) => inputOf(join(bio, path));
    const mods = facts.find(({ file }) => file.endsWith('axis0.h5mu'))?.facts?.mods ?? {};
    expect(Object.keys(mods)).not.toEqual([]);
    for (const [name, mod] of Object.entries(mods))
      compare(await read(at('h5ad/mudata_v0.4.1_axis0.h5mu'), 'obs', name), mod.obs);
    const spatial = await read(at('zarr/spatialdata_0.7_blobs.sdata.zarr'), 'obs', 'table');
    expect(spatial.names).toContain('region');
    await expect(read(at('zarr/spatialdata_0.7_blobs.sdata.zarr'), 'obs')).rejects.toThrow(
      `say which table is meant: table = … Its tables: 'table', 'table_points'.`,
    );
    expect((await read(at('h5/10x_v3_filtered_feature_bc_matrix.h5'), 'var')).rows.length).toBe(507);
    for (const file of ['arrow/types_mix.feather', 'arrow/types_mix_lz4.feather']) {
      const { names, rows } = await read(at(file), 'rows');
      expect(names).toEqual(['cell_type', 'ts', 'd', 'l', 'i64', 'f', 'dec', 'b']);
      const of = (name: string) => rows.map((row) => row[names.indexOf(name)]);
      expect(of('cell_type').filter((value) => value === null).length).toBe(1);
      expect(of('i64').map(String)).toContain('9007199254740993');
    }
  });

  it('a damaged file is an error in words', async () => {
    for (const file of ['odd/truncated.h5ad', 'odd/not_hdf5.h5ad'])
      await expect(read(inputOf(join(bio, file)), 'obs')).rejects.toMatchObject({ code: 'FileUnreadable' });
    const found = await read(inputOf(join(bio, 'odd/bitflip.h5ad')), 'obs').catch((error: unknown) => error);
    if (found instanceof Error) expect(found).toMatchObject({ code: 'FileUnreadable' });
    else expect((found as Read).rows.length).toBeGreaterThan(0);
  });
});
