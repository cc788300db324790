// Bytes of artifacts at the server: brought in parts, compared, found by Python's layout, taken by ranges; and attacks on them.
import { existsSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBlobFolder } from '../../server/blobs/folder.ts';
import { createPace } from '../../server/blobs/pace.ts';
import { blobWorld, newUid, shaOf, someBytes, type BlobWorld } from './blob-world.ts';
import { onBoth } from './both.ts';
import { world, type World } from './people-world.ts';

onBoth('[row 71] Bytes at the server', (place) => {
  let people: World;
  let w: BlobWorld;
  let writer: string;
  let reader: string;
  beforeAll(async () => {
    people = await world(place().postgres);
    w = await blobWorld(people, { limits: { part: 4000, uploads: 5, file: 1_000_000 } });
    writer = await w.key('writer');
    reader = await w.key('reader', 'read');
  });
  afterAll(() => w.close());

  const begin = (key: string, bytes: Uint8Array, token = writer, more = {}) =>
    w.ask('/uploads', { body: { key, size: bytes.length, sha256: shaOf(bytes), ...more }, key: token });
  const put = (id: string, at: number, bytes: Uint8Array, token = writer) =>
    w.ask(`/uploads/${id}?at=${at}`, { method: 'PUT', bytes, key: token });
  const commit = (id: string, token = writer) => w.ask(`/uploads/${id}/commit`, { body: {}, key: token });

  test('brought in parts, they lie where Python looks for them and are taken whole and by ranges', async () => {
    const bytes = someBytes(9_500);
    const { key } = await w.artifact('deep/one.csv', bytes);
    expect(await w.bring(writer, key, bytes)).toBe(200);
    expect(new Uint8Array(readFileSync(join(w.root, key)))).toEqual(bytes);
    expect(readFileSync(join(w.root, '.lamindb/storage_uid.txt'), 'utf8')).toBe(w.folder.uid);
    expect(w.parts()).toEqual([]);
    const whole = await w.ask(`/at/${key}`, { key: reader });
    expect([whole.status, whole.bytes]).toEqual([200, bytes]);
    expect(whole.headers.get('etag')).toBe(`"${shaOf(bytes)}"`);
    expect(whole.headers.get('content-disposition')).toContain('attachment');
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      ['bytes=100-199', 100, 200],
      ['bytes=9000-', 9000, 9500],
      ['bytes=-7', 9493, 9500],
      ['bytes=9499-99999', 9499, 9500],
    ] as const) {
      const part = await w.ask(`/at/${key}`, { key: reader, headers: { range } });
      expect([range, part.status, part.headers.get('content-range')]).toEqual([
        ...[range, 206, `bytes ${from}-${to - 1}/9500`],
      ]);
      expect(part.bytes).toEqual(bytes.slice(from, to));
    }
    const beyond = await w.ask(`/at/${key}`, { key: reader, headers: { range: 'bytes=9500-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */9500']);
    const same = await w.ask(`/at/${key}`, {
      key: reader,
      headers: { 'if-none-match': `"${shaOf(bytes)}"` },
    });
    expect([same.status, same.bytes.length]).toEqual([304, 0]);
    const other = await w.ask(`/at/${key}`, {
      key: reader,
      headers: { range: 'bytes=1-2', 'if-range': '"x"' },
    });
    expect([other.status, other.bytes.length]).toEqual([200, 9500]);
    const head = await w.ask(`/at/${key}`, { key: reader, method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([200, '9500', 0]);
    // Once more: nothing is sent.
    expect((await begin(key, bytes)).json).toEqual({ kept: true });
  });

  test('cut off and gone on with by a server that began anew, at the byte that is missing', async () => {
    const bytes = someBytes(3_000);
    const { key } = await w.artifact('cut.bin', bytes);
    const { json } = await begin(key, bytes);
    const { id } = json as { id: string };
    expect((await put(id, 0, bytes.slice(0, 1_000))).json).toEqual({ at: 1_000 });
    // What a crash leaves: a part, and nothing under the artifact's name.
    expect(existsSync(join(w.root, key))).toBe(false);
    expect(w.parts()).toEqual([`${id}.part`]);
    const again = await openBlobFolder(w.root, newUid);
    expect([again.uid, await again.partSize(id)]).toEqual([w.folder.uid, 1_000]);
    expect((await begin(key, bytes)).json).toEqual({ kept: false, id, at: 1_000 });
    for (const at of [0, 999, 1_001, 3_000]) {
      const wrong = await put(id, at, bytes.slice(at, at + 10));
      expect([wrong.status, (wrong.json as { error: { at: number } }).error.at]).toEqual([409, 1_000]);
    }
    const early = await commit(id);
    expect([early.status, (early.json as { error: { at: number } }).error.at]).toEqual([409, 1_000]);
    expect((await put(id, 1_000, bytes.slice(1_000))).status).toBe(200);
    expect((await commit(id)).status).toBe(200);
    expect((await w.ask(`/at/${key}`, { key: reader })).bytes).toEqual(bytes);
  });

  test('a file of no bytes, and files of a folder', async () => {
    const none = new Uint8Array();
    const { key } = await w.artifact('empty.txt', none);
    expect(await w.bring(writer, key, none)).toBe(200);
    expect((await w.ask(`/at/${key}`, { key: reader })).bytes.length).toBe(0);
    const { uid } = await w.artifact('store.zarr', none);
    w.here.driver.run("UPDATE lamindb_artifact SET n_files = 2, suffix = '.zarr', size = 30 WHERE uid = ?", [
      uid,
    ]);
    const bytes = someBytes(20);
    const inside = `.lamindb/${uid.slice(0, 16)}.zarr/c/0 0.bin`;
    expect(await w.bring(writer, inside, bytes)).toBe(200);
    expect((await w.ask(`/at/${encodeURI(inside)}`, { key: reader })).bytes).toEqual(bytes);
    expect((await begin(`.lamindb/${uid.slice(0, 16)}.zarr`, bytes)).status).toBe(404);
    const below = (key: string) => w.ask('/below', { body: { key }, key: reader });
    expect((await below(`.lamindb/${uid.slice(0, 16)}.zarr`)).json).toEqual({
      files: [{ path: 'c/0 0.bin', size: 20 }],
    });
    for (const key of ['.lamindb', '..', '.lamindb/.staging', '.lamindb/0000000000zzzzzz'])
      expect([400, 404]).toContain((await below(key)).status);
  });

  test('which of these do you have: in bulk, with what Python put there', async () => {
    const bytes = someBytes(50);
    const mine = await w.artifact('python.csv', bytes);
    const missing = await w.artifact('missing.csv', bytes);
    const wrong = await w.artifact('half.csv', someBytes(60));
    const { driver } = w.here;
    driver.run(
      "INSERT INTO lamindb_storage(uid, root, type, created_at, updated_at, created_by_id, branch_id, space_id, is_locked) SELECT ?, ?, 'local', created_at, updated_at, created_by_id, branch_id, space_id, 0 FROM lamindb_storage LIMIT 1",
      [w.folder.uid, w.root],
    );
    driver.run(
      'UPDATE lamindb_artifact SET storage_id = (SELECT id FROM lamindb_storage WHERE uid = ?) WHERE uid IN (?, ?)',
      [...[w.folder.uid, mine.uid, wrong.uid]],
    );
    mkdirSync(join(w.root, '.lamindb'), { recursive: true });
    writeFileSync(join(w.root, mine.key), bytes);
    writeFileSync(join(w.root, wrong.key), bytes);
    const { json } = await w.ask('/which', {
      body: { keys: [mine.key, missing.key, wrong.key] },
      key: reader,
    });
    expect(json).toEqual({ kept: [{ key: mine.key, size: 50, sha256: null }] });
    expect((await w.ask(`/at/${mine.key}`, { key: reader })).bytes).toEqual(bytes);
    expect((await w.ask(`/at/${missing.key}`, { key: reader })).status).toBe(404);
    expect((await w.ask('', { key: reader })).json).toMatchObject({
      storage: { uid: w.folder.uid, root: w.root, type: 'local' },
      limits: { part: 4000 },
    });
  });

  test('other bytes than were announced, or than the artifact has, never get its name', async () => {
    const bytes = someBytes(500);
    const { key } = await w.artifact('hash.bin', bytes);
    const first = (await begin(key, bytes)).json as { id: string };
    await put(first.id, 0, someBytes(500));
    const spoiled = await commit(first.id);
    expect([spoiled.status, String((spoiled.json as { error: { message: string } }).error.message)]).toEqual([
      ...[409, expect.stringMatching(/not what was announced/)],
    ]);
    // Somebody who may write announces bytes of his own for the artifact of another.
    const evil = someBytes(500);
    const second = (await begin(key, evil)).json as { id: string };
    await put(second.id, 0, evil);
    const other = await commit(second.id);
    expect(String((other.json as { error: { message: string } }).error.message)).toMatch(
      /not what the artifact is/,
    );
    expect(w.parts()).toEqual([]);
    expect(existsSync(join(w.root, key))).toBe(false);
    expect((await w.ask(`/at/${key}`, { key: reader })).status).toBe(404);
    // The right ones are taken, and stay.
    expect(await w.bring(writer, key, bytes)).toBe(200);
    expect((await begin(key, evil)).status).toBe(409);
    expect(new Uint8Array(readFileSync(join(w.root, key)))).toEqual(bytes);
  });

  test('[row 111] hostile names are refused and nothing is made of them', async () => {
    const bytes = someBytes(10);
    const { uid } = await w.artifact('x.csv', bytes);
    const names = [
      '../../etc/passwd',
      '..',
      '.',
      '',
      '/etc/passwd',
      `.lamindb/../../${uid}.csv`,
      `.lamindb/${uid}.csv/../../x`,
      `.lamindb/${uid}.csv\0.png`,
      `.lamindb\\${uid}.csv`,
      `.lamindb//${uid}.csv`,
      '.lamindb/.staging/x.part',
      '.lamindb/storage_uid.txt',
      `.lamindb/${uid}.csv/`,
      `.lamindb/${'a'.repeat(2000)}`,
      `${uid}.csv`,
      'C:\\windows',
      `.lamindb/${uid}.csv\n`,
      '.lamindb',
      `.lamindb/${uid}.exe`,
      `.lamindb/${uid}.csv/below`,
      '.lamindb/0000000000000000.csv',
    ];
    for (const key of names) {
      const begun = await begin(key, bytes);
      expect([key, begun.status]).toEqual([
        key,
        expect.toSatisfy((one: number) => one === 400 || one === 404),
      ]);
    }
    for (const path of [
      '/at/../../../../etc/passwd',
      '/at/%2e%2e/%2e%2e/etc/passwd',
      '/at/..%2f..%2fetc%2fpasswd',
      '/at/%00',
      '/at/',
      '/at/.lamindb/storage_uid.txt',
      '/at/.lamindb/.staging/x.part',
      '/at/.lamindb%5cx',
      '/at/%ff',
      '/at/etc/passwd',
    ]) {
      const { status } = await w.ask(path, { key: reader });
      expect([path, status]).toEqual([path, expect.toSatisfy((one: number) => one === 400 || one === 404)]);
    }
    for (const id of ['..', '../../x', 'a'.repeat(63), 'A'.repeat(64), '%2e%2e', '0'.repeat(64)])
      expect((await w.ask(`/uploads/${id}?at=0`, { method: 'PUT', bytes, key: writer })).status).toBe(404);
    expect(w.parts()).toEqual([]);
  });

  test('[row 110] who may not: strangers, readers, other instances, other spaces, ended keys', async () => {
    const bytes = someBytes(10);
    const { key, uid } = await w.artifact('mine.csv', bytes);
    expect((await begin(key, bytes, null as never)).status).toBe(401);
    expect((await w.ask(`/at/${key}`, { key: null })).status).toBe(401);
    expect((await begin(key, bytes, reader)).status).toBe(403);
    expect((await w.ask(`/at/${key}`, { key: reader, instance: 'instance0002' })).status).toBe(403);
    expect((await w.ask('', { key: writer, instance: 'instance0002' })).status).toBe(403);
    const elsewhere = await people.person('stranger', 'admin', 'instance0002');
    const { makeKey } = await import('../../server/people/api-keys.ts');
    const { account } = elsewhere;
    const foreign = {
      instance: 'instance0002',
      by: account,
      account: account.uid,
      name: 'x',
      role: 'admin',
      days: 1,
    } as const;
    const token = (await makeKey(people.ground, foreign)).token;
    expect((await w.ask(`/at/${key}`, { key: token })).status).toBe(403);
    // Of one's own instance, of which this server keeps nothing.
    expect((await w.ask(`/at/${key}`, { key: token, instance: 'instance0002' })).status).toBe(404);
    // Another's upload is none.
    const { id } = (await begin(key, bytes)).json as { id: string };
    const second = await w.key('second');
    expect((await put(id, 0, bytes, second)).status).toBe(404);
    expect((await commit(id, second)).status).toBe(404);
    expect((await w.ask(`/uploads/${id}`, { method: 'DELETE', key: second })).status).toBe(404);
    // A closed space, and a key for other spaces.
    const limited = await w.key('limited', 'write', { spaces: ['other0000001'] });
    expect((await begin(key, bytes, limited)).status).toBe(403);
    w.here.driver.run(
      "INSERT INTO lamindb_space(uid, name, created_at, created_by_id) SELECT 'closed000001', 'closed', created_at, created_by_id FROM lamindb_space LIMIT 1",
    );
    w.here.driver.run(
      "UPDATE lamindb_artifact SET space_id = (SELECT id FROM lamindb_space WHERE uid = 'closed000001') WHERE uid = ?",
      [uid],
    );
    expect((await begin(key, bytes)).status).toBe(403);
    // Rights that went while it was on its way.
    expect((await put(id, 0, bytes)).status).toBe(200);
    expect((await commit(id)).status).toBe(403);
    expect(existsSync(join(w.root, key))).toBe(false);
    expect((await w.ask(`/uploads/${id}`, { method: 'DELETE', key: writer })).status).toBe(200);
    expect(w.parts()).toEqual([]);
    people.pass(2 * 24 * 3_600_000);
    expect((await w.ask(`/at/${key}`, { key: reader })).status).toBe(401);
    people.pass(-2 * 24 * 3_600_000);
  });

  test('limits: of a file, of a part, of bytes that were announced, of uploads, of age, of pace', async () => {
    const bytes = someBytes(5_000);
    const { key } = await w.artifact('big.bin', bytes);
    for (const size of [1_000_001, -1, 1.5, 2 ** 53, '5', null])
      expect((await begin(key, bytes, writer, { size })).status).toBe(400);
    for (const sha256 of ['', 'x'.repeat(64), 'A'.repeat(64), 5])
      expect((await begin(key, bytes, writer, { sha256 })).status).toBe(400);
    expect((await begin(key, bytes, writer, { size: 4_999 })).status).toBe(400);
    const { id } = (await begin(key, bytes)).json as { id: string };
    expect((await put(id, 0, bytes)).status).toBe(400);
    const lying = await w.ask(`/uploads/${id}?at=0`, {
      ...{ method: 'PUT', bytes: bytes.slice(0, 300), key: writer },
      headers: { 'content-length': '10' },
    });
    expect(lying.status).toBe(400);
    const { at } = (await begin(key, bytes)).json as { at: number };
    expect((await put(id, at, bytes.slice(at, at + 4_000))).status).toBe(200);
    // Two at once behind the same byte: one of them is told to wait.
    const both = await Promise.all([
      put(id, at + 4_000, bytes.slice(at + 4_000)),
      put(id, at + 4_000, bytes.slice(at + 4_000)),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    for (let i = 0; i < 4; i++) {
      const one = await w.artifact(`many/${i}.bin`, bytes);
      expect((await begin(one.key, bytes)).status).toBe(201);
    }
    const sixth = await w.artifact('many/6.bin', bytes);
    expect((await begin(sixth.key, bytes)).status).toBe(429);
    people.pass(8 * 24 * 3_600_000);
    expect(await w.keep.sweep()).toBe(5);
    expect(w.parts()).toEqual([]);
    people.pass(-8 * 24 * 3_600_000);
    let now = 0;
    const pace = createPace(() => now, { burst: 2, each: 1 });
    pace.take('a');
    pace.take('a');
    expect(() => pace.take('a')).toThrow(/Too many/);
    pace.take('b');
    now = 1_500;
    pace.take('a');
  });
});
