// Small files held in memory for the query engine: read once, never for another's bytes, within their bound.
import { expect, it } from 'vitest';
import { createSmallFiles } from '../../src/lib/workers/small-files.ts';

const fileOf = (bytes: number, value: number) => new Blob([new Uint8Array(bytes).fill(value)]);

function counted(most?: number) {
  const reads: Blob[] = [];
  const contents = new Map<Blob, ArrayBuffer>();
  const small = createSmallFiles((file) => {
    reads.push(file);
    const bytes = contents.get(file);
    if (!bytes) throw new Error('it is gone');
    return bytes;
  }, most);
  const put = (bytes: number, value: number) => {
    const file = fileOf(bytes, value);
    contents.set(file, new Uint8Array(bytes).fill(value).buffer);
    return file;
  };
  return { small, reads, put, contents };
}

it('a file is read once, and anew where its name stands for another', () => {
  const { small, reads, put } = counted();
  const first = put(100, 1);
  expect(small.read('a', first, 10, 13)).toEqual(new Uint8Array([1, 1, 1]));
  expect(small.read('a', first, 98, 120)).toEqual(new Uint8Array([1, 1]));
  expect(reads).toHaveLength(1);
  const second = put(100, 2);
  expect(small.read('a', second, 0, 1)).toEqual(new Uint8Array([2]));
  expect(reads).toEqual([first, second]);
  small.forget('a');
  small.read('a', second, 0, 1);
  expect(reads).toHaveLength(3);
});

it('large files are left to others, and what cannot be read is an error each time', () => {
  const { small, reads, put, contents } = counted();
  expect(small.read('large', put(300_000, 1), 0, 10)).toBeNull();
  const gone = put(10, 1);
  contents.delete(gone);
  for (let i = 0; i < 2; i++) expect(() => small.read('gone', gone, 0, 5)).toThrow('it is gone');
  expect(reads).toEqual([gone, gone]);
});

it('what was not used for longest goes when room is needed', () => {
  const { small, reads, put } = counted(250);
  const [a, b, c] = [put(100, 1), put(100, 2), put(100, 3)];
  small.read('a', a, 0, 1);
  small.read('b', b, 0, 1);
  small.read('a', a, 0, 1);
  small.read('c', c, 0, 1);
  expect(reads).toEqual([a, b, c]);
  small.read('a', a, 0, 1);
  small.read('b', b, 0, 1);
  expect(reads).toEqual([a, b, c, b]);
});
