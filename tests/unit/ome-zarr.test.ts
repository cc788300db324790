// Planes of OME-Zarr, 0.4 and 0.5: the level, the chunks and the pixels of each plane, channels in their colours, plates, labels
// and images beside each other; and descriptions that lie.
import { describe, expect, it } from 'vitest';
import type { FolderSource, ViewAsk } from '../../src/lib/engine/ports.ts';
import { inspectFolder } from '../../src/lib/formats/inspect.ts';
import { viewFile } from '../../src/lib/formats/view.ts';
import { utf8 } from '../fixtures/bytes.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { groupOf, omeValue, omeZarr, type OmeZarr } from '../fixtures/write-ome-zarr.ts';

type Files = Record<string, Uint8Array>;
/** A folder, and which of its files were read. */
function folder(files: Files): { source: FolderSource; read: Set<string> } {
  const read = new Set<string>();
  const source = {
    files: Object.entries(files).map(([path, bytes]) => {
      const inner = bufferSource(bytes);
      return {
        path,
        source: {
          size: inner.size,
          read: (from: number, to: number) => (read.add(path), inner.read(from, to)),
        },
      };
    }),
  };
  return { source, read };
}
const at = (prefix: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${prefix}/${path}`, bytes]));
const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
/** A group that says `about` of itself. */
const group = (version: 2 | 3, about: Record<string, unknown>): Files =>
  version === 2
    ? { '.zgroup': json(groupOf(2, {})), '.zattrs': json(about) }
    : { 'zarr.json': json(groupOf(3, about)) };

const PLANE = { kind: 'plane', path: '', channel: 0, slice: 0, moment: 0 } as const;
async function plane(source: FolderSource, ask: Partial<Extract<ViewAsk, { kind: 'plane' }>> = {}) {
  const view = await viewFile(source, { ...PLANE, ...ask });
  if (view.kind !== 'plane') throw new Error(`it is ${view.kind}`);
  return view;
}
const summary = (source: FolderSource) => inspectFolder(source, 'a.ome.zarr');
const problemOf = async (files: Files): Promise<string | null> =>
  (await summary(folder(files).source)).problem;

const channels = [
  { label: 'DAPI', color: '0000FF', window: { start: 0, end: 255, min: 0, max: 65_535 }, active: true },
  { label: 'GFP', color: '00FF00', window: { start: 100, end: 151 }, active: true },
];
const small = (version: 2 | 3, more: Partial<OmeZarr> = {}): Files =>
  omeZarr({ version, levels: [[2, 2, 3, 6, 8]], ...more });

describe.each([2, 3] as const)('a picture in Zarr v%i', (version) => {
  it('tells its planes, axes, steps and channels', async () => {
    const found = await summary(folder(small(version, { more: { omero: { channels } } })).source);
    expect(found).toMatchObject({ format: 'ome-zarr', problem: null });
    expect(found.views?.pictures).toEqual([
      { path: '', name: 'Picture', channels: ['DAPI', 'GFP'], slices: 3, moments: 2, together: true },
    ]);
    expect(found.facts).toEqual(
      expect.arrayContaining([
        { label: 'Size', value: 't 2, c 2, z 3, y 6, x 8' },
        { label: 'Type', value: 'uint16' },
        { label: 'Channels', value: 'DAPI, GFP' },
        { label: 'Step', value: 'z 2 micrometer, y 0.5 micrometer, x 0.5 micrometer' },
      ]),
    );
  });

  it('gives each plane, stretched over what is there, and reads its chunks alone', async () => {
    const files = small(version);
    for (const [moment, channel, slice] of [
      [0, 0, 0],
      [1, 0, 2],
      [1, 1, 1],
    ] as const) {
      const { source, read } = folder(files);
      const view = await plane(source, { channel, slice, moment });
      const low = omeValue(moment, channel, slice, 0, 0);
      expect(view).toMatchObject({
        width: 8,
        height: 6,
        layers: [],
        note: null,
        range: { low, high: low + 12 },
      });
      // Canvases round halves to even numbers.
      const sums = Array.from({ length: 48 }, (_, i) => Math.floor(i / 8) + (i % 8));
      expect(view.pixels.filter((_, i) => i % 4 === 0)).toEqual(
        Uint8ClampedArray.from(sums, (sum) => (sum * 255) / 12),
      );
      const chunks = [...read].filter((path) => /^0\/(c\/)?\d/.test(path));
      const name = `0/${version === 2 ? '' : 'c/'}${moment}/${channel}/${slice}`;
      expect(chunks.sort()).toEqual(['0/0', '0/1', '1/0', '1/1'].map((piece) => `${name}/${piece}`));
      expect(view.read).toBeGreaterThan(96);
      expect(view.read).toBeLessThan(96 + 3_000);
    }
  });

  it('is drawn from the smallest level that fills the screen', async () => {
    const levels: OmeZarr['levels'] = [
      [1, 1, 4, 1_100, 1_200],
      [1, 1, 2, 1_030, 1_050],
      [1, 1, 1, 300, 320],
    ];
    const { source, read } = folder(omeZarr({ version, levels }));
    const view = await plane(source, { slice: 3 });
    // Of a level that has half as many slices, the second.
    expect([...read].filter((path) => /^\d\/(c\/)?\d+\/\d+\/1\//.test(path))).toHaveLength(4);
    expect([...read].some((path) => /^[02]\/(c\/)?\d/.test(path))).toBe(false);
    expect(view).toMatchObject({
      width: 1_024,
      height: 1_004,
      of: { width: 1_200, height: 1_100 },
      note: null,
    });
  });

  it('has channels in the colours and between the values that its store says', async () => {
    const { source } = folder(small(version, { more: { omero: { channels } } }));
    const one = await plane(source, { channel: 1 });
    expect(one.layers).toEqual([{ name: 'GFP', colour: [0, 255, 0], low: 100, high: 151 }]);
    expect(one.range).toBeNull();
    // 102 of 100 to 151.
    expect(Array.from(one.pixels.subarray(8, 12))).toEqual([0, 10, 0, 255]);
    const all = await plane(source, { together: true });
    expect(all.layers.map(({ name }) => name)).toEqual(['DAPI', 'GFP']);
    for (const [x, y] of [
      [0, 0],
      [7, 0],
      [3, 5],
    ] as const) {
      const from = (y * 8 + x) * 4;
      expect(Array.from(all.pixels.subarray(from, from + 4))).toEqual([0, (x + y) * 5, x + y, 255]);
    }
    const bare = folder(small(version)).source;
    await expect(plane(bare, { together: true })).rejects.toThrow('none of its channels has a colour');
  });

  it('of a plate is each field of each well', async () => {
    const files = {
      ...group(version, { plate: { wells: [{ path: 'A/1' }, { path: 'B/2' }, { path: 'C/3' }] } }),
      ...at('A', group(version, {})),
      ...at('A/1', group(version, { well: { images: [{ path: '0' }, { path: '1' }] } })),
      ...at('A/1/0', small(version)),
      ...at('A/1/1', small(version)),
      ...at('B', group(version, {})),
      ...at('B/2', group(version, { well: { images: [{ path: '0' }] } })),
      ...at('B/2/0', small(version)),
    };
    const { source } = folder(files);
    const found = await summary(source);
    expect(found.format).toBe('ome-zarr');
    expect(found.views?.pictures?.map(({ path, name }) => [path, name])).toEqual([
      ['A/1/0', 'Well A1, field 0'],
      ['A/1/1', 'Well A1, field 1'],
      ['B/2/0', 'Well B2'],
    ]);
    expect(found.facts).toEqual(
      expect.arrayContaining([
        { label: 'Wells', value: '3' },
        { label: 'Fields', value: '3' },
      ]),
    );
    expect(found.problem).toBe('Of 1 of 3 wells no fields are here.');
    expect((await plane(source, { path: 'B/2/0', slice: 1 })).range).toEqual({ low: 10, high: 22 });
    await expect(plane(source, { path: 'C/3/0' })).rejects.toThrow('there is no picture at “C/3/0”');
  });

  it('stands beside its labels and other images', async () => {
    const labels = await summary(
      folder({
        ...small(version),
        ...at('labels', group(version, { labels: ['cells'] })),
        ...at('labels/cells', small(version)),
      }).source,
    );
    expect(labels.views?.pictures?.map(({ path, name }) => [path, name])).toEqual([
      ['', 'Picture'],
      ['labels/cells', 'Labels cells'],
    ]);
    const beside = await summary(
      folder({
        ...group(version, { 'bioformats2raw.layout': 3 }),
        ...at('0', small(version)),
        ...at('10', small(version)),
        ...at('2', small(version)),
      }).source,
    );
    expect(beside.views?.pictures?.map(({ name }) => name)).toEqual(['Image 0', 'Image 2', 'Image 10']);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no levels', { datasets: [] }, /it names no levels/],
    ['levels that are not there', { datasets: [{ path: '7' }, { path: '../0' }] }, /none of the 2 levels/],
    ['too few axes', { axes: ['y', 'x'] }, /it names 2 axes, and its levels have 5/],
    ['an axis twice', { axes: ['t', 'c', 'y', 'y', 'x'] }, /an axis twice/],
    ['axes without y', { axes: ['t', 'c', 'z', 'w', 'x'] }, /no axes y and x/],
  ])('with %s is no picture, which is said', async (_, multiscales, words) => {
    const { source } = folder(small(version, { multiscales }));
    const found = await summary(source);
    expect(found.format).toBe('zarr');
    expect(found.problem).toMatch(/^It cannot be shown as a picture \(.+\)\.$/);
    expect(found.problem).toMatch(words);
    expect(found.members?.some(({ path }) => path === '0')).toBe(true);
    await expect(plane(source)).rejects.toThrow(words);
  });

  it('that is in part wrong is shown, with what is wrong', async () => {
    const scale = (values: unknown) => ({
      datasets: [{ path: '0', coordinateTransformations: [{ type: 'scale', scale: values }] }],
    });
    for (const values of [
      [1, 1, 1, -0.5, 0.5],
      [1, 1, 1, 0, 1],
      ['a', 1, 1, 1, 1],
      [1, 1],
    ])
      expect(await problemOf(small(version, { multiscales: scale(values) }))).toMatch(
        /^The size of its pixels is not known: its scale says /,
      );
    expect(
      await problemOf(small(version, { multiscales: { datasets: [{ path: '9' }, { path: '0' }] } })),
    ).toBe('Its level “9” is missing.');
    const odd = [{ label: 5, color: 'red', window: { start: 9, end: 1 } }, { label: null }];
    const { source } = folder(small(version, { more: { omero: { channels: odd } } }));
    expect((await summary(source)).views?.pictures?.[0]).toMatchObject({
      channels: ['5', 'Channel 2'],
      together: false,
    });
    expect((await plane(source)).range).toEqual({ low: 0, high: 12 });
  });
});

describe('sizes that a store merely claims', () => {
  /** A store of one level without any chunk. */
  const claims = (shape: number[], chunks: number[], dtype = '<u2'): FolderSource =>
    folder({
      '.zgroup': json({ zarr_format: 2 }),
      '.zattrs': json({
        multiscales: [{ axes: ['z', 'y', 'x'], datasets: [{ path: '0' }] }],
      }),
      '0/.zarray': json({
        zarr_format: 2,
        shape,
        chunks,
        dtype,
        compressor: null,
        filters: null,
        fill_value: 7,
        order: 'C',
      }),
    }).source;

  it('are shown from their middle, or refused in words', async () => {
    const wide = await plane(claims([2, 1_000_000, 5_000], [1, 2_048, 2_048]));
    expect(wide.note).toBe('The middle 4,096 × 4,096 pixels of 5,000 × 1,000,000 are shown.');
    expect(wide).toMatchObject({ width: 1_024, height: 1_024, range: { low: 7, high: 7 } });
    await expect(plane(claims([1, 5_000, 5_000], [1, 1, 5_000]))).resolves.toMatchObject({ width: 1_024 });
    await expect(plane(claims([1, 5_000, 5_000], [1, 1, 1]))).rejects.toThrow(
      'more than 20,000 pieces a plane',
    );
    await expect(plane(claims([1, 1e9, 1e9], [1, 1e9, 1e9]))).rejects.toThrow('pieces too large');
    await expect(plane(claims([1, 0, 9], [1, 1, 9]))).rejects.toThrow('it has no pixels');
    await expect(plane(claims([1, 4, 4], [1, 4, 4], '<U3'))).rejects.toThrow('which are no numbers');
    await expect(plane(claims([3, 4, 4], [1, 4, 4]), { slice: 3 })).rejects.toThrow(
      'its axis z has 3 places, and place 4 was asked for',
    );
    await expect(plane(claims([3, 4, 4], [1, 4, 4]), { slice: NaN })).rejects.toThrow(
      'its axis z has 3 places',
    );
  });
});
