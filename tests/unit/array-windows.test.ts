// Windows into arrays of HDF5 and Zarr: the values that NumPy has there, along any two axes; what lies, is huge or is no
// number is bounded and told in words.
import type * as H5 from 'h5wasm';
import { describe, expect, it } from 'vitest';
import type { FileView, FolderSource, ViewAsk } from '../../src/lib/engine/ports.ts';
import type { SyncByteSource } from '../../src/lib/formats/source.ts';
import { viewFile } from '../../src/lib/formats/view.ts';
import { utf8 } from '../fixtures/bytes.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { h5Bytes } from '../fixtures/write-h5ad.ts';

type Window = Extract<FileView, { kind: 'array' }>;
type Ask = Extract<ViewAsk, { kind: 'array' }>;

async function look(
  input: SyncByteSource | FolderSource,
  path: string,
  axes: number[],
  from: number[],
  count: number[],
  at: number[] = [],
): Promise<Window> {
  const found = await viewFile(input, { kind: 'array', path, axes, at, from, count } satisfies Ask);
  expect(found.kind).toBe('array');
  return found as Window;
}

const SHAPE = [4, 5, 6];
/** np.arange(120).reshape(4, 5, 6)[index] */
const valueAt = (i: number, j: number, k: number): number => (i * 5 + j) * 6 + k;

const hdf5 = (): Promise<Uint8Array> =>
  h5Bytes((file: H5.File) => {
    const data = Int32Array.from({ length: 120 }, (_, i) => i);
    file.create_dataset({ name: 'cube', data, shape: SHAPE, dtype: '<i4', chunks: [2, 2, 4] });
    file.create_dataset({ name: 'flat', data: Float64Array.from([1, NaN, Infinity, -2]), dtype: '<d' });
    file.create_dataset({ name: 'names', data: ['a', 'b', 'ç'] });
    file.create_dataset({ name: 'big', data: BigInt64Array.from([2n ** 60n, -1n]), dtype: '<q' });
    file.create_dataset({ name: 'one', data: 7, dtype: '<i4' });
  });

/** The same cube in Zarr v3, in chunks, some of which are missing. */
function zarr(shape: number[], chunks: number[], parts: Record<string, Uint8Array>): FolderSource {
  const description = {
    zarr_format: 3,
    node_type: 'array',
    shape,
    data_type: 'int32',
    chunk_grid: { name: 'regular', configuration: { chunk_shape: chunks } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    fill_value: -7,
    codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
    attributes: {},
  };
  const root = { zarr_format: 3, node_type: 'group', attributes: {} };
  const files: [string, Uint8Array][] = [
    ['zarr.json', utf8(JSON.stringify(root))],
    ['cube/zarr.json', utf8(JSON.stringify(description))],
    ...Object.entries(parts).map(([key, bytes]): [string, Uint8Array] => [`cube/c/${key}`, bytes]),
  ];
  return { files: files.map(([path, bytes]) => ({ path, source: bufferSource(bytes) })) };
}

const slab = (i: number): Uint8Array =>
  new Uint8Array(Int32Array.from({ length: 30 }, (_, at) => i * 30 + at).buffer);

describe.each([
  ['HDF5', async () => bufferSource(await hdf5())],
  [
    'Zarr',
    () =>
      Promise.resolve(
        zarr(SHAPE, [1, 5, 6], { '0/0/0': slab(0), '1/0/0': slab(1), '2/0/0': slab(2), '3/0/0': slab(3) }),
      ),
  ],
] as const)('a cube in %s', (_name, make) => {
  it('is looked at along any two axes, and along one', async () => {
    const input = await make();
    for (const [rows, columns, rest] of [
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
      [1, 0, 2],
    ] as const) {
      const at = [0, 0, 0];
      at[rest] = 3;
      const found = await look(input, 'cube', [rows, columns], [1, 2], [2, 2], at);
      const wanted = [0, 1].flatMap((row) =>
        [0, 1].map((column) => {
          const index = [...at];
          index[rows] = 1 + row;
          index[columns] = 2 + column;
          return valueAt(...(index as [number, number, number]));
        }),
      );
      expect(Array.from(found.values as Int32Array)).toEqual(wanted);
    }
    const line = await look(input, 'cube', [2], [0], [99], [3, 4, 0]);
    expect(line.count).toEqual([6]);
    expect(Array.from(line.values as Int32Array)).toEqual([0, 1, 2, 3, 4, 5].map((k) => valueAt(3, 4, k)));
  });

  it('is cut to what is there, and what is not there is told', async () => {
    const input = await make();
    const corner = await look(input, 'cube', [0, 1], [3, 4], [100, 100], [0, 0, 99]);
    expect([corner.from, corner.count, Array.from(corner.values as Int32Array)]).toEqual([
      [3, 4],
      [1, 1],
      [119],
    ]);
    const wild = await look(input, 'cube', [0, 1], [-5, NaN], [1, Infinity], [0, 0, 0]);
    expect(wild.count).toEqual([1, 5]);
    await expect(look(input, 'cube', [0, 0], [0, 0], [1, 1])).rejects.toThrow(/axes 0 to 2/);
    await expect(look(input, 'cube', [0, 1, 2], [0, 0, 0], [1, 1, 1])).rejects.toThrow(/one or two of them/);
    await expect(look(input, 'none', [0], [0], [1])).rejects.toThrow(/no array at “none”/);
    await expect(look(input, '', [0], [0], [1])).rejects.toThrow(/no array at/);
  });
});

describe('other values', () => {
  it('numbers that are none, texts, large integers and single values come as they are', async () => {
    const input = bufferSource(await hdf5());
    expect((await look(input, 'flat', [0], [0], [9])).values).toEqual(
      Float64Array.from([1, NaN, Infinity, -2]),
    );
    expect((await look(input, 'names', [0], [1], [9])).values).toEqual(['b', 'ç']);
    expect((await look(input, 'big', [0], [0], [2])).values).toEqual(BigInt64Array.from([2n ** 60n, -1n]));
    expect(Array.from((await look(input, 'one', [], [], [])).values as Int32Array)).toEqual([7]);
  });

  it('a shape that nothing could hold is looked at where somebody asks, or refused', async () => {
    const huge = zarr([2 ** 40, 2 ** 40], [8, 8], {});
    const found = await look(huge, 'cube', [0, 1], [2 ** 39, 2 ** 39], [2, 2]);
    expect(Array.from(found.values as Int32Array)).toEqual([-7, -7, -7, -7]);
    const pieces = zarr([2 ** 40, 2 ** 40], [2048, 2048], {});
    await expect(look(pieces, 'cube', [0, 1], [0, 0], [512 * 512, 1])).rejects.toThrow(
      /MiB would be unpacked/,
    );
    const lump = zarr([2 ** 40, 2 ** 40], [2 ** 30, 2 ** 30], {});
    await expect(look(lump, 'cube', [0, 1], [0, 0], [2, 2])).rejects.toThrow(/too large for a preview/);
  });
});
