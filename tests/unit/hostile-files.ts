// Damaged and hostile database files: thousands of seeded changes to the bytes of a sound one. Whatever comes of them,
// it is an opened copy or a refusal in words; never a crash, a hang, or a change of the database in use.
// 20,000 with LOAM_LONG=1; a part of them otherwise, so that the suite stays fast. Two test files share them, since two
// files run side by side.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { assemble } from '../../src/lib/engine/model/declare.ts';
import { modules } from '../../src/lib/engine/model/model.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import { adopt } from '../../src/lib/engine/schema/adopt.ts';
import { readHeader } from '../../src/lib/engine/schema/file-header.ts';
import { readAuthor } from '../../src/lib/engine/schema/open.ts';
import { examine } from '../../src/lib/engine/schema/quarantine.ts';
import { insertOne } from '../../src/lib/engine/write/apply.ts';
import { createWriter } from '../../src/lib/engine/write/writer.ts';
import { openMemory, openUntrustedMemory } from '../../src/lib/storage/sql/memory.ts';
import { fixedClock, lamindbFile, seededRandom } from '../fixtures/lamindb-file.ts';

/** Enough of LaminDB for every step, and small enough for thousands of files. */
const few = 'space user branch storage artifact run transform feature schema ulabel jsonvalue'.split(' ');
const links = ['artifactulabel', 'artifactjsonvalue'];
const wanted = new Set([...few, ...links].map((name) => `lamindb_${name}`).concat('django_migrations'));
export const smallModel: Model = assemble(
  modules
    .filter(({ name }) => name === 'lamindb')
    .map((module) => ({
      ...module,
      declarations: module.declarations.filter(({ name }) => wanted.has(name)),
    })),
);

export const long = process.env.LOAM_LONG === '1';

/** xorshift32: the same changes in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function mutate(sound: Uint8Array, pageSize: number, seed: number): Uint8Array {
  const pick = generator(seed * 2654435761);
  const bytes = sound.slice();
  const pages = bytes.length / pageSize;
  const page = () => pick(pages) * pageSize;
  const byte = () => pick(256);
  const put = (at: number) => (bytes[at % bytes.length] = byte());
  switch (pick(10)) {
    case 0: // anywhere
      for (let i = 0, n = 1 + pick(8); i < n; i++) put(pick(bytes.length));
      return bytes;
    case 1: // the file's header
      for (let i = 0, n = 1 + pick(4); i < n; i++) put(16 + pick(84));
      return bytes;
    case 2: // a page's header and cell pointers
      for (let i = 0, from = page(), n = 1 + pick(6); i < n; i++) put(from + pick(40));
      return bytes;
    case 3: // the schema's text
      for (let i = 0, n = 1 + pick(3); i < n; i++)
        put(100 + pick(Math.min(40 * pageSize, bytes.length - 100)));
      return bytes;
    case 4: // one page over another
      bytes.copyWithin(page(), page(), bytes.length);
      return bytes;
    case 5: {
      // a stretch of zeros
      const at = pick(bytes.length);
      return bytes.fill(0, at, at + 1 + pick(2 * pageSize));
    }
    case 6: // cut off
      return bytes.subarray(0, pick(2) ? pick(pages) * pageSize : pick(bytes.length));
    case 7: {
      // pages that are not there: a root page, a child, an overflow page
      const at = page() + 8 + pick(pageSize - 12);
      new DataView(bytes.buffer).setUint32(at, pick(2) ? pick(2 * pages) : 0xfffffff0 + pick(16));
      return bytes;
    }
    case 8: {
      // two pages exchanged
      const [a, b] = [page(), page()];
      const held = bytes.slice(a, a + pageSize);
      bytes.copyWithin(a, b, b + pageSize);
      bytes.set(held, b);
      return bytes;
    }
    default: {
      // more than there should be
      const grown = new Uint8Array(bytes.length + 1 + pick(3 * pageSize));
      grown.set(bytes);
      for (let at = bytes.length; at < grown.length; at++) grown[at] = byte();
      return grown;
    }
  }
}

interface Outcome {
  refused: string | null;
  ms: number;
}

/** Everything that happens to a file: header, trial, adoption, and work in what was adopted. */
async function open(bytes: Uint8Array, model: Model): Promise<Outcome> {
  const started = performance.now();
  const done = (refused: string | null): Outcome => ({ refused, ms: performance.now() - started });
  let adopted: Uint8Array;
  try {
    const header = readHeader(bytes.subarray(0, 100), bytes.length);
    const driver = await openUntrustedMemory(bytes);
    try {
      driver.deadline(5_000);
      const judged = examine(driver, header, model);
      adopt(driver, model, judged, { instance: 'lab', clock: fixedClock });
      adopted = driver.serialize();
    } finally {
      driver.close();
    }
  } catch (error) {
    if (isLoamError(error, 'FileUnreadable') && error.message.includes('Nothing was changed'))
      return done(error.message);
    throw error;
  }
  const driver = await openMemory({ bytes: adopted });
  try {
    driver.deadline(5_000);
    const writer = createWriter({
      driver,
      model,
      clock: fixedClock,
      random: seededRandom,
      author: readAuthor(driver),
    });
    for (const table of model.tables.values())
      driver.all(`SELECT * FROM "${table.name}" ORDER BY id LIMIT 50`);
    writer.act({ kind: 'test', title: 'label' }, (tx) =>
      insertOne(tx, 'lamindb_ulabel', { uid: 'addedlab', name: 'added' }),
    );
    await writer.undo();
    driver.all('PRAGMA integrity_check');
  } catch (error) {
    // What is stored may be nonsense; then it is said by an error of ours.
    if (!isLoamError(error)) throw error;
  } finally {
    driver.close();
  }
  return done(null);
}

/** What is changed, and how: every `step`th seed from `first` to `last`. */
export interface Campaign {
  sound: Uint8Array;
  pageSize: number;
  model: Model;
  first: number;
  last: number;
  step: number;
}

/** Opens each changed file; throws with the seed where one is neither opened nor refused in words. */
export async function campaign({ sound, pageSize, model, first, last, step }: Campaign) {
  const own = await openMemory({ bytes: await lamindbFile() });
  const digest = () => createHash('sha256').update(own.serialize()).digest('hex');
  const before = digest();
  const sentences = new Map<string, number>();
  let [opened, slowest, tried] = [0, 0, 0];
  for (let seed = first; seed <= last; seed += step) {
    tried++;
    try {
      const { refused, ms } = await open(mutate(sound, pageSize, seed), model);
      slowest = Math.max(slowest, ms);
      if (refused === null) opened++;
      else {
        const kind = refused.replace(/[\d,]+|".*?"/g, '#').slice(0, 60);
        sentences.set(kind, (sentences.get(kind) ?? 0) + 1);
      }
    } catch (error) {
      throw new Error(
        `seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        { cause: error },
      );
    }
  }
  expect(digest()).toBe(before);
  own.close();
  return { opened, slowest, tried, sentences };
}

/** One half of the 20,000 files: those of odd or of even seeds. */
export async function half(first: 1 | 2): Promise<void> {
  const sound = await lamindbFile(undefined, { model: smallModel, pageSize: 512 });
  expect((await open(sound, smallModel)).refused).toBeNull();
  const { opened, slowest, tried, sentences } = await campaign({
    sound,
    pageSize: 512,
    model: smallModel,
    first,
    // So many, however slow the machine: fewer would not reach every stage.
    last: long ? 20_000 : 600,
    step: 2,
  });
  console.log(
    `${tried} files: ${opened} opened, ${tried - opened} refused in ${sentences.size} kinds of sentences; slowest ${slowest.toFixed(0)} ms`,
  );
  expect(tried).toBe(long ? 10_000 : 300);
  // The changes reach every stage: some files open, and there are many ways to be refused.
  expect(opened).toBeGreaterThan(tried / 20);
  expect(sentences.size).toBeGreaterThan(8);
  expect(slowest).toBeLessThan(6_000);
}
