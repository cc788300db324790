// A branch in one file: opened in another copy of the database it is the branch that was saved; what is foreign, cut off or
// altered is refused with nothing changed.
import { strToU8 } from 'fflate';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Bundle } from '../../src/lib/engine/branch/bundle.ts';
import type { BundleRows } from '../../src/lib/engine/branch/bundle-rows.ts';
import type { BundleKeys } from '../../src/lib/engine/branch/bundle-part.ts';
import { openBundle, sealBundle } from '../../src/lib/engine/branch/bundle-file.ts';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { jsonText } from '../../src/lib/engine/write/operation.ts';
import { newKeys, signerWith, verifierHere } from '../../src/lib/storage/keys/ed25519.ts';
import { anyAct, numbers } from './branch-world.ts';
import { copyOf as copyWith, envelopeOf, sealedAs, seeded, uidOf } from './bundle-world.ts';
import { refusal, type MemoryEngine } from './memory-engine.ts';

const rounds = process.env['LOAM_LONG'] === '1' ? 150 : 12;

const copyOf = (bytes: Uint8Array, bundleKeys?: BundleKeys): Promise<MemoryEngine> =>
  copyWith(bytes, bundleKeys ? { bundleKeys } : {});

const digestOf = (driver: MemoryEngine['driver']): string => {
  const hash = createHash('sha256');
  const tables = driver.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  for (const [name] of tables)
    hash.update(
      `${String(name)} ${JSON.stringify(driver.all(`SELECT * FROM "${String(name)}"`), (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      )}`,
    );
  return hash.digest('hex');
};

/** Every change of a bundle as a text, in an order of its own. */
function lines({ content }: Bundle): string[] {
  const rows = (kind: string, parts: BundleRows[]) =>
    parts.flatMap(({ table, keys, columns, values }) =>
      keys.map((key, i) => {
        const cells = columns
          .map((name, c) => [name, values[c]?.[i] ?? null])
          .filter(([name]) => name !== 'updated_at')
          .sort();
        return jsonText([kind, table, key, cells]);
      }),
    );
  return [
    ...rows('made', content.made),
    ...rows('added', content.added),
    ...content.changed.map(({ table, key, cells }) => jsonText(['changed', table, key, [...cells].sort()])),
    ...content.taken.flatMap(({ table, keys }) => keys.map((key) => jsonText(['taken', table, key]))),
  ].sort();
}

describe('[row 111] a branch in one file', () => {
  test.each(Array.from({ length: rounds }, (_, i) => i + 1))(
    'is in another copy what it was here, and merges there to the same (seed %i)',
    async (seed) => {
      const { world, before } = await seeded(seed);
      const { engine } = world;
      engine.createBranch('try', { switch: true });
      const next = numbers(seed * 31);
      const told: string[] = [];
      for (let step = 0; step < 14; step++) told.push(await anyAct(world, next));
      const context = told.join('\n');
      engine.switchBranch('main');
      const { bytes, signed } = await engine.exportBranch('try');
      expect(signed).toBe(false);

      const other = await copyOf(before);
      const main = digestOf(other.driver);
      const here = other.engine.status().branch.uid;
      const received = await other.engine.importBranch(bytes);
      expect(received.held, context).toEqual([]);
      expect(received).toMatchObject({ branch: { name: 'try' }, signedBy: null });
      expect(other.engine.status().branch.uid).toBe(here);
      const again = await other.engine.exportBranch('try');
      const [sent, back] = [await openBundle(bytes, null), await openBundle(again.bytes, null)];
      expect(lines(back), context).toEqual(lines(sent));
      expect(back.manifest.branch.uid).toBe(sent.manifest.branch.uid);
      expect(digestOf(other.driver)).not.toBe(main);

      const told2 = (of: typeof engine) =>
        of.branchDiff('try', { limit: 500 }).objects.map(({ id: _, ...object }) => ({
          ...object,
          fields: object.fields
            .map(({ conflict: __, ...field }) => field)
            .sort((a, b) => (jsonText(a) < jsonText(b) ? -1 : 1)),
        }));
      const sorted = (list: unknown[]) => list.map((one) => jsonText(one)).sort();
      expect(sorted(told2(other.engine)), context).toEqual(sorted(told2(engine)));
      expect(other.engine.branchConflicts('try')).toEqual([]);
      expect(other.engine.checkBranch('try').failures, context).toEqual(engine.checkBranch('try').failures);
      const counts = ({ made, changed, added, taken }: ReturnType<typeof engine.mergeBranch>) => ({
        made,
        changed,
        added,
        taken,
      });
      expect(counts(other.engine.mergeBranch('try')), context).toEqual(counts(engine.mergeBranch('try')));
    },
  );

  test('compares with what it had found: where main moved in the other copy it is asked', async () => {
    const { world, before } = await seeded(21);
    const { engine } = world;
    const uid = uidOf(world, 'a.csv');
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine', key: 'mine.csv' });
    const { bytes } = await engine.exportBranch('try');
    const other = await copyOf(before);
    other.engine.update('Artifact', { uid }, { description: 'theirs' });
    await other.engine.importBranch(bytes);
    expect(other.engine.branchConflicts('try')).toMatchObject([
      { field: 'description', base: null, parent: 'theirs', branch: 'mine' },
    ]);
    expect(other.engine.branches().find(({ name }) => name === 'try')).toMatchObject({ behind: 1, ahead: 1 });
    other.engine.chooseForBranch(
      'try',
      other.engine.branchConflicts('try').map(({ name }) => name),
      { side: 'branch' },
    );
    other.engine.mergeBranch('try');
    expect(other.engine.artifact(uid)).toMatchObject({ description: 'mine', key: 'mine.csv' });
    // The merge is taken back there as any is.
    await other.engine.revertBranch('try');
    expect(other.engine.artifact(uid)).toMatchObject({ description: 'theirs', key: 'a.csv' });
  });

  test('holds back what leans on rows that are not there, tells of it, and takes it in later', async () => {
    const { world, before } = await seeded(22);
    const { engine } = world;
    const uid = uidOf(world, 'a.csv');
    engine.createULabel('made on main since');
    const label = String(world.value("SELECT uid FROM lamindb_ulabel WHERE name = 'made on main since'"));
    engine.createBranch('try', { switch: true });
    engine.addLabels([uid], ['made on main since', 'blue 1']);
    engine.update('ULabel', { uid: label }, { description: 'of the other' });
    const { bytes } = await engine.exportBranch('try');

    const other = await copyOf(before);
    const { held, added, changed } = await other.engine.importBranch(bytes);
    expect(held.map(({ registry, missing }) => [registry, missing])).toEqual([
      ['ULabel', `ULabel made on main since (${label})`],
      ['lamindb_artifactulabel', `ULabel made on main since (${label})`],
    ]);
    expect([added, changed]).toEqual([1, 0]);
    expect(other.engine.heldOfBranch('try')).toBe(2);
    // Still not there: nothing changes.
    expect(other.engine.takeHeld('try').held).toHaveLength(2);
    other.engine.writer.act({ kind: 'seed', title: 'label' }, (tx) =>
      world.insertOne(tx, 'lamindb_ulabel', { uid: label, name: 'made on main since' }),
    );
    expect(other.engine.takeHeld('try')).toMatchObject({ added: 1, changed: 1, held: [] });
    expect(other.engine.heldOfBranch('try')).toBe(0);
    expect((await refusal(() => other.engine.takeHeld('try'))).message).toContain('is held back');
    other.engine.switchBranch('try');
    expect(
      other.engine
        .artifact(uid)
        .labels.map(({ name }) => name)
        .sort(),
    ).toEqual(['blue 1', 'made on main since', 'red 1']);
    expect(other.engine.getRow('ULabel', label, ['description'])).toEqual(['of the other']);
  });

  test('names the bytes that its artifacts need', async () => {
    const { world } = await seeded(23);
    world.engine.createBranch('try', { switch: true });
    const [uid] = world.artifacts('own.csv');
    const { blobs } = await world.engine.exportBranch('try');
    expect(blobs).toMatchObject([{ uid, size: 1, hash: expect.stringMatching(/^h+/) }]);
  });

  test('is refused where it does not belong', async () => {
    const { world, before } = await seeded(24);
    const { engine } = world;
    engine.createBranch('one', { switch: true });
    engine.createULabel('of one');
    engine.createBranch('two', { switch: true });
    engine.createULabel('of two');
    const [one, two] = [(await engine.exportBranch('one')).bytes, (await engine.exportBranch('two')).bytes];
    const other = await copyOf(before);
    const state = digestOf(other.driver);
    const refused = async (bytes: Uint8Array) =>
      (await refusal(() => other.engine.importBranch(bytes))).message;
    expect(await refused(two)).toContain('comes from the branch "one", which is not here');
    const { manifest, content } = await openBundle(one, null);
    const altered = (change: Partial<Bundle['manifest']>) =>
      sealBundle({ manifest: { ...manifest, ...change }, content }, null);
    expect(await refused(await altered({ instance: { uid: 'other', name: 'elsewhere' } }))).toContain(
      'belongs to the database "elsewhere"',
    );
    expect(await refused(await altered({ schema: 'old' }))).toContain('Update both');
    expect(await refused(await altered({ branch: { ...manifest.branch, status: -1 } }))).toContain(
      'merged or closed',
    );
    expect(await refused(strToU8('SQLite format 3'))).toContain('does not begin as a bundle');
    expect(await refused(strToU8(`loam branch bundle 3\n${'0'.repeat(64)}\nx`))).toContain('a newer Loam');
    expect(digestOf(other.driver)).toBe(state);
    await other.engine.importBranch(one);
    expect(await refused(one)).toContain('is here already, as "one"');
    await other.engine.importBranch(two);
    engine.switchBranch('main');
    engine.mergeBranch('one');
    expect((await refusal(() => engine.exportBranch('one'))).message).toContain('is merged');
    expect((await refusal(() => engine.exportBranch('main'))).message).toContain('no other branch');
    // A name that another branch has is told apart.
    const third = await copyOf(before);
    third.engine.createBranch('ONE');
    expect((await third.engine.importBranch(one)).branch.name).toBe('one (2)');
  });
});

describe('[row 111] a file of format 1', () => {
  test('is opened still: its changes, without a review', async () => {
    const { world, before } = await seeded(26);
    const { engine } = world;
    engine.createBranch('try', { switch: true });
    engine.createULabel('of old');
    engine.update('Artifact', { uid: uidOf(world, 'a.csv') }, { description: 'old' });
    engine.saveBranchReadme('try', '# Not in it');
    const { body } = envelopeOf((await engine.exportBranch('try')).bytes);
    const { manifest, content } = JSON.parse(String(body)) as Record<string, Record<string, unknown>>;
    const {
      by: _by,
      createdAt: _at,
      state: _state,
      ...branch
    } = manifest?.['branch'] as Record<string, unknown>;
    const { review: _counts, ...rest } = manifest ?? {};
    const { review: _review, choices: _choices, ...changes } = content ?? {};
    const old = { manifest: { ...rest, format: 1, branch, blobs: [] }, content: changes };
    const file = sealedAs(1, { body: JSON.stringify(old), key: null, signature: null });
    const other = await copyOf(before);
    expect(await other.engine.readBundle(file)).toMatchObject({ format: 1, counts: { made: 1, changed: 1 } });
    expect(await other.engine.importBranch(file)).toMatchObject({ made: 1, changed: 1, held: [] });
    expect(other.engine.branchReview('try').readme).toBeNull();
    other.engine.mergeBranch('try');
    expect(other.engine.artifact(uidOf(other, 'a.csv')).description).toBe('old');
    const cut = await copyOf(before);
    expect((await refusal(() => cut.engine.importBranch(file.slice(0, -3)))).message).toContain(
      'cut off or altered',
    );
  });
});

describe('[row 111] a signature', () => {
  let keys: BundleKeys;
  beforeAll(async () => {
    const pair = await newKeys(true);
    if (!pair) throw new Error('this Node has no Ed25519');
    keys = { signer: () => signerWith(pair), verifier: verifierHere };
  });

  test('tells who made it, and that nobody changed it since', async () => {
    const { before } = await seeded(31);
    const mine = await copyOf(before, keys);
    mine.engine.createBranch('try', { switch: true });
    mine.engine.createULabel('signed');
    const { bytes, signed } = await mine.engine.exportBranch('try');
    expect(signed).toBe(true);
    const key = (await keys.signer())?.publicKey;
    const other = await copyOf(before, keys);
    expect(await other.engine.readBundle(bytes)).toMatchObject({
      signedBy: key,
      checked: true,
      counts: { made: 1 },
    });
    // Altered by somebody who counts the checksum anew.
    const envelope = envelopeOf(bytes);
    const again = (changed: Record<string, string | null>) => sealedAs(2, { ...envelope, ...changed });
    const state = digestOf(other.driver);
    const forged = again({ body: String(envelope['body']).replace('signed', 'forged') });
    expect((await refusal(() => other.engine.importBranch(forged))).message).toContain(
      'signature does not fit',
    );
    const stranger = await newKeys(false);
    const swapped = again({ key: stranger ? (await signerWith(stranger)).publicKey : '' });
    expect((await refusal(() => other.engine.importBranch(swapped))).message).toContain(
      'signature does not fit',
    );
    expect((await refusal(() => other.engine.importBranch(again({ key: null })))).message).toContain(
      'not whole',
    );
    expect(digestOf(other.driver)).toBe(state);
    // Where signatures cannot be checked it is said.
    const without = await copyOf(before);
    expect(await without.engine.importBranch(bytes)).toMatchObject({ signedBy: key, checked: false });
    expect(await other.engine.importBranch(bytes)).toMatchObject({ signedBy: key, checked: true });
  });
});

describe('[row 111] bytes that are no bundle any more', () => {
  test('1,000 mutations are refused in words, with nothing changed', async () => {
    const { world, before } = await seeded(41);
    world.engine.createBranch('try', { switch: true });
    const next = numbers(41);
    for (let step = 0; step < 12; step++) await anyAct(world, next);
    const { bytes } = await world.engine.exportBranch('try');
    const other = await copyOf(before);
    const state = digestOf(other.driver);
    for (let seed = 1; seed <= 1000; seed++) {
      const draw = numbers(seed);
      const at = Math.floor(draw() * bytes.length);
      const some = Math.floor(draw() * 40) + 1;
      const kinds: (() => Uint8Array)[] = [
        () => bytes.slice(0, at),
        () => bytes.slice(at + 1),
        () => Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + some)]),
        () => Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(Math.max(0, at - some))]),
        () => bytes.map((byte, i) => (i === at ? byte ^ (1 << Math.floor(draw() * 8)) : byte)),
        () => bytes.map((byte, i) => (i >= at && i < at + some ? Math.floor(draw() * 256) : byte)),
        () => Uint8Array.from([...bytes, ...strToU8('x'.repeat(some))]),
      ];
      const mutated = (kinds[seed % kinds.length] as () => Uint8Array)();
      if (Buffer.from(mutated).equals(Buffer.from(bytes))) continue;
      const error = await refusal(() => other.engine.importBranch(mutated));
      expect(error.code, `seed ${seed}`).toBe('FileUnreadable');
      expect(error.message).toMatch(/cannot be opened as a branch: .*\. Nothing was changed\.$/);
    }
    expect(digestOf(other.driver)).toBe(state);
    await other.engine.importBranch(bytes);
  }, 120_000);

  test('400 contents altered by somebody who knows the format are taken whole or refused whole', async () => {
    const { world, before } = await seeded(42);
    world.engine.createBranch('try', { switch: true });
    const next = numbers(42);
    for (let step = 0; step < 14; step++) await anyAct(world, next);
    world.engine.saveBranchReadme('try', '# Why');
    world.engine.commentOnBranch('try', 'Hm');
    world.engine.giveVerdict('try', 'changes');
    world.engine.addReviewer('try', String(world.value('SELECT uid FROM lamindb_user')));
    const { manifest, content } = await openBundle((await world.engine.exportBranch('try')).bytes, null);
    let other = await copyOf(before);
    let state = digestOf(other.driver);
    let [taken, refused] = [0, 0];
    for (let seed = 1; seed <= 400; seed++) {
      const bundle = structuredClone({ manifest, content }) as unknown;
      const what = mutate(bundle, numbers(seed * 13));
      const bytes = sealedAs(2, { body: jsonText(bundle), key: null, signature: null });
      try {
        await other.engine.importBranch(bytes);
        taken++;
        other.engine.switchBranch(
          String(other.driver.all('SELECT uid FROM lamindb_branch ORDER BY id DESC LIMIT 1')[0]?.[0]),
        );
        other.engine.switchBranch('main');
        expect(other.driver.all('PRAGMA foreign_key_check'), what).toEqual([]);
        other = await copyOf(before);
        state = digestOf(other.driver);
      } catch (error) {
        if (!isLoamError(error)) throw new Error(`seed ${seed}: ${what}: ${String(error)}`, { cause: error });
        expect(error.message, what).toMatch(/Nothing was changed\.$/);
        expect(digestOf(other.driver), what).toBe(state);
        expect(other.engine.status().branch.isMain).toBe(true);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
    expect(taken).toBeGreaterThan(20);
  }, 240_000);
});

/** Another value at a random place; gives what was done. */
function mutate(value: unknown, draw: () => number): string {
  const path: string[] = [];
  let at = value as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(at);
    if (keys.length === 0) return 'nothing';
    const key = keys[Math.floor(draw() * keys.length)] ?? '';
    path.push(key);
    const inner = at[key];
    if (typeof inner === 'object' && inner !== null && draw() < 0.93 && Object.keys(inner).length > 0) {
      at = inner as Record<string, unknown>;
      continue;
    }
    const others: unknown[] = [
      null,
      -1,
      1e9,
      'lamindb_user',
      'id',
      'x'.repeat(5000),
      [],
      {},
      true,
      '__proto__',
      [[['a']]],
      'lamindb_branch',
    ];
    const kind = draw();
    if (kind < 0.15) delete at[key];
    else if (kind < 0.3 && typeof inner === 'string') at[key] = `${inner}x`;
    else at[key] = others[Math.floor(draw() * others.length)];
    return `${path.join('.')} = ${JSON.stringify(at[key])?.slice(0, 60)}`;
  }
}
