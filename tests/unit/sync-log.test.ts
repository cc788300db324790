// Logs in the database: each committed change has its place in them, in the same transaction; whoever asks gets what it lacks,
// in updates that a stock Yjs takes.
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { model } from '../../src/lib/engine/model/model.ts';
import { modelFingerprint } from '../../src/lib/engine/branch/fingerprint.ts';
import { arrivals, markDone } from '../../src/lib/engine/sync/arrivals.ts';
import { inTransaction } from '../../src/lib/engine/statement.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { refusal } from './memory-engine.ts';
import { bring, device, main, records, stock, vectorOf, type Device } from './sync-world.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const labels = (n: number, from = 0) => ({
  uid: Array.from({ length: n }, (_, i) => String(from + i).padStart(8, 'L')),
  name: Array.from({ length: n }, (_, i) => `label ${from + i}`),
});

/** An act of several transactions, 100 rows each. */
const long = (of: Device, slices: number, cancelled?: () => boolean) => {
  let n = 0;
  return of.engine.writer.longAct(
    { kind: 'import', title: 'Import labels' },
    () => (n++ < slices ? (tx) => dropValue(insert(tx, 'lamindb_ulabel', 100, labels(100, n * 100))) : null),
    cancelled,
  );
};
function* dropValue(steps: ReturnType<typeof insert>) {
  yield* steps;
}

describe('what is written', () => {
  it('has its place in the log of its branch, and says who, what and when', async () => {
    const a = await device(1);
    a.engine.createULabel('lung');
    const uid = String(a.value("SELECT uid FROM lamindb_ulabel WHERE name = 'lung'"));
    a.engine.update('ULabel', { uid }, { description: 'organ' });
    const [made, edited] = records(a);
    expect(vectorOf(a)).toEqual([[made?.client, 2]]);
    expect([made?.clock, edited?.clock]).toEqual([0, 1]);
    const act = a.engine.acts(5)[1];
    expect(made).toMatchObject({
      author: '00000000',
      branch: 'mmmmmmmmmmmm',
      act: { uid: act?.uid, kind: 'create', message: act?.title, root: null, sign: 1, part: 0, parts: 1 },
      schema: modelFingerprint(model),
      seen: [],
      signature: null,
    });
    expect(edited?.operations).toEqual([
      { k: 'u', t: 'lamindb_ulabel', n: 1, r: [uid], v: { description: ['organ'] } },
    ]);
    // As the history has it.
    expect(a.rows('SELECT client, clock, at FROM loam_record ORDER BY id')).toEqual([
      [made?.client, 0, made?.at],
      [made?.client, 1, edited?.at],
    ]);
    expect(made?.client).toBeLessThan(2 ** 48);
    expect(a.log.unsent()).toBe(2);
  });

  it('loads in a stock document, which says the same', async () => {
    const a = await device(2);
    for (let i = 0; i < 20; i++) a.engine.createULabel(`label ${i}`);
    const whole = a.log.updateSince(main, Uint8Array.of(0), Infinity).bytes;
    for (const gc of [true, false]) {
      const doc = stock(a, main, gc);
      expect(doc.getArray('log').length).toBe(20);
      expect(hex(Y.encodeStateAsUpdate(doc))).toBe(hex(whole));
      expect(hex(Y.encodeStateVector(doc))).toBe(hex(a.log.vector(main)));
    }
    // In pieces, too.
    const doc = new Y.Doc();
    for (let n = 0; doc.getArray('log').length < 20; n++) {
      const { bytes, records: count } = a.log.updateSince(main, Y.encodeStateVector(doc), 1000);
      expect(count).toBeGreaterThan(0);
      expect(n).toBeLessThan(20);
      Y.applyUpdate(doc, bytes);
    }
    expect(hex(Y.encodeStateAsUpdate(doc))).toBe(hex(whole));
  });

  it('is not in the log where its transaction failed, and clocks stay in a row', async () => {
    const a = await device(3);
    a.engine.createULabel('one');
    await refusal(() =>
      a.engine.writer.act({ kind: 'create', title: 'fails' }, function* (tx) {
        yield* insert(tx, 'lamindb_ulabel', 1, { uid: 'AAAAAAAA', name: 'kept?' });
        yield* insert(tx, 'lamindb_ulabel', 1, { uid: 'AAAAAAAA', name: 'twice' });
      }),
    );
    a.engine.createULabel('two');
    expect(records(a).map(({ clock }) => clock)).toEqual([0, 1]);
    expect(new Set(records(a).map(({ client }) => client)).size).toBe(1);
  });

  it('has a client anew where the first transaction of a session failed after it got one', async () => {
    const a = await device(4);
    const { driver } = a;
    const run = driver.run.bind(driver);
    driver.run = (sql, params) => {
      if (sql === 'COMMIT') throw new Error('no');
      return run(sql, params);
    };
    expect(() => a.engine.createULabel('one')).toThrow('no');
    driver.run = run;
    expect(a.rows('SELECT * FROM loam_sync_client')).toEqual([]);
    a.engine.createULabel('two');
    expect(records(a)).toHaveLength(1);
    expect(vectorOf(a)).toHaveLength(1);
  });

  it('of a branch goes to the log of that branch', async () => {
    const a = await device(5);
    a.engine.createULabel('on main');
    a.engine.createBranch('side');
    a.engine.switchBranch('side');
    a.engine.createULabel('on side');
    const uid = String(a.value("SELECT uid FROM lamindb_branch WHERE name = 'side'"));
    const [side] = records(a, `b/${uid}/1`);
    expect(side).toMatchObject({ branch: uid, act: { kind: 'create' } });
    // A client belongs to one log, and says what its session wrote into others before.
    const mains = records(a);
    expect(side?.client).not.toBe(mains[0]?.client);
    expect(side?.seen).toEqual([[mains[0]?.client, mains.length]]);
    a.engine.switchBranch('main');
    a.engine.createULabel('on main again');
    expect(records(a).at(-1)?.seen).toEqual([[side?.client, 1]]);
  });

  it('changes nothing in a database that is not synced', async () => {
    const a = await device(6, { on: false });
    const statements: string[] = [];
    const { driver } = a;
    for (const name of ['run', 'all', 'many'] as const) {
      const was = driver[name].bind(driver) as (...args: never[]) => unknown;
      driver[name] = ((sql: string, ...rest: never[]) => {
        statements.push(sql);
        return was(sql as never, ...rest);
      }) as never;
    }
    a.engine.createULabel('one');
    await long(a, 3);
    expect(statements.filter((sql) => sql.includes('loam_sync'))).toEqual([]);
    for (const table of ['loam_sync_doc', 'loam_sync_client', 'loam_sync_item'])
      expect(a.value(`SELECT count(*) FROM ${table}`)).toBe(0);
    expect(a.value('SELECT count(client) + count(clock) FROM loam_record')).toBe(0);
    expect(a.log.on).toBe(false);
  });

  it('before sync was turned on is no log', async () => {
    const a = await device(7, { on: false });
    a.engine.createULabel('before');
    a.log.turnOn();
    expect(a.log.logs()).toEqual([]);
    a.engine.createULabel('after');
    expect(records(a).map(({ act }) => act.message)).toEqual(
      ["New ULabel 'after'"].map(() => expect.any(String)),
    );
    expect(records(a)).toHaveLength(1);
    expect(a.log.logs()).toMatchObject([{ doc: main, epoch: 1, sealed: false, records: 1, sessions: 1 }]);
    // Twice is once.
    a.log.turnOn();
    a.engine.createULabel('later');
    expect(vectorOf(a)).toHaveLength(1);
  });

  it('is refused where a row is too long for others, and kept where the database is not synced', async () => {
    let text = '';
    for (let i = 0; text.length < 1_600_000; i++) text += (Math.imul(i, 2654435761) >>> 0).toString(36);
    const a = await device(8);
    a.engine.createULabel('one');
    const uid = String(a.value("SELECT uid FROM lamindb_ulabel WHERE name = 'one'"));
    const error = await refusal(() => a.engine.update('ULabel', { uid }, { description: text }));
    expect(error.code).toBe('DataError');
    expect(error.message).toContain('too long to be shared');
    const b = await device(9, { on: false });
    b.engine.createULabel('one');
    const other = String(b.value("SELECT uid FROM lamindb_ulabel WHERE name = 'one'"));
    b.engine.update('ULabel', { uid: other }, { description: text });
  });
});

describe('acts of many transactions', () => {
  it('get all their clocks when they are closed, in a row', async () => {
    const a = await device(11);
    a.engine.createULabel('before');
    let between: unknown;
    let n = 0;
    await a.engine.writer.longAct({ kind: 'import', title: 'Import' }, () => {
      if (n === 2) {
        between = [a.log.unsent(), a.value('SELECT count(*) FROM loam_record WHERE client IS NULL')];
        a.engine.createULabel('meanwhile');
      }
      return n++ < 4 ? (tx) => dropValue(insert(tx, 'lamindb_ulabel', 100, labels(100, n * 100))) : null;
    });
    expect(between).toEqual([1, 2]);
    const all = records(a);
    expect(all.map(({ clock }) => clock)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(all.map(({ act }) => [act.kind, act.part, act.parts])).toEqual([
      ['create', 0, 1],
      ['create', 0, 1],
      ...[0, 1, 2, 3].map((part) => ['import', part, 4]),
    ]);
    // Each has the time at which it was written: the order of the history.
    const times = all.map(({ at }) => at);
    expect(times[2]).toBeLessThan(times[1] as number);
    expect(times.slice(2)).toEqual([...times.slice(2)].sort((x, y) => x - y));
    expect(a.value('SELECT count(*) FROM loam_record WHERE client IS NULL')).toBe(0);
  });

  it('leave nothing where they were cancelled', async () => {
    const a = await device(12);
    let asked = 0;
    await expect(long(a, 5, () => ++asked > 3)).rejects.toThrow('cancelled');
    expect(a.log.unsent()).toBe(0);
    await long(a, 2);
    expect(records(a).map(({ act, clock }) => [clock, act.part, act.parts])).toEqual([
      [0, 0, 2],
      [1, 1, 2],
    ]);
  });

  it('that grow are done with each transaction', async () => {
    const a = await device(13);
    const uid = 'GrowingActOfFiles';
    const { writer } = a.engine;
    const { slice } = await import('../../src/lib/engine/write/commit.ts');
    const { runSync } = await import('../../src/lib/engine/statement.ts');
    const grown = writer.grow({ uid, kind: 'drop', title: 'Drop' }, (tx) =>
      insert(tx, 'lamindb_ulabel', 1, labels(1)),
    );
    runSync(
      a.driver,
      slice(writer.journal, writer.author, grown.act, (tx) =>
        insert(tx, 'lamindb_ulabel', 3000, labels(3000, 50)),
      ),
    );
    expect(records(a).map(({ act }) => [act.uid, act.part, act.parts])).toEqual([
      [uid, 0, 1],
      [uid, 0, 2],
      [uid, 1, 2],
    ]);
  });
});

describe('undo and redo', () => {
  it('name the insert by its place, and which of its rows', async () => {
    const a = await device(21);
    await long(a, 2);
    const [act] = a.engine.acts(1);
    // Undo leaves what was changed since.
    const uid = String(a.value("SELECT uid FROM lamindb_ulabel WHERE name = 'label 107'"));
    a.engine.update('ULabel', { uid }, { description: 'kept' });
    await a.engine.undoAct(act?.uid ?? '');
    const undone = records(a).slice(3);
    const { client } = records(a)[0] as { client: number };
    // The clock of this test runs fast, so that each record is undone in a transaction of its own.
    expect(undone.map(({ act: of }) => [of.kind, of.root, of.sign, of.part, of.parts])).toEqual([
      ['undo', act?.uid, -1, 0, 2],
      ['undo', act?.uid, -1, 1, 2],
    ]);
    expect(undone.map(({ operations }) => operations)).toEqual([
      [{ k: 'd', t: 'lamindb_ulabel', n: 100, w: [client, 1, 0] }],
      [
        {
          k: 'd',
          t: 'lamindb_ulabel',
          n: 99,
          w: [client, 0, 0],
          p: Array.from({ length: 100 }, (_, i) => i).filter((i) => i !== 7),
        },
      ],
    ]);
    await a.engine.redo();
    const redone = records(a).slice(5);
    expect(redone[0]?.act).toMatchObject({ kind: 'redo', root: act?.uid, sign: 1, part: 0, parts: 2 });
    expect(redone.flatMap(({ operations }) => operations).map(({ k, n, w }) => [k, n, w])).toEqual([
      ['i', 99, [client, 0, 0]],
      ['i', 100, [client, 1, 0]],
    ]);
  });

  it('say in full what is older than the log, or was refused', async () => {
    const a = await device(22, { on: false });
    a.engine.createULabel('old');
    const uid = String(a.value("SELECT uid FROM lamindb_ulabel WHERE name = 'old'"));
    const born = a.value('SELECT created_at FROM lamindb_ulabel');
    a.log.turnOn();
    await a.engine.undo();
    await a.engine.redo();
    const [undone, redone] = records(a);
    expect(undone?.operations).toEqual([{ k: 'd', t: 'lamindb_ulabel', n: 1, r: [uid] }]);
    expect(redone?.operations).toMatchObject([
      { k: 'i', t: 'lamindb_ulabel', n: 1, v: { uid: [uid], name: ['old'], created_at: [born] } },
    ]);
    // Links are named by what they link.
    const [artifact] = a.artifacts('x.csv');
    const place = records(a).at(-1) as { client: number; clock: number };
    a.engine.addLabels([artifact ?? ''], ['old']);
    const linked = records(a).at(-1) as { client: number; clock: number };
    a.log.refuse(main, [place, linked], 'no');
    await a.engine.undo();
    expect(records(a).at(-1)?.operations).toEqual([
      { k: 'd', t: 'lamindb_artifactulabel', n: 1, r: [[artifact, uid, null]] },
    ]);
  });
});

describe('what was seen', () => {
  it('is told once, when it is in the tables', async () => {
    const [a, b, c] = [await device(51), await device(52), await device(53)];
    a.engine.createULabel('a1');
    a.engine.createULabel('a2');
    c.engine.createULabel('c1');
    bring(a, b);
    bring(c, b);
    // Received is not seen.
    b.engine.createULabel('b1');
    expect(records(b).find(({ author, act }) => author && act.message?.includes('b1'))?.seen).toEqual([]);
    const { journal } = b.engine.writer;
    const waiting = b.engine.writer.read(arrivals());
    expect(waiting.map(({ placed }) => [placed.client, placed.clock])).toEqual([
      [vectorOf(a)[0]?.[0], 0],
      [vectorOf(a)[0]?.[0], 1],
      [vectorOf(c)[0]?.[0], 0],
    ]);
    const before = journal.lastAt;
    const far = { ...waiting[0]!.placed, record: { ...waiting[0]!.placed.record, at: before + 1e12 } };
    b.engine.writer.read(inTransaction(markDone(journal, far, 0)));
    b.engine.createULabel('b2');
    const [b2] = records(b).filter(({ act }) => act.message?.includes('b2'));
    expect(b2?.seen).toEqual([[vectorOf(a)[0]?.[0], 1]]);
    // Later than what it had seen, whatever the clock says.
    expect(b2?.at).toBeGreaterThan(before + 1e12);
    b.engine.createULabel('b3');
    expect(records(b).find(({ act }) => act.message?.includes('b3'))?.seen).toEqual([]);
    for (const { placed } of b.engine.writer.read(arrivals()))
      b.engine.writer.read(inTransaction(markDone(journal, placed, 0)));
    b.engine.createULabel('b4');
    expect(records(b).find(({ act }) => act.message?.includes('b4'))?.seen).toEqual(
      [
        [vectorOf(a)[0]?.[0], 2],
        [vectorOf(c)[0]?.[0], 1],
      ].sort(([x], [y]) => Number(x) - Number(y)),
    );
    expect(b.engine.writer.read(arrivals())).toEqual([]);
  });
});
