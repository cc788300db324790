// One suite over every blob store, as data like the driver suite.
import { LoamError, type ErrorCode } from '../../src/lib/engine/errors.ts';
import type { BlobStore, ByteSource } from '../../src/lib/engine/ports.ts';
import { bytesSource } from '../../src/lib/storage/blob/keys.ts';

export interface BlobCase {
  title: string;
  /** `reopen` answers a store on the same bytes, as the next session has it. */
  run(store: BlobStore, reopen: () => Promise<BlobStore>): Promise<void>;
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

const utf8 = (value: string) => new TextEncoder().encode(value);
/** The last is empty. */
const many = (n: number) =>
  Array.from({ length: n }, (_, i) => ({
    key: i % 10 === 0 ? `data/sub ä/${i}.txt` : `.lamindb/put${i}.txt`,
    bytes: utf8(i === n - 1 ? '' : `text ${i}`),
  }));
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
    title:
      'many small files are put at their keys and read, listed, replaced and removed before and after settling',
    async run(store) {
      const files = many(40);
      const there = async (gone: string[] = []) => {
        const left = files.filter(({ key }) => !gone.includes(key));
        same(
          (await store.keys()).map(({ key }) => key),
          left.map(({ key }) => key).sort(),
        );
        for (const { key, bytes } of left)
          same(await read(await store.open(key)), new TextDecoder().decode(bytes));
      };
      await store.put(files);
      await there();
      same([await store.staged(), await store.exists('.lamindb/put1.txt')], [[], true]);
      same(await store.list('data/sub ä'), ['0.txt', '10.txt', '20.txt', '30.txt']);
      same(await store.list('.lamindb/put1.txt'), []);
      same((await store.open('.lamindb/put39.txt')).size, 0);
      await store.remove('.lamindb/put1.txt');
      await store.remove('data');
      const gone = ['.lamindb/put1.txt', ...[0, 10, 20, 30].map((i) => `data/sub ä/${i}.txt`)];
      await there(gone);
      await refused('DoesNotExist', () => store.open('.lamindb/put1.txt'));
      await refused('DoesNotExist', () => store.list('data/sub ä'));
      await store.put([{ key: '.lamindb/put2.txt', bytes: utf8('2') }]);
      same(await read(await store.open('.lamindb/put2.txt')), '2');
      await store.settle();
      await store.settle();
      same(await read(await store.open('.lamindb/put2.txt')), '2');
      same((await store.keys()).length, 35);
      same(await store.exists('data'), false);
      // A part of a larger array is stored as that part.
      await store.put([{ key: '.lamindb/part', bytes: utf8('abcdef').subarray(2, 4) }]);
      same(await read(await store.open('.lamindb/part')), 'cd');
      await store.put([]);
    },
  },
  {
    title: 'files put again, many at once, replace the earlier ones, also across settling',
    async run(store) {
      const again = many(40).map(({ key }, i) => ({ key, bytes: utf8(`again ${i}`) }));
      await store.put(many(40));
      await store.put(again);
      await store.stage('t', '', text('staged'));
      await store.commit('t', '.lamindb/put3.txt');
      const check = async () => {
        for (const [i, { key }] of again.entries())
          same(await read(await store.open(key)), i === 3 ? 'staged' : `again ${i}`);
      };
      await check();
      await store.settle();
      await check();
      same((await store.keys()).length, 40);
    },
  },
  {
    title: 'what was put is there in the next session, what was removed is not, settled or not',
    async run(store, reopen) {
      await store.put(many(40));
      await store.remove('.lamindb/put5.txt');
      await store.remove('data/sub ä');
      const next = await reopen();
      same((await next.keys()).length, 35);
      same(await read(await next.open('.lamindb/put7.txt')), 'text 7');
      same(await next.exists('.lamindb/put5.txt'), false);
      await next.settle({ aborted: true });
      await next.settle();
      const third = await reopen();
      same((await third.keys()).length, 35);
      same(await read(await third.open('.lamindb/put7.txt')), 'text 7');
      for (const { key } of await third.keys()) await third.remove(key);
      same(await (await reopen()).keys(), []);
    },
  },
  {
    title: 'a hostile key among files that are put stores none of them',
    async run(store) {
      for (const n of [3, 30]) {
        const files = [...many(n), { key: '../b', bytes: utf8('x') }];
        await refused('InvalidArgument', () => store.put(files));
        same(await store.keys(), []);
      }
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
        await refused('InvalidArgument', async () => store.put([{ key, bytes: new Uint8Array(1) }]));
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
