// Fixes of AnnData and SpatialData in Zarr: what changes is written anew in its own codecs, all else are the very objects that
// were there, and X is never asked for.
import { describe, expect, it } from 'vitest';
import type { Fix } from '../../src/lib/engine/curate/fixes.ts';
import type { FrameAsk } from '../../src/lib/engine/curate/frame.ts';
import { fixedZarr, type FixedObjects } from '../../src/lib/formats/curate/fixed-zarr.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { parseJson, writeJson, type Json } from '../../src/lib/formats/json-text.ts';
import { folderStore, type ObjectStore } from '../../src/lib/formats/zarr-store.ts';
import { zipChunks } from '../../src/lib/formats/zip-write.ts';
import { fixedFolder, fixedZip } from '../../src/lib/workers/fixed-store.ts';
import { join } from '../fixtures/bytes.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { zarrAnnData, type LabFile } from '../fixtures/write-zarr.ts';

const cells = ['NK cell', 'T cell', 'T-cell', 'B cell'];
const lab = (folder: string, version: 2 | 3): LabFile[] =>
  zarrAnnData(folder, version, {
    obsNames: Array.from({ length: 40 }, (_, i) => `cell-${i}`),
    varNames: ['ENSG00000153563', 'ENSG00000010610'],
    category: { name: 'cell_type', categories: cells, codes: Array.from({ length: 40 }, (_, i) => i % 4) },
    number: { name: 'pct_mt', values: Array.from({ length: 40 }, (_, i) => i / 8) },
  });
/** Without the folder's own name. */
const below = (files: LabFile[]): LabFile[] =>
  files.map(({ path, bytes }) => ({ path: path.slice(path.indexOf('/') + 1), bytes }));
const folderOf = (files: readonly LabFile[]) => ({
  files: files.map(({ path, bytes }) => ({ path, source: bufferSource(bytes) })),
});
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The store with a list of what was read. */
function watched(files: readonly LabFile[]): { store: ObjectStore; read: string[] } {
  const store = folderStore(folderOf(files));
  const read: string[] = [];
  return {
    read,
    store: {
      paths: store.paths,
      get: (path) => (read.push(path), store.get(path)),
      getRange: (path, range) => (read.push(path), store.getRange(path, range)),
    },
  };
}
const copyOf = (files: readonly LabFile[], objects: FixedObjects): LabFile[] => {
  const old = new Map(files.map(({ path, bytes }) => [path, bytes]));
  return [...objects].map(([path, object]) => ({
    path,
    bytes: 'bytes' in object ? object.bytes : (old.get(object.from) as Uint8Array),
  }));
};
const obs = { slot: 'obs' };
const mend: Fix[] = [
  {
    ...obs,
    kind: 'map',
    column: 'cell_type',
    values: { 'NK cell': 'natural killer cell', 'T-cell': 'T cell' },
  },
  { ...obs, kind: 'rename', column: 'pct_mt', to: 'percent_mito' },
];
async function frameOf(files: readonly LabFile[], slot = 'obs') {
  const ask: FrameAsk = { slot, transposed: false, namesOnly: false, index: 'values', columns: [] };
  const columns = [0, 1].map((at) => ({ at, want: 'values' as const }));
  const { frames } = await readDataset(folderOf(files), 'x.zarr', [{ ...ask, columns }]);
  return frames[0];
}

/** What version 2 and 3 gather of all descriptions in one object. */
function gathered(files: LabFile[], version: 2 | 3): LabFile[] {
  const marks = version === 2 ? /(^|\/)\.z(group|array|attrs)$/ : /\/zarr\.json$/;
  const metadata = new Map<string, Json>(
    files
      .filter(({ path }) => marks.test(path))
      .map(({ path, bytes }) => [
        version === 2 ? path : path.replace(/\/zarr\.json$/, ''),
        parseJson(text(bytes)),
      ]),
  );
  if (version === 2)
    return [
      ...files,
      { path: '.zmetadata', bytes: utf8(writeJson(new Map<string, Json>([['metadata', metadata]]))) },
    ];
  return files.map((file) => {
    if (file.path !== 'zarr.json') return file;
    const root = parseJson(text(file.bytes)) as Map<string, Json>;
    const inline = new Map<string, Json>([
      ['kind', 'inline'],
      ['metadata', metadata],
    ]);
    return { ...file, bytes: utf8(writeJson(root.set('consolidated_metadata', inline))) };
  });
}

describe.each([2, 3] as const)('a fixed AnnData in Zarr %i', (version) => {
  it('[row 44] has its categories joined and its columns renamed; all else are the very objects', async () => {
    const files = below(lab('x', version));
    const { store, read } = watched(files);
    const objects = await fixedZarr(store, mend, () => {});
    const copy = copyOf(files, objects);
    const frame = await frameOf(copy);
    expect(frame?.names).toEqual(['cell_type', 'percent_mito']);
    expect(frame?.columns[0]?.dtype).toBe('category');
    expect(frame?.columns[0]?.values?.map(({ text: one, count }) => [one, count])).toEqual([
      ['natural killer cell', 10],
      ['T cell', 20],
      ['B cell', 10],
    ]);
    expect(frame?.index?.values?.length).toBe(40);
    const made = [...objects].flatMap(([path, object]) => ('bytes' in object ? [path] : []));
    expect(made.every((path) => /^obs\/(cell_type\/|zarr\.json|\.zattrs)/.test(path))).toBe(true);
    expect([...objects].filter(([path, object]) => 'from' in object && object.from !== path).length).toBe(
      files.filter(({ path }) => path.startsWith('obs/pct_mt/')).length,
    );
    expect(read.filter((path) => /^X\/|^layers\//.test(path) && !/zarr\.json|\.z/.test(path))).toEqual([]);
    expect(copy.some(({ path }) => path.startsWith('obs/pct_mt'))).toBe(false);
  });

  it('leaves columns out, empties values, fills empty ones, and renames variables', async () => {
    const files = below(lab('x', version));
    const fixes: Fix[] = [
      { ...obs, kind: 'map', column: 'cell_type', values: { 'NK cell': '' } },
      { ...obs, kind: 'drop', column: 'pct_mt' },
      {
        slot: 'var.T',
        kind: 'map',
        column: 'index',
        index: true,
        values: { ENSG00000010610: 'ENSG00000010611' },
      },
    ];
    const copy = copyOf(files, await fixedZarr(watched(files).store, fixes, () => {}));
    const emptied = await frameOf(copy);
    expect([emptied?.names, emptied?.columns[0]?.nulls]).toEqual([['cell_type'], 10]);
    expect((await frameOf(copy, 'var'))?.index?.values?.map(({ text: one }) => one)).toEqual([
      'ENSG00000153563',
      'ENSG00000010611',
    ]);
    const fill: Fix[] = [{ ...obs, kind: 'fill', column: 'cell_type', value: 'unknown' }];
    const filled = await frameOf(copyOf(copy, await fixedZarr(watched(copy).store, fill, () => {})));
    expect(filled?.columns[0]?.nulls).toBe(0);
    expect(filled?.columns[0]?.values?.map(({ text: one }) => one)).toContain('unknown');
  });

  it('numbers change, become whole ones, texts or categories', async () => {
    const files = below(lab('x', version));
    const column = 'pct_mt';
    const whole: Fix[] = [
      {
        ...obs,
        kind: 'map',
        column,
        values: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [floatWord(i / 8), '3'])),
      },
      { ...obs, kind: 'cast', column, to: 'int' },
      { ...obs, kind: 'map', column, values: { 3: '4' } },
    ];
    const one = async (fixes: Fix[]) =>
      (await frameOf(copyOf(files, await fixedZarr(watched(files).store, fixes, () => {}))))?.columns[1];
    const ints = await one(whole);
    expect([ints?.dtype, ints?.values?.map(({ text: value, count }) => [value, count])]).toEqual([
      'int64',
      [['4', 40]],
    ]);
    const texts = await one([{ ...obs, kind: 'cast', column, to: 'str' }]);
    expect([texts?.dtype, texts?.values?.[1]?.text, texts?.values?.[1]?.kind]).toEqual([
      'object',
      '0.125',
      'str',
    ]);
    const kinds = await one([
      { ...obs, kind: 'cast', column, to: 'str' },
      { ...obs, kind: 'cast', column, to: 'category' },
    ]);
    expect([kinds?.dtype, kinds?.values?.length]).toEqual(['category', 40]);
    await expect(one([{ ...obs, kind: 'cast', column, to: 'int' }])).rejects.toThrow(
      /'pct_mt' cannot be converted: '0\.125'.* are no whole number/,
    );
    await expect(one([{ ...obs, kind: 'map', column, values: { '0.0': 'none' } }])).rejects.toThrow(
      /holds numbers \(float64\), and 'none' is none/,
    );
    const gap = await one([...whole, { ...obs, kind: 'map', column, values: { 4: '' } }]);
    expect([gap?.dtype, gap?.nulls]).toEqual(['float64', 40]);
  });

  it('consolidated descriptions tell of the table as it is now', async () => {
    const files = gathered(below(lab('x', version)), version);
    const objects = await fixedZarr(
      watched(files).store,
      [...mend, { slot: 'obs', kind: 'fill', column: 'cell_type', value: 'x' }],
      () => {},
    );
    const copy = copyOf(files, objects);
    const rest = copy.filter(({ path }) => path !== '.zmetadata');
    const expected = gathered(
      version === 2
        ? rest
        : rest.map((file) =>
            file.path === 'zarr.json' ? files.find(({ path }) => path === 'zarr.json')! : file,
          ),
      version,
    );
    const name = version === 2 ? '.zmetadata' : 'zarr.json';
    const told = (some: LabFile[]): Record<string, unknown> => {
      const json = JSON.parse(text(some.find(({ path }) => path === name)?.bytes ?? utf8('{}'))) as Record<
        string,
        Record<string, Record<string, unknown>>
      >;
      return (version === 2 ? json['metadata'] : json['consolidated_metadata']?.['metadata']) as Record<
        string,
        unknown
      >;
    };
    expect(told(copy)).toEqual(told(expected));
    expect(Object.keys(told(copy)).some((key) => key.includes('pct_mt'))).toBe(false);
  });

  it('a folder keeps its own files, a zip its members', async () => {
    const files = lab('x', version);
    const own = new Map(
      files.map(({ path, bytes }) => [path, new File([bytes as Uint8Array<ArrayBuffer>], path)]),
    );
    const made = (await fixedFolder(folderOf(files), own, mend, () => {})) ?? [];
    expect(made.filter(({ path, file }) => own.get(path) === file).length).toBeGreaterThan(10);
    const plain = await Promise.all(
      made.map(async ({ path, file }) => ({ path, bytes: new Uint8Array(await file.arrayBuffer()) })),
    );
    expect((await frameOf(plain))?.names).toEqual(['cell_type', 'percent_mito']);
    const members = below(files).map(({ path, bytes }) => ({
      path,
      size: bytes.length,
      chunks: async function* () {
        yield bytes;
      },
    }));
    const whole = async (parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
      const all: Uint8Array[] = [];
      for await (const part of parts) all.push(part);
      return join(all);
    };
    const zip = await whole(zipChunks(members, new Date(0)));
    const parts = await fixedZip(bufferSource(zip), mend, () => {});
    const copy = await whole(parts ?? zipChunks([], new Date(0)));
    const { frames } = await readDataset(bufferSource(copy), 'x.zarr.zip', [
      { slot: 'obs', transposed: false, namesOnly: true, index: 'none', columns: [] },
    ]);
    expect(frames[0]?.names).toEqual(['cell_type', 'percent_mito']);
  });
});

const floatWord = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));

describe('tables of a SpatialData', () => {
  const files = (): LabFile[] => [
    {
      path: 'zarr.json',
      bytes: utf8(
        JSON.stringify({
          zarr_format: 3,
          node_type: 'group',
          attributes: { spatialdata_attrs: { version: '0.2' } },
        }),
      ),
    },
    {
      path: 'tables/zarr.json',
      bytes: utf8(JSON.stringify({ zarr_format: 3, node_type: 'group', attributes: {} })),
    },
    ...lab('tables/cells', 3),
    {
      path: 'tables/cells/uns/spatialdata_attrs/zarr.json',
      bytes: utf8(JSON.stringify({ zarr_format: 3, node_type: 'group', attributes: {} })),
    },
    ...scalar('tables/cells/uns/spatialdata_attrs/region_key', 'pct_mt'),
    {
      path: 'images/blobs/zarr.json',
      bytes: utf8(JSON.stringify({ zarr_format: 3, node_type: 'group', attributes: {} })),
    },
    { path: 'images/blobs/0/c/0', bytes: utf8('pixels') },
  ];
  function scalar(path: string, value: string): LabFile[] {
    const description = {
      zarr_format: 3,
      node_type: 'array',
      shape: [],
      data_type: 'string',
      fill_value: '',
      attributes: {},
      chunk_grid: { name: 'regular', configuration: { chunk_shape: [] } },
      chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
      codecs: [{ name: 'vlen-utf8' }],
    };
    const bytes = utf8(value);
    return [
      { path: `${path}/zarr.json`, bytes: utf8(JSON.stringify(description)) },
      { path: `${path}/c`, bytes: join([Uint8Array.of(1, 0, 0, 0, bytes.length, 0, 0, 0), bytes]) },
    ];
  }

  it('[row 44] change, and pictures keep their objects', async () => {
    const slot = 'tables:cells:obs';
    const fixes: Fix[] = [
      { slot, kind: 'map', column: 'cell_type', values: { 'NK cell': 'natural killer cell' } },
    ];
    const objects = await fixedZarr(watched(files()).store, fixes, () => {});
    expect(objects.get('images/blobs/0/c/0')).toEqual({ from: 'images/blobs/0/c/0' });
    const frame = await frameOf(copyOf(files(), objects), slot);
    expect(frame?.columns[0]?.values?.[0]?.text).toBe('natural killer cell');
  });

  it('the column that joins table and elements is refused, and so is what is no table', async () => {
    const { store } = watched(files());
    await expect(
      fixedZarr(store, [{ slot: 'tables:cells:obs', kind: 'rename', column: 'pct_mt', to: 'x' }], () => {}),
    ).rejects.toThrow(/'pct_mt' joins the table with the elements/);
    await expect(
      fixedZarr(store, [{ slot: 'attrs:study', kind: 'drop', column: 'x' }], () => {}),
    ).rejects.toThrow(/obs and var can/);
  });
});

it('names that would be other places, and two columns of one name, are refused', async () => {
  const files = below(lab('x', 3));
  const rename = (to: string): Promise<unknown> =>
    fixedZarr(watched(files).store, [{ ...obs, kind: 'rename', column: 'pct_mt', to }], () => {});
  for (const name of ['../X', 'a/b', '', '.zattrs', '__categories'])
    await expect(rename(name)).rejects.toThrow(/cannot be called/);
  await expect(rename('cell_type')).rejects.toThrow(/two columns 'cell_type'/);
  await expect(rename('_index')).rejects.toThrow(/two columns '_index'/);
});

it('damaged descriptions and pieces end in an error, soon, and never in another name or place', async () => {
  let state = 11;
  const next = (below: number): number =>
    ((state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 8) % below;
  const began = performance.now();
  let failed = 0;
  for (let round = 0; round < 600; round++) {
    const files = below(lab('x', round % 2 === 0 ? 3 : 2));
    const own = files.filter(({ path }) => path.startsWith('obs/') || !path.includes('/'));
    const victim = own[next(own.length)] as LabFile;
    const bytes = victim.bytes.slice();
    for (let i = 0; i <= next(4); i++) bytes[next(bytes.length)] = next(3) === 0 ? next(256) : 48 + next(10);
    victim.bytes = next(8) === 0 ? bytes.slice(0, next(bytes.length)) : bytes;
    try {
      const objects = await fixedZarr(folderStore(folderOf(files)), mend, () => {});
      for (const path of objects.keys()) expect(path).not.toMatch(/\.\.|^\/|\/\//);
    } catch (error) {
      failed++;
      expect(error).toBeInstanceOf(Error);
    }
  }
  expect(failed).toBeGreaterThan(50);
  expect(performance.now() - began).toBeLessThan(60_000);
});
