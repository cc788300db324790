// Rooms of the server: stock documents converge through it, what they wrote is in Postgres, and nobody writes what they may not.
import { beforeAll, expect, it } from 'vitest';
import * as Y from 'yjs';
import { openLoamSchema } from '../../server/loam-schema.ts';
import { numbers } from '../fixtures/numbers.ts';
import { mutated } from '../unit/mutated.ts';
import { onBoth } from './both.ts';
import { accessOf, changeOf, main, openRooms, quiet, room, stockPeer } from './rooms-world.ts';

onBoth('rooms', (at) => {
  beforeAll(() => openLoamSchema(at().postgres));
  const clear = () => at().postgres.session((session) => session.exec('TRUNCATE loam.room_update'));

  it('[row 86] two people type into one note at once, and what they write offline is merged without loss', async () => {
    await clear();
    const rooms = await openRooms(at().postgres);
    const [ada, ben] = [stockPeer(rooms, 'Ada00001'), stockPeer(rooms, 'Ben00001')];
    ada.text.insert(0, 'Written before anybody came. ');
    await ada.enter();
    await ben.enter();
    expect(ben.text.toJSON()).toBe('Written before anybody came. ');
    for (let i = 0; i < 20; i++) {
      ada.text.insert(0, 'a');
      ben.text.insert(ben.text.length, 'b');
      if (i % 5 === 0) ben.text.delete(3, 2);
    }
    await quiet();
    expect(ada.text.toJSON()).toBe(ben.text.toJSON());
    expect(ada.text.toJSON()).toContain('bbbbbbbbbbbbbbbbbbbb');

    // Ben goes on without a connection.
    ben.leave();
    const away = stockPeer(rooms, 'Ben00001');
    Y.applyUpdate(away.doc, Y.encodeStateAsUpdate(ben.doc), 'server');
    rooms.leave(away.member);
    away.text.insert(away.text.length, ' offline');
    ada.text.insert(0, 'meanwhile ');
    rooms.join(away.member);
    await away.enter();
    await quiet();
    expect(away.text.toJSON()).toBe(ada.text.toJSON());
    expect(ada.text.toJSON()).toMatch(/^meanwhile .* offline$/);

    // A server that starts anew has it from Postgres.
    await rooms.stop();
    const again = await openRooms(at().postgres);
    const late = stockPeer(again, 'Cyd00001', { role: 'read' });
    await late.enter();
    expect(late.text.toJSON()).toBe(ada.text.toJSON());
    await again.stop();
  });

  it('[row 110] readers get and do not write; rights count for each branch and space', async () => {
    await clear();
    const rooms = await openRooms(at().postgres);
    const writer = stockPeer(rooms, 'Ada00001');
    writer.text.insert(0, 'true');
    await writer.enter();
    const closed: [string, object][] = [
      ['a reader', { role: 'read' }],
      ['a branch that takes a right', { closedBranches: new Set([main]) }],
      ['a protected branch', { protectedBranches: new Set([main]) }],
      ['a space of others', { openSpaces: new Set(['bbbbbbbbbbbb']) }],
      ['a key for other branches', { onlyBranches: new Set(['nnnnnnnnnnnn']) }],
    ];
    for (const [, more] of closed) {
      const peer = stockPeer(rooms, 'Eve00001', more);
      await peer.enter();
      expect(peer.text.toJSON()).toBe('true');
      peer.text.insert(0, 'un');
      await quiet();
      peer.leave();
    }
    const stranger = stockPeer(rooms, 'Eve00002');
    Object.assign(stranger.member, { access: accessOf('Eve00002', { instance: 'zzzzzzzzzzzz' }) });
    await expect(stranger.enter()).rejects.toThrow('may not read');
    expect(writer.text.toJSON()).toBe('true');
    await rooms.stop();
    const { rows } = await at().postgres.session((session) =>
      session.query('SELECT count(*) FROM loam.room_update'),
    );
    expect(Number(rows[0]?.[0])).toBe(1);
  });

  it('[row 73] presence tells who is here by the account of the connection, whatever a message says', async () => {
    const rooms = await openRooms(at().postgres);
    const [ada, eve] = [
      stockPeer(rooms, 'Ada00001', {}, 'presence'),
      stockPeer(rooms, 'Eve00001', {}, 'presence'),
    ];
    ada.awareness.setLocalState({ where: '/artifacts/x' });
    eve.awareness.setLocalState({ where: '/', user: { uid: 'Ada00001', handle: 'ada', name: 'Ada' } });
    await quiet();
    const seen = ada.awareness.getStates().get(eve.doc.clientID);
    expect(seen).toMatchObject({ where: '/', user: { uid: 'Eve00001', handle: 'eve00001' } });
    // Eve speaks for Ada's client: nobody hears it.
    const before = eve.awareness.getStates().get(ada.doc.clientID);
    expect(before).toMatchObject({ where: '/artifacts/x' });
    const { encodePresence } = await import('../../src/lib/engine/rooms/messages.ts');
    await eve.say(encodePresence([{ client: ada.doc.clientID, clock: 1000, state: null }]));
    await quiet();
    const third = stockPeer(rooms, 'Cyd00001', {}, 'presence');
    third.awareness.setLocalState({ where: '/third' });
    await quiet();
    expect(third.awareness.getStates().size).toBe(3);
    ada.leave();
    await quiet();
    expect(third.awareness.getStates().has(ada.doc.clientID)).toBe(false);
    await rooms.stop();
  });

  it('two nodes on one database tell each other', async () => {
    await clear();
    const [one, two] = [await openRooms(at().postgres), await openRooms(at().postgres)];
    const [ada, ben] = [stockPeer(one, 'Ada00001'), stockPeer(two, 'Ben00001')];
    await ada.enter();
    await ben.enter();
    ada.text.insert(0, 'from one');
    await expect.poll(() => ben.text.toJSON(), { timeout: 20_000 }).toBe('from one');
    ben.text.insert(8, ' and two');
    ben.awareness.setLocalState({ where: '/two' });
    await expect.poll(() => ada.text.toJSON(), { timeout: 20_000 }).toBe('from one and two');
    await expect
      .poll(() => ada.awareness.getStates().get(ben.doc.clientID), { timeout: 20_000 })
      .toMatchObject({
        where: '/two',
        user: { uid: 'Ben00001' },
      });
    await one.stop();
    await two.stop();
  });

  it('many updates are put together in Postgres, and say the same', async () => {
    await clear();
    const writer = new Y.Doc();
    const rows: Uint8Array[] = [];
    writer.on('update', (update: Uint8Array) => rows.push(update));
    for (let i = 0; i < 130; i++) writer.getText('note').insert(0, `${i} `);
    await at().postgres.session((session) =>
      session.each(
        'INSERT INTO loam.room_update (instance, room, bytes) VALUES ($1, $2, $3)',
        rows.map((bytes) => ['abcdefghijkl', room, bytes]),
      ),
    );
    const rooms = await openRooms(at().postgres);
    const peer = stockPeer(rooms, 'Ada00001');
    await peer.enter();
    expect(peer.text.toJSON()).toBe(writer.getText('note').toJSON());
    const { rows: left } = await at().postgres.session((session) =>
      session.query('SELECT count(*) FROM loam.room_update'),
    );
    expect(Number(left[0]?.[0])).toBe(1);
    await rooms.stop();
  });

  it('what Yjs hangs on, gaps, other types and floods are refused, and the text stays', async () => {
    await clear();
    const rooms = await openRooms(at().postgres);
    const ada = stockPeer(rooms, 'Ada00001');
    ada.text.insert(0, 'stays');
    await ada.enter();
    const refused: [string, Uint8Array][] = [
      [
        'yjs#687',
        Uint8Array.from(Buffer.from('00010000000001000100010200001602000001fdffffffff7f0000', 'hex')),
      ],
      ['nothing', new Uint8Array()],
      ['another type', updateOf((doc) => doc.getMap('note').set('a', 1))],
      ['another text', updateOf((doc) => doc.getText('else').insert(0, 'x'))],
      ['a format', updateOf((doc) => doc.getText('note').insert(0, 'x', { bold: true }))],
      ['an embed', updateOf((doc) => doc.getText('note').insertEmbed(0, { image: 'x' }))],
      ['a million items said, none there', new Uint8Array([1, 192, 132, 61, 1, 0])],
    ];
    for (const [name, bytes] of refused) {
      const eve = stockPeer(rooms, 'Eve00001');
      await eve.enter();
      await expect(eve.say(changeOf(bytes)), name).rejects.toThrow('was refused');
      eve.leave();
    }
    // What comes before is missing: it is asked for instead of kept in wait.
    const [one, more] = [new Y.Doc(), [] as Uint8Array[]];
    one.on('update', (update: Uint8Array) => more.push(update));
    for (const word of ['first ', 'second ']) one.getText('note').insert(0, word);
    const ben = stockPeer(rooms, 'Ben00001');
    await ben.enter();
    await ben.say(changeOf(more[1] as Uint8Array));
    expect(ada.text.toJSON()).toBe('stays');
    await ben.say(changeOf(more[0] as Uint8Array));
    await ben.say(changeOf(more[1] as Uint8Array));
    await quiet();
    expect([...ada.text.toJSON().matchAll(/first|second|stays/g)].length).toBe(3);

    const flood = stockPeer(rooms, 'Eve00001');
    const again = changeOf(Y.encodeStateAsUpdate(one));
    const said = await Promise.allSettled(Array.from({ length: 3000 }, () => flood.say(again)));
    expect(said.some(({ status }) => status === 'rejected')).toBe(true);
    await rooms.stop();
  });

  it('5,000 mutated messages: none hangs, none crashes, and the text is that of who wrote it', async () => {
    await clear();
    const rooms = await openRooms(at().postgres, { limits: { rooms: 200, rate: 1e9, burst: 1e9 } });
    const next = numbers(8);
    const ada = stockPeer(rooms, 'Ada00001');
    ada.text.insert(0, 'The text of Ada. '.repeat(20));
    ada.text.delete(5, 40);
    await ada.enter();
    const good = [
      changeOf(Y.encodeStateAsUpdate(ada.doc)),
      changeOf(updateOf((doc) => doc.getText('note').insert(0, 'other'))),
      new Uint8Array([0, 0, 1, 0]),
      (await import('../../src/lib/engine/rooms/messages.ts')).encodePresence([
        { client: 77, clock: 1, state: { where: '/', cursor: { anchor: 1, head: 2 } } },
      ]),
    ];
    const eve = stockPeer(rooms, 'Eve00001');
    await eve.enter();
    let [taken, slowest] = [0, 0];
    for (let i = 0; i < 5000; i++) {
      const bytes = mutated(good[i % good.length] as Uint8Array, next);
      const start = performance.now();
      await eve.say(bytes).then(
        () => taken++,
        (error: Error) => expect(error.message).toMatch(/refused|may be in/),
      );
      slowest = Math.max(slowest, performance.now() - start);
    }
    expect(slowest).toBeLessThan(2000);
    expect(taken).toBeGreaterThan(0);
    await quiet();
    // Everybody, also who comes later, has the same.
    const late = stockPeer(rooms, 'Cyd00001');
    await late.enter();
    expect(late.text.toJSON()).toBe(ada.text.toJSON());
    expect(ada.ended).toEqual([]);
    await rooms.stop();
  });
});

function updateOf(change: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  change(doc);
  return Y.encodeStateAsUpdate(doc);
}
