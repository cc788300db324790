// What a peer's connection is to the server: messages out, counted, and an end. `socket.ts` makes it of a web socket.

export interface Line {
  /** Network address of the other side, as the socket or a proxy of ours tells it. */
  readonly address: string;
  /** Names the program of the other side; for limits and sessions. */
  readonly agent: string;
  /** The session's token of the request's cookie; null where there was none. Only a page of ours can have sent one. */
  readonly cookie: string | null;
  send(bytes: Uint8Array): void;
  /** Bytes that were sent and have not left yet. */
  readonly waiting: number;
  /** Settles when what was sent until now has left, or never will. */
  drained(): Promise<void>;
  /** Nothing more is read until `resume`. */
  pause(): void;
  resume(): void;
  close(code: CloseCode, reason: string): void;
}

/** Of web sockets: gone away, against the rules, no room or no time now. */
export type CloseCode = 1001 | 1008 | 1013;
