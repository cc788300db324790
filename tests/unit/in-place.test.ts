// Files that become artifacts where they lie: LaminDB's columns and hashes, new versions, one act that can be undone.
import { expect, it } from 'vitest';
import { placedHash } from '../../src/lib/engine/registry/in-place.ts';
import { memoryEngine } from './memory-engine.ts';

const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
const file = (key: string, etag = md5, size = 10) => ({ key, size, etag });

it('takes the hash that LaminDB takes from an ETag', () => {
  // LaminDB's hash of an empty file, whose md5 this is.
  expect(placedHash('s3', md5)).toEqual({ hash: '1B2M2Y8AsgTpgAmY7PhCfg', hashType: 'md5' });
  expect(placedHash('s3', `${md5}-12`)).toEqual({ hash: '1B2M2Y8AsgTpgAmY7PhCfg', hashType: 'md5-12' });
  // The md5 of the text "abc" is 900150983cd24fb0d6963f7d28e17f72.
  expect(placedHash('https', 'abc')).toEqual({ hash: 'kAFQmDzST7DWlj99KOF_cg', hashType: 'md5-etag' });
  expect(placedHash('https', '')).toEqual({ hash: null, hashType: null });
});

it('[row 96] keys are paths below the root and no virtual ones; what changed is a new version; undo takes all back', async () => {
  const { engine, rows, state } = await memoryEngine();
  const { uid } = engine.create('Storage', { root: 's3://lab/data', region: 'eu-central-1' });
  const before = state();
  const made = await engine.registerInPlace(uid, [file('a/x.parquet'), file('a/y.CSV.gz', '', 7)]);
  expect(made.map(({ outcome }) => outcome)).toEqual(['new', 'new']);
  expect(
    rows(
      `SELECT a.key, a._key_is_virtual, a._real_key, a.suffix, a.otype, a.size, a.hash, a._hash_type, a.n_files, t.key, r.params
       FROM lamindb_artifact a JOIN lamindb_run r ON r.id = a.run_id JOIN lamindb_transform t ON t.id = r.transform_id ORDER BY a.id`,
    ).map((row) => row.slice(0, 10)),
  ).toEqual([
    [
      'a/x.parquet',
      0,
      null,
      '.parquet',
      'DataFrame',
      10,
      '1B2M2Y8AsgTpgAmY7PhCfg',
      'md5',
      null,
      'loam/register-in-place',
    ],
    ['a/y.CSV.gz', 0, null, '.csv.gz', null, 7, null, null, null, 'loam/register-in-place'],
  ]);
  expect(engine.whereabouts(made[0]?.uid ?? '')).toMatchObject({ key: 'a/x.parquet', here: false });

  const again = await engine.registerInPlace(uid, [
    file('a/x.parquet'),
    file('a/x.parquet'),
    file('a/y.CSV.gz', '', 7),
  ]);
  expect(again.map((one) => [one.uid, one.outcome])).toEqual(made.map((one) => [one.uid, 'known']));
  const [version] = await engine.registerInPlace(uid, [file('a/x.parquet', md5.replace('d4', 'ab'))]);
  expect(version?.outcome).toBe('version');
  expect(version?.uid.slice(0, 16)).toBe(made[0]?.uid.slice(0, 16));
  expect(engine.registeredKeys(uid, ['a/x.parquet', 'a/z'])).toEqual(
    new Map([['a/x.parquet', version?.uid]]),
  );
  for (let i = 0; i < 3; i++) await engine.undo();
  expect(state()).toBe(before);
});

it('files of a folder of the disk come with their own hashes, stores with the number of their files', async () => {
  const { engine, rows, state } = await memoryEngine();
  const { uid } = engine.create('Storage', { root: '/data/plates' });
  const before = state();
  const content = (hash: string, nFiles: number | null = null) => ({
    hash: hash.padEnd(22, '0'),
    hashType: nFiles === null ? 'md5' : 'md5-d',
    nFiles,
  });
  const files = [
    { ...file('a.parquet', ''), content: content('a') },
    { ...file('b/cells.zarr', ''), content: content('b', 12) },
  ];
  const made = await engine.registerInPlace(uid, files);
  expect(
    rows(
      'SELECT key, hash, _hash_type, n_files, _key_is_virtual, _overwrite_versions FROM lamindb_artifact ORDER BY id',
    ),
  ).toEqual([
    ['a.parquet', 'a'.padEnd(22, '0'), 'md5', null, 0, 0],
    ['b/cells.zarr', 'b'.padEnd(22, '0'), 'md5-d', 12, 0, 1],
  ]);
  expect(engine.whereabouts(made[1]?.uid ?? '')).toMatchObject({
    key: 'b/cells.zarr',
    folder: true,
    here: false,
  });
  expect((await engine.registerInPlace(uid, files)).map(({ outcome }) => outcome)).toEqual([
    'known',
    'known',
  ]);
  const changed = { ...file('a.parquet', ''), content: content('c') };
  expect((await engine.registerInPlace(uid, [changed]))[0]?.outcome).toBe('version');
  await expect(
    engine.registerInPlace(uid, [{ ...changed, content: { ...content('d'), hash: "'; --" } }]),
  ).rejects.toMatchObject({ code: 'InvalidArgument' });
  for (let i = 0; i < 3; i++) await engine.undo();
  expect(state()).toBe(before);
});

it('thousands of files are one act; hostile keys and sizes change nothing', async () => {
  const { engine, value, state } = await memoryEngine();
  const { uid } = engine.create('Storage', { root: 's3://lab' });
  const before = state();
  for (const wrong of [
    [],
    [file('../up.csv')],
    [file('/etc/passwd')],
    [file('.lamindb/x')],
    [file('ok.csv'), file('nul\0.csv')],
    [file('size.csv', md5, -1)],
    [file('size.csv', md5, NaN)],
  ])
    await expect(engine.registerInPlace(uid, wrong), JSON.stringify(wrong)).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
  await expect(engine.registerInPlace('nowhere', [file('a.csv')])).rejects.toMatchObject({
    code: 'DoesNotExist',
  });
  expect(state()).toBe(before);
  const files = Array.from({ length: 3000 }, (_, i) =>
    file(`many/${i}.parquet`, i.toString(16).padStart(32, '0')),
  );
  expect(await engine.registerInPlace(uid, files)).toHaveLength(3000);
  expect(value('SELECT count(*) FROM lamindb_artifact WHERE _key_is_virtual = 0')).toBe(3000);
  expect(value('SELECT count(*) FROM lamindb_run WHERE finished_at IS NOT NULL')).toBe(1);
  await engine.undo();
  expect(state()).toBe(before);
});
