// What the socket asks of rooms (live text, presence; server/rooms/): frames `room` of a peer are passed on, and what a room
// says goes back through its members. Rooms know who somebody is and what they may do now, nothing of sockets.
import type { Access } from '../../src/lib/engine/sync/access.ts';

/** A connection that has been welcomed. */
export interface RoomMember {
  /** Of this connection alone. */
  readonly id: string;
  readonly account: { readonly uid: string; readonly handle: string; readonly name: string };
  /** As it is now: it can become less while the connection stays. */
  readonly access: Access;
  /** Bytes that were sent and have not left yet; a room leaves out what can be left out (presence) where there are many. */
  readonly waiting: number;
  /** Sends a message of a room. After the connection's end it does nothing. */
  send(room: string, bytes: Uint8Array): void;
  /** Ends the connection: what it sent in this room is none of a peer's. In words. */
  end(why: string): void;
}

export interface Rooms {
  /** A connection was welcomed. It is in no room yet: it enters one by its first message there. */
  join(member: RoomMember): void;
  /** A message of y-protocols for a room, within the size limit of frames and of right name. What it throws ends the connection. */
  message(member: RoomMember, room: string, bytes: Uint8Array): void | Promise<void>;
  /** The access of a connection has changed (`member.access`); it may have to leave rooms. */
  accessChanged(member: RoomMember): void;
  /** The connection is gone. */
  leave(member: RoomMember): void;
  /** The server stops: what is kept nowhere else yet is kept now. */
  stop(): Promise<void>;
}

/** A server without rooms: messages go nowhere. */
export const noRooms: Rooms = {
  join: () => {},
  message: () => {},
  accessChanged: () => {},
  leave: () => {},
  stop: () => Promise.resolve(),
};
