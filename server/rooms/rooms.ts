// The rooms of an instance (decision 0042): live texts of notes, and presence. Readers get, writers write; what a peer sends is
// read as an enemy's. The socket knows this by the interface of server/sync/rooms.ts.
import { randomUUID } from 'node:crypto';
import { LoamError } from '../../src/lib/engine/errors.ts';
import {
  encodeAnswer,
  encodeChange,
  encodeHave,
  encodePresence,
  encodeVector,
  readRoomMessage,
  type RoomMessage,
} from '../../src/lib/engine/rooms/messages.ts';
import { presenceRoom } from '../../src/lib/engine/rooms/names.ts';
import { checkVector } from '../../src/lib/engine/rooms/text-update.ts';
import { refusedUpdate } from '../../src/lib/engine/sync/bytes.ts';
import type { Postgres } from '../postgres.ts';
import type { RoomMember, Rooms } from '../sync/rooms.ts';
import { createPresence, type Presence } from './presence.ts';
import { createRights, type NotePlace } from './rights.ts';
import { openTextRoom, type TextRoom } from './text-room.ts';
import { createTextStore, roomChannel } from './text-store.ts';

export interface RoomsDeps {
  postgres: Postgres;
  /** Uid of the instance. */
  instance: string;
  /** Where the note of a room belongs; null where there is no such object. */
  placeOf(room: string): Promise<NotePlace | null>;
  now?(): number;
  /** Told where something of ours fails; never with content. */
  warn?(what: string): void;
  limits?: RoomLimits;
}

export interface RoomLimits {
  /** Rooms that one connection may be in. */
  rooms: number;
  /** Messages of one connection a second, and how many at once. */
  rate: number;
  burst: number;
}

export const usualRoomLimits: RoomLimits = { rooms: 200, rate: 200, burst: 1000 };

interface Room {
  members: Map<string, RoomMember>;
  presence: Presence;
  /** Null for the room of presence alone. */
  text: Promise<TextRoom> | null;
  place: NotePlace | null;
}

interface Connection {
  rooms: Set<string>;
  budget: number;
  at: number;
  /** Messages of a connection are done one after the other. */
  turn: Promise<void>;
}

/** A socket with this many bytes on their way is told of nobody's movements. */
const busyBytes = 1024 * 1024;

export async function createRooms(deps: RoomsDeps): Promise<Rooms> {
  const { postgres, instance } = deps;
  const now = deps.now ?? Date.now;
  const limits = deps.limits ?? usualRoomLimits;
  const node = randomUUID();
  const store = createTextStore(postgres, instance);
  const rights = createRights(instance);
  const rooms = new Map<string, Room>();
  const connections = new Map<string, Connection>();
  const stopListening = await postgres.listen(roomChannel, (payload) => void fromNode(payload).catch(failed));

  const failed = (error: unknown) =>
    deps.warn?.(`A room failed: ${error instanceof Error ? error.message : 'unknown'}`);

  /** Another node has kept something, or tells of somebody there. */
  async function fromNode(payload: string): Promise<void> {
    const [from, of, name = '', presence] = payload.split(' ');
    const room = rooms.get(name);
    if (from === node || of !== instance || !room) return;
    if (presence !== undefined)
      return others(room, name, null, new Uint8Array(Buffer.from(presence, 'base64')), true);
    for (const update of await ((await room.text)?.catchUp() ?? []))
      others(room, name, null, encodeChange(update), false);
  }

  function others(room: Room, name: string, from: string | null, bytes: Uint8Array, light: boolean): void {
    for (const member of room.members.values())
      if (member.id !== from && !(light && member.waiting > busyBytes)) member.send(name, bytes);
  }

  /** Presence of this node as others are told; too long ones are left out, since the next is on its way. */
  function tellNodes(name: string, bytes: Uint8Array): void {
    const words = `${node} ${instance} ${name} ${Buffer.from(bytes).toString('base64')}`;
    if (words.length < 7500) void store.tell(words).catch(failed);
  }

  async function enter(member: RoomMember, name: string): Promise<Room | null> {
    const connection = connections.get(member.id);
    if (!connection) return null;
    const there = rooms.get(name);
    if (there?.members.has(member.id)) return there;
    if (connection.rooms.size >= limits.rooms)
      throw refusedUpdate('full', `A connection may be in ${limits.rooms} rooms at once. Leave some.`);
    let place: NotePlace | null = null;
    if (name !== presenceRoom) {
      place = await deps.placeOf(name);
      // Its object may be on its way: the note comes again with the next opening.
      if (!place) return null;
    }
    if (!rights.mayRead(member.access)) throw noReading();
    if (!connections.has(member.id)) return null;
    let room = rooms.get(name);
    if (!room) {
      const text = name === presenceRoom ? null : openTextRoom(name, store, node);
      room = { members: new Map(), presence: createPresence(), text, place };
      rooms.set(name, room);
      // What could not be opened is tried anew by the next who enters.
      text?.catch(() => rooms.delete(name));
    }
    room.members.set(member.id, member);
    connection.rooms.add(name);
    const here = room.presence.all();
    if (here) member.send(name, here);
    return room;
  }

  async function serve(member: RoomMember, name: string, message: RoomMessage): Promise<void> {
    const room = await enter(member, name);
    if (!room) return;
    if (message.kind === 'presence') {
      const told = room.presence.said(member, message.states);
      if (told.length === 0) return;
      const bytes = encodePresence(told);
      others(room, name, member.id, bytes, true);
      return tellNodes(name, bytes);
    }
    if (message.kind === 'who') {
      const all = room.presence.all();
      return all ? member.send(name, all) : undefined;
    }
    const text = await room.text;
    if (!text) throw refusedUpdate('malformed', 'The room of presence holds no text.');
    if (message.kind === 'have') {
      checkVector(message.vector);
      member.send(name, encodeAnswer(text.lacking(message.vector)));
      // What the server lacks is asked for in the same breath.
      if (room.place && rights.mayWrite(member.access, room.place))
        member.send(name, encodeHave(encodeVector(text.have)));
      return;
    }
    // Who may only read sends its (empty) answer too: it is not looked at.
    if (!room.place || !rights.mayWrite(member.access, room.place)) return;
    const added = text.add(message.update);
    if (added === 'gap') return member.send(name, encodeHave(encodeVector(text.have)));
    if (added === 'new') others(room, name, member.id, encodeChange(message.update), false);
  }

  function spend(connection: Connection): boolean {
    const at = now();
    connection.budget = Math.min(
      limits.burst,
      connection.budget + ((at - connection.at) / 1000) * limits.rate,
    );
    connection.at = at;
    connection.budget -= 1;
    return connection.budget >= 0;
  }

  function leaveRoom(id: string, name: string): void {
    const room = rooms.get(name);
    if (!room?.members.delete(id)) return;
    const gone = room.presence.left(id);
    if (gone) {
      others(room, name, id, gone, false);
      tellNodes(name, gone);
    }
    if (room.members.size > 0) return;
    // Kept first: whoever comes meanwhile finds it open.
    void (async () => {
      await (await room.text)?.settled();
      if (room.members.size === 0 && rooms.get(name) === room) rooms.delete(name);
    })().catch(failed);
  }

  function leave(member: RoomMember): void {
    const connection = connections.get(member.id);
    connections.delete(member.id);
    for (const name of connection?.rooms ?? []) leaveRoom(member.id, name);
  }

  return {
    join(member) {
      connections.set(member.id, {
        ...{ rooms: new Set(), budget: limits.burst, at: now(), turn: Promise.resolve() },
      });
    },
    async message(member, name, bytes) {
      const connection = connections.get(member.id);
      if (!connection) return;
      const message = readRoomMessage(bytes);
      if (!spend(connection)) {
        // Movements are dropped, the next says more; a text would be lost.
        if (message.kind === 'presence' || message.kind === 'who') return;
        if (connection.budget < -limits.burst)
          throw new LoamError(
            'UpdateRefused',
            'Too many messages of rooms at once. Wait a moment and connect again.',
          );
      }
      const turn = connection.turn.then(() => serve(member, name, message));
      connection.turn = turn.catch(() => undefined);
      await turn;
    },
    accessChanged(member) {
      if (!rights.mayRead(member.access)) leave(member);
    },
    leave,
    async stop() {
      await stopListening();
      for (const room of rooms.values()) await (await room.text)?.settled();
      rooms.clear();
    },
  };
}

const noReading = () =>
  new LoamError('NoWriteAccess', 'You may not read this instance. Ask an administrator for a role.');
