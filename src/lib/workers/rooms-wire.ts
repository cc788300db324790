// Live texts and presence as the page asks for them (decision 0042). What a room says comes as the event `room`, in the bytes
// of y-protocols.
import type { Ref } from '../engine/registry/registry-types.ts';
import type { Present } from './sync-wire.ts';

export interface OpenNote {
  /** Names it for the other calls, and in events. */
  room: string;
  /** The text as an update of Yjs. */
  state: Uint8Array;
}

export interface RoomsApi {
  /** Opens the live text of the note on a row, on the branch that is checked out. */
  openNote(registry: string, ref: Ref): Promise<OpenNote>;
  /** What was typed, as an update of Yjs. It is kept on this device before the answer, and sent to who else is there. */
  typeNote(room: string, update: Uint8Array): Promise<void>;
  /** Makes a version of the text, where it is another one than the latest. */
  saveLiveNote(room: string): Promise<boolean>;
  /** The page shows it no more; what is not saved is saved. */
  closeNote(room: string): Promise<void>;
  /** Says where the cursor is in a note; nothing of it is kept. */
  sayPresence(room: string, bytes: Uint8Array): Promise<void>;
  /** Says which route a tab shows (`client`: a number of its own, 32 bits); null as it leaves. */
  sayWhere(client: number, where: string | null): Promise<void>;
  /** Who else is connected, each of their tabs; an event `room` of the room `presence` tells that it is another. */
  present(): Promise<Present[]>;
}

export { colourOf } from '../engine/rooms/colour.ts';
