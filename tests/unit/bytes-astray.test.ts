// Bytes follow an artifact that has another uid since, because somebody minted its own first.
import { describe, expect, it } from 'vitest';
import { followUids } from '../../src/lib/engine/registry/astray.ts';
import { whereabouts } from '../../src/lib/engine/registry/whereabouts.ts';
import { createIntake } from '../../src/lib/engine/sync/intake.ts';
import { insertOne } from '../../src/lib/engine/write/apply.ts';
import { device, main, type Device } from './sync-world.ts';

const stem = 'familyfamilyfami';
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A file of this family, as a drop stores it. */
async function drop(of: Device, version: string, content: string): Promise<void> {
  const uid = stem + version;
  const key = `.lamindb/${uid}.csv`;
  await of.blobs.put([{ key, bytes: new TextEncoder().encode(content) }]);
  of.engine.writer.act({ kind: 'drop', title: content }, function* (tx) {
    const id = yield* insertOne(tx, 'lamindb_artifact', {
      ...{
        uid,
        key: 'file.csv',
        suffix: '.csv',
        storage_id: 1,
        size: content.length,
        hash: content.padStart(22, 'h'),
      },
      ...{ _hash_type: 'md5', _key_is_virtual: 1, _overwrite_versions: 0 },
    });
    yield* [
      {
        kind: 'run' as const,
        sql: 'INSERT INTO loam_blob(artifact_id, storage_key, only_here) VALUES (?, ?, 1)',
        params: [id, key],
      },
    ];
  });
}

async function contentOf(of: Device, version: string): Promise<string | null> {
  const { copyKey } = of.engine.writer.read(
    whereabouts(of.engine.writer.journal.hidden.without, stem + version),
  );
  if (!(await of.blobs.exists(copyKey))) return null;
  const source = await of.blobs.open(copyKey);
  return text(await source.read(0, source.size));
}

const random = (bytes: Uint8Array) => bytes.map((_, i) => (bytes[i] = (i * 7 + 3) % 251));

/** `late` gets what `first` wrote before it. */
async function met(versions: string[]): Promise<Device> {
  const ground = await device(1, { on: false });
  const [first, late] = [
    await device(10, { bytes: ground.driver.serialize() }),
    await device(20_000, { bytes: ground.driver.serialize() }),
  ];
  await drop(first, '0000', 'first');
  for (const [i, version] of versions.entries()) await drop(late, version, `late ${i}`);
  const intake = createIntake({ driver: late.driver, writer: late.engine.writer });
  const { projected } = intake.take(main, first.log.updateSince(main, Uint8Array.of(0), Infinity).bytes, {
    voids: true,
    begins: true,
  });
  expect(projected.moved.map(({ from, to }) => [from.slice(16), to.slice(16)])).toContainEqual([
    '0000',
    '0001',
  ]);
  return late;
}

describe('[row 86] bytes of an artifact whose uid another took', () => {
  it('are under its new uid, and not under that of the other', async () => {
    const late = await met(['0000']);
    expect(await followUids(late.driver, late.blobs, random)).toBe(1);
    expect(await contentOf(late, '0001')).toBe('late 0');
    expect(await contentOf(late, '0000')).toBe(null);
    expect(late.rows('SELECT storage_key FROM loam_blob')).toEqual([[`.lamindb/${stem}0001.csv`]]);
    expect(await followUids(late.driver, late.blobs, random)).toBe(0);
  });

  it('of several versions move up one behind the other, and none over another', async () => {
    const late = await met(['0000', '0001', '0002']);
    expect(await followUids(late.driver, late.blobs, random)).toBe(3);
    expect([
      await contentOf(late, '0001'),
      await contentOf(late, '0002'),
      await contentOf(late, '0003'),
    ]).toEqual(['late 0', 'late 1', 'late 2']);
    expect(await contentOf(late, '0000')).toBe(null);
  });

  it('are all there whenever it was cut off, and brought the rest of the way the next time', async () => {
    for (const at of [0, 1, 2, 3, 4, 5, 6]) {
      const late = await met(['0000', '0001']);
      let left = at;
      const cut =
        <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
        (...args: A): Promise<R> =>
          --left < 0 ? Promise.reject(new Error('cut off')) : work(...args);
      const blobs = {
        ...late.blobs,
        stage: cut(late.blobs.stage),
        commit: cut(late.blobs.commit),
        remove: cut(late.blobs.remove),
      };
      await followUids(late.driver, blobs, random).catch((error: Error) => {
        if (error.message !== 'cut off') throw error;
      });
      await followUids(late.driver, late.blobs, random);
      expect([await contentOf(late, '0001'), await contentOf(late, '0002')], `cut at ${at}`).toEqual([
        'late 0',
        'late 1',
      ]);
    }
  });
});
