// What others bring: taken whole or not at all, in words; refused records, of which everybody keeps the place and nobody the
// content; and bytes of anybody.
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { arrivals } from '../../src/lib/engine/sync/arrivals.ts';
import {
  decodeUpdate,
  encodeStateVector,
  encodeUpdate,
  mostUpdateBytes,
  type LogItem,
} from '../../src/lib/engine/sync/item.ts';
import { notFromTheFuture, type ReceivePolicy } from '../../src/lib/engine/sync/receive.ts';
import {
  decodeRecord,
  encodeRecord,
  type SyncAct,
  type SyncRecord,
} from '../../src/lib/engine/sync/record.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { numbers } from '../fixtures/numbers.ts';
import { refusal } from './memory-engine.ts';
import { mutated } from './mutated.ts';
import { bring, device, main, stock, trusting, vectorOf, type Device } from './sync-world.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const all = (of: Device, doc = main) => of.log.updateSince(doc, Uint8Array.of(0), Infinity).bytes;
const items = (of: Device, doc = main): LogItem[] => decodeUpdate(all(of, doc)).items;

const record = (changed: Partial<SyncRecord> = {}, act: Partial<SyncAct> = {}): SyncRecord => ({
  at: Date.UTC(2026, 0, 1) * 1000,
  author: '00000000',
  branch: 'mmmmmmmmmmmm',
  act: {
    uid: 'ActActActActActA',
    kind: 'update',
    message: null,
    root: null,
    sign: 1,
    part: 0,
    parts: 1,
    ...act,
  },
  schema: '0'.repeat(32),
  seen: [],
  operations: [{ k: 'u', t: 'lamindb_ulabel', n: 1, r: ['aaaaaaaa'], v: { name: ['b'] } }],
  signature: null,
  ...changed,
});
const item = (client: number, clock: number, given: SyncRecord = record()): LogItem => ({
  client,
  clock,
  content: encodeRecord(given),
});

const state = (of: Device) =>
  JSON.stringify([
    of
      .rows('SELECT * FROM loam_sync_item ORDER BY seq')
      .map((row) => row.map((v) => (v instanceof Uint8Array ? hex(v) : v))),
    of.rows('SELECT * FROM loam_sync_client ORDER BY client'),
    of.rows('SELECT * FROM loam_sync_doc ORDER BY id'),
  ]);

/** Refused with this reason, and nothing of it kept. */
async function refused(of: Device, update: Uint8Array, policy: ReceivePolicy = trusting, doc = main) {
  const before = state(of);
  const error = await refusal(() => of.log.receive(doc, update, policy));
  expect(error.code).toBe('UpdateRefused');
  expect(state(of)).toBe(before);
  return error;
}

describe('updates of others', () => {
  it('are taken, once, in any pieces and in any order of clients', async () => {
    const [a, b] = [await device(1), await device(2)];
    for (let i = 0; i < 30; i++) a.engine.createULabel(`a ${i}`);
    for (let i = 0; i < 20; i++) b.engine.createULabel(`b ${i}`);
    const server = await device(3);
    expect(bring(a, server, main, trusting, 2000)).toBeGreaterThan(3);
    bring(b, server, main, trusting, 1);
    bring(server, a, main, trusting, 3000);
    bring(server, b);
    expect(hex(all(a))).toBe(hex(all(b)));
    expect(hex(all(a))).toBe(hex(all(server)));
    expect(hex(Y.encodeStateAsUpdate(stock(server)))).toBe(hex(all(server)));
    const again = server.log.receive(main, all(a), trusting);
    expect(again).toMatchObject({ taken: [], refused: [], known: 50, answer: [] });
    // Nothing of one's own waits to be done.
    expect(a.engine.writer.read(arrivals(0, 100))).toHaveLength(20);
    // A part that is known, and more.
    a.engine.createULabel('more');
    const more = server.log.receive(main, all(a), trusting);
    expect(more.known).toBe(50);
    expect(more.taken.map(({ record: { act } }) => act.message)).toEqual([expect.stringContaining('more')]);
  });

  it('pass through a stock Yjs unchanged', async () => {
    const [a, b] = [await device(4), await device(5)];
    for (let i = 0; i < 10; i++) a.engine.createULabel(`a ${i}`);
    a.log.refuse(main, [{ client: vectorOf(a)[0]?.[0] ?? 0, clock: 4 }], 'no');
    b.log.receive(main, Y.encodeStateAsUpdate(stock(a)), trusting);
    expect(hex(all(b))).toBe(hex(all(a)));
    const next = new Y.Doc();
    Y.applyUpdate(next, all(b));
    a.engine.createULabel('later');
    Y.applyUpdate(next, a.log.updateSince(main, Y.encodeStateVector(next)).bytes);
    b.log.receive(main, Y.encodeStateAsUpdate(next, b.log.vector(main)), trusting);
    expect(hex(all(b))).toBe(hex(all(a)));
  });

  it('with a hole are refused, and say from where to send', async () => {
    const a = await device(6);
    a.log.receive(main, encodeUpdate([item(9, 0)]), trusting);
    const error = await refused(a, encodeUpdate([item(9, 2)]));
    expect(error.details).toMatchObject({ why: 'gap', client: 9, next: 1, first: 2 });
    expect((await refused(a, encodeUpdate([item(10, 5)]))).details).toMatchObject({ next: 0, first: 5 });
    // One good client does not bring in another.
    await refused(a, encodeUpdate([item(11, 0), item(9, 3)]));
  });

  it('of another content under a known name are refused', async () => {
    const a = await device(7);
    a.log.receive(main, encodeUpdate([item(9, 0)]), trusting);
    const other = encodeUpdate([item(9, 0, record({ at: 5 })), item(9, 1)]);
    expect((await refused(a, other)).details['why']).toBe('diverged');
  });

  it.each<[string, string, () => Uint8Array, string?]>([
    ['unknown log', 'a log that nobody began', () => encodeUpdate([item(9, 0)]), 'b/mmmmmmmmmmmm/7'],
    ['malformed', 'no name of a log', () => encodeUpdate([item(9, 0)]), 'b/../../etc/1'],
    [
      'malformed',
      'a record of another branch',
      () => encodeUpdate([item(9, 0, record({ branch: 'other' }))]),
    ],
    [
      'malformed',
      'a record that is none',
      () => encodeUpdate([{ client: 9, clock: 0, content: Uint8Array.of(1, 2) }]),
    ],
    [
      'newer',
      'a record of a newer Loam',
      () => encodeUpdate([{ client: 9, clock: 0, content: Uint8Array.of(9) }]),
    ],
    [
      'malformed',
      'a second part without a first',
      () => encodeUpdate([item(9, 0, record({}, { part: 1, parts: 2 }))]),
    ],
    [
      'malformed',
      'parts of two acts',
      () =>
        encodeUpdate([
          item(9, 0, record({}, { parts: 2 })),
          item(9, 1, record({}, { uid: 'other', part: 1, parts: 2 })),
        ]),
    ],
    [
      'malformed',
      'an act without its last part',
      () => encodeUpdate([item(9, 0, record({}, { parts: 2 })), item(9, 1)]),
    ],
    ['too large', 'too many bytes', () => new Uint8Array(mostUpdateBytes + 1)],
  ])('%s: %s', async (why, _, update, doc = main) => {
    const a = await device(8);
    a.engine.createULabel('one');
    expect((await refused(a, update(), { voids: true, begins: false }, doc)).details['why']).toBe(why);
  });

  it('of a client of another log, or of another connection, are refused', async () => {
    const a = await device(9);
    a.log.receive(main, encodeUpdate([item(9, 0)]), trusting);
    const doc = 'b/mmmmmmmmmmmm/2';
    expect((await refused(a, encodeUpdate([item(9, 0)]), trusting, doc)).details['why']).toBe(
      'foreign client',
    );
    const policy: ReceivePolicy = { ...trusting, owns: (client) => client === 10 };
    expect((await refused(a, encodeUpdate([item(11, 0)]), policy)).details['why']).toBe('foreign client');
    a.log.receive(main, encodeUpdate([item(10, 0)]), policy);
  });
});

describe('refused records', () => {
  const server: ReceivePolicy = { voids: false, begins: true };

  it('keep their place: everybody converges without having had them', async () => {
    const [a, b, s] = [await device(11), await device(12), await device(13)];
    for (const name of ['one', 'two', 'three']) a.engine.createULabel(name);
    const [[client]] = vectorOf(a) as [[number, number]];
    const told = s.log.receive(main, all(a), {
      ...server,
      judge: ({ clock }) => (clock === 1 ? 'You may not write here.' : null),
    });
    expect(told.taken.map(({ clock }) => clock)).toEqual([0, 2]);
    expect(told.refused).toEqual([
      { doc: main, client, clock: 1, record: null, own: false, reason: 'You may not write here.' },
    ]);
    expect(told.answer).toEqual([{ client, clock: 1, count: 1 }]);
    const wanted = items(s);
    expect(wanted.map(({ content }) => content === null)).toEqual([false, true, false]);
    expect(hex(Y.encodeStateAsUpdate(stock(s)))).toBe(hex(all(s)));
    // Others never get the content.
    bring(s, b);
    expect(items(b)).toEqual(wanted);
    // The author gets what is deleted, says which record of its history that is, and keeps it there.
    const answer = a.log.receive(main, encodeUpdate([], told.answer), trusting);
    const mine = Number(a.value('SELECT id FROM loam_record WHERE clock = 1'));
    expect(answer.refused).toEqual([{ doc: main, client, clock: 1, record: mine, own: true, reason: '' }]);
    a.log.explain(client, 1, 'You may not write here.');
    expect(a.log.refused()).toMatchObject([{ clock: 1, record: mine, reason: 'You may not write here.' }]);
    expect(items(a)).toEqual(wanted);
    expect(hex(all(a))).toBe(hex(all(s)));
    expect(a.engine.acts(3)[1]?.title).toContain('two');
    // Sent once more, it stays refused, and the sender is told again.
    const c = await device(11);
    for (const name of ['one', 'two', 'three']) c.engine.createULabel(name);
    expect(s.log.receive(main, all(c), server)).toMatchObject({ known: 3, taken: [], answer: told.answer });
    expect(items(s)).toEqual(wanted);
    // A state vector alone tells an author who was away.
    const news = s.log.updateSince(main, c.log.vector(main));
    expect(news).toMatchObject({ records: 0, complete: true });
    expect(c.log.receive(main, news.bytes, trusting).refused).toHaveLength(1);
    expect(items(c)).toEqual(wanted);
  });

  it('loses nobody a later record, in a stock Yjs that had the content, whatever comes first', async () => {
    const [a, s] = [await device(14), await device(15)];
    for (let i = 0; i < 8; i++) a.engine.createULabel(`label ${i}`);
    const before = all(a);
    bring(a, s);
    const [[client]] = vectorOf(a) as [[number, number]];
    const { update, refused: list } = s.log.refuse(
      main,
      [0, 3, 4].map((clock) => ({ client, clock })),
      'Postgres refused it.',
    );
    expect(list.map(({ clock }) => clock)).toEqual([0, 3, 4]);
    a.engine.createULabel('later');
    bring(a, s, main, server);
    const left = items(s).flatMap(({ content }) => (content ? [hex(content)] : []));
    expect(left).toHaveLength(6);
    for (const gc of [true, false])
      for (const parts of [
        [before, update, all(s)],
        [all(s), before, update],
        [update, before, all(s)],
        [before, all(s)],
        [all(s), before],
      ]) {
        const doc = new Y.Doc({ gc });
        for (const part of parts) Y.applyUpdate(doc, part);
        const got = doc
          .getArray('log')
          .toArray()
          .map((one) => hex(one as Uint8Array));
        expect(got).toEqual(left);
      }
  });

  it('stand or fall with the other parts of their act, over several updates', async () => {
    const a = await device(16);
    let n = 0;
    await a.engine.writer.longAct({ kind: 'import', title: 'Import' }, () =>
      n++ < 5
        ? function* (tx) {
            yield* insert(tx, 'lamindb_ulabel', 2, {
              uid: [`aaaaaaa${n}`, `bbbbbbb${n}`],
              name: [`a ${n}`, `b ${n}`],
            });
          }
        : null,
    );
    a.engine.createULabel('after');
    const judge: ReceivePolicy['judge'] = ({ record: { operations } }) =>
      operations[0]?.v?.['name']?.includes('a 3') ? 'Not a 3.' : null;
    for (const most of [1, 700, 1e6]) {
      const s = await device(17);
      bring(a, s, main, { ...server, judge }, most);
      expect(items(s).map(({ content }) => content === null)).toEqual([true, true, true, true, true, false]);
      expect(s.engine.writer.read(arrivals()).map(({ placed }) => placed.clock)).toEqual([5]);
      expect(s.value("SELECT count(*) FROM loam_sync_item WHERE reason = 'Not a 3.'")).toBe(5);
      // What was refused does not hold up what is done.
      expect(s.value('SELECT done FROM loam_sync_client')).toBe(5);
    }
  });

  it('are refused by the server alone', async () => {
    const a = await device(18);
    a.engine.createULabel('one');
    const [[client]] = vectorOf(a) as [[number, number]];
    const peer: ReceivePolicy = { voids: false, begins: true };
    const deleted = encodeUpdate([], [{ client, clock: 0, count: 1 }]);
    expect((await refused(a, deleted, peer)).details['why']).toBe('voids');
    const empty = encodeUpdate([{ client: 9, clock: 0, content: null }]);
    expect((await refused(a, empty, peer)).details['why']).toBe('voids');
    const known = encodeUpdate([{ client, clock: 0, content: null }]);
    expect((await refused(a, known, peer)).details['why']).toBe('voids');
  });

  it('from a clock that runs ahead', async () => {
    const now = Date.UTC(2026, 5, 1);
    const judge = notFromTheFuture(() => now);
    const a = await device(19);
    const at = (ms: number) => record({ at: (now + ms) * 1000 });
    const done = a.log.receive(
      main,
      encodeUpdate([
        item(9, 0, at(-1e9)),
        item(9, 1, at(299_000)),
        item(9, 2, at(301_000)),
        item(9, 3, at(3.6e6)),
      ]),
      { ...server, judge },
    );
    expect(done.taken.map(({ clock }) => clock)).toEqual([0, 1]);
    expect(done.refused.map(({ clock, reason }) => [clock, reason])).toEqual([
      [2, expect.stringContaining('5 minutes ahead')],
      [3, expect.stringContaining('60 minutes ahead')],
    ]);
  });

  it('of more sessions than a log may have are refused as a whole', async () => {
    const a = await device(21);
    a.log.begin(main);
    a.driver.many(
      'INSERT INTO loam_sync_client(client, doc, own, next, bytes, acked, done, told) VALUES (?, 1, 0, 0, 0, 0, 0, 0)',
      5_000,
      [Array.from({ length: 5_000 }, (_, i) => 1000 + i)],
    );
    expect((await refused(a, encodeUpdate([item(9, 0)]))).details['why']).toBe('full');
    a.log.receive(main, encodeUpdate([item(1001, 0)]), trusting);
  });

  it('that are deleted far beyond what is here cost nothing', async () => {
    const a = await device(20);
    a.log.receive(main, encodeUpdate([item(9, 0)]), trusting);
    const before = performance.now();
    const done = a.log.receive(
      main,
      encodeUpdate(
        [],
        [
          { client: 9, clock: 0, count: 2 ** 50 },
          { client: 99, clock: 5, count: 2 ** 50 },
        ],
      ),
      trusting,
    );
    expect(done.refused).toHaveLength(1);
    expect(performance.now() - before).toBeLessThan(500);
  });
});

describe('bytes of anybody', () => {
  const long = process.env['LOAM_LONG'] === '1';
  const rounds = long ? 50_000 : 3_000;

  it(
    `${rounds} mutated updates: taken or refused in words, never a crash, a hang or a hole`,
    { timeout: 900_000 },
    async () => {
      const a = await device(30);
      a.engine.createULabel('label');
      const uid = String(a.value("SELECT uid FROM lamindb_ulabel WHERE name = 'label'"));
      for (let i = 0; i < 5; i++)
        a.engine.update('ULabel', { uid }, { description: `words ${i} ${'long words '.repeat(i * 20)}` });
      const [[client]] = vectorOf(a) as [[number, number]];
      const base = [
        all(a),
        encodeUpdate([item(2 ** 40, 0), item(2 ** 40, 1), item(7, 0)]),
        encodeUpdate([], [{ client, clock: 1, count: 2 }]),
        encodeUpdate(
          [{ client: 5, clock: 0, content: null }, item(5, 1)],
          [{ client: 5, clock: 0, count: 1 }],
        ),
        encodeStateVector(new Map([[client, 6]])),
      ];
      const next = numbers(31);
      const victim = await device(32);
      victim.log.begin(main);
      const outcomes = new Map<string, number>();
      let slowest = 0;
      let held = 0;
      for (let round = 0; round < rounds; round++) {
        const bytes = mutated(base[round % base.length] as Uint8Array, next);
        const before = performance.now();
        let outcome = 'taken';
        try {
          victim.log.receive(main, bytes, trusting);
        } catch (error) {
          if (!isLoamError(error, 'UpdateRefused'))
            throw new Error(`round ${round}: ${hex(bytes)}`, { cause: error });
          outcome = String(error.details['why']);
          expect(error.message.length).toBeLessThan(400);
        }
        slowest = Math.max(slowest, performance.now() - before);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        if (round % 500 === 0) {
          // Clocks in a row, each record whole.
          for (const [of, top] of vectorOf(victim))
            expect(victim.value('SELECT count(*) FROM loam_sync_item WHERE client = ?', [of])).toBe(top);
          for (const { content } of items(victim)) if (content) decodeRecord(content);
          if (round === 500) held = process.memoryUsage().heapUsed;
        }
      }
      console.log(
        `${rounds} mutated updates, slowest ${slowest.toFixed(0)} ms:`,
        Object.fromEntries(outcomes),
      );
      expect(outcomes.get('malformed')).toBeGreaterThan(rounds / 3);
      expect(outcomes.get('taken')).toBeGreaterThan(0);
      expect(slowest).toBeLessThan(2_000);
      if (rounds > 500) expect(process.memoryUsage().heapUsed - held).toBeLessThan(200_000_000);
      // What it took is a log.
      expect(hex(Y.encodeStateAsUpdate(stock(victim)))).toBe(hex(all(victim)));
      bring(a, await device(33));
    },
  );
});
