// Sessions of a log: a client each, copies and restored files told from their own; full logs are sealed and the next one begun.
import { describe, expect, it } from 'vitest';
import { decodeStateVector, decodeUpdate, encodeStateVector } from '../../src/lib/engine/sync/item.ts';
import { refusal } from './memory-engine.ts';
import { bring, device, main, records, trusting, vectorOf, type Device } from './sync-world.ts';

describe('sessions', () => {
  it('take a new client each, and tell it what the older ones wrote', async () => {
    const a = await device(31);
    a.engine.createULabel('one');
    const bytes = a.driver.serialize();
    const again = await device(32, { bytes, on: false });
    expect(again.log.on).toBe(true);
    again.engine.createULabel('two');
    const [x, y] = records(again).sort((p, q) => p.at - q.at);
    expect(y?.client).not.toBe(x?.client);
    expect(y?.seen).toEqual([[x?.client, 1]]);
    expect(
      again.log.sessions().map(({ client, current, copied, records: n }) => [client, current, copied, n]),
    ).toEqual(
      [
        [x?.client, false, false, 1],
        [y?.client, true, false, 1],
      ].sort(([p], [q]) => Number(p) - Number(q)),
    );
    // What the older one left unsent is sent under its name.
    const outbox = decodeUpdate(again.log.outbox(main)?.bytes ?? Uint8Array.of());
    expect(outbox.items.map(({ client }) => client).sort()).toEqual([x?.client, y?.client].sort());
    again.log.acknowledge(main, encodeStateVector(new Map([[x?.client ?? 0, 1]])));
    expect(again.log.sessions().map(({ client }) => client)).toEqual([y?.client]);
    expect(again.log.unsent()).toBe(1);
    again.log.acknowledge(main, again.log.vector(main));
    expect(again.log.outbox(main)).toBe(null);
  });

  /** A place outside of the file. */
  const nonce = () => {
    let kept: string | null = null;
    return {
      read: () => Promise.resolve(kept),
      write: (text: string) => {
        kept = text;
        return Promise.resolve();
      },
    };
  };

  it('of a file that was restored or copied are told from its own', async () => {
    const here = nonce();
    const a = await device(33, { on: false, deps: { fileNonce: here } });
    a.log.turnOn();
    expect(await a.log.checkFile(here)).toBe('same');
    a.engine.createULabel('one');
    const backup = a.driver.serialize();
    // Opened again in its place: the same.
    const same = await device(34, { bytes: backup, on: false, deps: { fileNonce: here } });
    expect(same.log.sessions().map(({ copied }) => copied)).toEqual([false]);
    same.engine.createULabel('two');
    // An older state, restored; and a copy on another device.
    for (const [seed, place] of [
      [35, here],
      [36, nonce()],
    ] as const) {
      const copy = await device(seed, { bytes: backup, on: false, deps: { fileNonce: place } });
      expect(copy.log.sessions().map(({ copied, current }) => [copied, current])).toEqual([[true, false]]);
      // What was never sent is sent from here too: it is in the tables.
      expect(copy.log.unsent()).toBe(1);
      copy.engine.createULabel('three');
      expect(vectorOf(copy)).toHaveLength(2);
      // Both bring what they have to a third: no name means two things.
      const server = await device(37);
      bring(same, server);
      bring(copy, server);
      expect(server.value('SELECT count(*) FROM loam_sync_item')).toBe(3);
    }
  });

  it('take a new client when the server has more of them than they wrote', async () => {
    const a = await device(38);
    a.engine.createULabel('one');
    const [[client]] = vectorOf(a) as [[number, number]];
    a.log.acknowledge(main, encodeStateVector(new Map([[client, 5]])));
    a.engine.createULabel('two');
    expect(vectorOf(a).length).toBe(2);
    // Without the memory of it too: the row says it.
    const later = await device(39, { bytes: a.driver.serialize(), on: false });
    expect(
      later.log
        .sessions()
        .map(({ copied }) => copied)
        .sort(),
    ).toEqual([false]);
  });

  it('of which two write under one name are found out', async () => {
    const a = await device(40);
    a.engine.createULabel('one');
    const server = await device(41);
    bring(a, server);
    // A machine that was cloned while it ran.
    const clone = await device(40);
    clone.engine.createULabel('one');
    expect(vectorOf(clone)).toEqual(vectorOf(a));
    a.engine.createULabel('two');
    clone.engine.createULabel('another');
    bring(a, server);
    const outbox = clone.log.outbox(main)?.bytes ?? Uint8Array.of();
    expect((await refusal(() => server.log.receive(main, outbox, trusting))).details['why']).toBe('diverged');
    a.engine.createULabel('three');
    bring(a, server);
    const news = server.log.updateSince(main, clone.log.vector(main)).bytes;
    expect((await refusal(() => clone.log.receive(main, news, trusting))).details['why']).toBe('diverged');
    // The server's vector says so too, and then the clone goes on under another name.
    clone.log.acknowledge(main, server.log.vector(main));
    clone.engine.createULabel('four');
    expect(vectorOf(clone)).toHaveLength(2);
  });
});

describe('full logs', () => {
  it('are sealed, and the next records stand in the next one', async () => {
    const limits = { records: 600, bytes: 1e9, sessions: 3 };
    const a = await device(61, { limits });
    for (let i = 0; i < 1100; i++) a.engine.createULabel(`label ${i}`);
    const logs = a.log.logs();
    expect(logs.map(({ doc, sealed, records: n }) => [doc, sealed, n])).toEqual([
      [main, true, 768],
      ['b/mmmmmmmmmmmm/2', false, 332],
    ]);
    const [second] = records(a, 'b/mmmmmmmmmmmm/2');
    const [[first]] = vectorOf(a) as [[number, number]];
    expect(second?.client).not.toBe(first);
    expect(second?.seen).toEqual([[first, 768]]);
    // All of it arrives, from both.
    const b = await device(62);
    for (const { doc } of logs) bring(a, b, doc, trusting, 20_000);
    expect(b.value('SELECT count(*) FROM loam_sync_item')).toBe(1100);
    for (const { doc } of logs) expect(b.log.digest(doc)).toBe(a.log.digest(doc));
    // Sealed elsewhere is sealed here.
    expect(b.log.logs().map(({ sealed }) => sealed)).toEqual([true, false]);
    b.engine.createULabel('of b');
    expect(vectorOf(b)).toEqual(vectorOf(a));
    expect(vectorOf(b, 'b/mmmmmmmmmmmm/2')).toHaveLength(2);
  });

  it('have no more sessions than one may have, and state vectors of bounded size', async () => {
    const limits = { records: 50_000, bytes: 1e9, sessions: 3 };
    let bytes: Uint8Array | undefined;
    let last: Device | undefined;
    for (let seed = 70; seed < 78; seed++) {
      last = await device(seed, { limits, ...(bytes ? { bytes } : {}) });
      last.engine.createULabel(`of session ${seed}`);
      bytes = last.driver.serialize();
    }
    expect(last?.log.logs().map(({ sessions }) => sessions)).toEqual([3, 3, 2]);
    const full = new Map(Array.from({ length: 500 }, (_, i) => [2 ** 47 + i, 50_000] as [number, number]));
    expect(encodeStateVector(full).length).toBeLessThan(5_100);
    expect(decodeStateVector(encodeStateVector(full))).toEqual(full);
  });

  it('by bytes too, and a device that comes late still brings its records', async () => {
    const a = await device(81);
    const b = await device(82);
    a.engine.createULabel('a');
    bring(a, b);
    b.engine.createULabel('b, offline');
    expect(a.log.seal('mmmmmmmmmmmm', { records: 1e6, bytes: 10, sessions: 1e6 })).toBe('b/mmmmmmmmmmmm/2');
    a.engine.createULabel('a, later');
    bring(b, a);
    bring(a, b, 'b/mmmmmmmmmmmm/2');
    bring(a, b);
    expect(vectorOf(a)).toEqual(vectorOf(b));
    expect(vectorOf(a)).toHaveLength(2);
    // Two that seal at the same time mean the same.
    const c = await device(83);
    bring(a, c);
    c.log.begin('b/mmmmmmmmmmmm/2');
    c.log.begin('b/mmmmmmmmmmmm/2');
    c.engine.createULabel('c');
    bring(c, a, 'b/mmmmmmmmmmmm/2');
    expect(vectorOf(a, 'b/mmmmmmmmmmmm/2')).toHaveLength(2);
  });
});
