// A file on its way to a bucket, against a server that checks each signature, each md5 and each part by itself: in one piece
// and in parts, begun again after every kind of end, refused in words, and never half there.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LoamError } from '../../src/lib/engine/errors.ts';
import type { ByteSource } from '../../src/lib/engine/ports.ts';
import { bucketOf, type S3Bucket, type S3Keys } from '../../src/lib/storage/remote/s3.ts';
import { sendByFetch, Unreached, type Send } from '../../src/lib/storage/remote/s3-send.ts';
import { forgetUpload, uploadObject, type UploadState } from '../../src/lib/storage/remote/upload.ts';
import {
  partBytes,
  partSizeOf,
  partsMost,
  partsOf,
  sameContent,
  tagOf,
} from '../../src/lib/storage/remote/upload-plan.ts';
import { patternBytes } from '../fixtures/range-server.ts';
import { s3Access, s3Region, s3ShortLived } from '../fixtures/s3-keys.ts';
import { startS3, type S3Server } from '../fixtures/s3-server.ts';

let server: S3Server;
const keys: S3Keys = { accessKeyId: s3Access.accessKeyId, secretAccessKey: s3Access.secretAccessKey };
const bucket = (): S3Bucket => bucketOf(`s3://lab?endpoint_url=http://127.0.0.1:${server.port}`, s3Region);
const mebi = 1024 * 1024;
/** Three parts and a short one. */
const large = patternBytes(3 * partBytes + 1234);
const sourceOf = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (from, to) => bytes.slice(from, to),
});
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const options = (more: object = {}) => ({ send: sendByFetch, state: null, waitMs: 1, ...more });
const put = (key: string, bytes: Uint8Array, more: object = {}) =>
  uploadObject({ bucket: bucket(), keys, key }, sourceOf(bytes), options(more));
const words = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: LoamError) => `${error.code}: ${error.message}`,
  );
const puts = (from: number) => server.log.slice(from).filter((line) => line.startsWith('PUT'));

beforeAll(async () => {
  server = await startS3();
  server.bucket('lab');
  server.bucket('google', { google: true });
});
beforeEach(() => void (server.faults = []));
afterAll(() => server.close());

it('parts have 8 MiB, more where they would be over 10,000, and cover the file', () => {
  expect(partSizeOf(0)).toBe(8 * mebi);
  expect(partSizeOf(8 * mebi * partsMost)).toBe(8 * mebi);
  for (const size of [8 * mebi * partsMost + 1, 500e9, 5 * 1024 ** 4]) {
    const each = partSizeOf(size);
    expect(each % mebi).toBe(0);
    expect(Math.ceil(size / each)).toBeLessThanOrEqual(partsMost);
  }
  expect(() => partSizeOf(5 * 1024 ** 4 + 1)).toThrow('5 TiB');
  expect(partsOf(0, partBytes)).toEqual([{ number: 1, from: 0, to: 0 }]);
  const parts = partsOf(large.length, partBytes);
  expect(parts.map(({ to, from }) => to - from)).toEqual([partBytes, partBytes, partBytes, 1234]);
  expect(parts.every(({ from }, i) => from === (parts[i - 1]?.to ?? 0))).toBe(true);
});

it('computes the ETags of S3, whatever size of parts an object was made with', async () => {
  const source = sourceOf(large);
  expect(await tagOf(source, null)).toBe(md5(large));
  const digests = [0, 1, 2].map((i) =>
    createHash('md5')
      .update(large.subarray(i * 10 * mebi, (i + 1) * 10 * mebi))
      .digest(),
  );
  const ten = `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-3`;
  expect(await tagOf(source, 10 * mebi)).toBe(ten);
  expect(await sameContent(source, ten)).toBe(true);
  expect(await sameContent(source, md5(large))).toBe(true);
  expect(await sameContent(source, md5(large.subarray(1)))).toBe(false);
  expect(await sameContent(source, 'CKih16GK')).toBe(null);
});

it('[row 97] a small file is one PUT, an empty one too; a large one goes in parts; again nothing is sent', async () => {
  for (const [key, bytes] of [
    ['small.bin', patternBytes(1000)],
    ['empty.bin', new Uint8Array()],
  ] as const) {
    expect(await put(key, bytes)).toEqual({ etag: md5(bytes), outcome: 'sent' });
    expect(server.get('lab', key)).toEqual(Buffer.from(bytes));
  }
  const told: number[] = [];
  const made = await put('large.bin', large, { onProgress: (n: number) => told.push(n) });
  expect(made.outcome).toBe('sent');
  expect(made.etag).toBe(await tagOf(sourceOf(large), partBytes));
  expect(server.etag('lab', 'large.bin')).toBe(made.etag);
  expect(md5(server.get('lab', 'large.bin') ?? new Uint8Array())).toBe(md5(large));
  expect(told.at(-1)).toBe(large.length);
  expect(server.openUploads('lab')).toBe(0);
  const from = server.log.length;
  expect(await put('large.bin', large)).toEqual({ etag: made.etag, outcome: 'there' });
  expect(puts(from)).toEqual([]);
});

it('goes on where it was cut off: only the parts are sent that are not there', async () => {
  let state: UploadState | null = null;
  const onState = (next: UploadState) => void (state = next);
  server.faults = [{ method: 'PUT', needle: 'partNumber=3', kind: 'AccessDenied', times: 9 }];
  expect(await words(put('cut.bin', large, { onState }))).toMatch(/Enter keys that may write to it/);
  expect(server.get('lab', 'cut.bin')).toBe(null);
  server.faults = [];
  expect(JSON.stringify(state)).not.toContain(keys.secretAccessKey);
  // What the server got after the last note of it counts as well.
  const kept = state as UploadState | null;
  const known = kept ? { ...kept, parts: kept.parts.slice(0, 1) } : null;
  const from = server.log.length;
  await put('cut.bin', large, { state: known, onState });
  expect(server.log.slice(from).filter((line) => line.startsWith('GET'))).toEqual(['GET cut.bin?uploadId']);
  const sent = puts(from).length;
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(4);
  expect(md5(server.get('lab', 'cut.bin') ?? new Uint8Array())).toBe(md5(large));
  expect(server.openUploads('lab')).toBe(0);
});

it('an upload that the server has forgotten begins anew; a lost answer to the last request is found out', async () => {
  const state: UploadState = { uploadId: 'gone', partSize: partBytes, parts: [] };
  expect((await put('anew.bin', large, { state })).outcome).toBe('sent');
  server.faults = [{ method: 'POST', needle: 'uploadId', kind: 'late' }];
  expect(await put('late.bin', large)).toMatchObject({ outcome: 'sent' });
  expect(md5(server.get('lab', 'late.bin') ?? new Uint8Array())).toBe(md5(large));
});

it('is asked again after what passes, and spoilt bytes are noticed', async () => {
  server.faults = [
    { method: 'PUT', needle: 'once.bin', kind: 'SlowDown', status: 503 },
    { method: 'PUT', needle: 'once.bin', kind: 'cut' },
    { method: 'PUT', needle: 'once.bin', kind: 'spoil' },
  ];
  const bytes = patternBytes(5000);
  expect(await put('once.bin', bytes)).toEqual({ etag: md5(bytes), outcome: 'sent' });
  expect(server.get('lab', 'once.bin')).toEqual(Buffer.from(bytes));
  expect(server.faults.map(({ times }) => times)).toEqual([0, 0, 0]);
});

it('cancelled it stops, and its parts are thrown away when it is not wanted', async () => {
  const abort = new AbortController();
  let state: UploadState | null = null;
  const work = put('stop.bin', large, {
    signal: abort.signal,
    onState: (next: UploadState) => {
      state = next;
      if (next.parts.length === 1) abort.abort();
    },
  });
  expect(await words(work)).toMatch(/^Cancelled/);
  expect(server.openUploads('lab')).toBe(1);
  const left = state as UploadState | null;
  if (left) await forgetUpload({ bucket: bucket(), keys, key: 'stop.bin' }, left, options());
  expect(server.openUploads('lab')).toBe(0);
  expect(server.get('lab', 'stop.bin')).toBe(null);
});

it('another file at the key stays, a file that changes meanwhile is not sent', async () => {
  server.put('lab', 'taken.bin', patternBytes(77));
  expect(await words(put('taken.bin', patternBytes(1000)))).toMatch(
    /IntegrityError: s3:\/\/lab at .* has another file as taken\.bin: 77 bytes/,
  );
  expect(server.get('lab', 'taken.bin')?.length).toBe(77);
  const shorter: ByteSource = { size: 5000, read: async () => patternBytes(10) };
  const target = { bucket: bucket(), keys, key: 'short.bin' };
  expect(await words(uploadObject(target, shorter, options()))).toMatch(/was changed while it was sent/);
  expect(server.get('lab', 'short.bin')).toBe(null);
});

it('every refusal is told with what to do', async () => {
  const small = patternBytes(10);
  const refused = async (kind: string, status = 403) => {
    server.faults = [{ method: 'PUT', kind, status, times: 9 }];
    return words(put('no.bin', small));
  };
  expect(await refused('AccessDenied')).toMatch(/cannot be written: the keys do not allow it.*may write/);
  expect(await refused('QuotaExceeded')).toMatch(/storage is full/);
  expect(await refused('XMinioStorageFull', 507)).toMatch(/storage is full/);
  expect(await refused('EntityTooLarge', 400)).toMatch(/no file of this size/);
  expect(await refused('NotImplemented', 501)).toMatch(/does not know how/);
  expect(await refused('InternalError', 500)).toMatch(/answered 500/);
  server.faults = [];
  const at = (key: string, who: S3Keys | null, where = bucket()) =>
    words(uploadObject({ bucket: where, keys: who, key }, sourceOf(small), options()));
  expect(await at('no.bin', keys, { ...bucket(), bucket: 'nowhere' })).toMatch(/no such bucket/);
  expect(await at('no.bin', { ...keys, secretAccessKey: 'x' })).toMatch(/secret key does not fit/);
  expect(await at('no.bin', { ...s3ShortLived, sessionToken: 'old' })).toMatch(/session token has ended/);
  expect(await at('no.bin', keys, { ...bucket(), region: 'us-east-1' })).toMatch(/region eu-central-1/);
  server.clockOff = 3600;
  expect(await at('no.bin', keys)).toMatch(/clock of this device is wrong/);
  server.clockOff = 0;
  const unreached: Send = async () => {
    throw new Unreached();
  };
  const target = { bucket: bucket(), keys, key: 'no.bin' };
  // The server answers, only this request does not get through: that is what a browser shows of a missing rule.
  expect(await words(uploadObject(target, sourceOf(small), options({ send: unreached })))).toMatch(
    /CORS rule does not let this site write/,
  );
  const hidden: Send = async (request, given) => {
    const answer = await sendByFetch(request, given);
    return { ...answer, header: (name) => (name === 'etag' ? null : answer.header(name)) };
  };
  expect(await words(uploadObject(target, sourceOf(small), options({ send: hidden })))).toMatch(
    /must expose the header ETag/,
  );
  server.down = true;
  expect(await at('no2.bin', keys)).toMatch(/cannot be reached/);
  server.down = false;
  expect(server.get('lab', 'no2.bin')).toBe(null);
});

it('[row 97] in the manner of Google: another region, and an ETag that is no md5', async () => {
  const target = {
    bucket: { ...bucketOf('gs://google', null), endpoint: `http://127.0.0.1:${server.port}` },
    keys,
    key: 'x/large.bin',
  };
  const made = await uploadObject(target, sourceOf(large), options());
  expect(made.etag).toMatch(/^-CK/);
  expect(md5(server.get('google', 'x/large.bin') ?? new Uint8Array())).toBe(md5(large));
  const small = { ...target, key: 'small.bin' };
  expect((await uploadObject(small, sourceOf(patternBytes(9)), options())).etag).toBe(md5(patternBytes(9)));
});
