// S3's language against a server that checks each signature by itself: lists, ranges, every kind of key and refusal.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { addressOf, bucketOf, listObjects, s3Object, type S3Keys } from '../../src/lib/storage/remote/s3.ts';
import { openObject, readRange } from '../../src/lib/storage/remote/range-request.ts';
import { s3Access, s3Region, s3ShortLived } from '../fixtures/s3-keys.ts';
import { startS3, type S3Server } from '../fixtures/s3-server.ts';
import { patternBytes } from '../fixtures/range-server.ts';

let server: S3Server;
const keys: S3Keys = { accessKeyId: s3Access.accessKeyId, secretAccessKey: s3Access.secretAccessKey };
const odd = "odd/a b+c&d=é'(1)*!~.bin";
const lab = (region: string | null = s3Region) =>
  bucketOf(`s3://lab?endpoint_url=http://127.0.0.1:${server.port}`, region);
const words = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: LoamError) => error.message,
  );

beforeAll(async () => {
  server = await startS3();
  server.bucket('lab');
  server.put('lab', 'top.txt', Buffer.from('top'));
  server.put('lab', odd, patternBytes(100_000));
  for (let i = 0; i < 25; i++)
    server.put('lab', `plates/${String(i).padStart(2, '0')}.parquet`, patternBytes(10 + i));
  server.bucket('public', { open: true });
  server.put('public', 'x.txt', Buffer.from('open to all'));
});
afterAll(() => server.close());

it('reads buckets as LaminDB writes them; anything else is refused', () => {
  expect(bucketOf('s3://lab', null)).toEqual({
    bucket: 'lab',
    prefix: '',
    endpoint: null,
    region: 'us-east-1',
    style: 'virtual',
    scheme: 's3',
  });
  expect(addressOf(bucketOf('s3://lab/a', 'eu-west-1'), 'a/b c.txt')).toBe(
    'https://lab.s3.eu-west-1.amazonaws.com/a/b%20c.txt',
  );
  expect(addressOf(bucketOf('s3://lab.name/a', 'eu-west-1'), 'a/b')).toBe(
    'https://s3.eu-west-1.amazonaws.com/lab.name/a/b',
  );
  expect(bucketOf('s3://lab/some/folder/?endpoint_url=http://localhost:9000/', 'eu')).toMatchObject({
    prefix: 'some/folder',
    endpoint: 'http://localhost:9000',
    style: 'path',
  });
  expect(addressOf(bucketOf('gs://lab/x', null), 'x/y')).toBe('https://storage.googleapis.com/lab/x/y');
  for (const wrong of ['s3://', 'https://lab/x', 's3://-/x', 'lab', 's3://lab?endpoint_url=http://'])
    expect(() => bucketOf(wrong, null), wrong).toThrow(LoamError);
});

it('[row 97] lists level by level, page by page and all below', async () => {
  const top = await listObjects(lab(), keys, '');
  expect(top.folders).toEqual(['odd/', 'plates/']);
  expect(top.objects).toMatchObject([{ key: 'top.txt', size: 3 }]);
  expect(top.next).toBeNull();
  const found: string[] = [];
  let after: string | null = null;
  let pages = 0;
  do {
    const page = await listObjects(lab(), keys, 'plates/', { limit: 10, after });
    found.push(...page.objects.map(({ key }) => key));
    after = page.next;
    pages++;
  } while (after !== null);
  expect(pages).toBe(3);
  expect(new Set(found).size).toBe(25);
  const all = await listObjects(lab(), keys, '', { deep: true });
  expect(all.objects.map(({ key }) => key)).toContain(odd);
  expect(all.folders).toEqual([]);
});

it('reads ranges of objects with odd names, signed for each request; public ones without keys', async () => {
  const object = s3Object(lab(), keys, odd);
  const { facts } = await openObject(object, 1, null);
  expect(facts.size).toBe(100_000);
  expect(facts.tag).toMatch(/^"[0-9a-f]{32}"$/);
  expect(await readRange(object, facts, 50_000, 50_100)).toEqual(patternBytes(100_000).slice(50_000, 50_100));
  expect(await object.address('GET')).not.toContain(s3Access.secretAccessKey);
  const open = bucketOf(`s3://public?endpoint_url=http://127.0.0.1:${server.port}`, s3Region);
  expect((await openObject(s3Object(open, null, 'x.txt'), 100, null)).head).toEqual(
    new Uint8Array(Buffer.from('open to all')),
  );
  server.put('lab', odd, patternBytes(100_000, 9));
  expect(await words(readRange(object, facts, 0, 10))).toMatch(/was changed at lab/);
  server.put('lab', odd, patternBytes(100_000));
});

it('takes short-lived keys with their token', async () => {
  const short = { ...s3ShortLived, sessionToken: s3Access.sessionToken };
  expect((await listObjects(lab(), short, '')).objects).toHaveLength(1);
  expect((await openObject(s3Object(lab(), short, 'top.txt'), 100, null)).facts.size).toBe(3);
  expect(await words(listObjects(lab(), { ...short, sessionToken: 'old' }, ''))).toMatch(
    /the session token has ended\. Enter new keys/,
  );
});

it('says why it was refused, and what to do', async () => {
  const wrong = (change: Partial<S3Keys>) => ({ ...keys, ...change });
  for (const [work, expected] of [
    [() => listObjects(lab(), null, ''), /the keys do not allow it, or there are none/],
    [
      () => listObjects(lab(), wrong({ secretAccessKey: 'no' }), ''),
      /the secret key does not fit the access key/,
    ],
    [() => listObjects(lab(), wrong({ accessKeyId: 'AKIANOBODY' }), ''), /does not know the access key/],
    [() => listObjects(lab('us-east-1'), keys, ''), /lies in the region eu-central-1\. Set that/],
    [
      () => listObjects({ ...lab(), bucket: 'missing' }, keys, ''),
      /there is no such bucket\. Look at its name/,
    ],
    [
      () => openObject(s3Object(lab(), wrong({ secretAccessKey: 'no' }), odd), 1, null),
      /secret key does not fit/,
    ],
    [() => openObject(s3Object(lab(), keys, 'not there'), 1, null), /there is no such object/],
  ] as const)
    expect(await words(work())).toMatch(expected);
  // A server that is none of S3, and one that is not there.
  expect(
    await words(listObjects(bucketOf('s3://lab?endpoint_url=http://127.0.0.1:9', null), keys, '')),
  ).toMatch(/cannot be reached/);
});
