// Rooms of a server with peers that are stock documents of Yjs: what y-websocket does with the same bytes.
import * as awarenessProtocol from 'y-protocols/awareness.js';
import * as syncProtocol from 'y-protocols/sync.js';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { createRooms, type RoomsDeps } from '../../server/rooms/rooms.ts';
import type { RoomMember, Rooms } from '../../server/sync/rooms.ts';
import type { Access } from '../../src/lib/engine/sync/access.ts';

export const instance = 'abcdefghijkl';
export const main = 'mmmmmmmmmmmm';
export const room = `note/ulabel-abcdefgh/${main}`;

export const accessOf = (account: string, more: Partial<Access> = {}): Access => ({
  ...{ instance, account, role: 'write', openSpaces: new Set(['aaaaaaaaaaaa']), ownSpaces: new Set() },
  ...{ closedBranches: new Set(), ownBranches: new Set(), protectedBranches: new Set() },
  ...{ onlySpaces: null, onlyBranches: null },
  ...more,
});

export const openRooms = (postgres: RoomsDeps['postgres'], more: Partial<RoomsDeps> = {}): Promise<Rooms> =>
  createRooms({
    ...{ postgres, instance },
    placeOf: (name) =>
      Promise.resolve(
        name.startsWith('note/ulabel-abcdefgh/')
          ? { table: 'lamindb_ulabelblock', space: 'aaaaaaaaaaaa', branch: name.split('/')[2] ?? '' }
          : null,
      ),
    ...more,
  });

let members = 0;

export interface StockPeer {
  doc: Y.Doc;
  awareness: awarenessProtocol.Awareness;
  member: RoomMember;
  text: Y.Text;
  ended: string[];
  enter(): Promise<void>;
  /** Sends any bytes into the room. */
  say(bytes: Uint8Array, name?: string): Promise<void>;
  leave(): void;
}

/** Until all that was sent has been answered. */
export const quiet = () => new Promise((resolve) => setTimeout(resolve, 30));

export function stockPeer(rooms: Rooms, account: string, more: Partial<Access> = {}, name = room): StockPeer {
  const doc = new Y.Doc();
  const awareness = new awarenessProtocol.Awareness(doc);
  const ended: string[] = [];
  let waiting: Promise<unknown> = Promise.resolve();
  const member: RoomMember = {
    id: `member ${++members}`,
    account: { uid: account, handle: account.toLowerCase(), name: `Name of ${account}` },
    access: accessOf(account, more),
    waiting: 0,
    send(at, bytes) {
      if (at === name) receive(bytes);
    },
    end: (why) => void ended.push(why),
  };
  const say = (bytes: Uint8Array, at = name): Promise<void> => {
    const said = waiting.then(() => rooms.message(member, at, bytes));
    waiting = said.catch(() => undefined);
    return said;
  };
  function receive(bytes: Uint8Array): void {
    const decoder = decoding.createDecoder(bytes);
    const encoder = encoding.createEncoder();
    const type = decoding.readVarUint(decoder);
    if (type === 1) {
      awarenessProtocol.applyAwarenessUpdate(awareness, decoding.readVarUint8Array(decoder), 'server');
      return;
    }
    encoding.writeVarUint(encoder, 0);
    syncProtocol.readSyncMessage(decoder, encoder, doc, 'server');
    if (encoding.length(encoder) > 1) void say(encoding.toUint8Array(encoder));
  }
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin === 'server') return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0);
    syncProtocol.writeUpdate(encoder, update);
    void say(encoding.toUint8Array(encoder)).catch((error: unknown) => ended.push(String(error)));
  });
  awareness.on(
    'update',
    (change: { added: number[]; updated: number[]; removed: number[] }, origin: unknown) => {
      if (origin === 'server') return;
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, 1);
      const clients = [...change.added, ...change.updated, ...change.removed];
      encoding.writeVarUint8Array(encoder, awarenessProtocol.encodeAwarenessUpdate(awareness, clients));
      void say(encoding.toUint8Array(encoder)).catch((error: unknown) => ended.push(String(error)));
    },
  );
  rooms.join(member);
  return {
    ...{ doc, awareness, member, ended, say, text: doc.getText('note') },
    async enter() {
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, 0);
      syncProtocol.writeSyncStep1(encoder, doc);
      await say(encoding.toUint8Array(encoder));
      await quiet();
    },
    leave() {
      rooms.leave(member);
      awareness.destroy();
    },
  };
}

export const changeOf = (update: Uint8Array): Uint8Array => {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  syncProtocol.writeUpdate(encoder, update);
  return encoding.toUint8Array(encoder);
};
