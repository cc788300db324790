// One suite over every blob store, as data like the driver suite.
import { LoamError, type ErrorCode } from '../../src/lib/engine/errors.ts';
import type { BlobStore, ByteSource } from '../../src/lib/engine/ports.ts';
import { bytesSource } from '../../src/lib/storage/blob/keys.ts';

export interface BlobCase {
  title: string;
  run(store: BlobStore): Promise<void>;
}

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`got ${a}, wanted ${b}`);
}

async function refused(code: ErrorCode, work: () => Promise<unknown>): Promise<void> {
  const error: unknown = await work().then(
    () => null,
    (e: unknown) => e,
  );
  if (!(error instanceof LoamError) || error.code !== code)
    throw new Error(`wanted ${code}, got ${String(error)}`);
}

const text = (value: string) => bytesSource(new TextEncoder().encode(value));
const read = async (source: ByteSource) => new TextDecoder().decode(await source.read(0, source.size));

export const hostileKeys = [
  '',
  '/',
  '/etc/passwd',
  '..',
  '../x',
  'a/../../x',
  'a/..',
  './a',
  'a/./b',
  'a//b',
  'a/',
  'a\0b',
  'a\\b',
  '..\\x',
  'x'.repeat(300),
];

export const blobCases: BlobCase[] = [
  {
    title: 'a file is invisible until commit and then reads back by range',
    async run(store) {
      const key = '.lamindb/abcDEF0123456789abcd.csv';
      const progress: number[] = [];
      await store.stage('t1', '', text('gene,count\nTP53,3\n'), (bytes) => progress.push(bytes));
      same([await store.exists(key), await store.staged(), progress.at(-1)], [false, ['t1'], 18]);
      await store.commit('t1', key);
      same([await store.exists(key), await store.staged()], [true, []]);
      const source = await store.open(key);
      same([source.size, await read(source)], [18, 'gene,count\nTP53,3\n']);
      same(new TextDecoder().decode(await source.read(11, 15)), 'TP53');
      same((await source.read(10, 10)).length, 0);
      same((await source.read(16, 999)).length, 2);
      same(await store.keys(), [{ key, size: 18 }]);
    },
  },
  {
    title: 'commit is idempotent, and a missing token with no stored key is an error',
    async run(store) {
      await store.stage('t', '', text('x'));
      await store.commit('t', '.lamindb/u.txt');
      await store.commit('t', '.lamindb/u.txt');
      await refused('DoesNotExist', () => store.commit('never', '.lamindb/other.txt'));
      await store.stage('t', '', text('newer'));
      await store.commit('t', '.lamindb/u.txt');
      same(await read(await store.open('.lamindb/u.txt')), 'newer');
    },
  },
  {
    title: 'a folder keeps its paths, lists them and is removed as a whole',
    async run(store) {
      const key = '.lamindb/uid.zarr';
      for (const path of ['.zgroup', 'X/0.0', 'obs/index/ä ö/0']) await store.stage('f', path, text(path));
      await store.commit('f', key);
      same(await store.list(key), ['.zgroup', 'X/0.0', 'obs/index/ä ö/0']);
      same(await read(await store.open(`${key}/obs/index/ä ö/0`)), 'obs/index/ä ö/0');
      await refused('DoesNotExist', () => store.open(key));
      await store.remove(key);
      same([await store.exists(key), await store.keys()], [false, []]);
      await store.remove(key);
      await refused('DoesNotExist', () => store.list(key));
    },
  },
  {
    title: 'empty files and several megabytes over several chunks',
    async run(store) {
      await store.stage('e', '', text(''));
      await store.commit('e', '.lamindb/empty.txt');
      same([(await store.open('.lamindb/empty.txt')).size, await store.list('.lamindb/empty.txt')], [0, []]);
      const big = new Uint8Array(9_000_001).map((_, i) => i * 7);
      await store.stage('b', '', bytesSource(big));
      await store.commit('b', '.lamindb/big.bin');
      const back = await (await store.open('.lamindb/big.bin')).read(0, big.length);
      same([back.length, back.every((byte, i) => byte === big[i])], [big.length, true]);
    },
  },
  {
    title: 'staging the same path again replaces it, discard forgets it',
    async run(store) {
      await store.stage('t', '', text('a longer first text'));
      await store.stage('t', '', text('second'));
      await store.commit('t', '.lamindb/s.txt');
      same(await read(await store.open('.lamindb/s.txt')), 'second');
      await store.stage('gone', 'a/b', text('x'));
      await store.discard('gone');
      await store.discard('gone');
      same(await store.staged(), []);
    },
  },
  {
    title: 'a cancelled, failing or shrinking source leaves nothing that could be committed',
    async run(store) {
      await refused('Cancelled', () => store.stage('c', '', text('x'), undefined, { aborted: true }));
      const failing = { size: 5, read: () => Promise.reject(new Error('NotReadableError')) };
      await refused('FileUnreadable', () => store.stage('c', '', failing));
      const shrunk = { size: 5, read: async () => new Uint8Array(2) };
      await refused('FileUnreadable', () => store.stage('c', '', shrunk));
      await refused('DoesNotExist', () => store.commit('c', '.lamindb/c.txt'));
      same(await store.keys(), []);
    },
  },
  {
    title: 'hostile keys, paths and tokens are refused everywhere',
    async run(store) {
      await store.stage('ok', '', text('x'));
      for (const key of hostileKeys) {
        for (const call of [store.open, store.list, store.exists, store.remove])
          await refused('InvalidArgument', async () => call(key));
        await refused('InvalidArgument', async () => store.commit('ok', key));
        if (key !== '') await refused('InvalidArgument', async () => store.stage('h', key, text('x')));
      }
      for (const token of ['', '..', 'a/b', 'a\\b', '.', 'a\0']) {
        await refused('InvalidArgument', async () => store.stage(token, '', text('x')));
        await refused('InvalidArgument', async () => store.discard(token));
      }
      same(await store.keys(), []);
    },
  },
  {
    title: 'a key below a key that is a file is refused',
    async run(store) {
      await store.stage('a', '', text('x'));
      await store.commit('a', 'data/x');
      same(await store.exists('data/x/y'), false);
    },
  },
];
