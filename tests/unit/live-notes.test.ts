// Live texts on a device: what is typed is in SQLite at once, becomes a version of the note by an ordinary act, and meets what
// others made of the row meanwhile. Two engines stand for two devices whose rows travel by hand.
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { Engine } from '../../src/lib/engine/index.ts';
import {
  encodeChange,
  encodeHave,
  encodeVector,
  readRoomMessage,
} from '../../src/lib/engine/rooms/messages.ts';
import type { FeedChange } from '../../src/lib/engine/write/writer.ts';
import { createRooms, type WorkerRooms } from '../../src/lib/workers/rooms.ts';
import { memoryEngine } from './memory-engine.ts';

interface Page {
  doc: Y.Doc;
  text: Y.Text;
  room: string;
  typed(): Promise<void>;
}

function worker(engine: Engine) {
  const timers = new Set<() => void>();
  const pages: Page[] = [];
  const sent: [string, Uint8Array][] = [];
  const rooms: WorkerRooms = createRooms({
    engine,
    emit(room, bytes) {
      const message = readRoomMessage(bytes);
      if (message.kind !== 'update') return;
      for (const page of pages) if (page.room === room) Y.applyUpdate(page.doc, message.update, 'worker');
    },
    later(_, run) {
      timers.add(run);
      return () => timers.delete(run);
    },
    random: () => 0,
  });
  rooms.connect((room, bytes) => {
    sent.push([room, bytes]);
    return true;
  });
  return {
    rooms,
    sent,
    /** As when nobody types for a while. */
    async idle() {
      for (let round = 0; round < 4; round++) {
        for (const run of [...timers]) {
          timers.delete(run);
          run();
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async page(name: string): Promise<Page> {
      const { room, state } = await rooms.api.openNote('ULabel', name);
      const doc = new Y.Doc();
      Y.applyUpdate(doc, state, 'worker');
      let typing: Promise<void> = Promise.resolve();
      doc.on('update', (update: Uint8Array, origin: unknown) => {
        if (origin !== 'worker') typing = typing.then(() => rooms.api.typeNote(room, update));
      });
      const page: Page = { doc, text: doc.getText('note'), room, typed: () => typing };
      pages.push(page);
      return page;
    },
  };
}

const noteOf = (engine: Engine): string[] =>
  engine.noteVersions(engine.noteRoom('ULabel', 'Sample')).map(({ content }) => content);

async function lab() {
  const made = await memoryEngine();
  made.engine.create('ULabel', { name: 'Sample' });
  return made;
}

const blocksChanged: FeedChange = {
  ...{ act: 'x', title: '', last: true },
  tables: [{ table: 'lamindb_ulabelblock', inserted: 1, updated: 0, deleted: 0, ids: null }],
};

describe('live notes', () => {
  it('[row 86] two tabs type into one note; it becomes a version when nobody types any more', async () => {
    const { engine } = await lab();
    const device = worker(engine);
    const [one, two] = [await device.page('Sample'), await device.page('Sample')];
    one.text.insert(0, 'Hello');
    await one.typed();
    two.text.insert(two.text.length, ' world');
    await two.typed();
    expect(one.text.toJSON()).toBe('Hello world');
    expect(noteOf(engine)).toEqual([]);
    await device.idle();
    expect(noteOf(engine)).toEqual(['Hello world']);
    // Nothing new is no version.
    await device.idle();
    expect(await device.rooms.api.saveLiveNote(one.room)).toBe(false);
    expect(noteOf(engine)).toHaveLength(1);
  });

  it('what was typed and not saved is there after a restart, and what another one saved meanwhile too', async () => {
    const { engine } = await lab();
    const before = worker(engine);
    const page = await before.page('Sample');
    page.text.insert(0, 'Typed, not saved.');
    await page.typed();
    // The worker is gone; the command line writes a note.
    engine.saveBlock('ULabel', 'Sample', { kind: 'readme', content: 'From elsewhere.' });
    const after = worker(engine);
    const again = await after.page('Sample');
    expect(again.text.toJSON()).toContain('Typed, not saved.');
    expect(again.text.toJSON()).toContain('From elsewhere.');
  });

  it('a note that Python or the command line changes is changed in the open editor, and undo takes it back there', async () => {
    const { engine } = await lab();
    engine.saveBlock('ULabel', 'Sample', { kind: 'readme', content: 'Keep at 4 C.' });
    const device = worker(engine);
    const page = await device.page('Sample');
    page.text.insert(0, 'Note: ');
    await page.typed();
    engine.saveBlock('ULabel', 'Sample', { kind: 'readme', content: 'Keep at 8 C.' });
    device.rooms.fed(blocksChanged);
    await device.idle();
    expect(page.text.toJSON()).toBe('Note: Keep at 8 C.');
    expect(noteOf(engine).at(-1)).toBe('Note: Keep at 8 C.');
    // Undo of that version, and of the one before.
    engine.undo();
    device.rooms.fed(blocksChanged);
    await device.idle();
    expect(noteOf(engine).at(-1)).toBe('Keep at 8 C.');
    expect(page.text.toJSON()).toBe('Keep at 8 C.');
    engine.undo();
    device.rooms.fed(blocksChanged);
    await device.idle();
    expect(page.text.toJSON()).toBe('Keep at 4 C.');
    engine.redo();
    device.rooms.fed(blocksChanged);
    await device.idle();
    expect(page.text.toJSON()).toBe('Keep at 8 C.');
    expect(noteOf(engine)).toEqual(['Keep at 4 C.', 'Keep at 8 C.']);
  });

  it('hostile messages of a server change nothing', async () => {
    const { engine } = await lab();
    const device = worker(engine);
    const page = await device.page('Sample');
    page.text.insert(0, 'stays');
    await page.typed();
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array([0, 2, 3, 255, 255, 255]),
      new Uint8Array([9]),
      encodeChange(new Uint8Array([1, 1, 1, 0, 199])),
    ])
      device.rooms.received(page.room, bytes);
    device.rooms.received('note/nothing-here/x', encodeHave(encodeVector(new Map())));
    await device.idle();
    expect(page.text.toJSON()).toBe('stays');
  });
});
