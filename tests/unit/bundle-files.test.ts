// Bytes of artifacts in the file of a branch: compared before anything of them is stored, stored whole or not at all.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bundleChunks, openBundle } from '../../src/lib/engine/branch/bundle-file.ts';
import {
  gatherFiles,
  lookForFiles,
  mostFileBytes,
  type FindFiles,
} from '../../src/lib/engine/branch/bundle-files.ts';
import type { Bundle } from '../../src/lib/engine/branch/bundle.ts';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { hashFolderFromFiles, toHash } from '../../src/lib/engine/hash.ts';
import type { BlobStore } from '../../src/lib/engine/ports.ts';
import { jsonText } from '../../src/lib/engine/write/operation.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { numbers } from './branch-world.ts';
import { copyOf, joined, sealedAs, seeded } from './bundle-world.ts';
import { refusal, type MemoryEngine } from './memory-engine.ts';

const md5 = (bytes: Uint8Array) => toHash(createHash('md5').update(bytes).digest());
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function bytesOf(seed: number, size: number): Uint8Array {
  const next = numbers(seed);
  return Uint8Array.from({ length: size }, () => Math.floor(next() * 256));
}

const file = bytesOf(1, 5000);
const folder = { 'a/0': bytesOf(2, 700), 'b/1': bytesOf(3, 0), zarr: bytesOf(4, 30) };

/** Artifacts with bytes: a file, a folder, and one whose bytes are lost. */
async function makeFiles(world: MemoryEngine): Promise<{ single: string; store: string; lost: string }> {
  const [single, store, lost] = ['5ing1e0000000000', '5tore00000000000', '1ost000000000000'].map(
    (stem) => `${stem}0000`,
  );
  const shared = { storage_id: 1, _key_is_virtual: 1 };
  world.engine.writer.act({ kind: 'seed', title: 'files' }, function* (tx) {
    yield* world.insertOne(tx, 'lamindb_artifact', {
      ...{
        ...shared,
        uid: single ?? '',
        key: 'own/x.bin',
        suffix: '.bin',
        size: file.length,
        hash: md5(file),
      },
      ...{ _hash_type: 'md5', _overwrite_versions: 0 },
    });
    yield* world.insertOne(tx, 'lamindb_artifact', {
      ...{ ...shared, uid: store ?? '', key: 'own/y.zarr', suffix: '.zarr', size: 730, n_files: 3 },
      ...{
        hash: hashFolderFromFiles(Object.values(folder).map(md5)),
        _hash_type: 'md5-d',
        _overwrite_versions: 1,
      },
    });
    yield* world.insertOne(tx, 'lamindb_artifact', {
      ...{
        ...shared,
        uid: lost ?? '',
        key: 'own/lost.bin',
        suffix: '.bin',
        size: 3,
        hash: md5(bytesOf(9, 3)),
      },
      ...{ _hash_type: 'md5', _overwrite_versions: 0 },
    });
  });
  await world.blobs.put([
    { key: `.lamindb/${single}.bin`, bytes: file },
    ...Object.entries(folder).map(([path, bytes]) => ({
      key: `.lamindb/${store?.slice(0, 16)}.zarr/${path}`,
      bytes,
    })),
  ]);
  return { single: single ?? '', store: store ?? '', lost: lost ?? '' };
}

const finder =
  (blobs: BlobStore): FindFiles =>
  async ({ copyKey }) => {
    if (!(await blobs.exists(copyKey)))
      throw new LoamError('BytesElsewhere', 'The file is not on this device.');
    const paths = await blobs.list(copyKey);
    if (paths.length === 0) return { source: await blobs.open(copyKey) };
    return {
      files: await Promise.all(
        paths.map(async (path) => ({ path, source: await blobs.open(`${copyKey}/${path}`) })),
      ),
    };
  };

async function withFiles(seed: number) {
  const { world, before } = await seeded(seed);
  world.engine.createBranch('try', { switch: true });
  const uids = await makeFiles(world);
  world.engine.createULabel('beside');
  const { bundle, places } = world.engine.packBranch('try');
  const gathered = await gatherFiles(bundle, places, finder(world.blobs));
  const bytes = await written(bundle, gathered.sources);
  return { world, before, uids, bytes, ...gathered, bundle, places };
}

async function written(bundle: Bundle, sources: Parameters<typeof bundleChunks>[2]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of bundleChunks(bundle, null, sources)) parts.push(chunk.slice());
  return joined(...parts);
}

/** All that is stored, by key and sum; and what is staged. */
async function heldIn(blobs: BlobStore): Promise<unknown> {
  const keys = await blobs.keys();
  const sums = keys.map(async ({ key, size }) => [key, sha256(await (await blobs.open(key)).read(0, size))]);
  return [await Promise.all(sums), await blobs.staged()];
}

describe('[row 72] a branch in one file with the bytes of its artifacts', () => {
  test('they are there after opening, under the keys that LaminDB looks for, with their checksums', async () => {
    const { world, before, uids, bytes, report, places } = await withFiles(81);
    expect(await lookForFiles(places, finder(world.blobs))).toEqual({
      artifacts: 2,
      files: 4,
      bytes: 5730,
      missing: 1,
    });
    expect(report).toEqual({
      files: 4,
      bytes: 5730,
      missing: 1,
      reasons: ['own/lost.bin: The file is not on this device.'],
    });
    const other = await copyOf(before);
    expect(await other.engine.readBundle(bytes)).toMatchObject({
      filesLength: 5730,
      blobs: [
        { uid: uids.single, files: [{ path: '', size: 5000 }] },
        { files: [{}, {}, {}] },
        { files: null },
      ],
    });
    const told: [number, number][] = [];
    const done = await other.engine.importBranch(bytes, {
      watch: { onProgress: (at, total) => told.push([at, total]) },
    });
    expect(done.files).toEqual({ here: 2, late: 0, missing: 1 });
    expect(await heldIn(other.blobs)).toEqual(await heldIn(world.blobs));
    // It goes up to its end.
    expect(told.map(([at]) => at)).toEqual(told.map(([at]) => at).sort((a, b) => a - b));
    expect(told.at(-1)).toEqual([5730 * 3, 5730 * 3]);
    const kept =
      'SELECT a.uid, b.storage_key, b.sha256, b.only_here FROM loam_blob b JOIN lamindb_artifact a ON a.id = b.artifact_id ORDER BY a.id';
    const lines = Object.entries(folder).map(([path, content]) => `${path}\0${sha256(content)}`);
    expect(other.rows(kept)).toEqual([
      [uids.single, `.lamindb/${uids.single}.bin`, sha256(file), 1],
      [
        uids.store,
        `.lamindb/${uids.store.slice(0, 16)}.zarr`,
        sha256(Buffer.from(lines.sort().join('\n'))),
        1,
      ],
    ]);
    expect(other.rows('SELECT count(*) FROM loam_drop')).toEqual([[0]]);
    // And from there to a third copy.
    const again = other.engine.packBranch('try');
    const { sources } = await gatherFiles(again.bundle, again.places, finder(other.blobs));
    const third = await copyOf(before);
    await third.engine.importBranch(await written(again.bundle, sources));
    expect(await heldIn(third.blobs)).toEqual(await heldIn(world.blobs));
    // Without its files it is told that they are not there.
    const bare = await copyOf(before);
    const { files } = await bare.engine.importBranch((await world.engine.exportBranch('try')).bytes);
    expect(files).toEqual({ here: 0, late: 0, missing: 3 });
    expect(await bare.blobs.keys()).toEqual([]);
  });

  test('1,000 altered and cut files are refused in words, with nothing changed and nothing stored', async () => {
    const { before, bytes } = await withFiles(82);
    const other = await copyOf(before);
    const state = other.state();
    let inFiles = 0;
    for (let seed = 1; seed <= 1000; seed++) {
      const draw = numbers(seed);
      const at = Math.floor(draw() * bytes.length);
      const some = Math.floor(draw() * 60) + 1;
      const kinds: (() => Uint8Array)[] = [
        () => bytes.slice(0, at),
        () => joined(bytes.slice(0, at), bytes.slice(at + some)),
        () => joined(bytes.slice(0, at), bytes.slice(Math.max(0, at - some))),
        () => bytes.map((byte, i) => (i === at ? byte ^ (1 << Math.floor(draw() * 8)) : byte)),
        () => bytes.map((byte, i) => (i >= at && i < at + some ? Math.floor(draw() * 256) : byte)),
        () => joined(bytes, bytes.slice(0, some)),
      ];
      const mutated = (kinds[seed % kinds.length] as () => Uint8Array)();
      if (Buffer.from(mutated).equals(Buffer.from(bytes))) continue;
      if (mutated.length === bytes.length && at > bytes.length - 5800) inFiles++;
      const error = await refusal(() => other.engine.importBranch(mutated));
      expect(error.code, `seed ${seed}`).toBe('FileUnreadable');
      expect(error.message).toMatch(/cannot be opened as a branch: .*\. Nothing was changed\.$/);
    }
    expect(inFiles).toBeGreaterThan(100);
    expect(other.state()).toBe(state);
    expect(await heldIn(other.blobs)).toEqual([[], []]);
    await other.engine.importBranch(bytes);
  }, 120_000);

  test('bytes that are not those of the artifact are refused, also from somebody who knows the format', async () => {
    const { before, bundle, bytes } = await withFiles(83);
    const { filesAt, filesLength } = await openBundle(bytes, null);
    const files = bytes.slice(filesAt, filesAt + filesLength);
    const other = await copyOf(before);
    const refused = async (change: (bundle: Bundle, files: Uint8Array) => Uint8Array | void) => {
      const changed = structuredClone(bundle);
      const own = files.slice();
      const used = change(changed, own) ?? own;
      const body = { body: jsonText(changed), key: null, signature: null };
      return (await refusal(() => other.engine.importBranch(sealedAs(2, body, used)))).message;
    };
    const blob = (of: Bundle) => of.manifest.blobs[0] ?? ({} as never);
    // The bytes, and the sums that go with them.
    expect(await refused((_, own) => void (own[17] = 255 - (own[17] ?? 0)))).toContain(
      'are not those that it names',
    );
    expect(
      await refused((changed, own) => {
        own[17] = 255 - (own[17] ?? 0);
        blob(changed).files = [{ path: '', size: 5000, sha256: sha256(own.slice(0, 5000)) }];
      }),
    ).toContain('are not what the artifact is');
    // A hash of its own in the manifest changes nothing: the row counts.
    expect(
      await refused((changed, own) => {
        own[17] = 255 - (own[17] ?? 0);
        blob(changed).files = [{ path: '', size: 5000, sha256: sha256(own.slice(0, 5000)) }];
        blob(changed).hash = md5(own.slice(0, 5000));
      }),
    ).toContain('are not what the artifact is');
    expect(await refused((changed) => void (blob(changed).uid = 'a'.repeat(20)))).toContain('did not make');
    expect(await refused((changed) => void (blob(changed).files = null))).toContain(
      'not those that it names',
    );
    for (const path of ['../x', 'a//b', '/x', 'a\\b', '..'])
      expect(
        await refused((changed) => {
          const [first] = changed.manifest.blobs[1]?.files ?? [];
          if (first) first.path = path;
        }),
        path,
      ).toContain('leads elsewhere');
    expect(
      await refused((changed) => {
        const [first] = blob(changed).files ?? [];
        if (first) first.path = 'x';
      }),
    ).toContain('not those of the artifact');
    expect(
      await refused((changed) => {
        const [first] = changed.manifest.blobs[1]?.files ?? [];
        if (first) first.size = -1;
      }),
    ).toContain('less than no bytes');
    expect(await heldIn(other.blobs)).toEqual([[], []]);
    expect(other.rows("SELECT 1 FROM lamindb_branch WHERE name = 'try'")).toEqual([]);
  });

  test('a key that leads elsewhere gets no bytes, and bytes that are here stay', async () => {
    const { before, bundle, bytes, uids } = await withFiles(84);
    const { filesAt, filesLength } = await openBundle(bytes, null);
    const hostile = structuredClone(bundle);
    for (const { table, columns, values, keys } of hostile.content.made) {
      if (table !== 'lamindb_artifact') continue;
      const at = keys.indexOf(uids.single);
      const set = (name: string, value: string | number) => {
        const column = values[columns.indexOf(name)];
        if (column) column[at] = value;
      };
      set('_key_is_virtual', 0);
      set('_real_key', '.lamindb/lamin.db-wal');
    }
    const body = { body: jsonText(hostile), key: null, signature: null };
    const other = await copyOf(before);
    const key = `.lamindb/${uids.store.slice(0, 16)}.zarr`;
    await other.blobs.put([{ key: `${key}/a/0`, bytes: bytesOf(7, 9) }]);
    const { files } = await other.engine.importBranch(
      sealedAs(2, body, bytes.slice(filesAt, filesAt + filesLength)),
    );
    expect(files).toEqual({ here: 1, late: 0, missing: 2 });
    expect(await heldIn(other.blobs)).toEqual([[[`${key}/a/0`, sha256(bytesOf(7, 9))]], []]);
  });

  test('a full store, a stop, and a refusal leave nothing behind', async () => {
    const { before, bytes } = await withFiles(85);
    const full = createMemoryBlobs({ capacity: 5100 });
    const small = await copyOf(before, { blobs: full });
    const state = small.state();
    expect((await refusal(() => small.engine.importBranch(bytes))).code).toBe('StorageFull');
    expect(await heldIn(full)).toEqual([[], []]);
    expect(small.state()).toBe(state);
    const other = await copyOf(before);
    const signal = { aborted: false };
    const onProgress = (done: number) => void (signal.aborted = done > 5730 * 2 + 4000);
    expect(
      (await refusal(() => other.engine.importBranch(bytes, { watch: { signal, onProgress } }))).code,
    ).toBe('Cancelled');
    expect(await heldIn(other.blobs)).toEqual([[], []]);
    await other.engine.importBranch(bytes);
    expect((await refusal(() => other.engine.importBranch(bytes))).message).toContain('is here already');
    expect((await other.blobs.staged()).length).toBe(0);
  });

  test('bytes on their way when the browser dies come to their place at the next start', async () => {
    for (const when of ['before the first', 'in the middle of one']) {
      const { world, before, bytes } = await withFiles(86);
      const blobs = createMemoryBlobs();
      let moved = 0;
      const dying: BlobStore = {
        ...blobs,
        async commit(token, key) {
          if (when === 'in the middle of one' && moved++ === 0) await blobs.put([{ key, bytes: file }]);
          throw new Error('gone');
        },
      };
      const other = await copyOf(before, { blobs: dying });
      expect((await other.engine.importBranch(bytes)).files).toEqual({ here: 0, late: 2, missing: 1 });
      const next = await copyOf(other.driver.serialize(), { blobs });
      expect(await heldIn(blobs), when).toEqual(await heldIn(world.blobs));
      expect(next.rows('SELECT count(*) FROM loam_drop')).toEqual([[0]]);
      // And what was staged for an act that never came is taken away.
      await blobs.stage('bundle-lost-0', '', { size: 3, read: async () => bytesOf(1, 3) });
      await copyOf(next.driver.serialize(), { blobs });
      expect(await blobs.staged()).toEqual([]);
    }
  });

  test('what is held back takes no bytes along, and what is not the artifact does not go in', async () => {
    const { world, before } = await seeded(87);
    world.engine.create('Transform', { key: 'since.py', kind: 'script' });
    world.engine.createBranch('try', { switch: true });
    const uids = await makeFiles(world);
    await world.blobs.put([{ key: `.lamindb/${uids.single}.bin`, bytes: bytesOf(8, 5000) }]);
    const { bundle, places } = world.engine.packBranch('try');
    const { report, sources } = await gatherFiles(bundle, places, finder(world.blobs));
    expect(report).toMatchObject({
      files: 3,
      missing: 2,
      reasons: [
        expect.stringContaining('not on this device'),
        expect.stringContaining('are not what the artifact is'),
      ],
    });
    // A row that it leans on and that is not there.
    for (const { table, columns, values } of bundle.content.made)
      if (table === 'lamindb_artifact') values[columns.indexOf('run_id')]?.fill('no run of this database');
    const other = await copyOf(before);
    const done = await other.engine.importBranch(await written(bundle, sources));
    expect(done.held.length).toBeGreaterThan(2);
    expect(done.files).toEqual({ here: 0, late: 0, missing: 3 });
    expect(await heldIn(other.blobs)).toEqual([[], []]);
  });

  test('too much for one file is refused in words, and so is what changes while it is written', async () => {
    const { bundle, places, sources, world } = await withFiles(88);
    const huge: FindFiles = async () => ({
      source: { size: mostFileBytes, read: async () => new Uint8Array(0) },
    });
    expect((await refusal(() => gatherFiles(structuredClone(bundle), places, huge))).message).toMatch(
      /have 24,000,000,000 bytes; a file of a branch holds at most 8,000,000,000\. Save it without its files/,
    );
    const changed = sources.map((source, i) =>
      i === 0 ? { ...source, read: async (start: number, end: number) => bytesOf(5, end - start) } : source,
    );
    expect((await refusal(() => written(bundle, changed))).message).toContain(
      'own/x.bin was changed while it was saved',
    );
    const signal = { aborted: true };
    expect((await refusal(() => gatherFiles(bundle, places, finder(world.blobs), { signal }))).code).toBe(
      'Cancelled',
    );
  });
});
