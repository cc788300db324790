// Arrays of Zarr written anew in the form of a description: every codec, shards, texts and numbers are read back as they were
// meant, and what cannot be packed is refused.
import { describe, expect, it } from 'vitest';
import { parseJson, type Json } from '../../src/lib/formats/json-text.ts';
import { decodeLz4Block } from '../../src/lib/formats/lz4-frame.ts';
import { allValues } from '../../src/lib/formats/tree.ts';
import { openZarr } from '../../src/lib/formats/zarr-node.ts';
import { packLz4 } from '../../src/lib/formats/zarr-packers.ts';
import { writeArray, type WrittenValues } from '../../src/lib/formats/zarr-write.ts';

it('what would need too much memory is refused', () => {
  const huge = (chunk: number, codecs: unknown[]): Map<string, Json> =>
    parseJson(
      JSON.stringify({
        zarr_format: 3,
        node_type: 'array',
        shape: [3],
        data_type: 'string',
        fill_value: '',
        chunk_grid: { name: 'regular', configuration: { chunk_shape: [chunk] } },
        chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
        codecs,
      }),
    ) as Map<string, Json>;
  const texts: WrittenValues = { type: 'text', values: ['a', 'b', 'c'] };
  expect(() => writeArray(huge(1e15, [{ name: 'vlen-utf8' }]), texts)).toThrow(/too large/);
  expect(() => writeArray(huge(0, [{ name: 'vlen-utf8' }]), texts)).toThrow(/too large/);
  const inner = { chunk_shape: [1], codecs: [{ name: 'vlen-utf8' }], index_codecs: [{ name: 'bytes' }] };
  const shards = [{ name: 'sharding_indexed', configuration: inner }];
  expect(() => writeArray(huge(6e7, shards), texts)).toThrow(/too many pieces/);
});

describe('arrays written anew are read as they were meant', () => {
  const v3 = (codecs: unknown[], type: unknown, chunk = 7): Map<string, Json> =>
    parseJson(
      JSON.stringify({
        zarr_format: 3,
        node_type: 'array',
        shape: [3],
        data_type: type,
        attributes: {},
        fill_value: type === 'string' ? '' : 0,
        chunk_grid: { name: 'regular', configuration: { chunk_shape: [chunk] } },
        chunk_key_encoding: { name: 'default', configuration: { separator: '.' } },
        codecs,
      }),
    ) as Map<string, Json>;
  const v2 = (compressor: unknown, dtype: string, filters: unknown = null): Map<string, Json> =>
    parseJson(
      JSON.stringify({
        zarr_format: 2,
        shape: [3],
        chunks: [7],
        dtype,
        compressor,
        filters,
        order: 'C',
        fill_value: null,
      }),
    ) as Map<string, Json>;
  const bytes = { name: 'bytes', configuration: { endian: 'little' } };
  const big = { name: 'bytes', configuration: { endian: 'big' } };
  const sharding = (codecs: unknown[], where: string) => ({
    name: 'sharding_indexed',
    configuration: {
      chunk_shape: [4],
      codecs,
      index_codecs: [bytes, { name: 'crc32c' }],
      index_location: where,
    },
  });
  const texts: WrittenValues = {
    type: 'text',
    values: Array.from({ length: 20 }, (_, i) => ['ä cell', '', 'tissue 🧠', 'same'][i % 4] ?? ''),
  };
  const ints: WrittenValues = {
    type: 'int32',
    values: Int32Array.from({ length: 20 }, (_, i) => (i < 10 ? 5 : i - 3)),
  };
  const cases: [string, Map<string, Json>, WrittenValues][] = [
    ...['blosc', 'zstd', 'gzip', 'crc32c', 'numcodecs.lz4', 'numcodecs.zlib'].flatMap(
      (name): [string, Map<string, Json>, WrittenValues][] => [
        [
          `3, texts, ${name}`,
          v3([{ name: 'vlen-utf8' }, { name, configuration: { typesize: 1 } }], 'string'),
          texts,
        ],
        [`3, numbers, ${name}`, v3([bytes, { name, configuration: { typesize: 4 } }], 'int32'), ints],
      ],
    ),
    ['3, big-endian', v3([big], 'int32'), ints],
    ['3, UTF-32', v3([bytes], { name: 'fixed_length_utf32', configuration: { length_bytes: 8 } }), texts],
    ['3, texts become numbers', v3([{ name: 'vlen-utf8' }, { name: 'zstd' }], 'string'), ints],
    ['3, numbers become texts', v3([bytes, { name: 'zstd' }], 'int8'), texts],
    ['3, shards', v3([sharding([{ name: 'vlen-utf8' }, { name: 'zstd' }], 'end')], 'string', 12), texts],
    ...[
      null,
      { id: 'blosc', cname: 'zstd', shuffle: 1 },
      { id: 'zstd' },
      { id: 'zlib' },
      { id: 'gzip' },
      { id: 'lz4' },
    ].flatMap((compressor): [string, Map<string, Json>, WrittenValues][] => [
      [`2, texts, ${compressor?.id ?? 'plain'}`, v2(compressor, '|O', [{ id: 'vlen-utf8' }]), texts],
      [`2, UTF-32, ${compressor?.id ?? 'plain'}`, v2(compressor, '<U3'), texts],
      [`2, numbers, ${compressor?.id ?? 'plain'}`, v2(compressor, '>i4'), ints],
    ]),
  ];
  it.each(cases)('%s', async (_, description, values) => {
    const objects = writeArray(description, values);
    const root = await openZarr({
      paths: [...objects.keys()],
      get: async (path) => objects.get(path),
      getRange: async (path, range) => {
        const own = objects.get(path);
        return 'suffixLength' in range
          ? own?.slice(-range.suffixLength)
          : own?.slice(range.offset, range.offset + range.length);
      },
    });
    if (root === null) throw new Error('no array');
    expect(Array.from((await allValues(root)) as ArrayLike<unknown>)).toEqual(
      Array.from(values.values as ArrayLike<unknown>),
    );
  });

  it('a shard whose index comes first is refused in words, not read as nothing', async () => {
    const objects = writeArray(v3([sharding([bytes], 'start')], 'int32', 12), ints);
    const get = async (path: string) => objects.get(path);
    const root = await openZarr({
      paths: [...objects.keys()],
      get,
      getRange: async (path) => objects.get(path),
    });
    if (root === null) throw new Error('no array');
    await expect(allValues(root)).rejects.toThrow(/begin with their index/);
  });

  it('what is packed otherwise is refused', () => {
    expect(() => writeArray(v3([bytes, { name: 'pcodec' }], 'int32'), ints)).toThrow(/packed with pcodec/);
    expect(() => writeArray(v2({ id: 'bz2' }, '<i4'), ints)).toThrow(/packed with bz2/);
    expect(() => writeArray(v2(null, '<i4', [{ id: 'delta' }]), ints)).toThrow(/packed with delta/);
  });

  it('LZ4 blocks unpack to what they were, of any length', () => {
    let state = 7;
    const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16;
    for (let length = 0; length < 700; length += 1 + (next() % 9)) {
      const plain = Uint8Array.from({ length }, (_, i) =>
        length % 3 === 0 ? next() : length % 3 === 1 ? next() % 3 : i % 5,
      );
      expect(decodeLz4Block(packLz4(plain), length)).toEqual(plain);
    }
    const long = Uint8Array.from({ length: 300_000 }, (_, i) => (i >> 4) % 251);
    expect(packLz4(long).length).toBeLessThan(40_000);
    expect(decodeLz4Block(packLz4(long), long.length)).toEqual(long);
  });
});
