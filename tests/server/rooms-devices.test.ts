// Two devices with the real engine and the worker's rooms, and the server's rooms between them: typed offline, sent later.
import { beforeAll, expect, it } from 'vitest';
import * as Y from 'yjs';
import { openLoamSchema } from '../../server/loam-schema.ts';
import { placesIn } from '../../server/rooms/rights.ts';
import type { RoomMember, Rooms } from '../../server/sync/rooms.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { readRoomMessage } from '../../src/lib/engine/rooms/messages.ts';
import { createRooms } from '../../src/lib/workers/rooms.ts';
import { memoryEngine } from '../unit/memory-engine.ts';
import { onBoth } from './both.ts';
import { accessOf, openRooms, quiet } from './rooms-world.ts';

let members = 0;

async function device(bytes: Uint8Array) {
  const { engine } = await memoryEngine(model, {}, bytes);
  const doc = new Y.Doc();
  const text = doc.getText('note');
  let typing: Promise<void> = Promise.resolve();
  let room = '';
  const start = () =>
    createRooms({
      engine,
      emit(name, message) {
        const said = readRoomMessage(message);
        if (name === room && said.kind === 'update') Y.applyUpdate(doc, said.update, 'worker');
      },
      later: () => () => {},
    });
  let worker = start();
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== 'worker') typing = typing.then(() => worker.api.typeNote(room, update));
  });
  let member: RoomMember | null = null;
  let rooms: Rooms | null = null;
  return {
    engine,
    text,
    typed: () => typing,
    async open() {
      const opened = await worker.api.openNote('ULabel', 'Sample');
      room = opened.room;
      Y.applyUpdate(doc, opened.state, 'worker');
    },
    /** The worker is gone, with all that it had in memory. */
    restart: () => void (worker = start()),
    online(to: Rooms, account: string) {
      rooms = to;
      const here: RoomMember = {
        ...{ id: `device ${++members}`, account: { uid: account, handle: account, name: account } },
        ...{ access: accessOf(account), waiting: 0, end: () => {} },
        send: (name, message) => setTimeout(() => worker.received(name, message)),
      };
      member = here;
      to.join(here);
      let said: Promise<unknown> = Promise.resolve();
      worker.connect((name, message) => {
        said = said
          .then(() => to.message(here, name, message))
          .catch((error: unknown) => console.error(error));
        return true;
      });
      worker.connected();
    },
    offline() {
      if (member) rooms?.leave(member);
      worker.connect(() => false);
    },
  };
}

onBoth('rooms and devices', (at) => {
  beforeAll(() => openLoamSchema(at().postgres));

  it('[row 86] offline text of two devices meets at the server, also after a restart, with nothing dropped', async () => {
    const made = await memoryEngine();
    made.engine.create('ULabel', { name: 'Sample' });
    made.engine.saveBlock('ULabel', 'Sample', { kind: 'readme', content: 'Begun. ' });
    const bytes = (made.driver as unknown as { serialize(): Uint8Array }).serialize();
    const rooms = await openRooms(at().postgres, {
      placeOf: (name) =>
        Promise.resolve({
          table: 'lamindb_ulabelblock',
          space: 'aaaaaaaaaaaa',
          branch: name.split('/')[2] ?? '',
        }),
    });
    const [a, b] = [await device(bytes), await device(bytes)];
    await a.open();
    await b.open();
    a.text.insert(a.text.length, 'A offline. ');
    b.text.insert(b.text.length, 'B offline. ');
    await Promise.all([a.typed(), b.typed()]);
    a.restart();
    b.restart();
    a.online(rooms, 'Ada00001');
    await quiet();
    b.online(rooms, 'Ben00001');
    await expect
      .poll(
        () =>
          [a.text.toJSON(), b.text.toJSON()].map((text) => /A offline/.test(text) && /B offline/.test(text)),
        {
          timeout: 20_000,
        },
      )
      .toEqual([true, true]);
    expect(a.text.toJSON()).toBe(b.text.toJSON());
    expect(a.text.toJSON().match(/Begun/g)).toHaveLength(1);
    // Live, both ways.
    a.text.insert(0, '1 ');
    await expect.poll(() => b.text.toJSON(), { timeout: 20_000 }).toMatch(/^1 /);
    b.offline();
    b.text.insert(0, '2 ');
    a.text.insert(a.text.length, '3');
    await b.typed();
    b.online(rooms, 'Ben00001');
    await expect.poll(() => a.text.toJSON(), { timeout: 20_000 }).toMatch(/^2 1 .*3$/);
    await expect.poll(() => b.text.toJSON(), { timeout: 20_000 }).toBe(a.text.toJSON());
    await rooms.stop();
  });

  it('the space of a note is that of its object in LaminDB’s tables', async () => {
    await at().postgres.session((session) =>
      session.exec(`CREATE TABLE IF NOT EXISTS lamindb_space (id int, uid text);
        CREATE TABLE IF NOT EXISTS lamindb_branch (id int, uid text);
        CREATE TABLE IF NOT EXISTS lamindb_ulabel (id int, uid text, space_id int);
        CREATE TABLE IF NOT EXISTS lamindb_artifact (id int, uid text, space_id int);
        INSERT INTO lamindb_space VALUES (1, 'aaaaaaaaaaaa'), (2, 'bbbbbbbbbbbb');
        INSERT INTO lamindb_branch VALUES (1, 'mmmmmmmmmmmm');
        INSERT INTO lamindb_ulabel VALUES (1, 'abcdefgh', 2);
        INSERT INTO lamindb_artifact VALUES (1, 'abcdefghijklmnop0000', 1), (2, 'abcdefghijklmnop0001', 2)`),
    );
    const placeOf = placesIn(at().postgres, model);
    const branch = 'mmmmmmmmmmmm';
    expect(await placeOf(`note/ulabel-abcdefgh/${branch}`)).toEqual({
      ...{ table: 'lamindb_ulabelblock', space: 'bbbbbbbbbbbb', branch },
    });
    expect(await placeOf(`note/artifact-abcdefghijklmnop/${branch}`)).toMatchObject({
      space: 'bbbbbbbbbbbb',
    });
    for (const none of [
      'note/ulabel-zzzzzzzz/mmmmmmmmmmmm',
      'note/ulabel-abcdefgh/nnnnnnnnnnnn',
      'note/user-abcdefgh/mmmmmmmmmmmm',
      'note/x',
      "note/ulabel-a' OR 1/mmmm",
    ])
      expect(await placeOf(none)).toBeNull();
  });
});
