// Artifacts on their way to a bucket and from one, through the whole app without its screens: with every fault in between, over a
// change of the leading worker, and with the rows only changed when the bytes are there.
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, beforeEach, expect, inject, it, vi } from 'vitest';
import { connectEngine } from '../../src/lib/client/engine.ts';
import type { LoamError } from '../../src/lib/engine/errors.ts';
import type { Transfer } from '../../src/lib/workers/wire.ts';
import { s3Access, s3Region } from '../fixtures/s3-keys.ts';

const s3 = inject('s3');
const client = connectEngine({ name: 'transfers' });
const { engine } = client;
const keys = { accessKeyId: s3Access.accessKeyId, secretAccessKey: s3Access.secretAccessKey };
const aws = new AwsClient({ ...keys, service: 's3', region: s3Region, retries: 0 });
const mebi = 1024 * 1024;

interface Control {
  log: string[];
  open: Record<string, number>;
}
const control = async (faults?: object[]) =>
  (await (
    await fetch(`${s3}/_control`, faults ? { method: 'POST', body: JSON.stringify(faults) } : {})
  ).json()) as Control;
const words = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: LoamError) => `${error.code}: ${error.message}`,
  );
/** A profile that is used again has the artifacts of the last run. */
const [run = 0] = crypto.getRandomValues(new Uint32Array(1));
/** Bytes that no other test has, and that differ from place to place. */
function bytesOf(size: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = Math.imul(seed + run, 2654435761);
  for (let i = 0; i < size; i += 997) {
    at = (Math.imul(at, 1103515245) + 12345) >>> 0;
    bytes[i] = at >>> 16;
  }
  return bytes;
}
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((value, i) => value === b[i]);

let bucket = '';
let reading = '';

async function drop(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { drop: uid } = await engine.drop([{ id: 'x', key, file: new File([bytes], key), files: null }], {});
  const find = async () => (await engine.drops()).find((one) => one.drop === uid);
  await vi.waitFor(async () => expect((await find())?.state).toBe('saved'), { timeout: 20_000 });
  return (await find())?.artifact?.uid ?? '';
}
const of = async (uid: string): Promise<Transfer | undefined> =>
  (await engine.transfers()).filter((one) => one.uid === uid).at(-1);
const until = (uid: string, state: Transfer['state']) =>
  vi.waitFor(async () => expect((await of(uid))?.state).toBe(state), { timeout: 30_000, interval: 50 });
const objectAt = async (key: string) => {
  const answer = await aws.fetch(`${s3}/lab/up/${key}`);
  return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
};

beforeAll(async () => {
  const root = `s3://lab/up?endpoint_url=${s3}`;
  bucket = (await engine.create('Storage', { root, region: s3Region })).uid;
  reading = (await engine.create('Storage', { root: `s3://reading?endpoint_url=${s3}`, region: s3Region }))
    .uid;
  await engine.allowStorage(bucket, { keys });
  await engine.allowStorage(reading, { keys });
}, 30_000);
beforeEach(async () => void (await control([])));
afterAll(async () => {
  await engine.clearRemote();
  client.close();
});

it('[row 97] an artifact is uploaded, compared, and lies where LaminDB would put it; undo and redo move no bytes', async () => {
  const bytes = bytesOf(70_000, 1);
  const uid = await drop('plates/small.bin', bytes);
  expect(await engine.artifact(uid)).toMatchObject({ onlyHere: true, keptHere: false });
  await engine.uploadArtifacts([uid], bucket, { keep: true });
  await until(uid, 'done');
  const stored = await objectAt(`.lamindb/${uid}.bin`);
  expect(stored && same(stored, bytes)).toBe(true);
  const now = await engine.artifact(uid);
  expect(now).toMatchObject({
    storageUid: bucket,
    storageKey: `.lamindb/${uid}.bin`,
    key: 'plates/small.bin',
    onlyHere: false,
    keptHere: true,
  });
  await engine.undo();
  expect((await engine.artifact(uid)).storageRoot).toMatch(/^opfs:/);
  expect((await engine.openArtifact(uid)).size).toBe(bytes.length);
  expect(await objectAt(`.lamindb/${uid}.bin`)).not.toBe(null);
  await engine.redo();
  expect((await engine.artifact(uid)).storageUid).toBe(bucket);
});

it('the copy here is given up on request; an undo finds the bytes in the bucket', async () => {
  const bytes = bytesOf(50_000, 2);
  const uid = await drop('plates/released.bin', bytes);
  await engine.uploadArtifacts([uid], bucket, { keep: false });
  await until(uid, 'done');
  expect(await engine.artifact(uid)).toMatchObject({ keptHere: false, onlyHere: false });
  const file = await engine.openArtifact(uid);
  expect(same(new Uint8Array(await file.arrayBuffer()), bytes)).toBe(true);
  await engine.undo();
  const again = await engine.openArtifact(uid);
  expect(same(new Uint8Array(await again.arrayBuffer()), bytes)).toBe(true);
  await engine.redo();
});

it('a large upload goes on after a pause and after another worker leads, with the parts that are there; cancelled nothing stays', async () => {
  const bytes = bytesOf(34 * mebi, 3);
  const uid = await drop('plates/large.bin', bytes);
  await control([{ method: 'PUT', needle: 'partNumber=4', kind: 'stall', times: 99 }]);
  const begun = (await control()).log.length;
  const parts = async (from: number) =>
    (await control()).log.slice(from).filter((line) => /^PUT .*\?partNumber/.test(line)).length;
  await engine.uploadArtifacts([uid], bucket, { keep: true });
  // All but the one that stalls are there.
  await vi.waitFor(async () => expect(await parts(begun)).toBe(4), { timeout: 30_000 });
  await engine.pauseTransfer((await of(uid))?.id ?? '', true);
  await until(uid, 'paused');
  expect((await engine.artifact(uid)).storageRoot).toMatch(/^opfs:/);
  const { log } = await control([]);
  const before = log.length;
  client.replaceLeader();
  // Nothing of the keys outlives the worker: the page gives them again.
  await vi.waitFor(async () => expect((await of(uid))?.state).toBe('paused'), { timeout: 30_000 });
  await engine.allowStorage(bucket, { keys });
  await engine.pauseTransfer(null, false);
  await until(uid, 'done');
  expect(await parts(before)).toBe(1);
  const stored = await objectAt(`.lamindb/${uid}.bin`);
  expect(stored && same(stored, bytes)).toBe(true);

  const other = await drop('plates/other.bin', bytesOf(20 * mebi, 4));
  await control([{ method: 'PUT', needle: 'partNumber=3', kind: 'stall', times: 99 }]);
  await engine.uploadArtifacts([other], bucket, { keep: true });
  // Bytes that were compared count too before any is sent.
  await vi.waitFor(
    async () => {
      const at = await of(other);
      expect(at?.step).toBe('moving');
      expect(at?.done).toBeGreaterThan(15 * mebi);
    },
    { timeout: 30_000 },
  );
  expect((await control()).open['lab']).toBe(1);
  await engine.cancelTransfer((await of(other))?.id ?? '');
  await until(other, 'cancelled');
  expect((await control([])).open['lab']).toBe(0);
  expect(await objectAt(`.lamindb/${other}.bin`)).toBe(null);
  expect((await engine.artifact(other)).storageRoot).toMatch(/^opfs:/);
}, 120_000);

it('a lost network is waited for; refusals stop it in words, and other keys let it go on', async () => {
  const uid = await drop('plates/refused.bin', bytesOf(60_000, 5));
  await control([{ method: 'PUT', kind: 'ExpiredToken', status: 400, times: 99 }]);
  await engine.uploadArtifacts([uid], bucket, { keep: true });
  await until(uid, 'failed');
  expect((await of(uid))?.error).toMatchObject({
    message: expect.stringMatching(/session token has ended/) as string,
    details: { keys: true },
  });
  expect((await engine.artifact(uid)).storageRoot).toMatch(/^opfs:/);
  await control([{ method: 'PUT', kind: 'InternalError', status: 500, times: 4 }]);
  await engine.allowStorage(bucket, { keys });
  await until(uid, 'waiting');
  dispatchEvent(new Event('online'));
  await engine.retryTransfer(null);
  await until(uid, 'done');

  const shut = await drop('plates/shut.bin', bytesOf(1000, 6));
  await engine.uploadArtifacts([shut], reading, { keep: true });
  await until(shut, 'failed');
  expect((await of(shut))?.error).toMatchObject({
    message: expect.stringMatching(/its CORS rule does not let this site write/) as string,
    details: { cors: true },
  });
  await engine.cancelTransfer((await of(shut))?.id ?? '');
  expect(await words(engine.uploadArtifacts([shut], 'nowhere', { keep: true }))).toMatch(
    /Add one in Settings/,
  );
}, 60_000);

it('[row 41] an artifact of a bucket is kept offline, compared, and answers without a network; given up it asks again', async () => {
  const bytes = bytesOf(9 * mebi, 7);
  await aws.fetch(`${s3}/lab/up/atlas/far.bin`, { method: 'PUT', body: bytes });
  const [listed] = (await engine.listStorage(bucket, 'atlas/', null)).objects;
  const [made] = await engine.registerInPlace(bucket, listed ? [listed] : []);
  const uid = made?.uid ?? '';
  await control([{ method: 'GET', needle: 'far.bin', kind: 'cut', after: 3, times: 3 }]);
  await engine.keepOffline([uid]);
  await vi.waitFor(async () => expect(['waiting', 'done']).toContain((await of(uid))?.state), {
    timeout: 30_000,
  });
  await engine.retryTransfer(null);
  await until(uid, 'done');
  expect(await engine.artifact(uid)).toMatchObject({ keptHere: true, storageUid: bucket });
  await control([{ method: 'GET', needle: 'far.bin', kind: 'cut', times: 999 }]);
  const file = await engine.openArtifact(uid);
  expect(same(new Uint8Array(await file.arrayBuffer()), bytes)).toBe(true);
  expect((await engine.meter()).keptBytes).toBeGreaterThanOrEqual(bytes.length);
  expect((await engine.keptRemote()).storages[bucket]?.copyBytes).toBeGreaterThanOrEqual(bytes.length);
  expect(await engine.releaseCopies([uid])).toBe(0);
  expect((await engine.artifact(uid)).keptHere).toBe(false);
  expect(await words(engine.openArtifact(uid))).toMatch(/cannot be read|cannot be reached/);
  await control([]);
  expect((await engine.openArtifact(uid)).size).toBe(bytes.length);
}, 60_000);

it('a file that was replaced in the bucket is not kept', async () => {
  await aws.fetch(`${s3}/lab/up/atlas/old.bin`, { method: 'PUT', body: bytesOf(3000, 8) });
  const listed = (await engine.listStorage(bucket, 'atlas/', null)).objects.filter(
    ({ key }) => key === 'atlas/old.bin',
  );
  const [made] = await engine.registerInPlace(bucket, listed);
  await aws.fetch(`${s3}/lab/up/atlas/old.bin`, { method: 'PUT', body: bytesOf(3000, 9) });
  await engine.keepOffline([made?.uid ?? '']);
  await until(made?.uid ?? '', 'failed');
  expect((await of(made?.uid ?? ''))?.error?.message).toMatch(/its hash is another one/);
  expect((await engine.artifact(made?.uid ?? '')).keptHere).toBe(false);
  await engine.cancelTransfer(null);
});

it('[row 97] an address for others opens one file for a while; a signed address is registered and never written down', async () => {
  const table = `a,b\n1,${run}\n`;
  const uid = await drop('plates/shared.csv', new TextEncoder().encode(table) as Uint8Array<ArrayBuffer>);
  await engine.uploadArtifacts([uid], bucket, { keep: true });
  await until(uid, 'done');
  const url = await engine.presign(uid, 3600);
  expect(url).toContain('X-Amz-Expires=3600');
  expect(await (await fetch(url)).text()).toBe(table);
  expect(await words(engine.presign(uid, 604_801))).toMatch(/at most seven days/);
  expect((await fetch(url.replace('Expires=3600', 'Expires=7200'))).status).toBe(403);

  const { origin, pathname } = new URL(url);
  const web = (await engine.create('Storage', { root: origin })).uid;
  await engine.allowAddress(url);
  const seen = await engine.lookAtFile(web, pathname.slice(1));
  const [made] = await engine.registerInPlace(web, [seen]);
  expect(await (await engine.openArtifact(made?.uid ?? '')).text()).toBe(table);
  const signature = new URL(url).searchParams.get('X-Amz-Signature') ?? '-';
  const database = await new Response(await engine.exportDatabase()).text();
  expect(database).toContain(pathname.slice(1));
  expect(database).not.toContain(signature);
  expect(database).not.toContain(keys.secretAccessKey);
});

it('keys are remembered on request, encrypted, by the next worker too; forgotten they are gone', async () => {
  await engine.allowStorage(bucket, { keys }, true);
  const here = async () => (await engine.storages()).find(({ uid }) => uid === bucket)?.remote;
  expect(await here()).toMatchObject({ keys: true, remembered: true });
  client.replaceLeader();
  await vi.waitFor(async () => expect(await here()).toMatchObject({ keys: true, remembered: true }), {
    timeout: 30_000,
  });
  expect((await engine.listStorage(bucket, 'atlas/', null)).objects.length).toBeGreaterThan(0);
  const db = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open('loam-keys');
    request.onsuccess = () => resolve(request.result);
  });
  const all = (store: string) =>
    new Promise<unknown[]>((resolve) => {
      const request = db.transaction(store).objectStore(store).getAll();
      request.onsuccess = () => resolve(request.result);
    });
  const [own] = (await all('own')) as CryptoKey[];
  expect(own?.extractable).toBe(false);
  const [wrapped] = (await all('wrapped')) as { data: ArrayBuffer }[];
  expect(new TextDecoder('latin1').decode(wrapped?.data)).not.toContain(keys.secretAccessKey);
  db.close();
  await engine.allowStorage(bucket, null);
  expect(await here()).toMatchObject({ keys: false, remembered: false });
  expect(await words(engine.listStorage(bucket, '', null))).toMatch(/Enter keys/);
});

it('a worker that leads anew asks the pages for keys before it gives up', async () => {
  client.onEvent((event) => {
    if (event.type === 'keys') void engine.allowStorage(bucket, { keys });
  });
  client.replaceLeader();
  await vi.waitFor(
    async () => expect((await engine.listStorage(bucket, 'atlas/', null)).objects.length).toBeGreaterThan(0),
    { timeout: 30_000 },
  );
});
