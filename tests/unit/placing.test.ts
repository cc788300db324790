// Artifacts that come to lie in another storage: LaminDB's columns, one act that can be undone, and what is refused.
import { expect, it } from 'vitest';
import { memoryEngine } from './memory-engine.ts';

const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
const columns = `SELECT s.root, a._key_is_virtual, a._real_key, a.key FROM lamindb_artifact a
  JOIN lamindb_storage s ON s.id = a.storage_id WHERE a.uid = ?`;

it('[row 97] a moved artifact has the storage, a virtual key and its place by uid; undo takes the row back', async () => {
  const { engine, rows, artifacts, state, driver } = await memoryEngine();
  const [uid = ''] = artifacts('a/x.csv');
  const id = rows('SELECT id FROM lamindb_artifact WHERE uid = ?', [uid])[0]?.[0] ?? 0;
  driver.run('INSERT OR REPLACE INTO loam_blob(artifact_id, storage_key, only_here) VALUES (?, ?, 1)', [
    id,
    `.lamindb/${uid}.csv`,
  ]);
  const { uid: bucket } = engine.create('Storage', { root: 's3://lab/data', region: 'eu-central-1' });
  const before = state();
  engine.placeIn(uid, bucket);
  expect(rows(columns, [uid])).toEqual([['s3://lab/data', 1, null, 'a/x.csv']]);
  const place = engine.whereabouts(uid);
  expect(place).toMatchObject({ here: false, key: place.copyKey });
  expect(place.key).toMatch(new RegExp(`^\\.lamindb/${uid}`));
  expect(rows('SELECT only_here FROM loam_blob WHERE artifact_id = ?', [id])).toEqual([[0]]);
  expect(engine.copiesHere(bucket)).toMatchObject([{ uid, storage: bucket }]);
  const acts = engine.acts(1);
  expect(acts[0]).toMatchObject({ kind: 'upload', title: 'Upload a/x.csv to s3://lab/data' });
  // Once more is no second act.
  engine.placeIn(uid, bucket);
  expect(engine.acts(1)[0]?.uid).toBe(acts[0]?.uid);
  await engine.undo();
  expect(state()).toBe(before);
});

it('one that lay in place under its key gets a virtual one', async () => {
  const { engine, rows } = await memoryEngine();
  const first = engine.create('Storage', { root: 's3://one' }).uid;
  const second = engine.create('Storage', { root: 's3://two' }).uid;
  const [made] = await engine.registerInPlace(first, [{ key: 'p/x.bin', size: 3, etag: md5 }]);
  expect(engine.whereabouts(made?.uid ?? '').key).toBe('p/x.bin');
  engine.placeIn(made?.uid ?? '', second);
  expect(rows(columns, [made?.uid ?? ''])).toEqual([['s3://two', 1, null, 'p/x.bin']]);
  expect(engine.whereabouts(made?.uid ?? '').key).toBe(`.lamindb/${made?.uid}.bin`);
});

it('refuses what LaminDB’s unique index refuses, unknown storages, and to give up the only bytes', async () => {
  const { engine, artifacts, blobs } = await memoryEngine();
  const first = engine.create('Storage', { root: 's3://one' }).uid;
  const second = engine.create('Storage', { root: 's3://two' }).uid;
  const file = { key: 'p/x.bin', size: 3, etag: md5 };
  const [a] = await engine.registerInPlace(first, [file]);
  await engine.registerInPlace(second, [file]);
  expect(() => engine.planPlacing(a?.uid ?? '', second)).toThrow(/same content and key lies in s3:\/\/two/);
  expect(() => engine.planPlacing(a?.uid ?? '', 'nowhere')).toThrow(/no storage location nowhere/);
  const [own = ''] = artifacts('mine.csv');
  await expect(engine.releaseCopy(own)).rejects.toThrow(/Upload it first/);
  const { copyKey, id } = engine.whereabouts(a?.uid ?? '');
  await blobs.put([{ key: copyKey, bytes: new Uint8Array(3) }]);
  engine.noteCopy(id, copyKey);
  expect(engine.copiesHere(null)).toHaveLength(1);
  expect(await engine.releaseCopy(a?.uid ?? '')).toBe(true);
  expect(await blobs.exists(copyKey)).toBe(false);
  expect(engine.copiesHere(null)).toEqual([]);
});
