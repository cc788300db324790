// What the server sends goes into log and tables at once; what it refused goes out of both, and can be done again or discarded.
import { describe, expect, it } from 'vitest';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { createIntake, type Intake } from '../../src/lib/engine/sync/intake.ts';
import { decodeUpdate } from '../../src/lib/engine/sync/item.ts';
import { discardRejected, rejectedActs, reviseRejected } from '../../src/lib/engine/sync/revise.ts';
import type { PlacedRecord } from '../../src/lib/engine/sync/record.ts';
import { device, main, type Device } from './sync-world.ts';

interface Side extends Device {
  intake: Intake;
}

/** Devices that begin with the same file; the first stands for the server. */
async function sides(count: number): Promise<Side[]> {
  const ground = await device(1, { on: false });
  ground.engine.createULabel('ground');
  const bytes = ground.driver.serialize();
  const made: Side[] = [];
  for (let i = 0; i < count; i++) {
    const one = await device(10 + i, { bytes });
    made.push({ ...one, intake: createIntake({ driver: one.driver, writer: one.engine.writer }) });
  }
  return made;
}

const voids = { voids: true, begins: true };

/** What one has goes to the other, through its server's rules where it is the server. */
function bring(from: Side, to: Side, judge?: (placed: PlacedRecord) => string | null, doc = main): void {
  if (!from.log.logs().some((one) => one.doc === doc)) return;
  const vector = to.log.logs().some((one) => one.doc === doc) ? to.log.vector(doc) : Uint8Array.of(0);
  const { bytes } = from.log.updateSince(doc, vector, Infinity);
  to.intake.take(doc, bytes, judge ? { voids: false, begins: true, judge } : voids);
}

const names = (of: Device) => of.rows('SELECT name FROM lamindb_ulabel ORDER BY name').map(([name]) => name);
const notB = ({ record }: PlacedRecord) =>
  JSON.stringify(record.operations).includes('not allowed') ? 'You may only read.' : null;

describe('[row 86] what the server sends', () => {
  it('goes into log and tables, and what was refused goes out of them, of author and others', async () => {
    const [server, a, b] = (await sides(3)) as [Side, Side, Side];
    a.engine.createULabel('one');
    a.engine.createULabel('not allowed');
    a.engine.createULabel('two');
    bring(a, server, notB);
    expect(names(server)).toEqual(['ground', 'one', 'two']);
    bring(server, b);
    expect(names(b)).toEqual(['ground', 'one', 'two']);
    expect(names(a)).toContain('not allowed');
    bring(server, a);
    expect(names(a)).toEqual(['ground', 'one', 'two']);
    b.engine.update(
      'ULabel',
      { uid: String(b.value("SELECT uid FROM lamindb_ulabel WHERE name = 'two'")) },
      { description: 'by b' },
    );
    bring(b, server, notB);
    bring(server, a);
    expect(a.value("SELECT description FROM lamindb_ulabel WHERE name = 'two'")).toBe('by b');
    const [rejected, ...more] = a.engine.writer.read(rejectedActs(a.engine.writer));
    expect(more).toEqual([]);
    expect(rejected).toMatchObject({ kind: 'create', records: [expect.any(Number)], branch: 'mmmmmmmmmmmm' });
    expect(b.engine.writer.read(rejectedActs(b.engine.writer))).toEqual([]);
  });

  it('comes with the feed, and a repetition tells nothing', async () => {
    const [server, a] = (await sides(2)) as [Side, Side];
    const told: string[] = [];
    const intake = createIntake({
      driver: a.driver,
      writer: {
        ...a.engine.writer,
        announce: ({ title }, changes) =>
          void told.push(`${title}: ${changes.map(({ table }) => table).join()}`),
      },
    });
    server.engine.createULabel('one');
    const { bytes } = server.log.updateSince(main, Uint8Array.of(0), Infinity);
    intake.take(main, bytes, voids);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('lamindb_ulabel');
    intake.take(main, bytes, voids);
    expect(told).toHaveLength(1);
  });

  it('is all there or nothing of it, wherever the device loses its power', async () => {
    const [server, a] = (await sides(2)) as [Side, Side];
    a.engine.createULabel('one');
    a.engine.createULabel('not allowed');
    a.engine.createULabel('two');
    bring(a, server, notB);
    server.engine.createULabel('of the server');
    const { bytes } = server.log.updateSince(main, a.log.vector(main), Infinity);
    const before = a.driver.serialize();
    for (let cut = 1; ; cut++) {
      const driver = await openMemory({ bytes: before });
      const again = await device(50, { bytes: before });
      let left = cut;
      const guard = (act: 'run' | 'all' | 'many') =>
        ((...args: unknown[]) => {
          if (!/^(ROLLBACK|RELEASE)/.test(String(args[0])) && --left < 0) throw new Error('power cut');
          return (again.driver[act] as (...of: unknown[]) => unknown)(...args);
        }) as never;
      const failing = Object.create(again.driver, {
        run: { value: guard('run') },
        all: { value: guard('all') },
        many: { value: guard('many') },
      }) as typeof driver;
      driver.close();
      const intake = createIntake({ driver: failing, writer: again.engine.writer });
      let done = true;
      try {
        intake.take(main, bytes, voids);
      } catch {
        done = false;
      }
      const expected = done
        ? ['ground', 'of the server', 'one', 'two']
        : ['ground', 'not allowed', 'one', 'two'];
      expect(names(again), `cut before statement ${cut}`).toEqual(expected);
      // The next try, of a new session, brings what is left.
      left = Infinity;
      if (!done) {
        createIntake({ driver: again.driver, writer: again.engine.writer }).take(main, bytes, voids);
        expect(names(again)).toEqual(['ground', 'of the server', 'one', 'two']);
      }
      again.driver.close();
      if (done) break;
      // Every statement of the short way; some of the long one.
      if (cut > 40) cut += 6;
    }
  }, 120_000);

  it('what was refused is done again on a branch of its own, with the same uids', async () => {
    const [server, a] = (await sides(2)) as [Side, Side];
    a.engine.createULabel('not allowed');
    const uid = String(a.value("SELECT uid FROM lamindb_ulabel WHERE name = 'not allowed'"));
    const ground = String(a.value("SELECT uid FROM lamindb_ulabel WHERE name = 'ground'"));
    a.engine.update('ULabel', { uid: ground }, { description: 'not allowed' });
    bring(a, server, notB);
    bring(server, a);
    const acts = a.engine.writer.read(rejectedActs(a.engine.writer));
    expect(acts.map(({ reason }) => reason)).toEqual(['', '']);
    const deps = {
      driver: a.driver,
      writer: a.engine.writer,
      createBranch: (name: string) => a.engine.createBranch(name),
      switchBranch: (ref: string) => a.engine.switchBranch(ref),
    };
    for (const { uid: act } of acts)
      expect(reviseRejected(deps, act)).toMatchObject({ done: 1, skipped: [] });
    expect(a.engine.writer.read(rejectedActs(a.engine.writer))).toEqual([]);
    const branches = a
      .rows("SELECT name FROM lamindb_branch WHERE name LIKE 'Rejected%' ORDER BY id")
      .map(([name]) => String(name));
    expect(branches).toHaveLength(2);
    expect(a.value(`SELECT description FROM lamindb_ulabel WHERE uid = '${ground}'`)).toBe(null);
    a.engine.switchBranch(branches[0] ?? '');
    expect(a.value(`SELECT description FROM lamindb_ulabel WHERE uid = '${ground}'`)).toBe('not allowed');
    a.engine.switchBranch(branches[1] ?? '');
    expect(a.value(`SELECT name FROM lamindb_ulabel WHERE uid = '${uid}'`)).toBe('not allowed');
    // It can be sent now, with what is new on main.
    a.engine.switchBranch('main');
    for (const { doc } of a.log.logs()) bring(a, server, () => null, doc);
    server.engine.switchBranch(branches[1] ?? '');
    expect(server.value(`SELECT name FROM lamindb_ulabel WHERE uid = '${uid}'`)).toBe('not allowed');
  });

  it('what was refused is discarded, and is still in the history', async () => {
    const [server, a] = (await sides(2)) as [Side, Side];
    a.engine.createULabel('not allowed');
    bring(a, server, notB);
    bring(server, a);
    const [act] = a.engine.writer.read(rejectedActs(a.engine.writer));
    discardRejected({ driver: a.driver, writer: a.engine.writer }, act?.uid ?? '');
    expect(a.engine.writer.read(rejectedActs(a.engine.writer))).toEqual([]);
    expect(() => discardRejected({ driver: a.driver, writer: a.engine.writer }, act?.uid ?? '')).toThrow(
      'no rejected change',
    );
    expect(a.value(`SELECT count(*) FROM loam_record WHERE id = ${act?.records[0]}`)).toBe(1);
  });

  it('clients of one session each say what they had seen by themselves', async () => {
    const [server, a] = (await sides(2)) as [Side, Side];
    server.engine.createULabel('seen');
    bring(server, a);
    a.engine.createULabel('tells');
    a.engine.createBranch('try');
    a.engine.switchBranch('try');
    a.engine.createULabel('tells as well');
    const doc = a.log.logs().find(({ branch }) => branch !== 'mmmmmmmmmmmm')?.doc ?? '';
    const { items } = decodeUpdate(a.log.updateSince(doc, Uint8Array.of(0), Infinity).bytes);
    expect(items).toHaveLength(1);
    const client = Number(server.value('SELECT client FROM loam_sync_client WHERE own = 1'));
    const { decodeRecord } = await import('../../src/lib/engine/sync/record.ts');
    const seen = decodeRecord(items[0]?.content as Uint8Array).seen;
    expect(seen.map(([other]) => other)).toContain(client);
    expect(seen).toHaveLength(2);
  });
});
