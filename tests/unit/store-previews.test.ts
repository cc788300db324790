// What a preview tells of HDF5 files and Zarr stores: their tree, modalities, tables, elements and 10x lists, beside what
// Python's readers told about the same files; and stores that are odd.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inspectFile, inspectFolder } from '../../src/lib/formats/inspect.ts';
import type { FileSummary } from '../../src/lib/formats/summary.ts';
import { utf8 } from '../fixtures/bytes.ts';
import { madeFacts, madeFiles, type FactsEntry } from '../fixtures/inspect-facts.ts';
import { bufferSource, fileSource, folderSource } from '../fixtures/sources.ts';

interface Part {
  n_obs: number;
  n_vars: number;
  obs?: { columns: Record<string, unknown>; index_head: string[] };
  var?: { columns: Record<string, unknown> };
}
type Facts = FactsEntry['facts'] & {
  h5?: Record<string, string>;
  members?: Record<string, string>;
  mods?: Record<string, Part>;
  tables?: Record<string, Part>;
  shape?: number[];
  nnz?: number;
};

/** `[3, 4] int64 chunks=…` of a member as Python told it; null of a group. */
const axesOf = (told: string): number[] | null => {
  const axes = /^\[([\d, ]*)\]/.exec(told)?.[1];
  return axes === undefined ? null : axes === '' ? [] : axes.split(', ').map(Number);
};

function compareTree(found: FileSummary, told: Record<string, string>): void {
  const wanted = Object.entries(told).map(([path, text]) => [path.replace(/\/$/, ''), axesOf(text) ?? []]);
  const members = (found.members ?? []).filter(({ kind }) => kind !== 'unreadable');
  const all = new Map(wanted as [string, number[]][]);
  for (const { path, shape } of members) expect([path, shape]).toEqual([path, all.get(path)]);
  for (const { path, kind, packing } of members) {
    // `chunks=[50, 10] shards=[500, 100]` as `chunks 50 × 10, shards 500 × 100`.
    const parts = [...(told[path] ?? '').matchAll(/(chunks|shards)=\[([\d, ]+)\]/g)].map(
      ([, what, axes = '']) => `${what} ${axes.replaceAll(', ', ' × ')}`,
    );
    if (kind === 'array')
      expect([path, packing ?? '']).toEqual([path, expect.stringContaining(parts.join(', '))]);
  }
  if (wanted.length <= 200) expect(members.length).toBe(wanted.length);
  else expect(members.length).toBeGreaterThanOrEqual(190);
}

function compareParts(found: FileSummary, what: string, told: Record<string, Part>): void {
  const parts = (found.parts ?? []).filter((part) => part.what === what);
  expect(parts.map(({ name }) => name).sort()).toEqual(Object.keys(told).sort());
  for (const { name, size, obs, vars, preview } of parts) {
    const wanted = told[name] as Part;
    expect(size).toBe(
      `${wanted.n_obs.toLocaleString('en')} observations × ${wanted.n_vars.toLocaleString('en')} variables`,
    );
    if (wanted.obs) {
      expect(obs?.map((column) => column.name)).toEqual(Object.keys(wanted.obs.columns));
      expect(preview?.rows.slice(0, 3).map((row) => row[0])).toEqual(wanted.obs.index_head);
    }
    if (wanted.var) expect(vars?.map((column) => column.name)).toEqual(Object.keys(wanted.var.columns));
  }
}

function compare({ facts }: FactsEntry, found: FileSummary): void {
  const { h5, members, mods, tables, shape, nnz, kind } = facts as Facts;
  const tree = h5 ?? members;
  if (tree) compareTree(found, tree);
  if (mods) compareParts(found, 'modality', mods);
  if (tables) compareParts(found, 'table', tables);
  if (kind === '10x mtx') {
    expect(found.shape).toEqual({ observations: shape?.[1], variables: shape?.[0] });
    expect(found.facts).toContainEqual({ label: 'Stored values', value: nnz?.toLocaleString('en') });
    expect(found.parts?.map(({ name, rows }) => [name, rows])).toEqual([
      ['Features', shape?.[0]],
      ['Barcodes', shape?.[1]],
    ]);
  }
}

const stores = ({ facts }: FactsEntry): boolean =>
  ['AnnData', 'MuData', 'HDF5', 'Zarr', '10x mtx'].includes(facts.kind);

describe('stores made by the libraries that write them', () => {
  const files = madeFiles();
  const known = madeFacts.filter(
    (entry) => stores(entry) && entry.facts.kind !== '10x mtx' && !('problems' in entry.facts),
  );
  it.each(known.map((entry) => [entry.file, entry] as const))('%s', async (path, entry) => {
    const single = files.find(([file]) => file === path)?.[1];
    const inside = files
      .filter(([file]) => file.startsWith(`${path}/`))
      .map(([file, bytes]) => ({ path: file.slice(path.length + 1), source: bufferSource(bytes) }));
    const found = single
      ? await inspectFile(bufferSource(single), path)
      : await inspectFolder({ files: inside }, path);
    compare(entry, found);
  });
  it('are of each kind', () =>
    expect(new Set(known.map(({ facts }) => facts.kind))).toEqual(
      new Set(['AnnData', 'MuData', 'HDF5', 'Zarr']),
    ));
});

const bio = join(process.env['LOAM_FIXTURES'] ?? '../shared', 'fixtures/bio');
const real = existsSync(join(bio, 'facts.json'));
describe.skipIf(!real)(
  `real stores${real ? '' : ` (skipped: no facts.json below ${bio}, set LOAM_FIXTURES)`}`,
  () => {
    const entries = real
      ? (JSON.parse(readFileSync(join(bio, 'facts.json'), 'utf8')) as { files: FactsEntry[] }).files
      : [];
    const inspect = (file: string): Promise<FileSummary> =>
      statSync(join(bio, file)).isDirectory()
        ? inspectFolder(folderSource(join(bio, file)), file)
        : inspectFile(fileSource(join(bio, file)), file);
    it.each(entries.filter(stores).map((entry) => [entry.file, entry] as const))(
      '%s',
      async (file, entry) => {
        const found = await inspect(file);
        expect(found.problem).toBeNull();
        compare(entry, found);
        expect(JSON.stringify(found).length).toBeLessThan(1_000_000);
      },
    );
    it('a 10x file tells its features and barcodes', async () => {
      const found = await inspect('h5/10x_v3_filtered_feature_bc_matrix.h5');
      expect(found.format).toBe('10x');
      const features = found.parts?.find(({ name }) => name === 'Features');
      expect(features?.preview?.columns).toEqual(expect.arrayContaining(['id', 'name', 'feature_type']));
      expect(features?.preview?.rows).toHaveLength(50);
      expect(found.parts?.find(({ name }) => name === 'Barcodes')?.preview?.rows[0]?.[0]).toMatch(
        /^[ACGT]+-1$/,
      );
    });
    it('a SpatialData store tells its elements', async () => {
      const found = await inspect('zarr/spatialdata_0.7_blobs.sdata.zarr');
      const elements = found.parts?.find(({ name }) => name === 'Elements');
      expect(elements?.preview?.rows).toContainEqual(['blobs_image', 'images', 'c 3, y 100, x 100']);
      expect(elements?.preview?.rows).toContainEqual(['blobs_points', 'points', 'axes x, y']);
      expect(found.views?.pictures?.map(({ path }) => path)).toEqual([
        'images/blobs_image',
        'images/blobs_multiscale_image',
        'labels/blobs_labels',
        'labels/blobs_multiscale_labels',
      ]);
      expect(new Set(elements?.preview?.rows.map(([, kind]) => kind))).toEqual(
        new Set(['images', 'labels', 'points']),
      );
    });
    it('a sharded store tells chunks and shards', async () => {
      const found = await inspect('zarr/sharded_v3.zarr');
      expect(found.members?.some(({ packing }) => /chunks .* shards /.test(packing ?? ''))).toBe(true);
    });
  },
);

describe('odd stores', () => {
  const folder = (files: Record<string, string | Uint8Array>) => ({
    files: Object.entries(files).map(([path, content]) => ({
      path,
      source: bufferSource(typeof content === 'string' ? utf8(content) : content),
    })),
  });
  const group = '{"zarr_format":2}';
  const array = (shape: number[], chunks = shape): string =>
    JSON.stringify({
      zarr_format: 2,
      shape,
      chunks,
      dtype: '<f4',
      compressor: null,
      fill_value: 0,
      filters: null,
      order: 'C',
    });

  it('with thousands of members are listed in part, deep ones to a depth', async () => {
    const files: Record<string, string> = { '.zgroup': group };
    for (let i = 0; i < 3_000; i++) files[`a${i}/.zarray`] = array([2]);
    const found = await inspectFolder(folder(files), 'wide.zarr');
    expect(found.members).toHaveLength(500);
    expect(found.facts).toContainEqual({ label: 'Members', value: 'the first 500 are listed' });
    const deep = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`${'g/'.repeat(i)}.zgroup`, group]),
    );
    expect((await inspectFolder(folder(deep), 'deep.zarr')).members).toHaveLength(32);
  });

  it('with a damaged member tell the others', async () => {
    const found = await inspectFolder(
      folder({
        '.zgroup': group,
        'a/.zarray': array([3]),
        'b/.zarray': '{"shape": oh',
        'c/.zarray': array([4, 5]),
      }),
      'x.zarr',
    );
    expect(found.problem).toBeNull();
    expect(found.members?.map(({ path, kind, shape }) => [path, kind, shape])).toEqual([
      ['a', 'array', [3]],
      ['b', 'unreadable', []],
      ['c', 'array', [4, 5]],
    ]);
  });

  it('attributes are told, also long and odd ones', async () => {
    const attributes = JSON.stringify({ title: 'x'.repeat(5_000), list: [1, 2, { a: null }], __proto: 1 });
    const found = await inspectFolder(
      folder({ '.zgroup': group, 'a/.zarray': array([3]), 'a/.zattrs': attributes }),
      'x.zarr',
    );
    expect(found.members?.[0]?.attributes.map(({ name, value }) => [name, value.length])).toEqual([
      ['title', 300],
      ['list', '[1, 2, {a: null}]'.length],
      ['__proto', 1],
    ]);
  });

  it('a picture in Zarr tells axes, levels, channels and steps', async () => {
    const about = {
      multiscales: [
        {
          axes: ['c', 'y', 'x'].map((name) => ({ name, ...(name === 'c' ? {} : { unit: 'micrometer' }) })),
          datasets: [
            { path: '0', coordinateTransformations: [{ type: 'scale', scale: [1, 0.5, 0.5] }] },
            { path: '1' },
          ],
        },
      ],
      omero: { channels: [{ label: 'DAPI' }, { label: 'GFP' }] },
    };
    const found = await inspectFolder(
      folder({
        '.zgroup': group,
        '.zattrs': JSON.stringify(about),
        '0/.zarray': array([2, 64, 32]),
        '1/.zarray': array([2, 32, 16]),
      }),
      'x.ome.zarr',
    );
    expect(found.format).toBe('ome-zarr');
    expect(found.facts).toEqual(
      expect.arrayContaining([
        { label: 'Size', value: 'c 2, y 64, x 32' },
        { label: 'Levels', value: '2' },
        { label: 'Channels', value: 'DAPI, GFP' },
        { label: 'Step', value: 'y 0.5 micrometer, x 0.5 micrometer' },
      ]),
    );
    for (const [multiscales, problem] of [
      [5, null],
      [[null], null],
      [[{ datasets: 'no' }], 'It cannot be shown as a picture (it names no levels).'],
      [
        [{ datasets: [{ path: '../..' }] }],
        'It cannot be shown as a picture (the level it names is not there).',
      ],
    ] as const) {
      const odd = await inspectFolder(
        folder({ '.zgroup': group, '.zattrs': JSON.stringify({ multiscales }), '0/.zarray': array([4]) }),
        'x.zarr',
      );
      expect(odd).toMatchObject({ format: 'zarr', problem });
    }
  });

  it('a 10x folder without its lists, or with odd ones, says so', async () => {
    const matrix = gzipSync('%%MatrixMarket matrix coordinate integer general\n% by us\n3 2 4\n1 1 5\n');
    const whole = await inspectFolder(
      folder({
        'matrix.mtx.gz': matrix,
        'features.tsv.gz': gzipSync('ENSG1\tA\tGene\nENSG2\tB\tGene\nENSG3\tC\tGene\n'),
        'barcodes.tsv.gz': gzipSync('AAA-1\nCCC-1\n'),
      }),
      'counts',
    );
    expect(whole).toMatchObject({ format: '10x', shape: { observations: 2, variables: 3 }, problem: null });
    expect(whole.parts?.map(({ preview }) => preview?.rows)).toEqual([
      [
        ['ENSG1', 'A', 'Gene'],
        ['ENSG2', 'B', 'Gene'],
        ['ENSG3', 'C', 'Gene'],
      ],
      [['AAA-1'], ['CCC-1']],
    ]);
    const bare = await inspectFolder(folder({ 'matrix.mtx.gz': matrix }), 'counts');
    expect(bare.problem).toBe('Its list of features is missing. Its list of barcodes is missing.');
    const cut = await inspectFolder(
      folder({
        'matrix.mtx.gz': matrix,
        'genes.tsv': 'a\tb\n',
        'barcodes.tsv.gz': gzipSync('AAA-1\n').subarray(0, 12),
      }),
      'counts',
    );
    expect(cut.problem).toContain('barcodes could not be read');
    expect((await inspectFolder(folder({ 'matrix.mtx': 'no matrix' }), 'counts')).format).toBe('folder');
  });
});
